"""From a plan to statements: prune, stage, spell (architecture.md "compile")."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date
from functools import cache
from typing import Any, Final, Literal

from sqlglot import ErrorLevel, exp

from gsrules.compile.prune import prune
from gsrules.compile.relation import name
from gsrules.compile.stages import Stage, stages
from gsrules.compile.visitor import FileRelation, Inputs, Tables, Visitor
from gsrules.compile.warnings import Spot, spots
from gsrules.dataclass import dataclass
from gsrules.expressions.spell import SpellEnv
from gsrules.plan.nodes import DataPlan, PlannedTask, ScanFile, walk

ROW: Final = "__row"
"""The column of an output table with the row number in canonical order, from 1."""
COUNTS: Final = "__counts"
"""The helper column that carries the counts of a statement out of it."""


@dataclass(frozen=True, slots=True)
class CompileEnv:
    """What spelling needs besides the plan; `prefix` begins the names of all tables made."""

    rule_date: date
    profile: Mapping[str, Any]
    catalogue: Any
    prefix: str = "gs"


@dataclass(frozen=True, slots=True)
class Counter:
    """One number that a step counts: the rows of a task, or rows with a value that could not be computed.

    `column` is empty for a condition. `fatal`: the profile lets the run fail if there is any such row.
    """

    task: str
    kind: Literal["rows", "warning"]
    column: str = ""
    reason: str = ""
    fatal: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One statement: `rows_sql` are the rows of `table`, those of `task`; a step without them only counts.

    `counts` says what the list `__counts` of row 1 of `counted_sql` holds, which are the same rows (`stored_counts`
    reads it in the table, `cleanup` drops it). `counts_sql` computes the same list by itself: for a table that came
    out empty, or where there is no table. Each text is spelled when it is asked for, once.
    `ordered`: the table has the column `__row`, the row number in canonical order (data-setup.md §1.3).
    `files`: the statement reads files.
    """

    table: str | None
    task: str | None
    tasks: tuple[str, ...]
    counts: tuple[Counter, ...]
    rows_sql: Callable[[], str]
    counted_sql: Callable[[], str]
    counts_sql: Callable[[], str]
    stored_counts: Callable[[], str]
    cleanup: Callable[[], str]
    ordered: bool = False
    files: bool = False


@dataclass(frozen=True, slots=True)
class CompiledPlan:
    """Statements in order; `tables` tells where each kept task's rows are."""

    steps: tuple[Step, ...]
    tables: Mapping[str, str]


PASSES: Final[tuple[Callable[[DataPlan, Collection[str]], DataPlan], ...]] = (prune,)
"""What is done to a plan before it is spelled, in this order; each keeps the rows of every task."""


def compile_plan(
    plan: DataPlan,
    outputs: Mapping[str, bool],
    sources: Mapping[str, FileRelation],
    tables: Tables,
    env: CompileEnv,
) -> CompiledPlan:
    """The statements that compute all tasks of the plan.

    `outputs`: the tasks that become tables with all their columns; the value says whether their rows are numbered
    (`__row`). `sources`: the opened source of each s3 task. `tables`: the tenant.
    """
    for change in PASSES:
        plan = change(plan, tuple(outputs))
    return _Compiler(plan, outputs, sources, tables, env).compiled()


def compile_text(
    plan: DataPlan, task: str, sources: Mapping[str, FileRelation], tables: Tables, env: CompileEnv
) -> str:
    """The SQL of one task with all its columns, laid out for reading: one SELECT over the tasks that it needs."""
    needed = dict.fromkeys(_with_ancestors(plan, task))
    part = DataPlan({each: plan.tasks[each] for each in plan.tasks if each in needed}, exact=plan.exact)
    for change in PASSES:
        part = change(part, (task,))
    return _Compiler(part, {task: False}, sources, tables, env).text(task)


def sql_text(tree: exp.Expression, *, pretty: bool = False) -> str:
    """DuckDB's spelling; raises rather than write something that DuckDB reads otherwise."""
    return tree.sql(dialect="duckdb", unsupported_level=ErrorLevel.RAISE, pretty=pretty)


def _with_ancestors(plan: DataPlan, task: str) -> Iterator[str]:
    for parent in plan.tasks[task].parents:
        yield from _with_ancestors(plan, parent)
    yield task


def _identifiers(plan: DataPlan, prefix: str) -> dict[str, str]:
    """`t1`, `t2`, … for the tasks; none hides an object of that name that the plan reads."""
    read = {str(getattr(node, "object", "")).lower() for task in plan.tasks.values() for node in walk(task.node)}
    stem = "t"
    while any(made in read for number in range(1, len(plan.tasks) + 1) for made in _made(stem, number, prefix)):
        stem += "_"
    return {task: f"{stem}{number}" for number, task in enumerate(plan.tasks, start=1)}


def _made(stem: str, number: int, prefix: str) -> tuple[str, str]:
    return f"{stem}{number}", f"{prefix}_{stem}{number}".lower()


class _Compiler:
    def __init__(
        self,
        plan: DataPlan,
        outputs: Mapping[str, bool],
        sources: Mapping[str, FileRelation],
        tables: Tables,
        env: CompileEnv,
    ) -> None:
        self._plan = plan
        self._outputs = outputs
        self._sources = sources
        self._tables = tables
        self._env = env
        self._ids = _identifiers(plan, env.prefix)

    def compiled(self) -> CompiledPlan:
        found = stages(self._plan, tuple(self._outputs))
        tabled = {stage.table: self._table_name(stage.table) for stage in found if stage.table is not None}
        return CompiledPlan(tuple(self._step(stage, tabled) for stage in found), tabled)

    def text(self, task: str) -> str:
        rows = exp.Select().select("*").from_(exp.Table(this=name(self._ids[task])), copy=False)
        inputs = self._inputs({})
        return sql_text(self._with(rows, tuple(self._plan.tasks), inputs), pretty=True)

    def _table_name(self, task: str) -> str:
        return f"{self._env.prefix}_{self._ids[task]}"

    def _inputs(self, tabled: Mapping[str, str]) -> Inputs:
        tasks = {task: exp.Table(this=name(tabled.get(task, identifier))) for task, identifier in self._ids.items()}
        return Inputs(self._tables, self._sources, tasks)

    def _step(self, stage: Stage, tabled: Mapping[str, str]) -> Step:
        table = None if stage.table is None else tabled[stage.table]
        # Within its own statement a task is a CTE, whatever it becomes.
        inputs = self._inputs({task: made for task, made in tabled.items() if task != stage.table})
        tasks = (*stage.tasks, *stage.extra)
        counts, values = self._counts(stage, inputs)
        numbers = exp.Array(expressions=values)
        ordered = stage.table is not None and self._outputs.get(stage.table, False)

        def counting() -> exp.Expression:
            return self._with(
                exp.Select(expressions=[exp.Alias(this=numbers.copy(), alias=name(COUNTS))]), tasks, inputs
            )

        def rows(counted: exp.Expression | None) -> exp.Expression:
            assert stage.table is not None
            kept = self._rows(self._plan.tasks[stage.table], counted, ordered=ordered)
            return self._with(kept, tasks, inputs)

        return Step(
            table,
            stage.table,
            tasks,
            counts,
            rows_sql=_text(lambda: rows(None)),
            counted_sql=_text(lambda: rows(numbers.copy() if values else None)),
            counts_sql=_text(counting),
            stored_counts=_text(lambda: _stored(table)),
            cleanup=_text(lambda: _cleanup(table)),
            ordered=ordered,
            files=any(isinstance(node, ScanFile) for task in tasks for node in walk(self._plan.tasks[task].node)),
        )

    def _with(self, rows: exp.Select, tasks: tuple[str, ...], inputs: Inputs) -> exp.Select:
        """The SELECT over the tasks as CTEs, each after those it reads."""
        wanted = set(tasks)
        ctes: list[exp.CTE] = []
        for task in (each for each in self._plan.tasks if each in wanted):
            select = self._visitor(inputs).select(self._plan.tasks[task].node)
            ctes.append(exp.CTE(this=select, alias=exp.TableAlias(this=name(self._ids[task])), materialized=True))
        rows.set("with_" if "with_" in rows.arg_types else "with", exp.With(expressions=ctes))
        return rows

    def _visitor(self, inputs: Inputs) -> Visitor:
        return Visitor(inputs, self._env_for, guarded=self._plan.exact)

    def _env_for(self, columns: Mapping[str, exp.Expression]) -> SpellEnv:
        env = self._env
        return SpellEnv(
            column=lambda each: columns[each].copy(),
            rule_date=env.rule_date,
            profile=env.profile,
            catalogue=env.catalogue,
        )

    def _rows(self, task: PlannedTask, counts: exp.Expression | None, *, ordered: bool) -> exp.Select:
        """The columns of an output, with its counts; numbered in canonical order if asked for."""
        columns = [exp.Column(this=name(column.name)) for column in task.columns]
        rows = exp.Select(expressions=columns).from_(exp.Table(this=name(self._ids[task.name])), copy=False)
        if not ordered:
            return rows if counts is None else rows.select(exp.Alias(this=counts, alias=name(COUNTS)), copy=False)
        rows.order_by(*(exp.Ordered(this=column.copy(), nulls_first=False) for column in columns), copy=False)
        number = exp.Alias(this=exp.Window(this=exp.RowNumber()), alias=name(ROW))
        numbered = exp.Select(expressions=[*(column.copy() for column in columns), number])
        numbered.from_(rows.subquery("ordered", copy=False), copy=False)
        if counts is None:
            return numbered
        row = exp.Column(this=name(ROW))
        first = exp.If(this=exp.EQ(this=row.copy(), expression=exp.Literal.number(1)), true=counts)
        counted = exp.Alias(this=exp.Case(ifs=[first]), alias=name(COUNTS))
        kept = exp.Select(expressions=[*(column.copy() for column in columns), row, counted])
        return kept.from_(numbered.subquery("numbered", copy=False), copy=False)

    def _counts(self, stage: Stage, inputs: Inputs) -> tuple[tuple[Counter, ...], list[exp.Expression]]:
        """What a statement counts: rows of each task but the one it keeps (the table tells), and lost values."""
        counters: list[Counter] = []
        values: list[exp.Expression] = []
        for task in (*stage.tasks, *stage.extra):
            if task != stage.table:
                rows = exp.Select(expressions=[exp.Count(this=exp.Star())])
                counters.append(Counter(task, "rows"))
                values.append(exp.Subquery(this=rows.from_(exp.Table(this=name(self._ids[task])), copy=False)))
            for spot in spots(self._plan.tasks[task], self._visitor(inputs), self._env_for):
                counters.append(_warning(task, spot))
                values.append(exp.Subquery(this=spot.count))
        return tuple(counters), values


def _warning(task: str, spot: Spot) -> Counter:
    return Counter(task, "warning", spot.column, spot.reason, spot.fatal)


def _text(build: Callable[[], exp.Expression]) -> Callable[[], str]:
    """Spells what `build` gives, when it is asked for first."""
    return cache(lambda: sql_text(build()))


def _stored(table: str | None) -> exp.Expression:
    counts = exp.Column(this=name(COUNTS))
    known = exp.Not(this=exp.Is(this=counts.copy(), expression=exp.Null()))
    rows = exp.Select(expressions=[counts]).where(known, copy=False).limit(1, copy=False)
    return rows if table is None else rows.from_(exp.Table(this=name(table)), copy=False)


def _cleanup(table: str | None) -> exp.Expression:
    drop = exp.Drop(tables=[exp.column(name(COUNTS))], kind="COLUMN")
    return exp.Alter(this=exp.Table(this=name(table or "")), kind="TABLE", actions=[drop])
