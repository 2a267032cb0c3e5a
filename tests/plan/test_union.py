from __future__ import annotations

import pytest

from tests.plan.support import Lab

TABLES = """
t1: {type: s3, path: a.csv, columns: {id: string, n: {type: number, decimals: 0}}}
t2: {type: s3, path: b.csv, columns: {key: string, x: number, ID: string}}
"""
ROWS = {"t1": [{"id": "A", "n": 1}], "t2": [{"key": "A", "x": 1}, {"key": "A", "x": 1}]}


def test_declared_columns_meet_and_all_rows_are_kept() -> None:
    # data-setup.md §9
    tasks = TABLES + "U: {type: union, from: [t1, t2], columns: {id: {t1: id, t2: key}, v: {t1: n, t2: x}}}"
    lab = Lab(tasks, ROWS)
    assert lab.rows("U") == [("A", 1)] * 3
    assert [(code, "ID" in message) for code, message in lab.findings()] == [("GS-NAME", True)]


def test_duplicates_are_removed_where_the_profile_says_so() -> None:
    tasks = TABLES + "U: {type: union, from: [t1, t2], columns: {id: {t1: id, t2: key}, v: {t1: n, t2: x}}}"
    assert Lab(tasks, ROWS, profile={"union.duplicates": "remove"}).rows("U") == [("A", 1)]


def test_by_name_in_any_case_and_null_where_an_input_lacks_the_column() -> None:
    lab = Lab(TABLES + "U: {type: union, from: [t1, t2]}", ROWS)
    assert [column.name for column in lab.plan().tasks["U"].columns] == ["id", "n", "key", "x"]
    assert lab.rows("U") == [("A", 1, None, None), (None, None, "A", 1), (None, None, "A", 1)]


def test_whole_numbers_stay_whole_only_among_themselves() -> None:
    tasks = TABLES + "U: {type: union, from: [t1, t2], columns: {v: {t1: n, t2: x}, w: {t1: n}}}"
    types = [column.type for column in Lab(tasks).plan().tasks["U"].columns]
    assert [(kind.whole, kind.decimals) for kind in types] == [(False, None), (True, 0)]


@pytest.mark.parametrize(
    ("union", "code"),
    [
        ("from: [t1, t1]", "GS-AMBIGUOUS"),
        ("from: [t1, t2], columns: {v: {t1: id, t2: x}}", "GS-TYPE"),
        ("from: [t1, t2], columns: {v: {t1: nope}}", "GS-NAME"),
        ("from: [t1, t2], columns: {v: {t3: id}}", "GS-NAME"),
    ],
)
def test_what_cannot_be_united_is_refused(union: str, code: str) -> None:
    assert Lab(TABLES + f"U: {{type: union, {union}}}").problems()[0][0] == code


def test_the_bionic_engine_has_no_union() -> None:
    lab = Lab(TABLES + "U: {type: union, from: [t1, t2]}", profile={"engine": "bionic"})
    assert [code for code, _ in lab.problems()] == ["GS-OPERATOR"]
