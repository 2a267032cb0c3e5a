"""Constants that stand in task keys instead of expressions: values of a pivot, defaults (data-setup.md §10)."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from gsrules.catalogue.datatypes import BOOLEAN, DataType, Family
from gsrules.catalogue.texts import NUMBER_PATTERN
from gsrules.errors import Place
from gsrules.expressions.comparisons import with_nulls
from gsrules.expressions.constants import parse_date, parse_datetime, parse_number
from gsrules.expressions.tree import ColumnRef, Compare, Expr, InList, Literal, PicklistItem
from gsrules.plan.env import TaskEnv

_NUMBER = re.compile(NUMBER_PATTERN, re.ASCII)

_EXAMPLES = {
    Family.NUMBER: "a number such as 12.5",
    Family.BOOLEAN: "true or false",
    Family.DATE: "a date such as 2026-01-31",
    Family.DATETIME: "a date with time such as 2026-01-31T09:30:00Z",
}


def constant(
    value: str | int | float | bool, made: DataType, what: str, env: TaskEnv, place: Place | None
) -> Expr | None:
    """The value as a literal of that type; None after noting that it does not convert (INVALID_TYPE)."""
    found = _converted(value, made, env.context.profile["tenant.timezone"])
    if found is None:
        message = f"{what} is {str(value)!r}, which is no {made.family} (INVALID_TYPE)"
        hint = f"write {_EXAMPLES.get(made.family, 'it in quotes')}"
        env.findings.error("GS-TYPE", message, place, value=str(value), hint=hint)
        return None
    if made.whole and isinstance(found, Decimal) and found != found.to_integral_value():
        message = f"{what} is {value}, but the column holds whole numbers (INVALID_TYPE)"
        env.findings.error("GS-TYPE", message, place, value=str(value), hint="write a whole number")
        return None
    return Literal(found, made, place)


def _converted(
    value: str | int | float | bool, made: DataType, zone: str
) -> str | Decimal | bool | date | datetime | None:
    text = str(value).strip()
    match made.family:
        case Family.NUMBER:
            return parse_number(text) if _NUMBER.fullmatch(text) else None
        case Family.BOOLEAN:
            return {"true": True, "false": False}.get(text.lower())
        case Family.DATE:
            return parse_date(text)
        case Family.DATETIME:
            return _instant(parse_datetime(text), zone)
        case _:
            return str(value) if isinstance(value, str) else None


def _instant(found: datetime | None, zone: str) -> datetime | None:
    """The instant in UTC; without an offset the text is in the tenant's zone (data-setup.md §5.5)."""
    if found is None:
        return None
    aware = found if found.tzinfo is not None else found.replace(tzinfo=ZoneInfo(zone))
    return aware.astimezone(UTC).replace(tzinfo=None)


def equality(column: ColumnRef, value: str, env: TaskEnv, place: Place | None) -> Expr | None:
    """The condition `column = value`; None after noting that the value does not fit the column's type."""
    family = column.type.family
    if family in (Family.PICKLIST, Family.MULTI_PICKLIST):
        return _item_equality(column, value, env, place)
    right = constant(value, replace(column.type, whole=False), f"the pivot value for {column.name!r}", env, place)
    if right is None:
        return None
    ignore_case = family in (Family.TEXT, Family.ID) and env.context.profile["filter.equality_case"] == "insensitive"
    return with_nulls(Compare("=", column, right, ignore_case, place, BOOLEAN), column, env.context)


def _item_equality(column: ColumnRef, value: str, env: TaskEnv, place: Place | None) -> Expr | None:
    """Dropdown values are item ids; a label is resolved (data-setup.md §5.2)."""
    category = column.type.category
    match = env.catalogue.item(category, value) if category else None
    if match is None or match.item is None:
        message = f"{value!r} is no option of {column.name!r} (INVALID_TYPE)"
        near = match.nearest if match else ""
        env.findings.error("GS-NAME", message, place, value=value, near=near)
        return None
    if match.case_differs:
        message = f"{value!r} is taken as the option {match.item.name!r}"
        env.findings.tell("GS-NAME", message, place, value=value, hint=f"write {match.item.name}")
    item = PicklistItem(match.item.gsid, match.item.name, column.type, place)
    return with_nulls(InList(column, (item,), False, False, place), column, env.context)
