"""Watches a project: runs the tests that a saved file concerns, again and again in one process."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gsrules.catalogue.project_files import DEFINITIONS
from gsrules.errors import GsrulesError, Problem
from gsrules.project import Project
from gsrules.regress.collecting import Case, Collected, collect
from gsrules.regress.outcome import SuiteOutcome, TestOutcome
from gsrules.regress.results import Results
from gsrules.regress.running import run_case
from gsrules.run.session import Session
from gsrules.run.test_data import FIXTURES_ENDING
from gsrules.run.workspace import Workspace

POLL_SECONDS: Final = 0.1
_SETTLE_SECONDS: Final = 0.03

Stamps = Mapping[Path, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Round:
    """What followed from one change, or from the start: the tests that it concerns, or why they cannot be run.

    `known` are the latest outcomes of all chosen tests.
    """

    changed: tuple[Path, ...]
    outcome: SuiteOutcome
    problems: tuple[Problem, ...]
    known: tuple[TestOutcome, ...]
    duration_ms: int


@dataclass(slots=True)
class Watch:
    """The state between rounds."""

    root: Path
    paths: Sequence[Path]
    text: str | None = None
    workspace: Workspace | None = None
    session: Session | None = None
    collected: Collected = field(default_factory=lambda: Collected(()))
    known: dict[str, TestOutcome] = field(default_factory=dict)
    _open: set[str] = field(default_factory=set)
    _owed: frozenset[Path] = frozenset()

    def rounds(self, wait: Callable[[], None] = lambda: time.sleep(POLL_SECONDS)) -> Iterator[Round]:
        """A round at once, then one after each change; ends when the caller does not ask any more."""
        project = Project.find(self.root, self.root)
        stamps = stamps_of(project, self.paths)
        try:
            yield self.round(())
            while True:
                wait()
                now = _settled(project, self.paths, stamps)
                changed = tuple(sorted(path for path in {*stamps, *now} if stamps.get(path) != now.get(path)))
                if changed:
                    stamps = now
                    yield self.round(changed)
        finally:
            if self.session is not None:
                self.session.close()

    def round(self, changed: Sequence[Path]) -> Round:
        """Takes the changes over and runs what they concern; what could not be run before is run, too."""
        started = time.perf_counter()
        problems: tuple[Problem, ...] = ()
        done: list[TestOutcome] = []
        try:
            for case in self._concerned(changed):
                done.append(self._run(case))
        except GsrulesError as error:
            problems = error.problems
        chosen = self.collected.chosen(self.text)
        self._remember(done)
        known = tuple(self.known[case.id] for case in chosen if case.id in self.known)
        duration = round((time.perf_counter() - started) * 1000)
        order = {case.id: at for at, case in enumerate(chosen)}
        outcome = SuiteOutcome(tuple(sorted(done, key=lambda test: order[test.id])), self.collected.obsolete)
        return Round(tuple(changed), outcome, problems, known, duration)

    def _run(self, case: Case) -> TestOutcome:
        assert self.session is not None
        assert self.workspace is not None
        found = run_case(self.session, self.workspace, case)
        self.known[case.id] = found
        self._open.discard(case.id)
        return found

    def _concerned(self, changed: Sequence[Path]) -> list[Case]:
        """The tests to run, those that failed first. Raises InputError; then the next round tries again."""
        self._owed = self._owed.union(changed)  # what a round that fails here leaves to the next
        changed = tuple(self._owed)
        workspace = self._reopened(changed)
        project = workspace.project
        before = {case.id: case for case in self.collected.cases}
        if not before or any(_below(path, _test_roots(project, self.paths)) for path in changed):
            self._open.update(before if any(path.name.endswith(FIXTURES_ENDING) for path in changed) else ())
            self.collected = collect(project, self.paths)
        for case in self.collected.cases:
            if case.id not in self.known or _concerns(case, changed, workspace):
                self._open.add(case.id)
        self._owed = frozenset()
        chosen = [case for case in self.collected.chosen(self.text) if case.id in self._open]
        return sorted(chosen, key=lambda case: case.id not in self.known or self.known[case.id].passed)

    def _reopened(self, changed: Sequence[Path]) -> Workspace:
        """The project with what changed read anew; the engine stays warm as long as the objects are the same."""
        workspace = self.workspace
        if workspace is None or any(_reshapes(path, workspace.project) for path in changed):
            self.known.clear()
            if self.session is not None:
                self.session.close()
            self.workspace = self.session = None
            workspace = Workspace.open(self.root, self.root)
            self.session = Session(workspace)
        elif any(_below(path, [workspace.project.rules_dir]) for path in changed):
            workspace = workspace.with_rules({})
        self.workspace = workspace
        return workspace

    def _remember(self, done: Sequence[TestOutcome]) -> None:
        if self.workspace is not None and done:
            Results.load(self.workspace.project).noting(done, gone=[]).save()


def stamps_of(project: Project, paths: Sequence[Path]) -> Stamps:
    """When each file of the project was written last, and its size."""
    found: dict[Path, tuple[int, int]] = {}
    roots = [project.rules_dir, project.datasets_dir, *_test_roots(project, paths)]
    settings = [project.root / name for name in ("gsrules.toml", "pyproject.toml")]
    for path in (*settings, *(path for root in roots for path in _files(root))):
        try:
            stat = path.stat()
        except OSError:
            continue  # it went away meanwhile
        found[path] = (stat.st_mtime_ns, stat.st_size)
    return found


def _files(root: Path) -> Iterator[Path]:
    if root.is_file():
        yield root
        return
    for path in root.rglob("*"):
        if not path.name.startswith(".") and path.is_file():
            yield path


def _settled(project: Project, paths: Sequence[Path], before: Stamps) -> Stamps:
    """The stamps once nothing changes any more: an editor may write a file in several goes."""
    now = stamps_of(project, paths)
    while now != before:
        before = now
        time.sleep(_SETTLE_SECONDS)
        now = stamps_of(project, paths)
    return now


def _test_roots(project: Project, paths: Sequence[Path]) -> list[Path]:
    named = [path if path.exists() else project.root / path for path in paths]
    return [project.tests_dir, *(path.absolute() for path in named)]


def _below(path: Path, roots: Sequence[Path]) -> bool:
    return any(path == root or path.is_relative_to(root) for root in roots)


def _reshapes(path: Path, project: Project) -> bool:
    """Whether a file says what objects, options or settings there are."""
    data = project.datasets_dir
    if path.parent == project.root and path.name in ("gsrules.toml", "pyproject.toml"):
        return True
    defining = [data / name for name in (*DEFINITIONS, "objects", "salesforce")]
    return _below(path, defining)


def _concerns(case: Case, changed: Sequence[Path], workspace: Workspace) -> bool:
    """Whether a test may end otherwise now that these files are others."""
    project = workspace.project
    rules = {project.rules_dir / f"{rule}.yml" for rule in case.rules}
    own = {case.path.absolute(), *rules, *(path.absolute() for path in case.fixtures)}
    own |= {case.snapshot.absolute()} if case.snapshot is not None else set()
    seeds = case.uses_seeds and any(_below(path, [project.datasets_dir]) for path in changed)
    return seeds or any(path in own for path in changed)
