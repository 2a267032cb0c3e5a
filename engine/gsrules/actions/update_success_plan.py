"""Success Plan › Update (actions.md §8)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from gsrules.actions.ctas.cockpit import CockpitBinder
from gsrules.actions.ctas.owner import bind_owner
from gsrules.actions.kind import ActionKind, BindEnv, Findings
from gsrules.actions.mappings.columns import Columns
from gsrules.actions.mappings.mapping import MappingBinder
from gsrules.actions.mappings.record_id import bind_id
from gsrules.actions.plans.objectives import PLAN
from gsrules.actions.plans.update import BoundPlanUpdate
from gsrules.plan.nodes import Column
from gsrules.spec import ActionSpec, MappingSpec, OwnerSpec
from gsrules.spec.base import Name


class UpdateSuccessPlanSpec(ActionSpec):
    """Changes success plans found by id."""

    action: Literal["update_success_plan"] = "update_success_plan"
    plan: MappingSpec = Field(description="The column with the plan's GSID, or a lookup to cta_group.")
    type: Name = Field(description="The plan type.")
    status: Name = Field(description="A status of the type.")
    template: Name | None = Field(None, description="A template of the type, in place of the present one.")
    owner: OwnerSpec | None = Field(None, description="The owner; {default: …} alone is a fixed user.")


def bind(spec: UpdateSuccessPlanSpec, columns: tuple[Column, ...], env: BindEnv) -> BoundPlanUpdate:
    """Validates the action; raises InputError with everything that is wrong."""
    findings = Findings(spec.id)
    dataset = Columns.of(columns, env, findings)
    binder = MappingBinder(env.catalogue.objects[PLAN], dataset, env, findings)
    plan = bind_id(spec.plan, "plan", PLAN, "PLAN_NOT_FOUND", binder, findings)
    cockpit = CockpitBinder(env, findings)
    plan_type = cockpit.plan_type(spec.type)
    status = cockpit.plan_status(spec.status, plan_type)
    template = cockpit.template(spec.template, plan_type) if spec.template is not None else None
    owner = bind_owner(spec.owner, dataset, findings)
    criteria = dataset.where(spec.when)
    found = findings.close()
    assert plan is not None
    assert plan_type is not None
    assert status is not None
    return BoundPlanUpdate(
        catalogue=env.catalogue,
        criteria=criteria,
        reads=frozenset(dataset.used),
        findings=found,
        type=plan_type,
        status=status,
        template=template,
        owner=owner,
        plan_id=plan,
    )


KIND = ActionKind(
    name="update_success_plan",
    title="Success Plan › Update",
    model=UpdateSuccessPlanSpec,
    description="Changes type, status, template and owner of success plans found by id.",
    evidence="actions.md §8 [cli]",
    example="- action: update_success_plan\n  from: Rows\n  plan: Plan GSID\n  type: Objectives\n  status: Active\n",
    bind=bind,
    engines=("horizon",),
    codes=("IDENTIFIER_NULL", "VALUE_INVALID", "PLAN_NOT_FOUND", "LOOKUP_NO_MATCH", "LOOKUP_MULTIPLE_MATCH"),
)
