"""Runs one step on a connection and reads its counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gsrules.compile.compiler import Counter, Step
from gsrules.dataclass import dataclass

if TYPE_CHECKING:
    from gsrules.tenant.statements import Statements


@dataclass(frozen=True, slots=True)
class StepCounts:
    """`rows` of the step's table (None: it has none), and what was counted on the way."""

    rows: int | None
    counts: Mapping[Counter, int]


def run_step(statements: Statements, step: Step) -> StepCounts:
    """Executes the step; its table is left without the helper column. Raises what DuckDB raises.

    Rows and counts come from one statement. Where the table is kept for the next time, they come from two: dropping
    the helper column would make all statements on temporary tables to be planned anew.
    """
    if step.table is None:
        return StepCounts(None, _counted(statements, step))
    if statements.kept or not step.counts:
        rows = statements.table(step.table, step.rows_sql(), anew=step.files)
        return StepCounts(rows, _counted(statements, step))
    rows = statements.table(step.table, step.counted_sql())
    counts = _stored(statements, step) if rows else _counted(statements, step)
    statements.change(step.cleanup())
    return StepCounts(rows, counts)


def _stored(statements: Statements, step: Step) -> Mapping[Counter, int]:
    ((found,),) = statements.rows(step.stored_counts())
    return dict(zip(step.counts, found, strict=True))


def _counted(statements: Statements, step: Step) -> Mapping[Counter, int]:
    if not step.counts:
        return {}
    ((found,),) = statements.rows(step.counts_sql(), anew=step.files)
    return dict(zip(step.counts, found, strict=True))
