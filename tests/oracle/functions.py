"""The function catalogue, value by value (data-setup.md §11.2 to §11.4)."""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation, Overflow
from typing import Any

from tests.oracle import days, formats
from tests.oracle.values import (
    BLANKS,
    Context,
    FailedError,
    RefusedError,
    boolean_of_text,
    lowered,
    number_of_text,
    order_key,
    raised,
    round_number,
    settle,
    text_of,
)

ISO_DATETIME = "yyyy-MM-dd'T'HH:mm:ss['.'SSS][XXXXX]"
Work = Callable[..., Any]
Result = tuple[str, Callable[[Any], Any]]
FUNCTIONS: dict[str, Callable[..., Result]] = {}
_FAMILIES = {
    "T": ("text", "id"), "N": ("number",), "B": ("boolean",), "D": ("date", "datetime"),
    "*": ("text", "id", "number", "boolean", "date", "datetime", "picklist", "multi"),
    "TN": ("text", "id", "number"), "TB": ("text", "id", "boolean"), "TDT": ("text", "id", "datetime"),
    "TD": ("text", "id", "date"), "DT": ("datetime",),
}  # fmt: skip


UNITS = {"date_diff": ("days", "weeks", "months"), "calendar_label": ("month", "quarter", "year")}


def spent(context: Context, key: str) -> None:
    """A value that cannot be computed is null, or fails the run when the profile says so."""
    if context.profile[key] == "error":
        raise FailedError("GS-VALUE", key)


def divide(a: Decimal, b: Decimal, context: Context) -> Decimal | None:
    if b == 0:
        spent(context, "formula.divide_by_zero")
        return None
    return a / b


def _check(name: str, arguments: list[Any], signature: str) -> None:
    kinds = signature.split()
    least = sum(1 for kind in kinds if kind[0] != "?")
    if kinds and kinds[-1].endswith("…"):
        kinds = kinds[:-1] + [kinds[-1][:-1]] * max(1, len(arguments) - len(kinds) + 1)
    if not least <= len(arguments) <= len(kinds):
        raise RefusedError("GS-SYNTAX", f"{name} takes {least} to {len(kinds)} arguments")
    for argument, kind in zip(arguments, kinds, strict=False):
        if argument.family and argument.family not in _FAMILIES[kind.lstrip("?")]:
            raise RefusedError("GS-TYPE", f"{name} does not take {argument.family}")


def function(names: str, signature: str, result: str, nulls: bool = False) -> Callable[[Work], Work]:
    """Registers work(context, *values); without `nulls` any null argument gives null."""

    def register(work: Work) -> Work:
        def build(name: str, arguments: list[Any], scope: Any, context: Context) -> Result:
            _check(name, arguments, signature)
            for argument in arguments:
                one = argument.compute({}) if argument.constant and name in UNITS else None
                if isinstance(one, str) and argument is arguments[-1] and one not in UNITS[name]:
                    raise RefusedError("GS-TYPE", f"{name} knows no unit {one}")
            family = result
            if result == "same":
                family = next((a.family for a in arguments if a.family), "")
                if signature.startswith("*") and not {a.family for a in arguments} <= {family, ""}:
                    raise RefusedError("GS-TYPE", f"{name} takes one family")

            def compute(row: Any) -> Any:
                values = [argument.compute(row) for argument in arguments]
                if not nulls and None in values:
                    return None
                try:
                    return work(context, *values)
                except OverflowError:  # no date of four digits
                    return None

            return family, compute

        for name in names.split():
            FUNCTIONS[name] = build
        return work

    return register


def simple(names: str, signature: str, result: str, work: Work) -> None:
    function(names, signature, result)(lambda context, *values: work(*values))


# -- text -----------------------------------------------------------------------------------------------------------
@function("concat", "T T…", "text", nulls=True)
def _concat(context: Context, *texts: str | None) -> str | None:
    if all(text is None for text in texts) or (context.profile["formula.null_concat"] == "propagate" and None in texts):
        return None
    return "".join(text or "" for text in texts)


def _not_found(context: Context, text: str) -> str | None:
    return {"null": None, "whole": text, "empty": ""}[context.profile["formula.text_not_found"]]


@function("left", "T T", "text")
def _left(context: Context, text: str, search: str) -> str | None:
    at = text.find(search) if search else -1
    return _not_found(context, text) if at < 0 else text[:at]


@function("right", "T T", "text")
def _right(context: Context, text: str, search: str) -> str | None:
    first = context.profile["formula.right_occurrence"] == "first"
    at = -1 if not search else text.find(search) if first else text.rfind(search)
    return _not_found(context, text) if at < 0 else text[at + len(search) :]


def _substring(text: str, position: Decimal, length: Decimal) -> str:
    start, size = int(position), int(length)
    return "" if start < 1 or size <= 0 else text[start - 1 : start - 1 + size]


simple("substring", "T N N", "text", _substring)
simple("position", "T T", "number", lambda text, search: Decimal(text.find(search) + 1 if search else 0))
simple("length", "T", "number", lambda text: Decimal(len(text)))
simple("upper", "T", "text", raised)
simple("lower", "T", "text", lowered)
simple("trim", "T", "text", lambda text: text.strip(BLANKS))
simple("left_trim", "T", "text", lambda text: text.lstrip(BLANKS))
simple("right_trim", "T", "text", lambda text: text.rstrip(BLANKS))
simple("md5", "T", "text", lambda text: hashlib.md5(text.encode()).hexdigest())
simple("sha256", "T", "text", lambda text: hashlib.sha256(text.encode()).hexdigest())
simple("to_base64", "T", "text", lambda text: base64.b64encode(text.encode()).decode())
simple("replace", "T T T", "text", lambda text, old, new: text.replace(old, new) if old else text)


@function("to_string", "* ?T", "text")
def _to_string(context: Context, value: Any, pattern: str | None = None) -> str | None:
    if pattern is None:
        return text_of(value, context)
    if not isinstance(value, date):
        raise RefusedError("GS-TYPE", "a format is for dates only")
    return formats.write(value, pattern, context.zone)


# -- numbers --------------------------------------------------------------------------------------------------------
simple("ceil", "N", "number", lambda x: Decimal(math.ceil(x)))
simple("floor", "N", "number", lambda x: Decimal(math.floor(x)))
simple("abs", "N", "number", abs)
simple("round", "N ?N", "number", lambda x, digits=Decimal(0): round_number(x, int(digits)))


def domain(name: str, signature: str, work: Work) -> None:
    """A function that has no value for some numbers (`formula.math_domain`)."""

    def compute(context: Context, *values: Decimal) -> Decimal | None:
        try:
            found = work(*values)
        except (InvalidOperation, Overflow, ZeroDivisionError, ValueError):
            found = None
        if found is None or not found.is_finite():
            spent(context, "formula.math_domain")
            return None
        settled = settle(found)
        if settled is None:
            spent(context, "formula.math_domain")
        return settled

    function(name, signature, "number")(compute)


def _log(x: Decimal, base: Decimal) -> Decimal | None:
    return None if x <= 0 or base <= 0 or base == 1 else x.ln() / base.ln()


domain("exp", "N", lambda x: x.exp())
domain("sqrt", "N", lambda x: x.sqrt())
domain("ln", "N", lambda x: x.ln())
domain("log10", "N", lambda x: x.log10())
domain("log", "N N", _log)


@function("mod", "N N", "number")
def _mod(context: Context, a: Decimal, b: Decimal) -> Decimal | None:
    if b == 0:
        spent(context, "formula.divide_by_zero")
        return None
    return a - b * int(a / b)


@function("to_number", "TN", "number")
def _to_number(context: Context, value: Any) -> Decimal | None:
    if isinstance(value, Decimal):
        return value
    found = number_of_text(value)
    if found is None and value.strip(BLANKS):
        spent(context, "formula.conversion_failure")
    return found


function("to_boolean", "TB", "boolean")(lambda c, value: value if isinstance(value, bool) else boolean_of_text(value))
function("is_empty", "*", "boolean", nulls=True)(lambda c, value: value is None or value == "")
function("coalesce", "*…", "same", nulls=True)(lambda c, *values: next((v for v in values if v is not None), None))
function("nullif", "* *", "same", nulls=True)(lambda c, a, b: None if a is not None and a == b else a)
simple("greatest", "*…", "same", lambda *values: max(values))
simple("least", "*…", "same", lambda *values: min(values))


# -- dates ----------------------------------------------------------------------------------------------------------
def as_date(value: Any, context: Context) -> date:
    return context.local_date(value) if isinstance(value, datetime) else value


def of_day(names: str, signature: str, result: str, work: Work) -> None:
    """A function of the day that its first argument falls on in the tenant zone."""
    function(names, signature, result)(lambda context, value, *more: work(context, as_date(value, context), *more))


function("rule_date", "", "date")(lambda context: context.rule_date)
function("datetime_to_date", "DT", "date")(lambda context, value: context.local_date(value))


@function("date_diff", "D D ?T", "number")
def _date_diff(context: Context, a: Any, b: Any, unit: str = "days") -> Decimal:
    if context.profile["formula.datetime_diff"] == "elapsed" and isinstance(a, datetime) and isinstance(b, datetime):
        whole = Decimal(int((a - b) / timedelta(days=1)))
    else:
        whole = Decimal((as_date(a, context) - as_date(b, context)).days)
    if unit == "weeks":
        return Decimal(int(whole / 7))
    if unit == "months":
        return Decimal(days.months_between(as_date(a, context), as_date(b, context)))
    return whole


for _name, _unit in (("add_days", "days"), ("add_weeks", "weeks"), ("add_months", "months"), ("add_years", "years")):
    simple(_name, "D N", "same", lambda value, count, unit=_unit: _moved(value, count, unit))


def _moved(value: Any, count: Decimal, unit: str) -> Any:
    if isinstance(value, datetime) and unit in ("months", "years"):
        raise RefusedError("GS-*", "the oracle moves DateTimes by days and weeks only")
    return days.shift(value, int(count), unit)


@function("to_date", "TDT ?T", "date")
def _to_date(context: Context, value: Any, pattern: str = "yyyy-MM-dd") -> date | None:
    if isinstance(value, datetime):
        return context.local_date(value)
    found = formats.read_date(value, pattern)
    if found is None and value.strip(BLANKS):
        spent(context, "formula.conversion_failure")
    return found


@function("to_datetime", "TD ?T", "datetime")
def _to_datetime(context: Context, value: Any, pattern: str = ISO_DATETIME) -> datetime | None:
    if isinstance(value, date):
        return context.start_of(value)
    found = formats.read_datetime(value, pattern, context.zone)
    if found is None and value.strip(BLANKS):
        spent(context, "formula.conversion_failure")
    return found


def _epoch(context: Context, value: Decimal) -> datetime:
    factor = 1 if context.profile["formula.epoch_unit"] == "ms" else 1000
    return datetime(1970, 1, 1) + timedelta(milliseconds=int(value * factor))


def _to_epoch(context: Context, value: Any) -> Decimal:
    instant = value if isinstance(value, datetime) else context.start_of(value)
    whole = (instant - datetime(1970, 1, 1)) // timedelta(milliseconds=1)
    return Decimal(whole) / (1 if context.profile["formula.epoch_unit"] == "ms" else 1000)


function("epoch_to_datetime", "N", "datetime")(_epoch)
function("epoch_to_date", "N", "date")(lambda context, value: context.local_date(_epoch(context, value)))
function("to_epoch", "D", "number")(_to_epoch)
for _unit in ("week", "month", "quarter"):
    of_day(f"first_day_of_{_unit}", "D", "date", lambda c, day, unit=_unit: days.start_of(day, unit, c))
    of_day(
        f"last_day_of_{_unit}",
        "D",
        "date",
        lambda c, day, unit=_unit: days.last_of(day, unit, c),
    )


def _calendar_label(context: Context, day: date, unit: str) -> str:
    return {
        "month": f"{formats.NAMES[day.month - 1][:3]} {day.year:04d}",
        "quarter": f"Q{(day.month - 1) // 3 + 1} {day.year:04d}",
        "year": f"{day.year:04d}",
    }[unit]


of_day("calendar_label", "D T", "text", _calendar_label)
of_day(
    "day_of_week",
    "D",
    "number",
    lambda c, day: Decimal((day - days.week_start(day, c)).days + int(c.profile["calendar.day_of_week_base"])),
)
of_day("week_number", "D", "number", lambda c, day: Decimal(days.week_number(day, c)))
of_day("fiscal_quarter_label", "D", "text", lambda c, day: days.fiscal_labels(day, c)[0])
of_day("fiscal_year_label", "D", "text", lambda c, day: days.fiscal_labels(day, c)[1])


# -- statistics over all rows of the task ---------------------------------------------------------------------------
def mean(values: list[Decimal]) -> Decimal:
    return sum(values, Decimal(0)) / len(values)


def covariance(pairs: Iterable[tuple[Decimal, Decimal]]) -> Decimal:
    listed = list(pairs)
    x, y = mean([a for a, _ in listed]), mean([b for _, b in listed])
    return mean([(a - x) * (b - y) for a, b in listed])


def _correlation(pairs: list[tuple[Decimal, Decimal]]) -> Decimal | None:
    spread = covariance((a, a) for a, _ in pairs) * covariance((b, b) for _, b in pairs)
    return covariance(pairs) / spread.sqrt() if spread else None


def _median(pairs: list[tuple[Decimal]]) -> Decimal:
    values = sorted(a for (a,) in pairs)
    return (values[(len(values) - 1) // 2] + values[len(values) // 2]) / 2


OVER_ROWS: set[str] = set()


def _over_rows(name: str, context: Context) -> None:
    """What is one value over all rows of a task stands in its formulas only, and never in another (§11.4)."""
    if not context.column:
        raise RefusedError("GS-OPERATOR", f"{name} outside of a formula")


def statistic(name: str, signature: str, work: Work) -> None:
    def build(called: str, arguments: list[Any], scope: Any, context: Context) -> Result:
        _check(called, arguments, signature)
        _over_rows(called, context)

        def compute(row: Any) -> Any:
            tuples = [tuple(a.compute(other) for a in arguments) for other in scope.rows()]
            usable = [values for values in tuples if None not in values]
            return work(usable) if usable else None

        return "number", compute

    FUNCTIONS[name] = build
    OVER_ROWS.add(name)


def _random(name: str, arguments: list[Any], scope: Any, context: Context) -> Result:
    """Repeatable: from a hash of what the row is and where it stands in canonical order (§11.4)."""
    _check(name, arguments, "")
    _over_rows(name, context)
    numbers: dict[int, int] = {}

    def compute(row: Any) -> Decimal:
        if not numbers:
            ordered = sorted(scope.rows(), key=lambda one: order_key(one, scope.columns))
            numbers.update({id(one): number for number, one in enumerate(ordered, 1)})
        seed, day = context.profile["formula.random_seed"], context.rule_date.isoformat()
        text = f"{seed}|{context.rule_id}|{day}|{context.task}|{context.column}|{numbers[id(row)]}"
        whole = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
        return Decimal(whole) / 2**64

    return "number", compute


FUNCTIONS["random"] = _random
OVER_ROWS.add("random")
statistic("covar_pop", "N N", covariance)
statistic("correlation", "N N", _correlation)
statistic("var_pop", "N", lambda found: covariance((a, a) for (a,) in found))
statistic("stddev_pop", "N", lambda found: covariance((a, a) for (a,) in found).sqrt())
statistic("median", "N", _median)
