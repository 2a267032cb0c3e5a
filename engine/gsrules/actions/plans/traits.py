"""What actions on success plans tell about themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gsrules.actions.ctas.traits import found_by
from gsrules.actions.plans.objectives import PLAN
from gsrules.actions.traits import FAILED, Decision, Traits, listed, owner_traits

if TYPE_CHECKING:
    from gsrules.actions.plans.creation import BoundPlan
    from gsrules.actions.plans.update import BoundPlanUpdate

_FIELDS: Final = (
    "Name",
    "CompanyId",
    "SuccessPlanTypeId",
    "StatusId",
    "OwnerId",
    "TemplateId",
    "DueDate",
    "IsClosed",
    "ClosedDate",
    "CreatedDate",
)


def traits_of_plan(action: BoundPlan) -> Traits:
    """Those of create_success_plan."""
    choices, searches, users = owner_traits(action.owner)
    parts = listed([action.entity.kind, *(p for p in ("type", "status", "name") if p in action.identifiers)])
    found = f"a success plan has the same {parts}"
    need = "a row with a plan of its key"
    more = ("RelationshipId",) if action.entity.kind == "relationship" else ()
    adds = action.template is not None or bool(action.mappings)
    return Traits(
        (
            Decision("created", "a row without a plan of its key", f"no success plan has the same {parts}"),
            Decision("updated", f"{need}, which it changes", f"{found}, and the row changes it", adds),
            Decision("unchanged", f"{need}, which it leaves as it is", f"{found}, and has all of it already"),
            FAILED,
        ),
        target=PLAN,
        mappings=action.mappings,
        texts=(("name", action.name),),
        choices=choices,
        searches=searches,
        meets={PLAN: (*_FIELDS, *more)} | users,
        composed={(PLAN, "Name"): ()} if "name" in action.identifiers else {},
    )


def traits_of_plan_update(action: BoundPlanUpdate) -> Traits:
    """Those of update_success_plan."""
    choices, searches, users = owner_traits(action.owner)
    found = "the plan of the row is there"
    return Traits(
        (
            Decision("updated", "a row whose plan gets other values", f"{found}, and the row changes it"),
            Decision("unchanged", "a row whose plan has all values already", f"{found}, and has all values already"),
            FAILED,
        ),
        target=PLAN,
        choices=choices,
        searches=(*searches, *found_by(action.plan_id)),
        meets={PLAN: (*_FIELDS, "RelationshipId")} | users,
    )
