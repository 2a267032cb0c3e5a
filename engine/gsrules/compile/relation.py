"""A SELECT in the making: its FROM, joins and conditions, and what each column of the plan is in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from sqlglot import exp

from gsrules.dataclass import dataclass
from gsrules.expressions.sql import use

NOTHING = "__none"
"""The column of a relation of which only the number of rows is wanted."""


def name(text: str) -> exp.Identifier:
    """Any text as a quoted name."""
    return exp.Identifier(this=text, quoted=True)


def column(text: str, table: str) -> exp.Column:
    """A column of an aliased table."""
    return exp.Column(this=name(text), table=name(table))


@cache
def _type(storage: str) -> exp.DataType:
    return exp.DataType.build(storage, dialect="duckdb")


def cast(value: exp.Expression, storage: str) -> exp.Cast:
    """The value as a DuckDB type."""
    return exp.Cast(this=value, to=_type(storage).copy())


def try_cast(value: exp.Expression, storage: str) -> exp.TryCast:
    """The value as a DuckDB type, or null where it does not fit."""
    return exp.TryCast(this=value, to=_type(storage).copy())


@dataclass(frozen=True, slots=True)
class Relation:
    """`columns` gives the value of each plan column over the tables of `select`, which has no result columns yet.

    `shaped`: it groups, or computes columns, so that nothing more may be added without a sub-query around it.
    `filtered`: it has conditions, so that an outer join needs a sub-query around it.
    """

    select: exp.Select
    columns: Mapping[str, exp.Expression]
    shaped: bool = False
    filtered: bool = False

    def finished(self, names: tuple[str, ...]) -> exp.Select:
        """The SELECT with `names` as its columns, in order; the relation itself is used up."""
        items = [exp.Alias(this=use(self.columns[each]), alias=name(each)) for each in names]
        nothing = exp.Alias(this=exp.Null(), alias=name(NOTHING))
        self.select.set("expressions", items or [nothing])
        return self.select

    def where(self, condition: exp.Expression) -> Relation:
        return replace(self, select=self.select.where(condition, copy=False), filtered=True)


def of_table(source: exp.Table | exp.Subquery, alias: str, names: tuple[str, ...]) -> Relation:
    """All rows of a table or sub-query, which becomes part of the relation."""
    aliased = use(source)
    aliased.set("alias", exp.TableAlias(this=name(alias)))
    return Relation(exp.Select().from_(aliased, copy=False), {each: column(each, alias) for each in names})


def wrapped(relation: Relation, names: tuple[str, ...], alias: str) -> Relation:
    """The relation as a sub-query, to which anything may be added."""
    return of_table(exp.Subquery(this=relation.finished(names)), alias, names)
