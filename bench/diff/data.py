"""Makes two results of a rule, before and after, that differ in some rows; and hashes what a contestant found.

python data.py make ROWS          prints the folder
python data.py hash RESULT.parquet
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

DATA = Path(__file__).resolve().parent.parent / "data"

_BEFORE = """
SELECT '001' || lpad(CAST(hash(i) % 1000000000 AS VARCHAR), 9, '0') || i AS "Account ID",
       'Company ' || i AS "Name",
       CASE i % 3 WHEN 0 THEN 'green' WHEN 1 THEN 'yellow' ELSE 'red' END AS "Health",
       CAST((i * 7919) % 100000 AS DECIMAL(38, 9)) / 4 AS "ARR",
       CAST(i % 977 AS BIGINT) AS "Logins",
       DATE '2026-01-01' + CAST(i % 300 AS INTEGER) AS "Last Login",
       CASE WHEN i % 50 = 0 THEN NULL ELSE 'CSM ' || i % 40 END AS "CSM"
FROM range({rows}) AS t(i)
"""

_AFTER = """
SELECT * REPLACE (
    CASE WHEN "Logins" < 5 THEN 'grey' ELSE "Health" END AS "Health",
    CASE WHEN "Logins" BETWEEN 100 AND 130 THEN "ARR" + "Logins" ELSE "ARR" END AS "ARR",
    CASE WHEN "Logins" = 400 THEN NULL ELSE "CSM" END AS "CSM")
FROM before WHERE "Logins" <> 900
UNION ALL BY NAME SELECT * REPLACE ("Account ID" || 'x' AS "Account ID") FROM before WHERE "Logins" = 3
"""


def make(rows: int) -> Path:
    """The folder with before.parquet and after.parquet; made once."""
    target = DATA / f"diff-{rows}"
    done = target / "complete"
    if done.exists():
        return target
    target.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as con:
        con.execute(f"CREATE TEMP TABLE before AS {_BEFORE.format(rows=rows)}")
        con.execute(f"COPY before TO '{target / 'before.parquet'}'")
        con.execute(f"COPY ({_AFTER}) TO '{target / 'after.parquet'}'")
    done.touch()
    return target


def digest(result: str) -> str:
    """A hash of the states and keys of all differing rows, whatever their order."""
    with duckdb.connect() as con:
        found = con.execute(
            f"SELECT count(*), bit_xor(hash(key || state)), sum(hash(key || state) % 1000000007) FROM '{result}'"
        ).fetchone()
    return "-".join(f"{number}" for number in found or ())


if __name__ == "__main__":
    print(make(int(sys.argv[2])) if sys.argv[1] == "make" else digest(sys.argv[2]))
