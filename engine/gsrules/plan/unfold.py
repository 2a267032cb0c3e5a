"""Unfolding: the same plan with every step of a task as a task of its own, each row knowing where it comes from.

A traced run computes the unfolded plan. It says the same as the plan itself; only the statements are more and smaller.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Final

from gsrules.catalogue.datatypes import GSID, WHOLE
from gsrules.dataclass import dataclass
from gsrules.expressions.tree import ColumnRef, Literal
from gsrules.plan.nodes import (
    Aggregate,
    Column,
    DataPlan,
    Filter,
    Join,
    LookupHop,
    Matching,
    Node,
    OverRows,
    PlannedTask,
    Project,
    Projection,
    ScanFile,
    ScanObject,
    TaskRef,
    Union,
    UnionInput,
    inputs,
    walk,
)

ROW: Final = Column("__row", "row", WHOLE)
FROM: Final = Column("__from", "from row", WHOLE)
LEFT: Final = Column("__left", "left row", WHOLE)
RIGHT: Final = Column("__right", "right row", WHOLE)
BRANCH: Final = Column("__branch", "branch", WHOLE)
LINE: Final = Column("__line", "row of the files", WHOLE)
FOUND: Final = Column("__found", "record found", GSID)

HIDDEN: Final = (FROM, LEFT, RIGHT, BRANCH, LINE, FOUND)
"""The columns that carry where a row comes from; no column of a rule has such a name."""


@dataclass(frozen=True, slots=True)
class Part:
    """One step of a task: `node` as the rule's plan holds it, reading the rows of the parts `inputs`.

    `keys` names, for a group, the part that tells the keys of each input row. `hidden` are the columns that the
    part's rows carry besides those of `node`.
    """

    name: str
    task: str
    kind: str
    node: Node
    inputs: tuple[str, ...]
    hidden: tuple[Column, ...] = ()
    keys: str | None = None

    @property
    def columns(self) -> tuple[Column, ...]:
        return self.node.columns


@dataclass(frozen=True, slots=True)
class Unfolded:
    """A plan in parts. `parts`: those of each task, sources first; the last has the task's name, columns and rows."""

    plan: DataPlan
    parts: Mapping[str, tuple[Part, ...]]

    def part(self, name: str) -> Part:
        """The part of that name."""
        return next(part for parts in self.parts.values() for part in parts if part.name == name)

    def task_of(self, name: str) -> str:
        """The rule's task to which a task of the unfolded plan belongs."""
        return name.split(_MARK, 1)[0] if name not in self.parts else name

    def readers(self, name: str) -> tuple[tuple[Part, int], ...]:
        """The parts that read this part, each with the position of it among their inputs."""
        every = (part for parts in self.parts.values() for part in parts)
        return tuple((part, at) for part in every for at, source in enumerate(part.inputs) if source == name)


_MARK: Final = " ▸ "

_KINDS: Final[Mapping[type[object], str]] = {
    ScanObject: "records",
    ScanFile: "file",
    LookupHop: "lookup",
    Matching: "customers",
    Filter: "filter",
    Project: "columns",
    Aggregate: "group",
    OverRows: "values over rows",
    Join: "merge",
    Union: "union",
    TaskRef: "columns",
}


def unfold(plan: DataPlan, wide: DataPlan | None = None) -> Unfolded:
    """The plan in parts. With `wide`, the same plan before pruning, sources keep the columns that it has there."""
    made = _Unfolder(plan, wide or plan)
    for task in plan.tasks.values():
        made.unfold(task)
    return Unfolded(replace(plan, tasks=made.tasks), made.parts)


class _Unfolder:
    """Collects the tasks of the unfolded plan, inputs before those that read them."""

    def __init__(self, plan: DataPlan, wide: DataPlan) -> None:
        self.tasks: dict[str, PlannedTask] = {}
        self.parts: dict[str, tuple[Part, ...]] = {}
        self._wide = wide
        self._names = set(plan.tasks)

    def unfold(self, task: PlannedTask) -> None:
        self.parts[task.name] = ()
        self._part(task, task.node)

    def _part(self, task: PlannedTask, node: Node) -> str:
        """The name of the part that gives the node's rows."""
        if isinstance(node, TaskRef) and node is not task.node:
            return node.task
        below = (node.task,) if isinstance(node, TaskRef) else tuple(self._part(task, each) for each in inputs(node))
        kind = _kind(node)
        name = task.name if node is task.node else self._name(task, kind)
        match node:
            case ScanObject() | ScanFile():
                self._add(task, name, kind, self._scan(task, node), below)
            case Aggregate():
                self._add_group(task, name, node, below[0])
            case Union() if node.distinct:
                self._add_distinct(task, name, node, below)
            case _:
                self._add(task, name, kind, node, below)
        return name

    def _name(self, task: PlannedTask, kind: str) -> str:
        stem = f"{task.name}{_MARK}{len(self.parts[task.name]) + 1} {kind}"
        while stem in self._names:
            stem += "'"
        self._names.add(stem)
        return stem

    def _scan(self, task: PlannedTask, node: ScanObject | ScanFile) -> ScanObject | ScanFile:
        """The source with all its columns."""
        wide = next(each for each in walk(self._wide.tasks[task.name].node) if type(each) is type(node))
        assert isinstance(wide, ScanObject | ScanFile)
        return replace(node, columns=wide.columns)

    def _add(self, task: PlannedTask, name: str, kind: str, node: Node, below: tuple[str, ...]) -> None:
        rows, hidden = _tracing(node, below)
        self._put(task, name, rows, below)
        self._note(Part(name, task.name, kind, node, below, hidden))

    def _add_group(self, task: PlannedTask, name: str, node: Aggregate, source: str) -> None:
        keys = self._name(task, "keys")
        read = _reading(source, node.input.columns)
        self._put(task, keys, Project(read, (*node.keys, _carry(FROM))), (source,))
        self._put(task, name, replace(node, input=_plainly(source, node.input.columns)), (source,))
        self._note(Part(name, task.name, _kind(node), node, (source,), keys=keys))

    def _add_distinct(self, task: PlannedTask, name: str, node: Union, below: tuple[str, ...]) -> None:
        """A union without duplicates: first all rows, then each once."""
        every = self._name(task, "rows")
        self._add(task, every, "rows", replace(node, distinct=False), below)
        items = tuple(Projection(column, ColumnRef(column.name, column.type)) for column in node.columns)
        keys = self._name(task, "keys")
        self._put(task, keys, Project(_reading(every, node.columns), (*items, _carry(FROM))), (every,))
        self._put(task, name, Aggregate(_plainly(every, node.columns), items, ()), (every,))
        self._note(Part(name, task.name, "distinct", node, (every,), keys=keys))

    def _put(self, task: PlannedTask, name: str, node: Node, below: tuple[str, ...]) -> None:
        self.tasks[name] = PlannedTask(name, task.kind, node, tuple(dict.fromkeys(below)), task.place)

    def _note(self, part: Part) -> None:
        self.parts[part.task] += (part,)


def _kind(node: Node) -> str:
    if isinstance(node, Aggregate) and node.is_pivot:
        return "pivot"
    return _KINDS[type(node)]


def _plainly(source: str, columns: tuple[Column, ...]) -> TaskRef:
    return TaskRef(source, columns)


def _reading(source: str, columns: tuple[Column, ...]) -> TaskRef:
    """The rows of a part with their numbers."""
    return TaskRef(source, (*columns, ROW))


def _carry(column: Column) -> Projection:
    return Projection(column, ColumnRef(ROW.name, WHOLE))


def _tracing(node: Node, below: tuple[str, ...]) -> tuple[Node, tuple[Column, ...]]:
    """The node over the parts that it reads, with the columns that tell where its rows come from."""
    match node:
        case ScanObject():
            return node, ()
        case ScanFile():
            return replace(node, columns=(*node.columns, LINE), line=LINE.name), (LINE,)
        case TaskRef():
            return _kept(_reading(below[0], node.columns), node.columns), (FROM,)
        case LookupHop():
            return _tracing_lookup(node, below[0]), (FROM, FOUND)
        case Filter() | Matching() | OverRows():
            return _kept(replace(node, input=_reading(below[0], node.input.columns)), node.columns), (FROM,)
        case Project():
            read = _reading(below[0], node.input.columns)
            return Project(read, (*node.items, _carry(FROM))), (FROM,)
        case Join():
            return _tracing_join(node, below), (LEFT, RIGHT)
        case Union():
            return _tracing_union(node, below), (FROM, BRANCH)
        case Aggregate():
            raise NotImplementedError("a group has parts of its own")


def _kept(node: Node, columns: tuple[Column, ...]) -> Project:
    """The rows of a node with the columns given, and the row that each comes from."""
    items = tuple(Projection(column, ColumnRef(column.name, column.type)) for column in columns)
    return Project(node, (*items, _carry(FROM)))


def _tracing_lookup(node: LookupHop, source: str) -> Project:
    """Also tells which record was found: its fields may all be null."""
    fields = {**node.fields, FOUND.name: "Gsid"}
    hop = replace(node, input=_reading(source, node.input.columns), fields=fields, added=(*node.added, FOUND))
    kept = _kept(hop, node.columns)
    return Project(hop, (*kept.items, Projection(FOUND, ColumnRef(FOUND.name, FOUND.type))))


def _tracing_join(node: Join, below: tuple[str, ...]) -> Join:
    return replace(
        node,
        left=_reading(below[0], node.left.columns),
        right=_reading(below[1], node.right.columns),
        left_names={**node.left_names, LEFT.name: ROW.name},
        right_names={**node.right_names, RIGHT.name: ROW.name},
        columns=(*node.columns, LEFT, RIGHT),
    )


def _tracing_union(node: Union, below: tuple[str, ...]) -> Union:
    made = []
    for at, (part, source) in enumerate(zip(node.inputs, below, strict=True)):
        read = _kept(_reading(source, part.input.columns), part.input.columns)
        marked = Project(read.input, (*read.items, Projection(BRANCH, Literal(Decimal(at), WHOLE))))
        made.append(UnionInput(marked, {**part.items, FROM.name: FROM.name, BRANCH.name: BRANCH.name}))
    return Union(tuple(made), (*node.columns, FROM, BRANCH))
