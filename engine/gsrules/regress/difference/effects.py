"""What one action did on both sides, compared by key: outcomes, codes and the written fields."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import duckdb
from sqlglot import exp

from gsrules.catalogue import Catalogue
from gsrules.catalogue.datatypes import Family
from gsrules.regress.difference.columns import Table
from gsrules.regress.difference.model import EffectsDifference, OutcomeTurn, TableDifference
from gsrules.regress.difference.sql import all_of, call, choose, is_null, stacked, text
from gsrules.regress.difference.table import DEFAULT_LIMITS, Limits, compare_tables
from gsrules.run.report import ActionReport
from gsrules.tenant.names import column, identifier, named, run, select_from

OUTCOME: Final = "outcome"
KEY: Final = "record"
_OWN: Final = (KEY, OUTCOME, "code", "found")
_COUNTS: Final = ("created", "updated", "closed", "unchanged", "skipped", "failed")


@dataclass(frozen=True, slots=True)
class Effects:
    """The effects of one action on one side: its report, where its rows are, and the GSIDs that the run made."""

    report: ActionReport
    rows: exp.Expression
    new: exp.Select | None
    catalogue: Catalogue

    @property
    def counts(self) -> dict[str, int]:
        counts = self.report.counts
        return {name: getattr(counts, name) for name in _COUNTS if getattr(counts, name)}


def new_records(effects: Sequence[exp.Expression]) -> exp.Select | None:
    """The GSIDs that a run gave to new records, each with words that stand for it (`gsid`, `words`)."""
    if not effects:
        return None
    parts = []
    for rows in effects:
        words = call(
            "concat",
            text("new "),
            column("object"),
            text(" "),
            exp.Coalesce(this=column("key"), expressions=[text("")]),
        )
        query = select_from(rows.copy(), named(column("gsid"), "gsid"), named(words, "words"))
        created = exp.EQ(this=column(OUTCOME), expression=text("created"))
        parts.append(query.where(all_of([created, exp.Not(this=is_null(column("gsid")))])))
    both = stacked(parts).subquery(identifier("c"))
    return select_from(both, column("gsid"), named(exp.Min(this=column("words")), "words")).group_by(column("gsid"))


def compare_effects(
    con: duckdb.DuckDBPyConnection, before: Effects, after: Effects, limits: Limits = DEFAULT_LIMITS
) -> EffectsDifference:
    """The difference between what one action did before and what it does now."""
    sides = [Table(_flat(con, side)) for side in (before, after)]
    table = compare_tables(con, str(after.report.id), sides[0], sides[1], hints=[(KEY,)], limits=limits, tally=OUTCOME)
    turns = _turns(table)
    renamed = before.report.id if before.report.id != after.report.id else None
    return EffectsDifference(
        action=after.report.id,
        kind=after.report.action,
        object=_object(con, after) or _object(con, before),
        state="differs" if table or before.counts != after.counts else "same",
        before=before.counts,
        after=after.counts,
        turns=turns,
        table=table,
        renamed_from=renamed,
    )


def one_sided(con: duckdb.DuckDBPyConnection, side: Effects, *, is_after: bool) -> EffectsDifference:
    """An action that only one side has: everything it does is new, or gone."""
    counts = side.counts
    turns = tuple(
        OutcomeTurn(None if is_after else name, name if is_after else None, rows) for name, rows in counts.items()
    )
    return EffectsDifference(
        action=side.report.id,
        kind=side.report.action,
        object=_object(con, side),
        state="only_after" if is_after else "only_before",
        before=None if is_after else counts,
        after=counts if is_after else None,
        turns=turns,
    )


def _turns(table: TableDifference) -> tuple[OutcomeTurn, ...]:
    """Outcomes that turned, of records on both sides and of those on one."""
    changed = next((each.transitions for each in table.changes if each.column == OUTCOME), ())
    found = [OutcomeTurn(turn.before, turn.after, turn.rows, turn.samples) for turn in (*table.tally, *changed)]
    return tuple(sorted(found, key=lambda turn: (-turn.rows, turn.before or "", turn.after or "")))


def _object(con: duckdb.DuckDBPyConnection, side: Effects) -> str:
    row = run(con, select_from(side.rows.copy(), column("object")).limit(1)).fetchone()
    return str(row[0]) if row else ""


def _flat(con: duckdb.DuckDBPyConnection, side: Effects) -> exp.Select:
    """One row an effect: its key, outcome and code, the stored record found, and the fields as they are afterwards."""
    ids = _id_fields(side)
    fields = _fields(con, side)
    source = select_from(side.rows.copy(), exp.Star()).subquery(identifier("e"))
    joined: list[tuple[str, exp.Expression]] = []

    def named_if_new(value: exp.Expression) -> exp.Expression:
        if side.new is None:
            return value
        alias = f"n{len(joined)}"
        joined.append((alias, value.copy()))
        return exp.Coalesce(this=column("words", alias), expressions=[value])

    made = exp.EQ(this=column(OUTCOME, "e"), expression=text("created"))
    found = choose([(exp.Not(this=made), named_if_new(column("gsid", "e")))])
    items = [
        named(column("key", "e"), KEY),
        named(column(OUTCOME, "e"), OUTCOME),
        named(column("code", "e"), "code"),
        named(found, "found"),
    ]
    for name in fields:
        value: exp.Expression = exp.Dot(this=column("after", "e"), expression=identifier(name))
        value = named_if_new(value) if name.lower() in ids else value
        items.append(named(value, f"field {name}" if name.lower() in _OWN else name))
    query = select_from(source, *items)
    for alias, value in joined:
        new = side.new.copy().subquery(identifier(alias)) if side.new is not None else source
        query = query.join(new, on=exp.EQ(this=column("gsid", alias), expression=value), join_type="left")
    return query


def _fields(con: duckdb.DuckDBPyConnection, side: Effects) -> list[str]:
    """The names of the fields in `after`; none where the action writes no field."""
    described = run(con, exp.Describe(this=select_from(side.rows.copy(), column("after")))).fetchone()
    if described is None or not str(described[1]).startswith("STRUCT"):
        return []
    spread = select_from(side.rows.copy(), call("unnest", column("after")))
    return [str(row[0]) for row in run(con, exp.Describe(this=spread)).fetchall()]


def _id_fields(side: Effects) -> frozenset[str]:
    """The fields that hold GSIDs of records, of all objects: an effect's object may be that of a later row."""
    definitions = side.catalogue.objects.values()
    return frozenset(
        found.name.lower()
        for definition in definitions
        for found in definition.fields.values()
        if found.type.family is Family.ID
    )
