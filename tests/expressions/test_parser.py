"""What the parser takes and how it refuses."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gsrules.errors import InputError, Place, Problem
from gsrules.expressions import syntax as syn
from gsrules.expressions.parser import MAX_DEPTH, parse_expression
from gsrules.spec.text import Text


def refusal(text: str) -> Problem:
    with pytest.raises(InputError) as caught:
        parse_expression(text)
    return caught.value.problems[0]


def codes(text: str) -> set[str]:
    """The codes of the refusal; none if the text parses. Any other exception comes through."""
    try:
        parse_expression(text)
    except InputError as error:
        return {problem.code for problem in error.problems if problem.place}
    return set()


def test_and_binds_tighter_than_or() -> None:
    tree = parse_expression("a or b AND c")
    assert isinstance(tree, syn.Connective)
    assert tree.op == "or"
    assert isinstance(tree.terms[1], syn.Connective)


def test_multiplication_binds_tighter_than_addition_and_goes_left_to_right() -> None:
    tree = parse_expression("1 - 2 * 3 - 4")
    assert isinstance(tree, syn.Binary)
    assert (tree.op, isinstance(tree.left, syn.Binary) and tree.left.op) == ("-", "-")


def test_doubled_quotes_stand_for_one() -> None:
    tree = parse_expression("'it''s'")
    assert isinstance(tree, syn.Constant)
    assert tree.value == "it's"


def test_paths_take_words_and_brackets() -> None:
    tree = parse_expression("[Company ID].[Csm].Manager.Name")
    assert isinstance(tree, syn.Name)
    assert tree.parts == ("Company ID", "Csm", "Manager", "Name")


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ("d in today", "TODAY"),
        ("d IN Yesterday", "YESTERDAY"),
        ("d in tomorrow", "TOMORROW"),
        ("d in this week", "THIS_WEEK"),
        ("d in this month", "THIS_MONTH"),
        ("d in this quarter", "CURRENT_CYQ"),
        ("d in this year", "CURRENT_CY"),
        ("d in this fiscal quarter", "CURRENT_FYQ"),
        ("d in this fiscal year", "CURRENT_FY"),
        ("d in last 7 days", "LAST_N_DAYS"),
        ("d in next 1 week", "NEXT_N_WEEKS"),
        ("d in current and last 3 months", "CURRENT_AND_LAST_N_MONTHS"),
        ("d in current and next 2 fiscal years", "CURRENT_AND_NEXT_N_FISCAL_YEARS"),
        ("d in last 2 fiscal quarters", "LAST_N_FISCAL_QUARTERS"),
    ],
)
def test_periods_are_read(text: str, literal: str) -> None:
    tree = parse_expression(text)
    assert isinstance(tree, syn.InPeriod)
    assert tree.literal == literal


@pytest.mark.parametrize(
    ("text", "column", "hint"),
    [
        ("[Renewal Date <= 1", 1, "write [Field Name]"),
        ("Renewal Date <= 1", 9, "a field name of several words needs brackets: [Renewal Date]"),
        ("a <> 1", 3, "write !="),
        ("a == 1", 3, "write ="),
        ("Name like 'x%'", 6, "write contains 'x', starts with 'x' or ends with 'x'; there are no wildcards"),
        ('Name = "x"', 8, "write a text in single quotes and a field in brackets: 'text', [Field Name]"),
        ("a not contains 'x'", 7, "write does not contain 'x'"),
        ("a is not nul", 10, "write = for a value, is_empty(field) for null or an empty text"),
        ("a in 'x'", 6, "write in ('x')"),
        ("1 < a < 3", 7, "join two comparisons with and: a < b and b < c"),
        ("d in last month", 11, "write in last 7 days"),
        ("count(*) > 1", 7, "aggregates such as count(*) belong into show"),
        ("a = 1)", 6, "no parenthesis is open here"),
    ],
)
def test_a_refusal_tells_where_and_what_to_do(text: str, column: int, hint: str) -> None:
    problem = refusal(text)
    assert problem.code == "GS-SYNTAX"
    assert "(MALFORMED_QUERY)" in problem.message
    assert (problem.place and problem.place.column, problem.hint) == (column, hint)


def test_the_place_is_that_of_the_file() -> None:
    line = "    where: Status in 'x'"
    text = Text("Status in 'x'", Place("rules/a.yml", 7, 12, line))
    place = refusal(text).place
    assert place is not None
    assert (str(place), line[place.column - 1 : place.column + 2]) == ("rules/a.yml:7:22", "'x'")


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000 + "1" + ")" * 5000,
        "not " * 2500 + "a",
        "-" * 9000 + "1",
        "case when " * 900,
        "a" + " + a" * 2499,
        "f(" * 5000,
    ],
)
def test_deep_nesting_is_a_problem_not_a_crash(text: str) -> None:
    assert refusal(text).code == "GS-SYNTAX"


def test_nesting_up_to_the_limit_is_taken() -> None:
    assert parse_expression("(" * (MAX_DEPTH - 2) + "1" + ")" * (MAX_DEPTH - 2))


def test_ten_thousand_characters_parse_quickly() -> None:
    text = " or ".join(f"Field{number} = 'value {number}'" for number in range(400))[:10_000]
    started = time.perf_counter()
    assert parse_expression(text.rsplit(" or ", 1)[0])
    assert time.perf_counter() - started < 1


@given(st.text(max_size=60))
@settings(max_examples=300, deadline=None)
def test_any_text_parses_or_is_refused_politely(text: str) -> None:
    assert codes(text) <= {"GS-SYNTAX"}


_WORDS = """a [B c] 'x' 1 .5 :p ( ) , . + - * / = != <= ~ !~ and or not in is null between case when then else end
last next 7 days current this fiscal quarter contains does starts with date rule_date left ' [ ] true"""
_PIECES = st.sampled_from(_WORDS.split())


@given(st.lists(_PIECES, max_size=14).map(" ".join))
@settings(max_examples=600, deadline=None)
def test_shuffled_words_of_the_language_parse_or_are_refused_politely(text: str) -> None:
    assert codes(text) <= {"GS-SYNTAX", "GS-OPERATOR"}  # a period beside another operator than in
