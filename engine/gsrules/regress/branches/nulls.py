"""Where a null can come from: whether an expression, or a column of a dataset, can be null at all."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from functools import singledispatch
from typing import Protocol

from gsrules.catalogue.model import ObjectDef
from gsrules.expressions.tree import (
    Arithmetic,
    Between,
    Case,
    ColumnRef,
    Compare,
    Concat,
    Convert,
    DateShift,
    Expr,
    InList,
    Literal,
    Logic,
    Negate,
    NullTest,
    Period,
    PicklistItem,
    Rounded,
    RuleDate,
    Template,
    Unrounded,
    children,
)
from gsrules.plan.nodes import (
    Aggregate,
    DataPlan,
    Filter,
    Join,
    LookupHop,
    Matching,
    Measure,
    Node,
    OverRows,
    OverRowsValue,
    Project,
    RandomNumber,
    ScanFile,
    ScanObject,
    TaskRef,
    Union,
    WindowMeasure,
    read_over_rows,
)


class Nulls(IntEnum):
    """`NEVER`: no data can make it null. `DOUBTFUL`: only a division by zero and the like, or a system field that is
    never empty in Gainsight. `YES`: an empty cell, a record that is missing."""

    NEVER = 0
    DOUBTFUL = 1
    YES = 2


Columns = Mapping[str, Nulls]


class Objects(Protocol):
    """A catalogue."""

    def object(self, name: str, /) -> ObjectDef | None: ...


def nulls_of(expr: Expr, columns: Columns) -> Nulls:
    """Whether the expression can be null over a relation of which `columns` tells the same."""
    below = max((nulls_of(child, columns) for child in children(expr)), default=Nulls.NEVER)
    match expr:
        case ColumnRef():
            return columns.get(expr.name, Nulls.YES)
        case Literal():
            return Nulls.YES if expr.value is None else Nulls.NEVER
        case NullTest() | Template() | PicklistItem() | RuleDate():
            return Nulls.NEVER
        case Arithmetic(op="/"):
            return max(below, Nulls.DOUBTFUL)
        case Concat():
            return min(below, Nulls.DOUBTFUL)
        case Case():
            results = [nulls_of(branch.then, columns) for branch in expr.branches]
            results.append(Nulls.YES if expr.default is None else nulls_of(expr.default, columns))
            return max(results)
        case Arithmetic() | Negate() | Rounded() | DateShift() | Convert() | Logic() | Compare() | InList() | Between():
            return below
        case Period() | Unrounded():
            return nulls_of(expr.operand, columns)
        case _:
            # Functions and text matches: what a null does there, and what gives one, is theirs to decide.
            return Nulls.DOUBTFUL if below else Nulls.NEVER


def columns_of(plan: DataPlan, objects: Objects) -> dict[str, Columns]:
    """For each task of a plan, which of its columns can be null."""
    found: dict[str, Columns] = {}
    for name, task in plan.tasks.items():
        found[name] = of_node(task.node, found, objects)
    return found


@singledispatch
def of_node(node: Node, tasks: Mapping[str, Columns], objects: Objects) -> Columns:
    """Which columns of a node can be null; `tasks` tells it of earlier tasks."""
    raise NotImplementedError(type(node))


@of_node.register
def _(node: TaskRef, tasks: Mapping[str, Columns], objects: Objects) -> Columns:
    return tasks[node.task]


@of_node.register
def _(node: ScanFile, tasks: Mapping[str, Columns], objects: Objects) -> Columns:
    return {each.name: Nulls.YES for each in node.columns}


@of_node.register
def _(node: ScanObject, tasks: Mapping[str, Columns], objects: Objects) -> Columns:
    found = objects.object(node.object) if node.source == "tenant" else None
    return {each.name: _of_field(found, each.name) for each in node.columns}


def _of_field(found: ObjectDef | None, name: str) -> Nulls:
    field = found.field(name) if found is not None else None
    if field is None:
        return Nulls.YES
    if field.required or name == "Gsid":
        return Nulls.NEVER
    return Nulls.DOUBTFUL if field.read_only or field.system else Nulls.YES


@of_node.register
def _(node: LookupHop, tasks: Mapping[str, Columns], objects: Objects) -> Columns:
    before = of_node(node.input, tasks, objects)
    # A key that is there finds its record, unless the data is broken.
    missing = max(before.get(node.key, Nulls.YES), Nulls.DOUBTFUL)
    found = objects.object(node.object)
    return {**before, **{name: max(missing, _of_field(found, field)) for name, field in node.fields.items()}}


@of_node.register
def _(node: Matching, tasks: Mapping[str, Columns], objects: Objects) -> Columns:
    return {**of_node(node.input, tasks, objects), node.key: Nulls.NEVER}


@of_node.register
def _(node: Filter, tasks: Mapping[str, Columns], objects: Objects) -> Columns:
    return {**of_node(node.input, tasks, objects), **dict.fromkeys(not_null_in(node.predicate), Nulls.NEVER)}


@of_node.register
def _(node: Project, tasks: Mapping[str, Columns], objects: Objects) -> Columns:
    below = of_node(node.input, tasks, objects)
    return {item.column.name: nulls_of(item.expr, below) for item in node.items}


@of_node.register
def _(node: Aggregate, tasks: Mapping[str, Columns], objects: Objects) -> Columns:
    below = of_node(node.input, tasks, objects)
    keys = {key.column.name: nulls_of(key.expr, below) for key in node.keys}
    return {**keys, **{each.column.name: _of_measure(each, below, bool(node.keys)) for each in node.measures}}


def _of_measure(measure: Measure, below: Columns, grouped: bool) -> Nulls:
    if measure.default is not None:
        return nulls_of(measure.default, below)
    if measure.function in ("count", "count_distinct"):
        return Nulls.YES if measure.null_when_empty else Nulls.NEVER
    if measure.where is not None or not grouped or measure.argument is None:
        return Nulls.YES
    return nulls_of(measure.argument, below)


@of_node.register
def _(node: OverRows, tasks: Mapping[str, Columns], objects: Objects) -> Columns:
    below = of_node(node.input, tasks, objects)
    return {**below, **{value.column.name: _of_rows(value, below) for value in node.values}}


def _of_rows(value: OverRowsValue, below: Columns) -> Nulls:
    if isinstance(value, RandomNumber):
        return Nulls.NEVER
    if isinstance(value, WindowMeasure):
        never = value.missing_as_zero or value.function in ("count", "count_distinct")
        return Nulls.NEVER if never else Nulls.YES
    # A row itself gives a statistic something to be computed from, unless an argument is null.
    return max(Nulls.DOUBTFUL, *(nulls_of(expr, below) for expr in read_over_rows(value)))


@of_node.register
def _(node: Join, tasks: Mapping[str, Columns], objects: Objects) -> Columns:
    left, right = of_node(node.left, tasks, objects), of_node(node.right, tasks, objects)
    if node.keep == "common":
        strict = [key for key in node.keys if not key.null_matches]
        left = {**left, **{key.left: Nulls.NEVER for key in strict}}
        right = {**right, **{key.right: Nulls.NEVER for key in strict}}
    made: dict[str, Nulls] = {}
    for names, side, alone in ((node.left_names, left, ("right", "all")), (node.right_names, right, ("left", "all"))):
        made |= {new: Nulls.YES if node.keep in alone else side.get(old, Nulls.YES) for new, old in names.items()}
    return made


@of_node.register
def _(node: Union, tasks: Mapping[str, Columns], objects: Objects) -> Columns:
    below = [(part.items, of_node(part.input, tasks, objects)) for part in node.inputs]
    return {
        each.name: max(
            Nulls.YES if items.get(each.name) is None else columns.get(str(items[each.name]), Nulls.YES)
            for items, columns in below
        )
        for each in node.columns
    }


def not_null_in(predicate: Expr) -> frozenset[str]:
    """Columns that are not null in any row for which the predicate is true."""
    match predicate:
        case Logic(op="and"):
            return frozenset().union(*(not_null_in(term) for term in predicate.terms))
        case Logic():
            first, *others = (not_null_in(term) for term in predicate.terms)
            return first.intersection(*others)
        case NullTest(negated=True):
            return _strict(predicate.operand)
        case Compare() if predicate.op != "!=":
            return _strict(predicate.left) | _strict(predicate.right)
        case InList(negated=False) | Between(negated=False):
            return _strict(predicate.operand)
        case Period():
            return _strict(predicate.operand)
        case _:
            return frozenset()


def _strict(expr: Expr) -> frozenset[str]:
    """Columns whose null makes the expression null."""
    match expr:
        case ColumnRef():
            return frozenset({expr.name})
        case Arithmetic() | Negate() | Rounded() | DateShift() | Convert():
            return frozenset().union(*(_strict(child) for child in children(expr)))
        case _:
            return frozenset()
