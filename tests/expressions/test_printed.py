"""Filters, formulas and texts print from the tree, and the print is read as the same tree."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gsrules.catalogue.datatypes import DataType, Kind
from gsrules.expressions.binder import bind_predicate
from gsrules.expressions.lettered import lettered
from gsrules.expressions.printed import name_text, printed
from gsrules.expressions.scope import Context, Scope
from gsrules.expressions.template import bind_html_template, bind_template
from gsrules.expressions.tree import ColumnRef, Expr, Rounded, walk
from gsrules.expressions.where import bind_criteria
from gsrules.plan.nodes import Column
from gsrules.spec.pieces import ConditionSettings
from tests.expressions.test_where import Where
from tests.expressions.trees import Trees, bare
from tests.expressions.worlds import COLUMNS, STRING, World, context

PROFILES = st.sampled_from(
    [
        {},
        {"tenant__timezone": "America/Los_Angeles", "calendar__fiscal_year_start_month": 2},
        {"filter__null_rows": "include", "filter__last_n": "include_current"},
        {"filter__equality_case": "insensitive", "filter__text_match_case": "sensitive"},
        {"filter__between": "exclude_upper", "filter__datetime_vs_date": "instant", "calendar__week_start": "monday"},
        {"filter__null_rows": "include", "filter__equality_case": "insensitive"},
    ]
)
SCOPE = Scope.of_columns(COLUMNS)
often = settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow, HealthCheck.data_too_large],
)

pytestmark = pytest.mark.once


@often
@given(st.data(), PROFILES)
def test_a_formula_is_read_as_it_was_printed(data: st.DataObject, profile: dict[str, Any]) -> None:
    world = World(context(date(2024, 5, 15), **profile))
    tree = Trees(data.draw, world.context).value(3)
    assert bare(world.bind(printed(tree, profile=world.context.profile))) == bare(tree)


@often
@given(st.data(), PROFILES)
def test_a_condition_is_read_as_it_was_printed(data: st.DataObject, profile: dict[str, Any]) -> None:
    world = World(context(date(2024, 5, 15), **profile))
    tree = Trees(data.draw, world.context).condition(3)
    text = printed(tree, profile=world.context.profile)
    assert bare(bind_predicate(text, world.scope, world.context)) == bare(tree)


@often
@given(st.data(), PROFILES)
def test_a_filter_is_read_as_its_letters_say(data: st.DataObject, profile: dict[str, Any]) -> None:
    world = World(context(date(2024, 5, 15), **profile))
    tree = Trees(data.draw, world.context).condition(3)
    shown = lettered(tree, world.context.profile)
    assert not shown.settings
    assert bare(bind_criteria(shown, world.scope, world.context)) == bare(tree)


@often
@given(st.data(), PROFILES, PROFILES)
def test_settings_of_single_conditions_are_printed(
    data: st.DataObject, profile: dict[str, Any], other: dict[str, Any]
) -> None:
    """Conditions bound under another profile's nulls and letter case get these as settings of their own."""
    own = context(date(2024, 5, 15), **profile)
    keys = ("filter.null_rows", "filter.equality_case", "filter.text_match_case")
    there = context(date(2024, 5, 15), **other).profile
    mixed = Context(own.rule_date, {}, {**own.profile, **{key: there[key] for key in keys}}, own.catalogue)
    tree = Trees(data.draw, mixed).atom(0)
    shown = lettered(tree, own.profile)
    assert bare(bind_criteria(shown, SCOPE, own)) == bare(tree)


@often
@given(st.data(), PROFILES)
def test_a_text_with_tokens_is_read_as_it_was_printed(data: st.DataObject, profile: dict[str, Any]) -> None:
    world = World(context(date(2024, 5, 15), **profile))
    tree = Trees(data.draw, world.context).template(2)
    bind = bind_html_template if tree.escape_html else bind_template
    again = bind(printed(tree, profile=world.context.profile), world.scope, world.context)
    assert bare(again) == bare(tree)


def test_declared_decimals_are_part_of_the_type_and_not_of_the_text() -> None:
    cents = DataType(Kind.NUMBER, decimals=2)
    tree = World().bind("ARR / 3", cents)
    assert isinstance(tree, Rounded)
    assert bare(World().bind(printed(tree), cents)) == bare(tree)


def test_every_kind_of_node_is_drawn() -> None:
    from typing import get_args

    seen: set[str] = {"Rounded", "Unrounded"}  # made by declared types and by the plan

    @settings(max_examples=300, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def draw(data: st.DataObject) -> None:
        trees = Trees(data.draw, context(date(2024, 5, 15)))
        for tree in (trees.value(3), trees.condition(3), trees.template(1)):
            seen.update(type(node).__name__ for node in walk(tree))

    draw()
    assert seen == {kind.__name__ for kind in get_args(Expr)}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ARR", "ARR"),
        ("Renewal Date", "[Renewal Date]"),
        ("Order", "Order"),
        ("case", "[case]"),
        ("Rule_Date", "[Rule_Date]"),
        ("Csm.First Name", "Csm.[First Name]"),
        ("null.x", "[null].x"),
        ("a]b", "[a]]b]"),
        ("a. b", "[a. b]"),
        ("5 days", "[5 days]"),
        ("Größe", "Größe"),
        ("x$", "[x$]"),
    ],
)
def test_names_are_written_so_that_they_are_found_again(name: str, text: str) -> None:
    assert name_text(name) == text
    scope = Scope.of_columns([Column(name, name, STRING)])
    assert bare(bind_predicate(f"{text} = 'x'", scope, context())).left == ColumnRef(name, STRING)
    assert bare(bind_template(f"${{{text}}}", scope, context())).parts == (ColumnRef(name, STRING),)


@pytest.mark.parametrize(
    ("text", "again"),
    [
        ("Start in this quarter", "Start in this quarter"),
        ("Start in this fiscal year", "Start in this fiscal year"),
        ("Start not in current and last 3 fiscal quarters", "Start not in current and last 3 fiscal quarters"),
        ("ARR - (MRR - 1) - 2", "ARR - (MRR - 1) - 2"),
        ("(ARR + MRR) * -2 / (3 * 4)", "(ARR + MRR) * -2 / (3 * 4)"),
        ("not (not (ARR > 1))", "not (not (ARR > 1))"),
        ("(ARR > 1) is null", "(ARR > 1) is null"),
        ("Active = (ARR > 1 and MRR > 1)", "Active = (ARR > 1 and MRR > 1)"),
        ("Start + 1 month - 2 days = rule_date", "Start + 1 months - 2 days = rule_date"),
        ("Name !~ 'ACME'", "Name !~ 'ACME'"),
        ("ARR > 1 and MRR > 1 or Logins > 1", "(ARR > 1 and MRR > 1) or Logins > 1"),
    ],
)
def test_the_text_is_the_one_that_people_would_write(text: str, again: str) -> None:
    assert printed(World().bind(text)) == again


def test_dates_that_depend_on_the_rule_date_may_be_printed_as_dates() -> None:
    tree = World().bind("[Renewal Date] <= rule_date + 60 days")
    assert printed(tree, date(2024, 5, 15)) == "RenewalDate <= date '2024-07-14'"


def test_letters_carry_logic_and_settings() -> None:
    world = World()
    where = Where(
        {"A": "Status not in ('Active')", "B": "Name contains 'x'", "C": "ARR > 1"},
        "A and (B or C)",
        {"A": ConditionSettings(include_nulls=True), "B": ConditionSettings(ignore_case=False)},
    )
    shown = lettered(bind_criteria(where, world.scope, world.context), world.context.profile)
    assert shown.conditions == where.conditions
    assert shown.logic == "A and (B or C)"
    assert {letter: (own.include_nulls, own.ignore_case) for letter, own in shown.settings.items()} == {
        "A": (True, None),
        "B": (None, False),
    }


def test_many_conditions_go_on_with_two_letters() -> None:
    world = World()
    tree = world.bind(" and ".join(f"ARR != {number}" for number in range(28)))
    shown = lettered(tree, world.context.profile)
    assert list(shown.conditions)[25:] == ["Z", "AA", "AB"]
    assert shown.logic is None
    assert bare(bind_criteria(shown, world.scope, replace(world.context))) == bare(tree)
