"""The benchmark's input: two CSV files, the stored object, and the gsrules project around them.

    python data.py make ROWS     makes what is missing, prints the folder
    python data.py hash RESULT   prints a hash of a contestant's result

Made by integer arithmetic in DuckDB, so every machine gets the same rows.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import duckdb

HERE = Path(__file__).resolve().parent
FEATURES = (
    "Dashboards",
    "Reports",
    "Workflows",
    "Alerts",
    "Mobile",
    "API",
    "Exports",
    "Imports",
    "Integrations",
    "Admin",
)
ROWS_PER_ACCOUNT = 50

MIX = "CREATE TEMP MACRO mix(i, k) AS (((i * 48271 + k * 69621 + 12345) % 2147483647) * 16807 + k) % 2147483647"

# 7919 is prime: all accounts get their turn, in no visible order. One row in 53 is of an account nobody knows.
USAGE = """
COPY (
  SELECT CASE WHEN i % 53 = 0 THEN 'T-' ELSE 'A-' END || lpad(CAST((i * 7919) % $accounts + 1 AS VARCHAR), 6, '0')
           AS "Account ID",
         DATE '2026-09-24' + CAST(mix(i, 2) % 60 AS INTEGER) AS "Usage Date",
         $features[CAST(mix(i, 3) % 10 AS INTEGER) + 1] AS "Feature",
         mix(i, 4) % 13 AS "Logins",
         CASE WHEN mix(i, 5) % 100 = 0 THEN NULL ELSE mix(i, 6) % 240 END AS "Minutes",
         mix(i, 7) % 50 AS "Events",
         'user-' || lpad(CAST(mix(i, 8) % 2000000 AS VARCHAR), 7, '0') AS "User",
         ['eu-west-1', 'us-east-1', 'us-west-2'][CAST(mix(i, 9) % 3 AS INTEGER) + 1] AS "Region"
  FROM range($rows) AS t(i)
) TO '{path}' (HEADER, DELIMITER ',')
"""

ACCOUNTS = """
COPY (
  SELECT 'A-' || lpad(CAST(n AS VARCHAR), 6, '0') AS "Account ID",
         'Account ' || n AS "Account Name",
         1 + mix(n, 21) % 400 AS "Seats",
         ['Enterprise', 'Mid Market', 'Small'][CAST(mix(n, 22) % 3 AS INTEGER) + 1] AS "Segment",
         CASE WHEN n % 3 = 0 THEN DATE '2026-09-24' + CAST(mix(n, 23) % 30 AS INTEGER)
              ELSE DATE '2026-01-01' + CAST(mix(n, 23) % 200 AS INTEGER) END AS "Go Live"
  FROM range(1, $accounts + 1) AS t(n)
) TO '{path}' (HEADER, DELIMITER ',')
"""

# Three accounts in five are stored: a third of those as the pipeline will find them, the others with other values.
STORED = """
CREATE TABLE adoption__gc AS
SELECT * REPLACE (
         CASE WHEN n % 5 = 1 THEN "Logins__gc" + 1 ELSE "Logins__gc" END AS "Logins__gc",
         CASE WHEN n % 5 = 2 AND n % 2 = 0 THEN NULL ELSE "Minutes__gc" END AS "Minutes__gc",
         CASE WHEN n % 5 = 2 THEN 'Bronze ' ELSE "Tier__gc" END AS "Tier__gc")
FROM (SELECT *, CAST(right("Account_ID__gc", 6) AS INTEGER) AS n FROM scored)
WHERE n % 5 IN (0, 1, 2)
ORDER BY n
"""


def folder(rows: int) -> Path:
    """The folder with everything for `rows` usage rows."""
    target = HERE.parent / "data" / f"pipeline-{rows}"
    done = target / "complete"
    if not done.exists():
        shutil.rmtree(target, ignore_errors=True)
        _make(target, rows)
        done.touch()
    project = target / "project"
    shutil.copytree(HERE / "project", project, dirs_exist_ok=True)  # the rule may have changed since
    return target


def input_folder(target: Path) -> Path:
    return target / "project" / "datasets" / "s3" / "gainsight-managed" / "input"


def _make(target: Path, rows: int) -> None:
    import sql_duckdb

    files = input_folder(target)
    files.mkdir(parents=True)
    accounts = max(1, rows // ROWS_PER_ACCOUNT)
    with duckdb.connect() as con:
        con.execute("SET enable_progress_bar = false")
        con.execute(MIX)
        values = {"rows": rows, "accounts": accounts, "features": list(FEATURES)}
        con.execute(USAGE.format(path=files / "usage.csv"), values)
        con.execute(ACCOUNTS.format(path=files / "accounts.csv"), {"accounts": accounts})
    with duckdb.connect(str(target / "stored.duckdb")) as con:
        con.execute(f"CREATE TEMP TABLE scored AS {sql_duckdb.scored(files)}")
        con.execute(STORED)
        con.execute("ALTER TABLE adoption__gc DROP COLUMN n")
        records = target / "project" / "datasets" / "records"
        records.mkdir(parents=True)
        con.execute(f"COPY adoption__gc TO '{records / 'adoption__gc.parquet'}'")


def result_hash(path: Path) -> tuple[str, dict[str, int]]:
    """A hash of a contestant's decisions, and the rows of each outcome. `path` is the Parquet file it wrote."""
    fields = ["Account_ID__gc", "outcome", "Logins__gc", "Minutes__gc", "Active_Features__gc"]
    fields += [f"{feature}__gc" for feature in FEATURES]
    numbers = fields[2:]
    parts = ['"Account_ID__gc"', "outcome", *(f'CAST("{name}" AS BIGINT)' for name in numbers)]
    parts += ['CAST("Logins_per_Seat__gc" AS DECIMAL(18, 2))', '"Tier__gc"']
    texts = ", ".join(f"coalesce(CAST({part} AS VARCHAR), '(null)')" for part in parts)
    with duckdb.connect() as con:
        con.execute(f"CREATE TEMP VIEW result AS SELECT * FROM read_parquet('{path}')")
        row = con.execute(
            f"SELECT md5(string_agg(concat_ws('|', {texts}), chr(10) ORDER BY \"Account_ID__gc\")) FROM result"
        ).fetchone()
        outcomes = con.execute("SELECT outcome, count(*) FROM result GROUP BY ALL ORDER BY 1").fetchall()
    assert row is not None
    return row[0], dict(outcomes)


def main() -> None:
    command, argument = sys.argv[1:]
    if command == "make":
        print(folder(int(argument)))
    else:
        digest, outcomes = result_hash(Path(argument))
        print(f"{digest}  {outcomes}")


if __name__ == "__main__":
    main()
