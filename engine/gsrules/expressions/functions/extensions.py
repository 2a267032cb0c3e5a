"""Functions that Gainsight does not have (data-setup.md §11.3); each use draws GS-EXT."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from gsrules.catalogue.datatypes import NUMBER, STRING, DataType, Family
from gsrules.expressions import rounding, sql
from gsrules.expressions.functions.date_spelling import added, added_counts
from gsrules.expressions.functions.model import (
    ANY,
    DATES,
    DIVISION_BY_ZERO,
    NUMBERS,
    OUT_OF_RANGE,
    TEXT,
    Args,
    Counted,
    Example,
    Function,
    Param,
    Speller,
)
from gsrules.expressions.functions.number import math_is_fatal
from gsrules.expressions.sql import Sql, call
from gsrules.expressions.tree import Expr, Literal

_ORDERED = frozenset({Family.TEXT, Family.NUMBER, Family.DATE, Family.DATETIME, Family.BOOLEAN, Family.ID})


def family_type(args: Args) -> DataType:
    """The common type of arguments of one family; numbers are kept as decimals."""
    typed = [arg for arg in args if not (isinstance(arg, Literal) and arg.value is None)] or list(args)
    chosen = next((arg for arg in typed if not isinstance(arg, Literal)), typed[0]).type
    if chosen.family is Family.NUMBER:
        return NUMBER
    if chosen.family is Family.TEXT:
        return STRING
    return chosen


def _value(expr: Expr, speller: Speller) -> Sql:
    return speller.number(expr) if expr.type.family is Family.NUMBER else speller.value(expr)


def _values(args: Args, speller: Speller) -> list[Sql]:
    return [_value(arg, speller) for arg in args]


def _coalesce(args: Args, speller: Speller) -> Sql:
    return sql.coalesce(*_values(args, speller))


def _nullif(args: Args, speller: Speller) -> Sql:
    return sql.nullif(*_values(args, speller))


def _extreme(name: str) -> Callable[[Args, Speller], Sql]:
    """greatest or least; DuckDB skips nulls, here one null makes the result null."""

    def spell(args: Args, speller: Speller) -> Sql:
        values = _values(args, speller)
        nothing = sql.some([sql.is_null(value) for value in values])
        return sql.case([(sql.negate(nothing), call(name, *values))])

    return spell


def _round(args: Args, speller: Speller) -> Sql:
    number = speller.number(args[0])
    digits = args[1].value if len(args) > 1 and isinstance(args[1], Literal) else Decimal(0)
    places = int(digits) if isinstance(digits, Decimal) else 0
    return rounding.rounded(number, places)


def _round_counts(args: Args, speller: Speller) -> tuple[Counted, ...]:
    lost = sql.every([sql.is_not_null(speller.number(args[0])), sql.is_null(_round(args, speller))])
    return (Counted(OUT_OF_RANGE, lost, math_is_fatal(speller)),)


def _check_digits(args: Args) -> tuple[int, str, str] | None:
    if len(args) < 2:
        return None
    digits = args[1].value if isinstance(args[1], Literal) else None
    if isinstance(digits, Decimal) and digits == int(digits) and 0 <= digits <= 9:
        return None
    return 1, "the number of digits is a constant from 0 to 9 (INVALID_TYPE)", ""


def _mod(args: Args, speller: Speller) -> Sql:
    number, divisor = _values(args, speller)
    zero = sql.cast(sql.integer(0), sql.NUMBER_SQL)
    return sql.modulo(number, sql.nullif(divisor, zero))


def _mod_counts(args: Args, speller: Speller) -> tuple[Counted, ...]:
    number, divisor = _values(args, speller)
    zero = sql.cast(sql.integer(0), sql.NUMBER_SQL)
    fatal = speller.profile["formula.divide_by_zero"] == "error"
    return (Counted(DIVISION_BY_ZERO, sql.every([sql.is_not_null(number), sql.eq(divisor, zero)]), fatal),)


def _replace(args: Args, speller: Speller) -> Sql:
    return call("replace", *_values(args, speller))


def _if(args: Args, speller: Speller) -> Sql:
    return sql.case([(speller.value(args[0]), _value(args[1], speller))], _value(args[2], speller))


FUNCTIONS = (
    Function(
        "coalesce",
        "",
        (Param("value", ANY), Param("value", ANY, repeated=True)),
        family_type,
        "The first value that is not null.",
        nulls="null if all arguments are null",
        evidence="choice",
        examples=(Example("coalesce(null, 'a', 'b')", "a"), Example("coalesce(null, 2.5)", "2.5")),
        spell=_coalesce,
        extension=True,
        one_family=0,
    ),
    Function(
        "nullif",
        "",
        (Param("value", ANY), Param("other", ANY)),
        family_type,
        "Null if both are equal, else the first.",
        nulls="null if the first is null; the first if the second is null",
        evidence="choice",
        examples=(
            Example("nullif(1, 1)", None),
            Example("nullif('a', 'b')", "a"),
            Example("nullif('a', null)", "a"),
        ),
        spell=_nullif,
        extension=True,
        one_family=0,
    ),
    Function(
        "round",
        "",
        (Param("number", NUMBERS), Param("digits", NUMBERS, optional=True)),
        NUMBER,
        "The number rounded half away from zero to 0–9 digits (default 0).",
        evidence="choice",
        examples=(
            Example("round(2.5)", "3"),
            Example("round(-2.5)", "-3"),
            Example("round(2.675, 2)", "2.68"),
        ),
        spell=_round,
        uses=3,
        counts=_round_counts,
        check=_check_digits,
        extension=True,
        keys=("formula.math_domain",),
    ),
    Function(
        "mod",
        "",
        (Param("number", NUMBERS), Param("divisor", NUMBERS)),
        NUMBER,
        "The remainder, with the sign of the first argument.",
        nulls="null if any argument is null or the divisor is 0 (counted)",
        evidence="choice",
        examples=(Example("mod(-7, 3)", "-1"), Example("mod(7.5, 2)", "1.5"), Example("mod(1, 0)", None)),
        spell=_mod,
        counts=_mod_counts,
        extension=True,
        keys=("formula.divide_by_zero",),
    ),
    Function(
        "replace",
        "",
        (Param("text", TEXT), Param("from", TEXT), Param("to", TEXT)),
        STRING,
        "Every occurrence of a text replaced, case-sensitive; an empty search changes nothing.",
        evidence="choice",
        examples=(Example("replace('a-b-c', '-', '.')", "a.b.c"), Example("replace('abc', '', 'x')", "abc")),
        spell=_replace,
        extension=True,
    ),
    *(
        Function(
            name,
            "",
            (Param("value", _ORDERED), Param("value", _ORDERED, repeated=True)),
            family_type,
            description,
            evidence="choice",
            examples=examples,
            spell=_extreme(name),
            uses=2,
            extension=True,
            one_family=0,
        )
        for name, description, examples in (
            (
                "greatest",
                "The largest of several values.",
                (Example("greatest(1, 3, 2)", "3"), Example("greatest(1, null)", None)),
            ),
            (
                "least",
                "The smallest of several values.",
                (Example("least(date '2024-05-01', date '2024-04-01')", "2024-04-01"),),
            ),
        )
    ),
    Function(
        "if",
        "",
        (Param("condition", frozenset({Family.BOOLEAN})), Param("then", ANY), Param("else", ANY)),
        lambda args: family_type(args[1:]),
        "The second argument if the condition is true, else the third.",
        nulls="an unknown condition counts as false",
        evidence="choice",
        examples=(
            Example("if(2 > 1, 'yes', 'no')", "yes"),
            Example("if(null, 1, 2)", "2"),
        ),
        spell=_if,
        extension=True,
        one_family=1,
    ),
    *(
        Function(
            f"add_{unit}",
            "",
            (Param("date", DATES), Param("number", NUMBERS)),
            lambda args: args[0].type,
            f"The date moved by a number of {unit}, clipped to the last day of the month.",
            evidence="choice",
            examples=(example,),
            spell=added(unit),
            uses=4,
            counts=added_counts(unit),
            extension=True,
            keys=("tenant.timezone",),
        )
        for unit, example in (
            ("months", Example("add_months(date '2023-12-31', 2)", "2024-02-29")),
            ("years", Example("add_years(date '2024-02-29', 1)", "2025-02-28")),
        )
    ),
)
