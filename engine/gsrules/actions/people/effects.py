"""What load_to_people says about every row: its outcome over all records that it touched (actions.md §5.4, §10.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from gsrules.actions.changes.effects import EffectColumns
from gsrules.actions.changes.staging import (
    all_of,
    any_of,
    call,
    column,
    fragment,
    left_join,
    relation,
    select,
    text,
    texts,
)
from gsrules.actions.mappings.conversion import is_null

if TYPE_CHECKING:
    from gsrules.actions.people.loading import PeoplePlan
    from gsrules.actions.people.members import Members

Sides = list[tuple[str, exp.Expr]]


def people_effects(plan: PeoplePlan, staged: str, decided: str, people: str, parts: Sequence[Members]) -> EffectColumns:
    """Over the decided rows (`d`), with what was staged (`s`), the person (`p`) and the lines of the associations."""
    source = select().from_(relation(decided, "d"), copy=False)
    for name, alias in ((staged, "s"), (people, "p")):
        on = exp.EQ(this=column("row", alias), expression=column("row", "d"))
        source = source.join(left_join(relation(name, alias), on=on), copy=False)
    before: Sides = [(name, column(f"b:{name}", "p")) for name in plan.written]
    after: Sides = [(name, column(f"a:{name}", "p")) for name in plan.written]
    for part in parts:
        source = part.joined(source)
        before += part.side("b")
        after += part.side("a")
    good = is_null(column("codes", "d"))
    made = fragment("COALESCE(:m, FALSE)", m=column("makes", "p"))
    return EffectColumns(
        source=source,
        row=column("row", "d"),
        outcome=_outcome(plan, parts),
        codes=column("codes", "d"),
        field=column("field", "d"),
        shown=column("shown", "s"),
        words=column("words", "d"),
        key=_key_text(plan),
        object="person",
        gsid=column("gsid", "p"),
        gsids=fragment("CASE WHEN :g THEN :t ELSE :w END", g=good, t=_touched(parts), w=column("twins", "d")),
        warnings=_warnings(parts),
        before=before,
        after=after,
        has_before=all_of([good, exp.Not(this=made)]),
        has_after=good,
    )


def _each(name: str, parts: Sequence[Members]) -> list[exp.Expr]:
    """A column of the person and of all association lines of a row."""
    return [column(name, alias) for alias in ("p", *(alias for part in parts for alias in part.aliases))]


def _outcome(plan: PeoplePlan, parts: Sequence[Members]) -> exp.Expr:
    idle: exp.Expr = exp.false()
    if plan.run.profile["load.update_no_match"] == "skip":
        idle = fragment("list_extract(:c, 1) = 'NO_RECORD_TO_UPDATE'", c=column("codes", "d"))
    return fragment(
        "CASE WHEN NOT :c IS NULL THEN CASE WHEN :i THEN 'skipped' ELSE 'failed' END"
        " WHEN :m THEN 'created' WHEN :d THEN 'updated' ELSE 'unchanged' END",
        c=column("codes", "d"),
        i=idle,
        m=any_of(_each("makes", parts)),
        d=any_of(_each("changed", parts)),
    )


def _touched(parts: Sequence[Members]) -> exp.Expr:
    """The GSIDs of the row's records, the person first, and of those that lost a flag to it."""
    own = texts(_each("gsid", parts))
    others = [cleared for part in parts for cleared in part.cleared]
    every = call("list_concat", own, *others) if others else own
    return fragment("LIST_FILTER(:t, LAMBDA x : NOT x IS NULL)", t=every)


def _warnings(parts: Sequence[Members]) -> exp.Expr:
    found: list[exp.Expr] = [fragment("COALESCE(:w, [])", w=column("warnings", "s"))]
    skipped = [skipped for part in parts for skipped in part.skipped]
    for conditions, word in ((_each("nulls", parts), "NULL_WRITTEN"), (skipped, "ASSOCIATION_SKIPPED")):
        if conditions:
            found.append(fragment("CASE WHEN :c THEN [:w] ELSE [] END", c=any_of(conditions), w=text(word)))
    return fragment("CASE WHEN LEN(:l) > 0 THEN :l END", l=call("list_concat", *found))


def _key_text(plan: PeoplePlan) -> exp.Expr:
    parts = [fragment("CAST(:v AS VARCHAR)", v=column(f"p{i}", "s")) for i, _ in plan.load.identifiers]
    return fragment("NULLIF(:k, '')", k=call("concat_ws", text(", "), *parts))
