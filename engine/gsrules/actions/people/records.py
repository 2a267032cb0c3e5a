"""The records of load_to_people: slots of mapped fields, new ids, inserts and updates (actions.md §4, §5.4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from gsrules.actions.changes.staging import (
    all_of,
    any_of,
    column,
    fragment,
    given_number,
    named,
    relation,
    select,
    sub,
)
from gsrules.actions.changes.stamps import created_stamps, modified_stamps
from gsrules.actions.kind import ActionRun
from gsrules.actions.mappings.mapping import BoundMapping
from gsrules.actions.people.folding import Slot, changes, is_last, of_record
from gsrules.actions.traits import Search
from gsrules.catalogue import FieldDef, ObjectDef
from gsrules.catalogue.datatypes import Family
from gsrules.dataclass import dataclass
from gsrules.tenant.changes import Write

if TYPE_CHECKING:
    from gsrules.actions.changes.staging import Scratch


@dataclass(frozen=True, slots=True)
class Part:
    """One of the three objects: its mappings, the defaults of new records, and the company or relationship."""

    object: ObjectDef
    mappings: tuple[BoundMapping, ...]
    defaults: Mapping[str, exp.Expr]
    entity: BoundMapping | None = None


def lookup_searches(mapping: BoundMapping) -> tuple[Search, ...]:
    """What the import lookup of a mapping looks up."""
    lookup = mapping.lookup
    pairs = lookup.pairs if lookup is not None else ()
    return tuple(Search(lookup.object, (pair.field.name,), pair.source) for pair in pairs if lookup is not None)


def value_slots(part: Part, prefix: str, run: ActionRun, when: exp.Expr | None = None) -> list[Slot]:
    """The slots of mapped fields, whose values are the columns `prefix` + place; they write where `when` holds."""
    appends = run.profile["load.multiselect"] == "append"
    slots = []
    for i, mapping in enumerate(part.mappings):
        value = column(f"{prefix}{i}")
        conditions = [when] if when is not None else []
        if mapping.on_null == "skip":
            conditions.append(fragment("NOT :v IS NULL", v=value))
        listed = mapping.field.type.family is Family.MULTI_PICKLIST
        slots.append(
            Slot(
                mapping.field.name,
                value,
                or_default(value, part, mapping.field),
                all_of(conditions) if conditions else None,
                listed,
                listed and appends,
            )
        )
    return slots


def or_default(value: exp.Expr, part: Part, field: FieldDef) -> exp.Expr:
    """The value of a new record's field."""
    default = part.defaults.get(field.name)
    return value if default is None else fragment("COALESCE(:v, :d)", v=value, d=default)


def nulls_written(mappings: Sequence[BoundMapping]) -> exp.Expr:
    """Whether a null replaces a value although the rule does not say so (actions.md §3.2)."""
    return any_of(
        fragment(":a IS NULL AND NOT :b IS NULL", a=column(f"a:{m.field.name}"), b=column(f"b:{m.field.name}"))
        for m in mappings
        if m.on_null == "write" and not m.states_on_null and m.default is None and m.constant is None
    )


def finished(
    folded: exp.Query, slots: Sequence[Slot], mappings: Sequence[BoundMapping], also: Sequence[exp.Expr] = ()
) -> exp.Select:
    """Adds `changed`, `nulls`, `last` and, of the record's rows, `touched` and `first`; `also` are more changes."""
    sides = select(
        exp.Star(),
        named(any_of([*also, changes(slots)]), "changed"),
        named(fragment("NOT :m AND :n", m=column("makes"), n=nulls_written(mappings)), "nulls"),
        named(is_last(), "last"),
    ).from_(sub(folded, "f"), copy=False)
    every = of_record(fragment("BOOL_OR(:c)", c=column("changed")))
    first = of_record(fragment("MIN(:r)", r=column("row")))
    return select(exp.Star(), named(every, "touched"), named(first, "first")).from_(sub(sides, "g"), copy=False)


def new_ids(
    scratch: Scratch, run: ActionRun, object: str, name: str, first: Callable[[], exp.Select], keys: Sequence[str]
) -> str:
    """A table with `gsid` for every line of `first`, numbered by its column `at`; with `at` and `keys`."""
    count = scratch.row(f"count {name}", lambda: select(exp.Count(this=exp.Star())).from_(sub(first(), "n")))[0]
    last = run.tenant.allocate(object, count) - 1 if count else 0

    def query() -> exp.Select:
        order = exp.Order(expressions=[exp.Ordered(this=column("at"), desc=False)])
        counter = fragment(":p + :last", p=exp.Window(this=exp.RowNumber(), order=order), last=given_number())
        kept = [column(key) for key in (*keys, "at")]
        numbered = select(*kept, named(counter, "n")).from_(sub(first(), "f"), copy=False)
        gsid = named(run.tenant.gsid(object, column("n")), "gsid")
        return select(*(column(key) for key in (*keys, "at")), gsid).from_(sub(numbered, "n"), copy=False)

    return scratch.table(name, query, [last])


def record_writes(
    scratch: Scratch,
    run: ActionRun,
    object: str,
    lines: str,
    values: Mapping[str, exp.Expr],
    created: Mapping[str, exp.Expr],
    also: exp.Expr | None = None,
) -> list[Write]:
    """The insert and the update of the records of `lines`, each by the last row that touches it.

    `values` are the fields over the columns of `lines`; `created` are more fields of new records, `also` says which
    stored records are written though no row changes them.
    """
    made: dict[str, Any] = {**values, **{k: v for k, v in created.items() if k not in values}, **created_stamps(run)}
    changed: dict[str, Any] = {**values, **modified_stamps(run)}
    touched = (
        exp.true() if run.profile["load.touch_unchanged"] else any_of([column("touched"), *([also] if also else [])])
    )
    stored = column("is_stored")
    return [
        _write(scratch, object, "insert", lines, made, fragment("NOT :s AND :l", s=stored, l=column("last"))),
        _write(scratch, object, "update", lines, changed, all_of([stored, column("last"), touched])),
    ]


def _write(
    scratch: Scratch, object: str, kind: Any, lines: str, fields: Mapping[str, exp.Expr], where: exp.Expr
) -> Write:
    def query() -> exp.Select:
        items = (named(value, name) for name, value in fields.items())
        gsid = named(column("gsid"), "Gsid")
        return select(gsid, named(column("first"), "__n"), *items).from_(relation(lines), copy=False).where(where)

    return Write(object, kind, scratch.table(f"{kind} {object}", query), tuple(fields))
