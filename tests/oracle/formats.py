"""Date and datetime formats with Java tokens, reading and writing (data-setup.md §15)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

from tests.oracle.values import BLANKS, RefusedError, to_utc

NAMES = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]

_DIGITS = {
    "yyyy": ("year", r"\d{4}"), "uuuu": ("year", r"\d{4}"), "y": ("year", r"\d{4}"), "u": ("year", r"\d{4}"),
    "yy": ("short_year", r"\d{2}"), "uu": ("short_year", r"\d{2}"),
    "MM": ("month", r"\d{2}"), "M": ("month", r"\d{1,2}"), "dd": ("day", r"\d{2}"), "d": ("day", r"\d{1,2}"),
    "HH": ("hour", r"\d{2}"), "H": ("hour", r"\d{1,2}"), "hh": ("half_hour", r"\d{2}"), "h": ("half_hour", r"\d{1,2}"),
    "mm": ("minute", r"\d{2}"), "m": ("minute", r"\d{1,2}"), "ss": ("second", r"\d{2}"), "s": ("second", r"\d{1,2}"),
}  # fmt: skip
_WORDS = {
    "MMM": ("month_name", "|".join(n[:3] for n in NAMES)), "MMMM": ("month_name", "|".join(NAMES)),
    "E": ("weekday", "|".join(n[:3] for n in WEEKDAYS)), "EEE": ("weekday", "|".join(n[:3] for n in WEEKDAYS)),
    "EEEE": ("weekday", "|".join(WEEKDAYS)), "a": ("half", "AM|PM"),
}  # fmt: skip
_OFFSETS = {
    "X": r"Z|[+-]\d\d", "XX": r"Z|[+-]\d{4}", "XXX": r"Z|[+-]\d\d:\d\d",
    "XXXX": r"Z|[+-]\d{4}(?:\d\d)?", "XXXXX": r"Z|[+-]\d\d:\d\d(?::\d\d)?",
    "x": r"[+-]\d\d", "xx": r"[+-]\d{4}", "xxx": r"[+-]\d\d:\d\d",
    "Z": r"[+-]\d{4}", "ZZ": r"[+-]\d{4}", "ZZZ": r"[+-]\d{4}",
}  # fmt: skip


@dataclass(frozen=True)
class Part:
    token: str
    literal: bool


def _split(pattern: str) -> list[Part | str]:
    """Tokens, literals and the two brackets."""
    parts: list[Part | str] = []
    i = 0
    while i < len(pattern):
        c = pattern[i]
        if c == "'":
            end = i + 1
            text = ""
            while True:
                close = pattern.find("'", end)
                if close < 0:
                    raise RefusedError("GS-*", "unbalanced quote in a format")
                text += pattern[end:close]
                if pattern[close + 1 : close + 2] != "'" or close == i + 1:
                    break
                text += "'"
                end = close + 2
            parts.append(Part(text or "'", True))
            i = close + 1
        elif c in "[]":
            parts.append(c)
            i += 1
        elif c.isalpha():
            run = re.match(re.escape(c) + "+", pattern[i:]).group()  # type: ignore[union-attr]
            if run not in _DIGITS and run not in _WORDS and run not in _OFFSETS and not re.fullmatch("S{1,9}", run):
                raise RefusedError("GS-*", f"{run} is no token of a date format")
            parts.append(Part(run, False))
            i += len(run)
        else:
            parts.append(Part(c, True))
            i += 1
    return parts


def check(pattern: str, with_time: bool) -> None:
    """A Date has year, month and day and no time; a DateTime has an hour, and hours of 12 have `a` (§15)."""
    parts = _split(pattern)
    depth = 0
    for part in parts:
        depth += {"[": 1, "]": -1}.get(str(part), 0)
        bare = isinstance(part, Part) and part.literal and part.token in "#{}" and f"'{part.token}" not in pattern
        if depth < 0 or bare:
            raise RefusedError("GS-*", f"{pattern} is no format")
    letters = {part.token[0] for part in parts if isinstance(part, Part) and not part.literal}
    hours = letters & set("Hh")
    whole = depth == 0 and letters & set("yu") and {"M", "d"} <= letters and ("h" not in letters or "a" in letters)
    if not whole or (not with_time and letters & set("HhmsSaXxZ")) or (with_time and not hours):
        raise RefusedError("GS-*", f"{pattern} does not say all, or too much")


def _variants(parts: list[Part | str]) -> list[list[Part]]:
    """Every reading of the optional parts, longest first."""
    options: list[list[list[Part]]] = []
    i = 0
    while i < len(parts):
        part = parts[i]
        if part == "[":
            depth, end = 1, i + 1
            while depth:
                depth += {"[": 1, "]": -1}.get(str(parts[end]), 0)
                end += 1
            options.append([*_variants(parts[i + 1 : end - 1]), []])
            i = end
        else:
            assert isinstance(part, Part)
            options.append([[part]])
            i += 1
    joined = [[p for chunk in choice for p in chunk] for choice in product(*options)]
    return sorted(joined, key=len, reverse=True)


def _regex(parts: list[Part]) -> re.Pattern[str]:
    text = ""
    for part in parts:
        if part.literal:
            text += re.escape(part.token)
        elif part.token in _DIGITS:
            text += "(?P<{}>{})".format(*_DIGITS[part.token])
        elif part.token in _WORDS:
            text += "(?P<{}>(?i:{}))".format(*_WORDS[part.token])
        elif part.token in _OFFSETS:
            text += f"(?P<offset>{_OFFSETS[part.token]})"
        else:
            text += rf"(?P<fraction>\d{{{len(part.token)}}})"
    return re.compile(text, re.ASCII)


def _offset(text: str) -> timedelta:
    if text == "Z":
        return timedelta()
    digits = text[1:].replace(":", "").ljust(6, "0")
    size = timedelta(hours=int(digits[:2]), minutes=int(digits[2:4]), seconds=int(digits[4:]))
    return -size if text[0] == "-" else size


def _hour(found: dict[str, str]) -> int:
    if "half_hour" not in found:
        return int(found.get("hour", 0))
    hour = int(found["half_hour"])
    if not 1 <= hour <= 12:
        raise ValueError("hour")
    return hour % 12 + (12 if found["half"].upper() == "PM" else 0)


def _read(text: str, pattern: str) -> tuple[datetime, timedelta | None] | None:
    for parts in _variants(_split(pattern)):
        match = _regex(parts).fullmatch(text.strip(BLANKS))
        if not match:
            continue
        found = match.groupdict()
        year = int(found["year"]) if "year" in found else 2000 + int(found["short_year"])
        if "month_name" in found:
            month = [n[:3].lower() for n in NAMES].index(found["month_name"][:3].lower()) + 1
        else:
            month = int(found["month"])
        micro = int(found.get("fraction", "0").ljust(3, "0")[:3]) * 1000
        try:
            value = datetime(year, month, int(found["day"]), _hour(found), int(found.get("minute", 0)),
                             int(found.get("second", 0)), micro)  # fmt: skip
        except ValueError:
            return None
        if "weekday" in found and WEEKDAYS[value.weekday()][:3].lower() != found["weekday"][:3].lower():
            return None
        return value, _offset(found["offset"]) if "offset" in found else None
    return None


def read_date(text: str, pattern: str) -> date | None:
    found = _read(text, pattern)
    return found[0].date() if found else None


def read_datetime(text: str, pattern: str, zone: ZoneInfo) -> datetime | None:
    """A naive time in UTC; without an offset the text is a wall-clock time of `zone`."""
    found = _read(text, pattern)
    if found is None:
        return None
    value, offset = found
    return to_utc(value, zone) if offset is None else value - offset


def write(value: date | datetime, pattern: str, zone: ZoneInfo) -> str:
    """Optional parts are included on writing."""
    if isinstance(value, datetime):
        local = value.replace(tzinfo=UTC).astimezone(zone)
    else:
        local = datetime(value.year, value.month, value.day)
    half = local.hour % 12 or 12
    plain = {
        "yyyy": f"{local.year:04d}", "uuuu": f"{local.year:04d}", "y": f"{local.year:04d}", "u": f"{local.year:04d}",
        "yy": f"{local.year % 100:02d}", "uu": f"{local.year % 100:02d}", "MM": f"{local.month:02d}",
        "M": str(local.month), "dd": f"{local.day:02d}", "d": str(local.day), "HH": f"{local.hour:02d}",
        "H": str(local.hour), "hh": f"{half:02d}", "h": str(half), "mm": f"{local.minute:02d}", "m": str(local.minute),
        "ss": f"{local.second:02d}", "s": str(local.second), "MMM": NAMES[local.month - 1][:3],
        "MMMM": NAMES[local.month - 1], "E": WEEKDAYS[local.weekday()][:3], "EEE": WEEKDAYS[local.weekday()][:3],
        "EEEE": WEEKDAYS[local.weekday()], "a": "PM" if local.hour >= 12 else "AM",
    }  # fmt: skip
    return "".join(
        part.token if part.literal else plain.get(part.token) or _written(part.token, local)
        for part in _split(pattern)
        if isinstance(part, Part)
    )


def _written(token: str, local: datetime) -> str:
    """A fraction of a second or an offset."""
    if token[0] == "S":
        return f"{local.microsecond // 1000:03d}".ljust(9, "0")[: len(token)]
    offset = local.utcoffset() or timedelta()
    if token[0] == "X" and not offset:
        return "Z"
    sign = "-" if offset < timedelta() else "+"
    hours, minutes = divmod(abs(offset) // timedelta(minutes=1), 60)
    seconds = abs(offset).seconds % 60
    between = ":" if token in ("XXX", "XXXXX", "xxx") else ""
    text = f"{sign}{hours:02d}{between}{minutes:02d}"
    if token in ("X", "x"):
        return text[:3] if not minutes else text[:3] + f"{minutes:02d}"
    return text + (f"{between}{seconds:02d}" if seconds and len(token) > 3 else "")
