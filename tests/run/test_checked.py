"""What is wrong in one place of a rule does not hide what is wrong in another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gsrules.run.checked import CheckedRule, checked_text
from gsrules.run.workspace import Workspace
from gsrules.tenant import Tenant

RULE = """\
rule: Stages
tasks:
  One:
    type: fetch
    object: company
    show: [Gsid, Name]
  Two:
    type: transform
    from: One
    where: Name = 'x'
  Three:
    type: fetch
    object: company
    show: [Gsid, ARR]
actions:
  - action: load_to_company
    from: Two
    operation: update
    identifiers: [Gsid]
    fields: {Gsid: Gsid, Name: Name}
  - action: load_to_company
    from: Three
    operation: update
    identifiers: [Gsid]
    fields: {Gsid: Gsid, ARR: ARR}
"""


@pytest.fixture
def tenant(workspace: Workspace) -> Iterator[Tenant]:
    with Tenant.open(None, workspace.catalogue, workspace.project, "read") as opened:
        yield opened


def checked(workspace: Workspace, tenant: Tenant, *changes: tuple[str, str]) -> CheckedRule:
    text = RULE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return checked_text(workspace, "stages", text, "stages.yml", tenant)


def told(found: CheckedRule) -> list[tuple[str, str]]:
    return [(problem.code, problem.value) for problem in found.problems]


def test_a_rule_without_problems_is_bound(workspace: Workspace, tenant: Tenant) -> None:
    found = checked(workspace, tenant)
    assert found.bound is not None
    assert told(found) == []


def test_names_and_types_are_told_beside_an_unknown_key(workspace: Workspace, tenant: Tenant) -> None:
    found = checked(workspace, tenant, ("show: [Gsid, ARR]", "shwo: [Gsid, ARR]"), ("Name = 'x'", "Nmae = 'x'"))
    assert told(found) == [("GS-NAME", "Nmae"), ("GS-SPEC-KEY", "shwo")]


def test_actions_are_judged_beside_a_task_that_is_wrong(workspace: Workspace, tenant: Tenant) -> None:
    found = checked(workspace, tenant, ("Name = 'x'", "Nmae = 'x'"), ("ARR: ARR", "ARRR: ARR"))
    assert told(found) == [("GS-NAME", "Nmae"), ("GS-NAME", "ARRR")]


def test_what_only_follows_is_not_told(workspace: Workspace, tenant: Tenant) -> None:
    found = told(checked(workspace, tenant, ("object: company", "objct: company")))
    assert sorted(found) == [("GS-SPEC-KEY", "objct"), ("GS-SPEC-MISSING", "")]
    assert told(checked(workspace, tenant, ("show: [Gsid, Name]", "show: [Gsid, Nam]"))) == [("GS-NAME", "Nam")]


def test_a_wrong_action_does_not_hide_the_others(workspace: Workspace, tenant: Tenant) -> None:
    found = checked(workspace, tenant, ("operation: update", "operation: updat"), ("ARR: ARR", "ARRR: ARR"))
    assert told(found) == [("GS-SPEC-VALUE", "updat"), ("GS-NAME", "ARRR")]
    assert found.problems[1].where == "2 load_to_company"


def test_a_dataset_that_is_wrong_itself_is_still_the_nearest(workspace: Workspace, tenant: Tenant) -> None:
    found = checked(
        workspace, tenant, ("type: transform", "type: transfrm"), ("from: Two\n    op", "from: Tow\n    op")
    )
    (first, second) = found.problems
    assert (first.code, first.value) == ("GS-SPEC-KIND", "transfrm")
    assert (second.value, second.nearest) == ("Tow", "Two")


def test_a_rule_without_a_name_is_judged_all_the_same(workspace: Workspace, tenant: Tenant) -> None:
    found = checked(workspace, tenant, ("rule: Stages", "description: x"), ("Name = 'x'", "Nmae = 'x'"))
    assert [code for code, _ in told(found)] == ["GS-SPEC-MISSING", "GS-NAME"]


def test_no_yaml_is_one_problem(workspace: Workspace, tenant: Tenant, tmp_path: Path) -> None:
    assert [code for code, _ in told(checked(workspace, tenant, ("rule: Stages", "rule: [Stages")))] == [
        "GS-YAML-SYNTAX"
    ]
