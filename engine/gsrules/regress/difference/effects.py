"""What one action did on both sides, compared by key: outcomes, codes and the written fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from typing import Final

import duckdb
from sqlglot import exp

from gsrules.actions.registry import action_kind
from gsrules.catalogue import Catalogue
from gsrules.catalogue.datatypes import Family
from gsrules.catalogue.gsids import PATTERN
from gsrules.regress.difference.columns import Table
from gsrules.regress.difference.model import EffectsDifference, OutcomeTurn, TableDifference
from gsrules.regress.difference.sql import all_of, call, choose, is_null, number, stacked, text
from gsrules.regress.difference.table import DEFAULT_LIMITS, Limits, compare_tables
from gsrules.run.report import ActionReport
from gsrules.tenant.names import column, create_temp, drop, identifier, named, run, select_from, temp_table

OUTCOME: Final = "outcome"
KEY: Final = "record"
_OWN: Final = (KEY, OUTCOME, "code", "found")
_ENTITY: Final = "__entity"
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Effects:
    """The effects of one action on one side: its report, where its rows are, and the GSIDs that the run made."""

    report: ActionReport
    rows: exp.Expression
    new: exp.Select | None
    catalogue: Catalogue

    @property
    def counts(self) -> dict[str, int]:
        return self.report.counts.of_outcomes()


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


@contextmanager
def as_table(con: duckdb.DuckDBPyConnection, rows: exp.Expression) -> Iterator[str]:
    """A temporary table of the rows, for as long as the block lasts."""
    name = f"gs_compared_{next(_numbers)}"
    run(con, create_temp(name, rows))
    try:
        yield name
    finally:
        run(con, drop(temp_table(name)))


@contextmanager
def new_at_hand(con: duckdb.DuckDBPyConnection, sides: Mapping[str, Effects]) -> Iterator[dict[str, Effects]]:
    """The effects of one side with the GSIDs of new records in a table, which every action looks up."""
    new = next((each.new for each in sides.values()), None)
    if new is None:
        yield dict(sides)
        return
    with as_table(con, new) as name:
        row = run(con, select_from(temp_table(name), exp.Count(this=exp.Star()))).fetchone()
        known = select_from(temp_table(name), exp.Star()) if row and row[0] else None
        yield {action: replace(effects, new=known) for action, effects in sides.items()}


def compare_effects(
    con: duckdb.DuckDBPyConnection, before: Effects, after: Effects, limits: Limits = DEFAULT_LIMITS
) -> EffectsDifference:
    """The difference between what one action did before and what it does now."""
    # Effects are views over many joins: each side is computed once, then compared as a table.
    with as_table(con, _flat(con, before)) as left, as_table(con, _flat(con, after)) as right:
        by_entity = action_kind(after.report.action).per_entity and all(
            _one_an_entity(con, name) for name in (left, right)
        )
        sides = [Table(_keyed(name, by_entity)) for name in (left, right)]
        table = compare_tables(con, after.report.id, sides[0], sides[1], hints=[(KEY,)], limits=limits, tally=OUTCOME)
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


def _one_an_entity(con: duckdb.DuckDBPyConnection, name: str) -> bool:
    """Whether no two effects are of one company or relationship."""
    distinct = exp.Count(this=exp.Distinct(expressions=[column(_ENTITY)]))
    row = run(
        con, select_from(temp_table(name), exp.EQ(this=distinct, expression=exp.Count(this=exp.Star())))
    ).fetchone()
    return bool(row and row[0])


def _keyed(name: str, by_entity: bool) -> exp.Select:
    """The effects under their key: by entity where that is enough, so that a CTA of another name is still the same."""
    if not by_entity:
        return select_from(temp_table(name), exp.Star(except_=[identifier(_ENTITY)]))
    rest = exp.Star(except_=[identifier(_ENTITY), identifier(KEY)])
    return select_from(temp_table(name), named(column(_ENTITY), KEY), rest)


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
    key: exp.Expression = column("key", "e")
    for place in (1, 2) if side.new is not None else ():
        # a key may hold the GSID of a record that an earlier action made
        gsid = call("list_extract", call("regexp_extract_all", column("key", "e"), text(PATTERN)), number(place))
        key = exp.Coalesce(this=call("replace", key, gsid, named_if_new(gsid.copy())), expressions=[key.copy()])
    items: list[exp.Expression] = [
        named(call("regexp_extract", column("key", "e"), text(f"^({PATTERN}), "), number(1)), _ENTITY),
        named(key, KEY),
        named(column(OUTCOME, "e"), OUTCOME),
        named(column("code", "e"), "code"),
        named(found, "found"),
    ]
    for name in fields:
        value: exp.Expression = exp.Dot(this=column("after", "e"), expression=identifier(name))
        value = named_if_new(value) if name.rpartition(".")[2].lower() in ids else value
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
