"""What a traced run leaves behind: the rows of every step of every task, and which rows they were made of."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from gsrules.compile import Counter, prune
from gsrules.compile.stages import stages
from gsrules.dataclass import dataclass
from gsrules.plan.nodes import Aggregate, Column, DataPlan, Join, Union
from gsrules.plan.unfold import BRANCH, FOUND, FROM, LEFT, LINE, RIGHT, ROW, Part, Unfolded, unfold
from gsrules.run.prepare import BoundRule
from gsrules.tenant import Tenant
from gsrules.tenant.names import column, create_temp, drop, identifier, named, run, select_from, temp_table

if TYPE_CHECKING:
    from gsrules.sources import OpenSource

_LINKS: Final = "_links"
_numbers = itertools.count(1)

RowSet = exp.Query
"""A query with one column `row`: row numbers of one part."""

_Step = Callable[[Part, Mapping[str, exp.Select]], list[exp.Select]]
"""The sets of rows of a part that follow from the sets already found."""


@dataclass(slots=True)
class Trace:
    """The parts of a traced run as temporary tables of the tenant's connection.

    Each has the part's columns and `__row`; what its rows were made of is told by `links`, `ancestors` and
    `descendants`. All of it is gone after `drop`.
    """

    bound: BoundRule
    unfolded: Unfolded
    tenant: Tenant
    sources: Mapping[str, OpenSource]
    tables: Mapping[str, str]
    datasets: frozenset[str]
    _made: list[str] = field(default_factory=list)

    @property
    def parts(self) -> tuple[Part, ...]:
        """All parts, each after those that it reads."""
        return tuple(part for parts in self.unfolded.parts.values() for part in parts)

    def part(self, name: str) -> Part:
        """The part of that name; a task's name is that of its last part."""
        return self.unfolded.part(name)

    def table(self, part: str) -> str:
        """The temporary table with the rows of a part."""
        return self.tables[part]

    def rows(self, part: str, alias: str | None = None) -> exp.Table:
        """The table of a part, for a FROM."""
        return temp_table(self.tables[part], alias)

    def links_table(self, part: str, alias: str | None = None) -> exp.Table:
        """The table that tells of each row (`__row`) the hidden columns of the part."""
        return temp_table(self.tables[part] + _LINKS, alias)

    def links(self, part: str, input_index: int = 0) -> exp.Select:
        """`child` and `parent`: which row of the input each row was made of; several for groups."""
        found = self.part(part)
        if found.keys is not None:
            return self._group_links(found)
        source = (LEFT, RIGHT)[input_index] if isinstance(found.node, Join) else FROM
        read = column(source.name, "l")
        child, parent = named(column(ROW.name, "l"), "child"), named(read, "parent")
        links = select_from(self.links_table(part, "l"), child, parent)
        if source is not FROM:
            return links.where(read.copy().is_(exp.Null()).not_(), copy=False)
        if isinstance(found.node, Union):
            return links.where(column(BRANCH.name, "l").eq(input_index), copy=False)
        return links

    def ancestors(self, start: Mapping[str, RowSet]) -> dict[str, exp.Select]:
        """The rows of every part from which the `start` rows were made, and those themselves, by part."""
        return self._follow(start, self._upwards, reversed(self.parts))

    def descendants(self, start: Mapping[str, RowSet]) -> dict[str, exp.Select]:
        """The rows of every part that were made of the `start` rows, and those themselves, by part."""
        return self._follow(start, self._downwards, self.parts)

    def lines(self, part: str) -> exp.Select:
        """`row` and `line` of a part that reads files: the number of the row in the files, from 1."""
        row, line = named(column(ROW.name, "l"), "row"), named(column(LINE.name, "l"), "line")
        return select_from(self.links_table(part, "l"), row, line)

    def found(self, part: str) -> exp.Select:
        """`row` and `found` of a lookup: the Gsid of the record that was found, or null."""
        row, found = named(column(ROW.name, "l"), "row"), named(column(FOUND.name, "l"), "found")
        return select_from(self.links_table(part, "l"), row, found)

    def keep(self, query: exp.Query) -> str:
        """Makes a temporary table that lives as long as the trace; its name."""
        name = f"gs_trace_{next(_numbers)}"
        run(self.tenant.con, create_temp(name, query))
        self._made.append(name)
        return name

    def drop(self) -> None:
        """Drops all tables of the trace; the datasets of the run stay."""
        linked = [self.tables[part.name] + _LINKS for part in self.parts if part.hidden]
        inner = [table for name, table in self.tables.items() if name not in self.datasets]
        for name in (*self._made, *linked, *inner):
            run(self.tenant.con, drop(temp_table(name)))

    def _group_links(self, part: Part) -> exp.Select:
        """Groups with the rows whose keys are theirs; nulls are equal."""
        assert part.keys is not None
        node = part.node
        keys: Sequence[Column] = node.columns
        if isinstance(node, Aggregate):
            keys = tuple(key.column for key in node.keys)
        child, parent = named(column(ROW.name, "g"), "child"), named(column(FROM.name, "k"), "parent")
        links = select_from(self.rows(part.name, "g"), child, parent)
        met = [exp.NullSafeEQ(this=column(each.name, "g"), expression=column(each.name, "k")) for each in keys]
        return links.join(self.rows(part.keys, "k"), on=exp.and_(*met) if met else exp.true(), copy=False)

    def _follow(self, start: Mapping[str, RowSet], step: _Step, order: Iterable[Part]) -> dict[str, exp.Select]:
        found: dict[str, exp.Select] = {}
        for part in order:
            sets = [start[part.name]] if part.name in start else []
            sets += step(part, found)
            if sets:
                made = sets[0]
                for other in sets[1:]:
                    made = exp.Union(this=made, expression=other, distinct=True)
                rows = exp.Subquery(this=made, alias=exp.TableAlias(this=identifier("s")))
                distinct = select_from(rows, column("row", "s")).distinct(copy=False)
                found[part.name] = select_from(temp_table(self.keep(distinct)), column("row"))
        return found

    def _upwards(self, part: Part, found: Mapping[str, exp.Select]) -> list[exp.Select]:
        return [
            self._linked(reader.name, at, "child", "parent", found[reader.name])
            for reader, at in self.unfolded.readers(part.name)
            if reader.name in found
        ]

    def _downwards(self, part: Part, found: Mapping[str, exp.Select]) -> list[exp.Select]:
        return [
            self._linked(part.name, at, "parent", "child", found[source])
            for at, source in enumerate(part.inputs)
            if source in found
        ]

    def _linked(self, part: str, at: int, given: str, wanted: str, rows: exp.Select) -> exp.Select:
        links = exp.Subquery(this=self.links(part, at), alias=exp.TableAlias(this=identifier("m")))
        known = exp.In(this=column(given, "m"), query=exp.Subquery(this=rows.copy()))
        return select_from(links, named(column(wanted, "m"), "row")).where(known, copy=False)


class Tracer:
    """Turns the statements of a rule's plan into those of a traced run, and what they count back again."""

    def __init__(self, bound: BoundRule, outputs: Mapping[str, bool]) -> None:
        self._bound = bound
        self._datasets = frozenset(outputs)
        pruned = prune(bound.plan, tuple(outputs))
        self._order = [name for stage in stages(pruned, tuple(outputs)) for name in (*stage.tasks, *stage.extra)]
        self.unfolded = unfold(pruned, bound.plan)
        self._parts = {part.name: part for parts in self.unfolded.parts.values() for part in parts}

    @property
    def plan(self) -> DataPlan:
        return self.unfolded.plan

    @property
    def outputs(self) -> dict[str, bool]:
        """Everything is kept; what only tells the keys of groups has no order."""
        return {name: name in self._parts for name in self.plan.tasks}

    def as_of_tasks(self, lost: Sequence[tuple[Counter, int]]) -> list[tuple[Counter, int]]:
        """Values lost in parts as the run without a trace counts them: by task, in its order."""
        parts = list(self._parts)
        known = [(counter, count) for counter, count in lost if counter.task in self._parts]
        known.sort(key=lambda each: (self._at(each[0].task), -parts.index(each[0].task)))
        return [(replace(counter, task=self.unfolded.task_of(counter.task)), count) for counter, count in known]

    def trace(self, tenant: Tenant, sources: Mapping[str, OpenSource], tables: Mapping[str, str]) -> Trace:
        """The trace of a finished run; `tables` are those of all parts."""
        for part in self._parts.values():
            if part.hidden:
                _split_links(tenant, tables[part.name], part)
        return Trace(self._bound, self.unfolded, tenant, sources, dict(tables), self._datasets)

    def _at(self, part: str) -> int:
        return self._order.index(self.unfolded.task_of(part))


def _split_links(tenant: Tenant, table: str, part: Part) -> None:
    """Moves the hidden columns of a part's table into a table of their own, next to it."""
    links = select_from(temp_table(table), column(ROW.name), *(column(each.name) for each in part.hidden))
    run(tenant.con, drop(temp_table(table + _LINKS)))
    run(tenant.con, create_temp(table + _LINKS, links))
    for each in part.hidden:
        hidden = exp.Drop(tables=[column(each.name)], kind="COLUMN")
        run(tenant.con, exp.Alter(this=exp.Table(this=identifier(table)), kind="TABLE", actions=[hidden]))
