"""What the numbers of rows of a run say: merges that multiply rows, fetches beyond Gainsight's limits.

data-setup.md §7 (fan-out), §17 (fetched rows). Looking closer at a merge costs a second look at what it reads. It is
done where that is quick, and only where there is something to look for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import duckdb
from sqlglot import exp

from gsrules.catalogue.datatypes import BOOLEAN, STRING, WHOLE, Family
from gsrules.compile import CompileEnv, compile_plan, run_step
from gsrules.dataclass import dataclass
from gsrules.errors import Problem
from gsrules.expressions.sql import call
from gsrules.expressions.tree import Call, ColumnRef, Compare, Expr, Literal
from gsrules.plan.limits import FETCHED_ROWS
from gsrules.plan.nodes import (
    Aggregate,
    Column,
    DataPlan,
    Filter,
    Join,
    JoinKey,
    Measure,
    Node,
    PlannedTask,
    Projection,
    ScanObject,
    TaskRef,
    walk,
)
from gsrules.run.prepare import BoundRule
from gsrules.run.report import TaskReport
from gsrules.tenant import Tenant
from gsrules.tenant.names import column, drop, spell, temp_table

if TYPE_CHECKING:
    from gsrules.sources import OpenSource

QUICK: Final = 200_000
"""A merge is looked at more closely if the tasks and objects that it needs hold no more rows than that."""
GROUPED: Final = 20_000
"""The same where the merge groups: then its rows do not tell whether there is anything to be seen."""
_PREFIX: Final = "gs_fan"
_TASK: Final = "fan out"
_HERE: Final = Column("__here", "rows of the joined dataset", WHOLE)
_THERE: Final = Column("__there", "rows of the left side", WHOLE)


def row_notes(
    bound: BoundRule, reports: Sequence[TaskReport], sources: Mapping[str, OpenSource], tenant: Tenant
) -> tuple[Problem, ...]:
    """Notes and warnings about the numbers of rows of a run whose datasets are computed."""
    rows = {report.task: report.rows or 0 for report in reports}
    found = list(fetched_rows(bound.plan, rows))
    if tenant.statements.kept:
        return tuple(found)  # a rule test: nobody reads notes, and it is to be quick
    for task in bound.plan.tasks.values():
        if task.kind == "merge" and _may_multiply(task, rows):
            found += _fan_out(task, rows, _Look(bound, sources, tenant))
    return tuple(found)


def fetched_rows(plan: DataPlan, rows: Mapping[str, int]) -> Iterator[Problem]:
    """A warning for each fetch that gives more rows than Gainsight fetches (§17)."""
    for task in plan.tasks.values():
        scan = next((node for node in walk(task.node) if isinstance(node, ScanObject)), None)
        if scan is None or rows.get(task.name, 0) <= FETCHED_ROWS[scan.source]:
            continue
        where = "Salesforce" if scan.source == "salesforce" else "Gainsight"
        message = f"{rows[task.name]:,} rows are fetched; {where} fetches at most {FETCHED_ROWS[scan.source]:,}"
        yield Problem("GS-LIMIT", message, task.place, f"task '{task.name}'", severity="warning", hint="filter them")


def _base(task: PlannedTask) -> str:
    """The left side of the first join."""
    return task.parents[0]


def _may_multiply(task: PlannedTask, rows: Mapping[str, int]) -> bool:
    """Whether there are more rows than on the left; after groups the number does not tell."""
    return _groups_rows(task) or rows[task.name] > rows[_base(task)]


def _groups_rows(task: PlannedTask) -> bool:
    return any(isinstance(node, Aggregate) for node in walk(task.node))


def _fan_out(task: PlannedTask, rows: Mapping[str, int], look: _Look) -> Iterator[Problem]:
    joins = [node for node in walk(task.node) if isinstance(node, Join)][::-1]
    most = GROUPED if _groups_rows(task) else QUICK
    if sum(rows[name] for name in look.needs(task)) + look.records(task) > most:
        yield from _counted_only(task, rows, joins)
        return
    for join in joins:
        found = look.at(task, join)
        if found is not None:
            yield _problem(task, join, found)


def _counted_only(task: PlannedTask, rows: Mapping[str, int], joins: Sequence[Join]) -> Iterator[Problem]:
    """What follows from the numbers alone: more rows than on the left, though nothing unmatched was added."""
    if _groups_rows(task) or any(join.keep in ("right", "all") for join in joins):
        return
    keys = ", ".join(_keys_text(join) for join in joins)
    message = f"{_rows(rows[_base(task)])} of {_base(task)!r} became {rows[task.name]:,}: keys repeat ({keys})"
    yield Problem("GS-FAN-OUT", message, task.place, f"task '{task.name}'", severity="note")


def _problem(task: PlannedTask, join: Join, found: _Repeated) -> Problem:
    keys = "a key repeats" if found.keys == 1 else f"{found.keys:,} keys repeat"
    message = (
        f"in {_dataset(join)!r} {keys} ({_keys_text(join)}), {found.example} {found.most:,} times: "
        f"{_rows(found.left)} of the left became {found.made:,}"
    )
    hint = ""
    if found.both:
        on_both = f"{found.both:,} of the keys repeat" if found.both > 1 else "one of the keys repeats"
        hint = f"{on_both} on both sides: every row meets every row; merge on more columns, or aggregate first"
    return Problem("GS-FAN-OUT", message, task.place, f"task '{task.name}'", hint=hint, severity="note")


def _rows(count: int) -> str:
    return f"{count:,} row{'' if count == 1 else 's'}"


def _dataset(join: Join) -> str:
    return join.right.task if isinstance(join.right, TaskRef) else ""


def _keys_text(join: Join) -> str:
    return " and ".join(f"{key.left} {'~' if key.ignore_case else '='} {key.right}" for key in join.keys)


@dataclass(frozen=True, slots=True)
class _Repeated:
    """Keys that several rows of the joined dataset share and the left side has: `both` of them repeat there, too.

    `left` rows of the left became `made`; `example` is the key with the most rows.
    """

    keys: int
    both: int
    left: int
    made: int
    most: int
    example: str


@dataclass(frozen=True, slots=True)
class _Look:
    """Looks at the keys of a merge."""

    bound: BoundRule
    sources: Mapping[str, OpenSource]
    tenant: Tenant

    def needs(self, task: PlannedTask) -> list[str]:
        """The tasks that a task reads, directly or not."""
        wanted, pending = dict[str, None](), [*task.parents]
        while pending:
            name = pending.pop()
            wanted[name] = None
            pending += self.bound.plan.tasks[name].parents
        return list(wanted)

    def records(self, task: PlannedTask) -> int:
        """The records of the objects that are read for a task; DuckDB knows the number without reading them."""
        nodes = [node for name in self.needs(task) for node in walk(self.bound.plan.tasks[name].node)]
        count = exp.select(exp.Count(this=exp.Star()))
        found = 0
        for scan in (node for node in nodes if isinstance(node, ScanObject)):
            tenant = self.tenant
            table = tenant.table(scan.object) if scan.source == "tenant" else tenant.salesforce(scan.object)
            ((rows,),) = tenant.con.execute(spell(count.copy().from_(table))).fetchall()
            found += rows
        return found

    def at(self, task: PlannedTask, join: Join) -> _Repeated | None:
        """The repeated keys of a join; None if there are none."""
        needed = set(self.needs(task))
        tasks = {name: each for name, each in self.bound.plan.tasks.items() if name in needed}
        tasks[_TASK] = PlannedTask(_TASK, "merge", _repeated(join), task.parents)
        context = self.bound.context
        env = CompileEnv(context.rule_date, context.profile, context.catalogue, _PREFIX)
        sources = {name: source for name, source in self.sources.items() if name in needed}
        plan = DataPlan(tasks, exact=self.bound.plan.exact)
        compiled = compile_plan(plan, {_TASK: False}, sources, self.tenant, env)
        # What was computed once is computed again; should that fail, the run is none the worse for it.
        with suppress(duckdb.Error):
            for step in compiled.steps:
                run_step(self.tenant.statements, step)
            return self._read(compiled.tables[_TASK], len(join.keys))
        return None

    def _read(self, table: str, keys: int) -> _Repeated | None:
        here, there = column(_HERE.name), column(_THERE.name)
        example = call("concat_ws", exp.Literal.string(", "), *(_shown(f"__k{n}") for n in range(keys)))
        query = exp.select(
            exp.Count(this=exp.Star()),
            exp.Count(
                this=exp.Case(ifs=[exp.If(this=exp.GT(this=there.copy(), expression=_number(1)), true=_number(1))])
            ),
            exp.Sum(this=there.copy()),
            exp.Sum(this=exp.Mul(this=here.copy(), expression=there.copy())),
            exp.Max(this=here.copy()),
            call("arg_max", example, here.copy()),
        ).from_(temp_table(table))
        ((found, both, left, made, most, shown),) = self.tenant.con.execute(spell(query)).fetchall()
        self.tenant.con.execute(spell(drop(temp_table(table))))
        return _Repeated(found, both, int(left), int(made), most, f"'{shown}'") if found else None


def _shown(name: str) -> exp.Expression:
    text = exp.Cast(this=column(name), to=exp.DataType.build("VARCHAR"))
    return exp.Coalesce(this=text, expressions=[exp.Literal.string("null")])


def _number(value: int) -> exp.Expression:
    return exp.Literal.number(value)


def _repeated(join: Join) -> Node:
    """The keys that several rows of the right side share, with the rows of both sides."""
    right = _groups(join.right, [key.right for key in join.keys], join.keys, _HERE)
    several = Compare(">", ColumnRef(_HERE.name, WHOLE), Literal(Decimal(1), WHOLE), False, None, BOOLEAN)
    left = _groups(join.left, [key.left for key in join.keys], join.keys, _THERE)
    names = [each.name for each in right.columns[:-1]]
    met = tuple(JoinKey(name, name, False, key.null_matches) for name, key in zip(names, join.keys, strict=True))
    right_names = {each.name: each.name for each in right.columns}
    columns = (*right.columns, _THERE)
    return Join(left, Filter(right, several), "common", met, {_THERE.name: _THERE.name}, right_names, columns)


def _groups(node: Node, names: Sequence[str], keys: Sequence[JoinKey], counted: Column) -> Aggregate:
    """The combinations of keys of one side with their rows, letter case aside where the merge ignores it."""
    types = {each.name: each.type for each in node.columns}
    made: list[Projection] = []
    for number, (name, key) in enumerate(zip(names, keys, strict=True)):
        value: Expr = ColumnRef(name, types[name])
        if key.ignore_case and types[name].family in (Family.TEXT, Family.ID, Family.PICKLIST):
            value = Call("lower", (value,), STRING)
        made.append(Projection(Column(f"__k{number}", name, types[name]), value))
    return Aggregate(node, tuple(made), (Measure(counted, "count", None),))
