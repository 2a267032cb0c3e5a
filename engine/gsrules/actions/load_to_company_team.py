"""Load to Company Team (actions.md §5.7)."""

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


class LoadToCompanyTeamSpec(ActionSpec):
    """Puts users into company teams, or takes them out."""

    action: Literal["load_to_company_team"] = "load_to_company_team"
    fields: Fields = Field(description="CompanyId, UserId (both needed), Role, Delete.", min_length=2)


def bind(spec: LoadToCompanyTeamSpec, columns: tuple[Column, ...], env: BindEnv) -> BoundLoad:
    """Validates the load; raises InputError with everything that is wrong."""
    entity = EntityField("CompanyId", identifies=True)
    return bind_team(spec, spec.fields, env.catalogue.objects["company_team"], entity, columns, env)


KIND = ActionKind(
    name="load_to_company_team",
    title="Load to Company Team",
    model=LoadToCompanyTeamSpec,
    description=(
        "Puts a user into the team of a company, or changes the role; a row with Delete true takes the user out."
    ),
    evidence="actions.md §5.7 [doc] [choice]; the algorithm §4",
    example=(
        "- action: load_to_company_team\n  from: Rows\n"
        "  fields:\n    CompanyId: Company GSID\n    UserId: User GSID\n    Role: Role\n    Delete: Left\n"
    ),
    bind=bind,
    entities=("company",),
    engines=("horizon",),
    codes=(*dict.fromkeys((*ENTITY_CODES, *LOAD_CODES)), "NOTHING_TO_DELETE"),
)
