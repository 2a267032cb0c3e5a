"""The journal: what each live run overwrote, created and deleted, so that `gsrules undo` can take it back.

It lives in the store and is written in the run's own transaction, so that no crash can part the two. Cost decides its
form: of new records only the range of their insertion numbers is kept; of overwritten ones a column a field with the
values from before, and bits that tell which fields changed. Values from after are not needed: they are in the object
still, or are what the next run that changed the field found there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from functools import reduce
from typing import Any, Final, Literal

import duckdb
from sqlglot import exp

from gsrules.catalogue import ObjectDef
from gsrules.dataclass import dataclass
from gsrules.tenant.changes import Write
from gsrules.tenant.names import (
    GSID,
    SEQUENCE,
    aliased,
    column,
    column_types,
    create_as,
    drop,
    named,
    run,
    sql_type,
    table_of,
    temp_table,
)
from gsrules.tenant.schema import ENTRIES_TABLE, INTERNAL_TABLES, OUTBOX_TABLE, RUNS_TABLE, insert_rows
from gsrules.tenant.tables import Tables

NUMBER: Final = "n"
"""The column of a values table that holds the insertion number of the record."""
STAMPS: Final = frozenset({"ModifiedDate", "ModifiedBy", "GsIngestionSource", "GsExecutionId"})
"""Fields that every write sets: who wrote last is no content that two runs could disagree about."""
_BITS: Final = 60

EntryKind = Literal["insert", "update", "delete", "append"]


def before(name: str) -> str:
    """The column of a values table with a field as it was."""
    return f"b:{name}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One write of a run.

    `values` is the table with the old values (updates: `n`, a `b:` column a field, bits; deletions: whole records;
    appended rows of an internal table: these), `first` to `last` are the insertion numbers of new records.
    """

    position: int
    object: str
    kind: EntryKind
    values: str = ""
    fields: tuple[str, ...] = ()
    first: int = 0
    last: int = -1
    rows: int = 0

    def changed(self, name: str, alias: str) -> exp.Expression:
        """Whether a row of the values table (under `alias`) tells that this field was changed."""
        place = self.fields.index(name)
        bit = exp.Literal.number(1 << place % _BITS)
        found = exp.BitwiseAnd(this=column(f"m{place // _BITS}", alias), expression=bit)
        return exp.NEQ(this=exp.Paren(this=found), expression=exp.Literal.number(0))


@dataclass(frozen=True, slots=True)
class JournalledRun:
    """A run of which the journal is kept; `undone_by` is the undo that has taken it back."""

    number: int
    run_id: str
    rule: str
    undone_by: str | None
    entries: tuple[Entry, ...] = ()


@dataclass(slots=True)
class _Open:
    """The journal of the run under way."""

    number: int
    run_id: str
    rule: str
    entries: list[Entry] = field(default_factory=list)


class Journal:
    """Writes and reads the journal of one open tenant."""

    def __init__(self, con: duckdb.DuckDBPyConnection, tables: Tables) -> None:
        self._con = con
        self._tables = tables
        self._open: _Open | None = None

    def begin(self, run_id: str, rule: str, kept: int) -> None:
        """Begins the journal of a run; those of older runs are dropped, so that at most `kept` remain."""
        numbers = [each.number for each in self.runs()]
        for old in numbers[: max(len(numbers) - kept + 1, 0)]:
            self._drop(old)
        self._open = _Open(numbers[-1] + 1 if numbers else 1, run_id, rule)

    def end(self) -> None:
        """Told when the transaction has ended, whatever became of it."""
        self._open = None

    def close(self) -> None:
        """Writes the list of what was journalled; the last thing before a commit."""
        opened = self._open
        if opened is None:
            return
        self._insert(RUNS_TABLE, [(opened.number, opened.run_id, opened.rule, None)])
        rows = [
            (opened.number, e.position, e.object, e.kind, e.values, json.dumps(e.fields), e.first, e.last, e.rows)
            for e in opened.entries
        ]
        if rows:
            self._insert(ENTRIES_TABLE, rows)

    # -- what a run does

    def created(self, name: str, last: int, count: int) -> None:
        """Records of an object were inserted, numbered after `last`."""
        if self._open is not None and count:
            self._add(Entry(self._position, name, "insert", first=last + 1, last=last + count, rows=count))

    def keeping(self, definition: ObjectDef, target: exp.Table, write: Write) -> None:
        """Records are about to be updated or deleted: keeps the fields concerned, or the records, as they are."""
        if write.kind == "delete":
            every = exp.Column(this=exp.Star(), table=exp.to_identifier("t"))
            self._keep(definition.name, "delete", _joined(exp.select(every), target, write), ())
            return
        fields = tuple(name for name in write.fields if name != GSID)
        if not fields:
            return
        kinds = dict(column_types(definition))
        select = exp.select(
            named(column(SEQUENCE, "t"), NUMBER),
            *(named(column(name, "t"), before(name)) for name in fields),
            *_bits(fields, write, kinds),
        )
        self._keep(definition.name, "update", _joined(select, target, write), fields)

    def appending(self, name: str, staging: str) -> None:
        """Rows are about to be appended to an internal table: keeps them, for they have no ids."""
        if name == OUTBOX_TABLE:
            self._add(Entry(self._position, name, "append"))  # its entries name their run
        else:
            self._keep(name, "append", exp.select("*").from_(temp_table(staging)), ())

    # -- looking back

    def runs(self) -> tuple[JournalledRun, ...]:
        """The runs of which a journal is kept, oldest first, without their entries."""
        return tuple(JournalledRun(*row) for row in self._rows(RUNS_TABLE))

    def since(self, number: int) -> tuple[JournalledRun, ...]:
        """The journals of a run and all later ones, oldest first."""
        entries = self._entries()
        return tuple(
            replace(each, entries=tuple(entries.get(each.number, ()))) for each in self.runs() if each.number >= number
        )

    def values(self, entry: Entry, alias: str | None = None) -> exp.Table:
        """The table that keeps what an entry overwrote."""
        return table_of(entry.values, self._tables.table(ENTRIES_TABLE).catalog, alias)

    def undone(self, number: int, by: str, forgotten: Sequence[Entry]) -> None:
        """Notes that a run was taken back; of its journal these entries are needed no more."""
        self._forget(number, forgotten)
        update = exp.Update(
            this=self._tables.writable(RUNS_TABLE),
            expressions=[column("undone_by").eq(exp.Literal.string(by))],
            where=exp.Where(this=_is("number", number)),
        )
        run(self._con, update)

    def _drop(self, number: int) -> None:
        """Forgets a run."""
        self._forget(number, self._entries().get(number, ()))
        run(self._con, exp.delete(self._tables.writable(RUNS_TABLE), _is("number", number)))

    def _forget(self, number: int, entries: Sequence[Entry]) -> None:
        for entry in entries:
            if entry.values:
                run(self._con, drop(self.values(entry)))
        if entries:
            positions = column("position").isin(*(exp.Literal.number(each.position) for each in entries))
            which = exp.And(this=_is("run", number), expression=positions)
            run(self._con, exp.delete(self._tables.writable(ENTRIES_TABLE), which))

    # -- pieces

    @property
    def _position(self) -> int:
        return len(self._open.entries) + 1 if self._open is not None else 0

    def _add(self, entry: Entry) -> None:
        if self._open is not None:
            self._open.entries.append(entry)

    def _keep(self, name: str, kind: EntryKind, select: exp.Expression, fields: tuple[str, ...]) -> None:
        if self._open is None:
            return
        entry = Entry(self._position, name, kind, f"gs_journal_{self._open.number}_{self._position}", fields)
        row = run(self._con, create_as(self.values(entry), select)).fetchone()
        self._add(replace(entry, rows=int(row[0]) if row else 0))

    def _entries(self) -> dict[int, list[Entry]]:
        """What is journalled, by the number of the run."""
        found: dict[int, list[Entry]] = {}
        for number, position, name, kind, values, fields, first, last, rows in self._rows(ENTRIES_TABLE):
            entry = Entry(position, name, kind, values, tuple(json.loads(fields)), first, last, rows)
            found.setdefault(number, []).append(entry)
        return found

    def _rows(self, name: str) -> list[tuple[Any, ...]]:
        """All rows of one of the two tables, in order."""
        columns = [column(each) for each, _ in INTERNAL_TABLES[name]]
        select = exp.select(*columns).from_(self._tables.table(name)).order_by(*columns[:2])
        return run(self._con, select).fetchall()

    def _insert(self, name: str, rows: Sequence[tuple[object, ...]]) -> None:
        insert_rows(self._con, self._tables.writable(name), INTERNAL_TABLES[name], rows)


def _is(name: str, value: int) -> exp.Expression:
    return column(name).eq(exp.Literal.number(value))


def _joined(select: exp.Select, target: exp.Table, write: Write) -> exp.Select:
    """The select over the records (`t`) that a write (`s`) concerns."""
    on = column(GSID, "s").eq(column(GSID, "t"))
    return select.from_(aliased(target, "t")).join(temp_table(write.staging, "s"), on=on)


def _bits(fields: Sequence[str], write: Write, kinds: Mapping[str, str]) -> list[exp.Expression]:
    """Columns of bits, one a field: whether the write changes it; of a stamp, whether it writes it."""
    found: list[exp.Expression] = []
    for start in range(0, len(fields), _BITS):
        bits: list[exp.Expression] = [
            exp.BitwiseLeftShift(
                this=exp.Cast(this=exp.Paren(this=_changes(name, write, kinds[name])), to=sql_type("BIGINT")),
                expression=exp.Literal.number(place),
            )
            for place, name in enumerate(fields[start : start + _BITS])
        ]
        both = reduce(lambda left, right: exp.BitwiseOr(this=left, expression=exp.Paren(this=right)), bits)
        found.append(named(both, f"m{start // _BITS}"))
    return found


def _changes(name: str, write: Write, kind: str) -> exp.Expression:
    flag = write.flags.get(name)
    written = exp.Coalesce(this=column(flag, "s"), expressions=[exp.false()]) if flag is not None else exp.true()
    if name in STAMPS:
        return written
    staged = exp.Cast(this=column(name, "s"), to=sql_type(kind))
    differs = exp.NullSafeNEQ(this=staged, expression=column(name, "t"))
    return differs if flag is None else exp.And(this=written, expression=differs)
