from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from gsrules.errors import RunError

from .conftest import Desk

Value = Callable[..., Any]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5", "5"), ("-5.25", "-5.25"), ("+5", "5"), ("007", "7"), (".5", "0.5"), ("5.", "5"), ("1e3", "1000"),
        ("1E-3", "0.001"), (" 5\t", "5"), ("0.0000000005", "0.000000001"), ("-0.0000000005", "-0.000000001"),
        ("0.00000000049", "0"), ("12345678901234567890.5", "12345678901234567890.5"),
    ],
)  # fmt: skip
def test_number_text_is_read_exactly(value: Value, text: str, expected: str) -> None:
    assert value(text, "number") == Decimal(expected)


@pytest.mark.parametrize(
    ("text", "decimals", "expected"),
    [
        ("2.5", 0, "3"), ("-2.5", 0, "-3"), ("2.4999", 0, "2"), ("2.675", 2, "2.68"), ("1e2", 0, "100"),
        ("5e-10", 0, "0"), ("5e-1", 0, "1"), ("4e-1", 0, "0"), ("1.005", 2, "1.01"), ("7", 3, "7"),
    ],
)  # fmt: skip
def test_decimals_round_half_away_from_zero(value: Value, text: str, decimals: int, expected: str) -> None:
    assert value(text, {"type": "number", "decimals": decimals}) == Decimal(expected)


BAD_NUMBERS = ["1_000", "0x1F", "0b11", "inf", "nan", "1,5", "$5", "5%", "--5", "1e", "\x0b5", "\xa05", "5 5", "1e40"]


@pytest.mark.parametrize("text", BAD_NUMBERS)
@pytest.mark.parametrize("column", ["number", {"type": "number", "decimals": 0}, {"type": "number", "decimals": 2}])
def test_what_is_no_number_fails_the_task(desk: Desk, text: str, column: Any) -> None:
    content = f'a,b\n"{text}",x\n'.encode()
    with pytest.raises(RunError) as caught:
        desk.open(content, {"a": column})
    assert caught.value.problems[0].code == "GS-FILE-VALUE"
    with pytest.raises(duckdb.Error):
        desk.read(content, {"a": column}, exact=False)


@pytest.mark.parametrize("kind", ["number", "boolean", "date", "datetime", "gsid", "string"])
def test_an_empty_cell_is_null(value: Value, kind: str) -> None:
    assert value("", kind) is None
    assert value('""', kind) is None


@pytest.mark.parametrize("kind", ["number", "boolean", "date", "datetime", "gsid"])
def test_blanks_are_trimmed_before_a_cell_is_typed(desk: Desk, kind: str) -> None:
    assert desk.read_both(b'a,b\n" \t\n",x\n', {"a": kind}) == [(None,)]


def test_strings_are_not_trimmed(value: Value) -> None:
    assert value(" a ", "string") == " a "
    assert value("  ", "string") == "  "


@pytest.mark.parametrize(("text", "expected"), [("true", True), (" TRUE", True), ("yes", False), ("1", False)])
def test_only_true_is_true(value: Value, text: str, expected: bool) -> None:
    assert value(text, "boolean") is expected


def test_a_gsid_is_36_letters_and_digits(value: Value, desk: Desk) -> None:
    gsid = "1P02" + "A1" * 16
    assert value(gsid, "gsid") == gsid
    with pytest.raises(RunError, match="no GSID"):
        desk.open(b"a,b\n" + gsid[:-1].encode() + b",x\n", {"a": "gsid"})


def test_dates_use_the_columns_format_or_else_the_tasks(value: Value) -> None:
    assert value("02/29/2024", "date") == dt.date(2024, 2, 29)
    assert value("2024-02-29", "date", date_format="yyyy-MM-dd") == dt.date(2024, 2, 29)
    assert value("29.2.2024", {"type": "date", "format": "d.M.yyyy"}) == dt.date(2024, 2, 29)


def test_a_date_time_without_offset_is_read_in_the_tasks_zone(value: Value) -> None:
    expected = dt.datetime(2024, 3, 2, 7, 30)
    assert value("03/01/2024 23:30:00", "datetime", timezone="America/Los_Angeles") == expected
    with_offset = {"type": "datetime", "format": "yyyy-MM-dd'T'HH:mm:ssXXX"}
    assert value("2024-03-02T09:30:00+02:00", with_offset, timezone="America/Los_Angeles") == expected


@pytest.mark.parametrize(
    ("kind", "text"),
    [("date", "02/29/2024 10:00:00"), ("datetime", "02/29/2024"), ("date", "02/30/2024"), ("date", "2024-02-29")],
)
def test_a_date_that_does_not_fit_fails_the_task(desk: Desk, kind: str, text: str) -> None:
    with pytest.raises(RunError, match="no date"):
        desk.open(f"a,b\n{text},x\n".encode(), {"a": kind})


def test_a_qualified_empty_string_is_kept_when_the_profile_says_so(desk: Desk) -> None:
    content = b'a,b\n"",1\n,2\n'
    rows = desk.read_both(content, {"a": "string", "b": "number"}, profile={"s3.empty_string": "keep_quoted"})
    assert rows == [("", 1), (None, 2)]
    plain = desk.read_both(b"a,b\n,1\n", {"a": "string"}, profile={"s3.empty_string": "keep_quoted"})
    assert plain == [(None,)]


def test_bad_values_become_null_and_are_counted_when_the_profile_says_so(desk: Desk) -> None:
    source = desk.open(
        b"a,b\n1,02/30/2024\nx,\n2,x\n", {"a": "number", "b": "date"}, profile={"s3.on_bad_value": "null"}
    )
    assert desk.rows(source) == [(1, None), (None, None), (2, None)]
    assert [(bad.column, bad.rows) for bad in source.bad_cells] == [("a", 1), ("b", 2)]


@pytest.mark.parametrize(
    "text", ["infinity", "12026-01-05", "0001-01-01 (BC)", "2026-01-05 (BC)", "epoch", "2026-1-5", "2026/01/05"]
)
def test_a_date_that_only_duckdb_reads_asks_for_the_exact_form(desk: Desk, text: str) -> None:
    task = {"a": {"type": "date", "format": "yyyy-MM-dd"}, "b": "string"}
    assert desk.read(b"a,b\n2026-01-05,x\n,y\n", task, exact=False) == [(dt.date(2026, 1, 5), "x"), (None, "y")]
    with pytest.raises(duckdb.Error):
        desk.read(f"a,b\n2026-01-05,x\n{text},y\n".encode(), task, exact=False)


def test_a_whole_number_beyond_the_fast_form_asks_for_the_exact_one(desk: Desk) -> None:
    content = b"a,b\n99999999999999999999,x\n"
    column = {"a": {"type": "number", "decimals": 0}}
    with pytest.raises(duckdb.Error):
        desk.read(content, column, exact=False)
    assert desk.read(content, column) == [(Decimal("99999999999999999999"),)]


@pytest.mark.parametrize(("exact", "storage"), [(False, "BIGINT"), (True, "DECIMAL(38,9)")])
def test_columns_have_the_storage_type_that_they_state(desk: Desk, exact: bool, storage: str) -> None:
    columns = {"a": {"type": "number", "decimals": 0}, "b": "number", "c": "date", "d": "datetime", "e": "boolean"}
    source = desk.open(b"a,b,c,d,e\n1,2,,,\n", columns, exact=exact)
    names = [column.name for column in source.columns]
    described = desk.con.execute("DESCRIBE " + source.relation(names).sql("duckdb")).fetchall()
    assert [row[1] for row in described] == [column.type.storage for column in source.columns]
    assert described[0][1] == storage
