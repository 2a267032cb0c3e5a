"""Lettered conditions and Advanced Logic (data-setup.md §5.1)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from gsrules.errors import InputError
from gsrules.expressions.spell import spell
from gsrules.expressions.tree import Logic
from gsrules.expressions.where import bind_criteria, bind_where
from gsrules.spec.text import Text
from tests.expressions.worlds import World, context, evaluate


@dataclass(frozen=True)
class Settings:
    include_nulls: bool | None = None
    ignore_case: bool | None = None


@dataclass(frozen=True)
class Where:
    conditions: dict[str, str]
    logic: str | None = None
    settings: dict[str, Settings] = field(default_factory=dict)


THREE = {"A": "Name = 'x'", "B": "ARR > 1", "C": "Logins > 1"}
ROWS: list[dict[str, Any]] = [
    {"Name": "x", "ARR": 2, "Logins": 0},
    {"Name": "x", "ARR": 0, "Logins": 0},
    {"Name": "y", "ARR": 2, "Logins": 2},
]


def results(where: Where, world: World | None = None) -> list[Any]:
    world = world or World()
    return evaluate(spell(bind_where(where, world.scope, world.context), world.env), ROWS)


def codes(where: Where, **profile: Any) -> list[str]:
    world = World(context(**profile))
    with pytest.raises(InputError) as caught:
        bind_where(where, world.scope, world.context)
    return [problem.code for problem in caught.value.problems]


def test_conditions_without_logic_must_all_hold() -> None:
    assert results(Where(THREE)) == [False, False, False]


def test_logic_decides_and_binds_and_tighter() -> None:
    assert results(Where(THREE, "A and (B or C)")) == [True, False, False]
    assert results(Where(THREE, "a AND b or C")) == [True, False, True]


def test_an_unknown_letter_is_refused_at_its_place() -> None:
    world = World()
    with pytest.raises(InputError) as caught:
        bind_where(Where(THREE, "A and D"), world.scope, world.context)
    problem = caught.value.problems[0]
    assert (problem.code, problem.hint, problem.place and problem.place.column) == (
        "GS-SYNTAX",
        "conditions: A, B, C",
        7,
    )
    assert "(MALFORMED_QUERY)" in problem.message


def test_not_is_no_part_of_advanced_logic() -> None:
    assert codes(Where(THREE, "A and not B")) == ["GS-SYNTAX"]


def test_an_unused_condition_is_ignored_with_a_warning() -> None:
    world = World()
    assert results(Where(THREE, "A"), world) == [True, True, False]
    assert [problem.message for problem in world.context.findings] == [
        "condition B is not used in the logic and has no effect",
        "condition C is not used in the logic and has no effect",
    ]


def test_problems_of_all_conditions_are_reported() -> None:
    assert codes(Where({"A": "Nope = 1", "B": "ARR >", "C": "ARR > 1"}, "A and Z")) == [
        "GS-NAME",
        "GS-SYNTAX",
        "GS-SYNTAX",
    ]


def test_a_filter_holds_at_most_26_conditions_however_they_are_written() -> None:
    text = Text(" or ".join(f"ARR = {number}" for number in range(27)))
    assert codes(Where({"A": text})) == ["GS-LIMIT"]
    world = World(context(limits__strict=False))
    bind_where(Where({"A": text}), world.scope, world.context)
    assert [problem.code for problem in world.context.findings] == ["GS-LIMIT"]
    assert isinstance(bind_criteria(Where({"A": text}), world.scope, world.context), Logic)


def test_a_condition_must_be_true_or_false() -> None:
    assert codes(Where({"A": "ARR"})) == ["GS-TYPE"]


def test_criteria_may_have_their_own_letter_case() -> None:
    world = World(context(run__criteria_case="insensitive"))
    where = Where({"A": "Name = 'X'"})
    assert evaluate(spell(bind_criteria(where, world.scope, world.context), world.env), ROWS) == [True, True, False]
    assert evaluate(spell(bind_where(where, world.scope, world.context), world.env), ROWS) == [False, False, False]


def test_long_logic_is_spelled_without_deep_nesting() -> None:
    text = " or ".join(f"ARR = {number}" for number in range(700))
    world = World()
    assert evaluate(spell(bind_criteria(Where({"A": text}), world.scope, world.context), world.env), ROWS[:1]) == [True]
