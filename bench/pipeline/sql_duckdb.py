"""The pipeline as one would write it in DuckDB by hand, when one knows DuckDB well.

Explicit CSV types, only the needed columns, CTEs, a FILTER pivot, sums cast to BIGINT, one statement.
"""

from __future__ import annotations

from pathlib import Path

FEATURES = "Dashboards Reports Workflows Alerts Mobile API Exports Imports Integrations Admin".split()  # noqa: SIM905

CSV = "header = true, auto_detect = false, delim = ',', quote = '\"', escape = '\"'"


def scored(files: Path) -> str:
    """The query up to the rows that are to be written."""
    pivot = ",\n           ".join(
        f"coalesce(CAST(sum(logins) FILTER (feature = '{feature}') AS BIGINT), 0) AS \"{feature}__gc\""
        for feature in FEATURES
    )
    return f"""
    WITH accounts AS (
      SELECT "Account ID" AS account, "Seats" AS seats, "Go Live" AS go_live
      FROM read_csv('{files}/accounts.csv', {CSV}, columns = {{
        'Account ID': 'VARCHAR', 'Account Name': 'VARCHAR', 'Seats': 'BIGINT', 'Segment': 'VARCHAR',
        'Go Live': 'DATE'}})
    ),
    usage AS (
      SELECT "Account ID" AS account, "Usage Date" AS usage_date, "Feature" AS feature,
             "Logins" AS logins, "Minutes" AS minutes
      FROM read_csv('{files}/usage.csv', {CSV}, columns = {{
        'Account ID': 'VARCHAR', 'Usage Date': 'DATE', 'Feature': 'VARCHAR', 'Logins': 'BIGINT', 'Minutes': 'BIGINT',
        'Events': 'BIGINT', 'User': 'VARCHAR', 'Region': 'VARCHAR'}})
    ),
    by_feature AS (
      SELECT u.account, u.feature, CAST(sum(u.logins) AS BIGINT) AS logins, CAST(sum(u.minutes) AS BIGINT) AS minutes
      FROM usage AS u JOIN accounts AS a ON a.account = u.account
      WHERE u.usage_date >= a.go_live
      GROUP BY ALL
    ),
    features AS (
      SELECT account,
           CAST(sum(logins) AS BIGINT) AS "Logins__gc",
           coalesce(CAST(sum(minutes) AS BIGINT), 0) AS "Minutes__gc",
           count(feature) FILTER (logins >= 20) AS "Active_Features__gc",
           {pivot}
      FROM by_feature
      GROUP BY account
    )
    SELECT f.account AS "Account_ID__gc", f.* EXCLUDE (account),
           CAST(CAST(f."Logins__gc" / a.seats AS DECIMAL(38, 12)) AS DECIMAL(18, 2)) AS "Logins_per_Seat__gc",
           CASE WHEN "Active_Features__gc" >= 8 AND "Logins__gc" >= 300 THEN 'Platinum'
                WHEN "Active_Features__gc" >= 6 THEN 'Gold'
                WHEN "Active_Features__gc" >= 3 THEN 'Silver'
                ELSE 'Bronze' END AS "Tier__gc"
    FROM accounts AS a JOIN features AS f ON f.account = a.account
    """


def decided(files: Path) -> str:
    """What an upsert into `stored.adoption__gc` would do, row by row."""
    fields = ["Logins__gc", "Minutes__gc", "Active_Features__gc", *(f"{name}__gc" for name in FEATURES)]
    fields += ["Logins_per_Seat__gc", "Tier__gc"]
    differs = " OR ".join(f'n."{field}" IS DISTINCT FROM s."{field}"' for field in fields)
    return f"""
    SELECT n.*, CASE WHEN s."Account_ID__gc" IS NULL THEN 'created' WHEN {differs} THEN 'updated' ELSE 'unchanged' END
                  AS outcome
    FROM ({scored(files)}) AS n LEFT JOIN stored.adoption__gc AS s ON s."Account_ID__gc" = n."Account_ID__gc"
    """


def main() -> None:
    import sys
    import time

    import duckdb

    start = time.perf_counter()

    target = Path(sys.argv[1])
    with duckdb.connect() as con:
        con.execute(f"ATTACH '{target / 'stored.duckdb'}' AS stored (READ_ONLY)")
        files = target / "project" / "datasets" / "s3" / "gainsight-managed" / "input"
        con.execute(f"CREATE TEMP TABLE decided AS {decided(files)}")
        print(time.perf_counter() - start)
        if len(sys.argv) > 2:
            con.execute(f"COPY decided TO '{sys.argv[2]}'")


if __name__ == "__main__":
    main()
