"""Arithmetic: double precision, rounded half away from zero, nothing lost silently (data-setup.md §2.2, §11.1)."""

from __future__ import annotations

import random
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

import duckdb
import pytest
from sqlglot import exp

from gsrules.catalogue.datatypes import DataType, Kind
from gsrules.errors import InputError
from gsrules.expressions.counted import counted
from gsrules.expressions.rounding import to_decimals, to_number
from tests.expressions.worlds import World, context, sql_of

WIDE = Context(prec=40, rounding=ROUND_HALF_UP)
CENTS = DataType(Kind.NUMBER, decimals=2)
INTEGER = DataType(Kind.NUMBER, decimals=0)


def number(text: str, **row: Any) -> str | None:
    found = World().value(f"to_string({text})", **row)
    return found if found is None else str(found)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("7 / 2", "3.5"),
        ("Logins / Seats", "0.333333333"),
        ("1 - 2 - 3", "-4"),
        ("2 + 3 * 4", "14"),
        ("(2 + 3) * 4", "20"),
        ("-ARR + 1", "-9.5"),
        ("0.1 + 0.2", "0.3"),
        ("ARR * 3", "31.5"),
        ("2 / 3 * 3", "2"),
        ("50000000.35 * 1", "50000000.35"),
        ("123456789.123456 + 0", "123456789.123456"),
        ("1e28 * 9", "90000000000000000000000000000"),
    ],
)
def test_arithmetic(text: str, result: str) -> None:
    assert number(text, Logins=1, Seats=3, ARR=Decimal("10.5")) == result


def test_division_by_zero_is_null_and_counted() -> None:
    rows = [{"Logins": 1, "Seats": 0}, {"Logins": 1, "Seats": 2}, {"Logins": None, "Seats": 0}, {"Logins": 1}]
    assert World().values("Logins / Seats", rows) == [None, Decimal("0.5"), None, None]
    assert World().counts("Logins / Seats", *rows) == {"division by zero": 1}


def test_division_by_zero_may_fail_the_run() -> None:
    world = World(context(formula__divide_by_zero="error"))
    assert [(spot.reason, spot.fatal) for spot in counted(world.bind("ARR / MRR"), world.env)][-1] == (
        "division by zero",
        True,
    )


def test_more_than_29_integer_digits_is_null_and_counted() -> None:
    row = {"ARR": Decimal("90000000000000000000000000000")}
    assert World().value("ARR * 2", **row) is None
    assert World().counts("ARR * 2", row, {"ARR": 1}) == {"number out of range": 1}
    assert World().counts("exp(ARR)", {"ARR": 1000}) == {"number out of range": 1}


def test_a_branch_that_is_not_taken_never_counts() -> None:
    text = "case when Seats = 0 then 0 when Seats > 5 then 1 else Logins / Seats end"
    rows = [{"Logins": 1, "Seats": 0}, {"Logins": 4, "Seats": 2}, {"Logins": 4, "Seats": None}]
    assert World().values(text, rows) == [Decimal(0), Decimal(2), None]
    assert World().counts(text, *rows) == {}
    assert World().counts("if(Seats = 0, 0, Logins / Seats)", *rows) == {}


def test_declared_decimals_round_once_and_half_away_from_zero() -> None:
    world = World()
    assert world.value("ARR * 1", CENTS, ARR=Decimal("2.675")) == Decimal("2.68")
    assert world.value("ARR * 1", CENTS, ARR=Decimal("399999.675")) == Decimal("399999.68")
    assert world.value("ARR * 1", INTEGER, ARR=Decimal("-2.5")) == Decimal(-3)
    assert world.value("ARR", INTEGER, ARR=Decimal("2.5")) == Decimal(3)
    assert world.value("Logins", INTEGER, Logins=2) == 2


@pytest.mark.parametrize("scale", [1, 1e3, 1e5, 4e6, 1e9, 1e13, 1e20])
def test_rounding_is_that_of_the_shortest_decimal_text(scale: float) -> None:
    dice = random.Random(7)
    doubles = [dice.random() * scale * dice.choice((1, -1)) / dice.choice((1, 3, 7)) for _ in range(400)]
    doubles += [dice.randrange(int(scale * 1000)) / 1000 for _ in range(400)]
    con = duckdb.connect()
    con.execute("CREATE TABLE doubles AS SELECT unnest(?::DOUBLE[]) AS x", [doubles])
    element = exp.column("x")
    for decimals, spelled in ((9, to_number(element)), (2, to_decimals(element, 2)), (0, to_decimals(element, 0))):
        found = [value for (value,) in con.execute(f"SELECT {sql_of(spelled)} FROM doubles").fetchall()]
        step = Decimal(1).scaleb(-decimals)
        wanted = [Decimal(repr(value)).quantize(step, WIDE.rounding, WIDE) for value in doubles]
        assert found == wanted


def test_numbers_and_texts_do_not_mix() -> None:
    for text, hint in (
        ("Name + ARR", "write to_string(…) to join a value to a text"),
        ("RenewalDate + 3", "write RenewalDate + 3 days, or add_days(date, number)"),
        ("RenewalDate - Start", "write date_diff(later, earlier, 'days')"),
        ("Status + Name", "write to_string(…) for the label"),
    ):
        with pytest.raises(InputError) as caught:
            World().bind(text)
        assert (caught.value.problems[0].code, caught.value.problems[0].hint) == ("GS-TYPE", hint)


def test_fifteen_digit_literals_keep_their_digits() -> None:
    assert number("ARR", ARR=Decimal("12345678901234567890123456789.123456789")) == (
        "12345678901234567890123456789.123456789"
    )


@pytest.mark.parametrize(
    ("given", "printed", "rounded", "up"),
    [
        ("899999999.999999999", "899999999.999999999", "900000000", "900000000"),
        ("900000000.5", "900000000.5", "900000001", "900000001"),
        ("-900000000.5", "-900000000.5", "-900000001", "-900000000"),
        ("123456789012345678901.25", "123456789012345678901.25", "123456789012345678901", "123456789012345678902"),
        ("0.000000001", "0.000000001", "0", "1"),
        ("-0.0005", "-0.0005", "0", "0"),
        ("899999.123456789", "899999.123456789", "899999", "900000"),
        ("99999999999999999999999999999.9", "99999999999999999999999999999.9", None, None),
    ],
)
def test_numbers_of_any_size_print_and_round(given: str, printed: str, rounded: str | None, up: str | None) -> None:
    row = {"ARR": Decimal(given)}
    assert number("ARR", **row) == printed
    assert number("round(ARR)", **row) == rounded
    assert number("ceil(ARR)", **row) == up
    assert World().value("ARR", INTEGER, **row) == (None if rounded is None else Decimal(rounded))
