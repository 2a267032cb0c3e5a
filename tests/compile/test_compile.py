"""Statements: what they count, what they keep, and names that try to break out."""

from __future__ import annotations

from decimal import Decimal

import pytest

from gsrules.compile import Counter, compile_plan, prune
from gsrules.plan.nodes import ScanFile, ScanObject, walk
from tests.plan.support import Lab, Stored

USAGE = """
Usage: {type: s3, path: u.csv, columns: {id: string, n: {type: number, decimals: 0}, note: string}}
Active: {type: transform, from: Usage, where: n > 0}
Sums: {type: transform, from: Active, show: [id, sum(n) as total, count_distinct(note) as notes]}
Many: {type: transform, from: Sums, where: total > 2}
Few: {type: transform, from: Sums, where: total <= 2, show: [id]}
"""
ROWS = {
    "Usage": [
        {"id": "a", "n": 1, "note": "x"},
        {"id": "a", "n": 2, "note": "y"},
        {"id": "b", "n": 2, "note": None},
        {"id": "c", "n": 0, "note": "z"},
    ]
}


def rows_of(counts: dict[Counter, int]) -> dict[str, int]:
    return {counter.task: rows for counter, rows in counts.items() if counter.kind == "rows"}


ALL_ROWS = {"Usage": 4, "Active": 3, "Sums": 2, "Many": 1, "Few": 1}


@pytest.mark.parametrize(
    "outputs",
    [(), ("Many",), ("Few",), ("Many", "Few"), ("Sums", "Few"), ("Usage", "Many"), tuple(ALL_ROWS)],
    ids=lambda outputs: "+".join(outputs) or "none",
)
@pytest.mark.parametrize("exact", [False, True])
def test_rows_of_every_task_are_counted_whatever_is_kept(outputs: tuple[str, ...], exact: bool) -> None:
    found, counts = Lab(USAGE, ROWS).run(*outputs, exact=exact)
    assert rows_of(counts) == ALL_ROWS
    expected = {"Many": [("a", 3, 2)], "Few": [("b",)], "Sums": [("a", 3, 2), ("b", 2, 0)]}
    for name in set(found) & set(expected):
        assert found[name] == expected[name]


def test_rows_are_counted_when_the_output_is_empty() -> None:
    _, counts = Lab(USAGE, {"Usage": ROWS["Usage"][-1:]}).run("Many")
    assert rows_of(counts) == {"Usage": 1, "Active": 0, "Sums": 0, "Many": 0, "Few": 0}


def test_one_output_is_one_statement_and_a_task_of_two_outputs_one_more() -> None:
    lab = Lab(USAGE)
    plan = lab.plan()

    def kept(*outputs: str) -> list[str | None]:
        compiled = compile_plan(plan, dict.fromkeys(outputs, True), lab.sources(plan), Stored(), lab.env)
        return [step.task for step in compiled.steps]

    assert kept("Many") == ["Many"]
    assert kept("Many", "Few") == ["Sums", "Many", "Few"]


def test_an_unread_task_over_two_statements_makes_its_inputs_tables() -> None:
    tasks = USAGE + "Both: {type: union, from: [Active again, Sums again]}"
    tasks += "\nActive again: {type: transform, from: Active}\nSums again: {type: transform, from: Sums}"
    tasks += "\nX: {type: transform, from: Active again}\nY: {type: transform, from: Sums again}"
    _, counts = Lab(tasks, ROWS).run("X", "Y")
    assert rows_of(counts) == {**ALL_ROWS, "Both": 5, "Active again": 3, "Sums again": 2, "X": 3, "Y": 2}


def test_unneeded_columns_measures_and_lookups_are_not_computed() -> None:
    lab = Lab(
        """
        Co: {type: fetch, object: company, show: [Gsid, Name, Csm.Email, Arr]}
        Sums: {type: transform, from: Co, show: [Name, sum(Arr) as arr, count_distinct(Csm_Email) as csms]}
        Out: {type: transform, from: Sums, show: [Name, arr]}
        """
    )
    pruned = prune(lab.plan(), ["Out"])
    assert [[column.name for column in task.columns] for task in pruned.tasks.values()] == [
        ["Name", "Arr"],
        ["Name", "arr"],
        ["Name", "arr"],
    ]
    text = lab.text("Out")
    assert "JOIN" not in text
    assert "DISTINCT" not in text


def test_a_task_of_which_only_rows_are_counted_reads_no_more_than_it_must() -> None:
    lab = Lab("T: {type: s3, path: t.csv, columns: {a: string, b: string}}\nCo: {type: fetch, object: company}")
    pruned = prune(lab.plan(), []).tasks
    scans = [node for task in pruned.values() for node in walk(task.node) if isinstance(node, ScanFile | ScanObject)]
    assert [[column.name for column in node.columns] for node in scans] == [["a"], []]
    _, counts = Lab(lab.tasks, {"T": [{"a": "x"}, {}]}, {"company": [{"Gsid": "G"}]}).run()
    assert rows_of(counts) == {"T": 2, "Co": 1}


def test_groups_stay_apart_when_their_keys_are_not_shown_on() -> None:
    tasks = USAGE + "Out: {type: transform, from: Sums, show: [total]}"
    assert Lab(tasks, ROWS).rows("Out") == [(2,), (3,)]
    distinct = "Ids: {type: transform, from: Usage, group_by: [id]}\nN: {type: transform, from: Ids, show: [count(*)]}"
    assert Lab(USAGE + distinct, ROWS).rows("N") == [(3,)]


def test_rows_of_a_union_without_duplicates_keep_all_columns() -> None:
    tasks = USAGE + "U: {type: union, from: [Usage, Active]}\nOut: {type: transform, from: U, show: [id]}"
    lab = Lab(tasks, ROWS, profile={"union.duplicates": "remove"})
    assert lab.rows("Out") == [("a",), ("a",), ("b",), ("c",)]


def test_canonical_order_is_by_code_point_false_first_nulls_last() -> None:
    tasks = "T: {type: s3, path: t.csv, columns: {s: string, b: boolean, n: number, d: date}}"
    rows = [
        {"s": "é", "b": True},
        {"s": "a", "b": None, "n": 1},
        {"s": "a", "b": True, "n": 1},
        {"s": "a", "b": False, "n": 10},
        {"s": "a", "b": False, "n": 9},
        {"s": "B", "d": "2024-01-01"},
        {"s": None},
        {"s": "", "b": False},
        {"s": "😀"},
        {"s": "�"},
    ]
    found = [(s, b, n) for s, b, n, _ in Lab(tasks, {"T": rows}).rows("T")]
    assert found == [
        ("", False, None),
        ("B", None, None),
        ("a", False, 9),
        ("a", False, 10),
        ("a", True, 1),
        ("a", None, 1),
        ("é", True, None),
        ("�", None, None),
        ("😀", None, None),
        (None, None, None),
    ]


SUMS = """
T: {type: s3, path: t.csv, columns: {n: number}}
S: {type: transform, from: T, show: [sum(n) as s, avg(n) as a]}
"""


def test_sums_beyond_29_digits_fail_in_the_fast_form_and_are_null_in_the_exact_one() -> None:
    largest = Decimal("9" * 29 + ".123456789")
    two = Lab(SUMS, {"T": [{"n": largest}, {"n": largest}]})
    with pytest.raises(Exception, match=r"(?i)overflow|out of range"):
        two.rows("S")
    ((total, average),) = two.rows("S", exact=True)
    assert total is None
    assert average is None or average > 10**28
    one = Lab(SUMS, {"T": [{"n": largest}, {"n": largest.copy_negate()}, {"n": "0.000000001"}]})
    assert one.rows("S", exact=True)[0][0] == Decimal("0.000000001")


def test_exact_sums_agree_with_fast_ones_on_mixed_signs_and_fractions() -> None:
    rows = [{"n": value} for value in ("-1.5", "0.999999999", "2.000000001", "-7.25", None)]
    lab = Lab(SUMS, {"T": rows})
    assert lab.rows("S") == lab.rows("S", exact=True) == [(Decimal("-5.75"), Decimal("-1.4375"))]


def test_sums_of_whole_numbers_beyond_a_bigint_are_left_to_the_exact_form() -> None:
    tasks = USAGE + "S: {type: transform, from: Usage, show: [sum(n) as s]}"
    lab = Lab(tasks, {"Usage": [{"n": 2**63 - 1}, {"n": 1}]})
    with pytest.raises(Exception, match=r"(?i)out of range|overflow|convert"):
        lab.rows("S")
    assert lab.rows("S", exact=True) == [(2**63,)]


HOSTILE = ['a"b', "a'b", "x]; DROP TABLE t1; --", "{{x}} ${y}", "😀 é", "select", "t1", "s1", "tab\there", "n" * 10_000]


@pytest.mark.parametrize("name", HOSTILE, ids=lambda name: name[:12])
def test_hostile_names_and_values_pass_as_data(name: str) -> None:
    quoted = name.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
    tasks = f"""
    T: {{type: s3, path: t.csv, columns: {{c: {{type: string, as: "{quoted}"}}, n: number}}}}
    Sums: {{type: transform, from: T, show: ["*"], formulas: {{twice: "[n] * 2"}}}}
    Merged: {{type: merge, from: T, join: [{{dataset: Sums, keep: all, on: n = n}}], show: [T.*, twice]}}
    P: {{type: pivot, from: Merged, pivot_on: n, value: count(*), columns: ['1', '2']}}
    """
    lab = Lab(tasks, {"T": [{name: name, "n": 1}]})
    assert lab.run("Merged", "P")[0] == {"Merged": [(name, 1, 2)], "P": [(1, 0)]}
    assert name in lab.text("Merged").replace('""', '"')


def test_pivot_columns_may_be_named_like_anything() -> None:
    names = ['a"b', "x; y", "it's"]
    columns = ", ".join('"' + name.replace('"', '\\"') + '"' for name in names)
    tasks = USAGE + f"P: {{type: pivot, from: Usage, pivot_on: note, value: count(*), columns: [{columns}]}}"
    assert Lab(tasks, {"Usage": [{"note": "it's"}, {"note": 'a"b'}]}).rows("P") == [(1, 0, 1)]


def test_a_table_without_row_numbers_is_not_sorted() -> None:
    lab = Lab(USAGE, ROWS)
    found, counts = lab.run("Sums", ordered=False)
    assert sorted(found["Sums"]) == [("a", 3, 2), ("b", 2, 0)]
    assert rows_of(counts) == ALL_ROWS
    plan = lab.plan()
    (step, *_) = compile_plan(plan, {"Sums": False}, lab.sources(plan), Stored(), lab.env).steps
    assert "ORDER BY" not in step.rows_sql()


def test_the_text_of_a_task_is_one_select_over_the_tasks_it_needs() -> None:
    text = Lab(USAGE).text("Few")
    assert text.startswith("WITH")
    assert text.count("MATERIALIZED") == 4
