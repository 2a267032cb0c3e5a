"""Rows that a command shows: a query on an open connection, fetched or exported as asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
from sqlglot import exp

from gsrules.dataclass import dataclass
from gsrules.errors import InputError, Problem, RunError


@dataclass(frozen=True, slots=True)
class Rows:
    """A SELECT of which the connection is open for as long as the caller's `with` block lasts.

    `warnings`: what was counted while the rows were computed.
    """

    connection: duckdb.DuckDBPyConnection
    query: str
    warnings: tuple[Problem, ...] = ()

    @contextmanager
    def batches(self, size: int = 10_000) -> Iterator[tuple[list[str], Iterator[list[tuple[Any, ...]]]]]:
        """The column names, and the rows in batches of `size`."""
        cursor = self.connection.execute(self.query)
        names = [column[0] for column in cursor.description or ()]
        yield names, iter(lambda: cursor.fetchmany(size), [])

    def export_parquet(self, path: Path) -> None:
        """Writes all rows to a .parquet file."""
        if path.suffix.lower() != ".parquet":
            raise InputError(
                Problem(
                    "GS-USAGE",
                    f"--output does not know the ending '{path.suffix}'",
                    value=str(path),
                    hint="use a file that ends in .csv, .json or .parquet",
                )
            )
        target = exp.Literal.string(str(path)).sql("duckdb")
        with writing(path):
            self.connection.execute(f"COPY ({self.query}) TO {target} (FORMAT parquet)")


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Makes the folder of an output file; raises RunError GS-OUTPUT where it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield
    except (OSError, duckdb.IOException) as error:
        hint = str(error).splitlines()[0]
        raise RunError(Problem("GS-OUTPUT", "the output file cannot be written", value=str(path), hint=hint)) from error
