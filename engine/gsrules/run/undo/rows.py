"""An undo row by row: what becomes of each record and field, and what stands in the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from sqlglot import exp

from gsrules.actions.changes.staging import all_of, cast, column, fragment, named, number, select, sub, text, typed_null
from gsrules.run.undo.concerned import RECORDS, REMOVES, Concerned
from gsrules.run.undo.refusals import REFUSED, shown
from gsrules.tenant.journal import NUMBER, STAMPS, before
from gsrules.tenant.names import GSID, SEQUENCE, temp_table

SAID: Final = "gs_undo_said"
_COLUMNS: Final = ("object", "n", "gsid", "name", "does", "field", "now", "then", "code", "run")


def say(concerned: Concerned) -> None:
    """Makes the table of what is about to be done: a row for each record, or for each field that is restored."""
    reasons = _one_reason()
    parts = [each for name in _objects(concerned) for each in _of_object(concerned, name, reasons)]
    query: exp.Query = (
        parts[0] if len(parts) == 1 else exp.union(*parts, distinct=False, copy=False) if parts else _none()
    )
    concerned.make(SAID, query)


def listing() -> exp.Select:
    """The rows of `say` in order."""
    wanted = [column(name) for name in _COLUMNS if name != "n"]
    order = [exp.Ordered(this=column(name)) for name in ("object", "n", "field")]
    return select(*wanted).from_(temp_table(SAID), copy=False).order_by(*order, copy=False)


def examples(concerned: Concerned, most: int) -> list[tuple[Any, ...]]:
    """Of every code how many records have it, and the first of them: object, gsid, name, code, run, field, values."""
    found: list[tuple[Any, ...]] = []
    for name in _objects(concerned):
        query = _refused_of(concerned, name, _one_reason())
        place = fragment("ROW_NUMBER() OVER (PARTITION BY :c ORDER BY :n)", c=column("code"), n=column("n"))
        count = fragment("COUNT(*) OVER (PARTITION BY :c)", c=column("code"))
        ranked = select(exp.Star(), named(place, "place"), named(count, "records")).from_(sub(query), copy=False)
        wanted = ("records", "object", "gsid", "name", "code", "run", "field", "then", "now", "other", "other_gsid")
        chosen = select(*map(column, wanted)).from_(sub(ranked), copy=False)
        chosen = chosen.where(exp.LTE(this=column("place"), expression=number(most)), copy=False)
        found += concerned.tenant.con.execute(chosen.sql("duckdb")).fetchall()
    return found


def _objects(concerned: Concerned) -> list[str]:
    kinds = ("insert", "update", "delete")
    return list(dict.fromkeys(entry.object for entry in concerned.run.entries if entry.kind in kinds))


def _one_reason() -> exp.Select:
    """The first reason for each refused record."""
    items = ("object", "n", "code", "run", "field", "was", "now", "other", "other_gsid")
    place = fragment("ROW_NUMBER() OVER (PARTITION BY :o, :n)", o=column("object"), n=column("n"))
    ranked = select(*map(column, items), named(place, "place")).from_(temp_table(REFUSED), copy=False)
    first = select(*map(column, items)).from_(sub(ranked), copy=False)
    return first.where(exp.EQ(this=column("place"), expression=number(1)), copy=False)


def _of_object(concerned: Concerned, name: str, reasons: exp.Select) -> Iterator[exp.Select]:
    refused = _refused_of(concerned, name, reasons)
    yield select(*map(column, _COLUMNS)).from_(sub(refused), copy=False)
    whole = exp.In(this=column("does", "r"), expressions=[text(REMOVES), text("put back")])
    yield _records(concerned, name, {}).where(whole, copy=False)
    for position, entry in enumerate(concerned.own("update", name)):
        earlier = concerned.own("update", name)[:position]
        for each in entry.fields:
            if each in STAMPS:
                continue
            values = {
                "field": text(each),
                "now": shown(concerned, name, each, column(each, "t")),
                "then": shown(concerned, name, each, column(before(each), "e")),
            }
            rows = _records(concerned, name, values)
            on = exp.EQ(this=column(NUMBER, "e"), expression=column("n", "r"))
            rows = rows.join(exp.Join(this=concerned.journal.values(entry, "e"), on=on), copy=False)
            restored = exp.In(this=column("does", "r"), expressions=[text("restored"), text("reopened")])
            conditions = [restored, entry.changed(each, "e")]
            for i, older in enumerate(earlier):  # the oldest value counts
                if each in older.fields:
                    alias = f"o{i}"
                    same = exp.EQ(this=column(NUMBER, alias), expression=column("n", "r"))
                    found = select(number(1)).from_(concerned.journal.values(older, alias), copy=False)
                    found = found.where(all_of([same, older.changed(each, alias)]), copy=False)
                    conditions.append(exp.Not(this=exp.Exists(this=found)))
            yield rows.where(all_of(conditions), copy=False)


def _records(concerned: Concerned, name: str, values: Mapping[str, exp.Expr]) -> exp.Select:
    """The records (`r`) of an object that are not refused, as the table has them (`t`)."""
    rows = select(*_items(concerned, name, column("does", "r"), values)).from_(temp_table(RECORDS, "r"), copy=False)
    return rows.join(_stored(concerned, name), copy=False).where(
        all_of(
            [exp.EQ(this=column("object", "r"), expression=text(name)), fragment("NOT :r", r=column("refused", "r"))]
        ),
        copy=False,
    )


def _refused_of(concerned: Concerned, name: str, reasons: exp.Select) -> exp.Select:
    values = {each: column(each, "w") for each in ("field", "now", "code", "run")} | {"then": column("was", "w")}
    items = [*_items(concerned, name, text("refused"), values), column("other", "w"), column("other_gsid", "w")]
    rows = select(*items).from_(sub(reasons, "w"), copy=False)
    on = all_of(exp.EQ(this=column(each, "r"), expression=column(each, "w")) for each in ("object", "n"))
    rows = rows.join(exp.Join(this=temp_table(RECORDS, "r"), side="LEFT", on=on), copy=False)
    stored = _stored(concerned, name, "w")
    return rows.join(stored, copy=False).where(exp.EQ(this=column("object", "w"), expression=text(name)), copy=False)


def _stored(concerned: Concerned, name: str, by: str = "r") -> exp.Join:
    on = exp.EQ(this=column(SEQUENCE, "t"), expression=column("n", by))
    return exp.Join(this=concerned.table(name, "t"), side="LEFT", on=on)


def _items(concerned: Concerned, name: str, does: exp.Expr, values: Mapping[str, exp.Expr]) -> list[exp.Expr]:
    named_by = concerned.definition(name).name_field
    known = {
        "object": text(name),
        "n": column("n", "w" if "code" in values else "r"),
        "gsid": fragment("COALESCE(:r, :t)", r=column("gsid", "r"), t=column(GSID, "t")),
        "name": cast(column(named_by.name, "t"), "VARCHAR") if named_by else typed_null("VARCHAR"),
        "does": does,
        **values,
    }
    return [named(known.get(each, typed_null("VARCHAR")), each) for each in _COLUMNS]


def _none() -> exp.Select:
    return select(*(named(typed_null("VARCHAR"), name) for name in _COLUMNS)).where(exp.false(), copy=False)
