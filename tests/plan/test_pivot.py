from __future__ import annotations

import pytest

from tests.plan.support import Lab

VIEWS = """
Views: {type: s3, path: v.csv, columns: {user: string, Page Name: string, Views: {type: number, decimals: 0}}}
"""
# data-setup.md §10, as published
ROWS = {
    "Views": [
        {"user": user, "Page Name": page, "Views": views}
        for user, page, views in (
            ("U1", "Home Page", 6),
            ("U2", "Admin page", 2),
            ("U3", "Sales Page", 4),
            ("U2", "Customer Support Page", 2),
            ("U4", "Admin Page", 5),
            ("U5", "Sales Page", 7),
            ("U6", "Customer Support Page", 3),
            ("U2", "Home Page", 2),
            ("U3", "Admin Page", 8),
            ("U1", "Sales Page", 4),
            ("U5", "Customer Support Page", 6),
            ("U4", "Home Page", 3),
            ("U6", "Admin Page", 7),
        )
    ]
}
PAGES = "[Home Page, Admin Page, Sales Page, Customer Support Page]"


def test_the_published_example_in_the_short_form() -> None:
    tasks = VIEWS + f"P: {{type: pivot, from: Views, pivot_on: Page Name, value: sum(Views), columns: {PAGES}}}"
    lab = Lab(tasks, ROWS)
    assert lab.rows("P") == [(11, 20, 15, 11)]
    assert lab.rows("P", exact=True) == [(11, 20, 15, 11)]


def test_the_published_example_without_regard_to_case() -> None:
    tasks = VIEWS + (
        "P: {type: pivot, from: Views, value: sum(Views), columns:"
        " [{name: Admin, where: \"[Page Name] ~ 'Admin Page'\"}, {name: Big, where: Views > 6, value: count(*)}]}"
    )
    assert Lab(tasks, ROWS).rows("P") == [(22, 3)]


def test_groups_defaults_and_groups_that_feed_no_column() -> None:
    tasks = VIEWS + (
        "P: {type: pivot, from: Views, group_by: [user], where: \"user in ('U1', 'U2', 'U3')\", pivot_on: Page Name,"
        " value: sum(Views), columns: [{name: Home Page, default: 0}, {name: Customer Support Page}]}"
    )
    assert Lab(tasks, ROWS).rows("P") == [("U1", 6, None), ("U2", 2, 2), ("U3", 0, None)]
    dropped = Lab(tasks, ROWS, profile={"pivot.keep_empty_groups": False})
    assert dropped.rows("P") == [("U1", 6, None), ("U2", 2, 2)]


def test_counts_without_default_are_zero_or_null() -> None:
    tasks = VIEWS + "P: {type: pivot, from: Views, pivot_on: user, value: count(Views), columns: [U1, Nobody]}"
    assert Lab(tasks, ROWS).rows("P") == [(2, 0)]
    assert Lab(tasks, ROWS, profile={"pivot.count_without_default": "null"}).rows("P") == [(2, None)]


def test_the_default_of_a_count_stands_for_no_row_not_for_no_value() -> None:
    tasks = VIEWS + "P: {type: pivot, from: Views, pivot_on: user, value: count(Views), default: 9, columns: [U1, U2]}"
    assert Lab(tasks, {"Views": [{"user": "U1", "Views": None}]}).rows("P") == [(0, 9)]


def test_the_default_of_a_sum_stands_for_no_row_and_for_no_value() -> None:
    tasks = VIEWS + "P: {type: pivot, from: Views, pivot_on: user, value: sum(Views), default: 9, columns: [U1, U2]}"
    assert Lab(tasks, {"Views": [{"user": "U1", "Views": None}]}).rows("P") == [(9, 9)]


def test_without_groups_there_is_one_row_also_for_no_input() -> None:
    tasks = VIEWS + f"P: {{type: pivot, from: Views, pivot_on: Page Name, value: sum(Views), columns: {PAGES}}}"
    assert Lab(tasks).rows("P") == [(None, None, None, None)]


@pytest.mark.parametrize(
    ("kind", "value", "column"),
    [("number", 2.5, "'2.50'"), ("boolean", True, "'True'"), ("date", "2024-05-01", "'2024-05-01'")],
)
def test_short_form_values_take_the_type_of_the_column(kind: str, value: object, column: str) -> None:
    tasks = f"""
    T: {{type: s3, path: t.csv, columns: {{c: {kind}}}}}
    P: {{type: pivot, from: T, pivot_on: c, value: count(*), columns: [{column}]}}
    """
    assert Lab(tasks, {"T": [{"c": value}, {"c": None}]}).rows("P") == [(1,)]


def test_short_form_values_of_a_picklist_are_labels() -> None:
    tasks = """
    Co: {type: fetch, object: company, show: [Status]}
    P: {type: pivot, from: Co, pivot_on: Status, value: count(*), columns: [Active, Churn]}
    """
    gsid = Lab(tasks).catalogue.item("company.Status", "Active").item
    assert gsid is not None
    assert Lab(tasks, records={"company": [{"Gsid": "G", "Status": gsid.gsid}]}).rows("P") == [(1, 0)]


@pytest.mark.parametrize(
    ("pivot", "code", "words"),
    [
        ("pivot_on: Page, value: sum(Views), columns: [a]", "GS-NAME", "INVALID_FIELD"),
        ("pivot_on: user, value: sum(user), columns: [a]", "GS-TYPE", "INVALID_TYPE"),
        ("pivot_on: user, value: Views, columns: [a]", "GS-SYNTAX", "MALFORMED_QUERY"),
        ("pivot_on: user, value: sum(Views), default: none, columns: [a]", "GS-TYPE", "INVALID_TYPE"),
        ("pivot_on: user, value: sum(Views), columns: [a, A]", "GS-AMBIGUOUS", "letter case"),
        ("pivot_on: Views, value: sum(Views), columns: [many]", "GS-TYPE", "INVALID_TYPE"),
        ("group_by: [nobody], pivot_on: user, value: sum(Views), columns: [a]", "GS-NAME", "INVALID_FIELD"),
    ],
)
def test_what_cannot_be_pivoted_is_refused(pivot: str, code: str, words: str) -> None:
    problems = Lab(VIEWS + f"P: {{type: pivot, from: Views, {pivot}}}").problems()
    assert [found for found, message in problems if words in message] == [code]


def test_limits_of_columns_and_conditions() -> None:
    names = ", ".join(f"c{n}" for n in range(51))
    tasks = VIEWS + f"P: {{type: pivot, from: Views, pivot_on: user, value: sum(Views), columns: [{names}]}}"
    assert [code for code, _ in Lab(tasks).problems()] == ["GS-LIMIT"]
    assert [code for code, _ in Lab(tasks, profile={"limits.strict": False}).findings()] == ["GS-LIMIT"]
    assert len(Lab(tasks, profile={"limits.pivot_conditions": 50, "limits.pivot_columns": 60}).problems()) == 1
