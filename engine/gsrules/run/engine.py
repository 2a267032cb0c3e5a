"""One run of one rule: bind, compute the datasets, plan each action, apply, report."""

from __future__ import annotations

import datetime as dt
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import duckdb

from gsrules.actions.changes.staging import discard
from gsrules.actions.mappings.permissions import DeniedError
from gsrules.errors import InputError, RunError
from gsrules.profile import Profile
from gsrules.run.activity import check_active, deactivate_after
from gsrules.run.artifacts import kept_run_id, new_run_id
from gsrules.run.behaviours import Watched
from gsrules.run.datasets import Datasets, ExactNeeded, TaskError, compute
from gsrules.run.deadline import Deadline
from gsrules.run.ending import Ending
from gsrules.run.exports import ExportError, Exports
from gsrules.run.options import RunOptions
from gsrules.run.prepare import RuleFiles, find_task, rule_profile
from gsrules.run.ready import ReadyRule, ready_rule
from gsrules.run.row_notes import row_notes
from gsrules.run.transaction import Acted, Transaction
from gsrules.run.underway import DeliveryError, Run, RunResult
from gsrules.run.workspace import Workspace
from gsrules.tenant import Tenant
from gsrules.tenant.names import drop, spell, temp_table

if TYPE_CHECKING:
    from gsrules.run.behaviours.watch import Watch

__all__ = ["RunOptions", "RunResult", "run_rule"]

_FATAL: Final = ("formula.divide_by_zero", "formula.math_domain", "formula.conversion_failure")


def run_rule(workspace: Workspace, name: str, options: RunOptions, tenant: Tenant) -> RunResult:
    """Runs a rule against an open tenant; a dry run goes the same way and is taken back at the end.

    Raises InputError when the rule is wrong: nothing was run. A run that fails on its data gives a report with
    status FAILURE and its problems, and leaves the tenant as it was.
    """
    rule = workspace.rule(name)
    profile = rule_profile(workspace, rule)
    if options.behaviours != "off":
        profile = Watched(profile)
    check_active(workspace, rule, profile, tenant)
    started = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    rule_date = options.date_in(profile)
    clock, turn = time.perf_counter(), next(tenant.turns)
    run_id = new_run_id(started)
    if tenant.statements.kept and not options.artifacts:
        run_id = kept_run_id(rule_date, turn)
    with Deadline(tenant.con, profile["run.timeout_minutes"]) as deadline:
        run = Run(workspace, rule, profile, options, tenant, run_id, rule_date, started, clock, turn, deadline)
        try:
            return _run(run)
        except (RunError, duckdb.Error):
            if not deadline.passed:
                raise
            deadline.stop()
            return Ending(run).failed(RunResult(run.report("FAILURE", problems=(deadline.problem(),))))
        except InputError as error:
            _note_refusal(run, error)
            raise


def _run(run: Run) -> RunResult:
    with tempfile.TemporaryDirectory(prefix="gsrules-") as workdir:
        try:
            ready, datasets, files = _datasets(run, Path(workdir))
        except RunError as error:
            if run.deadline.passed:
                raise
            reached = error.reports if isinstance(error, TaskError) else ()
            run.deadline.stop()
            return Ending(run).failed(RunResult(run.report("FAILURE", tasks=reached, problems=error.problems)))
        watch = _watch(run, ready, files)
        if watch is not None:
            watch.look_at_data(datasets)
    return _act(run, ready, datasets, watch)


def _note_refusal(run: Run, error: InputError) -> None:
    """A rule that cannot be turned into queries is deactivated where the profile says so (actions.md §11)."""
    if run.options.mode == "live" and run.profile["run.auto_deactivate"] == "on":
        run.tenant.begin()
        deactivate_after(run.workspace, run.rule, run.profile, run.tenant, error.problems)
        run.tenant.commit()


def _watch(run: Run, ready: ReadyRule, files: RuleFiles) -> Watch | None:
    """What looks for the behaviours on which the run depends, if that is asked for."""
    if run.options.behaviours == "off":
        return None
    from gsrules.run.behaviours.watch import Watch

    run.options.on_step(f"{run.rule.name}: behaviours")
    return Watch(ready.bound, files, run.options.behaviours)


def _datasets(run: Run, workdir: Path) -> tuple[ReadyRule, Datasets, RuleFiles]:
    """The bound rule and its datasets; once more in the exact form when the fast one does not do."""
    try:
        return _attempt(run, workdir, exact=False)
    except ExactNeeded:
        return _attempt(run, workdir, exact=True)


def _attempt(run: Run, workdir: Path, *, exact: bool) -> tuple[ReadyRule, Datasets, RuleFiles]:
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


def _act(run: Run, ready: ReadyRule, datasets: Datasets, watch: Watch | None) -> RunResult:
    """Plans and applies the actions in order, in one transaction; then the files leave that were read and made."""
    leaving = run.options.archive and run.options.mode == "live"
    ending = Ending(run)
    with Exports(run.workspace.project, run.profile, leaving) as exports:
        try:
            acted = _watched_transaction(Transaction(run, ready, datasets, watch, exports, ending.keep_rows))
        except (ExportError, DeliveryError, DeniedError) as error:
            return ending.failed(RunResult(run.report("FAILURE", tasks=datasets.reports, problems=error.problems)))
        if acted.result.report.problems:
            return ending.failed(acted.result, rows_kept=True)
        return ending.committed(acted, exports, datasets.files)


def _watched_transaction(transaction: Transaction) -> Acted:
    """The transaction; once more without a look at its actions if that look broke it."""
    if transaction.watch is None:
        return transaction.act()
    from gsrules.run.behaviours.watch import LookError

    try:
        return transaction.act()
    except LookError:
        return transaction.act()


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
