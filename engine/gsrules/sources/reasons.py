"""Why a column of a file has the type that was inferred, in words (data-setup.md §6.3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Final

import duckdb
from sqlglot import exp

from gsrules.catalogue.datatypes import Kind
from gsrules.dataclass import dataclass
from gsrules.sources.check import format_of
from gsrules.sources.format_sql import call, trimmed
from gsrules.sources.formats import Format
from gsrules.sources.infer import KINDS, count_if, fits, own_format
from gsrules.sources.parts import Part
from gsrules.sources.sql import execute

if TYPE_CHECKING:
    from gsrules.spec.tasks import S3Task

# Forms in which dates are often written, tried for columns that are texts because theirs is another one.
_FORMATS: Final = (
    (Kind.DATE, "yyyy-MM-dd"),
    (Kind.DATE, "MM/dd/yyyy"),
    (Kind.DATE, "dd/MM/yyyy"),
    (Kind.DATE, "dd.MM.yyyy"),
    (Kind.DATE, "M/d/yyyy"),
    (Kind.DATE, "yyyyMMdd"),
    (Kind.DATETIME, "yyyy-MM-dd HH:mm:ss"),
    (Kind.DATETIME, "yyyy-MM-dd'T'HH:mm:ss[.SSS][XXX]"),
    (Kind.DATETIME, "MM/dd/yyyy HH:mm"),
)
_WHOLE: Final = r"[+-]?[0-9]+"
_LEADING_ZERO: Final = r"[+-]?0[0-9]+(\.[0-9]*)?"
_COLUMNS_AT_ONCE: Final = 50
_LONGEST_SHOWN: Final = 40


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a type was chosen: `values` cells that are filled and `empty` ones, and the words."""

    text: str
    values: int
    empty: int


@dataclass(slots=True)
class _Counted:
    """What was found in the cells of a column, over all files."""

    rows: int = 0
    filled: int = 0
    whole: int = 0
    zeros: int = 0
    zero: str | None = None
    some: str | None = None


def reasons(
    con: duckdb.DuckDBPyConnection,
    task: S3Task,
    parts: Sequence[Part],
    kinds: Mapping[str, Kind],
) -> dict[str, Reason]:
    """The reason for the type of each header, from all rows; a few queries for each part."""
    found: dict[str, Reason] = {}
    for headers in _pieces(list(kinds)):
        counted = {header: _Counted() for header in headers}
        misfits = {header: dict.fromkeys(KINDS, 0) for header in headers}
        examples: dict[str, dict[Kind, str | None]] = {header: dict.fromkeys(KINDS) for header in headers}
        others = {header: [0] * len(_FORMATS) for header in headers}
        for part in parts:
            items = [item for header in headers for item in _items(task, part, header)]
            values = iter(execute(con, exp.select(*items).from_(part.table.copy())).fetchone() or ())
            for header in headers:
                _take(counted[header], list(islice(values, 6)))
                for kind in KINDS:
                    misfits[header][kind] += next(values)
                    examples[header][kind] = _first(examples[header][kind], next(values))
                for at in range(len(_FORMATS)):
                    others[header][at] += next(values)
        for header in headers:
            words = _Words(task, header, counted[header], misfits[header], examples[header], others[header])
            found[header] = Reason(words.of(kinds[header]), words.seen.filled, words.seen.rows - words.seen.filled)
    return found


def _pieces(headers: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(headers), _COLUMNS_AT_ONCE):
        yield headers[start : start + _COLUMNS_AT_ONCE]


def _items(task: S3Task, part: Part, header: str) -> Iterator[exp.Expression]:
    text = part.cell(header)
    bare = trimmed(text)
    filled = exp.NEQ(this=bare, expression=exp.Literal.string(""))
    zero = call("regexp_full_match", bare, _LEADING_ZERO)
    yield exp.Count(this=exp.Star())
    yield count_if(filled)
    yield count_if(call("regexp_full_match", bare, _WHOLE))
    yield count_if(zero)
    yield _least(bare, zero)
    yield _least(bare, filled)
    for kind in KINDS:
        fit = exp.Coalesce(this=fits(task, header, kind, text, bare), expressions=[exp.false()])
        misfit = exp.And(this=filled.copy(), expression=exp.Not(this=exp.paren(fit)))
        yield count_if(misfit)
        yield _least(bare, misfit)
    for _, form in _FORMATS:
        missing = exp.Is(this=exp.paren(Format.parse(form).read(text)), expression=exp.Null())
        yield count_if(exp.And(this=filled.copy(), expression=missing))


def _least(text: exp.Expression, condition: exp.Expression) -> exp.Expression:
    return exp.Filter(this=exp.Min(this=text.copy()), expression=exp.Where(this=condition.copy()))


def _take(seen: _Counted, values: list[int | str | None]) -> None:
    rows, filled, whole, zeros, zero, some = values
    seen.rows += int(rows or 0)
    seen.filled += int(filled or 0)
    seen.whole += int(whole or 0)
    seen.zeros += int(zeros or 0)
    seen.zero = _first(seen.zero, zero if isinstance(zero, str) else None)
    seen.some = _first(seen.some, some if isinstance(some, str) else None)


def _first(one: str | None, other: str | None) -> str | None:
    return min((each for each in (one, other) if each is not None), default=None)


@dataclass(frozen=True, slots=True)
class _Words:
    """Puts what was counted into words."""

    task: S3Task
    header: str
    seen: _Counted
    misfits: Mapping[Kind, int]
    examples: Mapping[Kind, str | None]
    others: Sequence[int]

    def of(self, kind: Kind) -> str:
        empty = self.seen.rows - self.seen.filled
        if not self.seen.filled:
            return "no cell holds anything"
        words = self._text() if kind is Kind.STRING else f"{self._all()} {self._are(kind)}"
        return words + (f"; {empty:,} cell{'s are' if empty > 1 else ' is'} empty" if empty else "")

    def _all(self) -> str:
        return "the only value is" if self.seen.filled == 1 else f"all {self.seen.filled:,} values are"

    def _are(self, kind: Kind) -> str:
        one = self.seen.filled == 1
        if kind is Kind.BOOLEAN:
            return "true or false"
        if kind is Kind.NUMBER:
            if self.seen.whole == self.seen.filled:
                return ("a whole number" if one else "whole numbers") + " without leading zero"
            broken = self.seen.filled - self.seen.whole
            return "a number with decimals" if one else f"numbers, {broken:,} of them with a point or an exponent"
        if kind is Kind.GSID:
            return "36 digits and capital letters"
        form = format_of(self.task, kind, own_format(self.task, self.header, kind)).text
        return f"{'a date' if one else 'dates'} of the form {form}"

    def _text(self) -> str:
        seen = self.seen
        numbers = self.misfits[Kind.NUMBER]
        if seen.zero is not None and numbers == seen.zeros:
            return f"a value {_quoted(seen.zero)} has a leading zero: text"
        other = next((each for each, count in zip(_FORMATS, self.others, strict=True) if not count), None)
        if other is not None:
            kind, form = other
            column = f'{{type: {kind.value}, format: "{form}"}}'
            return f"{self._all()} of the form {form}, not of the task's: {column} reads it"
        nearest = min(KINDS, key=lambda kind: self.misfits[kind])
        count = self.misfits[nearest]
        example = self.examples[nearest]
        if count * 2 < seen.filled and example is not None:
            return f"{_quoted(example)} is no {nearest.value}, as {count:,} of {seen.filled:,} values are none: text"
        return f"{seen.filled:,} value{'' if seen.filled == 1 else 's'} of text, such as {_quoted(seen.some or '')}"


def _quoted(text: str) -> str:
    """A value for a comment: on one line, and not too long."""
    shown = "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text[:_LONGEST_SHOWN])
    return f"'{shown}{'…' if len(text) > _LONGEST_SHOWN else ''}'"
