from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from gsrules.errors import Place
from gsrules.sources.formats import Format
from gsrules.spec.text import Text

CON = duckdb.connect()


def read(pattern: str, text: str | None, zone: str = "UTC") -> Any:
    query = exp.select(Format.parse(pattern).read(exp.column("t"), zone))
    return CON.execute(query.sql("duckdb") + " FROM (SELECT ?::VARCHAR AS t)", [text]).fetchall()[0][0]


def write(pattern: str, value: dt.date | dt.datetime, zone: str = "UTC") -> str:
    kind = "TIMESTAMP" if isinstance(value, dt.datetime) else "DATE"
    query = exp.select(Format.parse(pattern).write(exp.column("t"), zone))
    found: str = CON.execute(query.sql("duckdb") + f" FROM (SELECT ?::{kind} AS t)", [value]).fetchall()[0][0]
    return found


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("yyyy-MM-dd", "2024-02-29", dt.date(2024, 2, 29)),
        ("yyyy-MM-dd", "\t 2024-02-29\r\n", dt.date(2024, 2, 29)),
        ("yyyyMMdd", "20240131", dt.date(2024, 1, 31)),
        ("MM/dd/yyyy", "02/29/2024", dt.date(2024, 2, 29)),
        ("M/d/yy", "2/9/69", dt.date(2069, 2, 9)),
        ("d MMM uuuu", "3 sEp 2024", dt.date(2024, 9, 3)),
        ("MMMM d, yyyy", "may 7, 2024", dt.date(2024, 5, 7)),
        ("EEEE, d.M.yyyy", "wednesday, 15.5.2024", dt.date(2024, 5, 15)),
        ("'Week of' yyyy-MM-dd", "Week of 2024-05-15", dt.date(2024, 5, 15)),
        ("yyyy'''yy'-MM-dd", "2024'yy-05-15", dt.date(2024, 5, 15)),
        ("[yyyy-MM-dd][MM/dd/yyyy]", "05/15/2024", dt.date(2024, 5, 15)),
        ("yyyy-MM-dd%", "2024-05-15%", dt.date(2024, 5, 15)),
    ],
)
def test_a_date_that_fits_its_format_is_read(pattern: str, text: str, expected: dt.date) -> None:
    assert read(pattern, text) == expected


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("yyyy-MM-dd", "24-1-5"),
        ("yyyy-MM-dd", "2024-1-05"),
        ("yyyy-MM-dd", "2023-02-30"),
        ("yyyy-MM-dd", "2024-02-29 00:00:00"),
        ("yyyy-MM-dd", "0000-01-01"),
        ("yyyy-MM-dd", "12024-01-01"),
        ("yyyy-MM-dd", "-024-01-01"),
        ("yyyy-MM-dd", "epoch"),
        ("yyyy-MM-dd", "2024-01-01 (BC)"),
        ("yyyy-MM-dd", "２０２４-01-01"),
        ("MM/dd/yyyy", "13/01/2024"),
        ("MM/dd/yyyy", "2024-01-01"),
        ("E d.M.yyyy", "Thu 15.5.2024"),
        ("yyyy-MM-dd HH:mm", "2024-01-01 24:00"),
        ("yyyy-MM-dd HH:mm:ss", "2024-01-01 23:59:60"),
        ("yyyy-MM-dd hh:mm a", "2024-01-01 13:00 PM"),
        ("yyyy-MM-dd HH:mmXXX", "2024-01-01 10:00+19:00"),
        ("yyyy-MM-dd HH:mm", "2024-01-01\n10:00"),
        ("yyyy-MM-dd", ""),
        ("yyyy-MM-dd", None),
    ],
)
def test_what_does_not_fit_the_format_is_null(pattern: str, text: str | None) -> None:
    assert read(pattern, text) is None


@pytest.mark.parametrize(
    ("pattern", "text", "zone", "expected"),
    [
        # The worked example of data-setup.md §15.
        ("yyyy-MM-dd'T'HH:mm:ss['.'SSS][XXXXX]", "2017-03-22T12:37:23-08:00", "UTC", "2017-03-22 20:37:23"),
        ("yyyy-MM-dd'T'HH:mm:ss['.'SSS][XXXXX]", "2017-03-22T12:37:23.045Z", "UTC", "2017-03-22 12:37:23.045"),
        ("yyyy-MM-dd'T'HH:mm:ss['.'SSS][XXXXX]", "2017-03-22T12:37:23", "Asia/Kolkata", "2017-03-22 07:07:23"),
        ("yyyy-MM-dd HH:mm:ss", "2024-07-01 00:00:00", "America/Los_Angeles", "2024-07-01 07:00:00"),
        ("yyyy-MM-dd H", "2024-07-01 5", "UTC", "2024-07-01 05:00:00"),
        ("yyyy-MM-dd hh:mm a", "2024-07-01 12:05 am", "UTC", "2024-07-01 00:05:00"),
        ("yyyy-MM-dd h:m:s a", "2024-07-01 1:2:3 PM", "UTC", "2024-07-01 13:02:03"),
        ("yyyy-MM-dd HH:mm:ss.S", "2024-07-01 01:02:03.4", "UTC", "2024-07-01 01:02:03.4"),
        ("yyyy-MM-dd HH:mm:ss.SSSSSSSSS", "2024-07-01 01:02:03.456999999", "UTC", "2024-07-01 01:02:03.456"),
        ("yyyy-MM-dd HH:mm Z", "2024-07-01 01:02 +0530", "UTC", "2024-06-30 19:32:00"),
        ("yyyy-MM-dd HH:mm XXXX", "2024-07-01 01:02 -000030", "UTC", "2024-07-01 01:02:30"),
    ],
)
def test_a_date_time_becomes_utc(pattern: str, text: str, zone: str, expected: str) -> None:
    assert read(pattern, text, zone) == dt.datetime.fromisoformat(expected)


@pytest.mark.parametrize(
    ("pattern", "zone", "expected"),
    [
        ("yyyy-MM-dd'T'HH:mm:ss['.'SSS][XXXXX]", "UTC", "2024-01-02T03:04:05.678Z"),
        ("yyyy-MM-dd'T'HH:mm:ss['.'SSS][XXXXX]", "Asia/Kolkata", "2024-01-02T08:34:05.678+05:30"),
        ("d.M.yy h:m:s a", "America/Los_Angeles", "1.1.24 7:4:5 PM"),
        ("EEEE E MMMM MMM", "UTC", "Tuesday Tue January Jan"),
        ("S SS SSSSS", "UTC", "6 67 67800"),
        ("x xx xxx Z X", "UTC", "+00 +0000 +00:00 +0000 Z"),
        ("''%", "UTC", "'%"),
    ],
)
def test_writing_uses_every_token(pattern: str, zone: str, expected: str) -> None:
    assert write(pattern, dt.datetime(2024, 1, 2, 3, 4, 5, 678000), zone) == expected


DATE_PATTERNS = ["yyyy-MM-dd", "MM/dd/yyyy", "d MMM yyyy", "EEEE d.M.yyyy", "yyyyMMdd", "MMMM dd, uuuu"]
TIME_PATTERNS = [
    "yyyy-MM-dd HH:mm:ss.SSS", "MM/dd/yyyy hh:mm:ss.SSS a", "E d MMM yyyy H:m:s.SSSXXX", "yyyyMMddHHmmss.SSSZ",
    "yyyy-MM-dd'T'HH:mm:ss['.'SSS][XXXXX]",
]  # fmt: skip


@given(st.dates(dt.date(1, 1, 1), dt.date(9999, 12, 31)), st.sampled_from(DATE_PATTERNS))
@settings(max_examples=200, deadline=None)
def test_a_date_written_is_read_again(day: dt.date, pattern: str) -> None:
    text = write(pattern, day)
    assert read(pattern, text) == day
    assert Format.parse(pattern).write_day(day) == text


@given(
    st.datetimes(dt.datetime(1970, 1, 2), dt.datetime(2199, 12, 30)).map(
        lambda value: value.replace(microsecond=value.microsecond // 1000 * 1000)
    ),
    st.sampled_from(TIME_PATTERNS),
    st.sampled_from(["UTC", "Asia/Kolkata", "Asia/Tokyo"]),
)
@settings(max_examples=200, deadline=None)
def test_a_date_time_written_is_read_again(moment: dt.datetime, pattern: str, zone: str) -> None:
    assert read(pattern, write(pattern, moment, zone), zone) == moment


@given(
    st.sampled_from(["yyyy-MM-dd", "MM/dd/yyyy", "yyyy-MM-dd HH:mm:ss", "MM/dd/yyyy HH:mm", "yyyyMMdd"]),
    st.text(alphabet="0123459-/: +\x0b\xa0", max_size=21),
)
@settings(max_examples=400, deadline=None)
def test_the_cheap_form_and_the_general_form_agree(pattern: str, text: str) -> None:
    # The cheap form knows untrimmed texts only, so a tab behind the text leaves it to the general form.
    assert read(pattern, text) == read(pattern, text + "\t")


@given(st.sampled_from(["yyyy-MM-dd", "MM/dd/yyyy", "yyyyMMdd"]), st.integers(0, 99999999))
@settings(max_examples=300, deadline=None)
def test_the_cheap_form_takes_true_dates_only(pattern: str, digits: int) -> None:
    year, month, day = digits // 10000, digits // 100 % 100, digits % 100
    text = pattern.replace("yyyy", f"{year:04}").replace("MM", f"{month:02}").replace("dd", f"{day:02}")
    try:
        expected = dt.date(year, month, day)
    except ValueError:
        expected = None
    assert read(pattern, text) == expected


@pytest.mark.parametrize(
    ("pattern", "hint"),
    [
        ("YYYY-MM-dd", "yyyy"), ("yyyy-MM-DD", "dd"), ("yyyy-LL-dd", "MM"), ("yyyyy-MM-dd", "yyyy"),
        ("yyyy-MM-dd kk", "HH"), ("yyyy-MM-dd HH:mm z", "XXX"), ("yyyy-MM-dd HH:mm ZZZZ", "+0100"),
        ("yyyy-MM-ddT", "'T'"), ("yyyy-MM-dd'", "''"), ("yyyy-MM-[dd", "]"), ("yyyy]-MM-dd", "["),
        ("yyyy#MM", "'#'"), ("yyyy-MM-dd SSSSSSSSSS", "nine"), ("", "yyyy-MM-dd"),
    ],
)  # fmt: skip
def test_a_token_that_is_not_supported_is_refused_with_a_hint(pattern: str, hint: str) -> None:
    found = Format.parse(pattern)
    assert not found.usable
    assert any(hint in problem.hint for problem in found.problems)


def test_more_than_sixteen_variants_are_refused() -> None:
    assert Format.parse("yyyy-MM-dd[a][E][H][m]").usable
    assert not Format.parse("yyyy-MM-dd[a][E][H][m][s]").usable


@pytest.mark.parametrize(
    ("check", "pattern", "fits"),
    [
        (Format.date_problems, "yyyy-MM-dd", True),
        (Format.date_problems, "yyyy-MM", False),
        (Format.date_problems, "yyyy-MM-dd HH", False),
        (Format.date_problems, "yyyy-MM-dd yy", False),
        (Format.datetime_problems, "yyyy-MM-dd HH", True),
        (Format.datetime_problems, "yyyy-MM-dd", False),
        (Format.datetime_problems, "yyyy-MM HH:mm", False),
        (Format.datetime_problems, "yyyy-MM-dd hh:mm", False),
        (Format.datetime_problems, "yyyy-MM-dd hh:mm a", True),
        (Format.path_problems, "yyyyMM", True),
        (Format.path_problems, "yyyyMMddHH", False),
    ],
)
def test_what_a_format_must_hold_depends_on_its_use(check: Callable[[Format], Any], pattern: str, fits: bool) -> None:
    assert (not check(Format.parse(pattern))) is fits


def test_minutes_before_an_hour_are_doubted() -> None:
    (problem,) = Format.parse("yyyy-mm-dd").problems
    assert (problem.severity, problem.hint) == ("warning", "perhaps MM is meant, the month")
    assert not Format.parse("HH:mm").problems


def test_minutes_in_a_date_are_taken_for_the_month() -> None:
    problem = Format.parse("yyyy-mm-dd").date_problems()[-1]
    assert (problem.severity, problem.message) == ("error", "a Date format holds no time of day")
    assert problem.hint == "take the time tokens out; perhaps MM is meant, the month"
    assert Format.parse("yyyy-MM-dd HH").date_problems()[-1].hint == "take the time tokens out"


def test_a_problem_points_at_the_token() -> None:
    text = Text("yyyy-QQ", Place("rule.yml", 3, 10, "  format: yyyy-QQ"))
    (problem,) = Format.parse(text).problems
    assert problem.place is not None
    assert (problem.place.line, problem.place.column) == (3, 15)
