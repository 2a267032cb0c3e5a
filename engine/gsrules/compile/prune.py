"""Pruning: the plan without the columns, measures and lookups that nobody asks for.

Rows never change: keys of groups, columns of filters and joins, and all columns of a distinct union stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import singledispatchmethod

from gsrules.expressions.tree import Expr, references
from gsrules.plan.nodes import (
    Aggregate,
    Column,
    DataPlan,
    Filter,
    Join,
    LookupHop,
    Matching,
    Measure,
    Node,
    OverRows,
    PlannedTask,
    Project,
    RandomNumber,
    ScanFile,
    ScanObject,
    TaskRef,
    Union,
    UnionInput,
    WindowMeasure,
    read_over_rows,
)


def prune(plan: DataPlan, outputs: Iterable[str]) -> DataPlan:
    """The plan as needed for `outputs` with all their columns; the other tasks keep what is read from them.

    A task from which nothing is read at all keeps no columns, only its rows.
    """
    demands: dict[str, set[str]] = {name: set() for name in plan.tasks}
    for name in outputs:
        demands[name] = {column.name for column in plan.tasks[name].columns}
    pruner = _Pruner(demands)
    kept: dict[str, PlannedTask] = {}
    for name in reversed(list(plan.tasks)):
        task = plan.tasks[name]
        kept[name] = replace(task, node=pruner.keep(task.node, frozenset(demands[name])))
    return replace(plan, tasks={name: kept[name] for name in plan.tasks})


def _only(columns: tuple[Column, ...], needed: frozenset[str]) -> tuple[Column, ...]:
    return tuple(column for column in columns if column.name in needed)


class _Pruner:
    """Walks down one task after another, the last first; notes in `demands` what each task must give."""

    def __init__(self, demands: Mapping[str, set[str]]) -> None:
        self._demands = demands

    @singledispatchmethod
    def keep(self, node: Node, needed: frozenset[str]) -> Node:
        """The node with the `needed` columns, and whatever its rows depend on."""
        raise NotImplementedError(type(node))

    @keep.register(ScanObject)
    def _(self, node: ScanObject, needed: frozenset[str]) -> Node:
        return replace(node, columns=_only(node.columns, needed))

    @keep.register(ScanFile)
    def _(self, node: ScanFile, needed: frozenset[str]) -> Node:
        # The rows of a file are counted by reading some column of it.
        return replace(node, columns=_only(node.columns, needed) or node.columns[:1])

    @keep.register(TaskRef)
    def _(self, node: TaskRef, needed: frozenset[str]) -> Node:
        columns = _only(node.columns, needed)
        self._demands[node.task].update(column.name for column in columns)
        return replace(node, columns=columns)

    @keep.register(LookupHop)
    def _(self, node: LookupHop, needed: frozenset[str]) -> Node:
        added = _only(node.added, needed)
        below = needed - {column.name for column in node.added}
        if not added:
            return self.keep(node.input, below)
        fields = {column.name: node.fields[column.name] for column in added}
        return replace(node, input=self.keep(node.input, below | {node.key}), fields=fields, added=added)

    @keep.register(Matching)
    def _(self, node: Matching, needed: frozenset[str]) -> Node:
        return replace(node, input=self.keep(node.input, needed | {node.key}))

    @keep.register(Filter)
    def _(self, node: Filter, needed: frozenset[str]) -> Node:
        return replace(node, input=self.keep(node.input, needed | references(node.predicate)))

    @keep.register(Project)
    def _(self, node: Project, needed: frozenset[str]) -> Node:
        items = tuple(item for item in node.items if item.column.name in needed)
        below = _read_by(item.expr for item in items)
        return replace(node, input=self.keep(node.input, below), items=items)

    @keep.register(Aggregate)
    def _(self, node: Aggregate, needed: frozenset[str]) -> Node:
        measures = tuple(measure for measure in node.measures if measure.column.name in needed)
        if not measures and not node.keys:
            # Without keys there is exactly one row, which needs something to be made of.
            measures = node.measures[:1]
        read = [key.expr for key in node.keys]
        for measure in measures:
            read += _expressions(measure)
        below = _read_by(read)
        return replace(node, input=self.keep(node.input, below), measures=measures)

    @keep.register(OverRows)
    def _(self, node: OverRows, needed: frozenset[str]) -> Node:
        values = tuple(value for value in node.values if value.column.name in needed)
        below = needed - {value.column.name for value in node.values}
        if not values:
            return self.keep(node.input, below)
        for value in values:
            below |= _read_by(read_over_rows(value))
            if isinstance(value, WindowMeasure):
                below |= frozenset(value.by)
            elif isinstance(value, RandomNumber):
                below |= frozenset(value.order)
        return replace(node, input=self.keep(node.input, below), values=values)

    @keep.register(Join)
    def _(self, node: Join, needed: frozenset[str]) -> Node:
        left_names = {name: source for name, source in node.left_names.items() if name in needed}
        right_names = {name: source for name, source in node.right_names.items() if name in needed}
        left = frozenset(left_names.values()) | {key.left for key in node.keys}
        right = frozenset(right_names.values()) | {key.right for key in node.keys}
        return replace(
            node,
            left=self.keep(node.left, left),
            right=self.keep(node.right, right),
            left_names=left_names,
            right_names=right_names,
            columns=_only(node.columns, needed),
        )

    @keep.register(Union)
    def _(self, node: Union, needed: frozenset[str]) -> Node:
        kept = frozenset(column.name for column in node.columns) if node.distinct else needed
        parts = []
        for part in node.inputs:
            items = {name: source for name, source in part.items.items() if name in kept}
            below = frozenset(source for source in items.values() if source is not None)
            parts.append(UnionInput(self.keep(part.input, below), items))
        return replace(node, inputs=tuple(parts), columns=_only(node.columns, kept))


def _read_by(expressions: Iterable[Expr]) -> frozenset[str]:
    return frozenset[str]().union(*(references(expr) for expr in expressions))


def _expressions(measure: Measure) -> list[Expr]:
    return [expr for expr in (measure.argument, measure.where) if expr is not None]
