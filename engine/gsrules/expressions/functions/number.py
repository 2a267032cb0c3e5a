"""Number functions (data-setup.md §11.2)."""

from __future__ import annotations

from collections.abc import Callable

from gsrules.catalogue.datatypes import NUMBER
from gsrules.expressions import rounding, sql
from gsrules.expressions.functions.model import (
    NO_RESULT,
    NUMBERS,
    OUT_OF_RANGE,
    Args,
    Counted,
    Example,
    Function,
    Param,
    Speller,
)
from gsrules.expressions.sql import Sql, call

_N = (Param("number", NUMBERS),)
_ONE = sql.cast(sql.integer(1), "DOUBLE")
_ZERO = sql.cast(sql.integer(0), "DOUBLE")

Domain = Callable[[Sql], Sql]


def _within(name: str, domain: Domain) -> Callable[[Args, Speller], Sql]:
    """A function of one number that has a result only where `domain` holds."""

    def spell(args: Args, speller: Speller) -> Sql:
        number = speller.double(args[0])
        return call(name, sql.case([(domain(number), number)]))

    return spell


def _outside(domain: Domain) -> Callable[[Args, Speller], tuple[Counted, ...]]:
    def counts(args: Args, speller: Speller) -> tuple[Counted, ...]:
        return (Counted(NO_RESULT, sql.negate(domain(speller.double(args[0]))), math_is_fatal(speller)),)

    return counts


def math_is_fatal(speller: Speller) -> bool:
    """Whether `formula.math_domain` fails the run."""
    return bool(speller.profile["formula.math_domain"] == "error")


def _not_negative(number: Sql) -> Sql:
    return sql.gte(number, _ZERO)


def _positive(number: Sql) -> Sql:
    return sql.gt(number, _ZERO)


def _log_domain(args: Args, speller: Speller) -> Sql:
    number, base = speller.double(args[0]), speller.double(args[1])
    return sql.every([_positive(number), _positive(base), sql.negate(sql.eq(base, _ONE))])


def _log(args: Args, speller: Speller) -> Sql:
    """The two decadic logarithms' quotient: log(8, 2) is 3 and log(1000, 10) is 3."""
    number, base = speller.double(args[0]), speller.double(args[1])
    return sql.case([(_log_domain(args, speller), sql.over(call("log10", number), call("log10", base)))])


def _log_counts(args: Args, speller: Speller) -> tuple[Counted, ...]:
    return (Counted(NO_RESULT, sql.negate(_log_domain(args, speller)), math_is_fatal(speller)),)


def _stepped(name: str) -> Callable[[Args, Speller], Sql]:
    def spell(args: Args, speller: Speller) -> Sql:
        return rounding.stepped(name, speller.number(args[0]))

    return spell


def _stepped_counts(name: str) -> Callable[[Args, Speller], tuple[Counted, ...]]:
    def counts(args: Args, speller: Speller) -> tuple[Counted, ...]:
        lost = sql.every([sql.is_not_null(speller.number(args[0])), sql.is_null(_stepped(name)(args, speller))])
        return (Counted(OUT_OF_RANGE, lost, math_is_fatal(speller)),)

    return counts


FUNCTIONS = (
    Function(
        "ceil",
        "ceil",
        _N,
        NUMBER,
        "The smallest integer not below the number.",
        examples=(Example("ceil(-2.5)", "-2"), Example("ceil(2.1)", "3")),
        spell=_stepped("ceil"),
        uses=3,
        counts=_stepped_counts("ceil"),
        keys=("formula.math_domain",),
    ),
    Function(
        "floor",
        "floor",
        _N,
        NUMBER,
        "The largest integer not above the number.",
        examples=(Example("floor(-2.5)", "-3"), Example("floor(2.9)", "2")),
        spell=_stepped("floor"),
        uses=3,
        counts=_stepped_counts("floor"),
        keys=("formula.math_domain",),
    ),
    Function(
        "abs",
        "abs",
        _N,
        NUMBER,
        "The absolute value.",
        examples=(Example("abs(-2.5)", "2.5"),),
        spell=lambda args, speller: call("abs", speller.number(args[0])),
    ),
    Function(
        "exp",
        "exp",
        _N,
        NUMBER,
        "e to the power of the number.",
        nulls="null if the argument is null or the result is out of range",
        examples=(Example("exp(1)", "2.718281828"), Example("exp(2)", "7.389056099")),
        spell=lambda args, speller: call("exp", speller.double(args[0])),
        double=True,
        keys=("formula.math_domain",),
    ),
    Function(
        "sqrt",
        "sqrt",
        _N,
        NUMBER,
        "The positive square root.",
        nulls="null if the argument is null or negative (counted)",
        examples=(Example("sqrt(9)", "3"), Example("sqrt(-1)", None)),
        spell=_within("sqrt", _not_negative),
        uses=2,
        counts=_outside(_not_negative),
        double=True,
        keys=("formula.math_domain",),
    ),
    Function(
        "ln",
        "log",
        _N,
        NUMBER,
        "The natural logarithm.",
        nulls="null if the argument is null or not positive (counted)",
        examples=(Example("ln(1)", "0"), Example("ln(0)", None)),
        spell=_within("ln", _positive),
        uses=2,
        counts=_outside(_positive),
        double=True,
        keys=("formula.math_domain",),
    ),
    Function(
        "log10",
        "log10",
        _N,
        NUMBER,
        "The logarithm to base 10.",
        nulls="null if the argument is null or not positive (counted)",
        evidence="choice",
        examples=(Example("log10(1000)", "3"), Example("log10(0)", None)),
        spell=_within("log10", _positive),
        uses=2,
        counts=_outside(_positive),
        double=True,
        keys=("formula.math_domain",),
    ),
    Function(
        "log",
        "log",
        (Param("number", NUMBERS), Param("base", NUMBERS)),
        NUMBER,
        "The logarithm to a base, which is the second argument. With one argument write ln.",
        nulls="null if an argument is null, not positive, or the base is 1 (counted)",
        examples=(Example("log(8, 2)", "3"), Example("log(8, 1)", None)),
        spell=_log,
        uses=3,
        counts=_log_counts,
        double=True,
        keys=("formula.math_domain",),
    ),
)
