"""The tenant's own objects and picklist options, as written (rule-language §2)."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, ValidationInfo, model_validator

from gsrules.errors import Problem
from gsrules.spec.base import Bool, Decimals, Name, NotNegative, Positive, Scalar, Spec, refusal, report
from gsrules.spec.pieces import ColumnOrText
from gsrules.spec.text import Text

FieldType = Literal[
    "string",
    "number",
    "boolean",
    "date",
    "datetime",
    "percentage",
    "currency",
    "picklist",
    "multi_picklist",
    "email",
    "url",
    "rich_text",
    "gsid",
    "lookup",
    "sfdc_id",
    "json",
]
_NUMBERS = ("number", "percentage", "currency")
_LISTS = ("picklist", "multi_picklist")
_TEXTS = ("string", "rich_text", "email", "url", "json", *_LISTS)


def _unlike(names: tuple[Text, ...], info: ValidationInfo) -> tuple[Text, ...]:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            message, hint = f"the option `{name}` is there twice", "remove one of them"
            report(info, Problem("GS-SPEC-DUPLICATE", message, name.place, value=str(name), hint=hint))
        seen.add(name)
    return names


Options = Annotated[tuple[Name, ...], AfterValidator(_unlike)]
"""Options of a picklist, each of which stands there once."""


class FieldSpec(ColumnOrText):
    """A field of an object; a plain text is its type."""

    shorthand: ClassVar[str] = "type"

    type: FieldType = Field(description="The data type.")
    label: Name | None = Field(None, description="The display text; absent: the name split into words.")
    description: Name | None = None
    required: Bool = Field(False, description="Whether a record needs it.")
    unique: Bool = Field(False, description="Whether no two records may share a value (extension).")
    length: Positive | None = Field(None, description="The most characters of a text.")
    decimals: Decimals | None = Field(None, description="Decimal places of a number, 0 to 9.")
    to: Name | None = Field(None, description="The object that a lookup points at.")
    options: Options | None = Field(None, min_length=1, description="The options of a picklist.")
    default: Scalar | None = Field(None, description="What new records get.")

    @model_validator(mode="after")
    def _check(self) -> FieldSpec:
        belongs = {"decimals": _NUMBERS, "options": _LISTS, "to": ("lookup",), "length": _TEXTS}
        for key, types in belongs.items():
            if getattr(self, key) is not None and self.type not in types:
                message = f"`{key}` belongs to the types {', '.join(types)}; this field is a {self.type}"
                raise refusal("GS-SPEC-ONE-OF", message, hint=f"remove {key}, or change the type", key=key)
        return self


class ObjectSpec(Spec):
    """An object file: a new object, or more fields of a standard one."""

    object: Name = Field(description="The API name: usage_summary__gc, or a standard object to add fields to.")
    label: Name | None = Field(None, description="The display text.")
    description: Name | None = None
    fields: dict[Name, FieldSpec] = Field(min_length=1, description="API name → field.")


class StatusSpec(ColumnOrText):
    """A status of CTAs or success plans; a plain text is its name, and open."""

    shorthand: ClassVar[str] = "name"

    name: Name
    open: Bool = Field(True, description="Whether a record with it is open.")
    type: Name | None = Field(None, description="The type that it belongs to; absent: all types.")


class PlaybookTaskSpec(ColumnOrText):
    """A task of a playbook; a plain text is its name."""

    shorthand: ClassVar[str] = "name"

    name: Name
    days: NotNegative = Field(0, description="Days after the playbook was applied until the task is due.")
    priority: Name | None = Field(None, description="The CTA priority of the task, such as High.")


class PlaybookSpec(Spec):
    """A playbook: tasks that a CTA gets."""

    type: Name | None = Field(None, description="The CTA type that it is for; absent: all.")
    active: Bool = Field(True, description="Whether actions may name it.")
    tasks: tuple[PlaybookTaskSpec, ...] = ()


class ObjectiveSpec(ColumnOrText):
    """An objective of a success plan, which becomes a CTA; a plain text is its name."""

    shorthand: ClassVar[str] = "name"

    name: Name
    type: Name | None = Field(None, description="The CTA type; absent: Objective.")
    reason: Name | None = Field(None, description="A reason of the type; absent: Other.")
    status: Name | None = Field(None, description="The status; absent: New.")
    priority: Name | None = Field(None, description="The priority; absent: Medium.")
    playbook: Name | None = Field(None, description="A playbook of the type, whose tasks the CTA gets.")
    days: NotNegative | None = Field(None, description="Days after the rule date; absent: due with the plan.")


class PlanTemplateSpec(Spec):
    """A template of success plans."""

    type: Name | None = Field(None, description="The plan type that it is for; absent: all.")
    active: Bool = Field(True, description="Whether actions may name it.")
    objectives: tuple[ObjectiveSpec, ...] = ()


class PicklistsSpec(Spec):
    """The file picklists.yml: options added to the standard ones."""

    cta_types: Options = ()
    cta_reasons: dict[Name, Options] = Field(default_factory=dict, description="CTA type → reasons.")
    cta_statuses: tuple[StatusSpec, ...] = ()
    cta_priorities: Options = ()
    success_plan_types: Options = ()
    success_plan_statuses: tuple[StatusSpec, ...] = ()
    success_plan_templates: dict[Name, PlanTemplateSpec] = Field(default_factory=dict, description="Name → template.")
    playbooks: dict[Name, PlaybookSpec] = Field(default_factory=dict, description="Name → playbook.")
    fields: dict[Name, Options] = Field(default_factory=dict, description="object.Field → options.")

    @model_validator(mode="before")
    @classmethod
    def _empty(cls, data: Any) -> Any:
        return {} if data is None else data
