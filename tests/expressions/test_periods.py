"""Ranges of periods and shifted dates (data-setup.md §3)."""

from __future__ import annotations

from datetime import date

import pytest

from gsrules.expressions.periods import Calendar, period_range, shift

RULE_DATE = date(2024, 5, 15)
SUNDAYS = Calendar("sunday", 1)


@pytest.mark.parametrize(
    ("literal", "count", "first", "last"),
    [
        ("TODAY", None, "2024-05-15", "2024-05-15"),
        ("YESTERDAY", None, "2024-05-14", "2024-05-14"),
        ("TOMORROW", None, "2024-05-16", "2024-05-16"),
        ("THIS_WEEK", None, "2024-05-12", "2024-05-18"),
        ("THIS_MONTH", None, "2024-05-01", "2024-05-31"),
        ("CURRENT_CYQ", None, "2024-04-01", "2024-06-30"),
        ("CURRENT_CY", None, "2024-01-01", "2024-12-31"),
        ("LAST_N_DAYS", 7, "2024-05-08", "2024-05-14"),
        ("NEXT_N_DAYS", 7, "2024-05-16", "2024-05-22"),
        ("CURRENT_AND_LAST_N_DAYS", 7, "2024-05-08", "2024-05-15"),
        ("CURRENT_AND_NEXT_N_DAYS", 7, "2024-05-15", "2024-05-22"),
        ("LAST_N_WEEKS", 2, "2024-04-28", "2024-05-11"),
        ("NEXT_N_WEEKS", 1, "2024-05-19", "2024-05-25"),
        ("LAST_N_MONTHS", 3, "2024-02-01", "2024-04-30"),
        ("LAST_N_QUARTERS", 1, "2024-01-01", "2024-03-31"),
        ("NEXT_N_QUARTERS", 2, "2024-07-01", "2024-12-31"),
        ("LAST_N_YEARS", 1, "2023-01-01", "2023-12-31"),
        ("CURRENT_AND_LAST_N_WEEKS", 2, "2024-04-28", "2024-05-18"),
        ("CURRENT_AND_NEXT_N_MONTHS", 1, "2024-05-01", "2024-06-30"),
    ],
)
def test_a_period_covers_its_days(literal: str, count: int | None, first: str, last: str) -> None:
    found = period_range(literal, count, RULE_DATE, SUNDAYS, include_current=False)
    assert found == (date.fromisoformat(first), date.fromisoformat(last))


def test_weeks_may_start_on_monday() -> None:
    found = period_range("THIS_WEEK", None, RULE_DATE, Calendar("monday", 1), include_current=False)
    assert found == (date(2024, 5, 13), date(2024, 5, 19))


@pytest.mark.parametrize(
    ("literal", "count", "first", "last"),
    [
        ("CURRENT_FYQ", None, "2024-05-01", "2024-07-31"),
        ("CURRENT_FY", None, "2024-02-01", "2025-01-31"),
        ("LAST_N_FISCAL_QUARTERS", 2, "2023-11-01", "2024-04-30"),
        ("NEXT_N_FISCAL_YEARS", 1, "2025-02-01", "2026-01-31"),
        ("CURRENT_AND_LAST_N_FISCAL_YEARS", 1, "2023-02-01", "2025-01-31"),
    ],
)
def test_fiscal_periods_follow_the_first_fiscal_month(literal: str, count: int | None, first: str, last: str) -> None:
    found = period_range(literal, count, RULE_DATE, Calendar("sunday", 2), include_current=False)
    assert found == (date.fromisoformat(first), date.fromisoformat(last))


def test_last_n_may_include_the_current_period() -> None:
    plain = period_range("CURRENT_AND_LAST_N_MONTHS", 3, RULE_DATE, SUNDAYS, include_current=False)
    assert period_range("LAST_N_MONTHS", 3, RULE_DATE, SUNDAYS, include_current=True) == plain


def test_months_clip_to_the_last_day() -> None:
    assert shift(date(2023, 12, 31), 2, "months") == date(2024, 2, 29)
    assert shift(date(2024, 3, 31), -1, "months") == date(2024, 2, 29)
    assert shift(date(2024, 2, 29), 1, "years") == date(2025, 2, 28)
    assert shift(date(2024, 5, 31), 1, "quarters") == date(2024, 8, 31)
