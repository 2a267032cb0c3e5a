"""What a run says about its numbers of rows: merges that multiply rows, fetches beyond Gainsight's limits."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from gsrules.errors import Problem
from gsrules.plan.limits import FETCHED_ROWS
from gsrules.run import row_notes
from gsrules.run.engine import RunOptions, run_rule
from gsrules.run.row_notes import fetched_rows
from gsrules.run.workspace import Workspace
from tests.plan.support import Lab

DAY = date(2024, 5, 15)
FILES = """\
  A: {type: s3, path: a.csv, columns: {id: string, n: number}}
  B: {type: s3, path: b.csv, columns: {acc: string, day: date, plan: string}}
  C: {type: s3, path: c.csv, columns: {plan: string, price: number}}
"""
A = "id,n\nX,1\nx,2\nY,3\n,4\n"
B = (
    "acc,day,plan\nX,05/01/2024,p\nX,05/02/2024,p\nX,05/03/2024,q\nY,05/01/2024,p\n"
    ",05/01/2024,p\n,05/02/2024,p\nZ,05/01/2024,p\nZ,05/02/2024,p\n"
)
C = "plan,price\np,5\np,6\nq,7\n"


def notes(
    folder: Path, merge: str, settings: str = "", trace: bool = False, records: Path | None = None, **files: str
) -> list[Problem]:
    if records is not None:
        shutil.copytree(records / "datasets/records", folder / "datasets/records")
    bucket = folder / "datasets/s3/gainsight-managed"
    bucket.mkdir(parents=True)
    for name, text in {"a": A, "b": B, "c": C, **files}.items():
        (bucket / f"{name}.csv").write_text(text)
    (folder / "gsrules.toml").write_text(settings)
    (folder / "rules").mkdir()
    (folder / "rules/r.yml").write_text(f"rule: Rows\ntasks:\n{FILES}  M: {merge}\n")
    workspace = Workspace.open(folder)
    with workspace.tenant(mode="dry_run") as tenant:
        report = run_rule(workspace, "r", RunOptions(DAY, mode="dry_run", trace=trace), tenant).report
        left = tenant.con.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name LIKE 'gs_fan%'").fetchone()
    assert left == (0,)
    assert report.status == "SUCCESS"
    return [problem for problem in report.warnings if problem.code == "GS-FAN-OUT"]


def merge(joins: str, more: str = "show: [n]") -> str:
    return f"{{type: merge, from: A, join: [{joins}], {more}}}"


AB = "{dataset: B, keep: left, on: id = acc}"
BC = "{dataset: C, keep: left, on: plan = plan}"


@pytest.mark.parametrize("trace", [False, True])
def test_a_merge_that_multiplies_names_the_keys_and_the_rows(tmp_path: Path, trace: bool) -> None:
    (note,) = notes(tmp_path, merge(AB), trace=trace)
    assert note.severity == "note"
    assert note.where == "task 'M'"
    # X is three times in B; Y once; x is no X; null keys do not match; Z is not in A
    assert note.message == "in 'B' a key repeats (id = acc), 'X' 3 times: 1 row of the left became 3"
    assert note.hint == ""


def test_letter_case_counts_as_in_the_merge(tmp_path: Path) -> None:
    (note,) = notes(tmp_path, merge(AB.replace("=", "~", 1)))
    assert "in 'B' a key repeats (id ~ acc), 'x' 3 times: 2 rows of the left became 6" in note.message
    assert "one of the keys repeats on both sides" in note.hint


def test_null_keys_count_where_they_match(tmp_path: Path) -> None:
    (note,) = notes(tmp_path, merge(AB), '[profile]\n"merge.null_keys" = "match"\n')
    assert "in 'B' 2 keys repeat (id = acc), 'X' 3 times: 2 rows of the left became 5" in note.message


def test_every_join_of_a_chain_is_looked_at(tmp_path: Path) -> None:
    first, second = notes(tmp_path, merge(f"{AB}, {BC}"))
    assert "'X' 3 times" in first.message
    # rows of plan p after the first join: X twice, Y once; each meets two rows of C
    assert second.message == "in 'C' a key repeats (B.plan = plan), 'p' 2 times: 3 rows of the left became 6"
    assert "on both sides" in second.hint


def test_several_columns_are_one_key(tmp_path: Path) -> None:
    same = "acc,day,plan\nX,05/01/2024,p\nX,05/01/2024,p\nX,05/01/2024,q\n"
    a = "id,n\nX,1\n"
    joins = "{dataset: B, keep: common, on: id = acc and id = acc}"
    (note,) = notes(tmp_path, merge(joins), b=same, a=a)
    assert "(id = acc and id = acc), 'X, X' 3 times" in note.message


def test_more_rows_without_repeated_keys_are_no_fan_out(tmp_path: Path) -> None:
    # Z and null of B are added, nothing is multiplied
    unique = "acc,day,plan\nX,05/01/2024,p\nZ,05/01/2024,p\n,05/01/2024,p\n"
    assert notes(tmp_path, merge(AB.replace("left", "all")), b=unique) == []


def test_many_to_one_is_no_fan_out(tmp_path: Path) -> None:
    many = "id,n\nX,1\nX,2\nX,3\n"
    one = "acc,day,plan\nX,05/01/2024,p\nY,05/01/2024,p\nY,05/01/2024,p\n"
    assert notes(tmp_path, merge(AB), a=many, b=one) == []


@pytest.mark.parametrize("more", ["show: [sum(n)]", "show: [n], where: n > 0 and n < 4"])
def test_groups_and_filters_do_not_hide_it(tmp_path: Path, more: str) -> None:
    (note,) = notes(tmp_path, merge(AB, more))
    assert "'X' 3 times" in note.message


def test_fewer_rows_than_on_the_left_are_not_looked_at(tmp_path: Path) -> None:
    assert notes(tmp_path, merge(AB, "show: [n], where: plan = 'q'")) == []


def test_groups_of_many_rows_are_not_looked_at(tmp_path: Path) -> None:
    many = "acc,day,plan\n" + "X,05/01/2024,p\n" * row_notes.GROUPED
    assert notes(tmp_path, merge(AB, "show: [sum(n)]"), b=many) == []


def test_large_merges_are_judged_by_the_numbers_alone(tmp_path: Path) -> None:
    rows = row_notes.QUICK
    many = "acc,day,plan\n" + "X,05/01/2024,p\n" * rows
    (note,) = notes(tmp_path, merge(AB), b=many)
    assert note.message == f"4 rows of 'A' became {rows + 3:,}: keys repeat (id = acc)"


def test_large_merges_that_add_or_drop_rows_are_not_judged(tmp_path: Path) -> None:
    many = "acc,day,plan\n" + "X,05/01/2024,p\n" * row_notes.QUICK
    assert notes(tmp_path, merge(AB.replace("left", "all")), b=many) == []


def test_records_of_objects_count_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "datasets/records").mkdir(parents=True)
    (tmp_path / "datasets/records/company.csv").write_text("Name\n" + "".join(f"c{n}\n" for n in range(9)) + "X\n")
    merge = (
        "{type: merge, from: Companies, join: [{dataset: B, keep: left, on: Name = acc}], show: [day]}\n"
        "  Companies: {type: fetch, object: company, show: [Name], where: Name = 'X'}"
    )
    (note,) = notes(tmp_path / "a", merge, records=tmp_path)
    assert "'X' 3 times" in note.message
    monkeypatch.setattr(row_notes, "QUICK", 18)
    (note,) = notes(tmp_path / "b", merge, records=tmp_path)
    assert note.message == "1 row of 'Companies' became 3: keys repeat (Name = acc)"


def test_fetches_beyond_gainsights_limits_draw_a_warning() -> None:
    # data-setup.md §17
    assert FETCHED_ROWS == {"tenant": 2_000_000, "salesforce": 6_300_000}
    plan = Lab("T: {type: fetch, object: company, show: [Name]}\nU: {type: transform, from: T}").plan()
    assert list(fetched_rows(plan, {"T": 2_000_000, "U": 2_000_000})) == []
    (warning,) = fetched_rows(plan, {"T": 2_000_001, "U": 2_000_001})
    assert (warning.code, warning.severity, warning.where) == ("GS-LIMIT", "warning", "task 'T'")
    assert warning.message == "2,000,001 rows are fetched; Gainsight fetches at most 2,000,000"


def test_a_failed_run_reports_the_tasks_that_were_computed(tmp_path: Path) -> None:
    # data-setup.md §16
    divided = "{type: transform, from: A, formulas: {q: n / (n - 1)}}"
    assert notes(tmp_path, divided) == []
    (tmp_path / "gsrules.toml").write_text('[profile]\n"formula.divide_by_zero" = "error"\n')
    workspace = Workspace.open(tmp_path)
    with workspace.tenant(mode="dry_run") as tenant:
        report = run_rule(workspace, "r", RunOptions(DAY, mode="dry_run"), tenant).report
    assert (report.status, [problem.code for problem in report.problems]) == ("FAILURE", ["GS-VALUE"])
    assert {task.task: task.rows for task in report.tasks} == {"A": 4, "B": 8, "C": 3, "M": 4}
