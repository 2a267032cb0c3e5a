"""Names and small pieces of SQL of the tenant: databases, tables, columns."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import duckdb
from sqlglot import ErrorLevel, exp

from gsrules.catalogue.model import FieldDef, ObjectDef

STORE = "tenant"  # the attached store file
MEMORY = "memory"  # the connection's own database
SEQUENCE = "gs_sequence"
GSID = "Gsid"


def identifier(name: str) -> exp.Identifier:
    """A quoted name, whatever characters it holds."""
    return exp.to_identifier(name, quoted=True)


def column(name: str, table: str | None = None) -> exp.Column:
    """A quoted column, of a table or alias if given."""
    return exp.Column(this=identifier(name), table=identifier(table) if table else None)


def table_of(name: str, database: str, alias: str | None = None) -> exp.Table:
    """A table of a database by its quoted name."""
    return _table(name, database, alias)


def temp_table(name: str, alias: str | None = None) -> exp.Table:
    """A temporary table of the connection."""
    return _table(name, "temp", alias)


def _table(name: str, database: str, alias: str | None) -> exp.Table:
    given = exp.TableAlias(this=identifier(alias)) if alias else None
    return exp.Table(this=identifier(name), db=identifier("main"), catalog=identifier(database), alias=given)


def aliased(table: exp.Table, alias: str) -> exp.Table:
    """The table under an alias."""
    found = table.copy()
    found.set("alias", exp.TableAlias(this=identifier(alias)))
    return found


def named(value: exp.Expression, name: str) -> exp.Alias:
    """`value AS name`, quoted."""
    return exp.Alias(this=value, alias=identifier(name))


def spell(tree: exp.Expression) -> str:
    """The SQL text of a tree for DuckDB."""
    return tree.sql(dialect="duckdb", unsupported_level=ErrorLevel.RAISE)


def run(con: duckdb.DuckDBPyConnection, tree: exp.Expression, parameters: object = None) -> duckdb.DuckDBPyConnection:
    """Executes a tree."""
    return con.execute(spell(tree), parameters)


def rows_written(con: duckdb.DuckDBPyConnection) -> int:
    """The number of rows that the last statement wrote."""
    row = con.fetchone()
    return int(row[0]) if row else 0


def sql_type(name: str) -> exp.DataType:
    """A DuckDB type by name."""
    return _parsed_type(name).copy()


@cache
def _parsed_type(name: str) -> exp.DataType:
    return exp.DataType.build(name, dialect="duckdb")


def typed_null(name: str) -> exp.Expression:
    """NULL of a DuckDB type."""
    return exp.Cast(this=exp.Null(), to=sql_type(name))


def column_types(definition: ObjectDef) -> list[tuple[str, str]]:
    """The columns of an object's table with their DuckDB types, the hidden one last."""
    fields: Iterable[FieldDef] = definition.fields.values()
    return [*((found.name, found.type.storage) for found in fields), (SEQUENCE, "BIGINT")]


def select_from(source: exp.Expression, *items: exp.Expression) -> exp.Select:
    """`SELECT items FROM source`; takes the trees as they are, without copying them."""
    return exp.Select(expressions=list(items), from_=exp.From(this=source))


def create_table(target: exp.Table, columns: Iterable[tuple[str, str]]) -> exp.Create:
    """`CREATE TABLE target (…)`."""
    definitions = [exp.ColumnDef(this=identifier(name), kind=sql_type(kind)) for name, kind in columns]
    return exp.Create(this=exp.Schema(this=target, expressions=definitions), kind="TABLE")


def create_as(target: exp.Table, select: exp.Expression, *, replace: bool = False) -> exp.Create:
    """`CREATE [OR REPLACE] TABLE target AS select`."""
    return exp.Create(this=target, kind="TABLE", expression=select, replace=replace)


def create_temp(name: str, select: exp.Expr) -> exp.Create:
    """`CREATE TEMP TABLE name AS select`."""
    temporary = exp.Properties(expressions=[exp.TemporaryProperty()])
    return exp.Create(this=exp.Table(this=identifier(name)), kind="TABLE", expression=select, properties=temporary)


def drop(target: exp.Table) -> exp.Drop:
    """`DROP TABLE IF EXISTS target`."""
    return exp.Drop(tables=[target], kind="TABLE", exists=True)


def insert_into(target: exp.Table, columns: Iterable[str], select: exp.Expression) -> exp.Insert:
    """`INSERT INTO target (columns) select`."""
    schema = exp.Schema(this=target, expressions=[identifier(name) for name in columns])
    return exp.Insert(this=schema, expression=select)
