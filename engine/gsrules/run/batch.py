"""Several rules in a row, and chains: a rule below another runs only if that one did well enough."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gsrules.dataclass import dataclass
from gsrules.errors import GsrulesError, InputError, Problem, RunError, nearest
from gsrules.run.activity import is_inactive
from gsrules.run.engine import RunOptions, forget, run_rule
from gsrules.run.report import RunReport, Status
from gsrules.run.workspace import Workspace
from gsrules.tenant import Tenant

if TYPE_CHECKING:
    from gsrules.spec.chain import ChainLink

_BY_WEIGHT: Final[tuple[Status, ...]] = ("SUCCESS", "PARTIAL_SUCCESS", "FAILURE")
_STOPPING = {"failure": ("FAILURE",), "partial": ("FAILURE", "PARTIAL_SUCCESS")}


@dataclass(frozen=True, slots=True)
class Link:
    """A rule to run, and those to run after it only if it succeeded."""

    rule: str
    then: tuple[Link, ...] = ()
    chained: bool = False

    def all(self) -> Iterator[Link]:
        """This link and all below it, in running order."""
        yield self
        for below in self.then:
            yield from below.all()


@dataclass(frozen=True, slots=True)
class NotRun:
    """A rule of a chain that was left out, and why."""

    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class Batch:
    """The reports of the rules that ran, in order, and the rules that did not.

    `statuses` has that of each rule or chain that was named.
    """

    reports: list[RunReport]
    not_run: list[NotRun]
    statuses: list[Status] = field(default_factory=list)

    @property
    def status(self) -> Status:
        """The worst of what was named."""
        return max(self.statuses, key=_BY_WEIGHT.index, default="SUCCESS")


def chain_status(statuses: Sequence[Status]) -> Status:
    """The status of a chain by those of its rules that ran (platform.md §7)."""
    if all(status == "SUCCESS" for status in statuses):
        return "SUCCESS"
    return "FAILURE" if "FAILURE" in statuses and "SUCCESS" not in statuses else "PARTIAL_SUCCESS"


def run_all(workspace: Workspace, names: Sequence[str], options: RunOptions, tenant_path: Path | None) -> Batch:
    """Runs the named rules and chains in order, each rule a transaction of its own (platform.md §7).

    All rules are loaded before the first one runs: a mistake in the last stops everything while nothing has
    happened. In a dry run they share one copy of the tenant, so that later rules see what earlier ones did.
    A parameter goes to the rules that have it. Raises InputError with the problems of all rules.
    """
    named = [_links(workspace, name) for name in names]
    rules = [each.rule for links in named for link in links for each in link.all()]
    _load_all(workspace, rules)
    if len(rules) > 1:
        _check_params(workspace, rules, options)
        _bind_all(workspace, rules, options)
        options = replace(options, seen_later=True)
    with workspace.tenant(options.mode, tenant_path) as tenant:
        batch = Batch([], [])
        for links in named:
            before = len(batch.reports)
            _run_links(workspace, links, options, tenant, batch)
            batch.statuses.append(chain_status([report.status for report in batch.reports[before:]]))
    return batch


def _links(workspace: Workspace, name: str) -> list[Link]:
    resolved = workspace.resolve(name)
    if not workspace.is_chain(resolved):
        return [Link(resolved)]
    return [_link(workspace, link) for link in workspace.chain(resolved).rules]


def _link(workspace: Workspace, link: ChainLink) -> Link:
    return Link(workspace.resolve(link.rule), tuple(_link(workspace, below) for below in link.then), chained=True)


def _load_all(workspace: Workspace, rules: Sequence[str]) -> None:
    problems: list[Problem] = []
    for rule in rules:
        try:
            workspace.rule(rule)
        except GsrulesError as error:
            problems.extend(error.problems)
    if problems:
        raise InputError(problems)


def _check_params(workspace: Workspace, rules: Sequence[str], options: RunOptions) -> None:
    """Each parameter given must be one of at least one rule."""
    known = {str(name).lower(): str(name) for rule in rules for name in workspace.rule(rule).params}
    unknown = [
        Problem("GS-NAME", f"none of the rules has a parameter '{name}'", value=name, nearest=nearest(name, known))
        for name in options.params
        if name.lower() not in known
    ]
    if unknown:
        raise InputError(unknown)


def _own_params(workspace: Workspace, rule: str, options: RunOptions) -> RunOptions:
    """The options with the parameters that this rule has."""
    own = {str(name).lower() for name in workspace.rule(rule).params}
    return replace(options, params={name: value for name, value in options.params.items() if name.lower() in own})


def _bind_all(workspace: Workspace, rules: Sequence[str], options: RunOptions) -> None:
    """Checks every rule before the first runs; what is wrong with their files shows when they run."""
    from gsrules.run.check import check_rule

    problems: list[Problem] = []
    with Tenant.open(None, workspace.catalogue, workspace.project, "read") as tenant:
        for rule in rules:
            try:
                check_rule(workspace, rule, tenant, _own_params(workspace, rule, options))
            except InputError as error:
                problems.extend(error.problems)
            except RunError:
                continue
    if problems:
        raise InputError(problems)


def _run_links(workspace: Workspace, links: Sequence[Link], options: RunOptions, tenant: Tenant, batch: Batch) -> None:
    stopping = _STOPPING[str(workspace.project.profile["chain.stop_on"])]
    for link in links:
        if link.chained and is_inactive(workspace, link.rule, tenant):
            _leave_out(link.all(), f"{link.rule} is not active", batch)
            continue
        own = _own_params(workspace, link.rule, options) if options.seen_later else options
        result = run_rule(workspace, link.rule, own, tenant)
        forget(result, tenant)
        batch.reports.append(result.report)
        if result.report.status in stopping:
            below = (each for then in link.then for each in then.all())
            _leave_out(below, f"{link.rule} ended with {result.report.status}", batch)
        else:
            _run_links(workspace, link.then, options, tenant, batch)


def _leave_out(links: Iterable[Link], reason: str, batch: Batch) -> None:
    batch.not_run.extend(NotRun(link.rule, reason) for link in links)
