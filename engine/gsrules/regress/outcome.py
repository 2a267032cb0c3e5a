"""What a rule test came to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from gsrules.errors import Place, Problem
from gsrules.regress.compare import RowDifference

SnapshotState = Literal["same", "missing", "differs", "broken", "made", "updated", "left"]
"""`broken`: the kept file cannot be read. `made` and `updated`: accepted in this go; `left`: not accepted."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One single value that is not as expected, such as the status or the count of an action."""

    subject: str
    expected: Any
    actual: Any


@dataclass(frozen=True, slots=True)
class SnapshotOutcome:
    """The kept snapshot of a test beside what the run gave; `taken` is the file as it would be kept now."""

    path: Path
    state: SnapshotState
    taken: str
    facts: tuple[Fact, ...] = ()
    rows: tuple[RowDifference, ...] = ()
    notes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def agrees(self) -> bool:
        """Whether there is nothing to complain of."""
        return self.state in ("same", "made", "updated")


@dataclass(frozen=True, slots=True)
class TestOutcome:
    """One test: passed when nothing differs and nothing is wrong with it. `id` is unique among all tests."""

    __test__ = False  # not a class of tests, whatever its name

    name: str
    rule: str
    place: Place
    duration_ms: int
    facts: tuple[Fact, ...] = ()
    rows: tuple[RowDifference, ...] = ()
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    snapshot: SnapshotOutcome | None = None
    id: str = ""

    @property
    def as_expected(self) -> bool:
        """Whether everything but the snapshot is as it should be."""
        return not (self.facts or self.rows or self.problems)

    @property
    def passed(self) -> bool:
        return self.as_expected and (self.snapshot is None or self.snapshot.agrees)


@dataclass(frozen=True, slots=True)
class SuiteOutcome:
    """All tests that were run, in file order; `obsolete` are kept snapshots of which there is no test any more.

    `not_run` tells how many tests were left out because an earlier one failed.
    """

    tests: tuple[TestOutcome, ...]
    obsolete: tuple[Path, ...] = ()
    not_run: int = 0

    @property
    def passed(self) -> int:
        return sum(test.passed for test in self.tests)

    @property
    def failed(self) -> int:
        return len(self.tests) - self.passed

    @property
    def exit_code(self) -> int:
        """0 when every test passed, 1 when one failed."""
        return 1 if self.failed else 0
