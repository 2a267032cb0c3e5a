"""What a check of the advice is, and what it looks at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from gsrules.dataclass import dataclass
from gsrules.errors import Fix, Place, Problem, Severity
from gsrules.run.advice.nulls import Nulls
from gsrules.run.advice.repeated import Repetition

if TYPE_CHECKING:
    from gsrules.catalogue import Catalogue
    from gsrules.run.prepare import BoundRule


class Subject:
    """A bound rule, and what its plan tells about its datasets; facts are worked out when they are asked for."""

    def __init__(self, bound: BoundRule, catalogue: Catalogue) -> None:
        self.bound = bound
        self.rule = bound.rule
        self.plan = bound.plan
        self.actions = bound.actions
        self.catalogue = catalogue

    @cached_property
    def nulls(self) -> Nulls:
        """Which columns may be null, and why."""
        return Nulls(self.plan, self.catalogue)

    @cached_property
    def repetition(self) -> Repetition:
        """Which columns tell rows apart, and which hold values that a merge has repeated."""
        return Repetition(self.plan, self.catalogue)

    @cached_property
    def readers(self) -> dict[str, tuple[str, ...]]:
        """The tasks that read a task."""
        found: dict[str, tuple[str, ...]] = {}
        for task in self.plan.tasks.values():
            for parent in task.parents:
                found[parent] = (*found.get(parent, ()), task.name)
        return found

    def dataset(self, name: str) -> str:
        """The task of that name in any letter case."""
        return next(task for task in self.plan.tasks if task.lower() == name.strip().lower())

    @cached_property
    def acted_on(self) -> frozenset[str]:
        """The datasets of actions."""
        return frozenset(self.dataset(str(spec.from_)) for spec, _ in self.actions)


@dataclass(frozen=True, slots=True)
class Found:
    """One finding, before its check gives it code and severity."""

    message: str
    place: Place | None
    where: str = ""
    value: str = ""
    hint: str = ""
    fix: Fix | None = None


@dataclass(frozen=True, slots=True)
class Advice:
    """A check.

    `explanation` says why it matters; `evidence` names the sections of the reference. `bad` and `good` are rules
    without their first line, of which the first draws exactly one finding, and it is this one, the second none.
    """

    code: str
    title: str
    severity: Severity
    explanation: str
    evidence: str
    bad: str
    good: str
    check: Callable[[Subject], Iterable[Found]]

    def problems(self, subject: Subject) -> Iterator[Problem]:
        """The findings in a rule, each once."""
        for found in dict.fromkeys(self.check(subject)):
            yield Problem(
                self.code,
                found.message,
                found.place,
                found.where,
                found.value,
                found.hint,
                severity=self.severity,
                fix=found.fix,
            )
