"""Which columns tell the rows of a plan's datasets apart, and which values its merges repeat."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from gsrules.catalogue.datatypes import Family
from gsrules.expressions.tree import ColumnRef, Expr, references
from gsrules.plan.nodes import (
    Aggregate,
    Column,
    DataPlan,
    Filter,
    Join,
    LookupHop,
    Matching,
    Node,
    Project,
    Projection,
    ScanFile,
    ScanObject,
    TaskRef,
    Union,
    inputs,
)
from gsrules.run.advice.conditions import fixed
from gsrules.run.advice.rows import Mark, Names, Rows, least

if TYPE_CHECKING:
    from gsrules.catalogue import Catalogue

_TELLING: Final = (Family.TEXT, Family.ID)
"""Families of columns that may identify a row."""


class Repetition:
    """What is known of the rows of each dataset, and of each node of it."""

    def __init__(self, plan: DataPlan, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._nodes: dict[int, Rows] = {}
        self._task = ""
        self.tasks: dict[str, Rows] = {}
        for task in plan.tasks.values():
            self._task = task.name
            found = self._of(task.node)
            names = {name: frozenset({task.name}) for name in found.columns}
            self.tasks[task.name] = replace(found, sources=names)

    def of(self, node: Node) -> Rows:
        """What is known at a node of the plan."""
        return self._nodes[id(node)]

    def _of(self, node: Node) -> Rows:
        found = self._nodes[id(node)] = self._made(node)
        return found

    def _made(self, node: Node) -> Rows:
        match node:
            case ScanObject():
                return self._object(node)
            case ScanFile():
                return Rows(_names(node.columns), (), least(_telling(node.columns)))
            case TaskRef():
                return self.tasks[node.task]
            case LookupHop():
                below = self._of(node.input)
                added = (frozenset({node.key}), _names(node.added))
                maybe = least([*below.maybe, *_telling(node.added)])
                return replace(below, columns=_names(node.columns), maybe=maybe, depends=(*below.depends, added))
            case Matching():
                return self._of(node.input)
            case Filter():
                below = self._of(node.input)
                same = fixed(node.predicate)
                return replace(below, depends=((frozenset(), same), *below.depends)) if same else below
            case Project():
                return _projected(self._of(node.input), node.items)
            case Aggregate():
                return _grouped(self._of(node.input), node)
            case Join():
                return self._join(node)
            case Union():
                for part in node.inputs:
                    self._of(part.input)
                return Rows(_names(node.columns), (_names(node.columns),) if node.distinct else ())
            case _:
                (below,) = (self._of(each) for each in inputs(node))
                return replace(below, columns=_names(node.columns))

    def _object(self, node: ScanObject) -> Rows:
        """The record's id is its key; a text may be one, a lookup, a picklist, a date is none."""
        names = _names(node.columns)
        own = next((name for name in ("Gsid", "Id") if name in names), None)
        definition = self._catalogue.object(node.object) if node.source == "tenant" else None
        unique = {f.name for f in definition.fields.values() if f.unique} if definition is not None else set()
        keys = [frozenset({name}) for name in (own, *sorted(unique & names)) if name is not None]
        depends = ((frozenset({own}), names),) if own is not None else ()
        return Rows(names, least(keys), least(_telling(node.columns)), depends)

    def _join(self, node: Join) -> Rows:
        left = self._of(node.left).renamed(node.left_names)
        right = self._of(node.right).renamed(node.right_names)
        left_keys = _outer([key.left for key in node.keys], node.left_names)
        right_keys = _outer([key.right for key in node.keys], node.right_names)
        one_right, one_left = right.unique(right_keys), left.unique(left_keys)
        depends = [*left.depends, *right.depends]
        exact = not any(key.ignore_case for key in node.keys)
        if node.keep in ("common", "left"):
            depends.append((left_keys, right.columns if one_right == "yes" else right_keys if exact else frozenset()))
        if node.keep in ("common", "right"):
            depends.append((right_keys, left.columns if one_left == "yes" else left_keys if exact else frozenset()))
        both = [a | b for a in left.keys for b in right.keys]
        keys, maybe = list(both), [a | b for a in (*left.keys, *left.maybe) for b in (*right.keys, *right.maybe)]
        for rows, one, keeps in ((left, one_right, ("common", "left")), (right, one_left, ("common", "right"))):
            if one == "yes" and node.keep in keeps:
                keys += rows.keys
            if one != "no":
                maybe += [*rows.keys, *rows.maybe]
        marks = {**left.marks, **right.marks}
        self._mark(marks, left, right, self._side(node.right), right_keys)
        self._mark(marks, right, left, self._side(node.left), left_keys)
        return Rows(
            _names(node.columns), least(keys), least(maybe), tuple(depends), marks, {**left.sources, **right.sources}
        )

    def _mark(
        self, marks: dict[str, tuple[Mark, ...]], rows: Rows, other: Rows, side: tuple[str, ...], keys: Names
    ) -> None:
        """Marks what is repeated of `rows`; a text of records that may identify them is taken for doing so."""
        one = other.unique(keys)
        if one == "yes" or (one == "maybe" and other.keys):
            return
        names = tuple(sorted(key.rpartition(".")[2] for key in keys))
        mark = Mark(self._task, side, names, one == "no")
        for name in rows.columns:
            marks[name] = (*marks.get(name, ()), mark)

    def _side(self, node: Node) -> tuple[str, ...]:
        if isinstance(node, TaskRef):
            return (node.task,)
        return tuple(name for each in inputs(node) for name in self._side(each))


def _telling(columns: Iterable[Column]) -> list[Names]:
    """Columns that may identify a row each: texts and ids, but no lookups."""
    return [frozenset({c.name}) for c in columns if c.type.family in _TELLING and c.type.target is None]


def _names(columns: Iterable[Column]) -> Names:
    return frozenset(column.name for column in columns)


def _outer(keys: Iterable[str], names: Mapping[str, str]) -> Names:
    """The key columns of a side as the joined relation names them."""
    new = {old: name for name, old in names.items()}
    return frozenset(new[key] for key in keys if key in new)


def _projected(below: Rows, items: Iterable[Projection]) -> Rows:
    plain = {item.column.name: item.expr.name for item in items if isinstance(item.expr, ColumnRef)}
    computed = {item.column.name: item.expr for item in items if not isinstance(item.expr, ColumnRef)}
    # A computed column stands beside those that it is computed from, under a name that no column has.
    stands = {f"{name}\n": references(expr) for name, expr in computed.items() if _is_steady(expr)}
    wide = replace(
        below,
        depends=(*below.depends, *((left, frozenset({name})) for name, left in stands.items())),
        marks={**below.marks, **{f"{name}\n": _common(below, expr) for name, expr in computed.items()}},
        sources={**below.sources, **{f"{name}\n": _sources(below, expr) for name, expr in computed.items()}},
    )
    found = wide.renamed({**plain, **{name: f"{name}\n" for name in computed}})
    return replace(found, marks={name: marks for name, marks in found.marks.items() if marks})


def _is_steady(expr: Expr) -> bool:
    return getattr(expr, "function", "") != "random"


def _common(below: Rows, expr: Expr) -> tuple[Mark, ...]:
    """What has repeated every column that the expression reads."""
    each = [below.marks.get(name, ()) for name in references(expr)]
    return tuple(mark for mark in each[0] if all(mark in other for other in each)) if each else ()


def _sources(below: Rows, expr: Expr) -> Names:
    return frozenset().union(*(below.sources.get(name, frozenset()) for name in references(expr)))


def _grouped(below: Rows, node: Aggregate) -> Rows:
    keys = _projected(below, node.keys)
    names = _names(key.column for key in node.keys)
    columns = _names(node.columns)
    # A group is the only row of its keys; fewer columns are enough where they determine the others.
    enough = [left for left, _ in keys.depends if left <= names and names <= keys.determined(left)]
    return Rows(columns, least([names, *enough]), (), (*keys.depends, (names, columns)))


def repeats(rows: Rows, names: Iterable[str]) -> tuple[Mark, ...]:
    """The merges that have repeated each of the columns."""
    each = [rows.marks.get(name, ()) for name in names]
    return tuple(mark for mark in each[0] if all(mark in other for other in each)) if each else ()
