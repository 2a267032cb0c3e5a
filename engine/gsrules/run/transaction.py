"""The transaction of a run: every action planned and applied, all of it held against the guards, and reported."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from gsrules.actions.changes.staging import relation, scratch_prefix, select
from gsrules.actions.kind import ActionRun, BoundAction
from gsrules.dataclass import dataclass
from gsrules.errors import Problem
from gsrules.run import outbox
from gsrules.run.activity import inactive
from gsrules.run.datasets import Datasets
from gsrules.run.exports import Exports
from gsrules.run.options import run_instant
from gsrules.run.prepare import BoundRule, find_task
from gsrules.run.ready import ReadyRule
from gsrules.run.report import ActionReport, RunReport, rule_status
from gsrules.run.underway import Run, RunResult
from gsrules.spec import ActionSpec
from gsrules.tenant.changes import ChangeList, Write

if TYPE_CHECKING:
    from gsrules.run.behaviours.watch import Watch
    from gsrules.run.deliver import Cleared


@dataclass(frozen=True, slots=True)
class Acted:
    """What the actions of a run came to; `cleared` is what may be delivered of their outbox."""

    result: RunResult
    changes: Mapping[str, ChangeList]
    cleared: Cleared | None = None


@dataclass(slots=True)
class Transaction:
    """Plans and applies the actions in order.

    `keep_rows` is told of a run that breaks a guard while its rows are there: they are gone when it is taken back.
    """

    run: Run
    ready: ReadyRule
    datasets: Datasets
    watch: Watch | None
    exports: Exports
    keep_rows: Callable[[RunResult], None]

    @property
    def bound(self) -> BoundRule:
        return self.ready.bound

    def act(self) -> Acted:
        """Everything that is kept or taken back as a whole. A broken guard gives a FAILURE; raises RunError."""
        run, tenant = self.run, self.run.tenant
        run.deadline.check()
        tenant.begin()
        try:
            if run.options.mode == "live":
                tenant.keep_journal(run.run_id, run.rule.id)
            changes, outgoing = self._changes()
            self.exports.make(changes)
            report = self._report(changes, outgoing)
            broken = self._broken(changes)
            if broken:
                from gsrules.run.held_back import rolled_back

                result = self._result(replace(report, status="FAILURE", problems=broken), changes)
                run.deadline.disarm()
                self.keep_rows(result)
                return Acted(replace(result, effects=rolled_back(tenant, result.effects), writes=()), {})
            cleared = self._cleared(changes)
            run.deadline.check()
            run.deadline.disarm()
            if run.options.mode == "live":
                tenant.runs.add(run.record(report))
            tenant.commit()
        except BaseException:
            run.deadline.stop()
            tenant.rollback()
            raise
        return Acted(self._result(report, changes), changes, cleared)

    def _changes(self) -> tuple[dict[str, ChangeList], dict[str, Mapping[str, int]]]:
        """What each action decided, in order, with the numbers of its entries of the outbox; all of it is applied."""
        changes: dict[str, ChangeList] = {}
        outgoing: dict[str, Mapping[str, int]] = {}
        snapshot = self.run.profile["run.action_visibility"] == "snapshot"
        waiting: list[Write] = []
        sent = 0
        for position, (spec, action) in enumerate(self.bound.actions, start=1):
            self.run.options.on_step(f"{self.run.rule.name}: {spec.id}")
            self.run.deadline.check()
            asked = self._asked(position, spec)
            made = self._planned(spec, action, asked)
            changes[str(spec.id)] = made
            if snapshot:
                waiting += _as_decided(asked, made)
            elif position < len(self.bound.actions) or self._looked_at_later():
                self._apply(made.writes)
            outgoing[str(spec.id)] = outbox.counted(asked.scratch(), made)
            if self.run.options.mode == "live":
                sent = outbox.keep(asked, str(spec.id), made, sent)
        if self._looked_at_later():
            self._apply(waiting)
        return changes, outgoing

    def _planned(self, spec: ActionSpec, action: BoundAction, asked: ActionRun) -> ChangeList:
        if self._criteria_only():
            from gsrules.run.criteria_only import count_criteria

            return count_criteria(asked, action, self.run.workspace.catalogue)
        reserved = self.run.tenant.reserved()
        made = action.plan(asked)
        if self.watch is not None:
            self.watch.look_at_action(spec, action, asked, made, reserved)
        if made.errors or made.skips:
            from gsrules.run.candidates import with_candidates

            made = with_candidates(made, action, asked, self.run.workspace.catalogue)
        return made

    def _criteria_only(self) -> bool:
        """Whether this is a dry run as the test run of Gainsight (`run.test_run`)."""
        return self.run.options.mode == "dry_run" and self.run.profile["run.test_run"] == "criteria_only"

    def _looked_at_later(self) -> bool:
        """Whether anybody looks at what the last action has written."""
        options = self.run.options
        return options.mode == "live" or options.seen_later or bool(self.bound.guards)

    def _apply(self, writes: tuple[Write, ...] | list[Write]) -> None:
        for write in writes:
            self.run.tenant.apply(write)

    def _asked(self, position: int, spec: ActionSpec) -> ActionRun:
        """What an action is asked to decide about."""
        run = self.run
        instant = run_instant(run.rule_date, run.profile)
        dataset = self._dataset(spec)
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
            texts=self.ready.texts.setdefault((position, dataset, instant, run.run_id), {}) if kept else {},
        )

    def _dataset(self, spec: ActionSpec) -> str:
        return self.datasets.tables[find_task(self.bound.plan, spec.from_, spec.id)]

    def _broken(self, changes: Mapping[str, ChangeList]) -> tuple[Problem, ...]:
        """The guards that do not hold."""
        if not self.bound.guards or self._criteria_only():
            return ()
        from gsrules.run.guards import Guarded, broken

        specs = {str(spec.id): spec for spec, _ in self.bound.actions}
        acted = {
            action: Guarded(made.counts, self._dataset(specs[action]), made.effects) for action, made in changes.items()
        }
        return broken(self.bound.guards, acted, self.run.tenant)

    def _cleared(self, changes: Mapping[str, ChangeList]) -> Cleared | None:
        """What may be delivered, if that is asked for."""
        if not self.run.options.deliver:
            return None
        from gsrules.run.deliver import clear

        return clear(changes, self.run.tenant)

    def _report(self, changes: Mapping[str, ChangeList], outgoing: Mapping[str, Mapping[str, int]]) -> RunReport:
        run = self.run
        actions = tuple(
            ActionReport(
                id=action,
                action=spec.action,
                from_=str(spec.from_),
                counts=changes[action].counts,
                errors=changes[action].errors,
                skips=changes[action].skips,
                warnings=changes[action].warnings,
                exports=self.exports.told(action),
                outbox=outgoing[action],
            )
            for spec, _ in self.bound.actions
            for action in [str(spec.id)]
        )
        found = tuple(problem for problem in self.bound.findings if problem.severity == "warning")
        about_rule = inactive(run.workspace, run.rule, run.profile, run.tenant)
        if self._criteria_only():
            message = "only the criteria were evaluated: what the actions would do is not known (run.test_run)"
            about_rule = (*about_rule, Problem("GS-RUN-CRITERIA", message, severity="warning"))
        return run.report(
            rule_status(actions, str(run.profile["run.zero_rows"])),
            tasks=self.datasets.reports,
            actions=actions,
            warnings=about_rule + found + self.datasets.warnings,
            behaviours=self.watch.found(actions) if self.watch is not None else (),
        )

    def _result(self, report: RunReport, changes: Mapping[str, ChangeList]) -> RunResult:
        return RunResult(
            report,
            dict(self.datasets.tables),
            {action: made.effects for action, made in changes.items()},
            tuple(write for made in changes.values() for write in made.writes),
            {name: task.columns for name, task in self.bound.plan.tasks.items()},
            self.datasets.trace,
            self.bound.plan,
            self.datasets.rejects,
        )


def _as_decided(asked: ActionRun, made: ChangeList) -> list[Write]:
    """The writes with their rows as they are now: views would show them as later writes leave them."""
    scratch = asked.scratch()
    return [
        replace(write, staging=scratch.table(f"write_{at}", lambda write=write: _rows(write)))  # type: ignore[misc]
        for at, write in enumerate(made.writes)
    ]


def _rows(write: Write) -> exp.Select:
    return select(exp.Star()).from_(relation(write.staging), copy=False)
