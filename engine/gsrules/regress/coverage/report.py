"""What coverage reports: per rule, per task and action, in total."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from gsrules.dataclass import dataclass
from gsrules.errors import Problem
from gsrules.regress.branches import Branch


def percent(exercised: int, total: int) -> float:
    """With one decimal, rounded down: 100 only if nothing is missing. Nothing to exercise is 100."""
    return exercised * 1000 // total / 10 if total else 100.0


@dataclass(frozen=True, slots=True)
class OwnerCoverage:
    """A task or an action: how many of its counted branches were exercised, and which were not."""

    owner: Literal["task", "action"]
    name: str
    exercised: int
    total: int
    missed: tuple[Branch, ...]

    def as_json(self) -> dict[str, Any]:
        return {self.owner: self.name, "exercised": self.exercised, "total": self.total}


@dataclass(frozen=True, slots=True)
class RuleCoverage:
    """A rule. `seen` tells for each branch the first test that took it; `uncounted` are branches that were not
    exercised and do not count. `problems`: why the branches of a rule that no test ran cannot be listed."""

    rule: str
    tests: int
    branches: tuple[Branch, ...]
    seen: Mapping[str, str]
    problems: tuple[Problem, ...] = ()

    @property
    def total(self) -> int:
        return sum(branch.counted for branch in self.branches)

    @property
    def exercised(self) -> int:
        return sum(branch.counted and branch.id in self.seen for branch in self.branches)

    @property
    def percent(self) -> float:
        """0 for a rule that has no tests, whatever there is to exercise."""
        return percent(self.exercised, self.total) if self.tests else 0.0

    @property
    def missed(self) -> tuple[Branch, ...]:
        return tuple(branch for branch in self.branches if branch.counted and branch.id not in self.seen)

    @property
    def uncounted(self) -> tuple[Branch, ...]:
        return tuple(branch for branch in self.branches if not branch.counted and branch.id not in self.seen)

    @property
    def owners(self) -> tuple[OwnerCoverage, ...]:
        """The tasks and actions that have branches, in the order of the rule."""
        groups: dict[tuple[Literal["task", "action"], str], list[Branch]] = {}
        for branch in self.branches:
            if branch.counted:
                groups.setdefault((branch.owner, branch.name), []).append(branch)
        return tuple(self._owner(owner, name, found) for (owner, name), found in groups.items())

    def _owner(self, owner: Literal["task", "action"], name: str, found: Iterable[Branch]) -> OwnerCoverage:
        branches = tuple(found)
        missed = tuple(branch for branch in branches if branch.id not in self.seen)
        return OwnerCoverage(owner, name, len(branches) - len(missed), len(branches), missed)

    def as_json(self) -> dict[str, Any]:
        return {
            "rule": self.rule,
            "tests": self.tests,
            "exercised": self.exercised,
            "total": self.total,
            "percent": self.percent,
            "parts": [owner.as_json() for owner in self.owners],
            "missed": [branch.as_json() for branch in self.missed],
            "not_counted": [branch.as_json() for branch in self.uncounted],
        }


@dataclass(frozen=True, slots=True)
class CoverageReport:
    """All rules that were asked for, in alphabetical order."""

    rules: tuple[RuleCoverage, ...]

    @property
    def total(self) -> int:
        return sum(rule.total for rule in self.rules)

    @property
    def exercised(self) -> int:
        return sum(rule.exercised for rule in self.rules)

    @property
    def percent(self) -> float:
        return percent(self.exercised, self.total)

    def rule(self, rule: str) -> RuleCoverage | None:
        """The coverage of one rule, if it was asked for."""
        return next((found for found in self.rules if found.rule == rule), None)

    def as_json(self) -> dict[str, Any]:
        return {
            "exercised": self.exercised,
            "total": self.total,
            "percent": self.percent,
            "rules": [rule.as_json() for rule in self.rules],
        }
