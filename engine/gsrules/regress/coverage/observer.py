"""Looks at the runs of tests and notes which branches their rows take."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field
from typing import Protocol

from gsrules.dataclass import dataclass
from gsrules.errors import GsrulesError, Problem
from gsrules.regress.branches import Branch, branches_of, taken_by
from gsrules.regress.coverage.report import CoverageReport, RuleCoverage
from gsrules.run.engine import RunResult
from gsrules.run.options import RunOptions
from gsrules.run.prepare import bind_alone
from gsrules.run.workspace import Workspace
from gsrules.tenant import Tenant


class Test(Protocol):
    """A rule test; its id is unique in the project."""

    @property
    def id(self) -> str: ...


@dataclass(slots=True)
class _Noted:
    """What is known of a rule: its branches by id, the first test that took each, the tests that ran it."""

    branches: dict[str, Branch] = field(default_factory=dict)
    seen: dict[str, str] = field(default_factory=dict)
    tests: set[str] = field(default_factory=set)


@dataclass(slots=True)
class CoverageObserver:
    """Told of every run of a test; see `regress.running.Observer`. Ask for `report` when all tests were run."""

    trace: bool = True
    _rules: dict[str, _Noted] = field(default_factory=dict)

    def ran(self, workspace: Workspace, case: Test, rule: str, result: RunResult, tenant: Tenant) -> None:
        """Looks at one run while its tables are there; a run that failed has none, and shows nothing."""
        test = case.id
        noted = self._rules.setdefault(rule, _Noted())
        noted.tests.add(test)
        if result.trace is None:
            return
        found = branches_of(result.trace.bound, result.trace.unfolded)
        noted.branches.update((branch.id, branch) for branch in found)
        unseen = [branch for branch in found if branch.id not in noted.seen]
        noted.seen.update(dict.fromkeys(taken_by(result, unseen), test))

    def report(self, workspace: Workspace, rules: Iterable[str]) -> CoverageReport:
        """The coverage of these rules and of all that were run; a rule that no test ran has exercised nothing."""
        names = sorted({*rules, *self._rules})
        return CoverageReport(tuple(self._rule(workspace, name) for name in names))

    def _rule(self, workspace: Workspace, name: str) -> RuleCoverage:
        noted = self._rules.get(name, _Noted())
        branches, problems = tuple(noted.branches.values()), tuple[Problem, ...]()
        if not branches:
            branches, problems = _listed(workspace, name)
        return RuleCoverage(name, len(noted.tests), branches, dict(noted.seen), problems)


def _listed(workspace: Workspace, name: str) -> tuple[tuple[Branch, ...], tuple[Problem, ...]]:
    """The branches of a rule that was not run, or why they cannot be told."""
    try:
        rule = workspace.rule(name)
        with Tenant.open(None, workspace.catalogue, workspace.project, "read") as tenant:
            return branches_of(bind_alone(workspace, rule, tenant, RunOptions())), ()
    except GsrulesError as error:
        return (), error.problems
