"""What comes after the transaction of a run: files and requests leave, the run is remembered, its folder is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from gsrules.dataclass import dataclass
from gsrules.errors import Problem, RunError
from gsrules.run.activity import deactivate_after, may_deactivate
from gsrules.run.artifacts import RunFolder
from gsrules.run.exports import Exports
from gsrules.run.notify import addressees, notify
from gsrules.run.prepare import s3_tasks
from gsrules.run.report import RunReport, rule_status
from gsrules.run.transaction import Acted
from gsrules.run.underway import Run, RunResult

if TYPE_CHECKING:
    from gsrules.sources import SourceFile


@dataclass(slots=True)
class Ending:
    """The end of one run, in the order of the methods."""

    run: Run
    folder: RunFolder | None = None

    def __post_init__(self) -> None:
        if self.run.options.artifacts:
            project = self.run.workspace.project
            self.folder = RunFolder(project.root / ".gsrules" / "runs" / self.run.run_id)

    def keep_rows(self, result: RunResult) -> None:
        """Writes the rows of a run into its folder, while they are there."""
        if self.folder is not None:
            rule_file = self.run.workspace.project.rule_path(self.run.rule.id)
            failing = {each.id: _task_of(each.from_, result) for each in result.report.actions if each.counts.failed}
            rows = result.datasets, result.effects, result.rejects
            self.folder.keep_rows(rule_file, self.run.tenant, *rows, failing)

    def failed(self, result: RunResult, *, rows_kept: bool = False) -> RunResult:
        """The end of a run of which nothing was applied."""
        report = result.report
        try:
            report = self._remembered(report, None)
        except RunError as error:  # why the run failed must not be lost over that
            told = tuple(replace(problem, severity="warning") for problem in error.problems)
            report = replace(report, warnings=(*report.warnings, *told))
        return self._ended(replace(result, report=report), rows_kept=rows_kept)

    def committed(self, acted: Acted, exports: Exports, files: Mapping[str, tuple[SourceFile, ...]]) -> RunResult:
        """The end of a run that was applied."""
        result = acted.result
        report = result.report
        if self.run.options.archive and self.run.options.mode == "live":
            report = self._exported(result, exports)
            if report.status != "FAILURE":
                report = self._archived(report, files)
        delivered = None
        if acted.cleared is not None:
            report, delivered = self._delivered(report, acted)
        report = self._remembered(report, result.report)
        return self._ended(replace(result, report=report, delivered=delivered))

    def _exported(self, result: RunResult, exports: Exports) -> RunReport:
        """The report, after the exported files have gone to their buckets (actions.md §9.2)."""
        run, report = self.run, result.report
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
        return replace(report, status=status, actions=actions, warnings=report.warnings + left)

    def _archived(self, report: RunReport, files: Mapping[str, tuple[SourceFile, ...]]) -> RunReport:
        """The report, after the files that were read have moved to their archives (data-setup.md §6.4)."""
        run = self.run
        tasks = {name: task for name, task in s3_tasks(run.rule).items() if task.archive is not None}
        if not tasks:
            return report
        from gsrules.sources.archive import archive_files

        run.options.on_step(f"{run.rule.name}: archiving")
        done = archive_files(tasks, files, run.workspace.project)
        told = tuple(replace(task, archived=done.keys.get(task.task, ())) for task in report.tasks)
        return replace(report, tasks=told, warnings=report.warnings + done.warnings)

    def _delivered(self, report: RunReport, acted: Acted) -> tuple[RunReport, str]:
        """The report, after the requests of the outbox have gone to the receiver on this machine."""
        from gsrules.run.deliver import ANSWERS, deliver

        run = self.run
        run.options.on_step(f"{run.rule.name}: delivering")
        assert acted.cleared is not None
        answers, doubts = deliver(run.run_id, acted.changes, acted.cleared, run.tenant)
        actions = tuple(replace(each, delivered=answers.get(each.id, {})) for each in report.actions)
        return replace(report, actions=actions, warnings=report.warnings + doubts), ANSWERS

    def _remembered(self, report: RunReport, known: RunReport | None) -> RunReport:
        """The report with those who are told; the tenant remembers the run, and what follows from its end.

        `known`: the report that the execution history holds already.
        """
        run, tenant = self.run, self.run.tenant
        report = replace(report, notified=addressees(run, report))
        if run.options.mode != "live":
            return report
        fails = report.status == "FAILURE" and may_deactivate(run.profile)
        if known == report and not fails:
            return report
        tenant.begin()
        try:
            (tenant.runs.add if known is None else tenant.runs.amend)(run.record(report))
            if fails:
                report = self._deactivated(report)
            if report.notified:
                notify(run, report)
            tenant.commit()
        except BaseException:
            tenant.rollback()
            raise
        return report

    def _deactivated(self, report: RunReport) -> RunReport:
        run = self.run
        reason = deactivate_after(run.workspace, run.rule, run.profile, run.tenant, report.problems)
        if reason is None:
            return report
        message = f"the rule is deactivated in the tenant: {reason}"
        hint = "change the rule, or start over with gsrules reset"
        told = Problem("GS-RUN-DEACTIVATED", message, None, run.rule.id, hint=hint, severity="warning")
        return replace(report, warnings=(*report.warnings, told))

    def _ended(self, result: RunResult, *, rows_kept: bool = False) -> RunResult:
        """Leaves the run's folder behind, if asked for."""
        if self.folder is None:
            return result
        if not rows_kept:
            self.keep_rows(result)
        shown = self.folder.path.relative_to(self.run.workspace.project.root).as_posix()
        report = replace(result.report, artifacts=shown)
        self.folder.finish(report, self.run.tenant, result.delivered)
        return replace(result, report=report)


def _task_of(name: str, result: RunResult) -> str:
    """The task that an action names, which may be in other letter case."""
    return next(task for task in result.datasets if task.lower() == name.strip().lower())
