"""Where the keys of a merge come from: two datasets made of the same rows always find each other."""

from __future__ import annotations

from collections.abc import Mapping
from functools import singledispatch

from gsrules.expressions.tree import ColumnRef, Expr
from gsrules.plan.nodes import (
    Aggregate,
    Filter,
    Join,
    LookupHop,
    Matching,
    Node,
    OverRows,
    PlannedTask,
    Project,
    ScanFile,
    ScanObject,
    TaskRef,
    Union,
)

Tasks = Mapping[str, PlannedTask]
Origins = Mapping[tuple[str, str], bool]
"""Source (an object, a file, an earlier task) and column → whether every value of it arrives: nothing on the way
drops rows."""


def always_met(left: Node, right: Node, keys: Mapping[str, str], tasks: Tasks) -> bool:
    """Whether every row of `left` with non-null keys has a partner in `right`, whatever the data.

    It does if the keys have one source and nothing on the right's way from there drops rows.
    """
    for own, other in keys.items():
        sources, reached = origins(left, own, tasks), origins(right, other, tasks)
        if not any(reached.get(source) for source in sources):
            return False
    return bool(keys)


@singledispatch
def origins(node: Node, name: str, tasks: Tasks) -> Origins:
    """The sources of which the column `name` of a node holds a column, unchanged."""
    raise NotImplementedError(type(node))


@origins.register
def _(node: ScanObject, name: str, tasks: Tasks) -> Origins:
    return {(f"{node.source} {node.object}", name): True}


@origins.register
def _(node: ScanFile, name: str, tasks: Tasks) -> Origins:
    return {(f"file {node.task}", name): True}


@origins.register
def _(node: TaskRef, name: str, tasks: Tasks) -> Origins:
    return {(f"task {node.task}", name): True, **origins(tasks[node.task].node, name, tasks)}


@origins.register
def _(node: LookupHop, name: str, tasks: Tasks) -> Origins:
    return {} if name in node.fields else origins(node.input, name, tasks)


@origins.register
def _(node: OverRows, name: str, tasks: Tasks) -> Origins:
    below = {column.name for column in node.input.columns}
    return origins(node.input, name, tasks) if name in below else {}


@origins.register(Filter)
@origins.register(Matching)
def _(node: Filter | Matching, name: str, tasks: Tasks) -> Origins:
    return dict.fromkeys(origins(node.input, name, tasks), False)


@origins.register
def _(node: Project, name: str, tasks: Tasks) -> Origins:
    return _through({item.column.name: item.expr for item in node.items}, node.input, name, tasks)


@origins.register
def _(node: Aggregate, name: str, tasks: Tasks) -> Origins:
    return _through({key.column.name: key.expr for key in node.keys}, node.input, name, tasks)


def _through(items: Mapping[str, Expr], below: Node, name: str, tasks: Tasks) -> Origins:
    expr = items.get(name)
    return origins(below, expr.name, tasks) if isinstance(expr, ColumnRef) else {}


@origins.register
def _(node: Join, name: str, tasks: Tasks) -> Origins:
    found: dict[tuple[str, str], bool] = {}
    sides = ((node.left, node.left_names, "right"), (node.right, node.right_names, "left"))
    for side, names, dropped in sides:
        if name in names:
            kept = node.keep in ("all", {"right": "left", "left": "right"}[dropped])
            found |= {key: pure and kept for key, pure in origins(side, names[name], tasks).items()}
            found |= _equal_keys(node, side, names[name], tasks)
    return found


def _equal_keys(node: Join, side: Node, name: str, tasks: Tasks) -> Origins:
    """What the other side's key holds, where a merge kept only rows with equal keys."""
    found: dict[tuple[str, str], bool] = {}
    if node.keep != "common":
        return found
    for key in node.keys:
        if side is node.left and key.left == name and not key.ignore_case:
            found |= dict.fromkeys(origins(node.right, key.right, tasks), False)
        if side is node.right and key.right == name and not key.ignore_case:
            found |= dict.fromkeys(origins(node.left, key.left, tasks), False)
    return found


@origins.register
def _(node: Union, name: str, tasks: Tasks) -> Origins:
    return {}
