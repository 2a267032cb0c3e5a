"""Conditions: which operator goes with which family, and how both sides are made alike (data-setup.md §5)."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Final, cast

from gsrules.catalogue.datatypes import DATE, DATETIME, DataType, Family
from gsrules.dataclass import dataclass
from gsrules.errors import InputError, Place, Problem
from gsrules.expressions.adapt import (
    DATES,
    PICKLISTS,
    TEXT_LIKE,
    adapt,
    constant_day,
    is_constant,
    is_null_literal,
    type_error,
    warn_text_with_id,
)
from gsrules.expressions.pairs import with_null_test
from gsrules.expressions.periods import shift
from gsrules.expressions.place import problem_at
from gsrules.expressions.scope import Context
from gsrules.expressions.tree import (
    Between,
    Compare,
    ComparisonOperator,
    Convert,
    DateShift,
    Expr,
    InList,
    Literal,
    RuleDate,
    TextMatch,
)

_ORDERED = frozenset({Family.NUMBER}) | DATES
_LISTED = TEXT_LIKE | PICKLISTS | {Family.NUMBER}

_ID: Final = re.compile(r"[0-9A-Za-z]{15}|[0-9A-Za-z]{18}|[0-9A-Za-z]{36}")
"""What an id looks like: a GSID, or a Salesforce id (data-setup.md §2.1)."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a condition stands: the expression's text, the whole condition and its operator."""

    text: str
    place: Place
    start: int
    end: int
    at: int

    def refuse(self, message: str, hint: str = "") -> InputError:
        """An operator that does not go with a family (INVALID_QUERY_FILTER_OPERATOR)."""
        full = f"{message} (INVALID_QUERY_FILTER_OPERATOR)"
        return InputError(problem_at(self.text, "GS-OPERATOR", full, self.at, self.end, hint=hint))

    @staticmethod
    def text_of(constant: Expr) -> str:
        """A label as an expression writes it."""
        label = getattr(constant, "label", None) or getattr(constant, "value", "…")
        return "'" + str(label).replace("'", "''") + "'"

    @property
    def value(self) -> str:
        return self.text[self.start : self.end][:60]


def compare(op: str, left: Expr, right: Expr, spot: Spot, context: Context) -> Expr:
    """`left op right`; `op` may be `~` or `!~`."""
    if is_null_literal(left) or is_null_literal(right):
        raise spot.refuse("nothing is equal to null", "write is null, or is not null")
    ignore_case = op in ("~", "!~")
    operator = cast(ComparisonOperator, {"~": "=", "!~": "!="}.get(op, op))
    left, right = _adapted(left, right, context)
    family = left.type.family
    if family in PICKLISTS and is_constant(right):
        word = "not in" if operator == "!=" else "in"
        order = "" if operator in ("=", "!=") else "the items of a picklist have no order; "
        raise spot.refuse(f"{op} does not work on {family}", f"{order}write {word} ({spot.text_of(right)})")
    if operator not in ("=", "!=") and family not in _ORDERED:
        raise spot.refuse(f"{op} does not work on {family}", _order_hint(family))
    if ignore_case and family not in TEXT_LIKE | PICKLISTS:
        raise spot.refuse(f"{op} is for texts, not for {family}", f"write {operator}")
    if family in DATES and right.type.family in DATES:
        left, right = _dates_alike(left, right, context)
    else:
        _check_families(left, right, spot, context)
    if family in TEXT_LIKE:
        ignore_case = ignore_case or equality_ignores_case(context)
    condition = Compare(operator, left, right, ignore_case and family in TEXT_LIKE, spot.place)
    return with_nulls(condition, left, context)


def in_list(operand: Expr, items: tuple[Expr, ...], negated: bool, spot: Spot, context: Context) -> Expr:
    """`operand in (…)` and `not in`."""
    family = operand.type.family
    if family not in _LISTED:
        hint = "write = true or = false" if family is Family.BOOLEAN else "join comparisons with or, or use between"
        raise spot.refuse(f"in does not work on {family}", hint)
    adapted: list[Expr] = []
    for item in items:
        if is_null_literal(item):
            raise spot.refuse("null cannot be in a list", "add: or … is null")
        fitting = adapt(item, operand.type, context)
        _check_families(operand, fitting, spot, context)
        adapted.append(fitting)
    ignore_case = family in TEXT_LIKE and equality_ignores_case(context)
    return with_nulls(InList(operand, tuple(adapted), negated, ignore_case, spot.place), operand, context)


def between(operand: Expr, low: Expr, high: Expr, negated: bool, spot: Spot, context: Context) -> Expr:
    """`operand between low and high`, both ends included unless `filter.between` says otherwise."""
    family = operand.type.family
    if family not in _ORDERED:
        raise spot.refuse(f"between does not work on {family}", "it is for numbers and dates")
    if is_null_literal(low) or is_null_literal(high):
        raise spot.refuse("null is no bound", "write <= or >= for a range with one end")
    low, high = adapt(low, operand.type, context), adapt(high, operand.type, context)
    for bound in (low, high):
        if family not in DATES or bound.type.family not in DATES:
            _check_families(operand, bound, spot, context)
    if family in DATES:
        operand, low, high = _range_alike(operand, low, high, context)
    _warn_if_reversed(low, high, spot, context)
    upper = context.profile["filter.between"] == "inclusive"
    return with_nulls(Between(operand, low, high, negated, upper, spot.place), operand, context)


def text_match(kind: str, operand: Expr, search: Expr, negated: bool, spot: Spot, context: Context) -> Expr:
    """`contains`, `starts with`, `ends with`: literal text, without wildcards."""
    family = operand.type.family
    if family is not Family.TEXT:
        hint = "write in ('a', 'b') with labels" if family in PICKLISTS else "it is for texts; to_string makes one"
        raise spot.refuse(f"{kind} does not work on {family}", hint)
    if is_null_literal(search) or search.type.family not in TEXT_LIKE:
        raise type_error(f"{kind} looks for a text, not for {search.type.family}", search.place, spot.value)
    if isinstance(search, Literal) and search.value == "":
        message = "the search text is empty (MALFORMED_QUERY)"
        raise InputError(Problem("GS-SYNTAX", message, search.place, value=spot.value, hint="write is not null"))
    ignore_case = context.profile["filter.text_match_case"] == "insensitive"
    condition = TextMatch(kind, operand, search, negated, ignore_case, spot.place)  # type: ignore[arg-type]
    return with_nulls(condition, operand, context)


def equality_ignores_case(context: Context) -> bool:
    """Whether `=`, `!=`, `in` and `not in` ignore letter case on texts (`filter.equality_case`)."""
    return bool(context.profile["filter.equality_case"] == "insensitive")


def with_nulls(condition: Expr, operand: Expr, context: Context) -> Expr:
    """Null rows pass, too, under `filter.null_rows = include` (§5.4)."""
    if context.profile["filter.null_rows"] != "include" or is_constant(operand):
        return condition
    return with_null_test(condition)


def _order_hint(family: Family) -> str:
    if family is Family.TEXT:
        return "texts have no order here; use =, in, contains, starts with"
    return "it is for numbers and dates"


def _adapted(left: Expr, right: Expr, context: Context) -> tuple[Expr, Expr]:
    if isinstance(left, Literal) and not isinstance(right, Literal):
        return adapt(left, right.type, context), right
    return left, adapt(right, left.type, context)


def _check_families(left: Expr, right: Expr, spot: Spot, context: Context) -> None:
    one, other = left.type, right.type
    if one.family is other.family:
        if one.family in PICKLISTS and one.category != other.category:
            _warn_ids_differ(spot, context)
        return
    families = {one.family, other.family}
    if families == TEXT_LIKE:
        if not is_constant(left) and not is_constant(right):
            warn_text_with_id(spot.place, spot.value, context)
        for side in (left, right):
            if isinstance(side, Literal) and isinstance(side.value, str) and not _ID.fullmatch(side.value):
                _warn_no_id(side.value, side.place or spot.place, context)
        return
    if families & PICKLISTS and families <= PICKLISTS | TEXT_LIKE and Family.MULTI_PICKLIST not in families:
        _warn_ids_differ(spot, context)
        return
    raise type_error(
        f"{one.family} cannot be compared with {other.family}", right.place, spot.value, _type_hint(one, other)
    )


def _warn_no_id(text: str, place: Place, context: Context) -> None:
    message = f"{text!r} is no id, so it equals none"
    hint = "compare a field of the record behind the lookup, such as Company.Name"
    context.warn(Problem("GS-TYPE", message, place, value=text[:60], hint=hint, severity="warning"))


def _type_hint(left: DataType, right: DataType) -> str:
    if left.family is Family.NUMBER and right.family is Family.TEXT:
        return "write the number without quotes, or to_number(…)"
    if left.family in DATES:
        return "write date '2026-01-31', or rule_date - 90 days"
    if left.family is Family.BOOLEAN:
        return "write = true or = false"
    if left.family in TEXT_LIKE and right.family is Family.NUMBER:
        return "write the value in single quotes"
    return ""


def _warn_ids_differ(spot: Spot, context: Context) -> None:
    message = "a picklist holds ids of its own category, which never equal these values"
    hint = "compare to_string of it, or use a label"
    context.warn(Problem("GS-TYPE", message, spot.place, value=spot.value, hint=hint, severity="warning"))


def _dates_alike(left: Expr, right: Expr, context: Context) -> tuple[Expr, Expr]:
    """Date against DateTime by day; a constant date under `filter.datetime_vs_date = instant` as its first moment."""
    if left.type.family is right.type.family:
        return left, right
    _refuse_instants(left, right)
    constant = is_constant(left) or is_constant(right)
    if constant and context.profile["filter.datetime_vs_date"] == "instant":
        return _as_instant(left, context), _as_instant(right, context)
    return _as_day(left), _as_day(right)


def _refuse_instants(left: Expr, right: Expr) -> None:
    """A Date field takes dates, no constant date-times (§5.5)."""
    for day, instant in ((left, right), (right, left)):
        if day.type.family is Family.DATE and not is_constant(day) and is_constant(instant):
            hint = "write the date only: date '2026-01-31'"
            raise type_error("a date-time meets a Date field, a date is wanted", instant.place, hint=hint)


def _range_alike(operand: Expr, low: Expr, high: Expr, context: Context) -> tuple[Expr, Expr, Expr]:
    families = {part.type.family for part in (operand, low, high)}
    if len(families) == 1:
        return operand, low, high
    for bound in (low, high):
        if bound.type.family is Family.DATETIME:
            _refuse_instants(operand, bound)
    days = Family.DATETIME not in (low.type.family, high.type.family)
    fields = not (is_constant(low) and is_constant(high))
    by_day = days and (fields or context.profile["filter.datetime_vs_date"] == "by_day")
    if operand.type.family is Family.DATE or by_day:
        return _as_day(operand), _as_day(low), _as_day(high)
    return operand, _as_instant(low, context), _as_instant(high, context)


def _as_day(expr: Expr) -> Expr:
    return expr if expr.type.family is Family.DATE else Convert(expr, DATE, expr.place)


def _as_instant(expr: Expr, context: Context) -> Expr:
    return expr if expr.type.family is Family.DATETIME else constant_day(expr, DATETIME, context)


def _warn_if_reversed(low: Expr, high: Expr, spot: Spot, context: Context) -> None:
    first, last = _constant(low, context), _constant(high, context)
    if first is None or type(first) is not type(last) or not last < first:  # type: ignore[operator]
        return
    message = "the bounds of between are reversed, so nothing matches"
    context.warn(Problem("GS-OPERATOR", message, spot.place, value=spot.value, severity="warning"))


def _constant(expr: Expr, context: Context) -> Decimal | date | None:
    if isinstance(expr, Literal) and isinstance(expr.value, Decimal):
        return expr.value
    return constant_date(expr, context)


def constant_date(expr: Expr, context: Context) -> date | None:
    """The date or instant that a constant is on the rule date; None for anything else.

    Raises OverflowError beyond the years 1–9999.
    """
    if isinstance(expr, Literal) and isinstance(expr.value, date):
        return expr.value
    if isinstance(expr, RuleDate):
        return context.rule_date
    if isinstance(expr, DateShift):
        base = constant_date(expr.base, context)
        return None if base is None else shift(base, expr.amount, expr.unit)
    return None
