"""Load to GS Opportunity (actions.md §5.6)."""

from __future__ import annotations

from typing import Final, Literal

from gsrules.actions.kind import ActionKind, BindEnv
from gsrules.actions.loads.load import BoundLoad
from gsrules.actions.loads.outbox import Sync
from gsrules.actions.loads.simple import WritingSpec, bind_onto
from gsrules.actions.traits import LOAD_CODES
from gsrules.plan.nodes import Column

_SYNC: Final = Sync("opportunity_sync", "Opportunity", "SfdcOpportunityId")


class LoadToOpportunitySpec(WritingSpec):
    """Updates or creates opportunities."""

    action: Literal["load_to_opportunity"] = "load_to_opportunity"


def bind(spec: LoadToOpportunitySpec, columns: tuple[Column, ...], env: BindEnv) -> BoundLoad:
    """Validates the load; raises InputError with everything that is wrong."""
    sync = _SYNC if env.profile["object.opportunity_sync"] == "on" else None
    return bind_onto("gs_opportunity", spec, columns, env, sync)


KIND = ActionKind(
    name="load_to_opportunity",
    title="Load to GS Opportunity",
    model=LoadToOpportunitySpec,
    description=(
        "Updates opportunities found by identifiers; an upsert also creates those that are missing."
        " With object.opportunity_sync on, each written record has an entry in the outbox."
    ),
    evidence="actions.md §5.6 [doc] [choice]; the algorithm §4",
    example=(
        "- action: load_to_opportunity\n  from: Rows\n  operation: upsert\n  identifiers: [CompanyId, Name]\n"
        "  fields:\n    CompanyId: Company GSID\n    Name: Name\n    TargetAmount: Amount\n"
    ),
    bind=bind,
    codes=LOAD_CODES,
)
