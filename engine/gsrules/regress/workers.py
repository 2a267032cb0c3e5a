"""Runs tests in several processes; each opens the project once and keeps its engine from test to test."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.context import BaseContext
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Final

from gsrules.errors import Problem
from gsrules.regress.collecting import Case, collect_file
from gsrules.regress.outcome import TestOutcome
from gsrules.regress.results import Results
from gsrules.regress.running import run_case
from gsrules.run.session import Session
from gsrules.run.test_data import SharedFixtures
from gsrules.run.workspace import Workspace

_USUAL_MS: Final = 30
_WORTH_A_FORK_MS: Final = 400
_WORTH_A_START_MS: Final = 3000
"""How much work a worker must have to pay for itself: a fork costs little, a start imports everything again."""


def workers_for(cases: Sequence[Case], results: Results, wanted: int | None) -> int:
    """How many processes to use: those asked for, else at most one a core, and only as many as pay."""
    if wanted is not None:
        return max(1, min(wanted, len(cases)))
    expected = sum(results.duration_ms(case.id) or _USUAL_MS for case in cases)
    worth = _WORTH_A_FORK_MS if _can_fork() else _WORTH_A_START_MS
    return max(1, min(os.cpu_count() or 1, expected // worth, len(cases)))


def run_in_workers(workspace: Workspace, cases: Sequence[Case], jobs: int) -> Generator[TestOutcome]:
    """The outcomes as they come; a test whose worker died has a problem that says so."""
    _known.clear()
    _known.update({case.id: case for case in cases})  # a forked worker finds them here
    context: BaseContext = multiprocessing.get_context("fork" if _can_fork() else "spawn")
    pool = ProcessPoolExecutor(jobs, context, initializer=_begin, initargs=(str(workspace.project.root), jobs))
    waiting: Mapping[Future[TestOutcome], Case] = {pool.submit(_run, case.id, str(case.path)): case for case in cases}
    try:
        for future in as_completed(waiting):
            try:
                yield future.result()
            except BrokenProcessPool:
                yield _died(waiting[future])
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        _known.clear()


def _died(case: Case) -> TestOutcome:
    message = "the process that ran the tests ended by itself"
    hint = "perhaps for want of memory; gsrules test -j 1 runs them in one process and shows more"
    problem = Problem("GS-TEST-WORKER", message, case.place, hint=hint)
    return TestOutcome(str(case.test.name), str(case.file.rule), case.place, 0, problems=(problem,), id=case.id)


def _can_fork() -> bool:
    """Whether this process may be copied: on Linux, as long as it has no thread but this one."""
    try:
        return sys.platform == "linux" and len(os.listdir("/proc/self/task")) == 1
    except OSError:
        return False


_known: dict[str, Case] = {}
_session: Session | None = None


def _begin(root: str, jobs: int) -> None:
    """In the worker: opens the project; the terminal's Ctrl-C is for the process that started it."""
    global _session
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    workspace = Workspace.open(Path(root), Path(root))
    _session = Session(workspace)
    Finalize(None, _session.close, exitpriority=0)
    with _session.tenant() as tenant:
        tenant.con.execute(f"SET threads = {max(1, (os.cpu_count() or 1) // jobs)}")


def _run(test: str, path: str) -> TestOutcome:
    """In the worker: runs the test of that id."""
    assert _session is not None
    if test not in _known:
        project = _session.workspace.project
        _known.update({case.id: case for case in collect_file(project, Path(path), SharedFixtures.load(project))})
    return run_case(_session, _session.workspace, _known[test])
