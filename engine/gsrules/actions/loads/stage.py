"""The staged rows of a load: what its matching, its effects and its writes all read (actions.md §3.2, §4)."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from sqlglot import exp

from gsrules.actions.changes.rows import Matched, spelling
from gsrules.actions.changes.staging import any_of, case, column, fragment, named, number, select, text, use
from gsrules.actions.kind import ActionRun
from gsrules.actions.mappings.conversion import is_null
from gsrules.actions.mappings.entity import stored_types
from gsrules.actions.mappings.mapping import BoundMapping
from gsrules.actions.mappings.values import StagedValue, as_set, stage, staged_rows
from gsrules.catalogue import FieldDef
from gsrules.catalogue.datatypes import Family, Kind
from gsrules.catalogue.salesforce import ID_LENGTH
from gsrules.dataclass import dataclass

if TYPE_CHECKING:
    from gsrules.actions.loads.load import BoundLoad


@dataclass(frozen=True, slots=True)
class EntityField:
    """A field that names a company, relationship or user, which must exist (actions.md §1.11).

    `types`: the relationship types that it may have, by name or GSID; empty for any. `identifies`: a null is
    IDENTIFIER_NULL.
    """

    field: str
    types: tuple[str, ...] = ()
    identifies: bool = False


@dataclass(frozen=True, slots=True)
class Pinned:
    """A field that new records get and found ones must have: the record of `object` that `name` means."""

    field: FieldDef
    object: str
    name: str


class LoadStage:
    """The mappings of a load over the matched rows of one run."""

    def __init__(self, load: BoundLoad, run: ActionRun) -> None:
        self.load = load
        self.run = run
        self.scratch = run.scratch()
        self.rows = Matched(run, spelling(run, load.catalogue), self.scratch, load.criteria)

    @cached_property
    def staged(self) -> tuple[StagedValue, ...]:
        return tuple(self._staged(mapping) for mapping in self.load.mappings)

    @cached_property
    def deletion(self) -> StagedValue | None:
        """Whether the row takes its record away, if the load can do that."""
        return stage(self.load.deletes, self.rows) if self.load.deletes is not None else None

    def _staged(self, mapping: BoundMapping) -> StagedValue:
        value = stage(mapping, self.rows)
        entity = next((each for each in self.load.entities if each.field == mapping.field.name), None)
        if entity is not None:
            value = self._existing(entity, mapping, value)
        return self._required(mapping, value)

    @property
    def is_plain(self) -> bool:
        """Whether the staged values are those of the mappings alone."""
        return type(self) is LoadStage

    @property
    def key_field(self) -> str:
        """The field that holds the id of a record."""
        return self.load.key_field

    @property
    def written(self) -> list[tuple[int, BoundMapping]]:
        """The mappings that write, with their places; `v` is staged, `a` after, `b` before."""
        return [(i, m) for i, m in enumerate(self.load.mappings) if m.field.name != self.key_field]

    @property
    def identifiers(self) -> list[tuple[int, FieldDef]]:
        places = {m.field.name: i for i, m in enumerate(self.load.mappings)}
        return [(places[found.name], found) for found in self.load.identifiers]

    @property
    def by_id(self) -> bool:
        """Whether the id of the record is among the identifiers."""
        return any(found.name == self.key_field for found in self.load.identifiers)

    def folds(self, found: FieldDef) -> bool:
        """Whether two values of an identifier may be equal and yet differ in letters."""
        if found.type.kind is Kind.EMAIL:
            return True
        return found.type.family is Family.TEXT and self.run.profile["load.identifier_case"] == "insensitive"

    def key(self, found: FieldDef, value: exp.Expr) -> exp.Expr:
        """What identifiers are compared by."""
        if found.name == self.key_field and self.load.salesforce:
            return fragment("LEFT(:v, :n)", v=value, n=number(ID_LENGTH))
        if self.folds(found):
            return fragment("LOWER(:v)", v=value)
        return as_set(value) if found.type.family is Family.MULTI_PICKLIST else value

    @property
    def fixed(self) -> set[str]:
        """Identifiers that are equal by definition once they match."""
        return {found.name for _, found in self.identifiers if not self.folds(found)}

    def select(self) -> exp.Select:
        """Every matched row with its values `v…`, codes and warnings."""
        items = [named(self.rows.row, "row")]
        items += [named(value.value, f"v{i}") for i, value in enumerate(self.staged)]
        values = self.staged
        if self.deletion is not None:
            items.append(named(fragment("COALESCE(:d, FALSE)", d=self.deletion.value), "gone"))
            values = (*values, self.deletion)
        return staged_rows(self.rows, items, values)

    def on_creation(self, mapping: BoundMapping, value: exp.Expr) -> exp.Expr:
        default = self.load.defaults.get(mapping.field.name)
        return fragment("COALESCE(:v, :d)", v=value, d=default) if default is not None else value

    def pinned_value(self, pinned: Pinned) -> exp.Expr:
        """The GSID that a name stands for, null if there is no such record; a name in its own letters comes first."""
        table = self.run.tenant.table(pinned.object)
        word, name = text(pinned.name), column("Name", "k")
        same = fragment(":n = :w OR :g = :w", n=name, w=word, g=column("Gsid", "k"))
        order = [exp.Ordered(this=fragment("NOT (:s)", s=same), desc=False), exp.Ordered(this=column("Gsid", "k"))]
        found = select(column("Gsid", "k")).from_(exp.alias_(table, "k", table=True, quoted=True), copy=False)
        alike = any_of([same, fragment("LOWER(:n) = LOWER(:w)", n=name, w=word)])
        found = found.where(alike, copy=False).order_by(*order, copy=False).limit(1, copy=False)
        return exp.Subquery(this=found)

    def _existing(self, entity: EntityField, mapping: BoundMapping, value: StagedValue) -> StagedValue:
        target = mapping.field.type.target
        assert target is not None
        stored = select(named(column("Gsid"), "k")).from_(self.run.tenant.table(target), copy=False)
        if entity.types:
            stored = stored.select(named(column("TypeId"), "t"), copy=False)
        alias = self.rows.join(stored, [("k", value.value)])
        if entity.identifies:
            bad = any_of(condition for condition, _ in value.failures)
            value = value.with_failure(
                fragment("NOT COALESCE(:bad, FALSE) AND :v IS NULL", bad=bad, v=value.value), "IDENTIFIER_NULL"
            )
        missing = fragment("NOT :v IS NULL AND :k IS NULL", v=value.value, k=column("k", alias))
        value = value.with_failure(missing, "ENTITY_NOT_FOUND")
        words = value.words
        if entity.types:
            known = exp.In(this=column("t", alias), query=exp.Subquery(this=stored_types(entity.types, self.rows)))
            foreign = fragment("NOT :k IS NULL AND NOT COALESCE(:f, FALSE)", k=column("k", alias), f=known)
            value = value.with_failure(foreign, "ENTITY_NOT_FOUND")
            message = "the relationship's type is not one of the rule's: " + ", ".join(entity.types)
            words = {**words, "ENTITY_NOT_FOUND": case([(use(foreign), text(message))])}
        warnings, failures = (
            tuple(each for each in found if each[1] != "REFERENCE_NOT_FOUND")
            for found in (value.warnings, value.failures)
        )
        return StagedValue(value.label, value.value, value.shown, failures, warnings, words)

    def _required(self, mapping: BoundMapping, value: StagedValue) -> StagedValue:
        if not mapping.field.required or not required_at_staging(self.load, mapping):
            return value
        if self.load.operation == "insert" and mapping.field.name in self.load.defaults:
            return value
        missing = fragment(
            "NOT COALESCE(:bad, FALSE) AND :v", bad=any_of(c for c, _ in value.failures), v=is_null(value.value)
        )
        return value.with_failure(missing, "REQUIRED_MISSING")


def required_at_staging(load: BoundLoad, mapping: BoundMapping) -> bool:
    """Whether a null of a required field fails before matching, whatever the match gives (§3.2, steps 5 and 6)."""
    has_default = mapping.field.name in load.defaults
    if load.operation == "insert":
        return True
    return mapping.on_null == "write" and (load.operation == "update" or not has_default)
