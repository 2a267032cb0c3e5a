"""Which records of a run cannot be taken back, and why.

Later runs decide: where one changed a field that this run had changed, changed a record that this run had created,
or refers to one, taking it back would lose what that run has done.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from sqlglot import exp

from gsrules.actions.changes.staging import (
    all_of,
    any_of,
    case,
    cast,
    column,
    fragment,
    named,
    number,
    select,
    text,
    typed_null,
)
from gsrules.catalogue.datatypes import Family
from gsrules.dataclass import dataclass
from gsrules.run.undo.concerned import RECORDS, REMOVES, Concerned, exists, record, within
from gsrules.tenant.journal import NUMBER, STAMPS, Entry, JournalledRun, before
from gsrules.tenant.names import GSID, SEQUENCE, temp_table

REFUSED: Final = "gs_undo_refused"
"""A row a reason: `object`, `n`, `code`, and as far as it applies `run` (the later one), `field`, `was` (what this run
had written), `now`, and the record `other_gsid` of `other` that refers to it."""

CODES: Final = {
    "CHANGED_SINCE": "a later run has changed the same field",
    "RECORD_CHANGED": "a later run has changed the record that this run had created",
    "RECORD_REFERRED": "a record that stays refers to the record that this run had created",
    "STAYS_TOGETHER": "the record refers to another one that this run had created and that stays",
    "RECORD_GONE": "the record is not there any more",
    "RECORD_BACK": "a record with this GSID is there again",
}
_COLUMNS: Final = {
    "object": "VARCHAR",
    "n": "BIGINT",
    "code": "VARCHAR",
    "run": "VARCHAR",
    "field": "VARCHAR",
    "was": "VARCHAR",
    "now": "VARCHAR",
    "other": "VARCHAR",
    "other_gsid": "VARCHAR",
}


@dataclass(frozen=True, slots=True)
class _Reference:
    """A lookup field of an object, and the object that it points at."""

    object: str
    field: str
    target: str


def find_refusals(concerned: Concerned) -> int:
    """Makes the table of reasons and marks the records; the number of refused records."""
    columns = [named(typed_null(kind), name) for name, kind in _COLUMNS.items()]
    concerned.make(REFUSED, select(*columns).where(exp.false(), copy=False))
    for query in (*_changed_since(concerned), *_gone(concerned), *_touched(concerned), *_back(concerned)):
        concerned.add(REFUSED, query)
    _mark(concerned)
    references = _references(concerned)
    while references and sum(concerned.add(REFUSED, query) for query in _bound(concerned, references)):
        _mark(concerned)
    count = select(exp.Count(this=exp.Star())).from_(temp_table(RECORDS), copy=False)
    row = concerned.tenant.con.execute(count.where(column("refused"), copy=False).sql("duckdb")).fetchone()
    return int(row[0]) if row else 0


def _mark(concerned: Concerned) -> None:
    found = select(column("object"), column("n")).from_(temp_table(REFUSED), copy=False)
    rows = exp.In(this=exp.Tuple(expressions=[column("object"), column("n")]), query=exp.Subquery(this=found))
    concerned.execute(
        exp.Update(
            this=temp_table(RECORDS),
            expressions=[exp.EQ(this=column("refused"), expression=exp.true())],
            where=exp.Where(this=rows),
        )
    )


def _reason(name: str, value: exp.Expr, code: str, **more: exp.Expr) -> list[exp.Expr]:
    found = {"object": text(name), "n": value, "code": text(code), **more}
    return [named(item, key) for key, item in found.items()]


def _changed_since(concerned: Concerned) -> Iterator[exp.Select]:
    """Fields of overwritten records that a later run has changed, too."""
    for own in concerned.own("update"):
        for later, entry in concerned.after(own.object):
            common = [name for name in own.fields if name in entry.fields and name not in STAMPS]
            if entry.kind != "update" or not common:
                continue
            both = [(name, all_of([own.changed(name, "e"), entry.changed(name, "s")])) for name in common]
            items = _reason(
                own.object, column(NUMBER, "e"), "CHANGED_SINCE", **_words(concerned, own.object, later, both)
            )
            yield _pair(concerned, own, entry, items).where(any_of(when for _, when in both), copy=False)


def _words(
    concerned: Concerned, name: str, later: JournalledRun, branches: Sequence[tuple[str, exp.Expr]]
) -> dict[str, exp.Expr]:
    """The first field of the branches that applies; what it was before the later run (`s`), and is now (`t`)."""
    return {
        "run": text(later.run_id),
        "field": case([(when, text(each)) for each, when in branches]),
        "was": case([(when, shown(concerned, name, each, column(before(each), "s"))) for each, when in branches]),
        "now": case([(when, shown(concerned, name, each, column(each, "t"))) for each, when in branches]),
    }


def _pair(concerned: Concerned, own: Entry, later: Entry, items: list[exp.Expr]) -> exp.Select:
    """The rows that an own entry (`e`) and a later one (`s`) have in common, with the record (`t`) if it is there."""
    same = exp.EQ(this=column(NUMBER, "s"), expression=column(NUMBER, "e"))
    there = exp.EQ(this=column(SEQUENCE, "t"), expression=column(NUMBER, "e"))
    rows = select(*items).from_(concerned.journal.values(own, "e"), copy=False)
    rows = rows.join(exp.Join(this=concerned.journal.values(later, "s"), on=same), copy=False)
    return rows.join(exp.Join(this=concerned.table(own.object, "t"), side="LEFT", on=there), copy=False)


def _touched(concerned: Concerned) -> Iterator[exp.Select]:
    """Records that the run has created and a later one has changed."""
    for name in concerned.created_in:
        created = concerned.own("insert", name)
        for later, entry in concerned.after(name):
            if entry.kind != "update":
                continue
            # stamps last: they only name a write that changed nothing else
            fields = sorted(entry.fields, key=lambda each: each in STAMPS)
            branches = [(each, entry.changed(each, "s")) for each in fields]
            items = _reason(name, column(NUMBER, "s"), "RECORD_CHANGED", **_words(concerned, name, later, branches))
            rows = select(*items).from_(concerned.journal.values(entry, "s"), copy=False)
            there = exp.EQ(this=column(SEQUENCE, "t"), expression=column(NUMBER, "s"))
            rows = rows.join(exp.Join(this=concerned.table(name, "t"), on=there), copy=False)
            yield rows.where(within(column(NUMBER, "s"), created), copy=False)


def _gone(concerned: Concerned) -> Iterator[exp.Select]:
    """Records that were overwritten or created and that a later run has deleted, or nobody knows who."""
    for name in dict.fromkeys(entry.object for entry in concerned.run.entries if entry.kind in ("insert", "update")):
        deleted = [(later, entry) for later, entry in concerned.after(name) if entry.kind == "delete"]
        for later, entry in deleted:
            created = within(column(SEQUENCE, "s"), concerned.own("insert", name))
            known = exists(record(name, column(SEQUENCE, "s"), "r", refused=False))
            items = _reason(name, column(SEQUENCE, "s"), "RECORD_GONE", run=text(later.run_id))
            rows = select(*items).from_(concerned.journal.values(entry, "s"), copy=False)
            yield rows.where(any_of([created, known]), copy=False)
        items = _reason(name, column("n", "r"), "RECORD_GONE")
        lost = all_of(
            [exp.EQ(this=column("object", "r"), expression=text(name)), fragment(":g IS NULL", g=column("gsid", "r"))]
        )
        yield select(*items).from_(temp_table(RECORDS, "r"), copy=False).where(lost, copy=False)


def _back(concerned: Concerned) -> Iterator[exp.Select]:
    """Records that the run has deleted and that are there again."""
    for entry in concerned.own("delete"):
        same = any_of(
            [
                exp.EQ(this=column(GSID, "t"), expression=column(GSID, "e")),
                exp.EQ(this=column(SEQUENCE, "t"), expression=column(SEQUENCE, "e")),
            ]
        )
        there = select(number(1)).from_(concerned.table(entry.object, "t"), copy=False).where(same, copy=False)
        items = _reason(entry.object, column(SEQUENCE, "e"), "RECORD_BACK")
        yield select(*items).from_(concerned.journal.values(entry, "e"), copy=False).where(exists(there), copy=False)


def _references(concerned: Concerned) -> list[_Reference]:
    """Every lookup to an object in which the run has created records."""
    targets = {name.lower(): name for name in concerned.created_in}
    catalogue = concerned.tenant.catalogue
    return [
        _Reference(definition.name, found.name, targets[found.type.target.lower()])
        for definition in catalogue.objects.values()
        for found in definition.fields.values()
        if found.type.target is not None and found.type.target.lower() in targets
    ]


def _bound(concerned: Concerned, references: Sequence[_Reference]) -> Iterator[exp.Select]:
    """Created records that must stay because of others: those that somebody refers to, and what belongs to them."""
    for reference in references:
        stays = all_of(
            [
                exists(record(reference.target, column(SEQUENCE, "c"), "r", refused=False, does=REMOVES)),
                *_remains(concerned, reference),
            ]
        )
        items = _reason(
            reference.target,
            column(SEQUENCE, "c"),
            "RECORD_REFERRED",
            run=_writer(concerned, reference),
            field=text(reference.field),
            other=text(reference.object),
            other_gsid=column(GSID, "p"),
        )
        yield _referring(concerned, reference, items).where(stays, copy=False)
        if concerned.own("insert", reference.object):
            together = all_of(
                [
                    exists(record(reference.object, column(SEQUENCE, "p"), "r", refused=False, does=REMOVES)),
                    exists(record(reference.target, column(SEQUENCE, "c"), "q", refused=True, does=REMOVES)),
                ]
            )
            items = _reason(
                reference.object,
                column(SEQUENCE, "p"),
                "STAYS_TOGETHER",
                field=text(reference.field),
                other=text(reference.target),
                other_gsid=column(GSID, "c"),
            )
            yield _referring(concerned, reference, items).where(together, copy=False)


def _referring(concerned: Concerned, reference: _Reference, items: list[exp.Expr]) -> exp.Select:
    """Records (`p`) with the records (`c`) that they refer to."""
    on = exp.EQ(this=column(GSID, "c"), expression=column(reference.field, "p"))
    rows = select(*items).from_(concerned.table(reference.object, "p"), copy=False)
    return rows.join(exp.Join(this=concerned.table(reference.target, "c"), on=on), copy=False)


def _remains(concerned: Concerned, reference: _Reference) -> Iterator[exp.Expr]:
    """That a reference of `p` is there after the undo: `p` is not removed, and gets no other value back."""
    place = column(SEQUENCE, "p")
    yield exp.Not(this=exists(record(reference.object, place, "own", refused=False, does=REMOVES)))
    for i, entry in enumerate(concerned.own("update", reference.object)):
        if reference.field in entry.fields:
            alias = f"e{i}"
            mine = all_of(
                [
                    exp.EQ(this=column(NUMBER, alias), expression=place.copy()),
                    entry.changed(reference.field, alias),
                    exists(record(reference.object, place, f"r{i}", refused=False)),
                ]
            )
            rows = select(number(1)).from_(concerned.journal.values(entry, alias), copy=False).where(mine, copy=False)
            yield exp.Not(this=exists(rows))


def _writer(concerned: Concerned, reference: _Reference) -> exp.Expr:
    """The later run that made the reference, as far as one is known."""
    branches: list[tuple[exp.Expr, exp.Expr]] = []
    for i, (later, entry) in enumerate(concerned.after(reference.object)):
        if entry.kind == "insert":
            branches.append((within(column(SEQUENCE, "p"), [entry]), text(later.run_id)))
        elif entry.kind == "update" and reference.field in entry.fields:
            alias = f"w{i}"
            wrote = [
                exp.EQ(this=column(NUMBER, alias), expression=column(SEQUENCE, "p")),
                entry.changed(reference.field, alias),
            ]
            rows = select(number(1)).from_(concerned.journal.values(entry, alias), copy=False)
            branches.append((exists(rows.where(all_of(wrote), copy=False)), text(later.run_id)))
    return case(branches) if branches else typed_null("VARCHAR")


def shown(concerned: Concerned, name: str, field: str, value: exp.Expr) -> exp.Expr:
    """A stored value as text: numbers without trailing zeros."""
    found = concerned.definition(name).fields.get(field)
    as_text = cast(value, "VARCHAR")
    if found is not None and found.type.family is Family.NUMBER:
        return fragment("CASE WHEN CONTAINS(:t, '.') THEN RTRIM(RTRIM(:t, '0'), '.') ELSE :t END", t=as_text)
    return as_text
