"""Loads and CTAs of a bound rule, as the checks look at them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gsrules.actions.ctas.decision import BoundCta
from gsrules.actions.loads.load import BoundLoad
from gsrules.actions.mappings.mapping import BoundMapping
from gsrules.dataclass import dataclass
from gsrules.expressions.tree import ColumnRef
from gsrules.run.advice.conditions import fixed, never_null
from gsrules.run.advice.nulls import Reason
from gsrules.run.advice.rows import Verdict
from gsrules.spec import ActionSpec

if TYPE_CHECKING:
    from gsrules.expressions.tree import Expr
    from gsrules.run.advice.model import Subject


@dataclass(frozen=True, slots=True)
class Load:
    """A load with what it was written as and the dataset that it works on."""

    spec: ActionSpec
    bound: BoundLoad
    dataset: str

    @property
    def where(self) -> str:
        return f"action '{self.spec.id}'"

    def identifier_columns(self) -> tuple[str, ...] | None:
        """The columns that give the identifiers; None if anything else gives one."""
        names: list[str] = []
        wanted = {field.name for field in self.bound.identifiers}
        for mapping in self.bound.mappings:
            if mapping.field.name in wanted:
                found = _columns(mapping)
                if found is None:
                    return None
                names += found
        return tuple(names)


@dataclass(frozen=True, slots=True)
class Cta:
    """A create_cta with what it was written as and the dataset that it works on."""

    spec: ActionSpec
    bound: BoundCta
    dataset: str

    @property
    def where(self) -> str:
        return f"action '{self.spec.id}'"


def loads(subject: Subject) -> Iterator[Load]:
    for spec, bound in subject.actions:
        if isinstance(bound, BoundLoad):
            yield Load(spec, bound, subject.dataset(str(spec.from_)))


def ctas(subject: Subject) -> Iterator[Cta]:
    for spec, bound in subject.actions:
        if isinstance(bound, BoundCta):
            yield Cta(spec, bound, subject.dataset(str(spec.from_)))


def unique_among(subject: Subject, dataset: str, names: tuple[str, ...], criteria: Expr | None) -> Verdict:
    """Whether no two rows that an action works on agree in these columns."""
    same = fixed(criteria) if criteria is not None else frozenset()
    return subject.repetition.tasks[dataset].unique((*names, *same))


def null_reason(subject: Subject, dataset: str, expr: Expr | None, criteria: Expr | None) -> Reason | None:
    """Why a column of the dataset may be null in rows that an action works on."""
    if not isinstance(expr, ColumnRef) or (criteria is not None and expr.name in never_null(criteria)):
        return None
    return subject.nulls.tasks[dataset].get(expr.name)


def _columns(mapping: BoundMapping) -> tuple[str, ...] | None:
    if mapping.lookup is not None:
        return tuple(pair.source.name for pair in mapping.lookup.pairs)
    if mapping.constant is not None:
        return ()
    return (mapping.source.name,) if isinstance(mapping.source, ColumnRef) else None
