"""Small pieces of DuckDB SQL as sqlglot expressions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from functools import cache

from sqlglot import exp

Sql = exp.Expression
NUMBER_SQL = "DECIMAL(38, 9)"


def use(sql: Sql) -> Sql:
    """`sql` itself the first time, a copy once it has a place in a tree."""
    return sql.copy() if sql.parent is not None else sql


@cache
def _type(name: str) -> exp.DataType:
    return exp.DataType.build(name, dialect="duckdb")


def call(name: str, *args: Sql | str | int) -> Sql:
    """A call of a DuckDB function, spelled as named here."""
    return exp.Anonymous(this=name, expressions=[_lift(arg) for arg in args])


def _lift(value: Sql | str | int) -> Sql:
    if isinstance(value, str):
        return text(value)
    return integer(value) if isinstance(value, int) else use(value)


def _paren(value: exp.Expr) -> Sql:
    return exp.Paren(this=value)


def text(value: str) -> Sql:
    return exp.Literal.string(value)


def integer(value: int) -> Sql:
    return exp.Literal.number(value) if value >= 0 else _paren(exp.Neg(this=exp.Literal.number(-value)))


def cast(sql: Sql, to: str) -> Sql:
    return exp.Cast(this=use(sql), to=_type(to).copy())


def try_cast(sql: Sql, to: str) -> Sql:
    return exp.TryCast(this=use(sql), to=_type(to).copy())


def null(to: str) -> Sql:
    return exp.Cast(this=exp.Null(), to=_type(to).copy())


def boolean(value: bool) -> Sql:
    return exp.Boolean(this=value)


def array(items: Iterable[Sql]) -> Sql:
    return exp.Array(expressions=[use(item) for item in items])


def one_of(operand: Sql, items: Iterable[Sql]) -> Sql:
    return _paren(exp.In(this=use(operand), expressions=[use(item) for item in items]))


def day(value: date) -> Sql:
    return cast(text(value.isoformat()), "DATE")


def instant(value: datetime) -> Sql:
    return cast(text(value.isoformat(sep=" ", timespec="milliseconds")), "TIMESTAMP")


def _binary(kind: type[exp.Binary], left: Sql, right: Sql | int) -> Sql:
    return _paren(kind(this=use(left), expression=_lift(right)))


def eq(left: Sql, right: Sql | int) -> Sql:
    return _binary(exp.EQ, left, right)


def neq(left: Sql, right: Sql | int) -> Sql:
    return _binary(exp.NEQ, left, right)


def lt(left: Sql, right: Sql | int) -> Sql:
    return _binary(exp.LT, left, right)


def lte(left: Sql, right: Sql | int) -> Sql:
    return _binary(exp.LTE, left, right)


def gt(left: Sql, right: Sql | int) -> Sql:
    return _binary(exp.GT, left, right)


def gte(left: Sql, right: Sql | int) -> Sql:
    return _binary(exp.GTE, left, right)


def plus(left: Sql, right: Sql | int) -> Sql:
    return _binary(exp.Add, left, right)


def minus(left: Sql, right: Sql | int) -> Sql:
    return _binary(exp.Sub, left, right)


def times(left: Sql, right: Sql | int) -> Sql:
    return _binary(exp.Mul, left, right)


def over(left: Sql, right: Sql | int) -> Sql:
    return _binary(exp.Div, left, right)


def over_whole(left: Sql, right: int) -> Sql:
    """Integer division, cut toward zero."""
    return _binary(exp.IntDiv, left, right)


def modulo(left: Sql, right: Sql | int) -> Sql:
    return _binary(exp.Mod, left, right)


def negative(operand: Sql) -> Sql:
    return _paren(exp.Neg(this=_paren(use(operand))))


def between(operand: Sql, low: Sql, high: Sql) -> Sql:
    return _paren(exp.Between(this=use(operand), low=use(low), high=use(high)))


def is_null(operand: Sql) -> Sql:
    return _paren(exp.Is(this=use(operand), expression=exp.Null()))


def is_not_null(operand: Sql) -> Sql:
    return negate(is_null(operand))


def negate(operand: Sql) -> Sql:
    return _paren(exp.Not(this=use(operand)))


def every(conditions: Iterable[Sql]) -> Sql:
    return _joined(exp.And, list(conditions))


def some(conditions: Iterable[Sql]) -> Sql:
    return _joined(exp.Or, list(conditions))


def _joined(kind: type[exp.Connector], conditions: list[Sql]) -> Sql:
    """A balanced tree, so that long lists stay shallow."""
    if len(conditions) == 1:
        return use(conditions[0])
    middle = len(conditions) // 2
    left, right = _joined(kind, conditions[:middle]), _joined(kind, conditions[middle:])
    return _paren(kind(this=left, expression=right))


def case(branches: Iterable[tuple[Sql, Sql]], default: Sql | None = None) -> Sql:
    ifs = [exp.If(this=use(when), true=use(then)) for when, then in branches]
    return exp.Case(ifs=ifs, default=None if default is None else use(default))


def coalesce(first: Sql, *others: Sql) -> Sql:
    return exp.Coalesce(this=use(first), expressions=[use(other) for other in others])


def nullif(left: Sql, right: Sql) -> Sql:
    return exp.Nullif(this=use(left), expression=use(right))


def joined(parts: Iterable[Sql]) -> Sql:
    """Texts one after the other; one null makes the whole null."""
    result: Sql | None = None
    for part in parts:
        result = use(part) if result is None else exp.DPipe(this=result, expression=use(part), safe=False)
    # a constant null among the texts would make DuckDB 1.5 call the result a number
    return cast(_paren(result or text("")), "VARCHAR")


def to_local(utc: Sql, zone: str) -> Sql:
    """The clock of `zone` for a UTC TIMESTAMP."""
    return use(utc) if zone == "UTC" else call("timezone", zone, call("timezone", "UTC", utc))


def to_utc(local: Sql, zone: str) -> Sql:
    """The UTC TIMESTAMP of a clock reading in `zone`."""
    return use(local) if zone == "UTC" else call("timezone", "UTC", call("timezone", zone, local))
