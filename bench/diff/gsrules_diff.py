"""The comparison of `gsrules diff` of the same two files: key found, counts, transitions, sample rows.

python gsrules_diff.py FOLDER [RESULT.parquet]
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import duckdb
from sqlglot import exp

from gsrules.regress.difference.columns import Table
from gsrules.regress.difference.model import TableDifference
from gsrules.regress.difference.table import Limits, compare_tables

EVERYTHING = 10**9


def main() -> None:
    start = time.perf_counter()
    target = Path(sys.argv[1])
    with duckdb.connect() as con:
        sides = [
            Table(exp.select("*").from_(exp.func("read_parquet", exp.Literal.string(str(target / f"{name}.parquet")))))
            for name in ("before", "after")
        ]
        found = compare_tables(con, "result", *sides)
        print(time.perf_counter() - start)
        if found.key.columns != ("Account ID",):
            raise SystemExit(f"another key was found: {found.key}")
        if len(sys.argv) > 2:
            everything = compare_tables(con, "result", *sides, limits=Limits(rows=EVERYTHING))
            _write(con, everything, sys.argv[2])


def _write(con: duckdb.DuckDBPyConnection, found: TableDifference, path: str) -> None:
    """The states and keys of all differing rows."""
    states = {"changed": found.changed_rows, "new": found.new_rows, "gone": found.gone_rows}
    rows = [(row.key[0], state) for state, several in states.items() for row in several]
    con.execute("CREATE TEMP TABLE result (key VARCHAR, state VARCHAR)")
    keys, names = [key for key, _ in rows], [state for _, state in rows]
    con.execute("INSERT INTO result SELECT unnest($1::VARCHAR[]), unnest($2::VARCHAR[])", [keys, names])
    con.execute(f"COPY result TO '{path}'")


if __name__ == "__main__":
    main()
