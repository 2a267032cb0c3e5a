"""The page of a test suite: its figures, what differs in each failed test, and the list of all tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gsrules.regress.outcome import SuiteOutcome
from gsrules.views.pages.drawing import Drawings
from gsrules.views.pages.rendering import render

_ROWS: Final = 100  # of each kind, of each difference


@dataclass(frozen=True, slots=True)
class GraphPart:
    """A rule's graph on the page, such as with the coverage of its nodes."""

    title: str
    note: str
    drawings: Drawings | None


def suite_page(outcome: SuiteOutcome, graphs: Sequence[GraphPart] = ()) -> str:
    """One self-contained page of the outcome of rule tests."""
    failed = f"{outcome.failed:,} of {len(outcome.tests):,} rule tests failed"
    return render(
        "suite.html.j2",
        {},
        outcome=outcome,
        title=failed if outcome.failed else f"{len(outcome.tests):,} rule tests passed",
        milliseconds=sum(test.duration_ms for test in outcome.tests),
        graphs=graphs,
        drawings=[part.drawings for part in graphs],
        cap=_ROWS,
    )
