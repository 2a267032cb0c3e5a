"""Does what was decided: writes the old values back, last write first; the caller holds the transaction."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from gsrules.actions.changes.staging import (
    all_of,
    column,
    fragment,
    identifier,
    named,
    number,
    select,
    spelled,
    sub,
    text,
)
from gsrules.run.undo.concerned import RECORDS, Concerned, exists, record, star, within
from gsrules.tenant.journal import NUMBER, STAMPS, Entry, before
from gsrules.tenant.names import SEQUENCE, temp_table
from gsrules.tenant.schema import OUTBOX_TABLE

_STAMPED: Final = "gs_undo_stamped"


def take_back(concerned: Concerned, by: str, *, refused: int) -> None:
    """Takes back everything that is not refused, and notes in the journal that this was done by the undo `by`."""
    for name in dict.fromkeys(entry.object for entry in concerned.own("update")):
        _list_stamped(concerned, name)
    for entry in reversed(concerned.run.entries):
        _STEPS[entry.kind](concerned, entry, refused)
    if refused:  # the refused records remain in the journal: runs before this one must not overwrite them
        _shorten(concerned)
    gone = [entry for entry in concerned.run.entries if not (refused and entry.kind in ("insert", "update"))]
    concerned.journal.undone(concerned.run.number, by, gone)


def _stays(name: str, value: exp.Expr) -> exp.Expr:
    return exists(record(name, value, "refused", refused=True))


def _restore(concerned: Concerned, entry: Entry, _refused: int) -> None:
    """Writes old values back. Stamps of records that a later run has written stay; that run's journal gets ours."""
    stamps = [name for name in entry.fields if name in STAMPS]
    later = temp_table(f"{_STAMPED}_{entry.object}", "k")
    own = concerned.journal.values(entry, "e")
    rows = select(star("e"), named(column("first", "k"), "later")).from_(own, copy=False)
    on = exp.EQ(this=column(NUMBER, "k"), expression=column(NUMBER, "e"))
    rows = rows.join(exp.Join(this=later, side="LEFT", on=on), copy=False)
    rows = rows.where(exp.Not(this=_stays(entry.object, column(NUMBER, "e"))), copy=False)
    concerned.make("gs_undo_restored", rows)
    source = temp_table("gs_undo_restored", "e")
    sets = []
    for name in entry.fields:
        writes: exp.Expr = entry.changed(name, "e")
        if name in stamps:
            writes = all_of([writes, fragment(":l IS NULL", l=column("later", "e"))])
        value = fragment("CASE WHEN :w THEN :b ELSE :t END", w=writes, b=column(before(name), "e"), t=column(name, "t"))
        sets.append(exp.EQ(this=exp.Column(this=identifier(name)), expression=value))
    concerned.execute(
        exp.Update(
            this=concerned.table(entry.object, "t"),
            expressions=sets,
            from_=exp.From(this=source.copy()),
            where=exp.Where(this=exp.EQ(this=column(NUMBER, "e"), expression=column(SEQUENCE, "t"))),
        )
    )
    for i, (_, after) in enumerate(concerned.after(entry.object)):
        common = [name for name in stamps if name in after.fields and after.kind == "update"]
        if common:
            _hand_on(concerned, entry, after, common, i)


def _hand_on(concerned: Concerned, entry: Entry, after: Entry, stamps: list[str], place: int) -> None:
    """A later run found our stamps; once this run is taken back, it is as if it had found those from before."""
    sets = []
    for name in stamps:
        ours, theirs = column(before(name), "e"), column(before(name), "s")
        value = fragment("CASE WHEN :w THEN :o ELSE :t END", w=entry.changed(name, "e"), o=ours, t=theirs)
        sets.append(exp.EQ(this=exp.Column(this=identifier(before(name))), expression=value))
    conditions = [
        exp.EQ(this=column(NUMBER, "e"), expression=column(NUMBER, "s")),
        exp.EQ(this=column("later", "e"), expression=number(place)),
    ]
    concerned.execute(
        exp.Update(
            this=concerned.journal.values(after, "s"),
            expressions=sets,
            from_=exp.From(this=temp_table("gs_undo_restored", "e")),
            where=exp.Where(this=all_of(conditions)),
        )
    )


def _list_stamped(concerned: Concerned, name: str) -> None:
    """For every record that later runs have written, the first of their entries."""
    parts = []
    for i, (_, after) in enumerate(concerned.after(name)):
        written = [each for each in after.fields if each in STAMPS] if after.kind == "update" else []
        if written:
            rows = select(named(column(NUMBER, "s"), NUMBER), named(number(i), "place"))
            rows = rows.from_(concerned.journal.values(after, "s"), copy=False)
            parts.append(rows.where(after.changed(written[0], "s"), copy=False))
    if not parts:
        empty = fragment("SELECT CAST(NULL AS BIGINT) AS n, CAST(NULL AS BIGINT) AS place WHERE FALSE")
        assert isinstance(empty, exp.Select)
        parts = [empty]
    every: exp.Query = parts[0] if len(parts) == 1 else exp.union(*parts, distinct=False, copy=False)
    firsts = select(column(NUMBER), named(fragment("MIN(:p)", p=column("place")), "first")).from_(
        sub(every), copy=False
    )
    table = spelled(identifier(f"{_STAMPED}_{name}"))
    concerned.make(table, firsts.group_by(column(NUMBER), copy=False))


def _remove(concerned: Concerned, entry: Entry, _refused: int) -> None:
    place = column(SEQUENCE)
    where = all_of([within(place, [entry]), exp.Not(this=_stays(entry.object, place))])
    concerned.execute(exp.Delete(this=concerned.tenant.table(entry.object), where=exp.Where(this=where)))


def _put_back(concerned: Concerned, entry: Entry, _refused: int) -> None:
    rows = select(star("e")).from_(concerned.journal.values(entry, "e"), copy=False)
    rows = rows.where(exp.Not(this=_stays(entry.object, column(SEQUENCE, "e"))), copy=False)
    concerned.execute(exp.Insert(this=concerned.tenant.table(entry.object), by_name=True, expression=rows))


def _take_away(concerned: Concerned, entry: Entry, refused: int) -> None:
    """Rows of internal tables: those that name a refused record stay, and the outbox where any record does."""
    target = concerned.tenant.internal(entry.object)
    if entry.object == OUTBOX_TABLE:
        if not refused:
            mine = exp.EQ(this=column("run"), expression=text(concerned.run.run_id))
            concerned.execute(exp.Delete(this=target, where=exp.Where(this=mine)))
        return
    columns = concerned.tenant.con.execute(f"SELECT * FROM {spelled(target)} LIMIT 0").description or ()
    names = [str(each[0]) for each in columns]
    same = all_of(exp.NullSafeEQ(this=column(name, "e"), expression=column(name, "t")) for name in names)
    rows = select(number(1)).from_(concerned.journal.values(entry, "e"), copy=False).where(same, copy=False)
    where = [exists(rows)]
    if "cta" in names:
        where.append(exp.Not(this=_of_refused(column("cta", "t"))))
    found = concerned.tenant.internal(entry.object).copy()
    found.set("alias", exp.TableAlias(this=identifier("t")))
    concerned.execute(exp.Delete(this=found, where=exp.Where(this=all_of(where))))


def _of_refused(gsid: exp.Expr) -> exp.Expr:
    rows = select(number(1)).from_(temp_table(RECORDS, "r"), copy=False)
    same = all_of([exp.EQ(this=column("gsid", "r"), expression=gsid), column("refused", "r")])
    return exists(rows.where(same, copy=False))


def _shorten(concerned: Concerned) -> None:
    for entry in concerned.own("update"):
        gone = exp.Not(this=_stays(entry.object, column(NUMBER, "e")))
        concerned.execute(exp.Delete(this=concerned.journal.values(entry, "e"), where=exp.Where(this=gone)))


_STEPS: Final = {
    "insert": _remove,
    "update": _restore,
    "delete": _put_back,
    "append": _take_away,
}
