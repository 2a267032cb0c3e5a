"""The page of actions is made anew whenever a kind changes; its examples load, and its codes are those of rows."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from gsrules.actions.changes.messages import ROWS
from gsrules.actions.registry import action_kinds
from gsrules.cli.main import app_for
from gsrules.errors import InputError
from gsrules.views.actions import code_words, entry, entry_text, every_action, list_text
from gsrules.views.actions_page import actions_page

PAGE = Path(__file__).parents[2] / "docs" / "actions.md"
CASES = Path(__file__).parents[1] / "conformance"
RENEW = "gsrules actions --format markdown > docs/actions.md"

pytestmark = pytest.mark.once


def test_the_page_is_fresh() -> None:
    fresh = PAGE.read_text(encoding="utf-8") == actions_page()
    assert fresh, f"docs/actions.md is stale; renew it with: {RENEW}"


@pytest.mark.parametrize("name", action_kinds())
def test_every_kind_tells_its_parameters_and_an_example_with_keys_that_it_knows(name: str) -> None:
    shown = entry(name)
    (example,) = yaml.safe_load(shown.kind.example)
    assert set(example) <= {each.name for each in (*every_action(), *shown.params)}
    assert {each.name for each in shown.params if each.required} <= set(example)
    assert all(each.description and each.takes for each in shown.params)
    text = entry_text(shown)
    assert shown.kind.title in text
    assert all(each.name in text for each in shown.params)


@pytest.mark.parametrize("name", action_kinds())
def test_every_kind_lists_row_codes_that_have_words(name: str) -> None:
    assert set(action_kinds()[name].codes) <= set(ROWS)


def test_the_codes_that_conformance_cases_expect_are_listed_by_their_kinds() -> None:
    missing = set()
    for case in CASES.iterdir():
        if not (case / "expected.yml").is_file():
            continue
        kinds = _kinds_of_rules(case)
        expected = (case / "expected.yml").read_text(encoding="utf-8")
        for code in set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", expected)) & set(ROWS):
            if kinds and not any(code in action_kinds()[kind].codes for kind in kinds):
                missing.add((code, *kinds))
    assert not missing


def _kinds_of_rules(case: Path) -> list[str]:
    words = "".join(rule.read_text(encoding="utf-8") for rule in (case / "rules").rglob("*.yml"))
    return sorted(set(re.findall(r"\baction: (\w+)", words)) & set(action_kinds()))


def test_a_code_is_told_without_values() -> None:
    assert code_words("IDENTIFIER_NULL") == "the identifier … is null"
    assert code_words("PICKLIST_UNKNOWN") == "… is no option of …"


def test_a_kind_is_found_by_its_name_its_title_and_its_short_title() -> None:
    names = ("create_cta", "Create CTA", "call to action › create", "create cta")
    assert {entry(name).kind.name for name in names} == {"create_cta"}


def test_an_unknown_kind_is_refused_with_the_nearest() -> None:
    with pytest.raises(InputError) as caught:
        entry("create_ct")
    (problem,) = caught.value.problems
    assert (problem.code, problem.nearest) == ("GS-NAME", "create_cta")


def test_the_command_prints_the_list_one_kind_and_the_page() -> None:
    def printed(*words: str) -> str:
        done = CliRunner().invoke(app_for(), ["actions", *words])
        assert done.exit_code == 0
        return done.stdout

    assert printed() == list_text() + "\n"
    assert printed("--format", "markdown") == actions_page()
    one = json.loads(printed("create_cta", "--format", "json"))
    params = {each["name"]: each for each in one["parameters"]}
    assert params["check_open"]["default"] == "true"
    assert params["identifiers"]["default"] == "[type, reason, name]"
    assert params["type"]["required"]
    assert {each["name"] for each in json.loads(printed("--format", "json"))["actions"]} == set(action_kinds())
