"""Rule tests: each on its own tenant, everything that differs is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from gsrules.errors import InputError
from gsrules.regress.outcome import TestOutcome
from gsrules.regress.suite import run_tests
from gsrules.run.workspace import Workspace
from tests.conftest import FILES, dedented


def outcome(project: Path, *changes: tuple[str, str]) -> TestOutcome:
    text = dedented(FILES["tests/usage.yml"])
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (project / "tests/usage.yml").write_text(text, encoding="utf-8")
    (found,) = run_tests(Workspace.open(project, project), [], None).tests
    return found


def test_a_test_passes_when_everything_is_as_expected(project: Path) -> None:
    assert outcome(project).passed


def test_the_project_s_own_records_are_not_there_unless_seed_is_asked_for(project: Path) -> None:
    found = outcome(
        project, ("actions:\n        Write usage: {created: 1}", "actions:\n        Write usage: {received: 1}")
    )
    assert found.passed
    seeded = outcome(
        project,
        ("given:\n", "given:\n      seed: true\n"),
        ("company: [{Name: Acme, ExternalId: A-1, Status: Active}]", "company: [{Name: Acme, ExternalId: Z-1}]"),
        ("gsuser: [{Name: Owner, Email: owner@example.com}]", "gsuser: [{Name: Two, Email: two@example.com}]"),
        ("[{Name: Acme, Logins: 12}]", "[{Name: Alpha, Logins: 12}]"),
        ("Company__gc.Name: Acme", "Company__gc.Name: Alpha"),
        ("{Name: Acme logs in little, CompanyId.Name: Acme", "{Name: Alpha logs in little, CompanyId.Name: Alpha"),
    )
    assert seeded.passed, (seeded.facts, seeded.rows, seeded.problems)


def test_a_wrong_count_status_row_and_record_are_all_told_at_once(project: Path) -> None:
    found = outcome(
        project,
        ("status: SUCCESS", "status: FAILURE"),
        ("Write usage: {created: 1}", "Write usage: {created: 2}"),
        ("Logins: 12}]", "Logins: 13}]"),
        ("Logins__gc: 12}]", "Logins__gc: 14}]"),
    )
    assert [(fact.subject, fact.expected, fact.actual) for fact in found.facts] == [
        ("status", "FAILURE", "SUCCESS"),
        ("Write usage: created", 2, 1),
    ]
    assert [rows.subject for rows in found.rows] == ["dataset Joined", "records of usage__gc"]


@pytest.mark.parametrize(
    ("old", "new", "nearest"),
    [
        ("Low usage:", "Low usgae:", "Low usage"),
        ("created: 1, failed", "craeted: 1, failed", "created"),
        ("Joined:", "Joind:", "Joined"),
        ("{Name: Acme, Logins: 12}", "{Name: Acme, Logns: 12}", "Logins"),
        ("usage__gc:", "usage_gc:", "usage__gc"),
        ("Company__gc.Name", "Company__gc.Nam", "Name"),
    ],
)
def test_a_name_that_does_not_exist_is_an_error_with_the_nearest(
    project: Path, old: str, new: str, nearest: str
) -> None:
    found = outcome(project, (old, new))
    assert [problem.code for problem in found.problems] == ["GS-NAME"]
    assert found.problems[0].nearest == nearest


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("company: [{Name: Acme, ExternalId", "compnay: [{Name: Acme, ExternalId", "compnay"),
    ],
)
def test_a_name_that_does_not_exist_in_the_given_records_has_its_place(
    project: Path, old: str, new: str, text: str
) -> None:
    (found,) = outcome(project, (old, new)).problems
    assert (found.code, found.value) == ("GS-NAME", text)
    assert found.place is not None
    lines = (project / "tests/usage.yml").read_text(encoding="utf-8").splitlines()
    assert lines[found.place.line - 1][found.place.column - 1 :].startswith(text)


def test_a_failing_run_shows_why_unless_failure_is_expected(project: Path) -> None:
    missing = (
        "usage-2026-11-22.csv: |\n          Account ID,Logins\n          A-1,12\n",
        "usage-2026-11-22.csv: null\n",
    )
    assert [problem.code for problem in outcome(project, missing).problems] == ["GS-FILE-MISSING"]
    text = dedented(FILES["tests/usage.yml"]).replace(*missing)
    head = text[: text.index("    expect:")]
    (project / "tests/usage.yml").write_text(head + "    expect: {status: FAILURE, errors: [GS-FILE-MISSING]}\n")
    (found,) = run_tests(Workspace.open(project, project), [], None).tests
    assert found.passed


def test_files_outside_of_a_bucket_are_refused(project: Path) -> None:
    found = outcome(project, ("gainsight-managed/input/usage-2026-11-22.csv", "../../outside.csv"))
    assert [problem.code for problem in found.problems] == ["GS-FILE-PATH"]


def test_text_chooses_tests_and_none_left_is_an_error(project: Path, workspace: Workspace) -> None:
    assert len(run_tests(workspace, [], "LITTLE").tests) == 1
    with pytest.raises(InputError) as caught:
        run_tests(workspace, [], "nothing like it")
    assert caught.value.problems[0].code == "GS-TEST-NONE"
