"""Which columns of a dataset anything reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gsrules.expressions.tree import references
from gsrules.plan.nodes import Aggregate, DataPlan, Filter, Join, LookupHop, Matching, Node, Project, TaskRef, Union
from gsrules.plan.nodes import inputs as inputs_of
from gsrules.run.advice.conditions import expressions

if TYPE_CHECKING:
    from gsrules.run.advice.model import Subject


class Consumers:
    """Follows columns from the actions back to the tasks from which they come."""

    def __init__(self, subject: Subject) -> None:
        self._read: dict[str, set[str]] = {task: set() for task in subject.plan.tasks}
        for spec, action in subject.actions:
            self._read[subject.dataset(str(spec.from_))] |= action.reads
        self._follow(subject.plan)
        self._used = {*subject.acted_on, *subject.readers}

    def is_used(self, task: str) -> bool:
        """Whether a task or an action reads the dataset."""
        return task in self._used

    def reads(self, task: str, column: str) -> bool:
        """Whether anything that matters reads the column."""
        return column in self._read[task]

    def _follow(self, plan: DataPlan) -> None:
        for task in reversed(list(plan.tasks.values())):
            self._down(task.node, set(self._read[task.name]))

    def _down(self, node: Node, wanted: set[str]) -> None:
        """Notes what the node reads of its inputs, if `wanted` are the columns read of it."""
        match node:
            case TaskRef():
                self._read[node.task] |= wanted & {column.name for column in node.columns}
            case Filter():
                self._down(node.input, wanted | references(node.predicate))
            case Matching() | LookupHop():
                self._down(node.input, wanted | {node.key})
            case Project():
                items = [item for item in node.items if item.column.name in wanted]
                self._down(node.input, {name for item in items for name in references(item.expr)})
            case Aggregate():
                self._down(node.input, {name for expr in expressions(node) for name in references(expr)})
            case Join():
                for side, names, keys in (
                    (node.left, node.left_names, {key.left for key in node.keys}),
                    (node.right, node.right_names, {key.right for key in node.keys}),
                ):
                    self._down(side, {names[name] for name in wanted if name in names} | keys)
            case Union():
                for part in node.inputs:
                    taken = wanted if not node.distinct else set(part.items)
                    sources = (part.items[name] for name in taken if name in part.items)
                    self._down(part.input, {source for source in sources if source is not None})
            case _:
                # What a node of another kind reads is its own business: everything counts as read.
                for each in inputs_of(node):
                    self._down(each, {column.name for column in each.columns})
