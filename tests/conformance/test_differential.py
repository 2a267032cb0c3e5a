"""Random rules: the engine must give what the oracle gives, task for task, and refuse what it refuses."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conformance import engine_adapter, oracle_adapter
from tests.conformance.expectation import assert_rows
from tests.conformance.random_rules import Maker


@pytest.mark.parametrize("seed", range(60))
def test_engine_and_oracle_agree_on_a_random_rule(seed: int, tmp_path: Path) -> None:
    project = tmp_path / "rule"
    Maker(seed).write(project)
    (wanted,) = oracle_adapter.run(project)
    assert wanted.status == "SUCCESS", wanted.problems
    (found,) = engine_adapter.run(project, tmp_path)
    assert found.status == "SUCCESS", found.problems
    for name, rows in wanted.tasks.items():
        assert_rows(f"task {name}", found.tasks[name], rows)


def test_a_random_rule_follows_from_its_seed(tmp_path: Path) -> None:
    for name in ("a", "b"):
        Maker(7).write(tmp_path / name)
    first, second = (sorted(p for p in (tmp_path / name).rglob("*") if p.is_file()) for name in ("a", "b"))
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]
    assert re.search(r"type: (merge|transform|pivot|union)", (tmp_path / "a/rules/rule.yml").read_text())
