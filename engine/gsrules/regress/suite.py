"""Runs rule tests: each on a tenant and buckets of its own, with only the records and files that it gives."""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from gsrules.errors import GsrulesError, InputError, Place, Problem
from gsrules.project import BucketSettings
from gsrules.regress.outcome import SuiteOutcome, TestOutcome
from gsrules.regress.verify import verify
from gsrules.run.check import test_files
from gsrules.run.engine import RunOptions, run_rule
from gsrules.run.workspace import Workspace
from gsrules.sources.buckets import key_problem
from gsrules.spec.load import load_tests
from gsrules.spec.rule_tests import TestCase, TestFile
from gsrules.tenant import Tenant


def run_tests(workspace: Workspace, paths: Sequence[Path], text: str | None) -> SuiteOutcome:
    """Runs the tests below `paths` (by default all) whose name or rule holds `text`.

    Raises InputError with the problems of every test file that cannot be read, and when there is no test at all.
    """
    problems: list[Problem] = []
    found: list[tuple[TestFile, TestCase]] = []
    for path in test_files(workspace, paths):
        try:
            file = load_tests(path)
        except GsrulesError as error:
            problems.extend(error.problems)
            continue
        found.extend(
            (file, test) for test in file.tests if not text or text.lower() in f"{file.rule} {test.name}".lower()
        )
    if problems:
        raise InputError(problems)
    if not found:
        hint = "tests are YAML files in the tests folder" if not text else "leave out -k to run them all"
        raise InputError(
            Problem("GS-TEST-NONE", "there is no test to run", where=str(workspace.project.tests_dir), hint=hint)
        )
    return SuiteOutcome(tuple(_run_one(workspace, file, test) for file, test in found))


def _run_one(workspace: Workspace, file: TestFile, test: TestCase) -> TestOutcome:
    started = time.perf_counter()
    place = test.name.place or Place(str(file.rule), 1, 1)
    made = TestOutcome(str(test.name), str(file.rule), place, 0)
    try:
        made = _checked(workspace, file, test, made)
    except GsrulesError as error:
        made = replace(made, problems=error.problems)
    return replace(made, duration_ms=round((time.perf_counter() - started) * 1000))


def _checked(workspace: Workspace, file: TestFile, test: TestCase, made: TestOutcome) -> TestOutcome:
    if test.snapshot:
        message = "`snapshot: true` is known, but this version does not keep snapshots"
        raise InputError(Problem("GS-NOT-YET", message, test.place_of("snapshot"), hint="write what you expect"))
    options = RunOptions(
        rule_date=dt.date.fromisoformat(test.rule_date) if test.rule_date else None,
        params={str(name): value for name, value in test.params.items()},
        mode="live",
        keep_all_tasks=True,
    )
    with tempfile.TemporaryDirectory(prefix="gsrules-test-") as folder:
        own = _own_workspace(workspace, test, Path(folder))
        with _given(own, test) as tenant:
            result = run_rule(own, file.rule, options, tenant)
            facts, rows, problems = verify(own, test, result, tenant)
    return replace(made, facts=facts, rows=rows, problems=problems)


@contextmanager
def _given(workspace: Workspace, test: TestCase) -> Iterator[Tenant]:
    """A tenant in memory with the records that the test gives."""
    given = test.given
    with Tenant.open(None, workspace.catalogue, workspace.project, "live") as tenant:
        if given.seed:
            tenant.seed()
        if given.records:
            tenant.seed_records(dict(given.records.items()))
        yield tenant


def _own_workspace(workspace: Workspace, test: TestCase, folder: Path) -> Workspace:
    """The workspace with buckets that hold only the test's files, and the project's own if it starts from them."""
    project = workspace.project
    names = {*project.buckets, *(str(key).partition("/")[0] for key in test.given.files)}
    if test.given.seed and not test.given.files:
        return workspace
    buckets: dict[str, BucketSettings] = {}
    for name in names:
        own = folder / "s3" / name
        settings = project.buckets.get(name)
        if test.given.seed and settings is not None and settings.path is not None and settings.path.is_dir():
            shutil.copytree(settings.path, own, symlinks=True)  # what leads out of the bucket still does
        own.mkdir(parents=True, exist_ok=True)
        buckets[name] = BucketSettings(name, path=own)
    for key, content in test.given.files.items():
        path = (folder / "s3" / key).resolve()
        if "/" not in key or key_problem(key) or not path.is_relative_to((folder / "s3").resolve()):
            hint = "write it as bucket/key, such as gainsight-managed/input/usage.csv"
            raise InputError(Problem("GS-FILE-PATH", f"`{key}` is no key in a bucket", key.place, value=key, hint=hint))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8", newline="")
    return replace(workspace, project=replace(project, buckets=buckets))
