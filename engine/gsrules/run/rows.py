"""Rows that a command shows: a query on an open connection, fetched or exported as asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from sqlglot import exp

from gsrules.errors import InputError, Problem, RunError

_FORMATS = {".csv": "csv", ".json": "json", ".parquet": "parquet"}


@dataclass(frozen=True, slots=True)
class Rows:
    """A SELECT of which the connection is open for as long as the caller's `with` block lasts."""

    connection: duckdb.DuckDBPyConnection
    query: str
    labels: Sequence[str] | None = None

    @contextmanager
    def batches(self, size: int = 10_000) -> Iterator[tuple[list[str], Iterator[list[tuple[Any, ...]]]]]:
        """The column names, and the rows in batches of `size`."""
        cursor = self.connection.execute(self.query)
        names = [column[0] for column in cursor.description or ()]
        yield list(self.labels or names), iter(lambda: cursor.fetchmany(size), [])

    def export(self, path: Path) -> None:
        """Writes all rows to a .csv, .json or .parquet file."""
        form = _FORMATS.get(path.suffix.lower())
        if form is None:
            raise InputError(
                Problem(
                    "GS-USAGE",
                    f"--output does not know the ending '{path.suffix}'",
                    value=str(path),
                    hint=f"use a file that ends in {', '.join(_FORMATS)}",
                )
            )
        target = exp.Literal.string(str(path)).sql("duckdb")
        options = {"csv": "FORMAT csv, HEADER", "json": "FORMAT json, ARRAY", "parquet": "FORMAT parquet"}[form]
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.connection.execute(f"COPY ({self.query}) TO {target} ({options})")
        except (OSError, duckdb.IOException) as error:
            raise RunError(
                Problem(
                    "GS-OUTPUT", "the output file cannot be written", value=str(path), hint=str(error).splitlines()[0]
                )
            ) from error
