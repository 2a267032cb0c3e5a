"""Computes the datasets of a bound rule: fast first, and exactly where ordinary numbers do not do."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any

import duckdb

from gsrules.compile import CompiledPlan, CompileEnv, Counter, Step, StepCounts, compile_plan, run_step
from gsrules.dataclass import dataclass
from gsrules.errors import Problem, RunError, Severity
from gsrules.run.prepare import BoundRule
from gsrules.run.ready import PLAIN, ReadyRule
from gsrules.run.report import TaskReport
from gsrules.tenant import Tenant

if TYPE_CHECKING:
    from gsrules.run.trace import Trace, Tracer
    from gsrules.sources import BadCells, OpenSource, SourceFile


class ExactNeeded(Exception):  # noqa: N818 - a turn of the way, not an error
    """A value did not fit the fast form: the datasets must be computed in the exact one."""


class TaskError(RunError):
    """A task failed; `reports` tell of the tasks that were computed before it (data-setup.md §16)."""

    def __init__(self, problems: Problem | Iterable[Problem], reports: tuple[TaskReport, ...]) -> None:
        super().__init__(problems)
        self.reports = reports


@dataclass(frozen=True, slots=True)
class Datasets:
    """The temporary table of each kept task, a report of every task, and the counted warnings.

    `rejects`: by task, the temporary table of the cells of its files that were read as null; `files`: what it read.
    `lost` are those warnings that count values which could not be computed.
    """

    tables: Mapping[str, str]
    reports: tuple[TaskReport, ...]
    warnings: tuple[Problem, ...]
    trace: Trace | None = None
    lost: tuple[tuple[Counter, int], ...] = ()
    rejects: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, tuple[SourceFile, ...]] = field(default_factory=dict)


def compute(
    bound: BoundRule,
    outputs: Mapping[str, bool],
    sources: Mapping[str, OpenSource],
    tenant: Tenant,
    *,
    exact: bool,
    trace: bool = False,
    ready: ReadyRule | None = None,
) -> Datasets:
    """Runs the statements of the plan.

    `outputs`: the tasks to keep; True for those whose rows are numbered. With `trace` every step of every task is
    kept, numbered, and knows where its rows come from; the rest is the same. `ready` remembers the
    statements. Raises ExactNeeded where the fast form meets a value that it cannot hold, and RunError for values that
    are wrong in any form.
    """
    context = bound.context
    tracer = _tracer(bound, outputs) if trace else None
    plan, kept = (tracer.plan, tracer.outputs) if tracer else (bound.plan, outputs)
    statements = tenant.plainly() if trace else tenant.statements

    def compiled_plan(prefix: str) -> CompiledPlan:
        env = CompileEnv(context.rule_date, context.profile, context.catalogue, prefix)
        return compile_plan(plan, kept, sources, tenant, env)

    if ready is None or tracer is not None:
        compiled = compiled_plan(PLAIN)
    else:
        compiled = ready.compiled(outputs, sources, compiled_plan)
    done = _Progress(bound, sources)
    for step in compiled.steps:
        started = time.perf_counter()
        try:
            counts = run_step(statements, step)
        except (duckdb.ConversionException, duckdb.OutOfRangeException, duckdb.InvalidInputException) as error:
            if not exact:
                raise ExactNeeded(str(error)) from error
            raise TaskError(_failed(_task_of(step, tracer), error), done.reports()) from error
        except duckdb.Error as error:
            raise TaskError(_failed(_task_of(step, tracer), error), done.reports()) from error
        done.note(step, counts, time.perf_counter() - started)
    lost = tracer.as_of_tasks(done.lost) if tracer else done.lost
    warnings = [_lost_values(*each) for each in lost]
    errors = [problem for problem in warnings if problem.severity == "error"]
    if errors:
        raise TaskError(errors, done.reports())
    found = [problem for source in sources.values() for problem in source.findings]
    unread = [_bad_cells(name, bad) for name, source in sources.items() for bad in source.bad_cells]
    tables = {name: table for name, table in compiled.tables.items() if name in outputs} if tracer else compiled.tables
    made = tracer.trace(tenant, sources, compiled.tables) if tracer else None
    rejects = {name: source.rejects for name, source in sources.items() if source.rejects is not None}
    if rejects:
        tenant.statements.outdated()
    files = {name: source.files for name, source in sources.items()}
    return Datasets(tables, done.reports(), (*found, *unread, *warnings), made, tuple(done.lost), rejects, files)


@dataclass(slots=True)
class _Progress:
    """What is known of the tasks so far: their rows, the time spent, values that could not be computed."""

    bound: BoundRule
    sources: Mapping[str, OpenSource]
    rows: dict[str, int] = field(default_factory=dict)
    spent: dict[str, float] = field(default_factory=dict)
    lost: list[tuple[Counter, int]] = field(default_factory=list)

    def note(self, step: Step, done: StepCounts, seconds: float) -> None:
        for task in step.tasks:
            self.spent[task] = seconds
        if step.task is not None and done.rows is not None:
            self.rows[step.task] = done.rows
        for counter, count in done.counts.items():
            if counter.kind == "rows":
                self.rows[counter.task] = count
            elif count:
                self.lost.append((counter, count))

    def reports(self) -> tuple[TaskReport, ...]:
        """A report of every task, also of those that were not reached."""
        return tuple(
            TaskReport(
                task=name,
                type=task.kind,
                rows=self.rows.get(name),
                duration_ms=round(self.spent.get(name, 0.0) * 1000),
                files=tuple(f"{file.bucket}/{file.key}" for file in self.sources[name].files)
                if name in self.sources
                else (),
                rejects=sum(bad.rows for bad in self.sources[name].bad_cells) if name in self.sources else 0,
            )
            for name, task in self.bound.plan.tasks.items()
        )


def _task_of(step: Step, tracer: Tracer | None) -> str:
    """The rule's task that a statement computes."""
    name = step.task or step.tasks[-1]
    return tracer.unfolded.task_of(name) if tracer else name


def _lost_values(counter: Counter, count: int) -> Problem:
    """Values that could not be computed: a counted warning, or an error where the profile says so."""
    rows = f"{count:,} row{'' if count == 1 else 's'}"
    severity: Severity = "error" if counter.fatal else "warning"
    where = f"task '{counter.task}', column '{counter.column}'"
    return Problem("GS-VALUE", f"{rows}: {counter.reason}", None, where, severity=severity)


def _tracer(bound: BoundRule, outputs: Mapping[str, bool]) -> Tracer:
    from gsrules.run.trace import Tracer

    return Tracer(bound, outputs)


def _bad_cells(task: str, bad: BadCells) -> Problem:
    """Cells that were read as null (`s3.on_bad_value: null`)."""
    rows = f"{bad.rows:,} cell{'' if bad.rows == 1 else 's'} read as null"
    where = f"task '{task}', column '{bad.column}'"
    return Problem("GS-FILE-VALUE", f"{rows}: {bad.reason}", None, where, severity="warning")


def _failed(task: str, error: Exception) -> Problem:
    return Problem("GS-RUN-TASK", f"the task failed: {first_line(error)}", None, f"task '{task}'")


def first_line(error: Any) -> str:
    """What DuckDB says first, without the SQL that follows."""
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
