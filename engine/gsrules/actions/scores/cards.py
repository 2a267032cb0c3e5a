"""Which scorecard applies to a company or relationship (actions.md §7.2)."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from gsrules.actions.changes.rows import Matched
from gsrules.actions.changes.staging import text
from gsrules.actions.changes.statement import statement
from gsrules.actions.kind import ActionRun
from gsrules.catalogue.scorecards import CARDS, ENTITY_TYPES

# Which scorecard applies to an entity: the one that it names, else the only active one of its kind.
_APPLIED: Final = """
SELECT e."Gsid" AS "g", COALESCE(e."ScorecardId", o."card") AS "card", m."Name" AS "name", m."SchemeType" AS "scheme",
  o."n"
FROM "@entities" AS e
CROSS JOIN (
  SELECT CASE WHEN COUNT(*) = 1 THEN MIN(m."Gsid") END AS "card", COUNT(*) AS "n"
  FROM "@masters" AS m WHERE m."EntityType" = :kind AND COALESCE(m."IsActive", TRUE)
) AS o
LEFT JOIN "@masters" AS m ON m."Gsid" = COALESCE(e."ScorecardId", o."card")
"""


def applied_card(run: ActionRun, entity: str, gsid: exp.Expr, rows: Matched) -> str:
    """Joins the applied scorecard of each row's entity; the alias has `g`, `card`, `name`, `scheme`, and `n` active."""
    tables: dict[str, exp.Expr] = {"entities": run.tenant.table(entity), "masters": run.tenant.table(CARDS)}
    return rows.join(statement(_APPLIED, tables, kind=text(ENTITY_TYPES[entity])), [("g", gsid)])
