"""Which columns of a plan may be null, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from gsrules.dataclass import dataclass
from gsrules.expressions.tree import Case, ColumnRef, Expr, RuleDate, references, walk
from gsrules.expressions.tree import Literal as Constant
from gsrules.plan.nodes import (
    Aggregate,
    DataPlan,
    Filter,
    Join,
    LookupHop,
    Matching,
    Node,
    Project,
    ScanFile,
    ScanObject,
    TaskRef,
    Union,
    inputs,
)
from gsrules.run.advice.conditions import never_null

if TYPE_CHECKING:
    from gsrules.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a column may be null: `kind`, and in words. `task`: the merge that leaves rows without a match."""

    kind: Literal["lookup", "unmatched", "case", "optional", "cell", "computed"]
    words: str
    task: str = ""

    @property
    def is_strong(self) -> bool:
        """Whether nulls are to be expected, not only possible."""
        return self.kind in ("lookup", "unmatched", "case")


Reasons = Mapping[str, Reason]
"""By column; those that are never null are left out."""


class Nulls:
    """The reasons for nulls in each dataset, and in each node of it."""

    def __init__(self, plan: DataPlan, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._nodes: dict[int, Reasons] = {}
        self._task = ""
        self.tasks: dict[str, Reasons] = {}
        for task in plan.tasks.values():
            self._task = task.name
            self.tasks[task.name] = self._of(task.node)

    def of(self, node: Node) -> Reasons:
        """The reasons at a node of the plan."""
        return self._nodes[id(node)]

    def _of(self, node: Node) -> Reasons:
        found = self._nodes[id(node)] = self._made(node)
        return found

    def _made(self, node: Node) -> Reasons:
        match node:
            case ScanObject():
                return self._object(node)
            case ScanFile():
                return {c.name: Reason("cell", "cells of a file may be empty") for c in node.columns}
            case TaskRef():
                return self.tasks[node.task]
            case LookupHop():
                return self._looked_up(node)
            case Matching():
                return {name: reason for name, reason in self._of(node.input).items() if name != node.key}
            case Filter():
                certain = never_null(node.predicate)
                return {name: reason for name, reason in self._of(node.input).items() if name not in certain}
            case Project():
                below = self._of(node.input)
                made = {item.column.name: _of_expr(item.expr, below) for item in node.items}
                return {name: reason for name, reason in made.items() if reason is not None}
            case Aggregate():
                return self._group(node)
            case Join():
                return self._join(node)
            case Union():
                return self._union(node)
            case _:
                merged: dict[str, Reason] = {}
                for each in inputs(node):
                    merged.update(self._of(each))
                return merged

    def _object(self, node: ScanObject) -> Reasons:
        definition = self._catalogue.object(node.object) if node.source == "tenant" else None
        made: dict[str, Reason] = {}
        for column in node.columns:
            field = definition.fields.get(column.name) if definition is not None else None
            if field is None or not (field.required or field.system or field.name_field):
                words = f"{node.object}.{column.name} is not a required field"
                made[column.name] = Reason("optional", words)
        return made

    def _looked_up(self, node: LookupHop) -> Reasons:
        """A lookup that is always filled gives what the record holds."""
        made = dict(self._of(node.input))
        definition = self._catalogue.object(node.object)
        for column in node.added:
            field = definition.fields.get(node.fields[column.name]) if definition is not None else None
            if node.key in made:
                made[column.name] = Reason("lookup", f"it comes through the lookup {node.key}, which may be empty")
            elif field is None or not (field.required or field.system or field.name_field):
                made[column.name] = Reason("optional", f"{node.object}.{node.fields[column.name]} is not required")
        return made

    def _group(self, node: Aggregate) -> Reasons:
        below = self._of(node.input)
        made = {key.column.name: _of_expr(key.expr, below) for key in node.keys}
        for measure in node.measures:
            if measure.function in ("count", "count_distinct") or measure.default is not None:
                continue
            made[measure.column.name] = Reason("computed", f"{measure.function} of no value is null")
        return {name: reason for name, reason in made.items() if reason is not None}

    def _join(self, node: Join) -> Reasons:
        sides = (
            (self._of(node.left), node.left_names, node.keep in ("right", "all"), {key.left for key in node.keys}),
            (self._of(node.right), node.right_names, node.keep in ("left", "all"), {key.right for key in node.keys}),
        )
        matched = node.keep == "common" and not any(key.null_matches for key in node.keys)
        words = f"rows without a match in the merge '{self._task}' have none"
        made: dict[str, Reason] = {}
        for below, names, unmatched, keys in sides:
            for name, source in names.items():
                if unmatched:
                    made[name] = Reason("unmatched", words, self._task)
                elif source in below and not (matched and source in keys):
                    made[name] = below[source]
        return made

    def _union(self, node: Union) -> Reasons:
        made: dict[str, Reason] = {}
        for part in node.inputs:
            below = self._of(part.input)
            for name, source in part.items.items():
                if source is None:
                    made.setdefault(name, Reason("computed", "an input of the union does not fill it"))
                elif source in below:
                    made.setdefault(name, below[source])
        return made


def _of_expr(expr: Expr, below: Reasons) -> Reason | None:
    """Why an expression may be null."""
    if isinstance(expr, ColumnRef):
        return below.get(expr.name)
    if isinstance(expr, Constant):
        return Reason("computed", "it is null") if expr.value is None else None
    if isinstance(expr, RuleDate):
        return None
    if isinstance(expr, Case):
        results = [_of_expr(branch.then, below) for branch in expr.branches]
        if expr.default is None:
            return Reason("case", "a case without `else` is null where no case holds")
        return next((reason for reason in (*results, _of_expr(expr.default, below)) if reason is not None), None)
    if any(getattr(each, "function", "") in ("coalesce", "is_empty", "if_null") for each in walk(expr)):
        return None
    names = sorted(references(expr) & below.keys())
    return Reason("computed", f"it is computed from '{names[0]}'") if names else None
