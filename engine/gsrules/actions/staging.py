"""SQL for actions: fragments with parts filled in, and temporary relations with generated names.

Names and values never enter SQL as text: they are sqlglot nodes that fill the `:name` places of constant fragments.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, Final

import duckdb
import sqlglot
from sqlglot import exp

_PREFIX: Final = "gs_action_"
_numbers = itertools.count(1)


_PART = re.compile(r"(?<![:\w]):([a-z_]\w*)")
_MARK: Final = "part:"


@cache
def _parsed(text: str) -> exp.Expr:
    """The fragment with its parts as marked columns: their names may be words of SQL."""
    return sqlglot.parse_one(_PART.sub(rf'"{_MARK}\1"', text), dialect="duckdb")


def fragment(text: str, **parts: exp.Expr) -> exp.Expr:
    """The constant SQL `text` with each `:name` replaced by a copy of that part (in brackets if it needs them)."""

    def filled(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Column) and node.name.startswith(_MARK):
            return _bracketed(parts[node.name.removeprefix(_MARK)])
        return node

    made: exp.Expr = _parsed(text).copy().transform(filled, copy=False)
    return made


def _bracketed(part: exp.Expr) -> exp.Expr:
    loose = isinstance(part, exp.Binary | exp.Unary | exp.Query | exp.Between | exp.In | exp.Is) and not isinstance(
        part, exp.Paren | exp.Subquery | exp.Dot
    )
    return exp.Paren(this=part.copy()) if loose else part.copy()


def column(name: str, table: str | None = None) -> exp.Column:
    """A quoted column."""
    return exp.column(
        exp.to_identifier(name, quoted=True), table=exp.to_identifier(table, quoted=True) if table else None
    )


def named(value: exp.Expr, name: str) -> exp.Expr:
    """`value` under a quoted output name."""
    return exp.alias_(value.copy(), exp.to_identifier(name, quoted=True))


def text(value: str) -> exp.Expr:
    return exp.Literal.string(value)


def number(value: int) -> exp.Expr:
    return exp.Literal.number(value) if value >= 0 else exp.Neg(this=exp.Literal.number(-value))


def typed_null(storage: str) -> exp.Expr:
    return exp.cast(exp.Null(), storage, dialect="duckdb")


def all_of(conditions: Iterable[exp.Expr]) -> exp.Expr:
    """The conjunction; of nothing: TRUE."""
    found = [condition.copy() for condition in conditions]
    return exp.and_(*found) if found else exp.true()


def any_of(conditions: Iterable[exp.Expr]) -> exp.Expr:
    """The disjunction; of nothing: FALSE."""
    found = [condition.copy() for condition in conditions]
    return exp.or_(*found) if found else exp.false()


def texts(values: Sequence[exp.Expr]) -> exp.Expr:
    """A list of texts."""
    return exp.cast(exp.Array(expressions=[value.copy() for value in values]), "VARCHAR[]", dialect="duckdb")


def list_of(entries: Sequence[tuple[exp.Expr, str]]) -> exp.Expr:
    """The words of those entries whose condition holds, in order, as a VARCHAR[]; NULL if there are no entries."""
    parts = [
        fragment("CASE WHEN :c THEN :one ELSE :none END", c=condition, one=texts([text(word)]), none=texts([]))
        for condition, word in entries
    ]
    if not parts:
        return typed_null("VARCHAR[]")
    joined = parts[0]
    for part in parts[1:]:
        joined = exp.func("list_concat", joined, part, dialect="duckdb")
    return joined


def struct(items: Sequence[tuple[str, exp.Expr]]) -> exp.Expr:
    """A STRUCT with quoted keys; of nothing: NULL."""
    if not items:
        return exp.Null()
    return exp.Struct(
        expressions=[
            exp.PropertyEQ(this=exp.to_identifier(name, quoted=True), expression=value.copy()) for name, value in items
        ]
    )


def relation(name: str, alias: str | None = None) -> exp.Table:
    return exp.to_table(exp.to_identifier(name, quoted=True).sql("duckdb"), dialect="duckdb", alias=alias)


def spelled(tree: exp.Expr) -> str:
    return tree.sql(dialect="duckdb", unsupported_level=sqlglot.ErrorLevel.RAISE)


class Scratch:
    """The temporary relations of one action in one run; all names begin with `prefix`."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self._con = con
        self.prefix = f"{_PREFIX}{next(_numbers)}_"

    def table(self, name: str, query: exp.Query) -> str:
        """Creates a temporary table of the query's rows; returns its name."""
        return self._create("TABLE", name, query)

    def view(self, name: str, query: exp.Query) -> str:
        """Creates a temporary view, for what is read seldom or once; returns its name."""
        return self._create("VIEW", name, query)

    def _create(self, kind: str, name: str, query: exp.Query) -> str:
        full = self.prefix + name
        self._con.execute(
            spelled(
                exp.Create(
                    this=relation(full),
                    kind=kind,
                    expression=query,
                    properties=exp.Properties(expressions=[exp.TemporaryProperty()]),
                )
            )
        )
        return full

    def rows(self, query: exp.Query) -> list[tuple[Any, ...]]:
        """All rows of a query that gives few."""
        return self._con.execute(spelled(query)).fetchall()

    def row(self, query: exp.Query) -> tuple[Any, ...]:
        """The one row of a query."""
        return self.rows(query)[0]


def discard(con: duckdb.DuckDBPyConnection, effects: str) -> None:
    """Drops all temporary relations of the change list with that effects table."""
    prefix = effects.removesuffix("effects")
    if not prefix.startswith(_PREFIX):
        return
    for catalog, kind in (("duckdb_views", "VIEW"), ("duckdb_tables", "TABLE")):
        name = exp.column(catalog.removeprefix("duckdb_").removesuffix("s") + "_name")
        found = exp.select(name).from_(exp.Table(this=exp.Anonymous(this=catalog)))
        query = found.where(exp.func("starts_with", name.copy(), text(prefix), dialect="duckdb"))
        for (full,) in con.execute(spelled(query)).fetchall():
            con.execute(spelled(exp.Drop(tables=[relation(full)], kind=kind)))
