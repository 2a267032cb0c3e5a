"""Group and overall scores after a set_score action (actions.md §7.2, `score.rollup`)."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from gsrules.actions.changes.staging import column, given_number, named, relation, select, text
from gsrules.actions.changes.stamps import created_stamps, modified_stamps
from gsrules.actions.changes.statement import statement
from gsrules.actions.kind import ActionRun
from gsrules.actions.mappings.entity import BoundEntity
from gsrules.catalogue.scorecards import MEASURES, OVERALL
from gsrules.tenant.changes import Write

_IS_OVERALL: Final = """(LOWER({m}."Name") IN ('overall score', 'overall') AND {m}."ParentId" IS NULL)"""

# The measure row of the overall score of each stated scorecard; where there is none, one is made.
_OVERALLS: Final = f"""
WITH "found" AS (
  SELECT c."card", MIN(m."Gsid") AS "gsid" FROM (SELECT DISTINCT "card" FROM "@stated") AS c
  LEFT JOIN "@measures" AS m ON m."ScorecardId" = c."card" AND {_IS_OVERALL.format(m="m")}
  GROUP BY c."card"
), "numbered" AS (
  SELECT *, "gsid" IS NULL AS "fresh", ROW_NUMBER() OVER (PARTITION BY "gsid" IS NULL ORDER BY "card") + :first AS "n"
  FROM "found"
)
SELECT "card", COALESCE("gsid", :new_gsid) AS "gsid", "fresh" FROM "numbered"
"""

# A measure without a weight, beside others that have one, shares what is left of 100 with its like.
_SHARE: Final = """COALESCE({w}, GREATEST(100 - SUM(COALESCE({w}, 0)) OVER (PARTITION BY {by}), 0)
  / NULLIF(COUNT(*) FILTER (WHERE {w} IS NULL) OVER (PARTITION BY {by}), 0))"""

_ROLLED: Final = f"""
WITH "groups" AS (
  SELECT g."Gsid" AS "top", g."ScorecardId" AS "card", g."Weight" AS "weight" FROM "@measures" AS g
  WHERE g."LevelType" = 'GROUP' AND NOT {_IS_OVERALL.format(m="g")}
), "members" AS (
  SELECT m."Gsid" AS "measure", m."ScorecardId" AS "card", g."top", m."Weight" AS "weight"
  FROM "@measures" AS m
  LEFT JOIN "groups" AS g ON g."top" = m."ParentId" AND g."card" = m."ScorecardId"
  WHERE COALESCE(m."LevelType", 'MEASURE') = 'MEASURE' AND NOT {_IS_OVERALL.format(m="m")}
), "tops" AS (
  SELECT "card", "top", {_SHARE.format(w='"weight"', by='"card"')} AS "share" FROM (
    SELECT "card", "top", "weight" FROM "groups"
    UNION ALL SELECT "card", "measure", "weight" FROM "members" WHERE "top" IS NULL
  ) AS a
), "inside" AS (
  SELECT "measure", "card", "top", {_SHARE.format(w='"weight"', by='"card", "top"')} AS "share"
  FROM "members" WHERE NOT "top" IS NULL
  UNION ALL SELECT "measure", "card", "measure", 1 FROM "members" WHERE "top" IS NULL
), "touched" AS (
  SELECT "row", "entity", "company", "card", "scheme", "measure", "score" FROM "@decided"
  WHERE "outcome" IN ('created', 'updated')
), "stored" AS (
  SELECT :owner, f."MeasureId", f."Gsid", f."CurrentScore", f."CurrentScoreId", f."Comment",
    ROW_NUMBER() OVER (PARTITION BY :owner, f."MeasureId" ORDER BY f."Gsid") AS "place"
  FROM "@facts" AS f
  WHERE :owner IN (SELECT "entity" FROM "touched")
), "scored" AS (
  SELECT t."row", i."card", i."top", CAST(i."share" AS DOUBLE) AS "share",
    CAST(CASE WHEN i."measure" = t."measure" THEN t."score" ELSE f."CurrentScore" END AS DOUBLE) AS "score"
  FROM "touched" AS t
  JOIN "inside" AS i ON i."card" = t."card"
  LEFT JOIN "stored" AS f ON f."place" = 1 AND :owner = t."entity" AND f."MeasureId" = i."measure"
), "means" AS (
  SELECT "row", "card", "top", SUM("share" * "score") / NULLIF(SUM("share"), 0) AS "mean"
  FROM "scored" WHERE NOT "score" IS NULL GROUP BY "row", "card", "top"
), "overall" AS (
  SELECT m."row", ROUND(CAST(SUM(CAST(p."share" AS DOUBLE) * m."mean") / NULLIF(SUM(CAST(p."share" AS DOUBLE)), 0)
    AS DECIMAL(38, 9)), 0) AS "score"
  FROM "means" AS m JOIN "tops" AS p ON p."card" = m."card" AND p."top" = m."top"
  WHERE NOT m."mean" IS NULL GROUP BY m."row"
)
SELECT t."row", t."entity", t."company", t."card", o."gsid" AS "measure", f."Gsid" AS "gsid",
  CAST(r."score" AS DECIMAL(38, 9)) AS "score", s."gsid" AS "range", f."Comment" AS "comment",
  f."CurrentScore" AS "before", f."CurrentScoreId" AS "before_range",
  e."CurrentScore" AS "entity_before", e."CurrentScore" IS DISTINCT FROM CAST(r."score" AS DECIMAL(38, 9)) AS "moves"
FROM "touched" AS t
JOIN "@overalls" AS o ON o."card" = t."card"
JOIN "@entities" AS e ON e."Gsid" = t."entity"
LEFT JOIN "overall" AS r ON r."row" = t."row"
LEFT JOIN "stored" AS f ON f."place" = 1 AND :owner = t."entity" AND f."MeasureId" = o."gsid"
LEFT JOIN "@scale" AS s ON s."scheme" = t."scheme"
  AND s."key" = CONCAT('p:', CAST(CAST(r."score" AS DECIMAL(38, 0)) AS VARCHAR))
"""

_NONE: Final = """
SELECT "row", "entity", "company", "card", "measure", "gsid", "score", "range", "comment", "b:CurrentScore" AS "before",
  "b:CurrentScoreId" AS "before_range", "b:CurrentScore" AS "entity_before", FALSE AS "moves"
FROM "@decided" WHERE FALSE
"""


class Rollup:
    """The overall scores of the entities whose measure a set_score action changes.

    `decided` has its rows, `stated` the scorecards. `rolled` comes first; `new` and `written` count what it found.
    """

    def __init__(self, run: ActionRun, entity: BoundEntity, facts: str, stated: str, decided: str, scale: str) -> None:
        self._run = run
        self._entity = entity
        self._facts = facts
        self._stated = stated
        self._decided = decided
        self._scale = scale
        self._scratch = run.scratch()
        self._rolled = self._overalls = ""
        self._defined = self._moved = 0
        self.new = 0
        """How many overall scores have no fact yet."""

    @property
    def written(self) -> int:
        """How many records it writes beside facts."""
        return self._defined + self._moved

    def rolled(self) -> str:
        """A table of the overall score of each touched entity, as `changes` of facts need it."""
        decided: dict[str, exp.Expr] = {"decided": relation(self._decided)}
        if self._run.profile["score.rollup"] == "off":
            return self._scratch.table("rolled_none", lambda: statement(_NONE, decided))
        self._overalls = self._make_overalls()
        self._rolled = self._scratch.table("rolled", self._rolling)
        new = 'COUNT(*) FILTER (WHERE "gsid" IS NULL AND NOT "score" IS NULL)'
        counts = f'SELECT {new}, COUNT(*) FILTER (WHERE "moves") FROM "@rolled"'
        found = self._scratch.row("rolled counts", lambda: statement(counts, {"rolled": relation(self._rolled)}))
        self.new, self._moved = found
        return self._rolled

    def _tables(self) -> dict[str, exp.Expr]:
        tenant = self._run.tenant
        return {
            "stated": relation(self._stated),
            "measures": tenant.table(MEASURES),
            "decided": relation(self._decided),
            "facts": tenant.table(self._facts),
            "entities": tenant.table(self._entity.kind),
            "scale": relation(self._scale),
        }

    def _make_overalls(self) -> str:
        missing = f"""SELECT COUNT(DISTINCT s."card") FROM "@stated" AS s WHERE NOT EXISTS (
            SELECT 1 FROM "@measures" AS m WHERE m."ScorecardId" = s."card" AND {_IS_OVERALL.format(m="m")})"""
        tables = self._tables()
        self._defined = int(self._scratch.row("overalls missing", lambda: statement(missing, tables))[0])
        first = self._run.tenant.allocate(MEASURES, self._defined) if self._defined else 1
        number = given_number()
        gsid = self._run.tenant.gsid(MEASURES, column("n"))

        def query() -> exp.Select:
            return statement(_OVERALLS, tables, first=number, new_gsid=gsid)

        return self._scratch.table("overalls", query, [first - 1])

    def _rolling(self) -> exp.Select:
        tables = {**self._tables(), "overalls": relation(self._overalls)}
        return statement(_ROLLED, tables, owner=column(self._entity.id_field, "f"))

    def definitions(self) -> list[Write]:
        """The measure rows of overall scores that were missing."""
        if not self._defined:
            return []
        fields: dict[str, exp.Expr] = {
            "Name": text(OVERALL),
            "LevelType": text("GROUP"),
            "ScorecardId": column("card"),
            "InputType": text("CALCULATED"),
            **created_stamps(self._run),
        }
        items = [named(column("gsid"), "Gsid"), *(named(value, name) for name, value in fields.items())]
        query = select(*items).from_(relation(self._overalls), copy=False).where(column("fresh"), copy=False)
        return [Write(MEASURES, "insert", self._scratch.view("new_overalls", lambda: query), tuple(fields))]

    def entities(self) -> list[Write]:
        """The companies or relationships whose overall score moves."""
        if not self._moved:
            return []
        fields: dict[str, exp.Expr] = {
            "CurrentScore": column("score"),
            "PreviousScore": column("entity_before"),
            **modified_stamps(self._run),
        }
        items = [named(column("entity"), "Gsid"), *(named(value, name) for name, value in fields.items())]
        query = select(*items).from_(relation(self._rolled), copy=False).where(column("moves"), copy=False)
        return [Write(self._entity.kind, "update", self._scratch.view("entities", lambda: query), tuple(fields))]
