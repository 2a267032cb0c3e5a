"""Load to People (actions.md §5.4)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, Literal

from pydantic import Field

from gsrules.actions.kind import ActionKind, BindEnv, Findings
from gsrules.actions.loads.binding import default_values
from gsrules.actions.mappings.columns import Columns
from gsrules.actions.mappings.mapping import MappingBinder, find_field
from gsrules.actions.mappings.permissions import check_permitted
from gsrules.actions.people.loading import BoundPeople
from gsrules.actions.people.matching import NAMING
from gsrules.actions.people.records import Part
from gsrules.actions.traits import VALUE_CODES
from gsrules.catalogue import FieldDef, ObjectDef
from gsrules.catalogue.datatypes import GSID
from gsrules.errors import nearest
from gsrules.plan.nodes import Column
from gsrules.spec import ActionSpec, Fields, MappingSpec, Spec
from gsrules.spec.base import Name
from gsrules.spec.text import Text

PERSON: Final = "person"


class CompanyPersonSpec(Spec):
    """A person's part in a company."""

    company: MappingSpec = Field(description="The company: a column with its GSID, or a lookup.")
    fields: Fields = Field(default_factory=dict, description="Fields of the company person.")


class RelationshipPersonSpec(Spec):
    """A person's part in a relationship."""

    relationship: MappingSpec = Field(description="The relationship: a column with its GSID, or a lookup.")
    fields: Fields = Field(default_factory=dict, description="Fields of the relationship person.")


class LoadToPeopleSpec(ActionSpec):
    """Writes persons and what they are in companies and relationships."""

    action: Literal["load_to_people"] = "load_to_people"
    operation: Literal["update", "upsert"] = Field(description="update, or upsert: what is missing is created.")
    person: Fields = Field(description="Fields of the person.", min_length=1)
    company_person: CompanyPersonSpec | None = Field(None, description="The person in a company.")
    relationship_person: RelationshipPersonSpec | None = Field(None, description="The person in a relationship.")
    identifiers: tuple[Name, ...] = Field(
        (), description="Those of the tenant's match criteria (people.match_criteria) that count; absent: all."
    )


def bind(spec: LoadToPeopleSpec, columns: tuple[Column, ...], env: BindEnv) -> BoundPeople:
    """Validates the load; raises InputError with everything that is wrong."""
    findings = Findings(spec.id)
    dataset = Columns.of(columns, env, findings)
    person = _part(PERSON, spec.person, None, dataset, env, findings)
    company = relationship = None
    if spec.company_person is not None:
        part = spec.company_person
        company = _part("company_person", part.fields, part.company, dataset, env, findings)
    if spec.relationship_person is not None:
        related = spec.relationship_person
        relationship = _part("relationship_person", related.fields, related.relationship, dataset, env, findings)
    identifiers = _identifiers(spec, person, findings, env)
    if spec.operation == "upsert":
        for part_, place in ((person, "person"), (company, "company_person"), (relationship, "relationship_person")):
            if part_ is not None:
                _check_required(part_, spec, place, findings)
        _check_naming(person, spec, findings)
    criteria = dataset.where(spec.when)
    members = env.catalogue.objects["company_person"]
    return BoundPeople(
        operation=spec.operation,
        person=person,
        company=company,
        relationship=relationship,
        identifiers=identifiers,
        member_defaults=default_values(members, MappingBinder(members, dataset, env, findings)),
        types=tuple(env.rule.relationship_types or ()) if env.rule.for_ == "relationship" else (),
        catalogue=env.catalogue,
        criteria=criteria,
        findings=findings.close(),
        reads=frozenset(dataset.used),
    )


_ENDS: Final = {
    "person": {},
    "company_person": {"Person_ID": "the action finds the person", "Company_ID": "`company` beside `fields` sets it"},
    "relationship_person": {
        "Person_ID": "the action finds the person",
        "Relationship_ID": "`relationship` beside `fields` sets it",
    },
}
_TARGETS: Final = {"company_person": "Company_ID", "relationship_person": "Relationship_ID"}


def _part(
    name: str, fields: Fields, entity: MappingSpec | None, dataset: Columns, env: BindEnv, findings: Findings
) -> Part:
    found = env.catalogue.objects[name]
    bound = None
    if entity is not None:
        target = found.fields[_TARGETS[name]]
        opened = MappingBinder(found, dataset, env, findings, writable=frozenset([target.name]))
        place = entity.column.place if entity.column is not None else entity.place
        bound = opened.bind(target, entity, Text(target.name, place))
        if bound is not None:
            bound = replace(bound, field=replace(target, type=GSID))
    check_permitted(found, fields, env, findings)
    binder = MappingBinder(found, dataset, env, findings, refused=_ENDS[name])
    return Part(found, binder.bind_all(fields), default_values(found, binder), bound)


def _identifiers(
    spec: LoadToPeopleSpec, person: Part, findings: Findings, env: BindEnv
) -> tuple[tuple[int, FieldDef], ...]:
    """The match criteria that count, in the order of the setting, with the places of their mappings."""
    criteria = _match_criteria(person.object, env, findings, spec)
    chosen = {field.name for field in criteria}
    if spec.identifiers:
        chosen = set()
        for name in spec.identifiers:
            field = find_field(person.object, name, findings)
            if field is None:
                continue
            if field not in criteria:
                known = ", ".join(each.name for each in criteria)
                findings.error(
                    "GS-ACTION-IDENTIFIER",
                    f"`{name}` is none of the tenant's match criteria: {known}",
                    name.place,
                    value=name,
                    hint="an action may leave some of them out; people.match_criteria adds others for all loads",
                    near=nearest(name, [each.name for each in criteria]),
                )
            chosen.add(field.name)
    places = {mapping.field.name: i for i, mapping in enumerate(person.mappings)}
    given = {each.name for name in spec.person for each in person.object.find(name)}
    found = []
    for field in criteria:
        if field.name not in chosen:
            continue
        if field.name in places:
            found.append((places[field.name], field))
        elif field.name not in given:
            others = ", ".join(each.name for each in criteria if each.name in given)
            hint = f"add it to person, or leave it out: identifiers: [{others or 'the ones that the data has'}]"
            message = f"the match criterion `{field.name}` is not mapped"
            findings.error("GS-ACTION-IDENTIFIER", message, spec.place_of("identifiers"), value=field.name, hint=hint)
    return tuple(found)


def _match_criteria(
    person: ObjectDef, env: BindEnv, findings: Findings, spec: LoadToPeopleSpec
) -> tuple[FieldDef, ...]:
    found = []
    for name in env.profile["people.match_criteria"]:
        fields = person.find(name)
        if len(fields) == 1 and not (fields[0].system or fields[0].audit):
            found.append(fields[0])
            continue
        findings.error(
            "GS-NAME",
            f"people.match_criteria: person has no field `{name}` by which persons can be told apart (INVALID_FIELD)",
            spec.place_of("action"),
            value=name,
            hint="the setting lists fields of person, such as Email and ExternalRecordID",
            near=nearest(name, person.known_names),
        )
    return tuple(found)


def _check_required(part: Part, spec: LoadToPeopleSpec, place: str, findings: Findings) -> None:
    mapped = {mapping.field.name for mapping in part.mappings} | set(_ENDS[part.object.name])
    for field in part.object.fields.values():
        needed = field.required and not (field.read_only or field.system or field.audit)
        if needed and field.name not in mapped and field.name not in part.defaults:
            message = f"new records of {part.object.name} need `{field.name}`, which is not mapped"
            findings.error(
                "GS-ACTION-REQUIRED", message, spec.place_of(place), value=field.name, hint=f"add `{field.name}`"
            )


def _check_naming(person: Part, spec: LoadToPeopleSpec, findings: Findings) -> None:
    given = {each.name for name in spec.person for each in person.object.find(name)}
    if not given & {*NAMING, "FirstName", "LastName"}:
        findings.error(
            "GS-ACTION-REQUIRED",
            "a new person needs at least one of Email, Name and ExternalRecordID, and none is mapped",
            spec.place_of("person"),
            hint="add Email to person",
        )


KIND = ActionKind(
    name="load_to_people",
    title="Load to People",
    model=LoadToPeopleSpec,
    description="Writes persons, company persons and relationship persons, found by the tenant's match criteria.",
    evidence="actions.md §5.4 [doc] [obs] [choice]",
    example=(
        "- action: load_to_people\n  from: Contacts\n  operation: upsert\n"
        "  person:\n    Email: Email\n    FirstName: First\n    LastName: Last\n"
        "  company_person:\n    company: Company GSID\n    fields:\n      Title: Title\n"
    ),
    bind=bind,
    codes=(
        *VALUE_CODES,
        "IDENTIFIER_NULL",
        "ENTITY_NOT_FOUND",
        "PERSON_AMBIGUOUS",
        "NO_RECORD_TO_UPDATE",
    ),
)
