"""Several rules in a row, and chains: a rule below another runs only if that one did well enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gsrules.errors import GsrulesError, InputError, Problem, RunError
from gsrules.run.check import check_rule
from gsrules.run.engine import RunOptions, forget, run_rule
from gsrules.run.report import RunReport
from gsrules.run.workspace import Workspace
from gsrules.spec.chain import ChainLink
from gsrules.tenant import Tenant

_STOPPING = {"failure": ("FAILURE",), "partial": ("FAILURE", "PARTIAL_SUCCESS")}


@dataclass(frozen=True, slots=True)
class Link:
    """A rule to run, and those to run after it only if it succeeded."""

    rule: str
    then: tuple[Link, ...] = ()


def run_all(
    workspace: Workspace, names: Sequence[str], options: RunOptions, tenant_path: Path | None
) -> list[RunReport]:
    """Runs the named rules and chains in order, each rule a transaction of its own (platform.md §7).

    All rules are loaded before the first one runs: a mistake in the last stops everything while nothing has
    happened. In a dry run they share one copy of the tenant, so that later rules see what earlier ones did.
    Raises InputError with the problems of all rules.
    """
    links = [link for name in names for link in _links(workspace, name)]
    rules = _load_all(workspace, links)
    if len(rules) > 1:
        _bind_all(workspace, rules, options)
        options = replace(options, seen_later=True)
    with workspace.tenant(options.mode, tenant_path) as tenant:
        reports: list[RunReport] = []
        _run_links(workspace, links, options, tenant, reports)
    return reports


def _links(workspace: Workspace, name: str) -> list[Link]:
    resolved = workspace.resolve(name)
    if not workspace.is_chain(resolved):
        return [Link(resolved)]
    return [_link(workspace, link) for link in workspace.chain(resolved).rules]


def _link(workspace: Workspace, link: ChainLink) -> Link:
    return Link(workspace.resolve(link.rule), tuple(_link(workspace, below) for below in link.then))


def _load_all(workspace: Workspace, links: Sequence[Link]) -> list[str]:
    """Loads every rule; gives their ids."""
    rules: list[str] = []
    problems: list[Problem] = []
    pending = list(links)
    while pending:
        link = pending.pop(0)
        pending.extend(link.then)
        rules.append(link.rule)
        try:
            workspace.rule(link.rule)
        except GsrulesError as error:
            problems.extend(error.problems)
    if problems:
        raise InputError(problems)
    return rules


def _bind_all(workspace: Workspace, rules: Sequence[str], options: RunOptions) -> None:
    """Checks every rule before the first runs; what is wrong with their files shows when they run."""
    problems: list[Problem] = []
    with Tenant.open(None, workspace.catalogue, workspace.project, "read") as tenant:
        for rule in rules:
            try:
                check_rule(workspace, rule, tenant, options)
            except InputError as error:
                problems.extend(error.problems)
            except RunError:
                continue
    if problems:
        raise InputError(problems)


def _run_links(
    workspace: Workspace, links: Sequence[Link], options: RunOptions, tenant: Tenant, reports: list[RunReport]
) -> None:
    stopping = _STOPPING[str(workspace.project.profile["chain.stop_on"])]
    for link in links:
        result = run_rule(workspace, link.rule, options, tenant)
        forget(result, tenant)
        reports.append(result.report)
        if result.report.status not in stopping:
            _run_links(workspace, link.then, options, tenant, reports)
