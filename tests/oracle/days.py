"""Days, periods and due dates (data-setup.md §3, §11.4, §13; actions.md §6.4)."""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from typing import Any

from tests.oracle.values import Context, RefusedError

MONTHS = {"month": 1, "quarter": 3, "year": 12}
DAYS = {"day": 1, "week": 7}


def add_months(day: date, months: int) -> date:
    """Keeps the day of month and clips to the last day (§3.1)."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def shift(day: Any, count: int, unit: str) -> Any:
    """None where no date of four digits is that far away."""
    unit = unit.removesuffix("s")
    try:
        if unit in DAYS:
            return day + timedelta(days=count * DAYS[unit])
        if unit in MONTHS:
            return add_months(day, count * MONTHS[unit])
    except (OverflowError, ValueError):
        return None
    raise RefusedError("GS-SYNTAX", f"unknown unit {unit}")


def week_start(day: date, context: Context) -> date:
    first = 6 if context.profile["calendar.week_start"] == "sunday" else 0
    return day - timedelta(days=(day.weekday() - first) % 7)


def start_of(day: date, unit: str, context: Context) -> date:
    """First day of the period of `unit` that holds `day`."""
    fiscal = int(context.profile["calendar.fiscal_year_start_month"])
    if unit == "day":
        return day
    if unit == "week":
        return week_start(day, context)
    if unit == "month":
        return day.replace(day=1)
    if unit == "quarter":
        return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
    if unit == "year":
        return date(day.year, 1, 1)
    back = (day.month - fiscal) % (3 if unit == "fiscal quarter" else 12)
    return add_months(day.replace(day=1), -back)


def last_of(day: date, unit: str, context: Context) -> date:
    """Last day of the week, month or quarter that holds `day`."""
    if unit == "week":
        begins = 6 if context.profile["calendar.week_start"] == "sunday" else 0
        return day + timedelta(days=6 - (day.weekday() - begins) % 7)
    first = start_of(day, unit, context)
    month = first.month + (2 if unit == "quarter" else 0)
    return date(first.year, month, calendar.monthrange(first.year, month)[1])


def move(start: date, count: int, unit: str) -> date:
    moved = shift(start, count, unit.removeprefix("fiscal "))
    assert isinstance(moved, date)
    return moved


def period(kind: str, count: int, unit: str, context: Context) -> tuple[date, date]:
    """Both ends, included, of a period literal (§3.3); `kind` is its first words, `unit` the last."""
    near = {"today": 0, "yesterday": -1, "tomorrow": 1}
    if kind in near:
        return (context.rule_date + timedelta(days=near[kind]),) * 2
    if kind in ("last", "next") and context.profile["filter.last_n"] == "include_current":
        kind = f"current and {kind}"
    start = start_of(context.rule_date, unit, context)
    following = move(start, 1, unit)
    first, end = {
        "this": (start, following),
        "last": (move(start, -count, unit), start),
        "next": (following, move(following, count, unit)),
        "current and last": (move(start, -count, unit), following),
        "current and next": (start, move(following, count, unit)),
    }[kind]
    return first, end - timedelta(days=1)


def months_between(later: date, earlier: date) -> int:
    """Largest m with earlier + m months <= later; the negative mirror when later comes first (§11.4)."""
    if later < earlier:
        return -months_between(earlier, later)
    months = (later.year - earlier.year) * 12 + later.month - earlier.month
    return months if add_months(earlier, months) <= later else months - 1


def week_number(day: date, context: Context) -> int:
    if context.profile["calendar.week_number"] == "iso":
        return day.isocalendar().week
    return (week_start(day, context) - week_start(date(day.year, 1, 1), context)).days // 7 + 1


def fiscal_labels(day: date, context: Context) -> tuple[str, str]:
    """(`Q4 FY2024`, `FY2024`) of a day (§11.4)."""
    start = int(context.profile["calendar.fiscal_year_start_month"])
    first = start_of(day, "fiscal year", context)
    named = first if context.profile["calendar.fiscal_year_named_by"] == "start" else add_months(first, 11)
    quarter = ((day.month - start + 12) % 12) // 3 + 1
    return f"Q{quarter} FY{named.year}", f"FY{named.year}"


SKIPPED = {"weekends": (5, 6), "saturday": (5,), "sunday": (6,), "nothing": ()}


def due_date(rule_date: date, days: int, skip: str, mode: str) -> date:
    """actions.md §6.4."""
    skipped = SKIPPED[skip]
    day = rule_date
    if mode == "shift":
        day += timedelta(days=days)
        while day.weekday() in skipped:
            day += timedelta(days=1)
        return day
    while days == 0 and day.weekday() in skipped:
        day += timedelta(days=1)
    while days:
        day += timedelta(days=1)
        days -= day.weekday() not in skipped
    return day
