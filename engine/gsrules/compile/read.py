"""Runs one step on a connection and reads its counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gsrules.compile.compiler import COUNTS, Counter, Step, sql_text
from gsrules.dataclass import dataclass

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True, slots=True)
class StepCounts:
    """`rows` of the step's table (None: it has none), and what was counted on the way."""

    rows: int | None
    counts: Mapping[Counter, int]


def run_step(con: DuckDBPyConnection, step: Step) -> StepCounts:
    """Executes the step; its table is left without the helper column. Raises what DuckDB raises."""
    if step.table is None:
        return StepCounts(None, _counted(con, step))
    row = con.execute(sql_text(step.sql)).fetchone()
    rows = int(row[0]) if row else 0
    counts = _stored(con, step) if rows and step.counts else _counted(con, step)
    if step.counts:
        con.execute(sql_text(step.cleanup))
    return StepCounts(rows, counts)


def _stored(con: DuckDBPyConnection, step: Step) -> Mapping[Counter, int]:
    row = con.execute(sql_text(step.stored_counts)).fetchone()
    assert row is not None, f"a table with rows holds {COUNTS} in its first"
    return dict(zip(step.counts, row[0], strict=True))


def _counted(con: DuckDBPyConnection, step: Step) -> Mapping[Counter, int]:
    if not step.counts:
        return {}
    row = con.execute(sql_text(step.counts_sql())).fetchone()
    assert row is not None, "a SELECT without FROM gives one row"
    return dict(zip(step.counts, row[0], strict=True))
