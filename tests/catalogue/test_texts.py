"""Accepted text forms of every type, platform.md §2.4."""

from __future__ import annotations

import datetime as dt
import json
import random
from decimal import Decimal

import duckdb
import pytest
from sqlglot import exp

from gsrules.catalogue.datatypes import DataType, Kind
from gsrules.catalogue.texts import from_text


def read(kind: str, text: str | None, zone: str = "UTC") -> object:
    value = from_text(DataType(Kind(kind)), exp.column("t"), zone).sql(dialect="duckdb")
    row = duckdb.execute(f"SELECT {value} FROM (SELECT ?::VARCHAR AS t)", [text]).fetchone()
    assert row is not None
    return row[0]


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("number", " 1.5e3\n", Decimal(1500)), ("number", "+.5", Decimal("0.5")), ("number", "7.", Decimal(7)),
        ("number", "0.1234567895", Decimal("0.123456790")), ("number", "-0.0000000005", Decimal("-1E-9")),
        ("number", "1_000", None), ("number", "inf", None), ("number", "1,000", None), ("number", "", None),
        ("number", "9" * 29, Decimal("9" * 29)), ("number", "9" * 30, None),
        ("currency", "1,234,567.50", Decimal("1234567.5")), ("currency", "12,34", None),
        ("currency", "-5", Decimal(-5)),
        ("percentage", "45", Decimal(45)), ("percentage", "45%", None),
        ("boolean", "TRUE", True), ("boolean", " false ", False), ("boolean", "yes", None), ("boolean", "1", None),
        ("date", "2024-02-29", dt.date(2024, 2, 29)), ("date", "2026-02-29", None),
        ("date", "02/03/2026", dt.date(2026, 2, 3)), ("date", "02-03-2026", dt.date(2026, 2, 3)),
        ("date", "2026-2-3", None), ("date", "13/01/2026", None), ("date", "0000-01-01", None),
        ("date", "0001-01-01", dt.date(1, 1, 1)), ("date", "9999-12-31", dt.date(9999, 12, 31)),
        ("datetime", "2026-01-02T03:04", dt.datetime(2026, 1, 2, 3, 4)),
        ("datetime", "2026-01-02 03:04:05.1239", dt.datetime(2026, 1, 2, 3, 4, 5, 123000)),
        ("datetime", "2026-01-02T03:04:05Z", dt.datetime(2026, 1, 2, 3, 4, 5)),
        ("datetime", "2026-01-02T03:04:05+05:30", dt.datetime(2026, 1, 1, 21, 34, 5)),
        ("datetime", "2026-01-02T03:04:05-0800", dt.datetime(2026, 1, 2, 11, 4, 5)),
        ("datetime", "01/02/2026 03:04:05", dt.datetime(2026, 1, 2, 3, 4, 5)),
        ("datetime", "2026-01-02", dt.datetime(2026, 1, 2)), ("datetime", "2026-01-02T25:00", None),
        ("datetime", "2026-01-02T24:00:00", None), ("datetime", "2026-01-02 24:00", None),
        ("datetime", "2026-01-02T24:00:00Z", None), ("datetime", "01/02/2026 24:00:00", None),
        ("datetime", "2026-01-02T23:59:59", dt.datetime(2026, 1, 2, 23, 59, 59)),
        ("datetime", "1767225600000", None),
        ("email", "a@b.co", "a@b.co"), ("email", " a@b.co ", "a@b.co"), ("email", "a@b", None),
        ("email", "a b@c.de", None), ("email", "@b.co", None), ("email", "a@b@c.de", None),
        ("url", "https://x.y/z?q", "https://x.y/z?q"), ("url", "www.x.y", "www.x.y"), ("url", "x.y", None),
        ("url", "http://a b", None),
        ("gsid", "1P02" + "0" * 32, "1P02" + "0" * 32), ("gsid", "1p02" + "0" * 32, None), ("gsid", "x", None),
        ("sfdc_id", "0012F000000AAAA", "0012F000000AAAA"), ("sfdc_id", "0012F000000AAAAXYZ", "0012F000000AAAAXYZ"),
        ("sfdc_id", "0012F000000AAAAX", None),
        ("json", '{"a": 1}', '{"a": 1}'), ("json", "{", None),
        ("string", "  kept as is ", "  kept as is "), ("string", "", ""),
    ],
)  # fmt: skip
def test_text_forms(kind: str, text: str, value: object) -> None:
    assert read(kind, text) == value


def _refuse(constant: str) -> object:
    raise ValueError(constant)


def _is_json(text: str) -> bool:
    try:
        json.loads(text, parse_constant=_refuse)
    except ValueError:
        return False
    return True


JSON_PIECES = [
    "[", "]", "{", "}", ",", ":", '"', "\\", "a", "1", "0", "-", ".", "e", "+", "NaN", "Infinity", "null", "true",
    "inf", " ", "\n", "\t", "\v", "/*", "*/", "//", '"a,]"', '"b":', "[1,]", "[1, 2]", '{"a": 1,}', '{"a": "\\\\"}',
    "é", "TRUE",
]  # fmt: skip


def test_json_is_what_the_standard_says_and_not_what_duckdb_lets_pass() -> None:
    """Compared with Python's reader, which refuses everything but NaN and Infinity by itself."""
    dice = random.Random(20261123)
    texts = ["".join(dice.choices(JSON_PIECES, k=dice.randint(1, 6))) for _ in range(20_000)]
    texts += ["[1,]", '{"a": 1,}', "NaN", "-Infinity", '["Infinity", "NaN", ",]"]', '["\\",]"]', '"a\nb"', "1e999"]
    value = from_text(DataType(Kind.JSON), exp.column("t"), "UTC").sql(dialect="duckdb")
    read_as = duckdb.execute(f"SELECT t, {value} FROM (SELECT unnest(?::VARCHAR[]) AS t)", [texts]).fetchall()
    assert dict(read_as) == {text: text if _is_json(text) else None for text in texts}
    assert sum(map(_is_json, texts)) > 500


def test_null_stays_null() -> None:
    for kind in Kind:
        assert read(kind.value, None) is None


def test_datetimes_without_offset_are_in_the_tenants_zone() -> None:
    assert read("datetime", "2026-01-02T03:04", "Europe/Berlin") == dt.datetime(2026, 1, 2, 2, 4)
    assert read("datetime", "07/02/2026 03:04:05", "Europe/Berlin") == dt.datetime(2026, 7, 2, 1, 4, 5)
    assert read("datetime", "2026-01-02", "Europe/Berlin") == dt.datetime(2026, 1, 1, 23, 0)
    assert read("datetime", "2026-01-02T03:04Z", "Europe/Berlin") == dt.datetime(2026, 1, 2, 3, 4)
