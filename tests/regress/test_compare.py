"""Rows are compared as multisets; one wrong cell reads as one changed cell."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gsrules.regress.compare import Asked, compare_rows

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


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ROWS, ROWS)
def test_rows_differ_exactly_when_their_multisets_do(
    left: list[dict[str, object]], right: list[dict[str, object]]
) -> None:
    def counted(rows: list[dict[str, object]]) -> list[str]:
        return sorted(repr(sorted(row.items())) for row in rows)

    assert bool(compare_rows("rows", left, right)) == (counted(left) != counted(right))


def test_the_wrong_cell_is_found_whichever_column_it_is_in() -> None:
    found = compare_rows("rows", [{"n": 2, "k": "a"}], [{"n": 3, "k": "a"}])
    assert (found.key, [dict(row.cells) for row in found.changed]) == ("k", [{"n": (2, 3)}])


def test_rows_that_one_column_does_not_tell_apart_are_keyed_by_two() -> None:
    left = [{"company": c, "day": d, "n": 1} for c in "ab" for d in (1, 2)]
    right = [{**row, "n": 5 if (row["company"], row["day"]) == ("b", 1) else 1} for row in left]
    found = compare_rows("rows", left, right)
    assert (found.key, [(row.key, dict(row.cells)) for row in found.changed]) == (
        "company, day",
        [("b · 1", {"n": (1, 5)})],
    )


def test_rows_of_different_columns_find_partners_whatever_their_order() -> None:
    assert not compare_rows("rows", [{"a": 1}, {"b": 2}], [{"a": 1, "b": 2}, {"a": 1, "b": 3}])
    assert not compare_rows("rows", [{"b": 2}, {"a": 1}], [{"a": 1, "b": 3}, {"a": 1, "b": 2}])


def test_a_tolerance_finds_the_pairs_that_exist() -> None:
    asked = Asked(close={"n": Decimal(1)})
    rows = [[{"n": Decimal(n)} for n in numbers] for numbers in ((0, 1), (1, 2))]
    assert not compare_rows("rows", *rows, asked)
    assert compare_rows("rows", [{"n": Decimal(0)}], [{"n": Decimal("1.1")}], asked)
    assert compare_rows("rows", [{"n": "1"}], [{"n": Decimal(1)}], asked)


def test_keys_that_differ_in_figures_only_are_one_row_whose_key_changed() -> None:
    asked = Asked(key=("key",), figures=True)
    found = compare_rows("x", [{"key": "fell 58 % at A", "n": 1}], [{"key": "fell 53 % at A", "n": 1}], asked)
    assert [dict(row.cells) for row in found.changed] == [{"key": ("fell 58 % at A", "fell 53 % at A")}]
    many = [{"key": f"day {n}"} for n in (1, 2)]
    found = compare_rows("x", many, [{"key": "day 3"}, {"key": "day 1"}], asked)
    assert [dict(row.cells) for row in found.changed] == [{"key": ("day 2", "day 3")}]
    found = compare_rows("x", many, [{"key": "day 3"}, {"key": "day 4"}], asked)
    assert (found.changed, len(found.missing), len(found.unexpected)) == ((), 2, 2)


LOOSE = st.lists(
    st.dictionaries(st.sampled_from("ab"), st.integers(0, 2).map(Decimal), min_size=1, max_size=2), max_size=4
)
FULL = st.lists(
    st.fixed_dictionaries({"a": st.integers(0, 2).map(Decimal), "b": st.integers(0, 2).map(Decimal)}), max_size=4
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(LOOSE, FULL, st.sampled_from([0, 1]), st.booleans())
def test_rows_agree_exactly_when_partners_can_be_found(
    expected: list[dict[str, Decimal]], actual: list[dict[str, Decimal]], far: int, contains: bool
) -> None:
    asked = Asked(contains=contains, close={"a": Decimal(far)} if far else {})
    fits = any(
        all(asked.fits(wanted, row) for wanted, row in zip(expected, chosen, strict=True))
        for chosen in permutations(actual, len(expected))
    )
    wanted = fits and (contains or len(expected) == len(actual))
    assert bool(compare_rows("rows", expected, actual, asked)) == (not wanted)
