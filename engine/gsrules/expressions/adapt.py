"""Makes values of one family: constants read as what they meet, types that combine (data-setup.md §2.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from gsrules.catalogue.datatypes import DATE, DATETIME, NUMBER, STRING, DataType, Family
from gsrules.errors import InputError, Place, Problem, nearest
from gsrules.expressions.constants import parse_date, parse_datetime
from gsrules.expressions.scope import Context
from gsrules.expressions.tree import ColumnRef, Convert, Expr, Literal, PicklistItem, walk

TEXT_LIKE = frozenset({Family.TEXT, Family.ID})
PICKLISTS = frozenset({Family.PICKLIST, Family.MULTI_PICKLIST})
DATES = frozenset({Family.DATE, Family.DATETIME})


def is_null_literal(expr: Expr) -> bool:
    return isinstance(expr, Literal) and expr.value is None


def is_text_literal(expr: Expr) -> bool:
    return isinstance(expr, Literal) and isinstance(expr.value, str)


def is_constant(expr: Expr) -> bool:
    """Whether the value is the same for every row."""
    return not any(isinstance(node, ColumnRef) for node in walk(expr))


def to_instant(value: datetime, zone: str) -> datetime:
    """The UTC clock of a date-time; without an offset it is read in `zone`."""
    aware = value if value.tzinfo else value.replace(tzinfo=ZoneInfo(zone))
    return aware.astimezone(UTC).replace(tzinfo=None)


def type_error(message: str, place: Place | None, value: str = "", hint: str = "") -> InputError:
    """Values that do not go together (INVALID_TYPE, data-setup.md §16)."""
    return InputError(Problem("GS-TYPE", f"{message} (INVALID_TYPE)", place=place, value=value, hint=hint))


def adapt(expr: Expr, wanted: DataType, context: Context) -> Expr:
    """A constant read as `wanted`: null of that type, an ISO text as a date, a label as a picklist item.

    Everything else is returned as it is. Raises InputError for a text that is no date, or no known label.
    """
    if not isinstance(expr, Literal):
        return expr
    if expr.value is None:
        return replace(expr, type=_plain(wanted))
    if not isinstance(expr.value, str):
        return expr
    if wanted.family in DATES:
        return _dated(expr, expr.value, wanted, context)
    if wanted.family in PICKLISTS:
        return picklist_item(expr.value, wanted, expr.place, context)
    return expr


def _plain(wanted: DataType) -> DataType:
    return NUMBER if wanted.family is Family.NUMBER else wanted


def _dated(expr: Literal, text: str, wanted: DataType, context: Context) -> Expr:
    day = parse_date(text)
    if day is not None:
        return Literal(day, DATE, expr.place)
    instant = parse_datetime(text)
    if instant is not None:
        if wanted.family is Family.DATE:
            raise type_error(
                f"{text!r} is a date-time, a date is wanted", expr.place, text, "write the date only: '2026-01-31'"
            )
        return Literal(_instant(instant, expr.place, context), DATETIME, expr.place)
    raise type_error(
        f"{text!r} is no date", expr.place, text, "write date '2026-01-31', rule_date - 90 days, or in last 7 days"
    )


def _instant(value: datetime, place: Place | None, context: Context) -> datetime:
    try:
        return to_instant(value, str(context.profile["tenant.timezone"]))
    except OverflowError:
        raise type_error("the date-time leaves the years 1 to 9999", place, value.isoformat()) from None


def picklist_item(text: str, wanted: DataType, place: Place | None, context: Context) -> PicklistItem:
    """The item that a label or GSID means: exact first, then in any letter case with a warning (§5.2)."""
    category = context.catalogue.category(wanted.category) if wanted.category else None
    items = category.items if category else ()
    exact = [item for item in items if text in (item.gsid, item.name)]
    found = exact or [item for item in items if item.name.lower() == text.lower()]
    name = wanted.category or "the picklist"
    if not found:
        labels = [item.name for item in items]
        raise InputError(
            Problem(
                "GS-NAME",
                f"{text!r} is no option of {name} (INVALID_TYPE)",
                place=place,
                value=text,
                hint=f"options: {', '.join(labels[:12])}" + (", …" if len(labels) > 12 else "") if labels else "",
                nearest=nearest(text, labels),
            )
        )
    if len(found) > 1:
        message = (
            f"{text!r} fits {len(found)} options of {name}: {', '.join(item.name for item in found)} (INVALID_TYPE)"
        )
        raise InputError(Problem("GS-AMBIGUOUS", message, place=place, value=text, hint="write the label exactly"))
    item = found[0]
    if not exact:
        message = f"{text!r} is read as the option {item.name!r} of {name}"
        context.warn(Problem("GS-NAME", message, place, value=text, nearest=item.name, severity="warning"))
    return PicklistItem(item.gsid, item.name, wanted, place)


def warn_text_with_id(place: Place | None, value: str, context: Context) -> None:
    """Text with Id is accepted with a warning (§2.1)."""
    context.warn(Problem("GS-TYPE", "a text meets an id", place, value=value, severity="warning"))


def constant_day(expr: Expr, wanted: DataType, context: Context) -> Expr:
    """A Date where a DateTime is wanted: its first moment in the tenant's zone."""
    if isinstance(expr, Literal) and type(expr.value) is date:
        start = datetime.combine(expr.value, time())
        return Literal(_instant(start, expr.place, context), DATETIME, expr.place)
    return Convert(expr, wanted, expr.place)


def common_type(values: Sequence[Expr], context: Context, what: str) -> DataType:
    """The type that values of one family share; constants follow the other values.

    Raises InputError (INVALID_TYPE) for values of different families. `what` names them in the message.
    """
    typed = [value for value in values if not is_null_literal(value)]
    if not typed:
        return STRING
    leading = next((value for value in typed if not is_text_literal(value)), typed[0])
    for value in typed:
        adapted = adapt(value, leading.type, context)
        if _combine(adapted.type, leading.type):
            if adapted.type.family != leading.type.family:
                warn_text_with_id(value.place, "", context)
            continue
        message = f"{what} are of different types, {leading.type.family} and {value.type.family}"
        hint = "to_string makes a text of any value" if Family.TEXT in (leading.type.family, value.type.family) else ""
        raise type_error(message, value.place, hint=hint)
    if any(value.type.family is Family.TEXT for value in typed) and leading.type.family is Family.ID:
        return STRING
    return _widest([value.type for value in typed if not is_text_literal(value)] or [leading.type])


def _combine(one: DataType, other: DataType) -> bool:
    if one.family in PICKLISTS and one.family is other.family:
        return one.category == other.category
    return one.family is other.family or {one.family, other.family} <= TEXT_LIKE


def _widest(types: Sequence[DataType]) -> DataType:
    first = types[0]
    if first.family is Family.NUMBER:
        return NUMBER
    if first.family is Family.TEXT:
        return STRING
    return first
