"""Whole runs over files: what is archived and when, and where the cells that did not fit are kept."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest

from gsrules.run.batch import run_all
from gsrules.run.engine import RunOptions, RunResult, run_rule
from gsrules.run.inferred import inferred_columns
from gsrules.run.inspect import preview_query
from gsrules.run.kept import find_run
from gsrules.run.workspace import Workspace
from gsrules.views import report as shown
from tests.conftest import write_files

DATE = dt.date(2024, 5, 15)
RULE = """
rule: Files
for: company
tasks:
  File:
    type: s3
    path: in/a-${pattern}
    match: starts_with
    pattern: {format: yyyy-MM-dd}
    ARCHIVE
    columns: {Id: number, N: number, Day: {type: date, format: yyyy-MM-dd}}
  Kept:
    type: transform
    from: File
    show: [Id, N, Day]
"""
GOOD = {"in/a-2024-05-15.csv": "Id,N,Day\n1,2,2024-01-01\n", "in/a-2024-05-15b.csv": "Id,N,Day\n2,3,2024-01-02\n"}


def project(tmp_path: Path, files: Mapping[str, str], archive: str = "", settings: str = "") -> Workspace:
    content = {f"datasets/s3/gainsight-managed/{key}": text for key, text in files.items()}
    rule = RULE.replace("ARCHIVE", archive)
    write_files(tmp_path, {"gsrules.toml": settings, "rules/files.yml": rule, **content})
    return Workspace.open(tmp_path)


def ran(workspace: Workspace, **options: Any) -> RunResult:
    asked = RunOptions(**{"rule_date": DATE, "archive": True, "artifacts": True, **options})
    with workspace.tenant(asked.mode) as tenant:
        return run_rule(workspace, "files", asked, tenant)


def keys(tmp_path: Path) -> list[str]:
    root = tmp_path / "datasets/s3/gainsight-managed"
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("archive", "folder"),
    [
        ("archive: archived/", "in/archived"),
        ("archive: done", "in/done"),
        ("archive: old/files/", "old/files"),
        ("archive: MDA-Data-Ingest/old", "old"),
        ("archive: /old", "old"),
    ],
)
def test_files_move_beside_where_they_were_or_to_the_given_folder(tmp_path: Path, archive: str, folder: str) -> None:
    result = ran(project(tmp_path, GOOD, archive))
    assert result.report.status == "SUCCESS"
    moved = [f"{folder}/{key.removeprefix('in/')}" for key in GOOD]
    assert keys(tmp_path) == moved
    (file, _) = result.report.as_json()["tasks"]
    assert file["archived"] == [f"gainsight-managed/{key}" for key in moved]
    assert file["files"] == [f"gainsight-managed/{key}" for key in GOOD]


def test_without_archive_no_file_moves(tmp_path: Path) -> None:
    (file, _) = ran(project(tmp_path, GOOD)).report.as_json()["tasks"]
    assert keys(tmp_path) == list(GOOD)
    assert "archived" not in file


def test_a_dry_run_a_preview_and_a_test_move_nothing(tmp_path: Path) -> None:
    workspace = project(tmp_path, GOOD, "archive: archived")
    ran(workspace, mode="dry_run")
    with preview_query(workspace, "files", "File", None, DATE, {}, None) as rows:
        assert len(rows.connection.execute(rows.query).fetchall()) == 2
    inferred_columns(workspace, "files", "File", DATE)
    # Rule tests run live, on a tenant of their own, and do not ask for it.
    ran(workspace, archive=False)
    assert keys(tmp_path) == list(GOOD)


def test_a_failed_run_moves_nothing(tmp_path: Path) -> None:
    files = {**GOOD, "in/a-2024-05-15c.csv": "Id,N,Day\n2,x,2024-01-02\n"}
    assert ran(project(tmp_path, files, "archive: archived")).report.status == "FAILURE"
    assert keys(tmp_path) == list(files)


def test_a_name_that_is_taken_gets_a_timestamp(tmp_path: Path) -> None:
    key = "in/a-2024-05-15.csv"
    workspace = project(tmp_path, {key: GOOD[key], "in/archived/a-2024-05-15.csv": "older"}, "archive: archived")
    (file, _) = ran(workspace).report.tasks
    (moved,) = file.archived
    root = tmp_path / "datasets/s3/gainsight-managed"
    assert moved.startswith("gainsight-managed/in/archived/a-2024-05-15-")
    assert (tmp_path / "datasets/s3" / moved).read_text() == GOOD[key]
    assert (root / "in/archived/a-2024-05-15.csv").read_text() == "older\n"
    assert not (root / key).exists()


def test_a_file_that_came_after_the_reading_stays(tmp_path: Path) -> None:
    first, second = GOOD
    path = tmp_path / "datasets/s3/gainsight-managed" / first

    def upload(step: str) -> None:
        if step.endswith("archiving"):
            path.write_text("Id,N,Day\n9,9,2024-01-09\n")

    report = ran(project(tmp_path, GOOD, "archive: archived"), on_step=upload).report
    assert report.status == "SUCCESS"
    assert [(p.code, p.value) for p in report.warnings] == [("GS-FILE-ARCHIVE", f"gainsight-managed/{first}")]
    assert keys(tmp_path) == [first, f"in/archived/{second.removeprefix('in/')}"]
    assert "9,9" in path.read_text()


def test_the_rule_succeeds_where_the_folder_cannot_be_made(tmp_path: Path) -> None:
    workspace = project(tmp_path, {**GOOD, "in/archived": "a file where the folder should be"}, "archive: archived")
    report = ran(workspace).report
    assert report.status == "SUCCESS"
    assert [(p.code, p.severity, p.value) for p in report.warnings] == [
        ("GS-FILE-ARCHIVE", "warning", f"gainsight-managed/{key}") for key in GOOD
    ]
    assert set(GOOD) <= set(keys(tmp_path))
    assert "archived" not in report.as_json()["tasks"][0]


def test_a_file_that_two_tasks_read_moves_once(tmp_path: Path) -> None:
    workspace = project(tmp_path, GOOD, "archive: archived")
    rule = tmp_path / "rules/files.yml"
    again = (
        rule.read_text()
        .split("tasks:\n")[1]
        .split("  Kept:")[0]
        .replace("  File:", "  Again:")
        .replace("archived", "other")
    )
    rule.write_text(rule.read_text().replace("  Kept:", f"{again}  Kept:"))
    report = ran(Workspace.open(tmp_path)).report
    assert report.warnings == ()
    assert keys(tmp_path) == [f"in/archived/{key.removeprefix('in/')}" for key in GOOD]
    assert report.tasks[0].archived == report.tasks[1].archived
    assert workspace.project.root == tmp_path


BAD = {
    "in/a-2024-05-15.csv": 'Id,N,Day\n1,x,2024-01-01\n2,"4\n5",2024-02-30\n',
    "in/a-2024-05-15b.csv": "Day,N,Id\nsoon,5,3\n\n2024-01-01,1_0,4\n",
}
LENIENT = '[profile]\n"s3.on_bad_value" = "null"\n'
REJECTS = [
    ("gainsight-managed/in/a-2024-05-15.csv", 2, "N", "x", "no number"),
    ("gainsight-managed/in/a-2024-05-15.csv", 3, "Day", "2024-02-30", "no date of the format yyyy-MM-dd"),
    ("gainsight-managed/in/a-2024-05-15.csv", 3, "N", "4\n5", "no number"),
    ("gainsight-managed/in/a-2024-05-15b.csv", 2, "Day", "soon", "no date of the format yyyy-MM-dd"),
    ("gainsight-managed/in/a-2024-05-15b.csv", 4, "N", "1_0", "no number"),
]


def test_cells_that_were_read_as_null_are_kept_with_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    workspace = project(tmp_path, BAD, settings=LENIENT)
    result = ran(workspace)
    report = result.report
    assert (report.status, report.tasks[0].rejects) == ("SUCCESS", 5)
    assert sorted((p.where, p.message) for p in report.warnings if p.code == "GS-FILE-VALUE") == [
        ("task 'File', column 'Day'", "2 cells read as null: the text is no date"),
        ("task 'File', column 'N'", "3 cells read as null: the text is no number"),
    ]
    kept = tmp_path / str(report.artifacts) / "rejects/File.parquet"
    rows = duckdb.connect().execute("SELECT * FROM read_parquet(?) ORDER BY ALL", [str(kept)]).fetchall()
    assert rows == REJECTS
    assert report.as_json()["tasks"][0]["rejects"] == 5
    assert find_run(workspace, report.run_id).report.tasks == report.tasks
    shown.show([report])
    line = f"5 cells of File read as null: {report.artifacts}/rejects/File.parquet"
    assert capsys.readouterr().out.count(line) == 1
    assert json.dumps(report.as_json())


def test_rows_with_such_cells_are_kept(tmp_path: Path) -> None:
    workspace = project(tmp_path, BAD, settings=LENIENT)
    with workspace.tenant("dry_run") as tenant:
        result = run_rule(workspace, "files", RunOptions(rule_date=DATE, mode="dry_run", keep_all_tasks=True), tenant)
        rows = tenant.con.execute(f'SELECT Id, N, Day FROM "{result.datasets["Kept"]}" ORDER BY Id').fetchall()
    assert rows == [(1, None, dt.date(2024, 1, 1)), (2, None, None), (3, 5, None), (4, None, dt.date(2024, 1, 1))]


def test_a_run_without_such_cells_keeps_no_rejects(tmp_path: Path) -> None:
    report = ran(project(tmp_path, GOOD, settings=LENIENT)).report
    assert not (tmp_path / str(report.artifacts) / "rejects").exists()
    assert "rejects" not in report.as_json()["tasks"][0]


def test_by_default_such_cells_fail_the_run_and_are_all_named(tmp_path: Path) -> None:
    report = ran(project(tmp_path, BAD)).report
    assert report.status == "FAILURE"
    told = [(p.code, p.place.file, p.place.line, p.value) for p in report.problems if p.place is not None]
    assert sorted(told) == [("GS-FILE-VALUE", file, line, value) for file, line, _, value, _ in sorted(
        REJECTS, key=lambda each: (each[0], each[1], each[3])
    )]  # fmt: skip


def test_rules_one_after_the_other_leave_no_tables_of_rejects(tmp_path: Path) -> None:
    workspace = project(tmp_path, BAD, settings=LENIENT)
    batch = run_all(workspace, ["files", "files"], RunOptions(rule_date=DATE, artifacts=True), None)
    assert [report.tasks[0].rejects for report in batch.reports] == [5, 5]


def test_lines_are_told_right_whichever_reader_tells_them(tmp_path: Path) -> None:
    rows = [(f"{n},x" if n % 3 == 0 else f"{n},{n}") + ",2024-01-01" for n in range(1, 5000)]
    plain = "\n".join(["Id,N,Day", *rows])
    variants = {"in/a-2024-05-15": plain, "in/a-2024-05-15 crlf": plain.replace("\n", "\r\n") + "\r\n"}
    variants["in/a-2024-05-15 last"] = plain + "\n"
    # Blank lines and qualifiers leave it to the exact reader.
    for more in ({}, {"in/a-2024-05-15 none": plain + "\n\n4,x,2024-01-01"}, {"in/a-2024-05-15 two": '"Id",N,Day\n'}):
        files = variants | more
        folder = tmp_path / str(len(files)) / str(sorted(more))
        report = ran(project(folder, files, settings=LENIENT)).report
        kept = str(folder / str(report.artifacts) / "rejects/File.parquet")
        query = "SELECT file, count(*), min(line), max(line), sum(line) FROM read_parquet(?) GROUP BY 1 ORDER BY 1"
        found = duckdb.connect().execute(query, [kept]).fetchall()
        lines = [n + 1 for n in range(3, 5000, 3)]
        for file, count, first, last, total in found:
            if file.endswith("none"):
                # 5,000 lines with the header, a blank one, and the row.
                assert (count, last, total) == (len(lines) + 1, 5002, sum(lines) + 5002)
            else:
                assert (count, first, last, total) == (len(lines), lines[0], lines[-1], sum(lines))
        assert len(found) == len(variants) + ("in/a-2024-05-15 none" in more)
