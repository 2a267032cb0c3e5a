"""Each check of the advice by its own example: the bad rule draws that finding and no other, the good one none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gsrules.errors import Problem
from gsrules.run.advice.registry import advice_on, all_advice
from gsrules.run.checked import checked_text
from gsrules.run.workspace import Workspace
from gsrules.tenant import Tenant

ROOT = Path(__file__).parents[3]
CODES = list(all_advice())


@pytest.fixture(scope="module")
def example() -> Workspace:
    return Workspace.open(ROOT)


@pytest.fixture(scope="module")
def tenant(example: Workspace) -> Iterator[Tenant]:
    with Tenant.open(None, example.catalogue, example.project, "read") as opened:
        yield opened


def findings(example: Workspace, tenant: Tenant, text: str) -> list[Problem]:
    checked = checked_text(example, "example", f"rule: Example\n{text}", "example.yml", tenant)
    assert checked.bound is not None, checked.problems
    return [*(p for p in checked.problems if p.severity != "note"), *advice_on(checked.bound, example.catalogue)]


@pytest.mark.parametrize("code", CODES)
def test_the_bad_example_draws_exactly_this_finding(example: Workspace, tenant: Tenant, code: str) -> None:
    (found,) = findings(example, tenant, all_advice()[code].bad)
    assert found.code == code
    assert found.severity == all_advice()[code].severity
    assert found.place is not None
    assert found.hint


@pytest.mark.parametrize("code", CODES)
def test_the_good_example_draws_none(example: Workspace, tenant: Tenant, code: str) -> None:
    assert findings(example, tenant, all_advice()[code].good) == []


def test_every_rule_of_the_example_project_draws_none(example: Workspace, tenant: Tenant) -> None:
    for rule in example.rule_ids():
        text = example.project.rule_path(rule).read_text(encoding="utf-8")
        checked = checked_text(example, rule, text, rule, tenant)
        assert checked.bound is not None
        assert advice_on(checked.bound, example.catalogue) == (), rule
