"""Which fields of which objects a rule reads, writes or meets: those are what its recorded records show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from gsrules.actions.kind import BoundAction
from gsrules.actions.mappings.mapping import BoundMapping
from gsrules.actions.traits import Search
from gsrules.catalogue import Catalogue, ObjectDef
from gsrules.dataclass import dataclass
from gsrules.expressions.tree import Expr, references
from gsrules.plan.nodes import (
    Aggregate,
    DataPlan,
    Filter,
    Join,
    LookupHop,
    Matching,
    Node,
    OverRows,
    Project,
    ScanObject,
    WindowMeasure,
    read_over_rows,
    walk,
)
from gsrules.run.prepare import BoundRule
from gsrules.tenant.names import GSID

_USER: Final = "gsuser"


@dataclass(frozen=True, slots=True)
class Wanted:
    """By object the fields that records of it show, in the object's order."""

    fields: Mapping[str, tuple[str, ...]]
    salesforce: tuple[str, ...] = ()
    """Salesforce samples that the rule reads: a test reads them as they are."""

    def of(self, name: str) -> tuple[str, ...]:
        return self.fields.get(name, ())


def wanted_fields(bound: BoundRule, catalogue: Catalogue) -> Wanted:
    """The fields of every object that the rule's tasks read and its actions meet."""
    found: dict[str, set[str]] = {}
    samples: set[str] = set()
    for name, field in (*_read_by_tasks(bound.plan, samples), *_met_by_actions(bound.actions)):
        found.setdefault(name, set()).add(field)
    made: dict[str, tuple[str, ...]] = {}
    for name, fields in found.items():
        definition = catalogue.objects.get(name)
        if definition is None:
            continue  # a Salesforce object: a test reads its samples as they are
        needed = fields | {field.name for field in definition.fields.values() if field.required}
        made[name] = tuple(field for field in definition.fields if field in needed and field != GSID)
    return Wanted(made, tuple(sorted(samples)))


def key_fields(definition: ObjectDef) -> tuple[str, ...]:
    """The fields by which people find a record of the object, the best first."""
    known = {"company": ("ExternalId", "Name"), _USER: ("Email",), "person": ("Email", "ExternalRecordID")}
    named = definition.name_field
    found = [*known.get(definition.name, ()), *(field.name for field in definition.fields.values() if field.unique)]
    found += [named.name] if named is not None else []
    return tuple(dict.fromkeys(name for name in found if name != GSID and name in definition.fields))


def _read_by_tasks(plan: DataPlan, samples: set[str]) -> Iterator[tuple[str, str]]:
    for task in plan.tasks.values():
        scan = next((node for node in walk(task.node) if isinstance(node, ScanObject)), None)
        if scan is None:
            continue
        if scan.source == "salesforce":
            samples.add(scan.object)
        used = set(_used(task.node))
        if scan.source == "tenant":
            yield from ((scan.object, column.name) for column in scan.columns if column.name in used)
            yield scan.object, GSID
        for hop in (node for node in walk(task.node) if isinstance(node, LookupHop)):
            yield from ((hop.object, field) for name, field in hop.fields.items() if name in used)
            yield hop.object, GSID
        for match in (node for node in walk(task.node) if isinstance(node, Matching)):
            yield match.object, match.field


def _used(node: Node) -> Iterator[str]:
    """The columns that a task's nodes name."""
    for each in walk(node):
        yield from (name for expr in _expressions(each) for name in references(expr))
        if isinstance(each, LookupHop | Matching):
            yield each.key
        if isinstance(each, OverRows):
            yield from (name for value in each.values if isinstance(value, WindowMeasure) for name in value.by)
        if isinstance(each, Join):
            yield from (name for key in each.keys for name in (key.left, key.right))
    if not any(isinstance(each, Project | Aggregate) for each in walk(node)):
        yield from (column.name for column in node.columns)


def _expressions(node: Node) -> Iterable[Expr]:
    match node:
        case Filter():
            return (node.predicate,)
        case Project():
            return tuple(item.expr for item in node.items)
        case Aggregate():
            measures = (expr for each in node.measures for expr in (each.argument, each.where, each.default))
            return (*(key.expr for key in node.keys), *(expr for expr in measures if expr is not None))
        case OverRows():
            return tuple(expr for value in node.values for expr in read_over_rows(value))
        case _:
            return ()


def _met_by_actions(actions: Iterable[tuple[Any, BoundAction]]) -> Iterator[tuple[str, str]]:
    for _, action in actions:
        traits = action.traits
        filled = (*(mapping.field.name for mapping in traits.mappings), *traits.identifiers)
        if traits.target:
            yield from ((traits.target, name) for name in filled)
        yield from ((name, each.field.name) for name, mappings in traits.beside.items() for each in mappings)
        for name, fields in traits.meets.items():
            yield from ((name, each) for each in fields)
        for search in searches_of(action):
            yield from ((search.object, each) for each in search.fields if each != GSID)


def searches_of(action: BoundAction) -> Iterator[Search]:
    """What an action looks up by value, with its import lookups."""
    traits = action.traits
    yield from traits.searches
    sole = traits.identifiers if len(traits.identifiers) == 1 else ()  # a part of a key finds too many
    keys = [mapping for mapping in traits.mappings if mapping.field.name in sole]
    yield from (Search(traits.target, (each.field.name,), each.source) for each in keys if traits.target)
    for lookup in (mapping.lookup for mapping in mappings_of(action)):
        if lookup is not None:
            yield from (Search(lookup.object, (pair.field.name,), pair.source) for pair in lookup.pairs)


def mappings_of(action: BoundAction) -> tuple[BoundMapping, ...]:
    """The field mappings of an action, those of further objects included."""
    return (*action.traits.mappings, *(each for found in action.traits.beside.values() for each in found))
