"""One run of one rule: bind, compute the datasets, plan each action, apply, report."""

from __future__ import annotations

import datetime as dt
import json
import tempfile
import time
from collections.abc import Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gsrules.actions.kind import ActionRun
from gsrules.actions.staging import discard, scratch_prefix
from gsrules.dataclass import dataclass
from gsrules.errors import InputError, Problem, RunError
from gsrules.plan.nodes import Column, DataPlan
from gsrules.profile import Profile
from gsrules.run import outbox
from gsrules.run.artifacts import kept_run_id, new_run_id, write_artifacts
from gsrules.run.behaviours import Behaviour, Watched
from gsrules.run.datasets import Datasets, ExactNeeded, TaskError, compute
from gsrules.run.exports import ExportError, Exports
from gsrules.run.options import RunOptions, run_instant
from gsrules.run.prepare import BoundRule, RuleFiles, find_task, rule_profile, s3_tasks
from gsrules.run.ready import ReadyRule, ready_rule
from gsrules.run.report import ActionReport, RunReport, Status, TaskReport, rule_status
from gsrules.run.row_notes import row_notes
from gsrules.run.workspace import Workspace
from gsrules.spec import ActionSpec, RuleSpec
from gsrules.tenant import RunRecord, Tenant
from gsrules.tenant.changes import ChangeList, Write
from gsrules.tenant.names import drop, spell, temp_table

if TYPE_CHECKING:
    from gsrules.run.behaviours.watch import Watch
    from gsrules.run.trace import Trace
    from gsrules.sources import SourceFile

__all__ = ["RunOptions", "RunResult", "run_rule"]


_FATAL: Final = ("formula.divide_by_zero", "formula.math_domain", "formula.conversion_failure")


@dataclass(frozen=True, slots=True)
class RunResult:
    """A report, and where the rows are: temporary tables of the tenant's connection.

    `plan` is what was computed; None where the run failed before that.
    """

    report: RunReport
    datasets: Mapping[str, str] = field(default_factory=dict)
    effects: Mapping[str, str] = field(default_factory=dict)
    writes: tuple[Write, ...] = ()
    columns: Mapping[str, tuple[Column, ...]] = field(default_factory=dict)
    trace: Trace | None = None
    plan: DataPlan | None = None
    rejects: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Run:
    """What stays the same during one run."""

    workspace: Workspace
    rule: RuleSpec
    profile: Profile
    options: RunOptions
    tenant: Tenant
    run_id: str
    rule_date: dt.date
    started: dt.datetime
    clock: float
    turn: int

    def report(
        self,
        status: Status,
        tasks: tuple[TaskReport, ...] = (),
        actions: tuple[ActionReport, ...] = (),
        warnings: tuple[Problem, ...] = (),
        problems: tuple[Problem, ...] = (),
        behaviours: tuple[Behaviour, ...] = (),
    ) -> RunReport:
        return RunReport(
            run_id=self.run_id,
            rule=self.rule.id,
            name=str(self.rule.name),
            rule_date=self.rule_date.isoformat(),
            mode=self.options.mode,
            status=status,
            started_at=self.started.isoformat(timespec="milliseconds") + "Z",
            duration_ms=round((time.perf_counter() - self.clock) * 1000),
            tasks=tasks,
            actions=actions,
            warnings=warnings,
            problems=problems,
            behaviours=behaviours,
            params={name: str(value) for name, value in self.options.params.items()},
        )


def run_rule(workspace: Workspace, name: str, options: RunOptions, tenant: Tenant) -> RunResult:
    """Runs a rule against an open tenant; a dry run goes the same way and is taken back at the end.

    Raises InputError when the rule is wrong: nothing was run. A run that fails on its data gives a report with
    status FAILURE and its problems, and leaves the tenant as it was.
    """
    rule = workspace.rule(name)
    profile = rule_profile(workspace, rule)
    if options.behaviours != "off":
        profile = Watched(profile)
    _check_active(rule, profile)
    started = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    rule_date = options.date_in(profile)
    clock, turn = time.perf_counter(), next(tenant.turns)
    run_id = new_run_id(started)
    if tenant.statements.kept and not options.artifacts:
        run_id = kept_run_id(rule_date, turn)
    run = _Run(workspace, rule, profile, options, tenant, run_id, rule_date, started, clock, turn)
    with tempfile.TemporaryDirectory(prefix="gsrules-") as workdir:
        try:
            ready, datasets, files = _datasets(run, Path(workdir))
        except RunError as error:
            reached = error.reports if isinstance(error, TaskError) else ()
            return _ended(run, RunResult(run.report("FAILURE", tasks=reached, problems=error.problems)))
        watch = _watch(run, ready, files)
        if watch is not None:
            watch.look_at_data(datasets)
    return _act(run, ready, datasets, watch)


def _watch(run: _Run, ready: ReadyRule, files: RuleFiles) -> Watch | None:
    """What looks for the behaviours on which the run depends, if that is asked for."""
    if run.options.behaviours == "off":
        return None
    from gsrules.run.behaviours.watch import Watch

    run.options.on_step(f"{run.rule.name}: behaviours")
    return Watch(ready.bound, files, run.options.behaviours)


def _check_active(rule: RuleSpec, profile: Profile) -> None:
    """Refuses an inactive rule where `run.inactive_run_now` says so (platform.md §6)."""
    if not rule.active and profile["run.inactive_run_now"] == "refuse":
        hint = "set active: true, or the profile key run.inactive_run_now to allow"
        raise InputError(
            Problem("GS-RUN-INACTIVE", "the rule is not active", rule.place_of("active"), rule.id, "", hint)
        )


def _inactive(rule: RuleSpec) -> tuple[Problem, ...]:
    if rule.active:
        return ()
    message = "the rule is not active: in Gainsight no schedule would start it"
    return (Problem("GS-RUN-INACTIVE", message, rule.place_of("active"), rule.id, severity="warning"),)


def _datasets(run: _Run, workdir: Path) -> tuple[ReadyRule, Datasets, RuleFiles]:
    """The bound rule and its datasets; once more in the exact form when the fast one does not do."""
    try:
        return _attempt(run, workdir, exact=False)
    except ExactNeeded:
        return _attempt(run, workdir, exact=True)


def _attempt(run: _Run, workdir: Path, *, exact: bool) -> tuple[ReadyRule, Datasets, RuleFiles]:
    run.options.on_step(f"{run.rule.name}: reading")
    files = RuleFiles(run.workspace, run.tenant, run.profile, run.rule_date, workdir, exact)
    ready = ready_rule(run.workspace, run.rule, files, run.options.params, exact=exact, turn=run.turn)
    bound = ready.bound
    if isinstance(run.profile, Watched):
        run.profile.bound()
    sources = files.open_all(run.rule)
    run.options.on_step(f"{run.rule.name}: datasets")
    used = {find_task(bound.plan, spec.from_, spec.id): True for spec, _ in bound.actions}
    every = run.options.keep_all_tasks or _values_may_fail(run.profile)
    outputs = dict.fromkeys(bound.plan.tasks, False) | used if every else used
    made = compute(bound, outputs, sources, run.tenant, exact=exact, trace=run.options.trace, ready=ready)
    noted = row_notes(bound, made.reports, sources, run.tenant)
    return ready, replace(made, warnings=(*made.warnings, *noted)), files


def _values_may_fail(profile: Profile) -> bool:
    """Whether a value that cannot be computed fails the run (data-setup.md §11.1), also where nobody uses it (§1.1)."""
    return any(profile.settings.get(key) == "error" for key in _FATAL)


def _act(run: _Run, ready: ReadyRule, datasets: Datasets, watch: Watch | None) -> RunResult:
    """Plans and applies the actions in order, in one transaction; then the files leave that were read and made."""
    leaving = run.options.archive and run.options.mode == "live"
    with Exports(run.workspace.project, run.profile, leaving) as exports:
        try:
            result = _watched_transaction(run, ready, datasets, watch, exports)
        except ExportError as error:
            return _ended(run, RunResult(run.report("FAILURE", tasks=datasets.reports, problems=error.problems)))
        report = result.report
        if leaving:
            report = _delivered(run, result, exports)
            if report.status != "FAILURE":
                report = _archived(run, report, datasets.files)
        return _ended(run, replace(result, report=report))


def _watched_transaction(
    run: _Run, ready: ReadyRule, datasets: Datasets, watch: Watch | None, exports: Exports
) -> RunResult:
    """The transaction; once more without a look at its actions if that look broke it."""
    if watch is None:
        return _transaction(run, ready, datasets, None, exports)
    from gsrules.run.behaviours.watch import LookError

    try:
        return _transaction(run, ready, datasets, watch, exports)
    except LookError:
        return _transaction(run, ready, datasets, watch, exports)


def _transaction(run: _Run, ready: ReadyRule, datasets: Datasets, watch: Watch | None, exports: Exports) -> RunResult:
    bound = ready.bound
    changes: dict[str, ChangeList] = {}
    outgoing: dict[str, Mapping[str, int]] = {}
    sent = 0
    run.tenant.begin()
    try:
        if run.options.mode == "live":
            run.tenant.keep_journal(run.run_id, run.rule.id)
        for position, (spec, action) in enumerate(bound.actions, start=1):
            run.options.on_step(f"{run.rule.name}: {spec.id}")
            reserved = run.tenant.reserved()
            asked = _asked(run, ready, datasets, position, spec)
            made = action.plan(asked)
            changes[str(spec.id)] = made
            if watch is not None:
                watch.look_at_action(spec, action, asked, made, reserved)
            if run.options.mode == "live" or run.options.seen_later or position < len(bound.actions):
                for write in made.writes:
                    run.tenant.apply(write)
            outgoing[str(spec.id)] = outbox.counted(asked.scratch(), made)
            if run.options.mode == "live":
                sent = outbox.keep(asked, str(spec.id), made, sent)
        exports.make(changes)
        report = _report(run, bound, datasets, changes, outgoing, watch, exports)
        if run.options.mode == "live":
            run.tenant.record_run(_record(run, report))
        run.tenant.commit()
    except BaseException:
        run.tenant.rollback()
        raise
    effects = {action: made.effects for action, made in changes.items()}
    writes = tuple(write for made in changes.values() for write in made.writes)
    columns = {name: task.columns for name, task in bound.plan.tasks.items()}
    tables = dict(datasets.tables)
    return RunResult(report, tables, effects, writes, columns, datasets.trace, bound.plan, datasets.rejects)


def _delivered(run: _Run, result: RunResult, exports: Exports) -> RunReport:
    """The report, after the exported files have gone to their buckets (actions.md §9.2)."""
    report = result.report
    if not exports.made:
        return report
    run.options.on_step(f"{run.rule.name}: exporting")
    kept = run.workspace.project.root / ".gsrules" / "exports" / run.run_id
    done = {name: exports.deliver(name, report, result.effects[name], run.tenant, kept) for name in exports.made}
    left = tuple(problem for delivery in done.values() for problem in delivery.left)
    actions = tuple(done[each.id].report if each.id in done else each for each in report.actions)
    status = rule_status(actions, str(run.profile["run.zero_rows"]))
    if left and status == "SUCCESS":
        status = "PARTIAL_SUCCESS"  # a file without rows did not arrive
    report = replace(report, status=status, actions=actions, warnings=report.warnings + left)
    if left:
        run.tenant.amend_run(_record(run, report))
    return report


def _archived(run: _Run, report: RunReport, files: Mapping[str, tuple[SourceFile, ...]]) -> RunReport:
    """The report, after the files that were read have moved to their archives (data-setup.md §6.4)."""
    tasks = {name: task for name, task in s3_tasks(run.rule).items() if task.archive is not None}
    if not tasks:
        return report
    from gsrules.sources.archive import archive_files

    run.options.on_step(f"{run.rule.name}: archiving")
    done = archive_files(tasks, files, run.workspace.project)
    told = tuple(replace(task, archived=done.keys.get(task.task, ())) for task in report.tasks)
    return replace(report, tasks=told, warnings=report.warnings + done.warnings)


def _record(run: _Run, report: RunReport) -> RunRecord:
    text = json.dumps(report.as_json(), ensure_ascii=False)
    return RunRecord(report.run_id, report.rule, report.status, report.mode, run.rule_date, run.started, text)


def _asked(run: _Run, ready: ReadyRule, datasets: Datasets, position: int, spec: ActionSpec) -> ActionRun:
    """What an action is asked to decide about."""
    instant = run_instant(run.rule_date, run.profile)
    dataset = datasets.tables[find_task(ready.bound.plan, spec.from_, spec.id)]
    kept = run.tenant.statements.kept
    return ActionRun(
        tenant=run.tenant,
        dataset=dataset,
        rule_date=run.rule_date,
        instant=instant,
        run_id=run.run_id,
        rule_id=run.rule.id,
        position=position,
        profile=run.profile,
        prefix=f"{dataset}_action_{position}_" if kept else scratch_prefix(),
        texts=ready.texts.setdefault((position, dataset, instant, run.run_id), {}) if kept else {},
    )


def _report(
    run: _Run,
    bound: BoundRule,
    datasets: Datasets,
    changes: Mapping[str, ChangeList],
    outgoing: Mapping[str, Mapping[str, int]],
    watch: Watch | None,
    exports: Exports,
) -> RunReport:
    actions = tuple(
        ActionReport(
            id=str(spec.id),
            action=spec.action,
            from_=str(spec.from_),
            counts=changes[str(spec.id)].counts,
            errors=changes[str(spec.id)].errors,
            skips=changes[str(spec.id)].skips,
            warnings=changes[str(spec.id)].warnings,
            exports=exports.told(str(spec.id)),
            outbox=outgoing[str(spec.id)],
        )
        for spec, _ in bound.actions
    )
    found = tuple(problem for problem in bound.findings if problem.severity == "warning")
    status = rule_status(actions, str(run.profile["run.zero_rows"]))
    return run.report(
        status,
        tasks=datasets.reports,
        actions=actions,
        warnings=_inactive(run.rule) + found + datasets.warnings,
        behaviours=watch.found(actions) if watch is not None else (),
    )


def _ended(run: _Run, result: RunResult) -> RunResult:
    """Leaves the run's folder behind, if asked for."""
    if not run.options.artifacts:
        return result
    folder = run.workspace.project.root / ".gsrules" / "runs" / run.run_id
    shown = folder.relative_to(run.workspace.project.root).as_posix()
    report = replace(result.report, artifacts=shown)
    rule_file = run.workspace.project.rule_path(run.rule.id)
    write_artifacts(folder, report, rule_file, run.tenant, result.datasets, result.effects, result.rejects)
    return replace(result, report=report)


def forget(result: RunResult, tenant: Tenant) -> None:
    """Drops the temporary tables of a finished run; its rows can no longer be looked at."""
    for table in result.datasets.values():
        tenant.statements.drop(table)
    if result.trace is not None:
        result.trace.drop()
    for table in result.rejects.values():
        tenant.con.execute(spell(drop(temp_table(table))))
    for effects in result.effects.values():
        discard(tenant.statements, effects)
