"""Running what the sources ask of DuckDB."""

from __future__ import annotations

import duckdb
from sqlglot import ErrorLevel, exp


def execute(con: duckdb.DuckDBPyConnection, query: exp.Expression) -> duckdb.DuckDBPyConnection:
    """Runs a query."""
    return con.execute(query.sql(dialect="duckdb", unsupported_level=ErrorLevel.RAISE))


def named(name: str) -> exp.Column:
    """A column by its name."""
    return exp.column(exp.to_identifier(name, quoted=True))
