"""Fetch tasks: records of one object, with lookups (data-setup.md §4)."""

from __future__ import annotations

from dataclasses import field, replace
from typing import TYPE_CHECKING

from gsrules.catalogue.datatypes import Family
from gsrules.catalogue.model import FieldDef, ObjectDef
from gsrules.dataclass import dataclass
from gsrules.errors import InputError, Place, Problem, nearest
from gsrules.expressions.binder import bind_expression
from gsrules.expressions.scope import Scope
from gsrules.expressions.tree import ColumnRef, Expr
from gsrules.plan.columns import unique_name
from gsrules.plan.env import Skip, TaskEnv
from gsrules.plan.nodes import Column, LookupHop, Matching, Node, ScanObject
from gsrules.plan.show import Shelf, bind_show, shape
from gsrules.plan.where import bind_filter, filtered, names_given
from gsrules.spec.text import Text

if TYPE_CHECKING:
    from gsrules.spec.tasks import FetchTask

_WARNED_HOPS = 3


def bind_fetch(spec: FetchTask, env: TaskEnv) -> Node:
    """The node of a fetch task; notes what is wrong and raises Skip."""
    found = _object(spec, env)
    walker = _Lookups(found, env)
    fields = (*found.fields.values(), *(one.field for one in found.computed.values()))
    columns = tuple(Column(each.name, each.label, each.type, (f"{found.name}.{each.name}",)) for each in fields)
    shelf = Shelf(
        Scope.of_columns(columns, walker.resolve, inside=found.name),
        walker.columns,
        tuple(each.name for each in found.fields.values() if not each.hidden),
    )
    shelf.columns.update({column.name: column for column in columns})
    walker.taken.update(column.name.lower() for column in columns)
    shown = bind_show(spec.show, spec.group_by, shelf, env)
    env.limit("limits.show_fields", len(shown), "fields are shown", spec.place_of("show"))
    predicate = bind_filter(spec.where, shelf.scope, env, names_given(spec.show))
    # Conditions may follow lookups of their own, so the hops are only complete here.
    scan = ScanObject(found.name, spec.source, columns, walker.blank_is_null, _computed(found, env))
    node = walker.above(scan)
    if spec.customers_only:
        customers = _customers_key(found, spec, env)
        node = Matching(node, customers, "company", "SfdcAccountId") if customers else node
    return shape(filtered(node, predicate), shown, spec.group_by, shelf, env)


def _computed(found: ObjectDef, env: TaskEnv) -> dict[str, Expr]:
    """The fields of the object that are not stored (platform.md §3.5)."""
    if not found.computed:
        return {}
    stored = [Column(each.name, each.name, each.type) for each in found.fields.values()]
    scope = Scope.of_columns(stored, inside=found.name)
    own = replace(env.context, findings=[])  # what these formulas are warned of is nothing that a rule could change
    return {name: bind_expression(Text(one.formula), scope, own) for name, one in found.computed.items()}


def _object(spec: FetchTask, env: TaskEnv) -> ObjectDef:
    place = spec.object.at(0, len(spec.object))
    if spec.source == "salesforce":
        found, known = env.catalogue.salesforce_object(spec.object), env.catalogue.salesforce_names
        hint = "a Salesforce object is a file in datasets/salesforce"
    else:
        found, known = env.catalogue.object(spec.object), tuple(env.catalogue.objects)
        hint = "objects of the tenant's own are files in datasets/objects"
    if found is not None:
        return found
    message = f"there is no object {spec.object!r} (INVALID_FIELD)"
    near = nearest(spec.object, known)
    env.findings.error("GS-NAME", message, place, value=str(spec.object), hint=hint, near=near)
    raise Skip


def _customers_key(found: ObjectDef, spec: FetchTask, env: TaskEnv) -> str | None:
    """The field of a Salesforce object that holds the account id."""
    name = "Id" if found.name.lower() == "account" else "AccountId"
    key = found.field(name)
    company = env.catalogue.object("company")
    if key is None:
        message = f"customers_only needs the field {name} of {found.name} (INVALID_FIELD)"
        env.findings.error("GS-NAME", message, spec.place_of("customers_only"), hint="add it to the sample file")
    if company is None or company.field("SfdcAccountId") is None:
        message = "customers_only needs the field SfdcAccountId of company (INVALID_FIELD)"
        env.findings.error("GS-NAME", message, spec.place_of("customers_only"))
    if key is not None and key.type.family not in (Family.TEXT, Family.ID):
        message = f"{found.name}.{key.name} holds {key.type.family}, no ids of accounts (INVALID_TYPE)"
        env.findings.error("GS-TYPE", message, spec.place_of("customers_only"), value=key.name)
    return key.name if key else None


@dataclass(slots=True)
class _Hop:
    """One lookup followed: `key` names the lookup's column; `fields` maps new columns to fields of `object`."""

    key: str
    object: ObjectDef
    path: str
    label: str
    fields: dict[str, FieldDef] = field(default_factory=dict)


class _Lookups:
    """Follows lookup paths, and remembers the hops in the order in which they must be made."""

    def __init__(self, base: ObjectDef, env: TaskEnv) -> None:
        self._base = base
        self._env = env
        self._hops: dict[tuple[str, ...], _Hop] = {}
        self.columns: dict[str, Column] = {}
        self.taken: set[str] = set()
        self.blank_is_null = bool(env.context.profile["values.blank_is_null"])

    def resolve(self, parts: tuple[str, ...], place: Place | None) -> ColumnRef | None:
        """The column at the end of a path; None when the first part is no lookup of the object."""
        if _lookup(self._base, parts[0]) is None:
            return None
        self._check_length(parts, place)
        at, hop = self._base, None
        path: tuple[str, ...] = ()
        for part in parts[:-1]:
            step = _lookup(at, part)
            target = self._env.catalogue.object(step.type.target) if step and step.type.target else None
            if step is None or target is None:
                raise InputError(_no_lookup(at, part, parts, place))
            key = step.name if hop is None else self._read(hop, step)
            path += (step.name.lower(),)
            label = step.label if hop is None else f"{hop.label} {step.label}"
            dotted = step.name if hop is None else f"{hop.path}.{step.name}"
            hop = self._hops.setdefault(path, _Hop(key, target, dotted, label))
            at = target
        assert hop is not None, "a path has two parts or more"
        name = self._read(hop, _field(at, parts[-1], parts, place))
        return ColumnRef(name, self.columns[name].type, place)

    def above(self, node: Node) -> Node:
        """The node with all lookups that were followed."""
        for hop in self._hops.values():
            added = tuple(replace(self.columns[name], name=name) for name in hop.fields)
            fields = {name: source.name for name, source in hop.fields.items()}
            computed = _computed(hop.object, self._env)
            computed = {name: expr for name, expr in computed.items() if name in fields.values()}
            node = LookupHop(node, hop.key, hop.object.name, fields, added, self.blank_is_null, computed)
        return node

    def _read(self, hop: _Hop, source: FieldDef) -> str:
        """The column that holds a field of the looked-up record."""
        for name, known in hop.fields.items():
            if known.name == source.name:
                return name
        name = unique_name(f"{hop.path}.{source.name}", self.taken)
        self.taken.add(name.lower())
        hop.fields[name] = source
        alias, label = f"{hop.path}.{source.name}".replace(".", "_"), f"{hop.label} {source.label}"
        self.columns[name] = Column(alias, label, source.type, (f"{hop.object.name}.{source.name}",))
        return name

    def _check_length(self, parts: tuple[str, ...], place: Place | None) -> None:
        hops = len(parts) - 1
        self._env.limit("limits.lookup_hops", hops, "lookups are followed in one path", place)
        if _WARNED_HOPS <= hops <= int(self._env.context.profile["limits.lookup_hops"]):
            message = f"{'.'.join(parts)!r} follows {hops} lookups; Gainsight's screens offer 2"
            self._env.findings.tell("GS-LIMIT", message, place, value=".".join(parts))


def _lookup(found: ObjectDef, part: str) -> FieldDef | None:
    """The lookup field that a part of a path means: by name, label, or as Gainsight walks it (Csm__gr)."""
    fits = [each for each in found.find(part) if each.type.target is not None]
    if not fits:
        fits = [each for each in found.fields.values() if (each.lookup_name or "").lower() == part.lower()]
    return fits[0] if len(fits) == 1 else None


def _no_lookup(at: ObjectDef, part: str, parts: tuple[str, ...], place: Place | None) -> Problem:
    lookups = [each.name for each in at.fields.values() if each.type.target is not None]
    message = f"{part!r} is no lookup of {at.name} (INVALID_FIELD)"
    hint = f"lookups of {at.name}: {', '.join(lookups) or 'none'}"
    near = nearest(part, lookups)
    return Problem("GS-NAME", message, place, value=".".join(parts), hint=hint, nearest=near)


def _field(at: ObjectDef, part: str, parts: tuple[str, ...], place: Place | None) -> FieldDef:
    fits = at.readable(part)
    if len(fits) == 1:
        return fits[0]
    if fits:
        names = ", ".join(f"{each.name} ({each.label})" for each in fits)
        message = f"{part!r} fits several fields of {at.name}: {names} (INVALID_FIELD)"
        raise InputError(Problem("GS-AMBIGUOUS", message, place, value=".".join(parts), hint="write the field name"))
    message = f"{at.name} has no field {part!r} (INVALID_FIELD)"
    near = nearest(part, at.known_names)
    raise InputError(Problem("GS-NAME", message, place, value=".".join(parts), nearest=near))
