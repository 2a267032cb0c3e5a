"""Runs one rule test: its runs in order on one sandbox, each held against what it expects."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol, TypeVar

from gsrules.errors import GsrulesError, Problem
from gsrules.regress.collecting import Case, RunOfTest
from gsrules.regress.compare import RowDifference
from gsrules.regress.outcome import Fact, TestOutcome
from gsrules.regress.sandbox import Sandbox, sandbox
from gsrules.regress.snapshots.comparing import compare
from gsrules.regress.snapshots.taking import Inputs, Taken, take
from gsrules.regress.verify import verify
from gsrules.run.engine import RunOptions, RunResult, forget, run_rule
from gsrules.run.session import Session
from gsrules.run.workspace import Workspace
from gsrules.tenant import Tenant

Found = TypeVar("Found", Fact, RowDifference)


class Observer(Protocol):
    """Somebody who looks at the runs of tests, as coverage does; `trace` asks for every part of the plan."""

    trace: bool

    def ran(self, workspace: Workspace, case: Case, rule: str, result: RunResult, tenant: Tenant) -> None:
        """Told after each run, while its tables are there."""
        ...


def run_case(session: Session, workspace: Workspace, case: Case, observer: Observer | None = None) -> TestOutcome:
    """Runs a test; what is wrong with it or its rule is part of the outcome."""
    started = time.perf_counter()
    made = TestOutcome(str(case.test.name), str(case.file.rule), case.place, 0, id=case.id)
    try:
        if observer is None:
            empty = made
            made = session.attempt(lambda *place: _run(Sandbox(workspace, *place), case, empty, None))
        else:
            with sandbox(session, workspace) as box:
                made = _run(box, case, made, observer)
    except GsrulesError as error:
        made = replace(made, problems=(*made.problems, *error.problems))
    return replace(made, duration_ms=round((time.perf_counter() - started) * 1000))


def _run(box: Sandbox, case: Case, made: TestOutcome, observer: Observer | None) -> TestOutcome:
    trace = observer is not None and observer.trace
    taken: list[Taken] = []
    empty = box.tenant.summary() if case.snapshot is not None else {}
    for run in case.runs:
        rule_date = _rule_date(box.workspace, run)
        workspace, unread = box.give(run.given, run.rule, rule_date)
        made = replace(made, warnings=(*made.warnings, *_undated(case, run), *unread))
        before = Inputs(run.name, rule_date, run.params, _records(box, case, empty))
        options = RunOptions(rule_date=rule_date, params=run.params, mode="live", keep_all_tasks=True, trace=trace)
        result = run_rule(workspace, run.rule, options, box.tenant)
        if observer is not None:
            observer.ran(workspace, case, str(run.rule), result, box.tenant)
        facts, rows, problems = verify(workspace, run.expect, result, box.tenant)
        made = replace(
            made,
            facts=(*made.facts, *(_of_step(run, fact) for fact in facts)),
            rows=(*made.rows, *(_of_step(run, difference) for difference in rows)),
            problems=(*made.problems, *problems),
        )
        if case.snapshot is not None:
            taken.append(take(workspace, before, result, box.tenant))
        forget(result, box.tenant)
    if case.snapshot is not None:
        made = replace(made, snapshot=compare(case.snapshot, str(case.test.name), taken))
    return made


def _records(box: Sandbox, case: Case, empty: Mapping[str, int]) -> Mapping[str, int]:
    """The number of records by object, without those that every tenant has."""
    if case.snapshot is None:
        return {}
    return {name: count - empty[name] for name, count in box.tenant.summary().items()}


def _rule_date(workspace: Workspace, run: RunOfTest) -> dt.date:
    given = dt.date.fromisoformat(run.rule_date) if run.rule_date else None
    return RunOptions(rule_date=given).date_in(workspace.project.profile)


def _undated(case: Case, run: RunOfTest) -> tuple[Problem, ...]:
    """A test that runs on today's date may fail tomorrow."""
    if run.rule_date:
        return ()
    hint = "write rule_date: 2026-01-31 in the test, or once for the whole file"
    message = "the test states no rule date and runs on today's"
    return (Problem("GS-TEST-TODAY", message, case.place, run.name, hint=hint, severity="warning"),)


def _of_step(run: RunOfTest, found: Found) -> Found:
    return replace(found, subject=f"{run.name} · {found.subject}") if run.name else found
