"""A hash of what a contestant has left in the store: every field that the work writes, lookups by name."""

from __future__ import annotations

from pathlib import Path

import duckdb

_STAMPS = 'o."ModifiedDate", o."GsIngestionSource", o."Gsid", o."gs_sequence"'
_SELECTS = {
    "load": f"""
    SELECT o."Key__gc", c."ExternalId", u."Email", o."Tier__gc", o."Logins__gc", o."Score__gc", o."Last_Login__gc",
           o."Active__gc", o."Note__gc", o."Region__gc", {_STAMPS}
    FROM seat__gc AS o LEFT JOIN company AS c ON c."Gsid" = o."Company__gc"
                       LEFT JOIN gsuser AS u ON u."Gsid" = o."Owner__gc"
    """,
    "ctas": f"""
    SELECT o."Name", c."ExternalId", u."Email", o."TypeId", o."ReasonId", o."StatusId", o."PriorityId", o."Comments",
           o."DueDate", o."OriginalDueDate", o."EntityType", o."Source", o."IsClosed", o."ClosedDate", o."IsImportant",
           o."CreatedDate", {_STAMPS}
    FROM call_to_action AS o LEFT JOIN company AS c ON c."Gsid" = o."CompanyId"
                             LEFT JOIN gsuser AS u ON u."Gsid" = o."OwnerId"
    """,
}


def result_hash(store: Path, work: str) -> str:
    """Every record of the object, in no order: the sum of their hashes, and how many there are."""
    with duckdb.connect(str(store), read_only=True) as con:
        con.execute("SET TimeZone = 'UTC'")
        row = con.execute(
            f"SELECT sum(hash(CAST(r AS VARCHAR)) % 1000000007), count(*) FROM ({_SELECTS[work]}) AS r"
        ).fetchone()
    assert row is not None
    return f"{row[0]}-{row[1]}"
