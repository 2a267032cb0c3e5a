"""The stamps of written records (actions.md §4)."""

from __future__ import annotations

from sqlglot import exp

from gsrules.actions.changes.staging import text, typed_null
from gsrules.actions.kind import ActionRun
from gsrules.actions.mappings.constants import timestamp


def modified_stamps(run: ActionRun) -> dict[str, exp.Expr]:
    """What every write sets."""
    user = run.profile["tenant.run_user"]
    return {
        "ModifiedDate": timestamp(run.instant),
        "ModifiedBy": text(user) if user else typed_null("VARCHAR"),
        "GsIngestionSource": text("RULES_ENGINE"),
        "GsExecutionId": text(run.run_id),
    }


def created_stamps(run: ActionRun) -> dict[str, exp.Expr]:
    """What a creation sets."""
    modified = modified_stamps(run)
    return {"CreatedDate": modified["ModifiedDate"], "CreatedBy": modified["ModifiedBy"], **modified}
