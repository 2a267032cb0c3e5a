"""The same work as one would write it in DuckDB by hand: on a copy of the same store, with the same result.

    python sql_volume.py FOLDER load|ctas [hash]

Explicit CSV types, one staging table with the outcome of every row, one UPDATE, one INSERT, one transaction. It writes
the records and their stamps; it says nothing about single rows, and nothing of it can be undone.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path

import duckdb

CSV = "header = true, auto_detect = false, delim = ',', quote = '\"', escape = '\"'"
STAMPS = (
    '"ModifiedDate" = TIMESTAMP \'2026-11-23\', "ModifiedBy" = NULL, "GsIngestionSource" = \'RULES_ENGINE\','
    " \"GsExecutionId\" = 'by hand'"
)
FIELDS = "Company__gc Owner__gc Tier__gc Logins__gc Score__gc Last_Login__gc Active__gc Note__gc Region__gc".split()  # noqa: SIM905
# GSIDs are a prefix and a counter of 26 digits to the base of 36; 12 of them are enough for the counter
NUMBERED = """
    SELECT left(max("Gsid"), 24) AS prefix, max("gs_sequence") AS last, max("Gsid") AS gsid FROM tenant.{table}
"""


def counter(con: duckdb.DuckDBPyConnection, table: str) -> tuple[str, int, int]:
    row = con.execute(NUMBERED.format(table=table)).fetchone()
    assert row is not None
    prefix, last, gsid = row
    return prefix, last, int(gsid[24:], 36)


def load(con: duckdb.DuckDBPyConnection, files: Path) -> None:
    """Upserts the seats."""
    differs = " OR ".join(f't."{name}" IS DISTINCT FROM s."{name}"' for name in FIELDS)
    con.execute(f"""
    CREATE TEMP TABLE staged AS
    WITH file AS (
      SELECT * FROM read_csv('{files}/seats.csv', {CSV}, columns = {{
        'Key': 'VARCHAR', 'Account': 'VARCHAR', 'Owner': 'VARCHAR', 'Tier': 'VARCHAR', 'Logins': 'BIGINT',
        'Score': 'DECIMAL(38, 9)', 'Last Login': 'DATE', 'Active': 'BOOLEAN', 'Note': 'VARCHAR', 'Region': 'VARCHAR'}})
    ),
    tiers AS (SELECT name, gsid FROM tenant.gs_picklist_item WHERE category = 'seat__gc.Tier__gc'),
    s AS (
      SELECT "Key" AS "Key__gc", c."Gsid" AS "Company__gc", u."Gsid" AS "Owner__gc", p.gsid AS "Tier__gc",
             CAST("Logins" AS DECIMAL(38, 9)) AS "Logins__gc", "Score" AS "Score__gc", "Last Login" AS "Last_Login__gc",
             "Active" AS "Active__gc", "Note" AS "Note__gc", "Region" AS "Region__gc"
      FROM file AS f JOIN tenant.company AS c ON lower(trim(c."ExternalId")) = lower(trim(f."Account"))
                     LEFT JOIN tenant.gsuser AS u ON lower(trim(u."Email")) = lower(trim(f."Owner"))
                     LEFT JOIN tiers AS p ON p.name = f."Tier"
    )
    SELECT s.*, t."Gsid", CASE WHEN t."Gsid" IS NULL THEN 'created' WHEN {differs} THEN 'updated' ELSE 'unchanged' END
             AS outcome
    FROM s LEFT JOIN tenant.seat__gc AS t ON t."Key__gc" = s."Key__gc"
    """)
    sets = ", ".join(f'"{name}" = s."{name}"' for name in FIELDS)
    con.execute(f"""
    UPDATE tenant.seat__gc AS t SET {sets}, {STAMPS} FROM staged AS s
    WHERE s."Gsid" = t."Gsid" AND s.outcome = 'updated'
    """)
    prefix, last, largest = counter(con, "seat__gc")
    columns = ", ".join(f'"{name}"' for name in ["Key__gc", *FIELDS])
    con.execute(f"""
    INSERT INTO tenant.seat__gc ("Gsid", {columns}, "CreatedDate", "ModifiedDate", "GsIngestionSource", "GsExecutionId",
                                 "gs_sequence")
    SELECT '{prefix}' || to_base(n + {largest}, 36, 12), {columns}, TIMESTAMP '2026-11-23', TIMESTAMP '2026-11-23',
           'RULES_ENGINE', 'by hand', n + {last}
    FROM (SELECT *, row_number() OVER (ORDER BY "Key__gc") AS n FROM staged WHERE outcome = 'created')
    """)


def ctas(con: duckdb.DuckDBPyConnection, files: Path) -> None:
    """Opens CTAs, or adds the comment to the open one of the same key."""
    items = dict(con.execute("""SELECT "Category" || '/' || "Name", "Gsid" FROM tenant.cockpit_picklist""").fetchall())
    kind, reason = items["CTA_TYPE/Risk"], items["CTA_REASON/Usage Drop"]
    con.execute(f"""
    CREATE TEMP TABLE staged AS
    WITH file AS (
      SELECT * FROM read_csv('{files}/drops.csv', {CSV}, columns = {{
        'Account': 'VARCHAR', 'Seat': 'VARCHAR', 'Owner': 'VARCHAR', 'Change': 'BIGINT'}})
    ),
    s AS (
      SELECT c."Gsid" AS company, 'Usage fell in seat ' || "Seat" AS name, u."Gsid" AS owner,
             'Change: ' || "Change" || ' %' AS comment,
             row_number() OVER (ORDER BY c."Gsid", "Seat", "Owner", "Change") AS n
      FROM file AS f JOIN tenant.company AS c ON c."ExternalId" = f."Account"
                     LEFT JOIN tenant.gsuser AS u ON lower(u."Email") = lower(f."Owner")
    ),
    stored AS (
      SELECT "CompanyId" AS company, "Name" AS name,
             arg_max("Gsid", ("CreatedDate", "gs_sequence")) FILTER (NOT "IsClosed") AS open,
             max("ClosedDate") >= TIMESTAMP '2026-11-16' AS recent
      FROM tenant.call_to_action
      WHERE "TypeId" = '{kind}' AND "ReasonId" = '{reason}' AND "EntityType" = 'COMPANY'
      GROUP BY ALL
    )
    SELECT s.company, s.name, min(n) AS n, string_agg(comment, '<br/>' ORDER BY n) AS comments,
           arg_min(owner, n) AS owner, t.open,
           CASE WHEN t.open IS NOT NULL THEN 'updated' WHEN t.recent THEN 'skipped' ELSE 'created' END AS outcome
    FROM s LEFT JOIN stored AS t ON t.company = s.company AND t.name = s.name
    GROUP BY s.company, s.name, t.open, t.recent
    """)
    con.execute(f"""
    UPDATE tenant.call_to_action AS t
    SET "Comments" = concat_ws('<br/>', nullif(t."Comments", ''), s.comments), {STAMPS}
    FROM staged AS s WHERE s.open = t."Gsid" AND s.outcome = 'updated'
    """)
    prefix, last, largest = counter(con, "call_to_action")
    con.execute(f"""
    INSERT INTO tenant.call_to_action ("Gsid", "Name", "CompanyId", "TypeId", "ReasonId", "PriorityId", "StatusId",
        "OwnerId", "Comments", "DueDate", "OriginalDueDate", "EntityType", "IsClosed", "IsImportant", "Source",
        "CreatedDate", "ModifiedDate", "GsIngestionSource", "GsExecutionId", "gs_sequence")
    SELECT '{prefix}' || to_base(place + {largest}, 36, 12), name, company, '{kind}', '{reason}',
           '{items["CTA_PRIORITY/High"]}', '{items["CTA_STATUS/New"]}', owner, comments, DATE '2026-11-30',
           DATE '2026-11-30', 'COMPANY', false, false, 'Rules', TIMESTAMP '2026-11-23', TIMESTAMP '2026-11-23',
           'RULES_ENGINE', 'by hand', place + {last}
    FROM (SELECT *, row_number() OVER (ORDER BY n) AS place FROM staged WHERE outcome = 'created')
    """)


WORKS = {"load": load, "ctas": ctas}


def main() -> None:
    project, work = Path(sys.argv[1]) / "project", sys.argv[2]
    files = project / "datasets" / "s3" / "gainsight-managed" / "input"
    with tempfile.TemporaryDirectory(dir=project) as scratch:
        store = Path(scratch) / "tenant.duckdb"
        shutil.copyfile(project / ".gsrules" / "tenant.duckdb", store)
        start = time.perf_counter()
        with duckdb.connect() as con:
            con.execute("SET enable_progress_bar = false")
            con.execute(f"ATTACH '{store}' AS tenant")
            con.execute("BEGIN TRANSACTION")
            WORKS[work](con, files)
            outcomes = dict(con.execute("SELECT outcome, count(*) FROM staged GROUP BY ALL").fetchall())
            con.execute("COMMIT")
        print(time.perf_counter() - start)
        if len(sys.argv) > 3:
            from result import result_hash

            print(result_hash(store, work), outcomes)


if __name__ == "__main__":
    main()
