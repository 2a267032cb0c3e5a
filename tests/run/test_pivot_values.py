"""What `gsrules infer` proposes for a pivot: the values of the data, ready to be pasted into the rule."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml

from gsrules.errors import InputError
from gsrules.run.check import check_rule
from gsrules.run.engine import RunOptions, run_rule
from gsrules.run.pivot_values import pivot_columns, pivot_task
from gsrules.run.workspace import Workspace

DAY = date(2024, 5, 15)
PIVOT = "{type: pivot, from: File, pivot_on: Page Name, value: sum(Views), group_by: [user], default: 0%s}"
FILE = "{type: s3, path: v.csv, columns: {user: string, Page Name: string, Views: {type: number, decimals: 0}}}"
ROWS = """\
user,Page Name,Views
U1,Home Page,6
U2,Admin page,2
U3,Admin Page,8
U1,,3
U1,USER,1
U2,Home Page,2
U4,O'Hara: 50 %,1
"""


def project(folder: Path, pivot: str = PIVOT % "", more: str = "", rows: str = ROWS, settings: str = "") -> Workspace:
    files = folder / "datasets/s3/gainsight-managed"
    files.mkdir(parents=True)
    (files / "v.csv").write_text(rows)
    (folder / "gsrules.toml").write_text(settings)
    (folder / "rules").mkdir()
    (folder / "rules/usage.yml").write_text(f"rule: Usage\ntasks:\n  File: {FILE}\n  Pages: {pivot}\n{more}")
    return Workspace.open(folder)


def proposed(workspace: Workspace, task: str = "Pages") -> str:
    return pivot_columns(workspace, "usage", task, DAY, {}, None)


def pasted(workspace: Workspace, columns: str) -> Workspace:
    """The project with the proposed columns written into the rule."""
    path = workspace.project.rule_path("usage")
    listed = yaml.safe_load(columns)["columns"]
    path.write_text(path.read_text().replace("default: 0}", f"default: 0, columns: {_flow(listed)}}}"))
    return Workspace.open(workspace.project.root)


def _flow(value: object) -> str:
    return yaml.safe_dump(value, default_flow_style=True, width=10**9).strip()


def rows(workspace: Workspace) -> list[tuple[object, ...]]:
    with workspace.tenant(mode="dry_run") as tenant:
        found = run_rule(workspace, "usage", RunOptions(DAY, mode="dry_run", keep_all_tasks=True), tenant)
        table = found.datasets["Pages"]
        return tenant.con.execute(f'SELECT * FROM "{table}" ORDER BY ALL').fetchall()


def test_values_stand_in_canonical_order_with_their_rows(tmp_path: Path) -> None:
    assert proposed(project(tmp_path)) == (
        "columns:\n"
        "  - Admin Page  # 1 row\n"
        "  - {name: Admin page 2, where: \"[Page Name] = 'Admin page'\"}"
        "  # 1 row; like Admin Page but for letter case, which = tells apart and ~ does not\n"
        "  - Home Page  # 2 rows\n"
        '  - "O\'Hara: 50 %"  # 1 row\n'
        "  - {name: USER 2, where: \"[Page Name] = 'USER'\"}  # 1 row\n"
        '  - {name: No Page Name, where: "[Page Name] is null"}  # 1 row\n'
    )


def test_the_proposed_columns_can_be_pasted_and_hold_every_row_once(tmp_path: Path) -> None:
    workspace = project(tmp_path)
    filled = pasted(workspace, proposed(workspace))
    assert rows(filled) == [
        ("U1", 0, 0, 6, 0, 1, 3),
        ("U2", 0, 2, 2, 0, 0, 0),
        ("U3", 8, 0, 0, 0, 0, 0),
        ("U4", 0, 0, 0, 1, 0, 0),
    ]


def test_without_columns_the_rule_is_refused_and_told_of_infer(tmp_path: Path) -> None:
    workspace = project(tmp_path)
    with workspace.tenant(mode="read") as tenant, pytest.raises(InputError) as caught:
        check_rule(workspace, "usage", tenant)
    (problem,) = caught.value.problems
    assert (problem.code, problem.where) == ("GS-SPEC-MISSING", "Pages")
    assert problem.hint == "`gsrules infer usage Pages` lists those of the data, to be pasted"


def test_only_what_the_pivot_reads_is_looked_at(tmp_path: Path) -> None:
    more = "  After: {type: transform, from: Pages, where: Nothing = 1}\n  Wrong: {type: fetch, object: compny}\n"
    where = ", where: \"[Page Name] starts with 'home'\""
    workspace = project(tmp_path, PIVOT % where, more)
    assert proposed(workspace, "pages") == "columns:\n  - Home Page  # 2 rows\n"
    assert (pivot_task(workspace.rule("usage"), "PAGES"), pivot_task(workspace.rule("usage"), "File")) == (
        "Pages",
        None,
    )


def test_where_case_is_ignored_one_column_holds_both(tmp_path: Path) -> None:
    workspace = project(tmp_path, settings='[profile]\n"filter.equality_case" = "insensitive"\n')
    text = proposed(workspace)
    assert "  # Admin page, 1 row: in the column Admin Page, as filter.equality_case ignores case\n" in text
    assert len(yaml.safe_load(text)["columns"]) == 5


def test_more_values_than_a_pivot_holds_are_told(tmp_path: Path) -> None:
    many = "user,Page Name,Views\n" + "".join(f"U,p{number:04},1\n" for number in range(1_002))
    text = proposed(project(tmp_path, rows=many))
    first, second = text.splitlines()[:2]
    assert first == "# 1,002 values of Page Name; a pivot holds at most 50 columns (limits.pivot_columns)"
    assert second == "# only the first 1,000 are listed"
    assert len(yaml.safe_load(text)["columns"]) == 1_000


def test_no_row_gives_no_column(tmp_path: Path) -> None:
    workspace = project(tmp_path, rows="user,Page Name,Views\n")
    assert proposed(workspace) == "columns: []  # there is no row\n"


def test_a_pivot_of_conditions_has_nothing_to_look_for(tmp_path: Path) -> None:
    pivot = "{type: pivot, from: File, columns: [{name: A, where: Views > 1, value: count(*)}]}"
    with pytest.raises(InputError) as caught:
        proposed(project(tmp_path, pivot))
    assert "no `pivot_on`" in caught.value.problems[0].message


@pytest.mark.parametrize(
    ("kind", "cells", "columns"),
    [
        ("number", "2.50\n10\n", ['  - "2.5"  # 1 row', '  - "10"  # 1 row']),
        ("boolean", "true\nfalse\n", ['  - "false"  # 1 row', '  - "true"  # 1 row']),
        ("date", "05/01/2024\n", ['  - "2024-05-01"  # 1 row']),
        ("datetime", "05/01/2024 09:30:00\n", ['  - "2024-05-01T09:30:00Z"  # 1 row']),
    ],
)
def test_values_of_every_type_name_columns_that_hold_them(
    tmp_path: Path, kind: str, cells: str, columns: list[str]
) -> None:
    workspace = project(tmp_path, "{type: pivot, from: Cells, pivot_on: c, value: count(*), default: 0}", rows=ROWS)
    (tmp_path / "datasets/s3/gainsight-managed/c.csv").write_text("c\n" + cells)
    path = workspace.project.rule_path("usage")
    path.write_text(path.read_text() + f"  Cells: {{type: s3, path: c.csv, columns: {{c: {kind}}}}}\n")
    workspace = Workspace.open(tmp_path)
    text = proposed(workspace)
    assert text.splitlines() == ["columns:", *columns]
    assert rows(pasted(workspace, text)) == [(1,) * len(columns)]


def test_labels_stand_for_picklist_items(tmp_path: Path) -> None:
    (tmp_path / "datasets/records").mkdir(parents=True)
    (tmp_path / "datasets/records/company.csv").write_text("Name,Status\nA,Active\nB,Churn\nC,\nD,Active\n")
    pivot = "{type: pivot, from: Companies, pivot_on: Status, value: count(*), default: 0}"
    more = "  Companies: {type: fetch, object: company, show: [Name, Status]}\n"
    workspace = project(tmp_path, pivot, more)
    text = proposed(workspace)
    assert text.splitlines()[1:] == [
        "  - Active  # 2 rows",
        "  - Churn  # 1 row",
        '  - {name: No Status, where: "[Status] is null"}  # 1 row',
    ]
    assert rows(pasted(workspace, text)) == [(2, 1, 1)]
