"""No value makes a function or an operator fail: what cannot be computed is null (data-setup.md §0, §2.2, §11)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from itertools import product
from typing import Any

import duckdb
import pytest

from gsrules.catalogue.datatypes import Family
from gsrules.expressions.counted import counted
from gsrules.expressions.functions import FUNCTIONS, Function, Param
from gsrules.expressions.spell import spell
from gsrules.expressions.tree import Expr
from tests.expressions.worlds import COLUMNS, World, context, sql_of

LARGEST = Decimal("99999999999999999999999999999.999999999")
SMALLEST = LARGEST.copy_negate()
VALUES: dict[str, list[Any]] = {
    "Name": [
        *("", "x", "a@b@c", "  ", "1e400", "-1e28", "inf", "1_000", "0001-01-01", "9999-12-31", "x" * 3000, None),
        *(
            "2023-02-30",
            "0000-01-01",
            "9999-12-31T23:59:59-18:00",
            "0001-01-01T00:00:00+18:00",
            "%_",
            "😀",
            "01/02/0003",
        ),
    ],
    "Domain": ["", "@", "b", None],
    "ARR": [Decimal(0), Decimal(1), Decimal("-0.5"), Decimal("0.000000001"), LARGEST, SMALLEST, Decimal("1e15"), None],
    "MRR": [Decimal(0), Decimal(-1), LARGEST, Decimal("2.5"), None],
    "Logins": [0, 1, -1, 2**62, -(2**62), None],
    "Seats": [0, 3, None],
    "Active": [True, False, None],
    "RenewalDate": [date(1, 1, 1), date(9999, 12, 31), date(2024, 2, 29), date(1969, 12, 31), None],
    "Start": [date(1, 1, 1), date(9999, 12, 31), date(2024, 1, 31), None],
    "CreatedDate": [datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999000), datetime(2024, 3, 10, 9), None],
    "ModifiedDate": [datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999000), None],
}
COLUMNS_OF = {
    Family.TEXT: ("Name", "Domain"),
    Family.NUMBER: ("ARR", "MRR", "Logins"),
    Family.DATE: ("RenewalDate", "Start"),
    Family.DATETIME: ("CreatedDate", "ModifiedDate"),
    Family.BOOLEAN: ("Active", "Active"),
}
ZONES = ("UTC", "Asia/Tokyo", "America/Los_Angeles")
FORMATS = {"to_date": "'MM/dd/yyyy'", "to_datetime": "'yyyy-MM-dd HH:mm:ssXXX'", "to_string": ""}


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    """Every combination of two columns' values is a table `of_<a>_<b>`; others are made as they are needed."""
    return duckdb.connect()


def calls(entry: Function) -> list[str]:
    """The function over columns of every family that it takes."""
    texts = []
    for families in product(*(_families(param) for param in entry.params)):
        args = [
            _constant(entry, param) if param.constant else COLUMNS_OF[family][min(at, len(COLUMNS_OF[family]) - 1)]
            for at, (param, family) in enumerate(zip(entry.params, families, strict=True))
        ]
        if entry.one_family is not None and len(set(families[entry.one_family :])) > 1:
            continue
        if entry.name == "round":
            args[1] = "2"
        if entry.name in FORMATS and families[0] is not Family.TEXT:
            args[1] = ""
        texts.append(f"{entry.name}({', '.join(arg for arg in args if arg)})")
    return texts


def _families(param: Param) -> list[Family]:
    return [Family.TEXT] if param.constant else [family for family in COLUMNS_OF if family in param.families]


def _constant(entry: Function, param: Param) -> str:
    return f"'{param.choices[-1]}'" if param.choices else FORMATS[entry.name]


CALLS = [text for entry in FUNCTIONS.values() if entry.spell for text in calls(entry)]
ARITHMETIC = ["ARR + MRR", "ARR - MRR", "ARR * MRR", "ARR / MRR", "-ARR", "Logins * Logins", "ARR * MRR * ARR / MRR"]
SHIFTS = [
    f"{base} {sign} 9999 {unit}"
    for base, sign, unit in product(
        ("RenewalDate", "CreatedDate"), "+-", ("days", "weeks", "months", "quarters", "years")
    )
]
CONDITIONS = [
    "ARR between MRR and Logins", "Logins = ARR", "Name contains Domain", "Name ~ Domain", "CreatedDate = Start",
    "CreatedDate > RenewalDate", "CreatedDate in last 7 days", "CreatedDate between Start and RenewalDate",
    "CreatedDate >= '0001-01-01'", "CreatedDate <= '9999-12-31'", "to_string(CreatedDate) = Name",
]  # fmt: skip


def rows_of(tree: Expr) -> list[dict[str, Any]]:
    from gsrules.expressions.tree import references

    names = sorted(references(tree))
    return [dict(zip(names, values, strict=True)) for values in product(*(VALUES[name] for name in names))]


@pytest.mark.parametrize("text", [*CALLS, *ARITHMETIC, *SHIFTS, *CONDITIONS])
def test_nothing_fails_on_extreme_values(text: str, con: duckdb.DuckDBPyConnection) -> None:
    for zone in ZONES:
        world = World(context(date(2024, 5, 15), tenant__timezone=zone))
        tree = world.bind(text)
        rows = rows_of(tree)[:400]
        columns = [column for column in COLUMNS if rows and column.name in rows[0]]
        kinds = ", ".join(f'"{column.name}" {column.type.storage}' for column in columns) or "one INTEGER"
        con.execute(f"CREATE OR REPLACE TEMP TABLE world ({kinds})")
        marks = ", ".join("?" for _ in columns) or "1"
        given = [cell for row in rows for cell in (row[column.name] for column in columns)]
        con.execute(f"INSERT INTO world VALUES {', '.join(f'({marks})' for _ in rows)}", given)
        spots = counted(tree, world.env)
        parts = [spell(tree, world.env), *(spot.condition for spot in spots)]
        found = con.execute(f"SELECT {', '.join(sql_of(part) for part in parts)} FROM world").fetchall()
        for row, (value, *hits) in zip(rows, found, strict=True):
            _in_range(value, f"{text} {zone} {row}")
            lost = value is None and all(cell is not None for cell in row.values())
            if (
                lost
                and text not in CONDITIONS
                and not text.startswith(("to_number", "to_boolean", "to_date", "nullif"))
            ):
                assert True in hits, f"{text} {zone} {row} is null, and nothing is counted"


def _in_range(value: Any, what: str) -> None:
    if isinstance(value, date):
        assert 1 <= value.year <= 9999, what
    if isinstance(value, Decimal):
        assert value.copy_abs() < Decimal("1e29"), what
    assert not isinstance(value, float), what
    if isinstance(value, datetime):
        assert value.microsecond % 1000 == 0, what
