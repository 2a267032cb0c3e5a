"""One plan for all values of a parameter, where the parameter only decides which rows go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gsrules.dataclass import dataclass
from gsrules.expressions.tree import Expr, Logic
from gsrules.plan.nodes import (
    Aggregate,
    DataPlan,
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
    UnionInput,
)


class OneRunCannotTell(Exception):  # noqa: N818 - a turn of the way, not an error
    """The rows of some dataset depend on the parameter in a way that one run cannot answer; says why."""


@dataclass(frozen=True, slots=True)
class MergedPlan:
    """`plan` keeps every row that some value keeps. `filters` gives, by the merged predicate, those of the values."""

    plan: DataPlan
    filters: tuple[tuple[Expr, tuple[Expr, ...]], ...]

    def of(self, predicate: Expr) -> tuple[Expr, ...] | None:
        """The predicates of the values, if this is one that was merged."""
        return next((each for merged, each in self.filters if merged is predicate), None)


def merged(plans: Sequence[DataPlan], used: Sequence[str]) -> MergedPlan:
    """The plans, which differ only in the value of a parameter, as one.

    `used` are the datasets whose rows are wanted. Raises OneRunCannotTell where the parameter is part of a formula,
    or decides what is added up or counted.
    """
    made = _Merging()
    tasks: dict[str, PlannedTask] = {}
    for name, task in plans[0].tasks.items():
        made.task = name
        tasks[name] = replace(task, node=made.merge([plan.tasks[name].node for plan in plans]))
    wanted = _leading_to(plans[0], used)
    blocked = next((reason for name, reason in made.blocked.items() if name in wanted), None)
    if blocked is not None:
        raise OneRunCannotTell(blocked)
    return MergedPlan(replace(plans[0], tasks=tasks), tuple(made.filters))


def _leading_to(plan: DataPlan, used: Sequence[str]) -> set[str]:
    found = set(used)
    for name in reversed(list(plan.tasks)):
        if name in found:
            found.update(plan.tasks[name].parents)
    return found


class _Merging:
    """Merges the nodes of one task after the other; `moving` are tasks whose rows depend on the parameter."""

    def __init__(self) -> None:
        self.task = ""
        self.filters: list[tuple[Expr, tuple[Expr, ...]]] = []
        self.blocked: dict[str, str] = {}
        self._moving: dict[str, bool] = {}

    def merge(self, nodes: Sequence[Node]) -> Node:
        node, moves = self._merge(nodes)
        self._moving[self.task] = moves
        return node

    def _merge(self, nodes: Sequence[Node]) -> tuple[Node, bool]:
        """The merged node, and whether its rows depend on the parameter."""
        node = nodes[0]
        match node:
            case ScanObject() | ScanFile():
                return node, False
            case TaskRef():
                return node, self._moving.get(node.task, False)
            case Filter():
                return self._filter([each for each in nodes if isinstance(each, Filter)])
            case LookupHop() | Matching():
                below, moves = self._below(nodes)
                return replace(node, input=below), moves
            case Project():
                return self._project([each for each in nodes if isinstance(each, Project)])
            case Aggregate():
                return self._aggregate([each for each in nodes if isinstance(each, Aggregate)])
            case OverRows():
                return self._over_rows([each for each in nodes if isinstance(each, OverRows)])
            case Join():
                return self._join([each for each in nodes if isinstance(each, Join)])
            case Union():
                return self._union([each for each in nodes if isinstance(each, Union)])

    def _below(self, nodes: Sequence[Node]) -> tuple[Node, bool]:
        return self._merge([each.input for each in nodes if isinstance(each, LookupHop | Matching)])

    def _block(self, why: str) -> None:
        self.blocked.setdefault(self.task, f"{why} of the dataset '{self.task}'")

    def _filter(self, nodes: Sequence[Filter]) -> tuple[Node, bool]:
        below, moves = self._merge([node.input for node in nodes])
        predicates = tuple(node.predicate for node in nodes)
        if all(each == predicates[0] for each in predicates):
            return replace(nodes[0], input=below), moves
        either = Logic("or", tuple(dict.fromkeys(predicates)), predicates[0].place)
        self.filters.append((either, predicates))
        return Filter(below, either), True

    def _project(self, nodes: Sequence[Project]) -> tuple[Node, bool]:
        below, moves = self._merge([node.input for node in nodes])
        if any(node.items != nodes[0].items for node in nodes):
            self._block("the parameter is part of a formula")
        return replace(nodes[0], input=below), moves

    def _aggregate(self, nodes: Sequence[Aggregate]) -> tuple[Node, bool]:
        below, moves = self._merge([node.input for node in nodes])
        if moves:
            self._block("the parameter decides which rows go into the groups")
        if any((node.keys, node.measures) != (nodes[0].keys, nodes[0].measures) for node in nodes):
            self._block("the parameter is part of the columns")
        return replace(nodes[0], input=below), False

    def _over_rows(self, nodes: Sequence[OverRows]) -> tuple[Node, bool]:
        below, moves = self._merge([node.input for node in nodes])
        if moves:
            self._block("the parameter decides which rows go into a statistic or a window")
        if any(node.values != nodes[0].values for node in nodes):
            self._block("the parameter is part of a formula")
        return replace(nodes[0], input=below), moves

    def _join(self, nodes: Sequence[Join]) -> tuple[Node, bool]:
        left, left_moves = self._merge([node.left for node in nodes])
        right, right_moves = self._merge([node.right for node in nodes])
        node = nodes[0]
        if (left_moves and node.keep in ("right", "all")) or (right_moves and node.keep in ("left", "all")):
            self._block("the parameter decides which rows find a partner in the merge")
        return replace(node, left=left, right=right), left_moves or right_moves

    def _union(self, nodes: Sequence[Union]) -> tuple[Node, bool]:
        parts, moving = [], False
        for at, part in enumerate(nodes[0].inputs):
            below, moves = self._merge([node.inputs[at].input for node in nodes])
            parts.append(UnionInput(below, part.items))
            moving = moving or moves
        if moving and nodes[0].distinct:
            self._block("the parameter decides which rows are duplicates")
        return replace(nodes[0], inputs=tuple(parts)), moving
