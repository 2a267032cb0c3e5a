"""`gsrules test --watch`: real edits of real files, seen by a real process."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, Queue

import pytest

from gsrules.regress.watching import Round, Watch
from gsrules.views.watching import show
from tests.conftest import write_files
from tests.regress.support import environment, write_tests

pytestmark = pytest.mark.once

TESTS = """
    - {name: created, given: {fixtures: [acme, little]}, expect: {actions: {Write usage: {created: 1}}}}
    - {name: seeded, given: {seed: true}, expect: {tasks: {Joined: {rows: 2}}}}
    - name: another rule
      given: {fixtures: [acme, little]}
      steps:
        - {rule: again, expect: {tasks: {Usage: []}}}
"""


class Watched:
    """Rounds of a project, one for each edit."""

    def __init__(self, project: Path, text: str | None = None) -> None:
        self.project = project
        self._edits: list[tuple[str, str, str]] = []
        self._rounds: Iterator[Round] = Watch(project, [], text).rounds(self._wait)
        self.first = next(self._rounds)

    def _wait(self) -> None:
        while self._edits:
            name, old, new = self._edits.pop()
            path = self.project / name
            text = path.read_text(encoding="utf-8") if path.exists() else old
            assert old in text
            path.write_text(text.replace(old, new), encoding="utf-8")

    def after(self, *edits: tuple[str, str, str]) -> Round:
        self._edits = list(edits)
        return next(self._rounds)


def names(found: Round) -> list[str]:
    return [test.name for test in found.outcome.tests]


@pytest.fixture
def watched(project: Path) -> Watched:
    write_tests(project, TESTS)
    return Watched(project)


def test_all_tests_run_at_first(watched: Watched) -> None:
    assert names(watched.first) == ["created", "seeded", "another rule"]
    assert len(watched.first.known) == 3


def test_a_rule_concerns_the_tests_that_run_it(watched: Watched) -> None:
    found = watched.after(("rules/again.yml", "Logins__gc]", "Gsid]"))
    assert names(found) == ["another rule"]
    found = watched.after(("rules/usage.yml", "operation: upsert", "operation: update"))
    assert names(found) == ["created", "seeded"]
    assert [test.passed for test in found.known] == [False, True, True]


def test_a_seed_file_concerns_the_tests_that_start_from_the_seeds(watched: Watched) -> None:
    found = watched.after(("datasets/records/company.csv", "Gamma,C-1,Churn", "Gamma,X-9,Active"))
    assert names(found) == ["seeded"]
    found = watched.after(("datasets/s3/gainsight-managed/input/usage-2026-11-22.csv", "X-9,1\n", ""))
    assert names(found) == ["seeded"]
    assert [test.passed for test in found.known] == [True, True, True]


def test_an_object_file_concerns_all_tests(watched: Watched) -> None:
    found = watched.after(("datasets/objects/usage__gc.yml", "decimals: 0", "decimals: 1"))
    assert names(found) == ["created", "seeded", "another rule"]


def test_a_rule_that_is_broken_and_repaired_is_run_again(watched: Watched) -> None:
    found = watched.after(("rules/usage.yml", "operation: upsert", "operation: upsrt"))
    assert [test.passed for test in found.known] == [False, False, True]
    assert watched.after(("rules/usage.yml", "upsrt", "upsert")).known[0].passed


def test_what_could_not_be_run_is_run_once_it_can_be(watched: Watched, capsys: pytest.CaptureFixture[str]) -> None:
    found = watched.after(("tests/usage.yml", "name: created", "nmae: created"))
    assert [problem.code for problem in found.problems] == ["GS-SPEC-MISSING", "GS-SPEC-KEY"]
    assert not found.outcome.tests
    show(found, Path())
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("no test runs before this is repaired; until now 0 of 3 fail; ")
    found = watched.after(("tests/usage.yml", "nmae: created", "name: made"))
    assert "made" in names(found)
    assert not found.problems


def test_broken_settings_are_told_and_left_behind(watched: Watched) -> None:
    found = watched.after(("gsrules.toml", "\n", "timezone = 3\n"))
    assert found.problems
    found = watched.after(("gsrules.toml", "timezone = 3", "timezone = 'Europe/Berlin'"))
    assert len(found.outcome.tests) == 3


def test_shared_fixtures_concern_the_tests_that_take_them(project: Path) -> None:
    write_files(project, {"tests/b.fixtures.yml": "fixtures: {beta: {records: {company: [{Name: Beta}]}}}"})
    write_tests(project, TESTS.replace("name: created, given: {fixtures: [acme,", "name: b, given: {fixtures: [beta,"))
    watched = Watched(project)
    found = watched.after(("tests/b.fixtures.yml", "Name: Beta", "Name: B, ExternalId: A-1, Status: Active"))
    assert "b" in names(found)
    assert found.known[0].passed


def test_only_chosen_tests_are_watched(project: Path) -> None:
    write_tests(project, TESTS)
    watched = Watched(project, "seeded")
    assert names(watched.first) == ["seeded"]
    assert names(watched.after(("rules/again.yml", "Logins__gc]", "Gsid]"))) == []


def test_a_kept_snapshot_concerns_its_test(project: Path) -> None:
    write_tests(project, TESTS.replace("name: created,", "name: created, snapshot: true,"))
    watched = Watched(project)
    assert not watched.first.known[0].passed
    assert watched.first.known[0].snapshot is not None
    taken = watched.first.known[0].snapshot.taken
    (project / "tests/usage.snapshots").mkdir()
    found = watched.after(("tests/usage.snapshots/created.yml", "", taken))
    assert names(found) == ["created"]
    assert found.known[0].passed


class Process:
    """A running `gsrules test --watch`, and its lines as they come."""

    def __init__(self, project: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gsrules", "test", "--watch"],
            cwd=project, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self._lines: Queue[str] = Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)

    def until(self, text: str) -> list[str]:
        """The lines up to one that holds the text."""
        lines: list[str] = []
        deadline = time.monotonic() + 60
        while not lines or text not in lines[-1]:
            try:
                lines.append(self._lines.get(timeout=max(0.1, deadline - time.monotonic())))
            except Empty:
                raise AssertionError(f"no line with {text!r} in {lines}") from None
        return lines

    def end(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=30)


def test_the_command_shows_the_result_of_each_edit(project: Path) -> None:
    write_tests(project, TESTS)
    running = Process(project)
    try:
        assert "0 of 3 fail" in running.until("watching …")[-1]
        rule = project / "rules/usage.yml"
        text = rule.read_text(encoding="utf-8")
        rule.write_text(text.replace("operation: upsert", "operation: update"), encoding="utf-8")
        started = time.monotonic()
        lines = running.until("1 of 3 fail")  # a half-written file may have been seen first
        took = time.monotonic() - started
        assert any("rules/usage.yml changed" in line for line in lines)
        assert any("Write usage: created: 1 → 0" in line for line in lines)
        assert took < 20, "a second on a machine of one's own"
        rule.write_text(text, encoding="utf-8")
        running.until("0 of 3 fail")
        assert running.end() == 0
    finally:
        running.process.kill()
        running.process.wait()
        if running.process.stdout is not None:
            running.process.stdout.close()
