"""Date and date-time formats: the supported subset of Java's DateTimeFormatter (data-setup.md §15)."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Final

from sqlglot import exp

from gsrules.dataclass import dataclass
from gsrules.errors import Place, Problem
from gsrules.sources import format_sql
from gsrules.sources.format_tokens import DATE_PARTS, HINTS, SAME, TOKENS, Part, Token
from gsrules.spec.text import Text

MOST_VARIANTS: Final = 16

Variant = tuple[Token, ...]
Item = Token | tuple["Item", ...]


@dataclass(frozen=True)
class Format:
    """A parsed format. `variants` are its readings with and without the optional parts, the longest first.

    `problems` are errors (the format cannot be used) and warnings found in the text itself; what a date or a
    date-time column asks for beyond that is told by `date_problems` and `datetime_problems`.
    """

    text: str
    variants: tuple[Variant, ...]
    problems: tuple[Problem, ...]

    @classmethod
    def parse(cls, text: str) -> Format:
        """Reads a format; never raises, see `problems` (data-setup.md §15)."""
        return _Parser(text).format()

    @property
    def usable(self) -> bool:
        """Whether the text holds no error."""
        return not any(problem.severity == "error" for problem in self.problems)

    @property
    def has_time(self) -> bool:
        """Whether any token tells a time of day or an offset."""
        return any(token.part not in DATE_PARTS for variant in self.variants for token in variant)

    @cached_property
    def readings(self) -> tuple[Variant, ...]:
        """The variants that hold all that a value of this format needs, the longest first."""
        complete = (variant for variant in self.variants if _is_whole_date(variant))
        if self.has_time:
            complete = (variant for variant in complete if _has(variant, Part.HOUR, Part.HOUR_12))
        return tuple(variant for variant in complete if not _repeats(variant))

    @cached_property
    def regex(self) -> str:
        """A regular expression that the whole trimmed text of a value matches (also a Python one)."""
        return "|".join("(?:" + "".join(token.pattern for token in variant) + ")" for variant in self.readings)

    def date_problems(self) -> tuple[Problem, ...]:
        """What keeps the format from being that of Date values."""
        if not self.usable:
            return self.problems
        if self.has_time:
            minutes = next((problem.hint for problem in self.problems if problem.severity == "warning"), "")
            hint = f"take the time tokens out; {minutes}" if minutes else "take the time tokens out"
            return (*self.problems, self._problem("a Date format holds no time of day", hint))
        return (*self.problems, *self._reading_problems("a Date format needs year, month and day"))

    def datetime_problems(self) -> tuple[Problem, ...]:
        """What keeps the format from being that of DateTime values."""
        if not self.usable:
            return self.problems
        if not self.has_time:
            hint = f"write {self.text} HH:mm:ss, or make the column a date"
            return (*self.problems, self._problem("a DateTime format needs an hour", hint))
        found = self._reading_problems("a DateTime format needs year, month, day and hour")
        if not found and any(_hour_is_doubtful(variant) for variant in self.readings):
            found = (self._problem("hh counts from 01 to 12 and needs AM or PM", "write HH, or hh with a"),)
        return (*self.problems, *found)

    def path_problems(self) -> tuple[Problem, ...]:
        """What keeps the format from writing the date into a file's path (`${pattern}`)."""
        if not self.usable:
            return self.problems
        if self.has_time:
            hint = "the pattern is computed from the rule date, which has no time of day"
            return (*self.problems, self._problem("the format of a path holds no time of day", hint))
        return self.problems

    def read(self, text: exp.Expression, zone: str = "UTC") -> exp.Expression:
        """The value that `text` (VARCHAR) stands for, null where it does not fit the format.

        A DATE if the format holds no time, else a TIMESTAMP in UTC, cut to milliseconds; a text without an
        offset is read in `zone` (an IANA name). Spaces, tabs, CR and LF at both ends are dropped.
        """
        return format_sql.read(self.readings, text, zone if self.has_time else None)

    @cached_property
    def sure_pattern(self) -> str | None:
        """A cheap regular expression that only good texts match, though not all of them; None if there is none."""
        return format_sql.sure_pattern(self.readings[0]) if self.readings else None

    def write(self, value: exp.Expression, zone: str = "UTC") -> exp.Expression:
        """The text of `value`, a TIMESTAMP in UTC shown in `zone`, or a DATE; optional parts are written.

        A DATE under a format with a time is midnight: give it with `zone` "UTC".
        """
        return format_sql.write(self.variants[0], value, zone if self.has_time else None)

    def write_day(self, day: datetime.date) -> str:
        """The text of one date; only for formats without a time (`path_problems` is empty)."""
        return "".join(_DAY_WRITERS[token.part](token, day) for token in self.variants[0])

    def _reading_problems(self, message: str) -> tuple[Problem, ...]:
        if self.readings:
            return ()
        doubled = any(_repeats(variant) for variant in self.variants)
        return (self._problem("a token stands twice in the format" if doubled else message, "such as yyyy-MM-dd"),)

    def _problem(self, message: str, hint: str) -> Problem:
        return Problem("GS-SYNTAX", message, _place(self.text, 0, len(self.text)), value=self.text, hint=hint)


def _has(variant: Variant, *parts: Part) -> bool:
    return any(token.part in parts for token in variant)


def _is_whole_date(variant: Variant) -> bool:
    return (
        _has(variant, Part.YEAR, Part.SHORT_YEAR)
        and _has(variant, Part.MONTH, Part.MONTH_NAME)
        and _has(variant, Part.DAY)
    )


def _repeats(variant: Variant) -> bool:
    return any(sum(token.part in same for token in variant) > 1 for same in SAME)


def _hour_is_doubtful(variant: Variant) -> bool:
    return _has(variant, Part.HOUR_12) and not _has(variant, Part.HALF_DAY)


def _place(text: str, offset: int, length: int = 1) -> Place | None:
    return text.at(offset, length) if isinstance(text, Text) else None


_DAY_WRITERS: Final[dict[Part, Callable[[Token, datetime.date], str]]] = {
    Part.LITERAL: lambda token, day: token.text,
    Part.YEAR: lambda token, day: f"{day.year:04}",
    Part.SHORT_YEAR: lambda token, day: f"{day.year % 100:02}",
    Part.MONTH: lambda token, day: f"{day.month:0{token.width or 1}}",
    Part.MONTH_NAME: lambda token, day: format_sql.month_name(day.month, short=token.text == "MMM"),
    Part.DAY: lambda token, day: f"{day.day:0{token.width or 1}}",
    Part.WEEKDAY: lambda token, day: format_sql.weekday_name(day.isoweekday(), short=token.text != "EEEE"),
}


class _Parser:
    """Reads the text of one format from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.problems: list[Problem] = []
        self.seen_hour = False

    def format(self) -> Format:
        stack: list[list[Item]] = [[]]
        opened: list[int] = []
        at = 0
        while at < len(self.text):
            char = self.text[at]
            if char == "[":
                stack.append([])
                opened.append(at)
                at += 1
            elif char == "]" and opened:
                inner = stack.pop()
                opened.pop()
                stack[-1].append(tuple(inner))
                at += 1
            else:
                at = self._token(at, stack[-1])
        for start in opened:
            self._error("“[” is never closed", start, 1, "close the optional part with ]")
        items = stack[0]
        if not self.problems and not any(isinstance(item, tuple) or item.part is not Part.LITERAL for item in items):
            self._error("the format holds no token of a date", 0, len(self.text), "such as yyyy-MM-dd")
        return Format(self.text, self._variants(tuple(items)), tuple(self.problems))

    def _token(self, at: int, into: list[Item]) -> int:
        """Reads what begins at `at`; returns where the next thing begins."""
        char = self.text[at]
        if char == "'":
            return self._quoted(at, into)
        if char.isascii() and char.isalpha():
            end = at
            while end < len(self.text) and self.text[end] == char:
                end += 1
            self._letters(at, self.text[at:end], into)
            return end
        if char in "#{}]" or char.isalpha():
            hint = "“]” without “[”" if char == "]" else f"put it in single quotes: '{char}'"
            self._error(f"“{char}” has no meaning here", at, 1, hint)
        else:
            into.append(_literal(char))
        return at + 1

    def _quoted(self, at: int, into: list[Item]) -> int:
        if self.text.startswith("''", at):
            into.append(_literal("'"))
            return at + 2
        found = re.compile(r"'((?:[^']|'')*)'").match(self.text, at)
        if not found:
            self._error("the quote is never closed", at, 1, "two single quotes '' stand for one")
            return len(self.text)
        into.append(_literal(found[1].replace("''", "'")))
        return found.end()

    def _letters(self, at: int, run: str, into: list[Item]) -> None:
        token = TOKENS.get(run)
        if token is None:
            hint = HINTS.get(run[0], f"text goes in single quotes: '{run}'")
            self._error(f"“{run}” is no token of a date format", at, len(run), hint)
            return
        if token.part in (Part.HOUR, Part.HOUR_12):
            self.seen_hour = True
        if token.part is Part.MINUTE and not self.seen_hour:
            self.problems.append(
                Problem(
                    "GS-SYNTAX",
                    f"“{run}” means minutes and stands before any hour",
                    _place(self.text, at, len(run)),
                    value=self.text,
                    hint=f"perhaps {run.upper()} is meant, the month",
                    severity="warning",
                )
            )
        into.append(token)

    def _variants(self, items: tuple[Item, ...]) -> tuple[Variant, ...]:
        found: dict[Variant, None] = {}
        for variant in _expand(items):
            found[variant] = None
            if len(found) > MOST_VARIANTS:
                self._error(f"more than {MOST_VARIANTS} variants", 0, len(self.text), "use fewer optional parts")
                break
        return tuple(sorted(found, key=lambda variant: -sum(len(token.text) for token in variant)))

    def _error(self, message: str, at: int, length: int, hint: str) -> None:
        self.problems.append(
            Problem("GS-SYNTAX", f"date format: {message}", _place(self.text, at, length), value=self.text, hint=hint)
        )


def _literal(text: str) -> Token:
    return Token(Part.LITERAL, text, re.escape(text), text.replace("%", "%%"), len(text))


def _expand(items: tuple[Item, ...]) -> Iterator[Variant]:
    """Every way to keep and leave out the optional parts, all kept first."""
    if not items:
        yield ()
        return
    first, rest = items[0], items[1:]
    if isinstance(first, Token):
        for tail in _expand(rest):
            yield (first, *tail)
        return
    for inner in _expand(first):
        for tail in _expand(rest):
            yield (*inner, *tail)
    yield from _expand(rest)
