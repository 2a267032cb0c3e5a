"""The input of the volume benchmark: a project with many records, two large CSV files, and its store.

    python data.py make ROWS     makes what is missing, prints the folder; a fifth as many rows for CTAs

Made by integer arithmetic in DuckDB, so every machine gets the same rows.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import duckdb

HERE = Path(__file__).resolve().parent
COMPANIES, USERS = 20_000, 500
ROWS_PER_CTA = 5

MIX = "CREATE TEMP MACRO mix(i, k) AS (((i * 48271 + k * 69621 + 12345) % 2147483647) * 16807 + k) % 2147483647"

SEATS = """
CREATE TEMP TABLE seats AS
SELECT 'S-' || lpad(CAST((i * 7919) % $rows + 1 AS VARCHAR), 8, '0') AS "Key",
       'A-' || lpad(CAST(mix(i, 1) % $companies + 1 AS VARCHAR), 6, '0') AS "Account",
       'user.' || CAST(mix(i, 2) % $users + 1 AS VARCHAR) || '@example.com' AS "Owner",
       ['Gold', 'Silver', 'Bronze'][CAST(mix(i, 3) % 3 AS INTEGER) + 1] AS "Tier",
       mix(i, 4) % 300 AS "Logins",
       CAST(mix(i, 5) % 100000 AS DECIMAL(18, 2)) / 100 AS "Score",
       DATE '2026-01-01' + CAST(mix(i, 6) % 320 AS INTEGER) AS "Last Login",
       mix(i, 7) % 2 = 0 AS "Active",
       'note ' || CAST(mix(i, 8) % 1000 AS VARCHAR) AS "Note",
       ['eu-west-1', 'us-east-1', 'us-west-2'][CAST(mix(i, 9) % 3 AS INTEGER) + 1] AS "Region",
       (i * 7919) % $rows + 1 AS n
FROM range($rows) AS t(i)
"""

# Three seats in five are stored: a third of those as the file has them, the others with other values.
STORED_SEATS = """
SELECT "Key" AS "Key__gc", "Account" AS "Company__gc.ExternalId", "Owner" AS "Owner__gc.Email",
       CASE WHEN n % 5 = 1 THEN 'Gold' ELSE "Tier" END AS "Tier__gc",
       CASE WHEN n % 5 = 1 THEN "Logins" + 1 ELSE "Logins" END AS "Logins__gc",
       "Score" AS "Score__gc", "Last Login" AS "Last_Login__gc", "Active" AS "Active__gc",
       CASE WHEN n % 5 = 2 THEN 'older' ELSE "Note" END AS "Note__gc", "Region" AS "Region__gc"
FROM seats WHERE n % 5 IN (0, 1, 2) ORDER BY n
"""

# One row in fifty is the second of its CTA.
DROPS = """
CREATE TEMP TABLE drops AS
SELECT 'A-' || lpad(CAST(k % $companies + 1 AS VARCHAR), 6, '0') AS "Account",
       'S-' || CAST(k // $companies AS VARCHAR) AS "Seat",
       'user.' || CAST(mix(k, 12) % $users + 1 AS VARCHAR) || '@example.com' AS "Owner",
       0 - 10 - mix(i, 13) % 80 AS "Change", k
FROM (SELECT i, CASE WHEN i % 50 = 49 THEN i - 1 ELSE i END AS k FROM range($drops) AS t(i))
"""

# Of ten CTAs two are open and two were closed a while ago: half of these too recently for a new one.
STORED_CTAS = """
SELECT DISTINCT 'Usage fell in seat ' || "Seat" AS "Name", "Account" AS "CompanyId.ExternalId", 'Risk' AS "TypeId.Name",
       'Usage Drop' AS "ReasonId.Name", 'Medium' AS "PriorityId.Name",
       CASE WHEN k % 10 < 2 THEN 'New' ELSE 'Closed Success' END AS "StatusId.Name", "Owner" AS "OwnerId.Email",
       DATE '2026-11-23' AS "DueDate", DATE '2026-11-23' AS "OriginalDueDate", 'COMPANY' AS "EntityType",
       'Rules' AS "Source", k % 10 >= 2 AS "IsClosed",
       CASE k % 10 WHEN 2 THEN TIMESTAMP '2026-11-20 10:00:00' WHEN 3 THEN TIMESTAMP '2026-10-01 10:00:00' END
         AS "ClosedDate",
       TIMESTAMP '2026-09-01 00:00:00' AS "CreatedDate", 'Opened.' AS "Comments"
FROM drops WHERE k % 10 < 4 ORDER BY ALL
"""


def folder(rows: int) -> Path:
    """The folder with the project for `rows` seats."""
    target = HERE.parent / "data" / f"volume-{rows}"
    done = target / "complete"
    if not done.exists():
        shutil.rmtree(target, ignore_errors=True)
        _make(target / "project", rows)
        done.touch()
    shutil.copytree(HERE / "project", target / "project", dirs_exist_ok=True)  # the rules may have changed since
    return target


def _make(project: Path, rows: int) -> None:
    files = project / "datasets" / "s3" / "gainsight-managed" / "input"
    records = project / "datasets" / "records"
    files.mkdir(parents=True)
    records.mkdir(parents=True)
    values = {"companies": COMPANIES, "users": USERS}
    with duckdb.connect() as con:
        con.execute("SET enable_progress_bar = false")
        con.execute(MIX)
        con.execute(SEATS, {**values, "rows": rows})
        con.execute(DROPS, {**values, "drops": rows // ROWS_PER_CTA})
        con.execute(f"COPY (SELECT * EXCLUDE (n) FROM seats) TO '{files / 'seats.csv'}' (HEADER)")
        con.execute(f"COPY (SELECT * EXCLUDE (k) FROM drops) TO '{files / 'drops.csv'}' (HEADER)")
        con.execute(
            f"COPY (SELECT 'Company ' || i AS \"Name\", 'A-' || lpad(CAST(i AS VARCHAR), 6, '0') AS \"ExternalId\""
            f" FROM range(1, {COMPANIES + 1}) AS t(i)) TO '{records / 'company.parquet'}'"
        )
        con.execute(
            "COPY (SELECT 'User ' || i AS \"Name\", 'user.' || i || '@example.com' AS \"Email\", true AS"
            f" \"IsActiveUser\" FROM range(1, {USERS + 1}) AS t(i)) TO '{records / 'gsuser.parquet'}'"
        )
        con.execute(f"COPY ({STORED_SEATS}) TO '{records / 'seat__gc.parquet'}'")
        con.execute(f"COPY ({STORED_CTAS}) TO '{records / 'call_to_action.parquet'}'")


def main() -> None:
    print(folder(int(sys.argv[2])))


if __name__ == "__main__":
    main()
