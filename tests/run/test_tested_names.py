"""What `validate` says about the content of rule tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from gsrules.errors import Problem
from gsrules.run.check import validate_project
from gsrules.run.workspace import Workspace
from tests.conftest import FILES, dedented

TESTS = "tests/usage.yml"


def problems(project: Path, *changes: tuple[str, str], file: str = TESTS) -> tuple[Problem, ...]:
    text = dedented(FILES[file])
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (project / file).write_text(text, encoding="utf-8")
    return validate_project(Workspace.open(project, project), []).errors


@pytest.mark.parametrize(
    ("old", "new", "at", "nearest"),
    [
        ("Low usage:", "Low usgae:", "Low usgae", "Low usage"),
        ("created: 1, failed", "craeted: 1, failed", "craeted", "created"),
        ("Joined:", "Joind:", "Joind", "Joined"),
        ("{Name: Acme, Logins: 12}", "{Name: Acme, Logns: 12}", "Logns", "Logins"),
        ("usage__gc:", "usage_gc:", "usage_gc", "usage__gc"),
        ("Company__gc.Name", "Company__gc.Nam", "Company__gc.Nam", "Name"),
        ("Logins__gc: 12", "Logns__gc: 12", "Logns__gc", "Logins__gc"),
        ("company: [", "compny: [", "compny", "company"),
        ("ExternalId: A-1", "ExternlId: A-1", "ExternlId", "ExternalId"),
        ("Email: owner", "Manager.Emal: owner", "Manager.Emal", "Email"),
    ],
)
def test_an_unknown_name_in_a_test_is_told_with_its_place_and_the_nearest(
    project: Path, old: str, new: str, at: str, nearest: str
) -> None:
    (found,) = problems(project, (old, new))
    assert (found.code, found.nearest) == ("GS-NAME", nearest)
    assert found.place is not None
    line = (project / TESTS).read_text(encoding="utf-8").splitlines()[found.place.line - 1]
    assert line[found.place.column - 1 :].startswith(at)


def test_all_unknown_names_of_a_test_are_told_at_once(project: Path) -> None:
    found = problems(
        project,
        ("Low usage:", "Low usgae:"),
        ("Logins: 12}]\n", "Logns: 12, Nam: x}]\n"),
        ("Company__gc.Name", "Company__gc.Nam"),
        ("company: [", "compny: ["),
    )
    assert sorted(problem.value for problem in found) == ["Company__gc.Nam", "Logns", "Low usgae", "Nam", "compny"]


def test_records_of_configuration_objects_cannot_be_given(project: Path) -> None:
    (found,) = problems(project, ("gsuser: [{Name: Owner, Email: owner@example.com}]", "playbook: [{Name: P}]"))
    assert (found.code, found.value) == ("GS-TENANT-SEED", "playbook")


def test_columns_that_depend_on_the_files_of_the_test_are_not_checked(project: Path) -> None:
    rule = dedented(FILES["rules/usage.yml"])
    start, end = rule.index("    columns:\n"), rule.index("  By account:")
    (project / "rules/usage.yml").write_text(rule[:start] + rule[end:], encoding="utf-8")
    found = problems(project, ("{Name: Acme, Logins: 12}", "{Name: Acme, Logns: 12}"))
    assert [problem.value for problem in found if TESTS in str(problem.place)] == []


def test_a_rule_that_is_wrong_itself_adds_no_problems_to_its_tests(project: Path) -> None:
    (found,) = problems(project, ("from: Usage file", "from: Usage fil"), file="rules/usage.yml")
    assert found.place is not None
    assert found.place.file.endswith("rules/usage.yml")


STEPS = """
    steps:
      - name: first
        params: {lest: 5}
        given:
          records: {usage__gc: [{Compny__gc: x}]}
          files: {../outside.csv: x}
        expect: {tenant: {compny: {rows: 1}}, skips: [{cod: X, action: Low usgae}, {code: CTA_RECNT}, CTA_RECENT]}
      - rule: agin
      - rule: again
        expect:
          errors: [LOOKUP_NO_MTCH, GS-FILE-MISSING]
          tasks: {Usage: {contains: [{Logns__gc: 1}], tolerance: {Lgns__gc: 2}}}
"""


def test_names_in_steps_fixtures_params_and_file_keys_are_told(project: Path) -> None:
    text = dedented(FILES[TESTS])
    head = text[: text.index("    expect:")].replace("given:", "params: {leest: 1}\n    given:\n      fixtures: [acne]")
    text = head.replace("tests:", "fixtures: {acme: {records: {gsuser: [{Nme: x}]}}}\ntests:", 1)
    (project / TESTS).write_text(
        text + dedented(STEPS).replace("\n", "\n    ").rstrip(" ").replace("steps", "    steps", 1)
    )
    found = validate_project(Workspace.open(project, project), []).errors
    assert {(problem.value, problem.nearest) for problem in found} == {
        ("leest", "least"), ("acne", "acme"), ("Nme", "Name"), ("lest", "least"), ("Compny__gc", "Company__gc"),
        ("../outside.csv", ""), ("compny", "company"), ("cod", "code"), ("Low usgae", "Low usage"), ("agin", "again"),
        ("Logns__gc", "Logins__gc"), ("Lgns__gc", "Logins__gc"), ("CTA_RECNT", "CTA_RECENT"),
        ("LOOKUP_NO_MTCH", "LOOKUP_NO_MATCH"),
    }  # fmt: skip
    lines = (project / TESTS).read_text(encoding="utf-8").splitlines()
    for problem in found:
        assert problem.place is not None, problem
        assert lines[problem.place.line - 1][problem.place.column - 1 :].startswith(problem.value), problem


def test_params_of_another_type_are_told(project: Path) -> None:
    (found,) = problems(project, ("    given:", "    params: {least: many}\n    given:"))
    assert (found.code, found.value) == ("GS-TYPE", "many")


def test_shared_fixtures_are_checked_and_known(project: Path) -> None:
    (project / "tests/a.fixtures.yml").write_text("fixtures: {beta: {records: {company: [{Nam: Beta}]}}}", "utf-8")
    (found,) = problems(project, ("    given:\n", "    given:\n      fixtures: [beta]\n"))
    assert (found.value, found.nearest) == ("Nam", "Name")


def test_a_tolerance_of_a_text_is_told(project: Path) -> None:
    rows = "Joined: {exact: [{Name: Acme, Logins: 12}], tolerance: {Name: 1}}"
    (found,) = problems(project, ("Joined: [{Name: Acme, Logins: 12}]", rows))
    assert (found.code, found.value) == ("GS-TYPE", "Name")
