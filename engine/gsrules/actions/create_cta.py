"""Call To Action › Create (actions.md §6.1–§6.5)."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field, model_validator

from gsrules.actions.ctas.cockpit import CockpitBinder
from gsrules.actions.ctas.comments import refuse_mode
from gsrules.actions.ctas.decision import BoundCta
from gsrules.actions.ctas.links import bind_links
from gsrules.actions.ctas.owner import bind_owner
from gsrules.actions.ctas.parameters import check_days, key_parts
from gsrules.actions.kind import ActionKind, BindEnv, Findings
from gsrules.actions.loads.binding import default_values
from gsrules.actions.mappings.columns import Columns
from gsrules.actions.mappings.entity import bind_entity
from gsrules.actions.mappings.mapping import MappingBinder
from gsrules.actions.traits import ENTITY_CODES, VALUE_CODES
from gsrules.plan.nodes import Column
from gsrules.spec import ActionSpec, Bool, CommentsSpec, DueSpec, Fields, Names, OwnerSpec, TimeFrame, TimeFrameOrNone
from gsrules.spec.base import Name
from gsrules.spec.text import Text

KEY_PARTS: Final = ("type", "reason", "name", "priority")
RESERVED: Final = dict.fromkeys(
    (
        "Name",
        "TypeId",
        "PriorityId",
        "StatusId",
        "ReasonId",
        "OwnerId",
        "CompanyId",
        "RelationshipId",
        "Comments",
        "PlaybookId",
        "DueDate",
    ),
    "the action has a parameter of its own for it",
)


class CreateCtaSpec(ActionSpec):
    """Opens a CTA for each row, or updates the open one with the same key."""

    action: Literal["create_cta"] = "create_cta"
    company: Name | None = Field(None, description="The column with the company's GSID, in rules for company.")
    relationship: Name | None = Field(None, description="The column with the relationship's GSID.")
    name: Name = Field(description="The CTA's name; ${…} inserts a column or an expression.")
    type: Name = Field(description="The CTA type.")
    reason: Name = Field(description="A reason of the type.")
    priority: Name = Field(description="The priority.")
    status: Name = Field(description="The status of a new CTA.")
    playbook: Name | None = Field(None, description="A playbook of the type; given to CTAs that have none.")
    due: DueSpec = Field(default_factory=DueSpec, description="The due date; absent: 5 days without weekends.")
    owner: OwnerSpec | None = Field(None, description="The owner; without one no CTA is created.")
    comments: CommentsSpec | None = Field(None, description="The comment; ${…} inserts a column or an expression.")
    identifiers: Names = Field(
        (Text("type"), Text("reason"), Text("name")),
        description="The key beside the entity: type, reason, name, priority.",
    )
    check_open: Bool = Field(True, description="Whether an open CTA with the key is updated instead.")
    time_frame: TimeFrameOrNone = Field(
        default_factory=TimeFrame, description="Days in which a closed CTA with the key prevents a new one, or false."
    )
    linked: dict[Name, Name] | None = Field(None, description="Linked objects → columns with the ids of their records.")
    fields: Fields = Field(default_factory=dict, description="Further fields of the CTA.")

    @model_validator(mode="after")
    def _check(self) -> CreateCtaSpec:
        refuse_mode(self.comments)
        return self


def bind(spec: CreateCtaSpec, columns: tuple[Column, ...], env: BindEnv) -> BoundCta:
    """Validates the action; raises InputError with everything that is wrong."""
    findings = Findings(spec.id)
    dataset = Columns.of(columns, env, findings)
    cockpit = CockpitBinder(env, findings)
    entity = bind_entity(spec.company, spec.relationship, spec.place, dataset, env, findings)
    cta_type = cockpit.type(spec.type)
    reason = cockpit.of_type("CTA_REASON", spec.reason, cta_type)
    priority = cockpit.of_type("CTA_PRIORITY", spec.priority, cta_type)
    status = cockpit.of_type("CTA_STATUS", spec.status, cta_type)
    playbook = cockpit.playbook(spec.playbook, cta_type) if spec.playbook is not None else None
    name = dataset.template(spec.name)
    comments = dataset.html_template(spec.comments.text) if spec.comments else None
    owner = bind_owner(spec.owner, dataset, findings)
    if spec.owner is None and env.profile["cta.owner_missing"] == "error":
        hint = "add owner: {column: …, default: …}"
        findings.warn("GS-ACTION-HINT", "without `owner` no row can create a CTA", spec.place, hint=hint)
    check_days(spec.due, findings)
    identifiers = key_parts(spec.identifiers, KEY_PARTS, "CTA", findings)
    target = env.catalogue.object("call_to_action")
    assert target is not None
    binder = MappingBinder(target, dataset, env, findings, refused=RESERVED)
    mappings = binder.bind_all(spec.fields)
    defaults = default_values(target, binder)
    links = bind_links(spec.linked, dataset, env, findings)
    criteria = dataset.where(spec.when)
    found = findings.close()
    assert entity is not None
    assert cta_type is not None
    assert reason is not None
    assert priority is not None
    assert status is not None
    assert name is not None
    return BoundCta(
        catalogue=env.catalogue,
        criteria=criteria,
        reads=frozenset(dataset.used),
        findings=found,
        entity=entity,
        name=name,
        type=cta_type,
        reason=reason,
        priority=priority,
        status=status,
        playbook=playbook,
        tasks=playbook.tasks if playbook else (),
        due_days=spec.due.days,
        due_skip=spec.due.skip,
        owner=owner,
        comments=comments,
        repeat=spec.comments.repeat if spec.comments else "always",
        identifiers=identifiers,
        id=str(spec.id),
        check_open=spec.check_open,
        time_frame_days=spec.time_frame.days if isinstance(spec.time_frame, TimeFrame) else None,
        mappings=mappings,
        defaults=defaults,
        links=links,
    )


KIND = ActionKind(
    name="create_cta",
    title="Call To Action › Create",
    model=CreateCtaSpec,
    description="Opens a CTA for each row, or updates the newest open CTA with the same key.",
    evidence="actions.md §6.1–§6.5 [doc] [cli]",
    example=(
        "- action: create_cta\n  from: Declining\n  company: Company GSID\n  name: Usage fell at ${Name}\n"
        "  type: Risk\n"
        "  reason: Other\n  priority: High\n  status: New\n  owner: {column: CSM}\n"
    ),
    bind=bind,
    codes=(
        *ENTITY_CODES,
        *(code for code in VALUE_CODES if code not in ENTITY_CODES),
        "CTA_OWNER_UNRESOLVED",
        "CTA_RECENT",
        "CTA_LIMIT_REACHED",
    ),
    per_entity=True,
)
