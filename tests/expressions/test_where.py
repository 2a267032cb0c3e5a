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


def settled(text: str, **profile: Any) -> list[Any]:
    """The rows' results for one condition with settings; keys with a capital are settings."""
    own = Settings(profile.pop("include_nulls", None), profile.pop("ignore_case", None))
    return results(Where({"A": text}, settings={"A": own}), World(context(**profile)))


def test_settings_decide_about_nulls_and_letter_case() -> None:
    assert settled("Name = 'X'", ignore_case=True) == [True, True, False]
    assert settled("Name contains 'X'", ignore_case=False) == [False, False, False]
    assert settled("Domain != 'x'", include_nulls=True) == [True, True, True]
    assert settled("Domain != 'x'", filter__null_rows="include", include_nulls=False) == [None, None, None]
    assert settled("Start not in today", include_nulls=True) == [True, True, True]
    assert settled("Active", include_nulls=True) == [True, True, True]


@pytest.mark.parametrize(
    ("text", "settings", "code", "words"),
    [
        ("Name is null", Settings(include_nulls=True), "GS-SYNTAX", "not for tests of null"),
        ("Name is not null", Settings(include_nulls=False), "GS-SYNTAX", "not for tests of null"),
        ("'x' = Name", Settings(include_nulls=True), "GS-SYNTAX", "left side is never null"),
        ("Name = 'x' or ARR > 1", Settings(include_nulls=True), "GS-SYNTAX", "one condition"),
        ("not (Name = 'x')", Settings(ignore_case=True), "GS-SYNTAX", "one condition"),
        ("ARR = 1", Settings(ignore_case=True), "GS-OPERATOR", "conditions on texts"),
        ("ARR in (1, 2)", Settings(ignore_case=True), "GS-OPERATOR", "conditions on texts"),
        ("ARR > 1", Settings(ignore_case=False), "GS-OPERATOR", "conditions on texts"),
        ("Start in today", Settings(ignore_case=True), "GS-OPERATOR", "conditions on texts"),
        ("Name ~ 'x'", Settings(ignore_case=False), "GS-SYNTAX", "contradicts"),
    ],
)
def test_settings_that_do_not_fit_are_refused(text: str, settings: Settings, code: str, words: str) -> None:
    world = World()
    with pytest.raises(InputError) as caught:
        bind_where(Where({"A": text}, settings={"A": settings}), world.scope, world.context)
    problem = caught.value.problems[0]
    assert (problem.code, words in problem.message) == (code, True)
    assert problem.hint
    assert problem.place is not None


def test_letter_case_of_a_list_is_an_extension() -> None:
    world = World()
    where = Where({"A": "Name in ('X')"}, settings={"A": Settings(ignore_case=True)})
    assert results(where, world) == [True, True, False]
    assert [problem.code for problem in world.context.findings] == ["GS-EXT"]


def test_settings_of_one_condition_leave_the_others_alone() -> None:
    where = Where({"A": "Name = 'X'", "B": "Name = 'Y'"}, "A or B", {"A": Settings(ignore_case=True)})
    assert results(where) == [True, True, False]
