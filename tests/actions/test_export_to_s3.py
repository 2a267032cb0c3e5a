"""Exports (actions.md §9.2): the form of the file, its key, when it is written, what happens when it cannot be."""

from __future__ import annotations

import bz2
import datetime as dt
import gzip
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gsrules.errors import InputError
from gsrules.run.engine import RunOptions, RunResult, run_rule
from gsrules.run.workspace import Workspace
from tests.conftest import write_files

DATE = dt.date(2026, 11, 23)
BUCKET = "datasets/s3/gainsight-managed"

OBJECT = """
object: company
fields:
  Hue__gc: {type: multi_picklist, options: [Red, Green, Blue], label: Hues}
  Score__gc: {type: number, decimals: 2, label: Score}
  Seen__gc: {type: datetime, label: Last Seen}
  Big__gc: {type: boolean, label: Big}
  Note__gc: {type: string, label: Note}
"""
RECORDS = """
Name,Status,Hue__gc,Score__gc,RenewalDate,Seen__gc,Big__gc,Note__gc
Beta,Churn,Green;Blue,0.10,2026-12-31,2026-01-02 03:04:05,true,"a, ""b"" "
Alpha,Active,,12.00,,,false,
Gamma,Active,Red,-3.5,2026-02-03,2026-07-01 12:00:00,true,c\\d
"""
RULE = """
rule: Export companies
tasks:
  Companies:
    type: fetch
    object: company
    show: [Name, Status, Hue__gc, Score__gc, RenewalDate, Seen__gc, Big__gc, Note__gc]
actions:
  - action: export_to_s3
    id: Out
    from: Companies
    path: out/companies.csv
"""
HEADER = "Name,Status,Hues,Score,Renewal Date,Last Seen,Big,Note\n"
LINES = [
    "Alpha,Active,,12,,,false,\n",
    'Beta,Churn,Green;Blue,0.1,2026-12-31,2026-01-02 03:04:05,true,"a, \\"b\\" "\n',
    "Gamma,Active,Red,-3.5,2026-02-03,2026-07-01 12:00:00,true,c\\d\n",
]


def made(tmp_path: Path, rule: str = "", *, toml: str = "", **files: str) -> Workspace:
    """The project, with more lines for the export."""
    write_files(
        tmp_path,
        {
            "gsrules.toml": toml,
            "datasets/objects/company.yml": OBJECT,
            "datasets/records/company.csv": RECORDS,
            "rules/export.yml": RULE + "".join(f"    {line}\n" for line in rule.splitlines()),
        },
    )
    for key, content in files.items():
        path = tmp_path / BUCKET / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return Workspace.open(tmp_path)


def ran(workspace: Workspace, mode: Any = "live", *, archive: bool = True, **options: Any) -> RunResult:
    with workspace.tenant(mode) as tenant:
        chosen = RunOptions(rule_date=DATE, mode=mode, archive=archive, artifacts=True, **options)
        return run_rule(workspace, "export", chosen, tenant)


def out(tmp_path: Path, key: str = "out/companies.csv") -> str:
    return (tmp_path / BUCKET / key).read_bytes().decode()


def keys(tmp_path: Path) -> list[str]:
    root = tmp_path / BUCKET
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def test_all_columns_are_written_under_their_labels_in_canonical_order(tmp_path: Path) -> None:
    result = ran(made(tmp_path))
    assert out(tmp_path) == HEADER + "".join(LINES)
    (action,) = result.report.actions
    assert (action.counts.received, action.counts.matched, action.counts.created) == (3, 3, 3)
    assert action.counts.records_written == 0
    (export,) = action.as_json()["exports"]
    size = len(out(tmp_path).encode())
    assert export == {
        "bucket": "gainsight-managed",
        "key": "out/companies.csv",
        "rows": 3,
        "bytes": size,
        "written": True,
    }


def test_columns_are_chosen_ordered_and_renamed_and_rows_by_criteria(tmp_path: Path) -> None:
    rule = "columns: [Score as Health Score, Name, '[Renewal Date] as Renews', Name as Again]\nwhen: Score > 0"
    result = ran(made(tmp_path, rule))
    assert out(tmp_path) == "Health Score,Name,Renews,Again\n12,Alpha,,Alpha\n0.1,Beta,2026-12-31,Beta\n"
    (action,) = result.report.actions
    assert (action.counts.received, action.counts.matched, action.counts.created) == (3, 2, 2)


def test_dates_and_times_are_written_in_the_formats_and_the_zone_of_the_action(tmp_path: Path) -> None:
    rule = "columns: [Name, RenewalDate, Seen__gc]\ndate_format: dd/MM/yyyy\n"
    rule += "datetime_format: yyyy-MM-dd'T'HH:mm:ss.SSSXXX\ntimezone: America/New_York"
    ran(made(tmp_path, rule))
    assert out(tmp_path).splitlines()[1:] == [
        "Alpha,,",
        "Beta,31/12/2026,2026-01-01T22:04:05.000-05:00",
        "Gamma,03/02/2026,2026-07-01T08:00:00.000-04:00",
    ]


def test_times_are_in_the_tenants_zone_unless_another_is_stated(tmp_path: Path) -> None:
    rule = "columns: [Seen__gc]\nwhen: Score < 0"
    ran(made(tmp_path / "own", rule, toml='timezone = "Asia/Tokyo"'))  # in which the records are read, too
    assert out(tmp_path / "own") == "Last Seen\n2026-07-01 12:00:00\n"
    ran(made(tmp_path / "stated", f"{rule}\ntimezone: UTC", toml='timezone = "Asia/Tokyo"'))
    assert out(tmp_path / "stated") == "Last Seen\n2026-07-01 03:00:00\n"


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("{separator: tab}", "x\t\ty,z"),
        ("{separator: pipe}", "x||y,z"),
        ("{separator: semicolon}", "x;;y,z"),
        ("{qualifier: single_quote}", "x,,'y,z'"),
        ("{separator: comma, escape: double_quote}", 'x,,"y,z"'),
    ],
)
def test_the_file_has_the_separator_and_the_qualifier_of_the_action(tmp_path: Path, file: str, line: str) -> None:
    workspace = made(tmp_path, f"columns: [Name, Hues, Note]\nfile: {file}")
    (tmp_path / "datasets/records/company.csv").write_text('Name,Note__gc\nx,"y,z"\n')
    ran(workspace)
    assert out(tmp_path).splitlines()[1] == line


def test_a_path_that_ends_in_tsv_is_written_with_tabs(tmp_path: Path) -> None:
    workspace = made(tmp_path, "columns: [Name, Score]\nwhen: Score > 1")
    rule = tmp_path / "rules/export.yml"
    rule.write_text(rule.read_text().replace("companies.csv", "companies.tsv"))
    ran(Workspace.open(workspace.project.root))
    assert out(tmp_path, "out/companies.tsv") == "Name\tScore\nAlpha\t12\n"


@pytest.mark.parametrize(
    ("encoding", "codec"), [("UTF-16", "utf-16"), ("Shift_JIS", "shift_jis"), ("ISO-8859-1", "latin-1")]
)
def test_the_file_is_written_in_its_encoding(tmp_path: Path, encoding: str, codec: str) -> None:
    workspace = made(tmp_path, f"columns: [Name]\nfile: {{encoding: {encoding}}}")
    name = {"shift_jis": "データ"}.get(codec, "Zoë")
    (tmp_path / "datasets/records/company.csv").write_text(f"Name\n{name}\n")
    ran(workspace)
    assert (tmp_path / BUCKET / "out/companies.csv").read_bytes().decode(codec) == f"Name\n{name}\n"


def test_a_character_that_the_encoding_lacks_fails_the_run_and_keeps_nothing(tmp_path: Path) -> None:
    workspace = made(tmp_path, "columns: [Name]\nfile: {encoding: ISO-8859-1}")
    (tmp_path / "datasets/records/company.csv").write_text("Name\nAlpha\nデータ\n")
    result = ran(workspace)
    assert result.report.status == "FAILURE"
    (problem,) = result.report.problems
    assert problem.code == "GS-FILE-ENCODING"
    assert "“データ” (line 3 of the file)" in problem.message
    assert keys(tmp_path) == []


@pytest.mark.parametrize("compression", ["gzip", "bzip", "zip"])
def test_the_file_is_compressed_and_equal_rows_make_equal_files(tmp_path: Path, compression: str) -> None:
    ending = {"gzip": ".gz", "bzip": ".bz2", "zip": ".zip"}[compression]
    workspace = made(tmp_path, f"columns: [Name]\nfile: {{compression: {compression}}}")
    rule = tmp_path / "rules/export.yml"
    rule.write_text(rule.read_text().replace("companies.csv", f"companies.csv{ending}"))
    workspace = Workspace.open(workspace.project.root)
    ran(workspace)
    content = (tmp_path / BUCKET / f"out/companies.csv{ending}").read_bytes()
    ran(workspace)
    assert (tmp_path / BUCKET / f"out/companies.csv{ending}").read_bytes() == content
    if compression == "zip":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            assert archive.namelist() == ["companies.csv"]
            content = archive.read("companies.csv")
    else:
        content = {"gzip": gzip.decompress, "bzip": bz2.decompress}[compression](content)
    assert content == b"Name\nAlpha\nBeta\nGamma\n"


def test_null_is_an_empty_cell_and_an_empty_text_a_qualified_one(tmp_path: Path) -> None:
    workspace = made(tmp_path, "columns: [Name, Tier, Note]")
    rule = tmp_path / "rules/export.yml"
    text = rule.read_text().replace("from: Companies", "from: With Tier")
    formula = "{expression: \"case when Score > 0 then '' else 'low' end\", type: string}"
    task = f"  With Tier:\n    type: transform\n    from: Companies\n    formulas:\n      Tier: {formula}\n"
    text = text.replace("actions:", f"{task}actions:")
    rule.write_text(text)
    ran(Workspace.open(workspace.project.root))
    assert out(tmp_path).splitlines()[1] == 'Alpha,"",'


def test_the_rule_date_and_the_pattern_stand_in_the_path(tmp_path: Path) -> None:
    workspace = made(tmp_path, "pattern: {format: yyyyMMdd, subtract_days: 1}\ncolumns: [Name]")
    rule = tmp_path / "rules/export.yml"
    rule.write_text(rule.read_text().replace("out/companies.csv", "MDA-Data-Ingest/${rule_date}/c-${pattern}.csv"))
    ran(Workspace.open(workspace.project.root))
    assert keys(tmp_path) == ["2026-11-23/c-20261122.csv"]


def test_large_outputs_are_split_into_numbered_parts(tmp_path: Path) -> None:
    result = ran(made(tmp_path, "columns: [Name]\nsplit_rows: 2"))
    assert keys(tmp_path) == ["out/companies-1.csv", "out/companies-2.csv"]
    assert out(tmp_path, "out/companies-1.csv") == "Name\nAlpha\nBeta\n"
    assert out(tmp_path, "out/companies-2.csv") == "Name\nGamma\n"
    assert [export.rows for export in result.report.actions[0].exports] == [2, 1]


def test_parts_hold_matched_rows_only(tmp_path: Path) -> None:
    ran(made(tmp_path, "columns: [Name]\nsplit_rows: 1\nwhen: Name != 'Beta'"))
    assert [out(tmp_path, key) for key in keys(tmp_path)] == ["Name\nAlpha\n", "Name\nGamma\n"]


@pytest.mark.parametrize("split", ["", "\nsplit_rows: 2"])
def test_without_rows_the_file_holds_the_header(tmp_path: Path, split: str) -> None:
    result = ran(made(tmp_path, f"columns: [Name]\nwhen: Score > 1000{split}"))
    (key,) = keys(tmp_path)
    assert out(tmp_path, key) == "Name\n"
    assert [warning.code for warning in result.report.actions[0].warnings] == ["NO_DATA"]


def test_a_dry_run_says_what_it_would_write_and_writes_nothing(tmp_path: Path) -> None:
    workspace = made(tmp_path)
    dry = ran(workspace, "dry_run")
    assert keys(tmp_path) == []
    (export,) = dry.report.actions[0].exports
    assert (export.key, export.rows, export.written) == ("out/companies.csv", 3, False)
    (written,) = ran(workspace).report.actions[0].exports
    assert export.bytes == written.bytes == len(out(tmp_path).encode())


def test_only_a_run_that_may_reach_buckets_writes(tmp_path: Path) -> None:
    ran(made(tmp_path), archive=False)
    assert keys(tmp_path) == []


def test_a_run_that_fails_writes_no_file(tmp_path: Path) -> None:
    workspace = made(tmp_path, "file: {encoding: ASCII}")
    rule = tmp_path / "rules/export.yml"
    first = "  - action: export_to_s3\n    id: First\n    from: Companies\n    path: first.csv\n"
    rule.write_text(rule.read_text().replace("actions:\n", f"actions:\n{first}"))
    (tmp_path / "datasets/records/company.csv").write_text("Name\nZoë\n")
    assert ran(Workspace.open(workspace.project.root)).report.status == "FAILURE"
    assert keys(tmp_path) == []


def test_an_existing_file_is_replaced_numbered_or_an_error_as_the_profile_says(tmp_path: Path) -> None:
    def attempt(folder: str, on_exists: str) -> tuple[str, list[str]]:
        toml = f'[profile]\n"run.export_on_exists" = "{on_exists}"'
        root = tmp_path / folder
        result = ran(made(root, "columns: [Name]", toml=toml, **{"out/companies.csv": "old"}))
        codes = ",".join(problem.code for problem in result.report.problems)
        return codes or result.report.status, [f"{key}={out(root, key)[:4]}" for key in keys(root)]

    assert attempt("a", "overwrite") == ("SUCCESS", ["out/companies.csv=Name"])
    assert attempt("b", "suffix") == ("SUCCESS", ["out/companies-2.csv=Name", "out/companies.csv=old"])
    assert attempt("c", "error") == ("EXPORT_EXISTS", ["out/companies.csv=old"])


def test_a_bucket_that_does_not_take_the_file_fails_its_rows_and_keeps_the_file_and_the_tenant(tmp_path: Path) -> None:
    workspace = made(tmp_path, "columns: [Name]\nsplit_rows: 2", **{"out/companies-2.csv/x": "in the way"})
    load = "  - action: load_to_company\n    id: Load\n    from: Companies\n    operation: update\n"
    load += "    identifiers: [Name]\n    fields: {Name: Name, Note__gc: {value: seen}}\n"
    rule = tmp_path / "rules/export.yml"
    rule.write_text(rule.read_text().replace("actions:\n", f"actions:\n{load}"))
    workspace = Workspace.open(workspace.project.root)
    result = ran(workspace)
    report = result.report
    assert report.status == "PARTIAL_SUCCESS"
    counts = report.actions[1].counts
    assert (counts.matched, counts.created, counts.failed) == (3, 2, 1)
    assert [(error.code, error.rows) for error in report.actions[1].errors] == [("GS-FILE-WRITE", 1)]
    assert [export.written for export in report.actions[1].exports] == [True, False]
    (warning,) = (each for each in report.warnings if each.code == "GS-FILE-WRITE")
    left = Path(warning.hint.rpartition(" ")[2])
    assert left.read_text() == "Name\nGamma\n"
    with workspace.tenant("read") as tenant:
        notes = tenant.con.execute("SELECT DISTINCT Note__gc FROM company").fetchall()
        assert notes == [("seen",)]
        (record,) = tenant.runs.latest()
        assert record.status == "PARTIAL_SUCCESS"
        assert json.loads(record.report)["actions"][1]["failed"] == 1
        folder = tmp_path / str(report.artifacts) / "effects"
        effects = f"SELECT \"row\", outcome, code FROM '{folder}/2-Out.parquet' ORDER BY 1"
        assert tenant.con.execute(effects).fetchall() == [
            (1, "created", None),
            (2, "created", None),
            (3, "failed", "GS-FILE-WRITE"),
        ]


def test_files_of_one_name_that_do_not_arrive_are_all_kept(tmp_path: Path) -> None:
    blocked = {"out/companies.csv/x": "in the way", "other/companies.csv/x": "in the way"}
    workspace = made(tmp_path, "columns: [Name]", **blocked)
    rule = tmp_path / "rules/export.yml"
    second = "  - action: export_to_s3\n    id: Second\n    from: Companies\n    path: other/companies.csv\n"
    rule.write_text(f"{rule.read_text().rstrip()}\n{second}    columns: [Name as Company]\n")
    report = ran(Workspace.open(workspace.project.root)).report
    warnings = [each for each in report.warnings if each.code == "GS-FILE-WRITE"]
    headers = [Path(each.hint.rpartition(" ")[2]).read_text().splitlines()[0] for each in warnings]
    assert headers == ["Name", "Company"]


def test_a_file_without_rows_that_does_not_arrive_is_no_success(tmp_path: Path) -> None:
    workspace = made(tmp_path, "columns: [Name]\nwhen: Score > 1000", **{"out/companies.csv/x": "in the way"})
    assert ran(workspace).report.status == "PARTIAL_SUCCESS"


@pytest.mark.parametrize(
    ("rule", "code", "words"),
    [
        ("columns: [Nome]", "GS-NAME", "Nome"),
        ("columns: [Name, Score as Name]", "GS-ACTION-DUPLICATE", "header `Name`"),
        ("columns: [sum(Score)]", "GS-SPEC-ONE-OF", "columns only"),
        ("file: {encoding: UTF-99}", "GS-FILE-ENCODING", "encoding"),
        ("file: {compression: gzip}", "GS-FILE-EXTENSION", ".gz"),
        ("file: {encrypted: true}", "GS-FILE-ENCRYPTED", "not encrypted"),
        ("date_format: YYYY-MM-dd", "GS-SYNTAX", "YYYY"),
        ("datetime_format: yyyy-MM-dd", "GS-SYNTAX", "hour"),
        ("timezone: Mars/Olympus", "GS-SPEC-ONE-OF", "time zone"),
        ("pattern: {format: yyyy}", "GS-SPEC-PATTERN", "no ${pattern}"),
        ("bucket: nowhere", "GS-PROJECT-BUCKET", "nowhere"),
    ],
)
def test_a_wrong_export_is_told_before_anything_is_written(tmp_path: Path, rule: str, code: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        ran(made(tmp_path, rule))
    found = [problem for problem in caught.value.problems if problem.code == code]
    assert found
    assert words in found[0].message
    assert keys(tmp_path) == []


@pytest.mark.parametrize(
    "path", ["../out.csv", "/out.csv", "out//a.csv", "out/rows.txt", "out/rows-${when}.csv", "out/"]
)
def test_a_wrong_path_is_told(tmp_path: Path, path: str) -> None:
    workspace = made(tmp_path)
    rule = tmp_path / "rules/export.yml"
    rule.write_text(rule.read_text().replace("out/companies.csv", path))
    with pytest.raises(InputError) as caught:
        ran(Workspace.open(workspace.project.root))
    problem = caught.value.problems[0]
    assert problem.code in ("GS-FILE-PATH", "GS-FILE-EXTENSION", "GS-SPEC-PATTERN")
    assert problem.place is not None
    assert "path:" in problem.place.text


@pytest.mark.once
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.text(st.sampled_from("ab ,;|\t'\"\\\n\r#é-0"), min_size=1, max_size=8), min_size=1, max_size=12),
    st.sampled_from(["comma", "tab", "pipe", "semicolon"]),
    st.sampled_from(["double_quote", "single_quote"]),
    st.sampled_from(["backslash", "single_quote", "double_quote"]),
)
def test_what_is_exported_is_read_again_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, values: list[str], separator: str, qualifier: str, escape: str
) -> None:
    tmp_path = tmp_path_factory.mktemp("again")
    file = f"{{separator: {separator}, qualifier: {qualifier}, escape: {escape}}}"
    again = f"""
rule: Read again
tasks:
  File:
    type: s3
    path: out/companies.csv
    file: {file}
    columns: {{Name: string, Note: string}}
"""
    write_files(
        tmp_path,
        {
            "datasets/objects/company.yml": OBJECT,
            "rules/export.yml": RULE + f"    columns: [Name, Note]\n    file: {file}\n",
            "rules/again.yml": again,
        },
    )
    workspace = Workspace.open(tmp_path)
    with workspace.tenant("live") as tenant:
        records = [{"Name": str(at), "Note__gc": value} for at, value in enumerate(values)]
        tenant.seed_records({"company": records})
        stored = tenant.con.execute("SELECT Name, Note__gc FROM tenant.company").fetchall()
        options = RunOptions(rule_date=DATE, archive=True, keep_all_tasks=True)
        assert run_rule(workspace, "export", options, tenant).report.status == "SUCCESS"
        result = run_rule(workspace, "again", options, tenant)
        assert result.report.status == "SUCCESS", result.report.problems
        read = tenant.con.execute(f'SELECT Name, Note FROM "{result.datasets["File"]}"').fetchall()
    assert sorted(read) == sorted(stored)
