"""How differences are shown: expected → actual, keyed, transitions grouped, capped."""

from __future__ import annotations

from decimal import Decimal

from gsrules.regress.compare import compare_rows
from gsrules.views.row_difference import rows_text, value_text


def test_null_empty_text_and_hidden_spaces_are_visible() -> None:
    assert value_text(None) == "∅"
    assert value_text("") == "''"
    assert value_text(" a  b ") == "·a··b·"
    assert value_text("a b") == "a b"
    assert value_text("a\nb") == "a⏎b"
    assert value_text(Decimal("10.500000000")) == "10.5"


def test_only_changed_columns_are_shown_by_key() -> None:
    found = compare_rows(
        "dataset Weeks",
        [{"k": "a", "n": 1, "m": 1}, {"k": "b", "n": 2, "m": 1}, {"k": "c", "n": 3, "m": 1}],
        [{"k": "a", "n": 9, "m": 1}, {"k": "b", "n": 2, "m": 1}, {"k": "d", "n": 4, "m": 1}],
    )
    assert rows_text(found) == [
        "dataset Weeks  DIFFERS   key: k   rows 3   ~1 changed  -1 missing  +1 unexpected",
        "  ~ a  n: 1 → 9",
        "  - k: c   n: 3   m: 1",
        "  + k: d   n: 4   m: 1",
    ]


def test_many_changes_are_grouped_as_transitions() -> None:
    before = [{"k": f"{n:02}", "health": "yellow" if n < 20 else "red"} for n in range(30)]
    after = [{"k": row["k"], "health": "green"} for row in before]
    lines = rows_text(compare_rows("health", before, after))
    assert lines[1].split() == ["column", "changed", "transitions", "(rows,", "sample", "keys)"]
    assert lines[2] == "  health       30   yellow → green 20 (00, 01, 02…)   red → green 10 (20, 21, 22…)"
    assert len(lines) == 3 + 5 + 1
    assert lines[-1] == "  … 25 more; --full shows all"
    assert len(rows_text(compare_rows("health", before, after), cap=None)) == 3 + 30


def test_more_than_six_columns_are_shown_one_below_the_other() -> None:
    before = {"k": "a", **{f"c{n}": 1 for n in range(7)}}
    after = {"k": "a", **{f"c{n}": 2 for n in range(7)}}
    lines = rows_text(compare_rows("x", [before], [after]))
    assert lines[1:] == ["  ~ a", *(f"      c{n}: 1 → 2" for n in range(7))]
    lines = rows_text(compare_rows("x", [before], []), cap=None)
    assert lines[1:] == ["  - k: a", *(f"      c{n}: 1" for n in range(7))]
    assert rows_text(compare_rows("x", [before], []))[1:] == ["  - k: a   c0: 1   c1: 1   c2: 1   … 4 more columns"]


def test_values_that_are_all_different_are_told_by_one_example() -> None:
    before = [{"k": str(n), "n": n} for n in range(9)]
    after = [{"k": str(n), "n": n + 100} for n in range(9)]
    assert "0 → 100 1 (0)   … 8 other" in rows_text(compare_rows("x", before, after))[2]


def test_numbers_of_rows_are_told_when_they_differ() -> None:
    assert "rows 2 → 0" in rows_text(compare_rows("x", [{"k": 1}, {"k": 2}], []))[0]
