"""Finds the rule tests of a project: files, fixtures taken in, runs in order, where snapshots are kept."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gsrules.errors import GsrulesError, InputError, Place, Problem
from gsrules.project import Project
from gsrules.run.test_data import (
    SNAPSHOTS_ENDING,
    GivenData,
    SharedFixtures,
    given_data,
    test_files,
    used_fixtures,
)
from gsrules.spec.load import load_tests
from gsrules.spec.rule_tests import Expect, Step, TestCase, TestFile
from gsrules.spec.text import Text

_SLUG_LENGTH = 60


@dataclass(frozen=True, slots=True)
class RunOfTest:
    """One run of a test; `name` is that of the step, empty where the test is one run."""

    name: str
    rule: Text
    rule_date: str | None
    params: Mapping[str, Any]
    given: GivenData
    expect: Expect


@dataclass(frozen=True, slots=True)
class Case:
    """A test ready to be run; `id` is unique in the project."""

    id: str
    path: Path
    file: TestFile
    test: TestCase
    runs: tuple[RunOfTest, ...]
    snapshot: Path | None
    fixtures: tuple[Path, ...] = ()

    @property
    def place(self) -> Place:
        return self.test.name.place or Place(str(self.path), 1, 1)

    @property
    def rules(self) -> tuple[str, ...]:
        """The ids of the rules that the test runs, each once."""
        return tuple(dict.fromkeys(str(run.rule) for run in self.runs))

    @property
    def uses_seeds(self) -> bool:
        """Whether the test starts from the project's own records and files."""
        return any(run.given.seed for run in self.runs)


@dataclass(frozen=True, slots=True)
class Collected:
    """The tests of some files in their order, and the snapshots that are kept for no test of them."""

    cases: tuple[Case, ...]
    obsolete: tuple[Path, ...] = ()

    def chosen(self, text: str | None) -> tuple[Case, ...]:
        """The tests whose name, rule or file holds `text`, in any letter case."""
        if not text:
            return self.cases
        wanted = text.lower()
        return tuple(case for case in self.cases if wanted in f"{case.id} {case.file.rule}".lower())


def collect(project: Project, paths: Sequence[Path]) -> Collected:
    """The tests below `paths`, by default all. Raises InputError with the problems of every file."""
    problems: list[Problem] = []
    cases: list[Case] = []
    files = test_files(project, paths)
    try:
        shared = SharedFixtures.load(project)
    except GsrulesError as error:
        problems.extend(error.problems)
        shared = SharedFixtures()
    for path in files:
        try:
            cases.extend(collect_file(project, path, shared))
        except GsrulesError as error:
            problems.extend(error.problems)
    if problems:
        raise InputError(problems)
    return Collected(tuple(cases), tuple(_obsolete(project, paths, files, cases)))


def collect_file(project: Project, path: Path, shared: SharedFixtures) -> tuple[Case, ...]:
    """The tests of one file. Raises InputError with every problem of the file and of what its tests give."""
    file = load_tests(path)
    problems: list[Problem] = []
    cases: list[Case] = []
    taken: set[Path] = set()
    for test in file.tests:
        try:
            runs = tuple(_runs(file, test, shared))
        except GsrulesError as error:
            problems.extend(error.problems)
            continue
        kept = _snapshot_path(path, test, taken) if test.snapshot else None
        fixtures = {shared.files[name]: True for name in used_fixtures(test) if name in shared.files}
        cases.append(Case(f"{_shown(project, path)}::{test.name}", path, file, test, runs, kept, tuple(fixtures)))
    if problems:
        raise InputError(problems)
    return tuple(cases)


def _runs(file: TestFile, test: TestCase, shared: SharedFixtures) -> Iterator[RunOfTest]:
    date = test.rule_date or file.rule_date
    given = given_data(test.given, file, shared)
    params = {str(name): value for name, value in test.params.items()}
    if test.steps is None:
        yield RunOfTest("", file.rule, date, params, given, test.expect or NOTHING)
        return
    for number, step in enumerate(test.steps, start=1):
        rule = step.rule or file.rule
        own = {str(name): value for name, value in step.params.items()}
        usual = params if rule == file.rule else {}
        first = given if number == 1 else GivenData()
        there = _both(first, given_data(step.given, file, shared))
        yield RunOfTest(
            step_name(number, step), rule, step.rule_date or date, usual | own, there, step.expect or NOTHING
        )


NOTHING = Expect.model_construct()
"""What a run without `expect` expects: that it does not fail."""


def step_name(number: int, step: Step) -> str:
    """What a step is called in reports."""
    return str(step.name) if step.name is not None else f"step {number}"


def _both(first: GivenData, second: GivenData) -> GivenData:
    """What the test gives and what its first step gives."""
    records = {name: rows + second.records.get(name, ()) for name, rows in first.records.items()}
    return GivenData({**second.records, **records}, {**first.files, **second.files}, first.seed or second.seed)


def slug(name: str) -> str:
    """A file name for a test: its words joined by hyphens."""
    words = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    short = words[:_SLUG_LENGTH].rstrip("-")
    return short if short == words and words else f"{short or 'test'}-{_mark(name)}"


def _mark(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:6]


def _snapshot_path(path: Path, test: TestCase, taken: set[Path]) -> Path:
    folder = snapshot_folder(path)
    found = folder / f"{slug(test.name)}.yml"
    if found in taken:
        found = folder / f"{slug(test.name)}-{_mark(test.name)}.yml"
    taken.add(found)
    return found


def snapshot_folder(path: Path) -> Path:
    """Where the snapshots of a test file are kept."""
    return path.with_name(f"{path.stem}{SNAPSHOTS_ENDING}")


def _obsolete(project: Project, paths: Sequence[Path], files: Sequence[Path], cases: Sequence[Case]) -> Iterator[Path]:
    """Kept snapshots of the collected files without a test, and of files that are gone."""
    wanted = {case.snapshot for case in cases}
    folders = {snapshot_folder(path) for path in files}
    if not paths and project.tests_dir.is_dir():
        folders |= {each for each in project.tests_dir.rglob(f"*{SNAPSHOTS_ENDING}") if each.is_dir()}
    for folder in sorted(folders):
        yield from (path for path in sorted(folder.glob("*.yml")) if path not in wanted)


def _shown(project: Project, path: Path) -> str:
    """The path below the project's folder, the same wherever the command runs."""
    full = path.resolve()
    root = project.root.resolve()
    return full.relative_to(root).as_posix() if full.is_relative_to(root) else full.as_posix()
