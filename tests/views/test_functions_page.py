"""The page of the function catalogue is made anew whenever the catalogue changes; its results are true."""

from __future__ import annotations

from pathlib import Path

import pytest

from gsrules.expressions.functions import FUNCTIONS
from gsrules.expressions.functions.structured import STRUCTURED, Structured
from gsrules.profile import Profile, profile_keys
from gsrules.run.function_examples import over_rows, value_over_rows
from gsrules.views.functions_page import functions_page

PAGE = Path(__file__).parents[2] / "docs" / "functions.md"
RENEW = "gsrules functions --format markdown > docs/functions.md"

pytestmark = pytest.mark.once


def test_the_page_is_fresh() -> None:
    fresh = PAGE.read_text(encoding="utf-8") == functions_page()
    assert fresh, f"docs/functions.md is stale; renew it with: {RENEW}"


@pytest.mark.parametrize("each", STRUCTURED, ids=lambda each: each.name)
def test_structured_fields_give_what_their_example_says(each: Structured) -> None:
    assert value_over_rows(each.example, Profile.default()) == each.example.result


ROWED = [example for entry in FUNCTIONS.values() for example in entry.examples if example.rows]


@pytest.mark.parametrize("example", ROWED, ids=lambda example: example.text)
def test_functions_over_rows_give_what_their_example_says(example: object) -> None:
    from gsrules.expressions.functions import Example

    assert isinstance(example, Example)
    assert value_over_rows(over_rows(example), Profile.default()) == example.result


def test_every_profile_key_that_is_named_exists() -> None:
    named = {key for entry in (*FUNCTIONS.values(), *STRUCTURED) for key in entry.keys}
    assert named <= set(profile_keys())
    deciding = {key for key in profile_keys() if key.startswith("formula.")}
    assert deciding <= named
