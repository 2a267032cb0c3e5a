"""`gsrules test`: which tests run, in which order and in how many processes, and what is written."""

from __future__ import annotations

import json
import os
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from gsrules.errors import InputError
from gsrules.regress.collecting import collect
from gsrules.regress.outcome import TestOutcome
from gsrules.regress.results import Results
from gsrules.regress.suite import SuiteOptions, run_tests
from gsrules.regress.workers import run_in_workers, workers_for
from gsrules.run.workspace import Workspace
from tests.regress.support import gsrules, results, suite, write_tests

GOOD = "- {name: NAME, given: {fixtures: [acme, little]}, expect: {actions: {Write usage: {created: 1}}}}\n"
BAD = GOOD.replace("created: 1", "created: 2")


def several(**tests: bool) -> str:
    return "".join((GOOD if good else BAD).replace("NAME", name) for name, good in tests.items())


def order_of(project: Path, options: SuiteOptions) -> list[str]:
    ran: list[str] = []
    made = SuiteOptions(
        options.text, options.last_failed, options.fail_fast, 1, None, lambda test: ran.append(test.name)
    )
    run_tests(Workspace.open(project, project), [], None, made)
    return ran


def test_the_tests_that_failed_last_go_first_and_the_output_keeps_the_order(project: Path) -> None:
    write_tests(project, several(a=True, b=False, c=True, d=False))
    assert order_of(project, SuiteOptions()) == ["a", "b", "c", "d"]
    assert order_of(project, SuiteOptions()) == ["b", "d", "a", "c"]
    assert [test.name for test in suite(project).tests] == ["a", "b", "c", "d"]


def test_last_failed_runs_only_those_and_all_when_none_failed(project: Path) -> None:
    write_tests(project, several(a=True, b=False, c=True))
    assert order_of(project, SuiteOptions(last_failed=True)) == ["a", "b", "c"]
    assert order_of(project, SuiteOptions(last_failed=True)) == ["b"]
    write_tests(project, several(a=True, b=True, c=True))
    assert order_of(project, SuiteOptions(last_failed=True)) == ["b"]
    assert order_of(project, SuiteOptions(last_failed=True)) == ["a", "b", "c"]


def test_fail_fast_stops_after_the_first_failure(project: Path) -> None:
    found = suite(project, several(a=True, b=False, c=True), SuiteOptions(fail_fast=True, jobs=1))
    assert ([test.name for test in found.tests], found.not_run) == (["a", "b"], 1)


def test_results_are_kept_for_tests_that_are_there(project: Path) -> None:
    suite(project, several(a=True, b=False))
    assert {name: test["passed"] for name, test in results(project).items()} == {
        "tests/usage.yml::a": True,
        "tests/usage.yml::b": False,
    }
    suite(project, several(b=True))
    assert {name: test["passed"] for name, test in results(project).items()} == {"tests/usage.yml::b": True}


@pytest.mark.parametrize("content", ["", "{", "[]", '{"version": 99}', '{"version": 1, "tests": [1]}', "\x00"])
def test_a_file_of_results_that_is_not_ours_is_no_matter(project: Path, content: str) -> None:
    (project / ".gsrules").mkdir()
    (project / ".gsrules/test-results.json").write_text(content, encoding="utf-8")
    assert suite(project, several(a=True), SuiteOptions(last_failed=True)).passed == 1
    assert list(results(project)) == ["tests/usage.yml::a"]


def test_workers_give_the_same_outcomes_in_file_order(project: Path) -> None:
    tests = several(**{f"t{n}": n % 3 != 0 for n in range(7)})
    here = suite(project, tests)
    there = suite(project, tests, SuiteOptions(jobs=3))
    assert [(t.name, t.passed, t.facts) for t in there.tests] == [(t.name, t.passed, t.facts) for t in here.tests]
    assert [t.place for t in there.tests] == [t.place for t in here.tests]


def test_a_forked_worker_reports_whatever_an_outcome_holds(project: Path) -> None:
    tests = """
        - name: rows and a snapshot
          given: {fixtures: [acme, little]}
          snapshot: true
          expect: {tasks: {Joined: [{Name: Acme, Logins: 13}]}, tenant: {company: {rows: 2}}}
        - {name: a wrong name, given: {fixtures: [acme]}, expect: {tasks: {Joind: []}}}
        - {name: today, given: {records: {company: [{Nme: x}]}}, expect: {status: SUCCESS}}
        """
    here, there = suite(project, tests), suite(project, tests, SuiteOptions(jobs=2))

    def without_times(test: TestOutcome) -> tuple[object, ...]:
        return (test.name, test.facts, test.rows, test.problems, test.warnings, test.snapshot)

    assert [without_times(test) for test in there.tests] == [without_times(test) for test in here.tests]
    assert [test.passed for test in there.tests] == [False, False, False]


def test_a_worker_that_dies_fails_its_tests_and_says_so(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tests(project, several(a=True, b=True))
    workspace = Workspace.open(project, project)
    cases = collect(workspace.project, []).cases
    monkeypatch.setattr("gsrules.regress.workers._run", _dies)
    found = list(run_in_workers(workspace, cases, 2))
    assert [problem.code for test in found for problem in test.problems] == ["GS-TEST-WORKER"] * 2


def _dies(_test: str, _path: str) -> TestOutcome:
    os._exit(3)


def test_few_quick_tests_stay_in_one_process(project: Path) -> None:
    write_tests(project, several(a=True, b=True))
    workspace = Workspace.open(project, project)
    cases = collect(workspace.project, []).cases
    known = Results.load(workspace.project)
    assert workers_for(cases, known, None) == 1
    assert workers_for(cases, known, 8) == 2
    slow = Results(known.path, {case.id: {"passed": True, "duration_ms": 60_000} for case in cases})
    assert workers_for(cases, slow, None) == min(os.cpu_count() or 1, 2)


def test_no_test_at_all_is_an_error(project: Path) -> None:
    write_tests(project, several(a=True))
    with pytest.raises(InputError) as caught:
        suite(project, options=SuiteOptions(text="nothing like it"))
    assert caught.value.problems[0].code == "GS-TEST-NONE"


def test_every_file_that_cannot_be_read_is_told_at_once(project: Path) -> None:
    write_tests(project, "- {name: a}", name="tests/a.yml")
    write_tests(project, "- {name: b, expect: {}}", name="tests/b.yml")
    done = gsrules(project, "test")
    assert done.returncode == 2
    assert "tests/a.yml:14" in done.stderr
    assert "tests/b.yml:14" in done.stderr


def test_the_command_chooses_stops_and_reports(project: Path) -> None:
    write_tests(project, several(first=False, second=True, third=False))
    done = gsrules(project, "test", "-x", "--format", "json", "--junit", "out/junit.xml", "-j", "1")
    assert done.returncode == 1
    shown = json.loads(done.stdout)
    assert (shown["passed"], shown["failed"], shown["not_run"]) == (0, 1, 2)
    assert shown["tests"][0]["differences"] == [{"subject": "Write usage: created", "expected": 2, "actual": 1}]
    root = ET.parse(project / "out/junit.xml").getroot()
    assert [(each.get("name"), each.get("tests"), each.get("failures")) for each in root] == [
        ("tests/usage.yml", "1", "1")
    ]
    assert "created: 2 → 1" in (root.findtext("testsuite/testcase/failure") or "")
    done = gsrules(project, "test", "-k", "SECOND", "-j", "2")
    assert (done.returncode, "1 passed, 0 failed" in done.stdout) == (0, True)


def test_annotations_tell_failures_and_warnings_at_their_place(project: Path) -> None:
    dated = several(a=False).replace("name: a", "name: a, rule_date: 2026-11-23")
    undated = "- {name: b, given: {fixtures: [acme]}, expect: {tasks: {Companies: {rows: 1}}}}\n"
    path = write_tests(project, dated + undated)
    path.write_text(path.read_text(encoding="utf-8").replace("rule_date: 2026-11-23\n", "", 1), encoding="utf-8")
    done = gsrules(project, "test", "--format", "github")
    lines = done.stdout.splitlines()
    assert [line.split(",")[0] for line in lines] == ["::error file=tests/usage.yml", "::warning file=tests/usage.yml"]
    assert ["line=13" in lines[0], "line=14" in lines[1]] == [True, True]
    assert "Write usage: created: 2 → 1" in lines[0]
    assert "title=GS-TEST-TODAY" in lines[1]


@pytest.mark.parametrize(
    "option", ["--update", "--coverage", "--fail-under=0", "--junit=x", "--lf", "-x", "-j2", "--full", "--format=json"]
)
def test_watching_excludes_what_belongs_to_one_run(project: Path, option: str) -> None:
    done = gsrules(project, "test", "--watch", option)
    assert (done.returncode, "GS-USAGE" in done.stderr) == (2, True)
    assert "GS-USAGE" in gsrules(project, "test", "--interactive").stderr


def test_a_page_of_the_results_can_be_written(project: Path) -> None:
    write_tests(project, several(a=True, b=False))
    done = gsrules(project, "test", "--html", "out/tests.html")
    assert done.returncode == 1
    assert "Write usage: created" in (project / "out/tests.html").read_text(encoding="utf-8")


def test_a_junit_file_that_cannot_be_written_is_told(project: Path) -> None:
    write_tests(project, several(a=True))
    done = gsrules(project, "test", "--junit", "rules")
    assert (done.returncode, "error GS-OUTPUT" in done.stderr) == (1, True)


def test_coverage_below_the_wanted_one_fails(project: Path) -> None:
    write_tests(project, several(a=True))
    assert gsrules(project, "test", "--fail-under", "1").returncode == 0
    done = gsrules(project, "test", "--coverage", "--fail-under", "100")
    assert done.returncode == 1
    assert "is below 100 %" in done.stderr
    assert gsrules(project, "test", "--fail-under", "101").returncode == 2
