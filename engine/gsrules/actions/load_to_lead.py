"""Load to GS Lead (actions.md §5.6)."""

from __future__ import annotations

from typing import Final, Literal

from gsrules.actions.kind import ActionKind, BindEnv
from gsrules.actions.loads.load import BoundLoad
from gsrules.actions.loads.outbox import Sync
from gsrules.actions.loads.simple import WritingSpec, bind_onto
from gsrules.actions.traits import LOAD_CODES
from gsrules.plan.nodes import Column

_SYNC: Final = Sync("lead_sync", "Lead", "SfdcLeadId")


class LoadToLeadSpec(WritingSpec):
    """Updates or creates leads."""

    action: Literal["load_to_lead"] = "load_to_lead"


def bind(spec: LoadToLeadSpec, columns: tuple[Column, ...], env: BindEnv) -> BoundLoad:
    """Validates the load; raises InputError with everything that is wrong."""
    sync = _SYNC if env.profile["object.lead_sync"] == "on" else None
    return bind_onto("gs_lead", spec, columns, env, sync)


KIND = ActionKind(
    name="load_to_lead",
    title="Load to GS Lead",
    model=LoadToLeadSpec,
    description=(
        "Updates leads found by identifiers; an upsert also creates those that are missing."
        " With object.lead_sync on, each written record has an entry in the outbox."
    ),
    evidence="actions.md §5.6 [doc] [choice]; the algorithm §4",
    example=(
        "- action: load_to_lead\n  from: Rows\n  operation: upsert\n  identifiers: [Email]\n"
        "  fields:\n    Email: Email\n    Name: Name\n    Status: {value: New}\n"
    ),
    bind=bind,
    engines=("horizon",),
    codes=LOAD_CODES,
)
