"""Load to Survey: responses to surveys of others (actions.md §5.9)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, Literal

from pydantic import Field, model_validator
from sqlglot import exp

from gsrules.actions.changes.staging import text, typed_null
from gsrules.actions.kind import ActionKind, ActionRun, BindEnv, Findings
from gsrules.actions.loads.binding import default_values
from gsrules.actions.loads.load import AroundLoad, BoundLoad, decided
from gsrules.actions.loads.survey_rows import KEY, SurveyMatching, SurveyStage
from gsrules.actions.mappings.columns import Columns
from gsrules.actions.mappings.entity import BoundEntity, bind_entity
from gsrules.actions.mappings.mapping import BoundMapping, MappingBinder
from gsrules.actions.mappings.matrix import cell
from gsrules.actions.mappings.permissions import check_permitted
from gsrules.actions.traits import LOAD_CODES, Search, Traits
from gsrules.catalogue import ObjectDef
from gsrules.catalogue.datatypes import STRING
from gsrules.dataclass import dataclass
from gsrules.expressions.tree import Expr
from gsrules.plan.nodes import Column
from gsrules.spec import ActionSpec, Fields, MappingSpec, refusal
from gsrules.spec.base import Name
from gsrules.spec.text import Text
from gsrules.tenant.changes import ChangeList

PARAMETERS: Final = {
    "score": "Score",
    "comment": "Comment",
    "response_date": "ResponseDate",
    "external_id": "ExternalId",
    "language": "Language",
    "channel": "Channel",
}
"""Parameters and the fields that they fill."""


class LoadToSurveySpec(ActionSpec):
    """Loads external NPS or CSAT responses."""

    action: Literal["load_to_survey"] = "load_to_survey"
    company: Name | None = Field(None, description="The column with the company's GSID, in rules for company.")
    relationship: Name | None = Field(None, description="The column with the relationship's GSID.")
    survey: Name = Field(description="The survey's name; an external survey, which need not exist.")
    kind: Literal["nps", "csat"] = Field(description="nps: whole numbers from 0 to 10; csat: score.csat_range.")
    person_email: Name | None = Field(None, description="The column with the respondent's e-mail address.")
    person_name: Name | None = Field(None, description="The column with the respondent's name.")
    score: MappingSpec = Field(description="The score.")
    comment: MappingSpec | None = Field(None, description="The comment.")
    response_date: MappingSpec | None = Field(None, description="When it was given; absent: the rule date.")
    external_id: MappingSpec | None = Field(None, description="The response's id elsewhere; its key, if there is one.")
    language: MappingSpec | None = Field(None, description="The language.")
    channel: MappingSpec | None = Field(None, description="The channel.")
    fields: Fields = Field(default_factory=dict, description="Further fields.")

    @model_validator(mode="after")
    def _check(self) -> LoadToSurveySpec:
        given = [key for key in ("person_email", "person_name") if getattr(self, key) is not None]
        if not given:
            hint = "person_email: the column with the e-mail address"
            raise refusal("GS-SPEC-MISSING", "a response needs `person_email` or `person_name`", hint=hint)
        if len(given) > 1:
            message = "a respondent is found by `person_email` or by `person_name`, not by both"
            raise refusal("GS-SPEC-ONE-OF", message, key="person_name", hint="remove one of them")
        return self


@dataclass(frozen=True, slots=True)
class BoundSurvey(AroundLoad):
    """A load_to_survey that passed validation; `person_field` is the field of person by which `person` is found."""

    entity: BoundEntity
    kind: Literal["nps", "csat"]
    person: Expr
    person_field: Literal["Email", "Name"]

    @property
    def traits(self) -> Traits:
        made = self.load.traits
        return replace(
            made,
            searches=(Search("person", (self.person_field,), self.person),),
            meets={"person": ("Name", "Email"), "survey_response": (*KEY, "IsExternal")},
        )

    def plan(self, run: ActionRun) -> ChangeList:
        """Decides every matched row."""
        stage = SurveyStage(self, run)
        return decided(stage, SurveyMatching(stage))


def bind(spec: LoadToSurveySpec, columns: tuple[Column, ...], env: BindEnv) -> BoundSurvey:
    """Validates the load; raises InputError with everything that is wrong."""
    findings = Findings(spec.id)
    dataset = Columns.of(columns, env, findings)
    response = env.catalogue.objects["survey_response"]
    entity = bind_entity(spec.company, spec.relationship, spec.place, dataset, env, findings)
    person = _person(spec, dataset, env, findings)
    mappings = _mappings(spec, response, dataset, env, findings)
    binder = MappingBinder(response, dataset, env, findings)
    defaults = default_values(response, binder)
    criteria = dataset.where(spec.when)
    closed = findings.close()
    assert entity is not None
    assert person is not None
    load = BoundLoad(
        object=response,
        operation="upsert",
        mappings=mappings,
        identifiers=tuple(response.fields[name] for name in KEY),
        defaults=defaults,
        catalogue=env.catalogue,
        criteria=criteria,
        reads=frozenset(dataset.used),
        findings=closed,
    )
    return BoundSurvey(load, entity, spec.kind, person, "Email" if spec.person_email is not None else "Name")


def _person(spec: LoadToSurveySpec, dataset: Columns, env: BindEnv, findings: Findings) -> Expr | None:
    item = spec.person_email or spec.person_name
    assert item is not None
    found = dataset.column(item)
    if found is not None and cell(found.type, STRING, env.profile["load.coerce"]) != "ok":
        message = f"`{item}` is a {found.type} column and cannot name a person (INVALID_TYPE)"
        findings.error("GS-TYPE", message, item.place, value=item, hint="give a text column")
    return found


_OWN: Final = {
    "SurveyName": "`survey` sets it",
    "Kind": "`kind` sets it",
    "CompanyId": "`company` or `relationship` sets it",
    "RelationshipId": "`company` or `relationship` sets it",
    "PersonId": "`person_email` or `person_name` finds the person",
    **{field: f"`{parameter}` sets it" for parameter, field in PARAMETERS.items()},
}


def _mappings(
    spec: LoadToSurveySpec, response: ObjectDef, dataset: Columns, env: BindEnv, findings: Findings
) -> tuple[BoundMapping, ...]:
    """Those of the parameters and of `fields`, between fields that the action fills itself."""
    binder = MappingBinder(response, dataset, env, findings)
    bound: dict[str, BoundMapping] = {}
    for parameter, field in PARAMETERS.items():
        given: MappingSpec | None = getattr(spec, parameter)
        if given is None:
            continue
        made = binder.bind(response.fields[field], given, Text(parameter, given.place))
        if made is not None:
            bound[field] = made
    check_permitted(response, spec.fields, env, findings)
    further = MappingBinder(response, dataset, env, findings, refused=_OWN).bind_all(spec.fields)
    constants = {"SurveyName": text(str(spec.survey)), "Kind": text(spec.kind.upper()), "IsExternal": exp.true()}
    own = (
        "CompanyId",
        "RelationshipId",
        "SurveyName",
        "Kind",
        *PARAMETERS.values(),
        "PersonId",
        "Category",
        "IsExternal",
    )
    found = []
    for name in own:
        field_ = response.fields[name]
        if name in bound:
            found.append(bound[name])
        elif name not in ("Comment", "Language", "Channel"):
            value = constants.get(name) or typed_null(field_.type.storage)
            found.append(BoundMapping(field_, None, value, None, None, False, None, "write", True))
    return (*found, *further)


KIND = ActionKind(
    name="load_to_survey",
    title="Load to Survey",
    model=LoadToSurveySpec,
    description=(
        "Loads responses to NPS or CSAT surveys of others, one for each respondent and day, or by their own id."
        " Responses to Gainsight's own surveys are never touched."
    ),
    evidence="actions.md §5.9 [doc] [choice]",
    example=(
        "- action: load_to_survey\n  from: Rows\n  company: Company GSID\n  survey: Yearly NPS\n  kind: nps\n"
        "  person_email: Email\n  score: Score\n  comment: Comment\n"
    ),
    bind=bind,
    codes=(*LOAD_CODES, "ENTITY_NOT_FOUND", "SCORE_OUT_OF_RANGE", "SURVEY_ORGANIC"),
)
