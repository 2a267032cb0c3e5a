from __future__ import annotations

from decimal import Decimal as D  # noqa: N817

import pytest

from gsrules.errors import InputError
from tests.plan.support import Lab

T = """
T: {type: s3, path: t.csv, columns: {id: string, n: {type: number, decimals: 0}, x: number, d: date}}
"""
ROWS = {
    "T": [
        {"id": "a", "n": 1, "x": "0.5"},
        {"id": "b", "n": 2, "x": "0.25"},
        {"id": "b", "n": 4, "x": None},
        {"id": None, "n": 8, "x": "0"},
    ]
}


def transform(text: str, **more: object) -> Lab:
    return Lab(T + f"Out: {{type: transform, from: t, {text}}}", ROWS, **more)  # type: ignore[arg-type]


def names(lab: Lab) -> list[str]:
    return [column.name for column in lab.plan().tasks["Out"].columns]


def test_without_show_all_columns_stay_and_formulas_follow() -> None:
    lab = transform("formulas: {double: '[n] * 2'}, where: id = 'a'")
    assert names(lab) == ["id", "n", "x", "d", "double"]
    assert lab.rows("Out") == [("a", 1, D("0.5"), None, 2)]


def test_formulas_follow_show_unless_they_are_named_in_it() -> None:
    assert names(transform("show: [id], formulas: {p: '[n] + 1', q: '[n] + 2'}")) == ["id", "p", "q"]
    assert names(transform("show: [Q, id as who], formulas: {p: '[n] + 1', q: '[n] + 2'}")) == ["q", "who", "p"]


def test_formulas_see_input_columns_only() -> None:
    problems = transform("formulas: {p: '[n] + 1', q: '[p] + 1'}").problems()
    assert [code for code, _ in problems] == ["GS-NAME"]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("formulas: {p: '[n] + 1', late: '[late] + [P]'}", "formulas of one task do not see each other"),
        ("show: [id, sum(n) as total], where: total > 1", "a filter sees what the task reads, not what it makes"),
        ("show: [id, sum(n)], where: sum_of_n > 1", "a filter sees what the task reads, not what it makes"),
        ("formulas: {p: '[n] + 1'}, where: '[p] > 1'", "a filter sees what the task reads, not what it makes"),
        ("show: [T.id]", "only a merge has fields of several datasets: write [id]"),
        ("show: [n * 2 as twice]", "a calculation stands under the formulas of a transform"),
    ],
)
def test_what_the_task_makes_itself_is_not_seen_and_the_hint_says_where_it_is(text: str, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        transform(text).plan()
    assert {problem.code for problem in caught.value.problems} == {"GS-NAME"}
    assert all(problem.hint.startswith(hint) for problem in caught.value.problems)


def test_a_formula_named_like_a_shown_column_collides() -> None:
    assert [code for code, _ in transform("formulas: {N: '[n] + 1'}").problems()] == ["GS-AMBIGUOUS"]
    assert transform("show: [n], formulas: {n: '[n] + 1'}").problems()[0][0] == "GS-AMBIGUOUS"


def test_filters_act_before_groups() -> None:
    lab = transform("where: n > 1, show: [id, sum(n) as n, avg(x) as x, count(*) as c]")
    assert lab.rows("Out") == [("b", 6, D("0.25"), 2), (None, 8, 0, 1)]
    assert lab.rows("Out", exact=True) == lab.rows("Out")


def test_shown_columns_keep_their_order_around_aggregates() -> None:
    lab = transform("show: [sum(n) as total, id]")
    assert names(lab) == ["total", "id"]
    assert lab.rows("Out") == [(1, "a"), (6, "b"), (8, None)]


def test_sums_of_whole_columns_stay_whole_in_the_fast_form_only() -> None:
    lab = transform("show: [id, sum(n), min(n), avg(n), count(n), sum(x)]")
    fast = [column.type.whole for column in lab.plan().tasks["Out"].columns]
    exact = [column.type.whole for column in lab.plan(exact=True).tasks["Out"].columns]
    assert fast == [False, True, True, False, True, False]
    assert exact == [False, False, False, False, True, False]


def test_groups_and_formulas_exclude_each_other_unless_the_profile_allows_both() -> None:
    text = "show: [id, sum(n) as n], formulas: {twice: '[n] * 2'}"
    assert [code for code, _ in transform(text).problems()] == ["GS-OPERATOR"]
    lab = transform(text, profile={"transform.allow_formula_with_group_by": True})
    assert lab.rows("Out") == [("a", 1, 2), ("b", 6, 12), (None, 8, 16)]


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("{expression: '[x] / 3', type: number, decimals: 2}", [D("0.17"), D("0.08"), None, 0]),
        ("{expression: \"case when n > 3 then 'C' when n > 1 then 'B' end\", type: string}", [None, "B", "C", "C"]),
        ("{expression: '[n] / [x]'}", [2, 8, None, None]),
    ],
)
def test_formulas_are_computed_in_their_declared_type(formula: str, expected: list[object]) -> None:
    lab = transform(f"show: [n], formulas: {{f: {formula}}}")
    assert [value for _, value in lab.rows("Out")] == expected
    assert [value for _, value in lab.rows("Out", exact=True)] == expected


def test_a_division_by_zero_is_null_and_counted() -> None:
    _, counts = transform("show: [id], formulas: {f: '[n] / [x]'}").run("Out")
    warned = {(c.task, c.column): (c.reason, rows) for c, rows in counts.items() if c.kind == "warning" and rows}
    assert warned == {("Out", "f"): ("division by zero", 1)}


def test_the_case_example_of_the_reference() -> None:
    # data-setup.md §12
    case = (
        "case when n > 4000 then 'Platinum' when n between 3000 and 3999 then 'Gold'"
        " when n between 2000 and 2999 then 'Silver' when n < 2000 then 'Bronze' else 'none' end"
    )
    gold = {4001: "Platinum", 3999: "Gold", 3000: "Gold"}
    expected = {**gold, 2500: "Silver", 2000: "Silver", 1999: "Bronze", 4000: "none"}
    tasks = T + f'Out: {{type: transform, from: T, show: [n], formulas: {{tier: "{case}"}}}}'
    rows = {"T": [{"n": n} for n in (*expected, None)]}
    assert dict(Lab(tasks, rows).rows("Out")) == {**expected, None: "none"}


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("formulas: {f: {expression: '[n] + 1', type: string}}", "GS-TYPE", "INVALID_TYPE"),
        ("formulas: {f: {expression: '[id]', decimals: 2}}", "GS-TYPE", "INVALID_TYPE"),
        ("show: [Csm.Email]", "GS-NAME", "INVALID_FIELD"),
        ("where: nothing = 1", "GS-NAME", "INVALID_FIELD"),
        ("show: [sum(id)]", "GS-TYPE", "INVALID_TYPE"),
    ],
)
def test_what_cannot_be_transformed_is_refused(text: str, code: str, words: str) -> None:
    assert [found for found, message in transform(text).problems() if words in message] == [code]


def test_limits_of_groups_and_filters() -> None:
    columns = ", ".join(f"c{n}: string" for n in range(12))
    shown = ", ".join(f"c{n}" for n in range(11))
    tasks = f"""
    T: {{type: s3, path: t.csv, columns: {{{columns}}}}}
    Out: {{type: transform, from: T, show: [{shown}, count(*)]}}
    """
    assert [code for code, _ in Lab(tasks).problems()] == ["GS-LIMIT"]
    conditions = ", ".join("n > 0" for _ in range(27))
    assert "GS-LIMIT" in [code for code, _ in transform(f"where: [{conditions}]").problems()]


def test_reserved_words_as_names_draw_a_warning() -> None:
    assert [code for code, _ in transform("show: [id as Order]").findings()] == ["GS-NAME"]


def test_origins_tell_where_columns_come_from() -> None:
    lab = transform("show: [id, sum(n)]")
    assert [column.origin for column in lab.plan().tasks["Out"].columns] == [("T.id",), ("T.n",)]
    formula = transform("show: [id], formulas: {f: '[n] + [x]'}")
    assert formula.plan().tasks["Out"].columns[1].origin == ("T.n", "T.x")
