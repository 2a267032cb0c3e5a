"""The execution history: what became of the runs on a tenant."""

from __future__ import annotations

import datetime as dt
from typing import Final

from sqlglot import exp

from gsrules.dataclass import dataclass
from gsrules.tenant.names import column, insert_into, spell
from gsrules.tenant.schema import INTERNAL_TABLES
from gsrules.tenant.statements import Statements
from gsrules.tenant.tables import Tables

_TABLE: Final = "gs_run_history"


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run as the execution history keeps it; `report` is its report as JSON text."""

    run_id: str
    rule: str
    status: str
    mode: str
    rule_date: dt.date
    started: dt.datetime
    report: str


class RunHistory:
    """The runs on a tenant; what is written is part of the transaction if one is under way."""

    def __init__(self, statements: Statements, tables: Tables) -> None:
        self._statements = statements
        self._tables = tables
        self._columns = [name for name, _ in INTERNAL_TABLES[_TABLE]]

    def add(self, record: RunRecord) -> None:
        """Adds a run."""
        values = [getattr(record, name) for name in self._columns]
        target = self._tables.writable(_TABLE)
        select = exp.select(*(exp.Placeholder() for _ in values))
        text = self._statements.spelled(("history", target.catalog), lambda: insert_into(target, self._columns, select))
        self._statements.write(text, values, anew=True)

    def amend(self, record: RunRecord) -> None:
        """Writes anew what is said of a run, after what came when it had committed."""
        target = self._tables.writable(_TABLE)
        changed = {"status": record.status, "report": record.report}
        update = exp.Update(
            this=target,
            expressions=[column(name).eq(exp.Literal.string(value)) for name, value in changed.items()],
            where=exp.Where(this=column("run_id").eq(exp.Literal.string(record.run_id))),
        )
        self._statements.change(spell(update))

    def latest(self, rule: str | None = None, limit: int = 100) -> tuple[RunRecord, ...]:
        """The latest runs, newest first; of one rule if given."""
        select = exp.select(*(column(name) for name in self._columns)).from_(self._tables.table(_TABLE))
        if rule is not None:
            select = select.where(column("rule").eq(exp.Literal.string(rule)))
        newest = [exp.Ordered(this=column(name), desc=True) for name in ("started", "run_id")]
        text = spell(select.order_by(*newest).limit(limit))
        return tuple(RunRecord(*row) for row in self._statements.rows(text, anew=True))
