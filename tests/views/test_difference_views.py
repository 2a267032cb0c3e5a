"""How differences are shown: as text for the terminal and as Markdown for a pull request."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from gsrules.errors import Problem
from gsrules.regress.difference.model import (
    Cell,
    ChangedRow,
    ColumnDifference,
    DatasetDifference,
    DiffSide,
    Duplicates,
    Key,
    Movement,
    OneSidedRow,
    RuleDifference,
    TableDifference,
    Transition,
)
from gsrules.views.difference_markdown import code, difference_markdown
from gsrules.views.difference_text import difference_text, shown, turned
from gsrules.views.paint import Painter

PLAIN = Painter(colour=False)


def table(**given: Any) -> TableDifference:
    usual = {"subject": "T", "key": Key(("Id",), "rule"), "before": 3, "after": 3, "same": 2}
    return TableDifference(**{**usual, "new": 0, "gone": 0, "changed": 0, **given})


def rule(*tables: TableDifference, **given: Any) -> RuleDifference:
    datasets = tuple(DatasetDifference(f"T{i}", "differs", each) for i, each in enumerate(tables))
    return RuleDifference("a/b", "A rule", DiffSide("HEAD"), DiffSide("now"), datasets=datasets, **given)


def lines(found: RuleDifference, rows: int = 10) -> list[str]:
    return difference_text([found], PLAIN, rows).splitlines()


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (None, "", "∅ → ''"),
        (" a", "a ", "·a → a·"),
        ("a  b", "a b", "a··b → a·b"),
        ("a b", "a c", "a b → a c"),
        (Decimal("12.500000000"), Decimal(100), "12.5 → 100"),
        (True, False, "true → false"),
        ("a\nb", None, "a⏎b → ∅"),
        ("\x1b[31mred", "x", "␛[31mred → x"),
    ],
)
def test_values_show_what_cannot_be_seen(before: Any, after: Any, words: str) -> None:
    assert turned(before, after) == words


def test_long_values_are_cut() -> None:
    assert shown("x" * 100) == "x" * 59 + "…"


def test_up_to_six_changed_columns_stand_on_one_line_and_more_below_one_another() -> None:
    def row(columns: int) -> ChangedRow:
        return ChangedRow(("1",), tuple(Cell(f"C{i}", i, i + 1) for i in range(columns)))

    wide = lines(rule(table(changed=1, changed_rows=(row(6),))))
    assert any(
        line.endswith("rows  ~ 1  C0  0 → 1   C1  1 → 2   C2  2 → 3   C3  3 → 4   C4  4 → 5   C5  5 → 6")
        for line in wide
    )
    tall = lines(rule(table(changed=1, changed_rows=(row(7),))))
    start = tall.index("    rows  ~ 1")
    assert [line.strip() for line in tall[start + 1 : start + 8]] == [f"C{i}  {i} → {i + 1}" for i in range(7)]


def test_rows_are_counted_as_what_they_are_made_of() -> None:
    found = table(before=10_174, after=10_183, same=10_126, new=12, gone=3, changed=45)
    head = next(line for line in lines(rule(found)) if "DIFFERS" in line)
    assert head.endswith("key: Id     rows 10,186 = 10,126 same  +12 new  -3 gone  ~45 changed")


def test_the_last_lines_say_how_many_rows_are_hidden_and_how_to_see_them() -> None:
    rows = tuple(OneSidedRow((n,), {}) for n in range(20))
    text = lines(rule(table(new=50, new_rows=rows)), rows=5)
    assert [line for line in text if "+ " in line][-1].endswith("+ 4  (new)")
    assert any(line.endswith("… 45 more rows") for line in text)
    assert text[-1].startswith("45 more rows; --rows N")


def test_rows_without_a_key_show_their_values_and_their_number() -> None:
    row = OneSidedRow((), {"Name": "Acme", "Arr": None}, 3)
    found = table(key=Key((), "none"), new=3, new_rows=(row,))
    text = lines(rule(found))
    assert any("key: none, rows are compared whole" in line for line in text)
    assert any(line.endswith("+ Name: Acme  Arr: ∅  (new) × 3") for line in text)


def test_many_transitions_of_numbers_are_one_movement() -> None:
    turns = tuple(Transition(i, i + 1, 1, (str(i),)) for i in range(5))
    movement = Movement(4, 1, 2, 0, Decimal("-2.5"), Decimal(10))
    change = ColumnDifference("Score", 5, 5, turns, movement)
    text = lines(rule(table(changed=5, changes=(change,))))
    assert any(line.strip().endswith("up 4, down 1, by -2.5 to 10, from ∅ 2") for line in text)


def test_transitions_come_with_their_count_and_sample_keys() -> None:
    turns = (Transition("yellow", "green", 31, ("0012F", "0087K", "0099L")), Transition("green", None, 1, ("0311A",)))
    text = lines(rule(table(changed=32, changes=(ColumnDifference("health", 32, 2, turns),))))
    assert any("yellow → green 31 (0012F, 0087K…)   green → ∅ 1 (0311A)" in line for line in text)


def test_what_a_dataset_only_passes_on_is_told_once() -> None:
    change = ColumnDifference("Health", 1, 1, (Transition("a", "b", 1, ("1",)),))
    row = ChangedRow(("1",), (Cell("Health", "a", "b"),))
    first = DatasetDifference("First", "differs", table(changed=1, changes=(change,), changed_rows=(row,)))
    second = DatasetDifference("Second", "differs", first.table, follows=("First",))
    found = RuleDifference("a", "A", DiffSide("HEAD"), DiffSide("now"), datasets=(first, second))
    text = lines(found)
    assert sum("a → b" in line for line in text) == 2
    assert "    the same rows as in First" in text


def test_duplicated_keys_are_pointed_at() -> None:
    twins = Duplicates("after", 2, 5, ("A-1", "A-2"))
    text = lines(rule(table(new=2, duplicates=(twins,))))
    assert "    ! 2 keys occur more than once after, in 5 rows (A-1, A-2)" in text


def test_a_side_that_cannot_be_run_shows_its_problems_in_both_forms() -> None:
    broken = DiffSide("now", problems=(Problem("GS-NAME", "there is no task 'x'", hint="write `y`"),))
    found = RuleDifference("a", "A", DiffSide("HEAD"), broken)
    assert "  now: error GS-NAME: there is no task 'x'" in lines(found)
    assert "- `GS-NAME` there is no task 'x'" in difference_markdown([found])


@pytest.mark.parametrize(
    ("value", "markdown"),
    [("a|b", "`a\\|b`"), ("`x`", "`` `x` ``"), ("@team #1", "`@team #1`"), (None, "`∅`"), ("", "`''`")],
)
def test_values_in_markdown_are_only_values(value: Any, markdown: str) -> None:
    assert code(value) == markdown


def test_markdown_is_cut_with_a_note_before_it_grows_too_long() -> None:
    rows = tuple(OneSidedRow((f"key {n}",), {}) for n in range(300))
    many = [rule(table(new=300, new_rows=rows)) for _ in range(40)]
    text = difference_markdown(many, rows=300)
    assert 40_000 < len(text) < 60_000
    assert text.rstrip().endswith("has everything._")
    assert text.count("<details>") == text.count("</details>")


def test_names_in_markdown_are_no_markup() -> None:
    found = RuleDifference("a", "A *bold* @team <b>", DiffSide("HEAD"), DiffSide("now"))
    assert "### A \\*bold\\* \\@team \\<b\\>" in difference_markdown([found])
