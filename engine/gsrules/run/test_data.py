"""What rule tests are made of: their files, shared fixtures, and what a test gives once its fixtures are taken in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gsrules.errors import GsrulesError, InputError, Problem, nearest
from gsrules.project import Project
from gsrules.sources.buckets import bucket_key, key_problem
from gsrules.spec.load import load_fixtures
from gsrules.spec.rule_tests import Fixture, Given, TestCase, TestFile
from gsrules.spec.text import Text

FIXTURES_ENDING = ".fixtures.yml"
SNAPSHOTS_ENDING = ".snapshots"

Rows = tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class GivenData:
    """What is there before a run. A file without content (None) is absent, whatever the seeds hold."""

    records: Mapping[Text, Rows] = field(default_factory=dict)
    files: Mapping[Text, Text | None] = field(default_factory=dict)
    seed: bool = False


def is_test_file(path: Path) -> bool:
    """Whether a YAML file holds tests: neither shared fixtures nor a kept snapshot."""
    return (
        path.suffix == ".yml"
        and not path.name.endswith(FIXTURES_ENDING)
        and not any(part.endswith(SNAPSHOTS_ENDING) for part in path.parts[:-1])
    )


def test_files(project: Project, paths: Sequence[Path]) -> list[Path]:
    """The rule test files below `paths`, by default below the project's tests folder."""
    roots = list(paths) or [project.tests_dir]
    found: list[Path] = []
    for root in roots:
        there = root if root.exists() else project.root / root
        if there.is_file():
            found.append(there)
        elif there.is_dir():
            found.extend(path for path in sorted(there.rglob("*.yml")) if is_test_file(path.relative_to(there)))
        elif paths:
            raise InputError(Problem("GS-NAME", "there is no such test file or folder", value=str(root)))
    return list(dict.fromkeys(found))


test_files.__test__ = False  # type: ignore[attr-defined]  # no test of pytest's


def fixture_files(project: Project) -> list[Path]:
    """The files of shared fixtures, sorted."""
    return sorted(project.tests_dir.rglob(f"*{FIXTURES_ENDING}")) if project.tests_dir.is_dir() else []


@dataclass(frozen=True, slots=True)
class SharedFixtures:
    """The fixtures of all `*.fixtures.yml` files, and the file of each."""

    fixtures: Mapping[str, Fixture] = field(default_factory=dict)
    files: Mapping[str, Path] = field(default_factory=dict)

    @classmethod
    def load(cls, project: Project) -> SharedFixtures:
        """Reads the files. Raises InputError with the problems of all of them, equal names among them."""
        problems: list[Problem] = []
        fixtures: dict[str, Fixture] = {}
        files: dict[str, Path] = {}
        for path in fixture_files(project):
            try:
                found = load_fixtures(path).fixtures
            except GsrulesError as error:
                problems.extend(error.problems)
                continue
            for name, fixture in found.items():
                if name in fixtures:
                    message = f"there are two fixtures `{name}`: here and in {files[name].name}"
                    problems.append(Problem("GS-SPEC-DUPLICATE", message, name.place, value=str(name)))
                else:
                    fixtures[name], files[name] = fixture, path
        if problems:
            raise InputError(problems)
        return cls(fixtures, files)


def given_data(given: Given, file: TestFile, shared: SharedFixtures) -> GivenData:
    """The fixtures of a `given` in their order, then its own entries.

    A fixture of the file goes before a shared one of the same name. An object in several is concatenated. The test's
    own entries for files replace those of its fixtures; two fixtures may not give one file. Raises InputError.
    """
    problems: list[Problem] = []
    parts = [*_fixtures(given, file, shared, problems), given]
    records: dict[str, tuple[Text, list[Rows]]] = {}
    files: dict[Text, Text | None] = {}
    for part in parts:
        for name, rows in part.records.items():
            records.setdefault(name.lower(), (name, []))[1].append(rows)
        for key, content in part.files.items():
            if part is not given and files.get(key) is not None and content is not None:
                problems.append(_twice(key))
            else:
                files[key] = content
    if problems:
        raise InputError(problems)
    joined = {name: tuple(row for rows in several for row in rows) for name, several in records.values()}
    return GivenData(joined, files, any(part.seed for part in parts))


def used_fixtures(test: TestCase) -> Iterator[Text]:
    """The names of the fixtures that a test and its steps take."""
    yield from test.given.fixtures
    for step in test.steps or ():
        yield from step.given.fixtures


def _fixtures(given: Given, file: TestFile, shared: SharedFixtures, problems: list[Problem]) -> Iterable[Fixture]:
    for name in given.fixtures:
        found = file.fixtures.get(name) or shared.fixtures.get(name)
        if found is None:
            known = [*map(str, file.fixtures), *shared.fixtures]
            hint = f"known: {', '.join(known)}" if known else f"write it below `fixtures:`, or in a *{FIXTURES_ENDING}"
            message = f"there is no fixture `{name}`"
            problems.append(Problem("GS-NAME", message, name.place, "", str(name), hint, nearest(name, known)))
        else:
            yield found


def split_key(key: str) -> tuple[str, str] | None:
    """The bucket and the key of a `bucket/key`, None for anything else."""
    bucket, _, rest = key.partition("/")
    own = bucket_key(rest, bucket)
    return None if not bucket or not own or key_problem(bucket) or key_problem(own) else (bucket, own)


def bad_key(key: Text) -> Problem:
    """GS-FILE-PATH: a test gives a file under something that is no key."""
    hint = "write it as bucket/key, such as gainsight-managed/input/usage.csv"
    return Problem("GS-FILE-PATH", f"`{key}` is no key in a bucket", key.place, value=str(key), hint=hint)


def _twice(key: Text) -> Problem:
    hint = "leave one of them out, or give the file in the test itself, which replaces that of a fixture"
    return Problem("GS-SPEC-DUPLICATE", f"two fixtures give the file `{key}`", key.place, value=str(key), hint=hint)
