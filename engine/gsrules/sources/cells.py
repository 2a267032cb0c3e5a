"""Typed cells: the text of a file's cell as a value, in SQL (data-setup.md §2.2, §6.3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import duckdb
from sqlglot import exp

from gsrules.catalogue.datatypes import DataType, Kind
from gsrules.sources.format_sql import call, trimmed
from gsrules.sources.formats import Format

# Raised inside a query when the fast form met what only the exact form can tell.
EXACT_NEEDED: Final = "GSRULES:EXACT"

NUMBER_PATTERN: Final = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?"
_SURE_NUMBER: Final = r"-?[0-9]{1,18}(\.[0-9]{0,9})?"
GSID_PATTERN: Final = "[0-9A-Za-z]{36}"

# DuckDB 1.x reads '5e-10' as 1 when it casts to a DECIMAL with fewer decimals than 9.
CAST_ROUNDS_EXPONENTS: Final = not duckdb.__version__.startswith("1.")


_ISO_DATE: Final = "yyyy-MM-dd"


@dataclass(frozen=True, slots=True)
class CellType:
    """How the cells of a column are read: type, format of dates, zone of times without offset."""

    type: DataType
    format: Format | None = None
    zone: str = "UTC"
    keep_empty: bool = False
    """Whether an empty text (a qualified empty cell) stays one; only of texts."""


def value_of(cell: CellType, text: exp.Expression, *, plain: bool) -> exp.Expression:
    """The value of the cell's text, null where it does not fit.

    `plain`: the file holds no character that DuckDB's casts to numbers take beyond data-setup.md §2.2.
    """
    return _VALUES[cell.type.kind](cell, text, plain)


def is_bad(value: exp.Expression, text: exp.Expression) -> exp.Expression:
    """Whether a text that is not empty gave no value."""
    filled = exp.NEQ(this=trimmed(text), expression=exp.Literal.string(""))
    return exp.And(this=exp.Is(this=exp.paren(value.copy()), expression=exp.Null()), expression=filled)


def can_fail(cell: CellType) -> bool:
    """Whether there are texts that do not fit the type; every text is a String and a Boolean (§6.3)."""
    return cell.type.kind not in (Kind.STRING, Kind.BOOLEAN)


def fits_or_error(cell: CellType, text: exp.Expression, *, plain: bool) -> exp.Expression:
    """True; a text that does not fit fails the query with EXACT_NEEDED. Only for cells that `can_fail`.

    Costs less than the value: a pattern lets empty texts and most of the good ones pass.
    """
    ifs = [exp.If(this=_misfit(cell, text, plain), true=exp.cast(call("error", EXACT_NEEDED), "BOOLEAN"))]
    # Of a number the value costs no more than a pattern.
    good = [] if cell.type.kind is Kind.NUMBER else _surely_good(cell, text, exp.true())
    return exp.Case(ifs=[*good, *ifs], default=exp.true())


def misfits(cell: CellType, text: exp.Expression, *, plain: bool) -> exp.Expression:
    """Whether the text does not fit the type; costs less than `is_bad` of its value."""
    if not can_fail(cell):
        return exp.false()
    good = _surely_good(cell, text, exp.false())
    misfit = _misfit(cell, text, plain)
    return exp.Case(ifs=good, default=misfit) if good else misfit


def _misfit(cell: CellType, text: exp.Expression, plain: bool) -> exp.Expression:
    # A number beyond BIGINT fits; only its value would need the exact form.
    checked = replace(cell, type=replace(cell.type, whole=False))
    return is_bad(value_of(checked, text, plain=plain), text)


def _surely_good(cell: CellType, text: exp.Expression, answer: exp.Expression) -> list[exp.If]:
    """The `answer` for empty texts and most good ones, by a pattern."""
    if cell.type.kind is Kind.NUMBER:
        pattern: str | None = _SURE_NUMBER
    else:
        pattern = GSID_PATTERN if cell.format is None else cell.format.sure_pattern
    if pattern is None:
        return []
    return [exp.If(this=call("regexp_full_match", text.copy(), f"(?:{pattern})?"), true=answer)]


def reads_iso_date(cell: CellType) -> bool:
    """Whether the cell is an ordinary date, which the fast form reads by `iso_date` and `iso_date_or_error`."""
    return cell.format is not None and cell.format.text == _ISO_DATE and cell.type.kind is Kind.DATE


def value_or_error(cell: CellType, text: exp.Expression, *, plain: bool) -> exp.Expression:
    """As `value_of`, but for a text that does not fit the query fails, with EXACT_NEEDED or as DuckDB fails."""
    value = value_of(cell, text, plain=plain)
    if not can_fail(cell):
        return value
    filled = exp.NEQ(this=trimmed(text), expression=exp.Literal.string(""))
    failure = exp.cast(call("error", EXACT_NEEDED), cell.type.storage)
    checked = exp.Coalesce(this=value, expressions=[exp.Case(ifs=[exp.If(this=filled, true=failure)])])
    casts_right = cell.type.decimals in (None, 9) or (cell.type.whole and CAST_ROUNDS_EXPONENTS)
    if plain and cell.type.kind is Kind.NUMBER and casts_right:
        return _plain_number_or(checked, cell, text)
    return checked


def iso_date(text: exp.Expression) -> exp.Expression:
    """The text cast to a date, null for an empty one; `iso_date_or_error` tells whether it may be taken."""
    filled = exp.NEQ(this=text.copy(), expression=exp.Literal.string(""))
    return exp.Case(ifs=[exp.If(this=filled, true=exp.cast(text.copy(), "DATE"))])


def iso_date_or_error(date: exp.Expression, text: exp.Expression) -> exp.Expression:
    """The `date` made of `text` if it prints as the same text, null for an empty one; all else asks for the exact form.

    `date` is a column: DuckDB would cast the text anew for each part of the CASE.
    """
    same = exp.EQ(this=exp.cast(date.copy(), "VARCHAR"), expression=text.copy())
    # DuckDB also reads and prints "infinity", years of five digits, and "(BC)".
    of_four_digits = exp.Between(this=date.copy(), low=_day("0001-01-01"), high=_day("9999-12-31"))
    empty = exp.EQ(this=text.copy(), expression=exp.Literal.string(""))
    missing = exp.Or(this=exp.Is(this=text.copy(), expression=exp.Null()), expression=empty)
    ifs = [
        exp.If(this=exp.And(this=of_four_digits, expression=same), true=date.copy()),
        exp.If(this=missing, true=exp.cast(exp.Null(), "DATE")),
    ]
    return exp.Case(ifs=ifs, default=exp.cast(call("error", EXACT_NEEDED), "DATE"))


def _day(text: str) -> exp.Expression:
    return exp.cast(exp.Literal.string(text), "DATE")


def _plain_number_or(otherwise: exp.Expression, cell: CellType, text: exp.Expression) -> exp.Expression:
    """The ordinary number, cast; `otherwise` for texts that begin with a blank, null for empty ones."""
    # All blanks stand before "!".
    begins = exp.GTE(this=text.copy(), expression=exp.Literal.string("!"))
    number = exp.cast(text.copy(), "DECIMAL(38,9)")
    if cell.type.whole:
        # A cast to DECIMAL rounds fractions as §2.2 asks; a cast to BIGINT leaves it to the version.
        number = exp.cast(exp.cast(text.copy(), "DECIMAL(18,0)"), "BIGINT")
    # A cast that is tried on an empty text fails, which costs a hundred times what a test for it does.
    filled = exp.NEQ(this=text.copy(), expression=exp.Literal.string(""))
    return exp.Case(ifs=[exp.If(this=begins, true=number), exp.If(this=filled, true=otherwise)])


def _string(cell: CellType, text: exp.Expression, plain: bool) -> exp.Expression:
    if cell.keep_empty:
        return text.copy()
    # Cheaper than NULLIF.
    filled = exp.NEQ(this=text.copy(), expression=exp.Literal.string(""))
    return exp.Case(ifs=[exp.If(this=filled, true=text.copy())])


def _boolean(cell: CellType, text: exp.Expression, plain: bool) -> exp.Expression:
    bare = exp.Nullif(this=trimmed(text), expression=exp.Literal.string(""))
    return exp.EQ(this=call("lower", bare), expression=exp.Literal.string("true"))


def _number(cell: CellType, text: exp.Expression, plain: bool) -> exp.Expression:
    bare = text.copy() if plain else trimmed(text)
    number = _rounded(bare, cell.type.decimals)
    if plain:
        # DuckDB 2.0.0 moves a bare TRY_CAST into its CSV reader, where it fails instead of giving null.
        fits: exp.Expression = exp.NEQ(this=bare.copy(), expression=exp.Literal.string(""))
    else:
        fits = call("regexp_full_match", bare.copy(), NUMBER_PATTERN)
    number = exp.Case(ifs=[exp.If(this=fits, true=number)])
    if not cell.type.whole:
        return number
    # A number beyond BIGINT fails here, which asks for the exact form too.
    whole = exp.cast(number, "BIGINT")
    quick = exp.TryCast(this=text.copy(), to=exp.DataType.build("BIGINT"))
    same = exp.EQ(this=exp.cast(quick, "VARCHAR"), expression=text.copy())
    return exp.Coalesce(this=exp.Case(ifs=[exp.If(this=same, true=quick.copy())]), expressions=[whole])


def _rounded(text: exp.Expression, decimals: int | None) -> exp.Expression:
    """The text as DECIMAL(38,9), rounded once, half away from zero, to the column's decimals."""
    exact = exp.TryCast(this=text.copy(), to=exp.DataType.build("DECIMAL(38,9)"))
    if decimals is None or decimals == 9:
        return exact
    short = exp.TryCast(this=text.copy(), to=exp.DataType.build(f"DECIMAL(38,{decimals})"))
    number: exp.Expression = exp.TryCast(this=short, to=exp.DataType.build("DECIMAL(38,9)"))
    if CAST_ROUNDS_EXPONENTS:
        return number
    has_exponent = call("contains", call("lower", text.copy()), "e")
    rounded = exp.cast(call("round", exact, decimals), "DECIMAL(38,9)")
    return exp.Case(ifs=[exp.If(this=has_exponent, true=rounded)], default=number)


def _date(cell: CellType, text: exp.Expression, plain: bool) -> exp.Expression:
    assert cell.format is not None
    return cell.format.read(text, cell.zone)


def _gsid(cell: CellType, text: exp.Expression, plain: bool) -> exp.Expression:
    bare = trimmed(text)
    fits = call("regexp_full_match", bare, GSID_PATTERN)
    return exp.Case(ifs=[exp.If(this=fits, true=bare.copy())])


_VALUES: Final[dict[Kind, Callable[[CellType, exp.Expression, bool], exp.Expression]]] = {
    Kind.STRING: _string,
    Kind.BOOLEAN: _boolean,
    Kind.NUMBER: _number,
    Kind.DATE: _date,
    Kind.DATETIME: _date,
    Kind.GSID: _gsid,
}
