"""Values, columns and tables of the oracle: numbers, text forms, rounding, order (data-setup.md §1.3, §2)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

Row = dict[Any, Any]

NUMBER_TEXT = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
BLANKS = " \t\r\n"
LARGEST = Decimal(10) ** 29


class RefusedError(Exception):
    """The rule is refused before any row is read."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class FailedError(Exception):
    """The task, and with it the run, fails."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


@dataclass(frozen=True)
class Column:
    """A column of a task's output; `family` is one of text, number, boolean, date, datetime, picklist, multi, id."""

    name: str
    family: str
    label: str = ""
    category: str = ""


@dataclass
class Table:
    columns: list[Column]
    rows: list[Row] = field(default_factory=list)


@dataclass
class Context:
    """What every expression of a run sees."""

    rule_date: date
    profile: dict[str, Any]
    params: dict[str, Any] = field(default_factory=dict)
    catalogue: Any = None
    rule_id: str = "rule"
    task: str = ""
    column: str = ""
    around: Context | None = None
    """Where a condition decides about letter case for itself: what decides for those inside of it, as of a case."""

    def at_most(self, key: str, count: int) -> None:
        """A limit of the profile: more is refused, or only warned of (§17)."""
        if count > int(self.profile[key]) and self.profile["limits.strict"]:
            raise RefusedError("GS-LIMIT", f"{count} is more than {key}")

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.profile["tenant.timezone"])

    def local_date(self, value: datetime) -> date:
        return value.replace(tzinfo=UTC).astimezone(self.zone).date()

    def start_of(self, day: date) -> datetime:
        return to_utc(datetime.combine(day, time()), self.zone)


def to_utc(local: datetime, zone: ZoneInfo) -> datetime:
    """A wall-clock time of a zone as a naive time in UTC."""
    return local.replace(tzinfo=zone).astimezone(UTC).replace(tzinfo=None)


def round_number(value: Decimal, decimals: int = 9) -> Decimal:
    """Half away from zero (§2.2)."""
    return value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)


def settle(value: Decimal | None, decimals: int = 9) -> Decimal | None:
    """The result of a formula or an average: rounded, null when it has more than 29 integer digits (§2.2)."""
    if value is None or not value.is_finite() or abs(value) >= LARGEST:
        return None
    return round_number(value, decimals)


def number_of_text(text: str) -> Decimal | None:
    """A number text, or None when the text is none; blanks at both ends do not count (§2.2)."""
    text = text.strip(BLANKS)
    return round_number(Decimal(text)) if NUMBER_TEXT.fullmatch(text) else None


def boolean_of_text(text: str) -> bool | None:
    """Only `true` is true, in any letter case; what is empty is null (§2.2)."""
    text = text.strip(BLANKS)
    return text.lower() == "true" if text else None


def lowered(text: str) -> str:
    """Code point by code point, whatever the locale: the length stays."""
    return "".join(c.lower()[0] for c in text)


def raised(text: str) -> str:
    return "".join("ẞ" if c == "ß" else c.upper() if len(c.upper()) == 1 else c for c in text)


def number_to_text(value: Decimal) -> str:
    text = format(round_number(value), "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


def plain_offset(value: datetime) -> str:
    offset = value.utcoffset() or timedelta()
    minutes = int(offset.total_seconds() // 60)
    if minutes == 0:
        return "Z"
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def text_of(value: Any, context: Context) -> str | None:
    """`to_string` without a format (§11.4)."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return number_to_text(value)
    if isinstance(value, datetime):
        local = value.replace(tzinfo=UTC).astimezone(context.zone)
        return local.strftime("%Y-%m-%dT%H:%M:%S") + plain_offset(local)
    if isinstance(value, date):
        return value.isoformat()
    return ";".join(value)


def order_key(row: Row, columns: list[Column]) -> list[tuple[bool, Any]]:
    """The key of the canonical order: by all columns from left to right, nulls last (§1.3)."""
    return [(row[c.name] is None, 0 if row[c.name] is None else row[c.name]) for c in columns]


def canonical(table: Table) -> list[Row]:
    return sorted(table.rows, key=lambda row: order_key(row, table.columns))
