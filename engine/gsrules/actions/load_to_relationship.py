"""Load to Relationship (actions.md §5.3)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, Literal

from pydantic import Field

from gsrules.actions.kind import ActionKind, BindEnv, Findings
from gsrules.actions.loads.binding import LoadSpec, Target, bind_load
from gsrules.actions.loads.load import BoundLoad
from gsrules.actions.loads.stage import EntityField, Pinned
from gsrules.actions.traits import LOAD_CODES
from gsrules.plan.nodes import Column
from gsrules.spec.base import Name

_TYPE: Final = "TypeId"


class LoadToRelationshipSpec(LoadSpec):
    """Updates or creates relationships of one type."""

    action: Literal["load_to_relationship"] = "load_to_relationship"
    operation: Literal["update", "upsert"] = Field(description="update, or upsert: missing ones are created.")
    relationship_type: Name = Field(description="The relationship type, by name or GSID; one an action.")


def bind(spec: LoadToRelationshipSpec, columns: tuple[Column, ...], env: BindEnv) -> BoundLoad:
    """Validates the load; raises InputError with everything that is wrong."""
    relationship = env.catalogue.objects["relationship"]
    target = Target(
        relationship,
        spec.operation,
        refused={_TYPE: "relationship_type sets it"},
        given=(_TYPE,),
    )
    bound = bind_load(spec, target, columns, env, Findings(spec.id))
    return replace(
        bound,
        pinned=Pinned(relationship.fields[_TYPE], "relationship_type", str(spec.relationship_type)),
        entities=(EntityField("CompanyId"),),
        lasting=("CompanyId",),
    )


KIND = ActionKind(
    name="load_to_relationship",
    title="Load to Relationship (V2)",
    model=LoadToRelationshipSpec,
    description=(
        "Updates relationships of one type, found by identifiers; an upsert also creates those that are missing."
        " The company of a relationship never changes."
    ),
    evidence="actions.md §5.3 [doc] [choice]; the algorithm §4",
    example=(
        "- action: load_to_relationship\n  from: Rows\n  relationship_type: Implementation\n  operation: upsert\n"
        "  identifiers: [CompanyId, ExternalId]\n"
        "  fields:\n    CompanyId: Company GSID\n    ExternalId: Project ID\n    Name: Name\n"
    ),
    bind=bind,
    codes=(*LOAD_CODES, "ENTITY_NOT_FOUND"),
)
