from __future__ import annotations

import pytest

from tests.plan.support import Lab

# The two tables of data-setup.md §7.
SIDES = """
L: {type: s3, path: l.csv, columns: {k: string, a: number}}
R: {type: s3, path: r.csv, columns: {k: string, b: {type: number, decimals: 0}}}
"""
ROWS = {
    "L": [{"k": "X", "a": 1}, {"k": "x", "a": 2}, {"k": None, "a": 3}],
    "R": [{"k": "X", "b": 10}, {"k": None, "b": 20}],
}
ALL = "show: [L.k as lk, a, R.k as rk, b]"


def merged(keep: str, on: str = "k = k", **profile: object) -> list[tuple[object, ...]]:
    tasks = SIDES + f"M: {{type: merge, from: L, join: [{{dataset: R, keep: {keep}, on: '{on}'}}], {ALL}}}"
    found = Lab(tasks, ROWS, profile={key.replace("__", "."): value for key, value in profile.items()})
    assert found.rows("M", exact=True) == found.rows("M")
    return found.rows("M")


def test_left_keeps_unmatched_rows_and_null_keys_never_match() -> None:
    assert merged("left") == [("X", 1, "X", 10), ("x", 2, None, None), (None, 3, None, None)]


def test_common_without_regard_to_case() -> None:
    assert merged("common", "k ~ k") == [("X", 1, "X", 10), ("x", 2, "X", 10)]


def test_all_does_not_coalesce_the_keys() -> None:
    assert merged("all") == [("X", 1, "X", 10), ("x", 2, None, None), (None, 3, None, None), (None, None, None, 20)]


def test_right_keeps_the_right_side() -> None:
    assert merged("right") == [("X", 1, "X", 10), (None, None, None, 20)]


def test_null_keys_match_where_the_profile_says_so() -> None:
    assert merged("common", merge__null_keys="match") == [("X", 1, "X", 10), (None, 3, None, 20)]


def test_keys_ignore_case_where_the_profile_says_so() -> None:
    assert merged("common", merge__key_case="insensitive") == [("X", 1, "X", 10), ("x", 2, "X", 10)]


def test_names_in_on_may_hold_spaces_dots_and_qualifiers() -> None:
    tasks = """
    One file: {type: s3, path: a.csv, columns: {Account ID: string, "and = so": string}}
    Two: {type: s3, path: b.csv, columns: {a.b: string, Team: string, n: number}}
    M:
      type: merge
      from: One file
      join:
        - {dataset: Two, keep: common, on: "One file.Account ID = [a.b] AND [and = so] ~ Two.Team"}
      show: [Two.n]
    """
    files = {
        "One file": [{"Account ID": "A", "and = so": "S"}],
        "Two": [{"a.b": "A", "Team": "s", "n": 1}, {"a.b": "A", "Team": "t", "n": 2}],
    }
    assert Lab(tasks, files).rows("M") == [(1,)]


def test_a_later_follower_may_join_to_an_earlier_one() -> None:
    tasks = """
    A: {type: s3, path: a.csv, columns: {id: string}}
    B: {type: s3, path: b.csv, columns: {id: string, code: string}}
    C: {type: s3, path: c.csv, columns: {code: string, price: number}}
    M:
      type: merge
      from: A
      join:
        - {dataset: B, keep: left, on: id = id}
        - {dataset: C, keep: all, on: code = code}
      show: [A.id, B.code, C.*]
    """
    files = {
        "A": [{"id": "1"}, {"id": "2"}],
        "B": [{"id": "1", "code": "P"}],
        "C": [{"code": "P", "price": 5}, {"code": "Q", "price": 7}],
    }
    lab = Lab(tasks.replace("C.*", "C.code as c, price"), files)
    assert lab.rows("M") == [("1", "P", "P", 5), ("2", None, None, None), (None, None, "Q", 7)]
    assert [code for code, _ in Lab(tasks, files).problems()] == ["GS-AMBIGUOUS"]


def test_a_filter_acts_after_the_join() -> None:
    tasks = SIDES + "M: {type: merge, from: L, join: [{dataset: R, keep: left, on: k = k}], show: [a], where: b = 10}"
    assert Lab(tasks, ROWS).rows("M") == [(1,)]


def test_aggregates_act_after_join_and_filter() -> None:
    tasks = SIDES + (
        "M: {type: merge, from: L, join: [{dataset: R, keep: common, on: k ~ k}],"
        " show: [R.k as key, sum(a) as total, max(b), count(*) as n], where: a > 0}"
    )
    lab = Lab(tasks, ROWS)
    assert lab.rows("M") == [("X", 3, 10, 2)]
    assert [column.name for column in lab.plan().tasks["M"].columns] == ["key", "total", "max_of_b", "n"]


def test_duplicates_multiply() -> None:
    files = {"L": [{"k": "X", "a": n} for n in (1, 2)], "R": [{"k": "X", "b": n} for n in (1, 2, 3)]}
    tasks = SIDES + "M: {type: merge, from: L, join: [{dataset: R, keep: left, on: k = k}], show: [a, b]}"
    assert Lab(tasks, files).rows("M") == [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (2, 3)]


def test_without_show_all_columns_are_shown_and_may_collide() -> None:
    tasks = SIDES + "M: {type: merge, from: L, join: [{dataset: R, keep: left, on: k = k}]}"
    assert [code for code, _ in Lab(tasks, ROWS).problems()] == ["GS-AMBIGUOUS"]
    suffixed = Lab(tasks, ROWS, profile={"names.collision": "auto_suffix"})
    assert [column.name for column in suffixed.plan().tasks["M"].columns] == ["k", "a", "k_1", "b"]


@pytest.mark.parametrize(
    ("merge", "code", "words"),
    [
        ("join: [{dataset: L, keep: left, on: k = k}]", "GS-AMBIGUOUS", "with itself"),
        ("join: [{dataset: R, keep: left, on: a = k}]", "GS-TYPE", "INVALID_TYPE"),
        ("join: [{dataset: R, keep: left, on: b = a}]", "GS-NAME", "wrong way round"),
        ("join: [{dataset: R, keep: left, on: x = k}]", "GS-NAME", "INVALID_FIELD"),
        ("join: [{dataset: R, keep: left, on: L.k = L.a}]", "GS-NAME", "'L.a' is no column of 'R'"),
        ("join: [{dataset: R, keep: left, on: R.k = R.b}]", "GS-NAME", "'R.k' is a column of 'R'"),
        ("join: [{dataset: R, keep: left, on: k}]", "GS-SYNTAX", "MALFORMED_QUERY"),
        ("join: [{dataset: R, keep: left, on: k = k = k}]", "GS-SYNTAX", "MALFORMED_QUERY"),
        ("join: [{dataset: R, keep: left, on: k = }]", "GS-SYNTAX", "MALFORMED_QUERY"),
        ("join: [{dataset: R, keep: left, on: k = k}], show: [k]", "GS-AMBIGUOUS", "fits 2 fields"),
        ("join: [{dataset: R, keep: left, on: k = k}], show: [S.*]", "GS-NAME", "INVALID_FIELD"),
    ],
)
def test_what_cannot_be_merged_is_refused(merge: str, code: str, words: str) -> None:
    problems = Lab(SIDES + f"M: {{type: merge, from: L, {merge}}}", ROWS).problems()
    assert [found for found, message in problems if words in message] == [code]


@pytest.mark.parametrize("more", ["where: a = 1", "show: [count(*)]", "show: [a], group_by: [a]"])
def test_the_bionic_engine_neither_filters_nor_aggregates_in_a_merge(more: str) -> None:
    tasks = SIDES + f"M: {{type: merge, from: L, join: [{{dataset: R, keep: left, on: k = k}}], {more}}}"
    assert [code for code, _ in Lab(tasks, ROWS, profile={"engine": "bionic"}).problems()] == ["GS-OPERATOR"]


def test_text_with_id_is_merged_with_a_warning_and_date_with_datetime_refused() -> None:
    tasks = """
    L: {type: s3, path: l.csv, columns: {k: gsid, d: date}}
    R: {type: s3, path: r.csv, columns: {k: string, d: datetime}}
    M: {type: merge, from: L, join: [{dataset: R, keep: left, on: k = k}], show: [L.k]}
    """
    assert [code for code, _ in Lab(tasks).findings()] == ["GS-TYPE"]
    assert [code for code, _ in Lab(tasks.replace("k = k", "d = d")).problems()] == ["GS-TYPE"]
