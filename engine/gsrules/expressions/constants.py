"""Constants as users write them: numbers (data-setup.md §2.2), ISO dates and date-times (§5.5)."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DATETIME = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})?", re.ASCII)
_ROUNDING = Context(prec=38, rounding=ROUND_HALF_UP)
_STEP = Decimal("0.000000001")


def parse_number(text: str) -> Decimal | None:
    """The number, rounded half away from zero to 9 decimals; None with more than 29 integer digits."""
    try:
        return Decimal(text).quantize(_STEP, context=_ROUNDING).normalize(_ROUNDING)
    except InvalidOperation:
        return None


def parse_date(text: str) -> date | None:
    """The day of `yyyy-MM-dd`, or None."""
    if not _DATE.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def parse_datetime(text: str) -> datetime | None:
    """The instant of an ISO date-time, with its offset if it has one, cut to milliseconds; or None."""
    found = _DATETIME.fullmatch(text)
    if not found:
        return None
    fraction = found.group(2) or ""
    plain = text.replace(fraction, fraction[:4].ljust(4, "0"), 1) if fraction else text
    try:
        return datetime.fromisoformat(plain)
    except ValueError:
        return None
