"""What `gsrules infer` says about the columns of a file, and why."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
import yaml

from gsrules.profile import Profile
from gsrules.run.inferred import inferred_columns
from gsrules.run.workspace import Workspace
from gsrules.sources import SourceFile, infer_columns
from gsrules.spec.tasks import S3Task
from tests.conftest import write_files

from .conftest import Desk

ISO = "yyyy-MM-dd'T'HH:mm:ss[.SSS][XXX]"
GSID = "1P02" + "A" * 32
CASES = [
    (["1", "20", "-3"], "number", "all 3 values are whole numbers without leading zero"),
    (["1", "2.5", "1e3"], "number", "all 3 values are numbers, 2 of them with a point or an exponent"),
    (["7", "", ""], "number", "the only value is a whole number without leading zero; 2 cells are empty"),
    (["2.5", "", ""], "number", "the only value is a number with decimals; 2 cells are empty"),
    (["98765", "01234", "-07.5"], "string", "a value '-07.5' has a leading zero: text"),
    (["98765", "01234", ""], "string", "a value '01234' has a leading zero: text; 1 cell is empty"),
    (["1", "2", "x"], "string", "'x' is no number, as 1 of 3 values are none: text"),
    (["true", "FALSE", "True"], "boolean", "all 3 values are true or false"),
    (["01/31/2026", "02/01/2026", ""], "date", "all 2 values are dates of the form MM/dd/yyyy; 1 cell is empty"),
    (["01/31/2026 10:00:00", "01/31/2026 10:00:00", "01/31/2026 10:00:00"], "datetime",
     "all 3 values are dates of the form MM/dd/yyyy HH:mm:ss"),
    (
        ["2026-01-31", "2026-02-01", "2026-02-01"],
        "string",
        'all 3 values are of the form yyyy-MM-dd, not of the task\'s: {type: date, format: "yyyy-MM-dd"} reads it',
    ),
    (
        ["2026-01-31T10:00:00Z", "2026-02-01T10:00:00.250+01:00", "2026-02-01T10:00:00"],
        "string",
        f"all 3 values are of the form {ISO}, not of the task's: {{type: datetime, format: \"{ISO}\"}} reads it",
    ),
    (["01/31/2026", "02/01/2026", "02/30/2026"], "string", "'02/30/2026' is no date, as 1 of 3 values are none: text"),
    ([GSID, GSID, GSID], "gsid", "all 3 values are 36 digits and capital letters"),
    (["alpha", "beta", "7"], "string", "3 values of text, such as '7'"),
    (["", "", ""], "string", "no cell holds anything"),
    (["x\x1b[2Jy", "y" * 50, "z"], "string", r"3 values of text, such as 'x\u001b[2Jy'"),
]  # fmt: skip


def test_the_reason_for_each_type_is_told(desk: Desk, tmp_path: Path) -> None:
    rows = zip(*(cells for cells, _, _ in CASES), strict=True)
    header = ",".join(f"c{at}" for at in range(len(CASES)))
    content = "\n".join([header, *(",".join(row) for row in rows)]) + "\n"
    path = tmp_path / "file.csv"
    path.write_text(content)
    made = S3Task.model_validate({"path": "in/file.csv"})
    found = infer_columns(desk.con, made, [SourceFile("b", "in/file.csv", path)], Profile.default(), workdir=tmp_path)
    assert [(each.type_text, each.reason) for each in found] == [(type_, why) for _, type_, why in CASES]
    assert [(each.values, each.empty) for each in found] == [
        (sum(bool(cell) for cell in cells), sum(not cell for cell in cells)) for cells, _, _ in CASES
    ]


RULE = """
rule: Files
for: company
tasks:
  File:
    type: s3
    path: a.csv
    columns:
      Day: {type: date, format: dd.MM.yyyy, as: Data Date}
      "N: #1": {as: N, decimals: 2}
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    content = 'Day,N: #1,Zip,Über\n31.01.2026,1.5,01234,x\n28.02.2026,,98765,"y\nz"\n'
    write_files(tmp_path, {"gsrules.toml": "", "rules/files.yml": RULE})
    folder = tmp_path / "datasets/s3/gainsight-managed"
    folder.mkdir(parents=True)
    (folder / "a.csv").write_text(content)
    return Workspace.open(tmp_path)


def test_the_block_is_ready_to_paste_and_keeps_names_and_formats(workspace: Workspace) -> None:
    text = inferred_columns(workspace, "files", "file", dt.date(2026, 1, 1))
    assert text == (
        "columns:\n"
        "  Day: {type: date, format: dd.MM.yyyy, as: Data Date}  # all 2 values are dates of the form dd.MM.yyyy\n"
        "  'N: #1': {type: number, decimals: 2, as: N}  # the only value is a number with decimals; 1 cell is empty\n"
        "  Zip: string  # a value '01234' has a leading zero: text\n"
        "  Über: string  # 2 values of text, such as 'x'\n"
    )
    block = yaml.safe_load(text)["columns"]
    made = S3Task.model_validate({"path": "a.csv", "columns": block})
    assert made.columns is not None
    assert [str(header) for header in made.columns] == ["Day", "N: #1", "Zip", "Über"]


def test_the_same_as_json(workspace: Workspace) -> None:
    found = json.loads(inferred_columns(workspace, "files", "File", dt.date(2026, 1, 1), "json"))
    assert found[1] == {
        "header": "N: #1",
        "type": "number",
        "decimals": 2,
        "as": "N",
        "reason": "the only value is a number with decimals; 1 cell is empty",
        "values": 1,
        "empty": 1,
    }
