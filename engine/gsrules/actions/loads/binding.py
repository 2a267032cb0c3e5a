"""What all loads validate: identifiers, mappings, required fields, defaults of new records (actions.md §3.1, §5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Final

from pydantic import Field
from sqlglot import exp

from gsrules.actions.kind import BindEnv, Findings
from gsrules.actions.loads.load import BoundLoad, Operation
from gsrules.actions.mappings.columns import Columns
from gsrules.actions.mappings.constants import constant
from gsrules.actions.mappings.mapping import MappingBinder, find_field
from gsrules.actions.mappings.permissions import check_permitted
from gsrules.catalogue import FieldDef, ObjectDef
from gsrules.catalogue.datatypes import Family
from gsrules.dataclass import dataclass
from gsrules.plan.nodes import Column
from gsrules.spec import ActionSpec, Fields
from gsrules.spec.base import Name

MOST_IDENTIFIERS: Final = 10


class LoadSpec(ActionSpec):
    """What loads share."""

    identifiers: tuple[Name, ...] = Field((), description="Fields that find the record: 1 to 10 for update and upsert.")
    fields: Fields = Field(description="Target fields and what they get.", min_length=1)


@dataclass(frozen=True, slots=True)
class Target:
    """What a load writes onto.

    `refused`: fields that this action does not take, with the reason. `given`: required fields that it sets itself.
    `self_references`: fields that may not hold the record's own GSID.
    """

    object: ObjectDef
    operation: Operation
    refused: Mapping[str, str] = field(default_factory=dict)
    given: tuple[str, ...] = ()
    self_references: tuple[str, ...] = ()

    @property
    def id_field(self) -> str:
        """The field that holds the id of a record."""
        return "Id" if self.object.group == "SALESFORCE" else "Gsid"


def bind_load(
    spec: LoadSpec, target: Target, columns: tuple[Column, ...], env: BindEnv, findings: Findings
) -> BoundLoad:
    """Binds a load onto an object that may be loaded; raises InputError with everything that is wrong."""
    identifiers = _identifiers(spec, target, findings)
    return bind_fields(spec, spec.fields, target, identifiers, columns, env, findings)


def bind_fields(
    spec: ActionSpec,
    fields: Fields,
    target: Target,
    identifiers: tuple[FieldDef, ...],
    columns: tuple[Column, ...],
    env: BindEnv,
    findings: Findings,
) -> BoundLoad:
    """Binds the fields of a load whose identifiers are known; raises InputError with everything that is wrong."""
    found, operation = target.object, target.operation
    dataset = Columns.of(columns, env, findings)
    by_id = operation == "update" and any(each.name == target.id_field for each in identifiers)
    writable = frozenset({target.id_field}) if by_id else frozenset()
    binder = MappingBinder(found, dataset, env, findings, writable, target.refused, checks_unique=True)
    mappings = binder.bind_all(fields)
    denied = check_permitted(found, fields, env, findings)
    _check_mapped(spec, fields, found, identifiers, findings)
    defaults = default_values(found, binder)
    if operation != "update":
        _check_required(spec, fields, target, defaults, findings)
    criteria = dataset.where(spec.when)
    return BoundLoad(
        object=found,
        operation=operation,
        mappings=mappings,
        identifiers=identifiers,
        defaults=defaults,
        catalogue=env.catalogue,
        criteria=criteria,
        reads=frozenset(dataset.used),
        findings=findings.close(),
        self_references=target.self_references,
        denied=denied,
    )


def _identifiers(spec: LoadSpec, target: Target, findings: Findings) -> tuple[FieldDef, ...]:
    place = spec.place_of("identifiers")
    operation = target.operation
    if operation == "insert":
        if spec.identifiers:
            hint = "remove them; an insert creates a record for every row"
            findings.warn("GS-ACTION-HINT", "an insert does not use identifiers", place, hint=hint)
        return ()
    if not spec.identifiers:
        hint = "identifiers: [the fields that find the record]"
        findings.error("GS-ACTION-IDENTIFIER", f"an {operation} needs at least one identifier", place, hint=hint)
    if len(spec.identifiers) > MOST_IDENTIFIERS:
        count = len(spec.identifiers)
        findings.error("GS-LIMIT", f"{count} identifiers; a load takes at most {MOST_IDENTIFIERS}", place)
    bound: dict[str, FieldDef] = {}
    for name in spec.identifiers:
        found = find_field(target.object, name, findings)
        if found is None:
            continue
        if found.name in bound:
            findings.error("GS-ACTION-DUPLICATE", f"the identifier `{name}` is named twice", name.place, value=name)
        bound[found.name] = found
    return tuple(bound.values())


def _check_mapped(
    spec: ActionSpec, fields: Fields, found: ObjectDef, identifiers: Sequence[FieldDef], findings: Findings
) -> None:
    mapped = {each.name for name in fields for each in found.find(name)}
    for identifier in identifiers:
        if identifier.name not in mapped:
            findings.error(
                "GS-ACTION-IDENTIFIER",
                f"the identifier `{identifier.name}` is not mapped",
                spec.place_of("identifiers"),
                value=identifier.name,
                hint="add it to fields",
            )


def default_values(found: ObjectDef, binder: MappingBinder) -> Mapping[str, exp.Expr]:
    """The values of a new record's fields that nothing else gives: field defaults and default options."""
    made: dict[str, exp.Expr] = {}
    for each in found.fields.values():
        if each.system or each.audit:
            continue
        options = binder.options_of(each.type)
        value = None
        if each.default is not None:
            value = constant(each.default, each.type, options, binder.env, binder.findings, each.place)
        elif each.type.family is Family.PICKLIST and each.type.category is not None:
            category = binder.env.catalogue.categories.get(each.type.category)
            chosen = category.default if category else None
            value = exp.Literal.string(chosen.gsid) if chosen else None
        if value is not None:
            made[each.name] = value
    return made


def _check_required(
    spec: ActionSpec, fields: Fields, target: Target, defaults: Mapping[str, exp.Expr], findings: Findings
) -> None:
    found = target.object
    known = {each.name for name in fields for each in found.find(name)} | {*defaults, *target.given}
    for each in found.fields.values():
        if not each.required or each.read_only or each.system or each.audit or each.name in known:
            continue
        findings.error(
            "GS-ACTION-REQUIRED",
            f"new records of {found.name} need `{each.name}`, which is not mapped",
            spec.place_of("fields"),
            value=each.name,
            hint=f"add `{each.name}` to fields",
        )
