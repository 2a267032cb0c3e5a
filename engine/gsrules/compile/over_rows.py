"""Columns over many rows: statistics, random numbers, aggregations over windows (data-setup.md §11.4, §13, §14).

The rows are computed once, as a CTE of their own. A statistic is one row beside them; aggregations are one row for
each combination of values of their partition, in which nulls are equal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from itertools import pairwise
from typing import Final

from sqlglot import exp

from gsrules.catalogue.datatypes import Family
from gsrules.compile.aggregates import Over
from gsrules.compile.relation import Relation, cast, column, name, of_table
from gsrules.compile.statistics import VALUE, statistic, usable
from gsrules.expressions import sql
from gsrules.expressions.sql import Sql, call
from gsrules.expressions.tree import Expr
from gsrules.plan.nodes import OverRows, RandomNumber, Statistic, WindowMeasure

_TWO_TO_64: Final = "18446744073709551616"
_LARGEST_RANDOM: Final = "0.999999999"

Spelled = Callable[[Expr, Relation], exp.Expression]
"""Spells an expression over the columns of a relation."""


def with_values(
    node: OverRows, rows: exp.Select, alias: Callable[[], str], spelled: Spelled, *, guarded: bool
) -> Relation:
    """The rows with the values of the node; `rows` are those of its input. `guarded`: sums cannot overflow."""
    made = _Values(node, rows, alias, spelled, guarded=guarded)
    for value in node.values:
        if isinstance(value, RandomNumber):
            made.add_random(value)
        elif isinstance(value, Statistic):
            made.add_statistic(value)
    windows = [value for value in node.values if isinstance(value, WindowMeasure)]
    for by in dict.fromkeys(value.by for value in windows):
        made.add_windows(by, [value for value in windows if value.by == by])
    return made.relation()


class _Values:
    """The SELECT in the making: the rows, and beside them a sub-query for each kind of value."""

    def __init__(
        self, node: OverRows, rows: exp.Select, alias: Callable[[], str], spelled: Spelled, *, guarded: bool
    ) -> None:
        self._names = tuple(each.name for each in node.input.columns)
        self._alias = alias
        self._spelled = spelled
        self._guarded = guarded
        self._table = f"rows_{alias()}"
        self._rows = rows
        self._base = self._read()
        self._columns = dict(self._base.columns)

    def relation(self) -> Relation:
        rows = exp.CTE(this=self._rows, alias=exp.TableAlias(this=name(self._table)), materialized=True)
        select = self._base.select
        select.set("with_" if "with_" in select.arg_types else "with", exp.With(expressions=[rows]))
        return Relation(select, self._columns, shaped=True)

    def _read(self) -> Relation:
        return of_table(exp.Table(this=name(self._table)), self._alias(), self._names)

    def add_random(self, value: RandomNumber) -> None:
        """The rows are numbered in canonical order (data-setup.md §1.3)."""
        columns = [self._base.columns[each].copy() for each in value.order]
        order = exp.Order(expressions=[exp.Ordered(this=each, nulls_first=False) for each in columns])
        number = sql.cast(exp.Window(this=exp.RowNumber(), order=order), "VARCHAR")
        digits = call("substr", call("sha256", sql.joined([sql.text(value.stem), number])), 1, 16)
        first_bytes = sql.cast(sql.cast(sql.joined([sql.text("0x"), digits]), "UBIGINT"), "DOUBLE")
        share = sql.over(first_bytes, sql.cast(sql.text(_TWO_TO_64), "DOUBLE"))
        # rounding to 9 decimals never makes it 1
        self._columns[value.column.name] = call("least", share, sql.cast(sql.text(_LARGEST_RANDOM), "DOUBLE"))

    def add_statistic(self, value: Statistic) -> None:
        source = self._read()
        rows = usable(source, [self._spelled(each, source) for each in value.arguments])
        found = self._beside(statistic(value.function, rows), [])
        self._columns[value.column.name] = column(VALUE, found)

    def add_windows(self, by: tuple[str, ...], values: Iterable[WindowMeasure]) -> None:
        """The aggregations of one partition."""
        source = self._read()
        made = {value.column.name: self._aggregated(value, source) for value in values}
        keys = {each: source.columns[each] for each in by}
        if keys:
            source.select.group_by(*(each.copy() for each in keys.values()), copy=False)
        groups = Relation(source.select, {**keys, **made}).finished((*keys, *made))
        found = self._beside(groups, [(self._base.columns[each], each) for each in keys])
        self._columns |= {each: column(each, found) for each in made}

    def _beside(self, rows: exp.Select, keys: list[tuple[exp.Expression, str]]) -> str:
        """Joins at most one row to each row: the one with equal keys. Its alias."""
        alias = self._alias()
        met = [exp.NullSafeEQ(this=own.copy(), expression=column(key, alias)) for own, key in keys]
        joined = exp.Join(
            this=exp.Subquery(this=rows, alias=exp.TableAlias(this=name(alias))),
            side="LEFT",
            on=exp.and_(*met, copy=False) if met else exp.true(),
        )
        self._base.select.join(joined, copy=False)
        return alias

    def _aggregated(self, value: WindowMeasure, source: Relation) -> exp.Expression:
        day, of = self._spelled(value.day, source), self._spelled(value.of, source)
        inside = within(day, value.first, value.end)
        if not value.missing_as_zero:
            found = Over(_value(of, value.of), inside, self._guarded).value(value.function)
        else:
            found = self._with_zeros(value, _filled(of, value.of), inside, slot(day, value.slots, value.end))
        return cast(found, value.column.type.storage)

    def _with_zeros(self, value: WindowMeasure, of: Sql, inside: Sql, slot: Sql) -> exp.Expression:
        """Each slot without a row counts as one more 0 (data-setup.md §14)."""
        over = Over(of, inside, self._guarded)
        filled = over.filtered(exp.Count(this=exp.Distinct(expressions=[slot])))
        zeros = sql.minus(sql.integer(len(value.slots)), filled)
        some = sql.gte(zeros, 1)
        zero = _zero(value.of)
        match value.function:
            case "sum":
                return sql.coalesce(over.total(), zero)
            case "count":
                return sql.plus(over.value("count"), zeros)
            case "count_distinct":
                known = sql.coalesce(over.filtered(exp.LogicalOr(this=sql.eq(of, zero))), sql.boolean(False))
                new = sql.case([(sql.every([some, sql.negate(known)]), sql.integer(1))], sql.integer(0))
                return sql.plus(over.value("count_distinct"), new)
            case "avg":
                total = over.average(zeros)
                return sql.case([(sql.eq(over.value("count"), 0), zero)], total)
            case _:
                found = over.value(value.function)
                with_zero = call("least" if value.function == "min" else "greatest", found, zero)
                return sql.case([(sql.is_null(found), zero), (some, with_zero)], found)


def crowded(node: OverRows, rows: Relation, spelled: Spelled) -> Iterator[tuple[str, exp.Select]]:
    """For each period over period: how many rows share their slot with another row (data-setup.md §14).

    `rows` are those of the node's input; each SELECT uses a copy of them.
    """
    windows = [value for value in node.values if isinstance(value, WindowMeasure) and value.slots]
    for field in dict.fromkeys(value.field for value in windows):
        blocks = sorted((value for value in windows if value.field == field), key=lambda value: value.first)
        source = Relation(rows.select.copy(), rows.columns)
        day = spelled(blocks[0].day, source)
        met = source.where(within(day, blocks[0].first, blocks[-1].end))
        slots = tuple(start for block in blocks for start in block.slots)
        keys = [source.columns[each].copy() for each in blocks[0].by]
        met.select.group_by(*keys, slot(day, slots, blocks[-1].end), copy=False)
        size = exp.Count(this=exp.Star())
        met.select.having(sql.gte(size, 2), copy=False)
        groups = Relation(met.select, {"n": size.copy()}).finished(("n",))
        total = sql.coalesce(exp.Sum(this=column("n", "g")), sql.integer(0))
        made = exp.Select(expressions=[cast(total, "BIGINT")])
        yield field, made.from_(groups.subquery("g", copy=False), copy=False)


def within(day: Sql, first: date, end: date) -> Sql:
    """Whether a day is from `first` up to, not including, `end`."""
    return sql.every([sql.gte(day, sql.day(first)), sql.lt(day, sql.day(end))])


def _value(of: Sql, expr: Expr) -> Sql:
    """The metric; an empty one is missing (data-setup.md §14)."""
    return sql.nullif(of, sql.text("")) if expr.type.family is Family.TEXT else of


def _filled(of: Sql, expr: Expr) -> Sql:
    """The metric with 0 where it is missing; what is no number can only be counted, and is so as a text."""
    if expr.type.family is Family.NUMBER:
        return sql.coalesce(of, _zero(expr))
    return sql.coalesce(sql.nullif(sql.cast(of, "VARCHAR"), sql.text("")), _zero(expr))


def _zero(expr: Expr) -> Sql:
    number = expr.type.family is Family.NUMBER
    return sql.cast(sql.integer(0), expr.type.storage) if number else sql.text("0")


def slot(day: Sql, slots: tuple[date, ...], end: date) -> Sql:
    """Which slot holds a day of a block, as a number."""
    lengths = {(after - before).days for before, after in pairwise((*slots, end))}
    if len(lengths) == 1:
        return sql.over_whole(sql.minus(day, sql.day(slots[0])), lengths.pop())
    branches = [(sql.gte(day, sql.day(start)), sql.integer(at)) for at, start in reversed(list(enumerate(slots)))]
    return sql.case(branches)
