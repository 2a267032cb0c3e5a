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
