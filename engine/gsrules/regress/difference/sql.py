"""Small pieces of SQL that the comparison puts together."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

from sqlglot import exp

Rows = exp.Select | exp.SetOperation


def all_of(conditions: Iterable[exp.Expression]) -> exp.Expression:
    """All of the conditions; true if there is none."""
    found = list(conditions)
    return reduce(lambda left, right: exp.And(this=left, expression=right), found) if found else exp.true()


def any_of(conditions: Iterable[exp.Expression]) -> exp.Expression:
    """Any of the conditions; false if there is none."""
    found = list(conditions)
    return exp.Paren(this=reduce(lambda a, b: exp.Or(this=a, expression=b), found)) if found else exp.false()


def is_null(value: exp.Expression) -> exp.Expression:
    """`value IS NULL`."""
    return exp.Is(this=value, expression=exp.Null())


def differs(before: exp.Expression, after: exp.Expression) -> exp.Expression:
    """Whether two values are not the same, null being a value like others."""
    return exp.NullSafeNEQ(this=before, expression=after)


def text(value: str) -> exp.Expression:
    """A text literal."""
    return exp.Literal.string(value)


def number(value: int) -> exp.Expression:
    """A number literal."""
    return exp.Literal.number(value) if value >= 0 else exp.Neg(this=exp.Literal.number(-value))


def call(name: str, *arguments: exp.Expression) -> exp.Expression:
    """A function of DuckDB by name."""
    return exp.Anonymous(this=name, expressions=list(arguments))


def choose(
    pairs: Iterable[tuple[exp.Expression, exp.Expression]], default: exp.Expression | None = None
) -> exp.Expression:
    """`CASE WHEN … THEN … ELSE default END`."""
    return exp.Case(ifs=[exp.If(this=test, true=value) for test, value in pairs], default=default)


def only_where(aggregate: exp.Expression, test: exp.Expression) -> exp.Expression:
    """An aggregate over the rows that pass a test."""
    return exp.Filter(this=aggregate, expression=exp.Where(this=test))


def ascending(value: exp.Expression) -> exp.Ordered:
    """Order by a value, nulls last."""
    return exp.Ordered(this=value.copy(), desc=False, nulls_first=False)


def stacked(queries: Iterable[exp.Select]) -> Rows:
    """The rows of all queries below one another."""
    found = iter(queries)
    made: Rows = next(found)
    for query in found:
        made = exp.union(made, query, distinct=False, copy=False)
    return made
