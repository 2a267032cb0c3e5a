"""Success Plan › Create (actions.md §8)."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from gsrules.actions.ctas.cockpit import CockpitBinder
from gsrules.actions.ctas.owner import bind_owner
from gsrules.actions.ctas.parameters import check_days, key_parts
from gsrules.actions.kind import ActionKind, BindEnv, Findings
from gsrules.actions.loads.binding import default_values
from gsrules.actions.mappings.columns import Columns
from gsrules.actions.mappings.entity import bind_entity
from gsrules.actions.mappings.mapping import MappingBinder
from gsrules.actions.plans.creation import BoundPlan
from gsrules.actions.plans.objectives import PLAN
from gsrules.actions.traits import ENTITY_CODES, VALUE_CODES
from gsrules.plan.nodes import Column
from gsrules.spec import ActionSpec, DueSpec, Fields, Names, OwnerSpec
from gsrules.spec.base import Name
from gsrules.spec.text import Text

KEY_PARTS: Final = ("type", "status", "name")
RESERVED: Final = dict.fromkeys(
    (
        "Name",
        "SuccessPlanTypeId",
        "StatusId",
        "CompanyId",
        "RelationshipId",
        "OwnerId",
        "TemplateId",
        "DueDate",
    ),
    "the action has a parameter of its own for it",
)


class CreateSuccessPlanSpec(ActionSpec):
    """Creates a success plan for each row, or updates the newest one with the key."""

    action: Literal["create_success_plan"] = "create_success_plan"
    company: Name | None = Field(None, description="The column with the company's GSID, in rules for company.")
    relationship: Name | None = Field(None, description="The column with the relationship's GSID.")
    name: Name = Field(description="The plan's name; ${…} inserts a column or an expression.")
    type: Name = Field(description="The plan type.")
    status: Name = Field(description="A status of the type.")
    template: Name | None = Field(None, description="A template of the type; given to plans that have none.")
    owner: OwnerSpec | None = Field(None, description="The owner.")
    due: DueSpec = Field(default_factory=DueSpec, description="The due date; absent: 5 days without weekends.")
    identifiers: Names = Field(
        (Text("type"), Text("status"), Text("name")), description="The key beside the entity: type, status, name."
    )
    fields: Fields = Field(default_factory=dict, description="Further fields of the plan.")


def bind(spec: CreateSuccessPlanSpec, columns: tuple[Column, ...], env: BindEnv) -> BoundPlan:
    """Validates the action; raises InputError with everything that is wrong."""
    findings = Findings(spec.id)
    dataset = Columns.of(columns, env, findings)
    cockpit = CockpitBinder(env, findings)
    entity = bind_entity(spec.company, spec.relationship, spec.place, dataset, env, findings)
    plan_type = cockpit.plan_type(spec.type)
    status = cockpit.plan_status(spec.status, plan_type)
    template = cockpit.template(spec.template, plan_type) if spec.template is not None else None
    name = dataset.template(spec.name)
    owner = bind_owner(spec.owner, dataset, findings)
    check_days(spec.due, findings)
    identifiers = _identifiers(spec, findings)
    target = env.catalogue.objects[PLAN]
    binder = MappingBinder(target, dataset, env, findings, refused=RESERVED)
    mappings = binder.bind_all(spec.fields)
    defaults = default_values(target, binder)
    criteria = dataset.where(spec.when)
    found = findings.close()
    assert entity is not None
    assert plan_type is not None
    assert status is not None
    assert name is not None
    return BoundPlan(
        catalogue=env.catalogue,
        criteria=criteria,
        reads=frozenset(dataset.used),
        findings=found,
        type=plan_type,
        status=status,
        template=template,
        owner=owner,
        entity=entity,
        name=name,
        due_days=spec.due.days,
        due_skip=spec.due.skip,
        identifiers=identifiers,
        mappings=mappings,
        defaults=defaults,
    )


def _identifiers(spec: CreateSuccessPlanSpec, findings: Findings) -> frozenset[str]:
    found = key_parts(spec.identifiers, KEY_PARTS, "plan", findings)
    if "status" in found:
        message = "the status is part of the key: of a plan that has moved to another status a second one is created"
        place = spec.place_of("identifiers") or spec.place_of("status")
        findings.note("GS-ACTION-HINT", message, place, hint="identifiers: [type, name] finds it in any status")
    return found


KIND = ActionKind(
    name="create_success_plan",
    title="Success Plan › Create",
    model=CreateSuccessPlanSpec,
    description="Creates a success plan for each row, or updates the newest one with the same key.",
    evidence="actions.md §8 [cli] [doc]",
    example=(
        "- action: create_success_plan\n  from: Rows\n  company: Company GSID\n  name: Plan of ${Name}\n"
        "  type: Objectives\n  status: Draft\n"
    ),
    bind=bind,
    codes=(*ENTITY_CODES, *(code for code in VALUE_CODES if code not in ENTITY_CODES)),
    per_entity=True,
)
