"""The plan: a rule bound to the catalogue, as immutable relational nodes.

Every name is resolved, every column typed, every doubtful behaviour decided. A node names columns of its
inputs only by their `Column.name`, which is unique in a relation without regard to letter case.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from datetime import date
from typing import Final, Literal

from gsrules.catalogue.datatypes import DataType
from gsrules.dataclass import dataclass
from gsrules.errors import Place, Problem
from gsrules.expressions.tree import Expr


@dataclass(frozen=True, slots=True)
class Column:
    """An output column: `name` is its stable identity (alias), `label` its display text.

    `origin` tells where the values come from, as `object.Field` or `task.Column` texts (lineage).
    """

    name: str
    label: str
    type: DataType
    origin: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ScanObject:
    """All records of a tenant object (`source` "tenant") or of a Salesforce sample ("salesforce").

    `computed` are the columns that are not stored, over stored fields.
    """

    object: str
    source: Literal["tenant", "salesforce"]
    columns: tuple[Column, ...]
    blank_is_null: bool = False
    computed: Mapping[str, Expr] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LookupHop:
    """One lookup followed: adds `added` columns of the record of `object` whose Gsid equals `key`.

    Never drops or multiplies rows (data-setup.md §4). `fields` maps each added column's name to the field read;
    `computed` are the fields that are not stored, over stored ones.
    """

    input: Node
    key: str
    object: str
    fields: Mapping[str, str]
    added: tuple[Column, ...]
    blank_is_null: bool = False
    computed: Mapping[str, Expr] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[Column, ...]:
        return self.input.columns + self.added


@dataclass(frozen=True, slots=True)
class Matching:
    """The rows whose `key` occurs as `field` of some record of the tenant's `object` (the option `customers_only`)."""

    input: Node
    key: str
    object: str
    field: str

    @property
    def columns(self) -> tuple[Column, ...]:
        return self.input.columns


@dataclass(frozen=True, slots=True)
class ScanFile:
    """The rows of the files that an S3 dataset task reads; `task` finds the opened source.

    `line` names the column, if any, that holds the number of the row in the files, from 1.
    """

    task: str
    columns: tuple[Column, ...]
    line: str = ""


@dataclass(frozen=True, slots=True)
class TaskRef:
    """The output of an earlier task."""

    task: str
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Filter:
    input: Node
    predicate: Expr

    @property
    def columns(self) -> tuple[Column, ...]:
        return self.input.columns


@dataclass(frozen=True, slots=True)
class Projection:
    """One output column computed from the input's columns."""

    column: Column
    expr: Expr


@dataclass(frozen=True, slots=True)
class Project:
    input: Node
    items: tuple[Projection, ...]

    @property
    def columns(self) -> tuple[Column, ...]:
        return tuple(item.column for item in self.items)


AggregateFunction = Literal["count", "count_distinct", "sum", "avg", "min", "max"]


@dataclass(frozen=True, slots=True)
class Measure:
    """`function` over `argument` (None: the number of records), only rows that fulfil `where` if given.

    `default` replaces a null result, and the result of a pivot column that no row feeds. `null_when_empty` makes a
    count over no row null (data-setup.md §10).
    """

    column: Column
    function: AggregateFunction
    argument: Expr | None
    where: Expr | None = None
    default: Expr | None = None
    null_when_empty: bool = False


@dataclass(frozen=True, slots=True)
class Aggregate:
    """Groups by `keys`; no keys means exactly one row, also for empty input. A pivot is one with `where`s."""

    input: Node
    keys: tuple[Projection, ...]
    measures: tuple[Measure, ...]
    is_pivot: bool = False

    @property
    def columns(self) -> tuple[Column, ...]:
        return tuple(k.column for k in self.keys) + tuple(m.column for m in self.measures)


StatisticFunction = Literal["covar_pop", "correlation", "var_pop", "stddev_pop", "median"]


EXACT: Final = frozenset({"median"})
"""The statistics whose column is a decimal; the others are doubles, which formulas read as `Unrounded`."""
BOUNDED: Final = frozenset({"stddev_pop", "correlation"})
"""The statistics that are never larger than their arguments."""


@dataclass(frozen=True, slots=True)
class Statistic:
    """`function` over all rows with no null argument (data-setup.md §11.4). `field` is the formula that uses it."""

    column: Column
    function: StatisticFunction
    arguments: tuple[Expr, ...]
    field: str


@dataclass(frozen=True, slots=True)
class RandomNumber:
    """The repeatable number of each row, a double (data-setup.md §11.4): hashed is `stem` and the row's number.

    Rows are numbered in the order of the columns `order`, which are all that the task reads.
    """

    column: Column
    stem: str
    order: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WindowMeasure:
    """`function` over `of` in the rows whose `day` is from `first` to before `end` (data-setup.md §13, §14).

    Each combination of values of the columns `by` has its own. `slots`, if there are any, are the first days of the
    periods of a block, in ascending order; with `missing_as_zero` each slot without a row, and each row without a
    value, counts as a zero. `field` is the formula that uses it.
    """

    column: Column
    function: AggregateFunction
    of: Expr
    day: Expr
    first: date
    end: date
    by: tuple[str, ...]
    field: str
    slots: tuple[date, ...] = ()
    missing_as_zero: bool = False


OverRowsValue = Statistic | RandomNumber | WindowMeasure


@dataclass(frozen=True, slots=True)
class OverRows:
    """Adds columns that depend on many rows of the input: statistics, random numbers, aggregations over time.

    Never drops or multiplies rows. The formulas of a transform stand above it and read its columns as any other.
    """

    input: Node
    values: tuple[OverRowsValue, ...]

    @property
    def columns(self) -> tuple[Column, ...]:
        return self.input.columns + tuple(value.column for value in self.values)


@dataclass(frozen=True, slots=True)
class JoinKey:
    """`left` (a column of the left relation) equals `right`; `ignore_case` is the `~` form."""

    left: str
    right: str
    ignore_case: bool
    null_matches: bool


@dataclass(frozen=True, slots=True)
class Join:
    """An equi-join. `left_names`/`right_names` map output column names to columns of each side."""

    left: Node
    right: Node
    keep: Literal["common", "left", "right", "all"]
    keys: tuple[JoinKey, ...]
    left_names: Mapping[str, str]
    right_names: Mapping[str, str]
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class UnionInput:
    """`items` gives, for each output column by name, the input's column, or None for null."""

    input: Node
    items: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Union:
    inputs: tuple[UnionInput, ...]
    columns: tuple[Column, ...]
    distinct: bool = False


Node = ScanObject | LookupHop | Matching | ScanFile | TaskRef | Filter | Project | Aggregate | OverRows | Join | Union


@dataclass(frozen=True, slots=True)
class PlannedTask:
    """One dataset task: its rows are those of `node`; `parents` are the tasks that it reads."""

    name: str
    kind: str
    node: Node
    parents: tuple[str, ...]
    place: Place | None = None

    @property
    def columns(self) -> tuple[Column, ...]:
        return self.node.columns


@dataclass(frozen=True, slots=True)
class DataPlan:
    """All tasks of a rule, each after the tasks it reads, and what the binder had to say.

    An `exact` plan holds no whole columns but counts, and its sums cannot overflow.
    """

    tasks: Mapping[str, PlannedTask]
    findings: tuple[Problem, ...] = field(default=())
    exact: bool = False


def read_over_rows(value: OverRowsValue) -> tuple[Expr, ...]:
    """The expressions that a value over rows is computed from."""
    match value:
        case Statistic():
            return value.arguments
        case WindowMeasure():
            return (value.of, value.day)
        case RandomNumber():
            return ()


def inputs(node: Node) -> tuple[Node, ...]:
    """The nodes that a node reads directly, from left to right."""
    match node:
        case Join():
            return (node.left, node.right)
        case Union():
            return tuple(part.input for part in node.inputs)
        case LookupHop() | Matching() | Filter() | Project() | Aggregate() | OverRows():
            return (node.input,)
        case ScanObject() | ScanFile() | TaskRef():
            return ()


def walk(node: Node) -> Iterator[Node]:
    """The node and all nodes below it within its task."""
    yield node
    for below in inputs(node):
        yield from walk(below)
