"""A rule as written: head, tasks, actions (rule-language §3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    Field,
    ModelWrapValidatorHandler,
    PlainValidator,
    ValidationInfo,
    WithJsonSchema,
    WrapValidator,
    field_validator,
    model_validator,
)

from gsrules.errors import Problem, nearest
from gsrules.spec.actions import ActionSpec
from gsrules.spec.base import Bool, Later, Loading, Name, Names, Scalar, Spec, refusal, report
from gsrules.spec.kinds import ACTION_NAMES, Kinds
from gsrules.spec.tasks import TaskSpec
from gsrules.spec.text import Text, YamlMapping
from gsrules.spec.words import meant

if TYPE_CHECKING:
    from gsrules.spec.guards import GuardSpec
    from gsrules.spec.notify import NotifySpec
    from gsrules.spec.schedule import ScheduleSpec
else:
    GuardSpec = Annotated[Any, Later("gsrules.spec.guards", "GuardSpec")]
    NotifySpec = Annotated[Any, Later("gsrules.spec.notify", "NotifySpec")]
    ScheduleSpec = Annotated[Any, Later("gsrules.spec.schedule", "ScheduleSpec")]

_WORD = r"[A-Za-z_][A-Za-z0-9_]*"
_LONGEST_TASK_NAME = 240
"""Bytes. Gainsight's limits of names and texts are checked where the profile is known, `plan.limits`."""


def _task_name(value: Text) -> Text:
    if not value.strip():
        raise refusal("GS-SPEC-NAME", "a task has an empty name")
    wrong = sorted({char for char in value if not (char.isalnum() or char in "_ ")})
    if wrong:
        raise refusal(
            "GS-SPEC-NAME",
            f"the task name `{value}` holds {' '.join(wrong)}",
            value=value,
            hint="letters, digits, _ and space are allowed",
        )
    if value != value.strip():
        raise refusal("GS-SPEC-NAME", f"the task name `{value}` begins or ends with a space", value=value)
    if len(value.encode()) > _LONGEST_TASK_NAME:
        message = f"a task name has {len(value)} characters, of which no file can be named"
        raise refusal("GS-SPEC-NAME", message, value=value[:60], hint="1 to 80 characters are allowed")
    return value


def _parameter_name(value: Text) -> Text:
    if not re.fullmatch(_WORD, value):
        hint = "use a word of letters, digits and _, such as min_arr; expressions write it :min_arr"
        raise refusal("GS-SPEC-NAME", f"`{value}` is no name for a parameter", value=value, hint=hint)
    return value


def _profile_value(value: object) -> object:
    if isinstance(value, dict):
        raise refusal("GS-SPEC-TYPE", "a value of the profile is no mapping", hint="write filter.between: inclusive")
    return value


def _kinds(info: ValidationInfo) -> Kinds:
    if isinstance(info.context, Loading) and info.context.kinds is not None:
        return info.context.kinds
    return Kinds()


def _task(value: Any, handler: ModelWrapValidatorHandler[TaskSpec], info: ValidationInfo) -> TaskSpec:
    if isinstance(value, TaskSpec):
        return value
    known = _kinds(info).tasks
    kind = _kind_of(value, "type", "a task", known)
    if kind not in known:
        message = f"`{kind}` is no type of task"
        raise refusal("GS-SPEC-KIND", message, value=kind, nearest=meant(kind, known), key="type", hint=_any_of(known))
    return known[kind].model_validate(value, context=info.context)


def _action(value: Any, handler: ModelWrapValidatorHandler[ActionSpec], info: ValidationInfo) -> ActionSpec:
    if isinstance(value, ActionSpec):
        return value
    known = _kinds(info).actions
    kind = _kind_of(value, "action", "an action", known)
    if kind in known:
        return known[kind].model_validate(value, context=info.context)
    if kind in ACTION_NAMES:
        message = f"the action `{kind}` is known to Gainsight, but this version does not run it"
        raise refusal("GS-NOT-YET", message, value=kind, key="action", hint="remove it, or keep it in another rule")
    like = nearest(kind, ACTION_NAMES)
    raise refusal(
        "GS-SPEC-KIND", f"`{kind}` is no kind of action", value=kind, nearest=like, key="action", hint=_any_of(known)
    )


def _kind_of(value: Any, key: str, what: str, known: Mapping[str, object]) -> str:
    if not isinstance(value, Mapping):
        hint = f"begin with `{key}: {next(iter(known), '…')}`"
        raise refusal("mapping_type", f"{what} is a mapping of keys and values", hint=hint)
    if key not in value or value[key] is None:
        glued = next((other for other in value if isinstance(other, str) and other.startswith(f"{key}:")), "")
        hint = f"write a space behind the colon: {key}: {glued[len(key) + 1 :]}" if glued else _any_of(known)
        raise refusal("GS-SPEC-MISSING", f"`{key}` is missing", hint=hint)
    kind = value[key]
    if not isinstance(kind, str):
        raise refusal("GS-SPEC-TYPE", f"`{key}` is not a text", hint=_any_of(known), key=key)
    return kind


def _any_of(known: Mapping[str, object]) -> str:
    return "one of " + ", ".join(known) if known else ""


TaskName = Annotated[Text, AfterValidator(_task_name)]
ParameterName = Annotated[Text, AfterValidator(_parameter_name)]
ProfileValue = Annotated[
    Any,
    PlainValidator(_profile_value),
    WithJsonSchema({"type": ["string", "number", "boolean", "null", "array"]}),
]
AnyTask = Annotated[TaskSpec, WrapValidator(_task)]
AnyAction = Annotated[ActionSpec, WrapValidator(_action)]


class RuleSpec(Spec):
    """A rule file. `id` is its path below rules/ without the ending; `path` the file."""

    name: Name = Field(alias="rule", description="The rule's name: 3 to 120 characters, no digit first.")
    for_: Literal["company", "relationship"] = Field("company", alias="for", description="What the rule is for.")
    relationship_types: Names | None = Field(None, description="The relationship types of a rule for relationship.")
    folder: Name = Field(Text("Uncategorized"), description="The folder in Gainsight.")
    description: Name | None = Field(None, description="What the rule is for.")
    active: Bool = Field(True, description="Whether schedules start it.")
    params: dict[ParameterName, Scalar] = Field(
        default_factory=dict, description="Parameters: name → value; in expressions :name; overridable per run."
    )
    schedule: ScheduleSpec | None = Field(None, description="When the rule runs.")
    tasks: dict[TaskName, AnyTask] = Field(
        min_length=1, description="The data setup: name → task; the name is the output dataset's name."
    )
    actions: tuple[AnyAction, ...] = Field((), description="What is done with the datasets, in order.")
    expect: GuardSpec | None = Field(
        None, description="Bounds for what all actions together do: if one is broken, nothing is applied."
    )
    notify: NotifySpec | None = Field(
        None, description="Who is told of a run, instead of those that the settings name."
    )
    profile: dict[Name, ProfileValue] = Field(
        default_factory=dict, description="Behaviour keys that differ for this rule, such as filter.between."
    )

    _id: str = ""
    _path: Path | None = None

    @property
    def id(self) -> str:
        return self._id

    @property
    def path(self) -> Path | None:
        return self._path

    def located(self, rule_id: str, path: Path) -> RuleSpec:
        """This rule as the rule of that id and file."""
        made = self.model_copy()
        made._id, made._path = rule_id, path
        return made

    @field_validator("tasks", mode="before")
    @classmethod
    def _unlike_names(cls, tasks: Any, info: ValidationInfo) -> Any:
        """Names are compared before the tasks are read, so that this is told beside whatever is wrong in them."""
        seen: dict[str, str] = {}
        for name in tasks if isinstance(tasks, Mapping) else ():
            first = seen.setdefault(name.lower(), name)
            if first is not name:
                message = f"two tasks are named `{name}` and `{first}`, which differ only in letter case"
                place = getattr(name, "place", None)
                report(info, Problem("GS-SPEC-DUPLICATE", message, place, value=name, hint="rename one of them"))
        return tasks

    @field_validator("actions", mode="before")
    @classmethod
    def _unlike_ids(cls, actions: Any, info: ValidationInfo) -> Any:
        seen: set[str] = set()
        for position, action in enumerate(actions if isinstance(actions, list) else (), 1):
            if not isinstance(action, YamlMapping):
                continue
            title = action.get("id") or _default_id(position, action.get("action"))
            if isinstance(title, str) and title.lower() in seen:
                place = action.places.get("id") or action.place
                message = f"two actions have the id `{title}`"
                hint = "ids tell actions apart in reports and tests: change one of them"
                report(info, Problem("GS-SPEC-DUPLICATE", message, place, value=title, hint=hint))
            seen.add(str(title).lower())
        return actions

    @field_validator("actions", mode="after")
    @classmethod
    def _identify(cls, actions: tuple[ActionSpec, ...]) -> tuple[ActionSpec, ...]:
        return tuple(_with_id(position, action) for position, action in enumerate(actions, 1))

    @model_validator(mode="after")
    def _check_upload(self, info: ValidationInfo) -> RuleSpec:
        """A file can only start the rule for a task that reads files."""
        upload = self.schedule.s3_upload if self.schedule is not None else None
        if upload is None:
            return self
        files = [name for name, task in self.tasks.items() if task.type == "s3"]
        if upload.lower() not in [name.lower() for name in files]:
            message = f"`s3_upload` names `{upload}`, which is no S3 task of this rule"
            hint = "S3 tasks: " + ", ".join(files) if files else "the rule has no S3 task"
            report(info, Problem("GS-NAME", message, upload.place, "schedule", upload, hint, nearest(upload, files)))
        return self

    @model_validator(mode="after")
    def _check(self) -> RuleSpec:
        if self.for_ == "relationship" and self.relationship_types is None:
            hint = "add relationship_types: [name of a relationship type]"
            raise refusal("GS-SPEC-MISSING", "a rule for relationship needs `relationship_types`", hint=hint, key="for")
        if self.for_ == "company" and self.relationship_types is not None:
            hint = "remove it, or write for: relationship"
            message = "`relationship_types` belongs to a rule for relationship"
            raise refusal("GS-SPEC-ONE-OF", message, hint=hint, key="relationship_types")
        return self


def _default_id(position: int, kind: object) -> str:
    return f"{position} {kind}"


def _with_id(position: int, action: ActionSpec) -> ActionSpec:
    if "id" in action.model_fields_set:
        return action
    title = Text(_default_id(position, action.action), action.place_of("action"))
    return action.model_copy(update={"id": title})
