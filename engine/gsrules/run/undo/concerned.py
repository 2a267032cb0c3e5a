"""What an undo works on: the run's own entries of the journal, those of later runs, and the records concerned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from sqlglot import exp

from gsrules.actions.changes.staging import (
    all_of,
    any_of,
    column,
    fragment,
    identifier,
    named,
    number,
    select,
    spelled,
    sub,
    text,
    typed_null,
)
from gsrules.catalogue import ObjectDef
from gsrules.dataclass import dataclass
from gsrules.errors import InputError, Problem
from gsrules.tenant import Tenant
from gsrules.tenant.journal import NUMBER, Entry, Journal, JournalledRun, before
from gsrules.tenant.names import GSID, SEQUENCE, aliased, temp_table

RECORDS: Final = "gs_undo_records"
"""A row a record concerned: `object`, `n` (its insertion number), `gsid`, `does` and, if it is refused, `refused`."""
REMOVES, RESTORES, REOPENS, PUTS_BACK = "removed", "restored", "reopened", "put back"
DOES: Final = (REMOVES, RESTORES, REOPENS, PUTS_BACK)
_CLOSED: Final = "IsClosed"


@dataclass(frozen=True, slots=True)
class Concerned:
    """The journal of the run to take back, and of those after it."""

    tenant: Tenant
    journal: Journal
    run: JournalledRun
    later: tuple[JournalledRun, ...]

    @classmethod
    def of(cls, tenant: Tenant, run: JournalledRun) -> Concerned:
        """Reads the journal; the entries of runs that were taken back themselves are gone from it.

        Raises InputError GS-UNDO-GONE where the project has no more an object that the run has written.
        """
        journal = tenant.journal()
        found, *later = journal.since(run.number)
        written = {entry.object for entry in found.entries if entry.kind != "append"}
        lost = sorted(name for name in written if tenant.catalogue.object(name) is None)
        if lost:
            message = f"the project does not define {', '.join(lost)} any more, which {run.run_id} has written"
            hint = "bring the object's file back for the undo"
            raise InputError(Problem("GS-UNDO-GONE", message, value=run.run_id, hint=hint))
        return cls(tenant, journal, found, tuple(later))

    def own(self, kind: str, name: str | None = None) -> list[Entry]:
        """The run's own entries of a kind, of one object if given."""
        return [e for e in self.run.entries if e.kind == kind and name in (None, e.object)]

    def after(self, name: str) -> Iterator[tuple[JournalledRun, Entry]]:
        """The entries of later runs on an object, in order."""
        for each in self.later:
            for entry in each.entries:
                if entry.object == name:
                    yield each, entry

    @property
    def created_in(self) -> list[str]:
        """The objects in which the run has created records."""
        return list(dict.fromkeys(entry.object for entry in self.own("insert")))

    def definition(self, name: str) -> ObjectDef:
        """What the catalogue knows of an object."""
        found = self.tenant.catalogue.object(name)
        if found is None:
            raise KeyError(name)
        return found

    def table(self, name: str, alias: str) -> exp.Expr:
        """The records of an object."""
        return aliased(self.tenant.table(name), alias)

    def execute(self, tree: exp.Expr) -> None:
        self.tenant.con.execute(spelled(tree))

    def make(self, name: str, query: exp.Query) -> None:
        """A temporary table of the query's rows."""
        self.tenant.con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {spelled(query)}")

    def add(self, name: str, query: exp.Query) -> int:
        """Adds the query's rows to a temporary table; their number."""
        row = self.tenant.con.execute(f"INSERT INTO {name} BY NAME {spelled(query)}").fetchone()
        return int(row[0]) if row else 0

    def list_records(self) -> None:
        """Makes the table of the records concerned, each once: what is created and changed later is removed."""
        parts = [*self._created(), *self._deleted(), *self._changed()]
        query = _listed(parts) if parts else _nothing()
        self.make(RECORDS, query)

    def _created(self) -> Iterator[exp.Select]:
        for entry in self.own("insert"):
            rows = select(*_head(entry.object, "t", REMOVES, 0)).from_(self.table(entry.object, "t"), copy=False)
            yield rows.where(within(column(SEQUENCE, "t"), [entry]), copy=False)

    def _deleted(self) -> Iterator[exp.Select]:
        for entry in self.own("delete"):
            yield select(*_head(entry.object, "t", PUTS_BACK, 1)).from_(self.journal.values(entry, "t"), copy=False)

    def _changed(self) -> Iterator[exp.Select]:
        for entry in self.own("update"):
            items = _head(entry.object, "t", RESTORES, 3)
            if _CLOSED in entry.fields:
                was_open = fragment("NOT :b", b=column(before(_CLOSED), "e"))
                reopens = all_of([entry.changed(_CLOSED, "e"), was_open])
                does = fragment("CASE WHEN :r THEN :yes ELSE :no END", r=reopens, yes=text(REOPENS), no=text(RESTORES))
                rank = fragment("CASE WHEN :r THEN 2 ELSE 3 END", r=reopens)
                items = [*items[:3], named(does, "does"), named(rank, "rank")]
            items[1] = named(column(NUMBER, "e"), "n")
            rows = select(*items).from_(self.journal.values(entry, "e"), copy=False)
            on = exp.EQ(this=column(SEQUENCE, "t"), expression=column(NUMBER, "e"))
            yield rows.join(exp.Join(this=self.table(entry.object, "t"), side="LEFT", on=on), copy=False)


def _head(name: str, alias: str, does: str, rank: int) -> list[exp.Expr]:
    return [
        named(text(name), "object"),
        named(column(SEQUENCE, alias), "n"),
        named(column(GSID, alias), "gsid"),
        named(text(does), "does"),
        named(number(rank), "rank"),
    ]


def _listed(parts: Sequence[exp.Select]) -> exp.Select:
    """Each record with the first of what happens to it."""
    every: exp.Query = parts[0] if len(parts) == 1 else exp.union(*parts, distinct=False, copy=False)
    chosen = fragment("ARG_MIN(:d, :r)", d=column("does"), r=column("rank"))
    items = [column("object"), column("n"), named(fragment("MIN(:g)", g=column("gsid")), "gsid"), named(chosen, "does")]
    items.append(named(exp.false(), "refused"))
    return select(*items).from_(sub(every, "p"), copy=False).group_by(column("object"), column("n"), copy=False)


def _nothing() -> exp.Select:
    kinds = {"object": "VARCHAR", "n": "BIGINT", "gsid": "VARCHAR", "does": "VARCHAR", "refused": "BOOLEAN"}
    return select(*(named(typed_null(kind), name) for name, kind in kinds.items())).where(exp.false(), copy=False)


def within(value: exp.Expr, entries: Sequence[Entry]) -> exp.Expr:
    """Whether an insertion number is one of those that these insertions have given."""
    return any_of(exp.Between(this=value.copy(), low=number(entry.first), high=number(entry.last)) for entry in entries)


def record(name: str, value: exp.Expr, alias: str, *, refused: bool, does: str | None = None) -> exp.Select:
    """For EXISTS: the record with that insertion number, refused or not."""
    conditions: list[exp.Expr] = [
        exp.EQ(this=column("object", alias), expression=text(name)),
        exp.EQ(this=column("n", alias), expression=value.copy()),
        column("refused", alias) if refused else fragment("NOT :r", r=column("refused", alias)),
    ]
    if does is not None:
        conditions.append(exp.EQ(this=column("does", alias), expression=text(does)))
    rows = select(number(1)).from_(temp_table(RECORDS, alias), copy=False)
    return rows.where(all_of(conditions), copy=False)


def exists(query: exp.Select) -> exp.Expr:
    return exp.Exists(this=query)


def star(alias: str) -> exp.Expr:
    return exp.Column(this=exp.Star(), table=identifier(alias))
