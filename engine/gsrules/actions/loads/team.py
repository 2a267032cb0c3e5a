"""What the loads to teams share: users put into a team, or taken out of it (actions.md §5.7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from gsrules.actions.kind import BindEnv, Findings
from gsrules.actions.loads.binding import Target, bind_fields
from gsrules.actions.loads.load import BoundLoad
from gsrules.actions.loads.stage import EntityField
from gsrules.catalogue import FieldDef, ObjectDef
from gsrules.catalogue.datatypes import BOOLEAN
from gsrules.plan.nodes import Column
from gsrules.spec import ActionSpec, Fields

DELETE: Final = FieldDef("Delete", "Delete", BOOLEAN)
"""The system field that takes a user out of a team; it is not stored."""


def bind_team(
    spec: ActionSpec, fields: Fields, team: ObjectDef, entity: EntityField, columns: tuple[Column, ...], env: BindEnv
) -> BoundLoad:
    """Binds a load to a team, by company or relationship and user."""
    findings = Findings(spec.id)
    whole = replace(team, fields=_with_delete(team.fields))
    identifiers = (team.fields[entity.field], team.fields["UserId"])
    bound = bind_fields(spec, fields, Target(whole, "upsert"), identifiers, columns, env, findings)
    deletes = next((each for each in bound.mappings if each.field is DELETE), None)
    return replace(
        bound,
        object=team,
        mappings=tuple(each for each in bound.mappings if each.field is not DELETE),
        entities=(entity, EntityField("UserId", identifies=True)),
        deletes=deletes,
    )


def _with_delete(fields: Mapping[str, FieldDef]) -> Mapping[str, FieldDef]:
    return MappingProxyType({**fields, DELETE.name: DELETE})
