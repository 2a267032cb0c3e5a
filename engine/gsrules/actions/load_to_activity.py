"""Load to Activity: entries of the timeline (actions.md §5.8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, Literal

from pydantic import Field

from gsrules.actions.changes.staging import typed_null
from gsrules.actions.kind import ActionKind, ActionRun, BindEnv, Findings
from gsrules.actions.loads.activity_rows import ActivityStage
from gsrules.actions.loads.binding import Target, bind_fields
from gsrules.actions.loads.load import AroundLoad, decided
from gsrules.actions.loads.matching import Matching
from gsrules.actions.loads.stage import EntityField
from gsrules.actions.mappings.columns import Columns
from gsrules.actions.mappings.constants import option_gsid
from gsrules.actions.mappings.mapping import BoundMapping, MappingBinder
from gsrules.actions.mappings.options import Option, Options
from gsrules.actions.people.records import lookup_searches
from gsrules.actions.traits import LOAD_CODES, Search, Traits
from gsrules.catalogue import FieldDef, ObjectDef
from gsrules.catalogue.datatypes import STRING
from gsrules.dataclass import dataclass
from gsrules.plan.nodes import Column
from gsrules.spec import ActionSpec, Fields, MappingSpec
from gsrules.spec.text import Text
from gsrules.tenant.changes import ChangeList

ENTITIES: Final = ("GsCompanyId", "GsRelationshipId")


class LoadToActivitySpec(ActionSpec):
    """Writes activities of the timeline."""

    action: Literal["load_to_activity"] = "load_to_activity"
    operation: Literal["insert", "upsert"] = Field("insert", description="insert, or upsert by ExternalId.")
    fields: Fields = Field(
        description="Subject, Notes, TypeName, AuthorId and the entity (GsCompanyId or GsRelationshipId) are needed.",
        min_length=1,
    )


@dataclass(frozen=True, slots=True)
class BoundActivity(AroundLoad):
    """A load_to_activity that passed validation; `author` gives a GSID or an e-mail address, or a looked-up GSID."""

    author: BoundMapping

    @property
    def traits(self) -> Traits:
        made = self.load.traits
        authors = lookup_searches(self.author)
        if self.author.source is not None:
            authors = (Search("gsuser", ("Email", "Gsid"), self.author.source),)
        return replace(made, searches=authors, meets={"gsuser": ("Name", "Email")})

    def plan(self, run: ActionRun) -> ChangeList:
        """Decides every matched row."""
        stage = ActivityStage(self.load, run, self.author)
        return decided(stage, Matching(stage))


def bind(spec: LoadToActivitySpec, columns: tuple[Column, ...], env: BindEnv) -> BoundActivity:
    """Validates the load; raises InputError with everything that is wrong."""
    findings = Findings(spec.id)
    activity = env.catalogue.objects["activity_timeline"]
    dataset = Columns.of(columns, env, findings)
    given = {each.name: name for name in spec.fields for each in activity.find(name)}
    author = _author(spec, activity, given, MappingBinder(activity, dataset, env, findings))
    _check_given(spec, given, findings)
    _check_types(spec, activity, given, findings)
    fields = {name: value for name, value in spec.fields.items() if name != given.get("AuthorId")}
    target = Target(activity, spec.operation, given=("AuthorId", "ActivityDate", "ContextName"))
    identifiers = (activity.fields["ExternalId"],) if spec.operation == "upsert" else ()
    load = bind_fields(spec, fields, target, identifiers, columns, env, findings)
    assert author is not None
    stated = {mapping.field.name for mapping in load.mappings}
    own = ("AuthorId", "ActivityDate", "GsCompanyId", "ContextName", "ContextId")
    made = tuple(_made(activity.fields[name]) for name in own if name not in stated)
    made = tuple(replace(each, on_null=author.on_null) if each.field.name == "AuthorId" else each for each in made)
    types = tuple(env.rule.relationship_types or ()) if env.rule.for_ == "relationship" else ()
    entities = [name for name in ENTITIES if name in stated]
    load = replace(
        load,
        mappings=(*load.mappings, *made),
        reads=load.reads | dataset.used,
        entities=tuple(
            EntityField(name, types if name == "GsRelationshipId" else (), len(entities) == 1) for name in entities
        ),
    )
    return BoundActivity(load, author)


def _made(field: FieldDef) -> BoundMapping:
    """A field that the action fills itself."""
    return BoundMapping(field, None, typed_null(field.type.storage), None, None, False, None, "skip", True)


def _author(
    spec: LoadToActivitySpec, activity: ObjectDef, given: Mapping[str, Text], binder: MappingBinder
) -> BoundMapping | None:
    """The author's mapping: as a text, which may be an e-mail address, unless it is a lookup."""
    name = given.get("AuthorId")
    if name is None:
        binder.findings.error(
            "GS-ACTION-REQUIRED",
            "an activity needs `AuthorId`, which is not mapped",
            spec.place_of("fields"),
            value="AuthorId",
            hint="add `AuthorId` to fields: the GSID or the e-mail address of a user",
        )
        return None
    field = activity.fields["AuthorId"]
    if spec.fields[name].lookup is None:
        field = replace(field, type=STRING, required=False)
    return binder.bind(field, spec.fields[name], name)


def _check_given(spec: LoadToActivitySpec, given: Mapping[str, Text], findings: Findings) -> None:
    place = spec.place_of("fields")
    if not any(name in given for name in ENTITIES):
        hint = "add `GsCompanyId` or `GsRelationshipId` to fields"
        findings.error("GS-ACTION-ENTITY", "an activity needs a company or a relationship", place, hint=hint)
    for name, other in (("ContextName", "ContextId"), ("ContextId", "ContextName")):
        if name in given and other not in given:
            message = f"`{name}` says where the activity belongs together with `{other}`, which is not mapped"
            hint = f"add `{other}`, or remove `{name}`: then the activity belongs to its company or relationship"
            findings.error("GS-ACTION-REQUIRED", message, given[name].place, value=other, hint=hint)


def _check_types(spec: LoadToActivitySpec, activity: ObjectDef, given: Mapping[str, Text], findings: Findings) -> None:
    """Constants that are no type of activity."""
    name = given.get("TypeName")
    if name is None:
        return
    mapping: MappingSpec = spec.fields[name]
    options = Options(tuple(Option(word, word) for word in activity.fields["TypeName"].values), ignore_case=True)
    for value in (mapping.value, mapping.default):
        if isinstance(value, str):
            option_gsid(value, options, findings, getattr(value, "place", None) or mapping.place)


KIND = ActionKind(
    name="load_to_activity",
    title="Load to Activity (Timeline)",
    model=LoadToActivitySpec,
    description=(
        "Writes activities of the timeline: an insert one for each row, an upsert by ExternalId."
        " The author is a user's GSID or e-mail address."
    ),
    evidence="actions.md §5.8 [doc] [choice]",
    example=(
        "- action: load_to_activity\n  from: Rows\n  fields:\n    Subject: Subject\n    Notes: Notes\n"
        "    TypeName: {value: Call}\n    AuthorId: Author\n    GsCompanyId: Company GSID\n"
    ),
    bind=bind,
    codes=(*LOAD_CODES, "ENTITY_NOT_FOUND", "CTA_NOT_FOUND", "PLAN_NOT_FOUND"),
)
