"""Random actions: the engine must decide row by row, and write, what the oracle decides and writes.

`python -m tests.conformance.random_actions --seeds 1000-2000` runs further ones and shrinks what differs.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conformance.random_actions.run import Both, disagreements, made

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Both:
    folder: Path = tmp_path_factory.mktemp("actions")
    return Both(folder)


@pytest.mark.parametrize("first", [0, 12])
def test_engine_and_oracle_agree_on_twelve_rules_of_random_actions(first: int, both: Both) -> None:
    found = [
        f"seed {seed}: {why}\n{one.profile}\n{json.dumps(one.rule['actions'])}"
        for seed, one, why in disagreements(both, range(first, first + 12))
    ]
    assert not found, "\n".join([*found, f"shrink: python -m tests.conformance.random_actions --seeds {first}"])


def test_a_random_rule_of_actions_follows_from_its_seed() -> None:
    assert made(7) == made(7)
    assert made(7) != made(8)
