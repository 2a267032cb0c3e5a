"""The words of row codes: put together by SQL for effects, and by `said` for reports."""

from __future__ import annotations

import duckdb
import pytest

from gsrules.actions.changes.messages import ROWS, message, said
from gsrules.actions.changes.staging import spelled, text


@pytest.mark.parametrize("code", ROWS)
def test_a_message_is_the_same_in_the_effects_and_in_the_report(code: str) -> None:
    parts = ("`Owner`", "a {key} of {field}", "Account 1, {shown}")
    made = spelled(message(text(code), *map(text, parts)))
    assert duckdb.connect().execute(f"SELECT {made}").fetchone() == (said(code, parts[0], parts[1], None, parts[2]),)


def test_words_of_its_own_take_the_place_of_those_of_the_code() -> None:
    assert said("TYPE_MISMATCH", "`Seats`", "many", "'many' is no number", "∅") == "`Seats`: 'many' is no number"


def test_a_row_without_a_code_has_no_message() -> None:
    assert said(None, "`Seats`", "12", None, "Account 1") == ""
