"""Rows are compared as multisets; one wrong cell reads as one changed cell."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gsrules.regress.compare import compare_rows

ROWS = st.lists(
    st.fixed_dictionaries({"k": st.sampled_from("abc"), "n": st.one_of(st.none(), st.integers(0, 2))}), max_size=8
)


def test_order_does_not_matter() -> None:
    rows = [{"k": "a", "n": 1}, {"k": "b", "n": 2}]
    assert not compare_rows("rows", rows, rows[::-1])


def test_a_wrong_cell_is_one_changed_cell() -> None:
    found = compare_rows("rows", [{"k": "a", "n": 1}, {"k": "b", "n": 2}], [{"k": "a", "n": 1}, {"k": "b", "n": 3}])
    assert found.key == "k"
    assert [(row.key, dict(row.cells)) for row in found.changed] == [("b", {"n": (2, 3)})]
    assert (found.missing, found.unexpected) == ((), ())


def test_missing_and_unexpected_rows_are_told_apart() -> None:
    found = compare_rows("rows", [{"k": "a"}, {"k": "b"}], [{"k": "b"}, {"k": "c"}])
    assert found.missing == ({"k": "a"},)
    assert found.unexpected == ({"k": "c"},)


def test_a_row_too_many_of_the_same_kind_is_unexpected() -> None:
    found = compare_rows("rows", [{"k": "a"}], [{"k": "a"}, {"k": "a"}])
    assert (found.expected, found.actual, len(found.unexpected)) == (1, 2, 1)


def test_expected_rows_may_name_different_columns() -> None:
    actual = [{"k": "a", "n": 1}, {"k": "b", "n": 2}]
    assert not compare_rows("rows", [{"k": "a"}, {"k": "b", "n": 2}], actual)
    assert compare_rows("rows", [{"k": "a"}, {"k": "b", "n": 3}], actual)


def test_nothing_expected_and_nothing_there_is_no_difference() -> None:
    assert not compare_rows("rows", [], [])
    assert compare_rows("rows", [], [{"k": "a"}])


@given(ROWS, ROWS)
def test_rows_differ_exactly_when_their_multisets_do(
    left: list[dict[str, object]], right: list[dict[str, object]]
) -> None:
    def counted(rows: list[dict[str, object]]) -> list[str]:
        return sorted(repr(sorted(row.items())) for row in rows)

    assert bool(compare_rows("rows", left, right)) == (counted(left) != counted(right))
