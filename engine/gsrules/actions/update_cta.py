"""Call To Action › Update (actions.md §6.6)."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field, model_validator

from gsrules.actions.ctas.cockpit import CockpitBinder
from gsrules.actions.ctas.cockpit_rows import PLAYBOOK, TYPE, BoundOption, bind_option
from gsrules.actions.ctas.decision import CTA
from gsrules.actions.ctas.owner import bind_owner
from gsrules.actions.ctas.parameters import check_days
from gsrules.actions.ctas.update import BoundUpdate
from gsrules.actions.kind import ActionKind, BindEnv, Findings
from gsrules.actions.mappings.columns import Columns
from gsrules.actions.mappings.mapping import BoundMapping, MappingBinder
from gsrules.actions.mappings.record_id import bind_id
from gsrules.actions.traits import VALUE_CODES
from gsrules.plan.nodes import Column
from gsrules.spec import (
    ActionSpec,
    Bool,
    CommentsSpec,
    DueSpec,
    Fields,
    MappingSpec,
    OptionSpec,
    OwnerSpec,
    refusal,
)

_OPTIONS: Final = {"status": "CTA_STATUS", "reason": "CTA_REASON", "priority": "CTA_PRIORITY", "playbook": PLAYBOOK}
RESERVED: Final = dict.fromkeys(
    ("TypeId", "StatusId", "ReasonId", "PriorityId", "PlaybookId", "Comments"),
    "the action has a parameter of its own for it",
)


class UpdateCtaSpec(ActionSpec):
    """Changes CTAs found by id; only what is stated."""

    action: Literal["update_cta"] = "update_cta"
    cta: MappingSpec = Field(description="The column with the CTA's GSID, or a lookup to call_to_action.")
    type: OptionSpec | None = Field(None, description="The CTA type; needed with status, reason, priority, playbook.")
    status: OptionSpec | None = Field(None, description="A status of the type.")
    reason: OptionSpec | None = Field(None, description="A reason of the type.")
    priority: OptionSpec | None = Field(None, description="The priority.")
    playbook: OptionSpec | None = Field(None, description="A playbook of the type, in place of the present one.")
    owner: OwnerSpec | None = Field(None, description="The owner; {default: …} alone is a fixed user.")
    reassign_tasks: Bool = Field(False, description="Whether the open tasks of the CTA follow to the owner.")
    comments: CommentsSpec | None = Field(None, description="A comment; mode: append | replace.")
    due: DueSpec | None = Field(None, description="The due date, counted from the rule date (extension).")
    fields: Fields = Field(default_factory=dict, description="Further fields of the CTA.")

    @model_validator(mode="after")
    def _check(self) -> UpdateCtaSpec:
        needing = [key for key in _OPTIONS if getattr(self, key) is not None]
        if self.type is None and needing:
            raise refusal(
                "GS-SPEC-MISSING",
                f"`{needing[0]}` needs `type`, which is written too",
                hint="type: Risk",
                key=needing[0],
            )
        if self.reassign_tasks and self.owner is None:
            raise refusal("GS-SPEC-MISSING", "`reassign_tasks` needs `owner`", key="reassign_tasks")
        if self.comments is not None and "repeat" in self.comments.model_fields_set:
            hint = "mode: append | replace"
            raise refusal("GS-SPEC-ONE-OF", "`repeat` is for creating and closing CTAs", key="comments", hint=hint)
        if not needing and not any((self.type, self.owner, self.comments, self.due, self.fields)):
            hint = "type, status, reason, priority, playbook, owner, comments, due, fields"
            raise refusal("GS-SPEC-MISSING", "the action states nothing to change", hint=hint)
        return self


def bind(spec: UpdateCtaSpec, columns: tuple[Column, ...], env: BindEnv) -> BoundUpdate:
    """Validates the action; raises InputError with everything that is wrong."""
    findings = Findings(spec.id)
    dataset = Columns.of(columns, env, findings)
    target = env.catalogue.objects[CTA]
    binder = MappingBinder(target, dataset, env, findings, refused=RESERVED)
    cta = bind_id(spec.cta, "cta", CTA, "CTA_NOT_FOUND", binder, findings)
    cockpit = CockpitBinder(env, findings)
    options: dict[str, BoundOption] = {}
    if spec.type is not None:
        cta_type = bind_option(TYPE, spec.type, None, dataset, cockpit, findings)
        stated = {key: value for key in _OPTIONS if (value := getattr(spec, key)) is not None}
        if cta_type is not None:
            options["type"] = cta_type
            for key, value in stated.items():
                bound = bind_option(_OPTIONS[key], value, cta_type, dataset, cockpit, findings)
                if bound is not None:
                    options[key] = bound
    owner = bind_owner(spec.owner, dataset, findings)
    comments = dataset.html_template(spec.comments.text) if spec.comments else None
    _check_due(spec, findings)
    mappings = binder.bind_all(spec.fields)
    _check_twice(spec, mappings, findings)
    criteria = dataset.where(spec.when)
    found = findings.close()
    assert cta is not None
    return BoundUpdate(
        catalogue=env.catalogue,
        criteria=criteria,
        reads=frozenset(dataset.used),
        findings=found,
        cta=cta,
        options=options,
        owner=owner,
        reassigns=spec.reassign_tasks,
        comments=comments,
        replaces=spec.comments is not None and spec.comments.mode == "replace",
        due_days=spec.due.days if spec.due is not None else None,
        due_skip=spec.due.skip if spec.due is not None else "weekends",
        mappings=mappings,
    )


def _check_due(spec: UpdateCtaSpec, findings: Findings) -> None:
    if spec.due is None:
        return
    hint = "Gainsight's rules do not change the due date of a CTA that is there"
    findings.warn("GS-EXT", "`due` of update_cta is an extension", spec.place_of("due"), hint=hint)
    check_days(spec.due, findings)


def _check_twice(spec: UpdateCtaSpec, mappings: tuple[BoundMapping, ...], findings: Findings) -> None:
    for key, field in (("owner", "OwnerId"), ("due", "DueDate")):
        twin = next((mapping for mapping in mappings if mapping.field.name == field), None)
        if twin is not None and getattr(spec, key) is not None:
            message = f"`{field}` is written by `{key}` and by `fields`"
            findings.error("GS-ACTION-DUPLICATE", message, twin.place, value=field, hint="keep one of them")


KIND = ActionKind(
    name="update_cta",
    title="Call To Action › Update",
    model=UpdateCtaSpec,
    description="Changes CTAs found by id: what is stated, and nothing else.",
    evidence="actions.md §6.6 [cli] [doc]",
    example="- action: update_cta\n  from: Rows\n  cta: CTA GSID\n  type: Risk\n  priority: High\n",
    bind=bind,
    engines=("horizon",),
    codes=("IDENTIFIER_NULL", "CTA_NOT_FOUND", *VALUE_CODES),
)
