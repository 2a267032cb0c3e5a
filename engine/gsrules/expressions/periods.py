"""The rule date's calendar: shifts and period literals (data-setup.md §3)."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

from gsrules.dataclass import dataclass
from gsrules.expressions.tree import Unit

UNIT_WORDS: dict[str, Unit] = {
    "day": "days",
    "days": "days",
    "week": "weeks",
    "weeks": "weeks",
    "month": "months",
    "months": "months",
    "quarter": "quarters",
    "quarters": "quarters",
    "year": "years",
    "years": "years",
}

FIXED_PERIODS = {
    "week": "THIS_WEEK",
    "month": "THIS_MONTH",
    "quarter": "CURRENT_CYQ",
    "year": "CURRENT_CY",
    "fiscal quarter": "CURRENT_FYQ",
    "fiscal year": "CURRENT_FY",
}
"""What may follow `in this`, and the platform's literal for it."""

_COUNTED_UNITS = ("days", "weeks", "months", "quarters", "years", "fiscal quarters", "fiscal years")
_MONTHS = {"months": 1, "quarters": 3, "years": 12}


@dataclass(frozen=True, slots=True)
class Calendar:
    """How a tenant counts weeks and fiscal years."""

    week_start: str
    fiscal_start_month: int


def counted_period(with_current: bool, direction: str, unit: str) -> str | None:
    """The platform's literal, such as CURRENT_AND_LAST_N_FISCAL_YEARS; None for an unknown unit."""
    if unit not in _COUNTED_UNITS:
        return None
    return f"{'CURRENT_AND_' if with_current else ''}{direction.upper()}_N_{unit.upper().replace(' ', '_')}"


def shift(day: date, amount: int, unit: Unit) -> date:
    """`day` moved by `amount` units, the day of month clipped to the last one.

    Raises OverflowError beyond the years 1–9999.
    """
    if unit == "days":
        return day + timedelta(days=amount)
    if unit == "weeks":
        return day + timedelta(weeks=amount)
    month = day.year * 12 + day.month - 1 + amount * _MONTHS[unit]
    year, index = divmod(month, 12)
    if not 1 <= year <= 9999:
        raise OverflowError("date value out of range")
    return date(year, index + 1, min(day.day, monthrange(year, index + 1)[1]))


def period_range(
    literal: str, count: int | None, rule_date: date, calendar: Calendar, include_current: bool
) -> tuple[date, date]:
    """First and last day of a period, both included (data-setup.md §3.3).

    `include_current` (`filter.last_n`) makes LAST_N and NEXT_N equal to their CURRENT_AND_ forms.
    Raises OverflowError beyond the years 1–9999.
    """
    fixed = {"TODAY": 0, "YESTERDAY": -1, "TOMORROW": 1}
    if literal in fixed:
        day = shift(rule_date, fixed[literal], "days")
        return day, day
    if count is None:
        unit = {literal: unit for unit, literal in FIXED_PERIODS.items()}[literal]
        start = _start(unit, rule_date, calendar)
        return start, _before(_step(start, 1, unit))
    with_current = literal.startswith("CURRENT_AND_") or include_current
    direction, unit = literal.removeprefix("CURRENT_AND_").split("_N_")
    unit = {"FISCAL_QUARTERS": "fiscal quarter", "FISCAL_YEARS": "fiscal year"}.get(unit, unit.lower().rstrip("s"))
    current = _start(unit, rule_date, calendar)
    following = _step(current, 1, unit)
    if direction == "LAST":
        return _step(current, -count, unit), _before(following if with_current else current)
    return current if with_current else following, _before(_step(following, count, unit))


def _start(unit: str, day: date, calendar: Calendar) -> date:
    """The first day of the period of that unit that holds `day`."""
    if unit == "day":
        return day
    if unit == "week":
        weekday = day.weekday() if calendar.week_start == "monday" else (day.weekday() + 1) % 7
        return day - timedelta(days=weekday)
    first = day.replace(day=1)
    if unit == "month":
        return first
    begin = calendar.fiscal_start_month if unit.startswith("fiscal") else 1
    length = 3 if unit.endswith("quarter") else 12
    return shift(first, -((first.month - begin) % length), "months")


def _step(start: date, amount: int, unit: str) -> date:
    return shift(start, amount, UNIT_WORDS[unit.removeprefix("fiscal ")])


def _before(day: date) -> date:
    return day - timedelta(days=1)
