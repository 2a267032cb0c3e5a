"""What a rule test came to."""

from __future__ import annotations

from typing import Any

from gsrules.dataclass import dataclass
from gsrules.errors import Place, Problem
from gsrules.regress.compare import RowDifference


@dataclass(frozen=True, slots=True)
class Fact:
    """One single value that is not as expected, such as the status or the count of an action."""

    subject: str
    expected: Any
    actual: Any


@dataclass(frozen=True, slots=True)
class TestOutcome:
    """One test: passed when nothing differs and nothing is wrong with it."""

    __test__ = False  # not a class of tests, whatever its name

    name: str
    rule: str
    place: Place
    duration_ms: int
    facts: tuple[Fact, ...] = ()
    rows: tuple[RowDifference, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def passed(self) -> bool:
        return not (self.facts or self.rows or self.problems)


@dataclass(frozen=True, slots=True)
class SuiteOutcome:
    """All tests that were run, in file order."""

    tests: tuple[TestOutcome, ...]

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
