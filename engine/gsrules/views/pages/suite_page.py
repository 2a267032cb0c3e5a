"""The page of a test suite: its figures, what differs in each failed test, all tests, and what they leave out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gsrules.errors import GsrulesError
from gsrules.regress.outcome import SuiteOutcome
from gsrules.run.graph import action_key, rule_graph, task_key
from gsrules.views.pages.drawing import Badge, Drawings, draw
from gsrules.views.pages.rendering import render

if TYPE_CHECKING:
    from gsrules.regress.coverage.report import CoverageReport, OwnerCoverage, RuleCoverage
    from gsrules.run.workspace import Workspace

_ROWS: Final = 100  # of each kind, of each difference
_FAIR: Final = 0.5


@dataclass(frozen=True, slots=True)
class CoveredRule:
    """A rule on the page, its graph marked with the branches that tests took."""

    coverage: RuleCoverage
    title: str
    drawings: Drawings | None


def suite_page(
    outcome: SuiteOutcome, coverage: CoverageReport | None = None, workspace: Workspace | None = None
) -> str:
    """One self-contained page of the outcome of rule tests.

    With `coverage` it tells what no test exercised, on the graphs of the rules if their `workspace` is given.
    """
    failed = f"{outcome.failed:,} of {len(outcome.tests):,} rule tests failed"
    covered = [_covered(rule, workspace) for rule in coverage.rules] if coverage else []
    return render(
        "suite.html.j2",
        {},
        outcome=outcome,
        title=failed if outcome.failed else f"{len(outcome.tests):,} rule tests passed",
        milliseconds=sum(test.duration_ms for test in outcome.tests),
        coverage=coverage,
        covered=covered,
        drawings=[part.drawings for part in covered],
        cap=_ROWS,
    )


def _covered(coverage: RuleCoverage, workspace: Workspace | None) -> CoveredRule:
    try:
        rule = workspace.rule(coverage.rule) if workspace else None
    except GsrulesError:  # the problems stand in the coverage
        rule = None
    if rule is None:
        return CoveredRule(coverage, coverage.rule, None)
    badges = {
        (task_key if owner.owner == "task" else action_key)(owner.name): _badge(owner) for owner in coverage.owners
    }
    return CoveredRule(coverage, str(rule.name), draw(rule_graph(rule), badges))


def _badge(owner: OwnerCoverage) -> Badge:
    share = owner.exercised / owner.total if owner.total else 1.0
    tone = "good" if share == 1 else "fair" if share >= _FAIR else "bad"
    title = f"{owner.exercised} of {owner.total} branches exercised"
    return Badge(f"{owner.exercised}/{owner.total}", tone, title)
