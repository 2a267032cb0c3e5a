"""Random task graphs over random tables: the engine must give what the oracle gives, and refuse what it refuses.

`python -m tests.conformance.random_graphs --seeds 2000-9000` runs further ones and shrinks what differs.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conformance.random_graphs.computed import Both, rule_text
from tests.conformance.random_graphs.run import disagreements, made

FIFTIES = [
    pytest.param(first, id=f"{first}-{first + 49}", marks=[pytest.mark.once] if first % 200 else [])
    for first in range(0, 2000, 50)
]


@pytest.fixture(scope="module")
def both() -> Iterator[Both]:
    with Both() as computing:
        yield computing


@pytest.mark.parametrize("first", FIFTIES)
def test_engine_and_oracle_agree_on_fifty_graphs(first: int, both: Both) -> None:
    found = [
        f"seed {seed}: {why}\n{graph.profile} {graph.rule_date}\n{rule_text(graph)}"
        for seed, _, graph, why in disagreements(both, range(first, first + 50))
    ]
    assert not found, "\n".join([*found, f"shrink them: python -m tests.conformance.random_graphs --seeds {first}"])


def test_a_random_graph_follows_from_its_seed() -> None:
    assert made(7) == made(7)
    assert made(7) != made(8)
