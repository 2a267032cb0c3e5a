"""The one full join by hand that finds the keys of all rows that differ.

python sql_join.py FOLDER [RESULT.parquet]
"""

from __future__ import annotations

COLUMNS = ("Name", "Health", "ARR", "Logins", "Last Login", "CSM")


def main() -> None:
    import sys
    import time
    from pathlib import Path

    import duckdb

    start = time.perf_counter()
    target = Path(sys.argv[1])
    differs = " OR ".join(f'b."{name}" IS DISTINCT FROM a."{name}"' for name in COLUMNS)
    with duckdb.connect() as con:
        con.execute(f"""
        CREATE TEMP TABLE found AS
        SELECT coalesce(a."Account ID", b."Account ID") AS key,
               CASE WHEN b."Account ID" IS NULL THEN 'new' WHEN a."Account ID" IS NULL THEN 'gone' ELSE 'changed' END
                 AS state
        FROM '{target / "before.parquet"}' AS b FULL JOIN '{target / "after.parquet"}' AS a
          ON b."Account ID" = a."Account ID"
        WHERE a."Account ID" IS NULL OR b."Account ID" IS NULL OR {differs}
        """)
        con.execute("SELECT state, count(*) FROM found GROUP BY state").fetchall()
        print(time.perf_counter() - start)
        if len(sys.argv) > 2:
            con.execute(f"COPY found TO '{sys.argv[2]}'")


if __name__ == "__main__":
    main()
