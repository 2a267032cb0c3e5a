"""Leaves of predicates, what they want, which of them decided, and the arms of case expressions."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from gsrules.expressions.leaves import arms, decided_by, leaves
from gsrules.expressions.printed import printed
from tests.expressions.worlds import World, context, evaluate

DAY = date(2024, 5, 15)


def world(**profile: Any) -> World:
    return World(context(DAY, {"least": 5}, **profile))


def test_the_leaves_are_the_conditions_as_written() -> None:
    found = leaves(world().bind("ARR > 10 and (Name ~ 'x' or not (Logins >= :least)) and Status in ('Active')"))
    assert [leaf.text for leaf in found] == ["ARR > 10", "Name ~ 'x'", "Logins >= :least", "Status in ('Active')"]
    assert [leaf.negated for leaf in found] == [False, False, True, False]
    assert [leaf.place.column for leaf in found if leaf.place] == [1, 15, 34, 57]


@pytest.mark.parametrize(
    ("condition", "wants"),
    [
        ("ARR > 10", "more than 10"),
        ("not (ARR > 10)", "at most 10"),
        ("Status in ('Active', 'On Hold')", "Active or On Hold"),
        ("Status not in ('Active')", "not Active"),
        ("RenewalDate <= rule_date + 90 days", "on or before 2024-08-13"),
        ("RenewalDate in last 7 days", "2024-05-08 to 2024-05-14"),
        ("Name is not null", "some value"),
        ("Name contains 'corp'", "a text that holds corp"),
        ("ARR between 1 and 2", "between 1 and 2"),
        ("Logins < Seats", "less than Seats"),
        ("Active = true", "true"),
    ],
)
def test_what_a_condition_wants_in_words(condition: str, wants: str) -> None:
    (leaf,) = leaves(world().bind(condition))
    assert leaf.wanted(DAY) == wants


def test_the_values_of_a_leaf_are_its_operands_that_depend_on_the_row() -> None:
    (leaf,) = leaves(world().bind("Logins + 1 < Seats"))
    assert [printed(value) for value in leaf.values] == ["Logins + 1", "Seats"]


def test_a_null_test_that_the_profile_adds_is_no_leaf_of_its_own() -> None:
    found = leaves(world(filter__null_rows="include").bind("ARR > 10 or Name = 'x' or Logins is null"))
    assert [leaf.text for leaf in found] == ["ARR > 10", "Name = 'x'", "Logins is null"]


def test_a_condition_that_lets_null_rows_pass_wants_no_value_too() -> None:
    (leaf,) = leaves(world(filter__null_rows="include").bind("ARR > 10"))
    assert leaf.wanted(DAY) == "more than 10, or no value"


def test_the_leaves_that_decided() -> None:
    made = world()
    predicate = made.bind("ARR > 10 and (Name = 'x' or Logins > 1)")
    passed, kept = decided_by(predicate, made.env)
    rows = [{"ARR": 20, "Name": "x"}, {"ARR": 20, "Name": "y"}, {"ARR": 1, "Name": "x"}, {"Name": "y", "Logins": 0}]
    assert evaluate(passed, rows) == [[1, 2], [], [], []]
    assert evaluate(kept, rows) == [[], [2, 3], [1], [1, 2, 3]]


def test_under_not_the_true_leaves_keep_a_row_out() -> None:
    made = world()
    predicate = made.bind("not (ARR > 10 and Logins > 1)")
    passed, kept = decided_by(predicate, made.env)
    rows = [{"ARR": 20, "Logins": 2}, {"ARR": 1, "Logins": 2}, {"ARR": 20}]
    assert evaluate(kept, rows) == [[1, 2], [], [1, 2]]
    assert evaluate(passed, rows) == [[], [1], []]


def test_each_row_takes_one_arm_of_each_case_that_it_reaches() -> None:
    made = world()
    expr = made.bind("case when ARR > 10 then case when Logins > 1 then 'a' else 'b' end when ARR > 5 then 'c' end")
    found = arms(expr)
    assert [(arm.text, arm.position) for arm in found] == [
        ("ARR > 10", 0), ("ARR > 5", 1), ("else", 2), ("Logins > 1", 0), ("else", 1),
    ]  # fmt: skip
    rows = [{"ARR": 20, "Logins": 2}, {"ARR": 20}, {"ARR": 6, "Logins": 2}, {}]
    taken = [evaluate(arm.taken(made.env), rows) for arm in found]
    assert taken == [
        [True, True, False, False],
        [False, False, True, False],
        [False, False, False, True],
        [True, False, False, False],
        [False, True, False, False],
    ]


@pytest.mark.parametrize(
    "text",
    [
        "ARR + 2 * (MRR - 1) > -3",
        "not (Name does not contain 'it''s') and RenewalDate in last 7 days",
        "[E-Mail Domain] starts with 'a' or Tags in ('VIP', 'Beta')",
        "case when Logins is null then 'x' else upper(Name) end = 'X'",
        "ARR not between 1 and 2",
        "CreatedDate >= datetime '2024-05-14 23:30:00'",
        "Start = date '2024-01-31' + 1 months",
    ],
)
def test_printed_text_means_the_same(text: str) -> None:
    made = world()
    expr = made.bind(text)
    again = made.bind(printed(expr))
    assert printed(again) == printed(expr)


def test_a_period_left_out_and_a_boolean_field_have_null_tests_that_are_no_leaves() -> None:
    found = leaves(world(filter__null_rows="include").bind("Start not in today and (Active or ARR > 1)"))
    assert [leaf.text for leaf in found] == ["Start not in today", "Active", "ARR > 1"]
    assert [[printed(value) for value in leaf.values] for leaf in found] == [["Start"], ["Active"], ["ARR"]]
    assert found[0].wanted(DAY) == "not 2024-05-15 to 2024-05-15, or no value"
