from __future__ import annotations

from decimal import Decimal

import pytest

from gsrules.errors import InputError
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


def test_a_column_has_its_declared_type_and_numbers_their_decimals() -> None:
    tasks = TABLES + (
        "U: {type: union, from: [t1, t2], columns: {v: {from: {t1: n, t2: x}, decimals: 1},"
        " w: {t1: n, t2: x}, id: {from: {t1: id}, type: gsid}}}"
    )
    files = {"t1": [{"id": "A", "n": 1}], "t2": [{"x": Decimal("2.25")}, {"x": Decimal("-2.25")}, {"x": None}]}
    for exact in (False, True):
        assert Lab(tasks, files).rows("U", exact=exact) == [
            (Decimal("-2.3"), Decimal("-2.25"), None),
            (1, 1, "A"),
            (Decimal("2.3"), Decimal("2.25"), None),
            (None, None, None),
        ]
    lab = Lab(tasks)
    types = [column.type for column in lab.plan().tasks["U"].columns]
    assert [(str(each), each.decimals) for each in types] == [("number", 1), ("number", None), ("gsid", None)]
    assert [message for code, message in lab.findings() if code == "GS-TYPE"] == [
        "the union column 'id' is declared gsid and holds Text"
    ]


def test_one_column_may_go_into_two() -> None:
    tasks = TABLES + "U: {type: union, from: [t1, t2], columns: {a: {t2: x}, b: {from: {t2: x}, decimals: 0}}}"
    assert Lab(tasks, {"t2": [{"x": Decimal("1.5")}]}).rows("U") == [(Decimal("1.5"), 2)]


@pytest.mark.parametrize(
    ("one", "other", "hint"),
    [
        ("date", "datetime", "datetime_to_date"),
        ("number", "string", "to_string or to_number"),
        ("boolean", "number", "convert one"),
    ],
)
def test_what_does_not_combine_is_refused_with_what_to_do(one: str, other: str, hint: str) -> None:
    tasks = f"""
    A: {{type: s3, path: a.csv, columns: {{v: {one}}}}}
    B: {{type: s3, path: b.csv, columns: {{v: {other}}}}}
    U: {{type: union, from: [A, B]}}
    M: {{type: merge, from: A, join: [{{dataset: B, keep: left, on: v = v}}], show: [A.v]}}
    """
    with pytest.raises(InputError) as caught:
        Lab(tasks).plan()
    found = [problem for problem in caught.value.problems if problem.severity == "error"]
    assert [(each.code, "INVALID_TYPE" in each.message, hint in each.hint) for each in found] == [
        ("GS-TYPE", True, True)
    ] * 2


@pytest.mark.parametrize(
    ("one", "other", "doubtful"),
    [
        ("Gsid", "Name", "Id"),
        ("Status", "Name", "Picklist"),
        ("Status", "Stage", "lists"),
    ],
)
def test_texts_with_ids_and_items_of_other_lists_draw_a_warning(one: str, other: str, doubtful: str) -> None:
    # data-setup.md §2.1
    tasks = f"""
    A: {{type: fetch, object: company, show: [{one} as v]}}
    B: {{type: fetch, object: company, show: [{other} as v]}}
    U: {{type: union, from: [A, B]}}
    M: {{type: merge, from: A, join: [{{dataset: B, keep: left, on: v = v}}], show: [A.v]}}
    """
    found = Lab(tasks).findings()
    assert [(code, doubtful in message) for code, message in found if code == "GS-TYPE"] == [("GS-TYPE", True)] * 2


def test_types_of_one_family_combine_freely() -> None:
    tasks = """
    A: {type: fetch, object: gsuser, show: [Email as v, Name as w]}
    B: {type: fetch, object: company, show: [Name as v, Name as w]}
    U: {type: union, from: [A, B]}
    M: {type: merge, from: A, join: [{dataset: B, keep: left, on: v = v and w = w}], show: [A.v]}
    """
    assert Lab(tasks).findings() == []


@pytest.mark.parametrize(
    ("union", "code"),
    [
        ("from: [t1, t1]", "GS-AMBIGUOUS"),
        ("from: [t1, t2], columns: {v: {t1: id, t2: x}}", "GS-TYPE"),
        ("from: [t1, t2], columns: {v: {t1: nope}}", "GS-NAME"),
        ("from: [t1, t2], columns: {v: {t3: id}}", "GS-NAME"),
        ("from: [t1, t2], columns: {v: {from: {t1: id, t2: key}, type: number}}", "GS-TYPE"),
    ],
)
def test_what_cannot_be_united_is_refused(union: str, code: str) -> None:
    assert Lab(TABLES + f"U: {{type: union, {union}}}").problems()[0][0] == code


def test_the_bionic_engine_has_no_union() -> None:
    lab = Lab(TABLES + "U: {type: union, from: [t1, t2]}", profile={"engine": "bionic"})
    assert [code for code, _ in lab.problems()] == ["GS-OPERATOR"]
