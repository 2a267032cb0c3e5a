"""Calculated fields and period over period (data-setup.md §13, §14)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.oracle import days
from tests.oracle.binding import Bound
from tests.oracle.functions import as_date, divide
from tests.oracle.scopes import ColumnScope
from tests.oracle.shows import AGGREGATES, Item, aggregate, item, plain
from tests.oracle.values import Context, RefusedError, Row

Range = tuple[date, date]
_WINDOW = re.compile(r"(?i)(last|prior)\s+(\d+)\s+(\w+)")


def _partition(given: Any, items: list[Item], scope: ColumnScope, context: Context) -> Callable[[Row], Any]:
    """The rows that are compared together (§14)."""
    if given is not None:
        keys = [plain(text, scope)[2].compute for text in given]
    elif context.profile["pop.partition"] == "none":
        keys = []
    else:
        families = ("text", "id", "picklist", "boolean")
        keys = [i.bound.compute for i in items if i.column.family in families]
    return lambda row: tuple(key(row) for key in keys)


def _inside(day: date | None, window: Range) -> bool:
    return day is not None and window[0] <= day < window[1]


SPAN = {"day": 730, "week": 104, "month": 24, "quarter": 8, "year": 2}


def within_two_years(windows: list[tuple[int, str]]) -> None:
    """The windows of a formula taken together (§11.1)."""
    share = sum(Fraction(count, SPAN[unit.removesuffix("s")]) for count, unit in windows)
    if share > 1:
        raise RefusedError("GS-LIMIT", "more than two years")


def whole(number: Any) -> int:
    if int(number) != number or number < 1:
        raise RefusedError("GS-*", f"{number} is no number of periods")
    return int(number)


def period_over_period(spec: dict[str, Any], items: list[Item], scope: ColumnScope, context: Context) -> Bound:
    given = spec["period_over_period"]
    when = _shown_date(given, items, scope)
    kind = given["aggregate"].lower()
    metric = item(f"{kind}({given['of']})", scope, context).bound
    unit, length, prior = given["period"], whole(given["duration"]), whole(given.get("prior_periods", 1))
    within_two_years([(length * (1 + prior), unit)])
    group = _partition(given.get("by"), items, scope, context)

    def back(count: int) -> date:
        found = days.shift(context.rule_date, -count, unit)
        assert isinstance(found, date)
        return found

    def block(members: list[Row], first: int, last: int) -> Any:
        """The aggregate over the slots `first` (further back) to `last`."""
        window = (back(first), back(last))
        rows = [r for r in members if _inside(as_date(when(r), context), window)]
        values = [metric.compute(r) for r in rows]
        if given.get("missing_as_zero"):
            values = [Decimal(0) if v is None else v for v in values]
            for slot in _slots(window, first, last):
                if not any(_inside(as_date(when(r), context), slot) for r in rows):
                    values.append(Decimal(0))
        return aggregate(kind, values)

    def _slots(window: Range, first: int, last: int) -> list[Range]:
        if context.profile["pop.missing_grain"] == "day":
            count = (window[1] - window[0]).days
            return [(days.shift(window[0], i, "day"), days.shift(window[0], i + 1, "day")) for i in range(count)]
        return [(back(k), back(k - 1)) for k in range(first, last, -1)]

    def compute(row: Row) -> Any:
        members = [r for r in scope.rows() if group(r) == group(row)]
        now, before = block(members, length, 0), block(members, length * (1 + prior), length)
        if now is None or before is None:
            return None
        return _percent(now, before, context) if given.get("percent") else now - before

    return Bound("number", compute)


def _percent(a: Decimal, b: Decimal, context: Context) -> Decimal | None:
    share = divide(a - b, b, context)
    return None if share is None else share * 100


def _shown_date(given: dict[str, Any], items: list[Item], scope: ColumnScope) -> Callable[[Row], Any]:
    """The time identifier: a date field that the task shows."""
    if "date" not in given:
        raise RefusedError("GS-*", "a window needs a date")
    name, _, bound = plain(given["date"], scope)
    if bound.family not in ("date", "datetime"):
        raise RefusedError("GS-TYPE", f"{name} is no date")
    if name.lower() not in {item.source.lower() for item in items}:
        raise RefusedError("GS-*", f"{name} is not shown")
    return bound.compute


def over_window(
    one: dict[str, Any], when: Callable[[Row], Any], group: Callable[[Row], Any], scope: ColumnScope, context: Context
) -> Callable[[Row], Any]:
    """An aggregation over a window of time, the same on all rows of a partition (§13)."""
    match = _WINDOW.fullmatch(str(one.get("window", "")).strip())
    if match is None or match[3].lower().removesuffix("s") not in days.DAYS | days.MONTHS or int(match[2]) < 1:
        raise RefusedError("GS-*", "a window is needed, such as last 7 days")
    kind, measure = next((k, v) for k, v in one.items() if k in AGGREGATES)
    value = item(f"{kind}({measure})", scope, context).bound
    count, unit, moved = int(match[2]), match[3].lower(), int(one.get("offset", 0))
    ahead = 1 if context.profile["calc.window_end"] == "on_rule_date" else 0
    first = days.shift(days.shift(context.rule_date, -count - moved, unit), ahead, "day")
    end = days.shift(days.shift(context.rule_date, -moved, unit), ahead, "day")

    def compute(row: Row) -> Any:
        members = [r for r in scope.rows() if group(r) == group(row)]
        rows = [r for r in members if _inside(as_date(when(r), context), (first, end))]
        return aggregate(kind, [value.compute(r) for r in rows])

    return compute


def aggregation(spec: dict[str, Any], items: list[Item], scope: ColumnScope, context: Context) -> Bound:
    """An aggregation over time as a field of its own (§13)."""
    given = spec["aggregation_over_time"]
    group = _partition(given.get("by"), items, scope, context)
    return Bound("number", over_window(given, _shown_date(given, items, scope), group, scope, context))


def comparison(spec: dict[str, Any], items: list[Item], scope: ColumnScope, context: Context) -> Bound:
    given = spec["comparison"]
    group = _partition(given.get("by"), items, scope, context)

    def side(one: Any) -> Callable[[Row], Any]:
        if isinstance(one, str) or "column" in one:
            bound = plain(one if isinstance(one, str) else one["column"], scope)[2]
            if bound.family != "number":
                raise RefusedError("GS-TYPE", "a number is compared")
            return bound.compute
        return over_window(one, _shown_date(given, items, scope), group, scope, context)

    matches = [_WINDOW.fullmatch(str(one.get("window"))) for one in (given["a"], given["b"]) if isinstance(one, dict)]
    within_two_years([(int(match[2]), match[3].lower()) for match in matches if match])
    a, b = side(given["a"]), side(given["b"])

    def result(row: Row) -> Any:
        x, y = a(row), b(row)
        if x is None or y is None:
            return None
        return _percent(x, y, context) if given.get("as") == "percent" else x - y

    return Bound("number", result)
