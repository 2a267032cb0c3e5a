"""Runs the rule tests of a project: which, in which order, in how many processes, and what became of them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gsrules.errors import InputError, Problem
from gsrules.regress.collecting import Case, Collected, collect
from gsrules.regress.outcome import SuiteOutcome, TestOutcome
from gsrules.regress.results import Results
from gsrules.regress.running import Observer, run_case
from gsrules.regress.workers import run_in_workers, workers_for
from gsrules.run.session import Session
from gsrules.run.tested_names import TestedRules, check_runs
from gsrules.run.workspace import Workspace


def _silent(_outcome: TestOutcome) -> None:
    """Nobody watches."""


@dataclass(frozen=True, slots=True)
class SuiteOptions:
    """Which tests run, and how.

    `text`: only those whose name, rule or file holds it. `last_failed`: only those that failed when they ran last.
    `fail_fast`: none after the first that fails. `jobs`: processes; None for as many as pay. `observer` looks at
    every run, which is then made in this process. `on_test` is told of each test when it is done, in the order in
    which they end.
    """

    text: str | None = None
    last_failed: bool = False
    fail_fast: bool = False
    jobs: int | None = None
    observer: Observer | None = None
    on_test: Callable[[TestOutcome], None] = _silent


def run_tests(
    workspace: Workspace, paths: Sequence[Path], text: str | None = None, options: SuiteOptions | None = None
) -> SuiteOutcome:
    """Runs the tests below `paths` (by default all); those that failed last time go first.

    Raises InputError with the problems of every test file that cannot be read or names a rule or parameter that there
    is not, and when there is no test at all.
    """
    asked = options or SuiteOptions()
    asked = replace(asked, text=text) if text is not None else asked
    collected = collect(workspace.project, paths)
    results = Results.load(workspace.project)
    cases = chosen(workspace, collected, results, asked)
    _refuse_misspelt(workspace, cases)
    outcome = run_cases(workspace, cases, results, asked)
    results.noting(outcome.tests, gone=[] if paths else collected.cases).save()
    return replace(outcome, obsolete=collected.obsolete)


def _refuse_misspelt(workspace: Workspace, cases: Sequence[Case]) -> None:
    """Raises InputError for what can only be a slip in a test: it says nothing about the rule."""
    rules = TestedRules(workspace, {})
    problems = [problem for case in cases for problem in check_runs(rules, case.file, [case.test])]
    if problems:
        raise InputError(dict.fromkeys(problems))


def chosen(workspace: Workspace, collected: Collected, results: Results, options: SuiteOptions) -> tuple[Case, ...]:
    """The tests to run, in file order. Raises InputError GS-TEST-NONE if there is none."""
    cases = collected.chosen(options.text)
    if options.last_failed and cases:
        failed = tuple(case for case in cases if results.failed(case.id))
        cases = failed or cases
    if not cases:
        hint = "leave out -k to run them all" if options.text else "tests are YAML files in the tests folder"
        where = str(workspace.project.tests_dir)
        raise InputError(Problem("GS-TEST-NONE", "there is no test to run", where=where, hint=hint))
    return cases


def run_cases(workspace: Workspace, cases: Sequence[Case], results: Results, options: SuiteOptions) -> SuiteOutcome:
    """Runs these tests, the ones that failed last time first; the outcome is in the given order."""
    first = sorted(cases, key=lambda case: not results.failed(case.id))
    jobs = 1 if options.observer is not None else workers_for(first, results, options.jobs)
    done: dict[str, TestOutcome] = {}
    ended = run_in_workers(workspace, first, jobs) if jobs > 1 else _run_here(workspace, first, options.observer)
    for outcome in ended:
        done[outcome.id] = outcome
        options.on_test(outcome)
        if options.fail_fast and not outcome.passed:
            ended.close()
            break
    return SuiteOutcome(tuple(done[case.id] for case in cases if case.id in done), not_run=len(cases) - len(done))


def _run_here(workspace: Workspace, cases: Sequence[Case], observer: Observer | None) -> Generator[TestOutcome]:
    with Session(workspace) as session:
        for case in cases:
            yield run_case(session, workspace, case, observer)
