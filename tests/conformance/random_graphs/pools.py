"""Values that are likely to go wrong: letter case, blanks, wide letters, extreme dates and numbers."""

from __future__ import annotations

import random
from datetime import date, datetime
from decimal import Decimal
from typing import Any

TEXTS = [
    "a", "A", "ab", "Ab c", "b", " b", "b ", "x_y", "50%", "a.b", "é", "É", "e\u0301", "ß", "SS", "ss", "İ", "i", "I",
    "ı", "😀", "😀 x", "👩\u200d🚀", "Ω", "ω", "日本", "ﾊﾟ", "john@acme.com", "null", "0", "1.5", " -3 ", "1e3", "true",
    "TRUE", "yes", "2024-05-15", "2024-02-30", "O'Brien", 'say "x"', "c\\d", "a,b;c|d", "l1\nl2", "\t", "x" * 600,
]  # fmt: skip
SEARCHES = ["a", "B", "b ", "@", "é", "%", "_", "😀", "S", "x", "\\", "'"]
QUARTERS = ["0", "1", "2", "3", "-2", "0.25", "-1.5", "10", "7.75", "-0.5", "100"]
BIGS = [
    "99999999999999999999999999999", "-99999999999999999999999999999", "0.000000001", "-0.000000001",
    "12345678901234567890.123456789", "9007199254740993", "1", "0", "1", "0", "2.5",
]  # fmt: skip
DATES = ["2024-05-14", "2024-05-15", "2024-05-16", "2024-05-08", "2024-04-30", "2024-03-31", "2024-02-29", "2023-12-31"]
EXTREME_DATES = ["0001-01-01", "9999-12-31", "1970-01-01", "1900-02-28", "2000-02-29"]
TIMES = [
    "2024-05-14T23:30:00", "2024-05-15T00:00:00", "2024-05-15T12:00:00", "2024-05-15T06:59:59.999",
    "2024-03-10T09:59:59", "2024-03-10T10:00:00", "2023-12-31T23:59:59", "1970-01-01T00:00:00", "2024-11-03T07:30:00.5",
]  # fmt: skip
ITEMS = ["Red", "Green", "Light blue", "BLACK"]
ZONES = ["UTC", "UTC", "America/Los_Angeles", "Europe/Berlin", "Asia/Kolkata", "Pacific/Auckland"]
KINDS = ("text", "number", "big", "date", "time", "flag")


def number(dice: random.Random) -> Decimal:
    """A multiple of a quarter: double precision and exact decimals agree on sums and products of a few."""
    return Decimal(dice.choice(QUARTERS))


def value(dice: random.Random, kind: str, nulls: float = 0.2) -> Any:
    """A value of a kind, as the oracle holds it."""
    if dice.random() < nulls:
        return None
    if kind == "text":
        return dice.choice(TEXTS[:14] if dice.random() < 0.5 else TEXTS)
    if kind == "number":
        return number(dice)
    if kind == "big":
        return Decimal(dice.choice(BIGS))
    if kind == "date":
        return date.fromisoformat(dice.choice(EXTREME_DATES if dice.random() < 0.06 else DATES))
    if kind == "time":
        return datetime.fromisoformat(dice.choice(TIMES))
    if kind == "flag":
        return dice.random() < 0.5
    if kind.startswith("pick"):
        return dice.choice(ITEMS)
    return sorted(dice.sample(ITEMS, dice.randint(1, 3)), key=ITEMS.index)
