"""Behaviours in words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gsrules.run.behaviours.guide import Guide, value_word
from gsrules.run.behaviours.model import Behaviour

if TYPE_CHECKING:
    from gsrules.expressions.scope import Context
    from gsrules.run.prepare import BoundRule


def behaviour(
    key: Guide, bound: BoundRule, other: object, rows: int | None, where: str, *, task: str = "", action: str = ""
) -> Behaviour:
    """What is told of a key that made a difference at a spot of a rule."""
    value, others = value_word(bound.context.profile[key.name]), value_word(other)
    return Behaviour(
        key.name,
        value,
        (others,),
        rows,
        _what(key, rows, where, value, others),
        task,
        action,
        where,
        set_in(key.name, bound),
    )


def set_in(key: str, bound: BoundRule) -> str:
    """Where the value of a key comes from."""
    if key in {str(each) for each in bound.rule.profile}:
        return "rule"
    context: Context = bound.context
    settings = getattr(context.profile, "settings", {})
    return "project" if key in settings else "default"


def _what(key: Guide, rows: int | None, where: str, value: str, other: str) -> str:
    if rows is None:
        spot = "rows not counted"
    else:
        counted = f"{rows:,} row{'' if rows == 1 else 's'}"
        spot = _one(key.when.format(rows=counted, where=where or "the task"), rows)
    if not key.values:
        return f"{spot}: the key is {value}; {other} would do something else"
    return f"{spot}: {key.values[value]}; under `{other}` {key.values[other]}"


_SINGULAR = {
    "rest": "rests", "fall": "falls", "get": "gets", "differ": "differs", "hold": "holds", "stand": "stands",
    "lie": "lies", "have": "has", "occur": "occurs", "are": "is", "divide": "divides", "join": "joins", "do": "does",
    "change": "changes", "find": "finds", "meet": "meets", "hit": "hits", "create": "creates", "close": "closes",
}  # fmt: skip


def _one(text: str, rows: int) -> str:
    """One row has; several have."""
    if rows != 1:
        return text
    head, word, rest = "1 row ", *text.removeprefix("1 row ").partition(" ")[::2]
    return f"{head}{_SINGULAR.get(word, word)} {rest}"


def merged(found: list[Behaviour]) -> tuple[Behaviour, ...]:
    """One line a spot, or a task where rows were not counted: other values that matter there are told together."""
    kept: dict[tuple[str, str, str, str | None], Behaviour] = {}
    for each in found:
        spot = (each.key, each.task, each.action, None if each.rows is None else each.where)
        known = kept.get(spot)
        kept[spot] = each if known is None else _both(known, each)
    return tuple(kept.values())


def _both(one: Behaviour, two: Behaviour) -> Behaviour:
    others = tuple(dict.fromkeys((*one.others, *two.others)))
    where = one.where if one.where == two.where else ""
    first = one if two.rows is None or (one.rows or 0) >= two.rows else two
    return replace(first, others=others, where=where)
