"""Every row of the reference's tables is proven by a case (`reference_rows.yml`)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from gsrules.expressions.functions import FUNCTIONS

HERE = Path(__file__).parent
ROWS: dict[str, Any] = yaml.safe_load((HERE / "reference_rows.yml").read_text(encoding="utf-8"))


def rule_of(case: str) -> str:
    return (HERE / case / "rules" / "rule.yml").read_text(encoding="utf-8").lower()


def test_every_named_case_exists() -> None:
    named = [case for cases in (*ROWS["rows"].values(), *ROWS["functions"].values()) for case in cases]
    named += [row["case"] for row in ROWS["operators"].values()]
    assert [case for case in named if not (HERE / case / "case.yml").exists()] == []


def test_every_function_of_the_catalogue_has_a_row_and_no_other() -> None:
    assert sorted(ROWS["functions"]) == sorted(FUNCTIONS)
    assert [name for name, cases in ROWS["functions"].items() if not cases] == []


@pytest.mark.parametrize("name", ROWS["functions"])
def test_the_cases_of_a_function_call_it(name: str) -> None:
    for case in ROWS["functions"][name]:
        assert re.search(rf"\b{name}\b", rule_of(case)), case


@pytest.mark.parametrize("kind", ROWS["operators"])
def test_the_case_of_a_type_uses_its_operators(kind: str) -> None:
    row = ROWS["operators"][kind]
    rule = rule_of(row["case"])
    assert [
        operator for operator in row["has"] if not re.search(rf" {re.escape(operator)}\b| {re.escape(operator)} ", rule)
    ] == []
