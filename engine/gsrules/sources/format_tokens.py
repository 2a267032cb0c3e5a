"""The tokens of a date or date-time format, as Java's DateTimeFormatter spells them (data-setup.md §15)."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from gsrules.dataclass import dataclass

MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class Part(StrEnum):
    """What a token stands for; the values name the groups of the regular expressions."""

    YEAR = "y"
    SHORT_YEAR = "yy"
    MONTH = "m"
    MONTH_NAME = "mon"
    DAY = "d"
    WEEKDAY = "e"
    HOUR = "h"
    HOUR_12 = "h12"
    MINUTE = "mi"
    SECOND = "s"
    FRACTION = "f"
    HALF_DAY = "a"
    OFFSET = "o"
    LITERAL = ""


DATE_PARTS: Final = frozenset(
    {Part.YEAR, Part.SHORT_YEAR, Part.MONTH, Part.MONTH_NAME, Part.DAY, Part.WEEKDAY, Part.LITERAL}
)

# Parts that say the same thing: one variant of a format holds at most one of each set.
SAME: Final = (
    frozenset({Part.YEAR, Part.SHORT_YEAR}),
    frozenset({Part.MONTH, Part.MONTH_NAME}),
    frozenset({Part.DAY}),
    frozenset({Part.WEEKDAY}),
    frozenset({Part.HOUR, Part.HOUR_12}),
    frozenset({Part.MINUTE}),
    frozenset({Part.SECOND}),
    frozenset({Part.FRACTION}),
    frozenset({Part.HALF_DAY}),
    frozenset({Part.OFFSET}),
)


@dataclass(frozen=True, slots=True)
class Token:
    """One token: what it stands for, how it was written, the pattern it reads and DuckDB's code to write it.

    `width` is the number of characters if it is always the same and all digits (or literal text), else 0.
    `code` is empty where strftime has none that fits.
    """

    part: Part
    text: str
    pattern: str
    code: str = ""
    width: int = 0


def _names(names: tuple[str, ...]) -> str:
    return "(?i:" + "|".join(names) + ")"


_SHORT_MONTHS = _names(tuple(name[:3] for name in MONTHS))
_SHORT_WEEKDAYS = _names(tuple(name[:3] for name in WEEKDAYS))
_MINUTE = "[0-5][0-9]"
_HOURS = "(?:0[0-9]|1[0-8])"

_OFFSETS: Final = {
    "X": _HOURS,
    "XX": f"{_HOURS}{_MINUTE}",
    "XXX": f"{_HOURS}:{_MINUTE}",
    "XXXX": f"{_HOURS}{_MINUTE}(?:{_MINUTE})?",
    "XXXXX": f"{_HOURS}:{_MINUTE}(?::{_MINUTE})?",
}


def _table() -> dict[str, Token]:
    found = [
        *(Token(Part.YEAR, text, "[0-9]{4}", "%Y", 4) for text in ("yyyy", "uuuu", "y", "u")),
        *(Token(Part.SHORT_YEAR, text, "[0-9]{2}", "%y", 2) for text in ("yy", "uu")),
        Token(Part.MONTH, "MM", "(?:0[1-9]|1[0-2])", "%m", 2),
        Token(Part.MONTH, "M", "(?:1[0-2]|0?[1-9])", "%-m"),
        Token(Part.MONTH_NAME, "MMM", _SHORT_MONTHS, "%b"),
        Token(Part.MONTH_NAME, "MMMM", _names(MONTHS), "%B"),
        Token(Part.DAY, "dd", "(?:0[1-9]|[12][0-9]|3[01])", "%d", 2),
        Token(Part.DAY, "d", "(?:[12][0-9]|3[01]|0?[1-9])", "%-d"),
        *(Token(Part.WEEKDAY, text, _SHORT_WEEKDAYS, "%a") for text in ("E", "EE", "EEE")),
        Token(Part.WEEKDAY, "EEEE", _names(WEEKDAYS), "%A"),
        Token(Part.HOUR, "HH", "(?:[01][0-9]|2[0-3])", "%H", 2),
        Token(Part.HOUR, "H", "(?:1[0-9]|2[0-3]|0?[0-9])", "%-H"),
        Token(Part.HOUR_12, "hh", "(?:0[1-9]|1[0-2])", "%I", 2),
        Token(Part.HOUR_12, "h", "(?:1[0-2]|0?[1-9])", "%-I"),
        Token(Part.MINUTE, "mm", _MINUTE, "%M", 2),
        Token(Part.MINUTE, "m", "[0-5]?[0-9]", "%-M"),
        Token(Part.SECOND, "ss", _MINUTE, "%S", 2),
        Token(Part.SECOND, "s", "[0-5]?[0-9]", "%-S"),
        *(Token(Part.FRACTION, "S" * n, f"[0-9]{{{n}}}", "%g" if n == 3 else "", n) for n in range(1, 10)),
        Token(Part.HALF_DAY, "a", "(?i:AM|PM)", "%p"),
        *(Token(Part.OFFSET, text, f"(?:Z|[+-]{digits})") for text, digits in _OFFSETS.items()),
        *(Token(Part.OFFSET, text.lower(), f"[+-]{_OFFSETS[text]}") for text in ("X", "XX", "XXX")),
        *(Token(Part.OFFSET, text, f"[+-]{_OFFSETS['XX']}") for text in ("Z", "ZZ", "ZZZ")),
    ]
    return {token.text: token for token in found}


TOKENS: Final = _table()

# Why a letter of Java's is refused, and what the author probably means.
HINTS: Final = {
    "Y": "Y is the week year; write yyyy for the year",
    "D": "D is the day of the year; write dd for the day of the month",
    "L": "write MM for the month",
    "Q": "quarters cannot be read or written",
    "q": "quarters cannot be read or written",
    "w": "weeks cannot be read or written",
    "W": "weeks cannot be read or written",
    "e": "write E or EEEE for the weekday's name",
    "c": "write E or EEEE for the weekday's name",
    "F": "write dd for the day of the month",
    "k": "write HH for the hour from 00 to 23",
    "K": "write hh with a for the hour from 01 to 12",
    "n": "write SSS for milliseconds",
    "N": "write HH:mm:ss for the time of day",
    "A": "write SSS for milliseconds",
    "B": "write a for AM and PM",
    "G": "leave the era out",
    "g": "write yyyy-MM-dd for a day",
    "z": "names of time zones cannot be read; write XXX for an offset such as +01:00",
    "v": "names of time zones cannot be read; write XXX for an offset such as +01:00",
    "V": "names of time zones cannot be read; write XXX for an offset such as +01:00",
    "O": "write XXX for an offset such as +01:00",
    "p": "padding is not supported; write dd or MM for two digits",
    "y": "write yyyy for four digits or yy for two",
    "u": "write uuuu for four digits or uu for two",
    "M": "write MM for two digits, MMM for Jan or MMMM for January",
    "d": "write dd for two digits or d for one or two",
    "E": "write E for Wed or EEEE for Wednesday",
    "H": "write HH for two digits or H for one or two",
    "h": "write hh for two digits or h for one or two",
    "m": "write mm for two digits or m for one or two",
    "s": "write ss for two digits or s for one or two",
    "S": "write one S for each digit of the fraction, nine at most",
    "a": "write one a for AM and PM",
    "X": "write XXX for Z or an offset such as +01:00, at most XXXXX",
    "x": "write xxx for an offset such as +01:00",
    "Z": "write Z for an offset such as +0100",
}
