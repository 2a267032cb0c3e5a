"""Load to Relationship Team (actions.md §5.7)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from gsrules.actions.kind import ActionKind, BindEnv
from gsrules.actions.loads.load import BoundLoad
from gsrules.actions.loads.stage import EntityField
from gsrules.actions.loads.team import bind_team
from gsrules.actions.traits import ENTITY_CODES, LOAD_CODES
from gsrules.plan.nodes import Column
from gsrules.spec import ActionSpec, Fields


class LoadToRelationshipTeamSpec(ActionSpec):
    """Puts users into relationship teams, or takes them out."""

    action: Literal["load_to_relationship_team"] = "load_to_relationship_team"
    fields: Fields = Field(description="RelationshipId, UserId (both needed), Role, Delete.", min_length=2)


def bind(spec: LoadToRelationshipTeamSpec, columns: tuple[Column, ...], env: BindEnv) -> BoundLoad:
    """Validates the load; raises InputError with everything that is wrong."""
    entity = EntityField("RelationshipId", tuple(map(str, env.rule.relationship_types or ())), identifies=True)
    return bind_team(spec, spec.fields, env.catalogue.objects["relationship_team"], entity, columns, env)


KIND = ActionKind(
    name="load_to_relationship_team",
    title="Load to Relationship Team",
    model=LoadToRelationshipTeamSpec,
    description=(
        "Puts a user into the team of a relationship, or changes the role; a row with Delete true takes the user out."
    ),
    evidence="actions.md §5.7 [doc] [choice]; the algorithm §4",
    example=(
        "- action: load_to_relationship_team\n  from: Rows\n"
        "  fields:\n    RelationshipId: Relationship GSID\n    UserId: User GSID\n    Role: Role\n    Delete: Left\n"
    ),
    bind=bind,
    entities=("relationship",),
    engines=("horizon",),
    codes=(*dict.fromkeys((*ENTITY_CODES, *LOAD_CODES)), "NOTHING_TO_DELETE"),
)
