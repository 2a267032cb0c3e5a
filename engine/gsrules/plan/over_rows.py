"""Columns over many rows that the formulas of a transform need: statistics, random numbers, windows of time.

Formulas are ordinary expressions over these columns and the input's; `RowsValues` collects the columns of one task.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Final

from gsrules.catalogue.datatypes import DATE, NUMBER, DataType, Family
from gsrules.dataclass import dataclass
from gsrules.errors import Place
from gsrules.expressions.functions import FUNCTIONS
from gsrules.expressions.periods import shift
from gsrules.expressions.printed import printed
from gsrules.expressions.show import resolve_name
from gsrules.expressions.tree import Call, ColumnRef, Convert, Expr, Unit, Unrounded, references, replaced, walk
from gsrules.plan.columns import aggregate_type, unique_name
from gsrules.plan.env import Skip, TaskEnv
from gsrules.plan.nodes import (
    BOUNDED,
    EXACT,
    AggregateFunction,
    Column,
    Node,
    OverRows,
    RandomNumber,
    Statistic,
    StatisticFunction,
    WindowMeasure,
    read_over_rows,
)
from gsrules.plan.show import Shelf
from gsrules.spec.text import Text

_STATISTICS: Final[tuple[StatisticFunction, ...]] = ("covar_pop", "correlation", "var_pop", "stddev_pop", "median")
_DIMENSIONS: Final = frozenset({Family.TEXT, Family.ID, Family.PICKLIST, Family.BOOLEAN})


@dataclass(frozen=True, slots=True)
class Block:
    """The days from `first` up to, not including, `end`; in periods that begin with `slots`, if that matters."""

    first: date
    end: date
    slots: tuple[date, ...] = ()
    missing_as_zero: bool = False


class RowsValues:
    """Collects the columns over rows of one task. `shown` are the plain columns that the task shows.

    `statistics`: its formulas may use functions over rows, which do not go with groups (data-setup.md §11.4).
    """

    def __init__(self, shelf: Shelf, shown: Sequence[str], env: TaskEnv, *, statistics: bool) -> None:
        self.context: Final = replace(env.context, over_rows=statistics)
        self._shelf = shelf
        self._shown = shown
        self._env = env
        self._taken = {name.lower() for name in shelf.columns}
        self._random: dict[str, RandomNumber] = {}
        self._others: list[Statistic | WindowMeasure] = []

    def over(self, node: Node) -> Node:
        """The node with the collected columns; itself if there are none. Statistics may read random numbers."""
        if self._random:
            node = OverRows(node, tuple(self._random.values()))
        return OverRows(node, tuple(self._others)) if self._others else node

    def read_by(self, field: str) -> frozenset[str]:
        """The columns from which those of a formula field are computed."""
        own = [value for value in self._others if value.field == field]
        read = (references(expr) for value in own for expr in read_over_rows(value))
        return frozenset[str]().union(*read, *(value.by for value in own if isinstance(value, WindowMeasure)))

    def lifted(self, expr: Expr, field: str) -> Expr:
        """The expression of a formula field with each function over rows replaced by a column."""
        if not any(isinstance(each, Call) and FUNCTIONS[each.function].over_rows for each in walk(expr)):
            return expr

        def column(each: Expr) -> Expr | None:
            if not isinstance(each, Call) or not FUNCTIONS[each.function].over_rows:
                return None
            if each.function == "random":
                return self._random_of(field, each.place)
            return self._statistic(each, field)

        return replaced(expr, column)

    def _random_of(self, field: str, place: Place | None) -> Expr:
        """The number is that of the column: each formula has one (data-setup.md §11.4)."""
        if field not in self._random:
            env = self._env
            seed, day = env.context.profile["formula.random_seed"], env.context.rule_date.isoformat()
            stem = f"{seed}|{env.rule}|{day}|{env.name}|{field}|"
            name = self._named(f"random() of {field}")
            self._random[field] = RandomNumber(Column(name, name, NUMBER), stem, self._shelf.order)
        return Unrounded(ColumnRef(self._random[field].column.name, NUMBER, place), NUMBER, place, bounded=True)

    def _statistic(self, call: Call, field: str) -> Expr:
        function = next(each for each in _STATISTICS if each == call.function)
        arguments = tuple(self.lifted(argument, field) for argument in call.args)
        name = self._named(printed(call))
        self._others.append(Statistic(Column(name, name, NUMBER), function, arguments, field))
        ref = ColumnRef(name, NUMBER, call.place)
        return ref if function in EXACT else Unrounded(ref, NUMBER, call.place, bounded=function in BOUNDED)

    def measure(
        self, title: str, function: AggregateFunction, of: ColumnRef, when: Expr, by: Sequence[str], block: Block,
        field: str,
    ) -> ColumnRef:  # fmt: skip
        """The column of an aggregation over the rows of a block."""
        kind = self._type(function, of)
        column = Column(self._named(f"{field}: {title}"), title, kind)
        self._others.append(
            WindowMeasure(
                column, function, of, when, block.first, block.end, tuple(by), field, block.slots, block.missing_as_zero
            )
        )
        return ColumnRef(column.name, kind)

    def _type(self, function: AggregateFunction, of: ColumnRef) -> DataType:
        """The type of an aggregation that gives a number; raises Skip after noting that it does not."""
        column = self._shelf.columns[of.name]
        made = aggregate_type(function, column, self._env, of.place)
        if made is not None and made.family is not Family.NUMBER:
            message = f"{function} of {column.name!r} is no number (INVALID_TYPE)"
            hint = "these fields are numbers: aggregate a Number column, or count"
            self._env.findings.error("GS-TYPE", message, of.place, value=column.name, hint=hint)
            made = None
        if made is None:
            raise Skip
        return made if made.whole else DataType(NUMBER.kind)

    def column(self, text: Text) -> ColumnRef:
        """An input column. Raises InputError."""
        return resolve_name(text, self._shelf.scope)

    def shown_column(self, text: Text, families: Iterable[Family], what: str) -> ColumnRef:
        """A shown column of one of the families; raises Skip after noting that it is none (data-setup.md §13, §14)."""
        ref = self.column(text)
        allowed = tuple(families)
        if ref.type.family not in allowed:
            message = f"{what} {str(text)!r} is {ref.type.family}, not {' or '.join(allowed)} (INVALID_TYPE)"
            self._env.findings.error("GS-TYPE", message, ref.place, value=str(text))
            raise Skip
        if ref.name not in self._shown:
            message = f"{what} {str(text)!r} is not shown by this task (INVALID_FIELD)"
            self._env.findings.error("GS-NAME", message, ref.place, value=str(text), hint="add it to show")
            raise Skip
        return ref

    def day(self, text: Text) -> Expr:
        """The date identifier, a DateTime as its tenant-zone date."""
        ref = self.shown_column(text, (Family.DATE, Family.DATETIME), "the date identifier")
        return ref if ref.type.family is Family.DATE else Convert(ref, DATE, ref.place)

    def partition(self, by: Sequence[Text] | None) -> tuple[str, ...]:
        """The columns whose values tell which rows are taken together (data-setup.md §14)."""
        if by is None:
            if self._env.context.profile["pop.partition"] == "none":
                return ()
            columns = self._shelf.columns
            return tuple(name for name in self._shown if columns[name].type.family in _DIMENSIONS)
        found = [self.column(text) for text in by]
        for ref in found:
            if ref.type.family is Family.MULTI_PICKLIST:
                message = f"{ref.name!r} is a multi-picklist, which cannot be grouped (INVALID_TYPE)"
                self._env.findings.error("GS-TYPE", message, ref.place, value=ref.name)
                raise Skip
        return tuple(dict.fromkeys(ref.name for ref in found))

    def _named(self, base: str) -> str:
        name = unique_name(base, self._taken)
        self._taken.add(name.lower())
        return name


def earlier(day: date, amount: int, unit: Unit) -> date:
    """`day` moved back, at most to the first day that there is."""
    try:
        return shift(day, -amount, unit)
    except OverflowError:
        return date.min
