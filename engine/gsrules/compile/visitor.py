"""Spells the nodes of one task as SQL, one method a node."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import singledispatchmethod
from itertools import count
from typing import Protocol

from sqlglot import exp

from gsrules.catalogue.datatypes import Family
from gsrules.compile.aggregates import measure_value
from gsrules.compile.relation import Relation, cast, column, of_table, wrapped
from gsrules.dataclass import dataclass
from gsrules.expressions.spell import SpellEnv, spell
from gsrules.expressions.tree import Expr, references
from gsrules.plan.nodes import (
    Aggregate,
    Column,
    Filter,
    Join,
    JoinKey,
    LookupHop,
    Matching,
    Node,
    OverRows,
    Project,
    ScanFile,
    ScanObject,
    TaskRef,
    Union,
)

_KEPT: Mapping[str, Mapping[str, str]] = {
    "common": {"kind": "INNER"},
    "left": {"side": "LEFT"},
    "right": {"side": "RIGHT"},
    "all": {"side": "FULL"},
}
_CASED = frozenset({Family.TEXT, Family.ID, Family.PICKLIST})

EnvFor = Callable[[Mapping[str, exp.Expression]], SpellEnv]
"""Makes the environment in which expressions over these columns are spelled."""


class Tables(Protocol):
    """Where records are read; a `Tenant` is one."""

    def table(self, object: str) -> exp.Table:
        """The table of a tenant object."""

    def salesforce(self, object: str) -> exp.Table:
        """The table of a Salesforce sample."""


class FileRelation(Protocol):
    """An opened S3 source."""

    def relation(self, needed: tuple[str, ...]) -> exp.Select:
        """The rows of the files with these columns."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the scans of a plan read: tenant tables, opened files, and the table or CTE of each earlier task."""

    tables: Tables
    files: Mapping[str, FileRelation]
    tasks: Mapping[str, exp.Table]


def _names(columns: tuple[Column, ...]) -> tuple[str, ...]:
    return tuple(each.name for each in columns)


class Visitor:
    """Makes a `Relation` of each node. `guarded`: sums cannot overflow (the exact form of a plan)."""

    def __init__(self, inputs: Inputs, env_for: EnvFor, *, guarded: bool) -> None:
        self._inputs = inputs
        self._env_for = env_for
        self._guarded = guarded
        self._numbers = count(1)

    def select(self, node: Node) -> exp.Select:
        """The rows of the node, with its columns in order."""
        return self.visit(node).finished(_names(node.columns))

    @singledispatchmethod
    def visit(self, node: Node) -> Relation:
        raise NotImplementedError(type(node))

    @visit.register(ScanObject)
    def _(self, node: ScanObject) -> Relation:
        source = self._inputs.tables if node.source == "tenant" else None
        table = source.table(node.object) if source else self._inputs.tables.salesforce(node.object)
        alias = self._alias()
        found = self._with_computed(of_table(table, alias, _names(node.columns)), alias, node.computed)
        return self._blanked(found, node.columns, node.blank_is_null)

    def _with_computed(self, stored: Relation, alias: str, computed: Mapping[str, Expr]) -> Relation:
        """The relation with what is not stored in place of the columns of that name."""
        wanted = {name: expr for name, expr in computed.items() if name in stored.columns}
        if not wanted:
            return stored
        read = {name for expr in wanted.values() for name in references(expr)}
        over = self._env_for({name: column(name, alias) for name in read})
        return replace(stored, columns={**stored.columns, **{name: spell(expr, over) for name, expr in wanted.items()}})

    @visit.register(ScanFile)
    def _(self, node: ScanFile) -> Relation:
        names = _names(node.columns)
        rows = self._inputs.files[node.task].relation(tuple(each for each in names if each != node.line))
        made = of_table(exp.Subquery(this=rows), self._alias(), names)
        if not node.line:
            return made
        # DuckDB numbers the rows in the order in which the files hold them.
        return Relation(made.select, {**made.columns, node.line: exp.Window(this=exp.RowNumber())}, shaped=True)

    @visit.register(TaskRef)
    def _(self, node: TaskRef) -> Relation:
        return of_table(self._inputs.tasks[node.task].copy(), self._alias(), _names(node.columns))

    @visit.register(LookupHop)
    def _(self, node: LookupHop) -> Relation:
        base = self.unshaped(node.input)
        alias = self._alias()
        found = of_table(self._inputs.tables.table(node.object), alias, tuple(node.fields.values()))
        found = self._with_computed(found, alias, node.computed)
        met = exp.EQ(this=base.columns[node.key].copy(), expression=column("Gsid", alias))
        joined = exp.Join(this=found.select.args[_FROM].this, side="LEFT", on=met)
        select = base.select.join(joined, copy=False)
        values: dict[str, exp.Expression] = {added: found.columns[source] for added, source in node.fields.items()}
        fetched = self._blanked(Relation(select, values), node.added, node.blank_is_null)
        return Relation(select, {**base.columns, **fetched.columns}, filtered=base.filtered)

    @visit.register(Matching)
    def _(self, node: Matching) -> Relation:
        base = self.unshaped(node.input)
        alias = self._alias()
        known = of_table(self._inputs.tables.table(node.object), alias, (node.field,)).finished((node.field,))
        return base.where(exp.In(this=base.columns[node.key].copy(), query=exp.Subquery(this=known)))

    @visit.register(Filter)
    def _(self, node: Filter) -> Relation:
        base = self.unshaped(node.input)
        return base.where(self.spelled(node.predicate, base))

    @visit.register(Project)
    def _(self, node: Project) -> Relation:
        base = self.unshaped(node.input)
        values = {item.column.name: self.spelled(item.expr, base) for item in node.items}
        return Relation(base.select, values, shaped=True, filtered=base.filtered)

    @visit.register(Aggregate)
    def _(self, node: Aggregate) -> Relation:
        base = self.unshaped(node.input)
        values = {key.column.name: self.spelled(key.expr, base) for key in node.keys}
        select = base.select.group_by(*(value.copy() for value in values.values()), copy=False)
        for measure in node.measures:
            argument, where, default = (
                None if part is None else self.spelled(part, base)
                for part in (measure.argument, measure.where, measure.default)
            )
            values[measure.column.name] = measure_value(measure, argument, where, default, guarded=self._guarded)
        return Relation(select, values, shaped=True, filtered=base.filtered)

    @visit.register(OverRows)
    def _(self, node: OverRows) -> Relation:
        # Few rules have such values, and what computes them takes time to import.
        from gsrules.compile.over_rows import with_values

        return with_values(node, self.select(node.input), self._alias, self.spelled, guarded=self._guarded)

    @visit.register(Join)
    def _(self, node: Join) -> Relation:
        left, right = self._joinable(node.left), self._joinable(node.right)
        if right.select.args.get("joins"):
            right = wrapped(right, _names(node.right.columns), self._alias())
        families = {each.name: each.type.family for each in node.left.columns}
        conditions = [_key_condition(key, left, right, families[key.left]) for key in node.keys]
        met = exp.and_(*conditions, copy=False)
        joined = exp.Join(this=right.select.args[_FROM].this, on=met, **_KEPT[node.keep])
        select = left.select.join(joined, copy=False)
        values = {out: left.columns[source] for out, source in node.left_names.items()}
        values |= {out: right.columns[source] for out, source in node.right_names.items()}
        return Relation(select, values)

    @visit.register(Union)
    def _(self, node: Union) -> Relation:
        branches = []
        for part in node.inputs:
            base = self.unshaped(part.input)
            values: dict[str, exp.Expression] = {}
            for out in node.columns:
                source = part.items.get(out.name)
                value = exp.Null() if source is None else base.columns[source].copy()
                values[out.name] = cast(value, out.type.storage)
            branches.append(Relation(base.select, values, shaped=True).finished(_names(node.columns)))
        rows: exp.Query = branches[0]
        for branch in branches[1:]:
            rows = exp.Union(this=rows, expression=branch, distinct=node.distinct)
        return of_table(exp.Subquery(this=rows), self._alias(), _names(node.columns))

    def spelled(self, expr: Expr, over: Relation) -> exp.Expression:
        """The expression over the columns of a relation."""
        return spell(expr, self._env_for(over.columns))

    def _alias(self) -> str:
        return f"s{next(self._numbers)}"

    def unshaped(self, node: Node) -> Relation:
        """The node as a relation to which conditions and columns may be added."""
        made = self.visit(node)
        return wrapped(made, _names(node.columns), self._alias()) if made.shaped else made

    def _joinable(self, node: Node) -> Relation:
        """The node as a relation to which any join may be added, also one that keeps unmatched rows."""
        made = self.visit(node)
        plain = not made.shaped and not made.filtered
        return made if plain else wrapped(made, _names(node.columns), self._alias())

    @staticmethod
    def _blanked(relation: Relation, columns: tuple[Column, ...], blank_is_null: bool) -> Relation:
        """With empty texts as null where the profile says so (values.blank_is_null)."""
        if not blank_is_null:
            return relation
        values = dict(relation.columns)
        for each in columns:
            if each.type.family is Family.TEXT:
                values[each.name] = exp.Nullif(this=values[each.name], expression=exp.Literal.string(""))
        return Relation(relation.select, values, relation.shaped, relation.filtered)


_FROM = "from_" if "from_" in exp.Select.arg_types else "from"


def _key_condition(key: JoinKey, left: Relation, right: Relation, family: Family) -> exp.Expression:
    sides = [left.columns[key.left].copy(), right.columns[key.right].copy()]
    if key.ignore_case and family in _CASED:
        sides = [exp.Lower(this=side) for side in sides]
    met = exp.NullSafeEQ if key.null_matches else exp.EQ
    return met(this=sides[0], expression=sides[1])
