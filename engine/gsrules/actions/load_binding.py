"""What all loads validate: identifiers, mappings, required fields, defaults of new records (actions.md §3.1, §5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from pydantic import Field
from sqlglot import exp

from gsrules.actions.columns import Columns
from gsrules.actions.constants import constant
from gsrules.actions.kind import BindEnv, Findings
from gsrules.actions.load import BoundLoad, Operation
from gsrules.actions.mapping import MappingBinder, find_field
from gsrules.catalogue import FieldDef, ObjectDef
from gsrules.catalogue.datatypes import Family
from gsrules.plan.nodes import Column
from gsrules.spec import ActionSpec, Fields
from gsrules.spec.base import Name

MOST_IDENTIFIERS: Final = 10


class LoadSpec(ActionSpec):
    """What loads share."""

    identifiers: tuple[Name, ...] = Field((), description="Fields that find the record: 1 to 10 for update and upsert.")
    fields: Fields = Field(description="Target fields and what they get.", min_length=1)


def bind_load(
    spec: LoadSpec,
    found: ObjectDef,
    operation: Operation,
    columns: tuple[Column, ...],
    env: BindEnv,
    findings: Findings,
    *,
    self_references: Sequence[str] = (),
) -> BoundLoad:
    """Binds a load onto an object that may be loaded; raises InputError with everything that is wrong."""
    dataset = Columns.of(columns, env, findings)
    identifiers = _identifiers(spec, found, operation, findings)
    writable = frozenset({"Gsid"}) if operation == "update" and any(f.name == "Gsid" for f in identifiers) else None
    binder = MappingBinder(found, dataset, env, findings, writable=writable or frozenset())
    mappings = binder.bind_all(spec.fields)
    _check_mapped(spec, found, identifiers, findings)
    defaults = default_values(found, binder)
    if operation != "update":
        _check_required(spec, found, defaults, findings)
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
        self_references=tuple(self_references),
    )


def _identifiers(spec: LoadSpec, found: ObjectDef, operation: Operation, findings: Findings) -> tuple[FieldDef, ...]:
    place = spec.place_of("identifiers")
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
        field = find_field(found, name, findings)
        if field is None:
            continue
        if field.name in bound:
            findings.error("GS-ACTION-DUPLICATE", f"the identifier `{name}` is named twice", name.place, value=name)
        bound[field.name] = field
    return tuple(bound.values())


def _check_mapped(spec: LoadSpec, found: ObjectDef, identifiers: Sequence[FieldDef], findings: Findings) -> None:
    mapped = {field.name for name in spec.fields for field in found.find(name)}
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
    for field in found.fields.values():
        if field.system or field.audit:
            continue
        options = binder.options_of(field.type)
        value = None
        if field.default is not None:
            value = constant(field.default, field.type, options, binder.env, binder.findings, field.place)
        elif field.type.family is Family.PICKLIST and field.type.category is not None:
            category = binder.env.catalogue.categories.get(field.type.category)
            chosen = category.default if category else None
            value = exp.Literal.string(chosen.gsid) if chosen else None
        if value is not None:
            made[field.name] = value
    return made


def _check_required(spec: LoadSpec, found: ObjectDef, defaults: Mapping[str, exp.Expr], findings: Findings) -> None:
    mapped = {field.name for name in spec.fields for field in found.find(name)}
    for field in found.fields.values():
        needed = field.required and not (field.read_only or field.system or field.audit)
        if needed and field.name not in mapped and field.name not in defaults:
            findings.error(
                "GS-ACTION-REQUIRED",
                f"new records of {found.name} need `{field.name}`, which is not mapped",
                spec.place_of("fields"),
                value=field.name,
                hint=f"add `{field.name}` to fields",
            )
