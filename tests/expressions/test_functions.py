"""Every entry of the function catalogue does what it says."""

from __future__ import annotations

import pytest

from gsrules.catalogue.datatypes import STRING
from gsrules.expressions.functions import FUNCTIONS
from gsrules.expressions.spell import spell
from gsrules.expressions.tree import Convert
from tests.expressions.worlds import World, evaluate

EXAMPLES = [
    (entry.name, example.text, example.result)
    for entry in FUNCTIONS.values()
    for example in entry.examples
    if not entry.over_rows  # those are a task's: tests/plan/test_statistics.py
]


@pytest.mark.parametrize(("name", "text", "result"), EXAMPLES, ids=[text for _, text, _ in EXAMPLES])
def test_examples_print_their_true_result(name: str, text: str, result: str | None) -> None:
    world = World()
    tree = Convert(world.bind(text), STRING)
    assert evaluate(spell(tree, world.env), [{}]) == [result]


def test_every_function_has_an_example() -> None:
    without = [entry.name for entry in FUNCTIONS.values() if not entry.examples]
    assert without == ["random"]
