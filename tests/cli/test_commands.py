"""The command line: what it prints, where, and with which exit code."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import jsonschema
import pytest
import yaml

from gsrules.cli.main import main
from gsrules.spec.yaml12 import load_yaml

DATE = ["--rule-date", "2026-11-23"]


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


Command = Callable[..., Done]


@pytest.fixture
def gsrules(project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs the command in the small project's rules folder, as from a shell."""

    def run(*arguments: str, folder: Path = project / "rules") -> Done:
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["gsrules", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        printed = capsys.readouterr()
        return Done(int(left.value.code or 0), printed.out, printed.err)

    return run


def test_run_prints_the_documented_json(gsrules: Command, project: Path) -> None:
    done = gsrules("run", "usage", *DATE, "--format", "json")
    report = json.loads(done.out)
    assert done.code == 0
    assert (report["rule"], report["name"], report["rule_date"]) == ("usage", "Load usage", "2026-11-23")
    assert (report["mode"], report["status"]) == ("live", "SUCCESS")
    assert report["tasks"][0]["files"] == ["gainsight-managed/input/usage-2026-11-22.csv"]
    action = report["actions"][0]
    assert (action["id"], action["action"], action["from"]) == ("Write usage", "load_to_object", "Joined")
    assert (action["received"], action["matched"], action["created"]) == (2, 2, 2)
    assert (project / report["artifacts"] / "report.json").is_file()


def test_several_rules_print_a_list(gsrules: Command) -> None:
    report = json.loads(gsrules("run", "both", *DATE, "--format", "json").out)
    assert [one["rule"] for one in report] == ["usage", "again"]


def test_run_shows_a_table_for_people(gsrules: Command) -> None:
    done = gsrules("run", "usage.yml", *DATE, "--dry-run")
    assert "SUCCESS" in done.out
    assert "Low usage" in done.out
    assert "nothing kept" in done.out


def test_a_failed_run_exits_1_and_a_partial_success_3(gsrules: Command, project: Path) -> None:
    assert gsrules("run", "usage", "--rule-date", "2026-01-01").code == 1
    (project / "datasets/records/gsuser.csv").write_text("Name,Email\nOther,other@example.com\n")
    rule = project / "rules/usage.yml"
    rule.write_text(rule.read_text().replace("{default: owner@example.com}", "{column: Name}"))
    done = gsrules("run", "usage", *DATE)
    assert (done.code, "CTA_OWNER_UNRESOLVED" in done.out) == (3, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "usgae"], ["GS-NAME", "usgae", "nearest known name: usage"]),
        (["run", "usage", "--rule-date", "tomorrow"], ["GS-USAGE", "YYYY-MM-DD"]),
        (["run", "usage", "--param", "least"], ["GS-USAGE", "NAME=VALUE"]),
        (["run", "usage", *DATE, "--param", "leats=3"], ["GS-NAME", "nearest known name: least"]),
        (["run", "usage", *DATE, "--param", "least=many"], ["GS-TYPE", "a number", "many"]),
        (["preview", "usage", "Joind", *DATE], ["GS-NAME", "nearest known name: Joined"]),
        (["objects", "compny"], ["GS-NAME", "nearest known name: company"]),
        (["query", "DELETE FROM company"], ["GS-QUERY", "only reads"]),
        (["query", "SELECT 1; SELECT 2"], ["GS-QUERY", "only reads"]),
        (["query", "SELECT Nmae FROM company"], ["GS-QUERY", "Nmae"]),
        (["query", "SELECT * FROM compny"], ["GS-QUERY", "compny"]),
        (["run", "usage", "--format", "yaml"], ["GS-USAGE", "table, json"]),
        (["infer", "usage", "Joined", *DATE], ["GS-NAME", "Usage file"]),
        (["validate", "--project", "/nowhere/at/all"], ["GS-PROJECT-NONE", "/nowhere/at/all"]),
    ],
)
def test_wrong_input_exits_2_with_code_value_and_help_on_standard_error(
    gsrules: Command, arguments: list[str], words: list[str]
) -> None:
    done = gsrules(*arguments)
    assert (done.code, done.out) == (2, "")
    for word in words:
        assert word in done.err
    assert "Traceback" not in done.err


def test_validate_lists_every_problem_of_every_file_with_place_and_caret(gsrules: Command, project: Path) -> None:
    (project / "rules/one.yml").write_text("rule: One\ntasks:\n  T:\n    type: fetch\n    object: compnay\n")
    two = "rule: Two\ntasks:\n  T:\n    type: fetch\n    object: company\n    show: [Nam, Arr]\n    where: Arr > 'x'\n"
    (project / "rules/two.yml").write_text(two)
    done = gsrules("validate")
    assert done.code == 2
    assert "one.yml:5:13" in done.out
    assert "two.yml:6:12" in done.out
    assert "two.yml:7:" in done.out
    assert "3 errors" in done.out
    assert "^^^^^^^" in done.out


def test_validate_as_json_and_as_annotations(gsrules: Command, project: Path) -> None:
    (project / "rules/one.yml").write_text("rule: One\ntasks:\n  T:\n    type: fetch\n    object: compnay\n")
    found = json.loads(gsrules("validate", "one", "--format", "json").out)
    (problem,) = found["problems"]
    assert (found["errors"], problem["line"], problem["nearest"]) == (1, 5, "company")
    annotation = gsrules("validate", "one", "--format", "github").out
    assert annotation.startswith("::error file=")
    assert "line=5,col=13" in annotation


def test_validate_without_problems_exits_0(gsrules: Command) -> None:
    done = gsrules("validate")
    assert (done.code, "0 errors" in done.out) == (0, True)


def test_preview_shows_a_dataset_in_every_form(gsrules: Command, project: Path) -> None:
    assert "Alpha" in gsrules("preview", "usage", "joined", *DATE).out
    rows = json.loads(gsrules("preview", "usage", "Joined", *DATE, "--format", "json").out)
    assert [(row["Name"], row["Logins"]) for row in rows] == [("Alpha", 20), ("Beta", 40)]
    lines = gsrules("preview", "usage", "Joined", *DATE, "--format", "csv", "--limit", "1").out.splitlines()
    assert len(lines) == 2
    target = project / "out.parquet"
    gsrules("preview", "usage", "Joined", *DATE, "--output", str(target))
    assert duckdb.execute(f"SELECT count(*) FROM '{target}'").fetchone() == (2,)
    assert not (project / ".gsrules/tenant.duckdb").exists()


def test_preview_tells_what_could_not_be_computed_beside_the_rows(gsrules: Command, project: Path) -> None:
    rule = project / "rules/usage.yml"
    task = 'tasks:\n  Rates: {type: transform, from: Usage file, show: [Account ID], formulas: {Rate: "1 / 0"}}\n'
    rule.write_text(rule.read_text().replace("tasks:\n", task, 1))
    done = gsrules("preview", "usage", "Rates", *DATE, "--format", "json")
    assert {row["Rate"] for row in json.loads(done.out)} == {None}
    assert "division by zero" in done.err
    assert "task 'Rates', column 'Rate'" in done.err
    assert gsrules("preview", "usage", "Joined", *DATE).err.count("warning") == 0


def test_infer_prints_a_columns_block_that_loads(gsrules: Command) -> None:
    out = gsrules("infer", "usage", "Usage file", *DATE).out
    assert yaml.safe_load(out) == {"columns": {"Account ID": "string", "Logins": {"type": "number", "decimals": 0}}}


def test_infer_lists_the_values_of_a_pivot_that_names_no_columns_yet(gsrules: Command, project: Path) -> None:
    rule = project / "rules/usage.yml"
    pivot = "tasks:\n  Accounts: {type: pivot, from: Usage file, pivot_on: Account ID, value: sum(Logins)}\n"
    rule.write_text(rule.read_text().replace("tasks:\n", pivot, 1))
    refused = gsrules("validate", "usage")
    assert (refused.code, "gsrules infer usage Accounts" in refused.out) == (2, True)
    columns = yaml.safe_load(gsrules("infer", "usage", "accounts", *DATE).out)["columns"]
    assert columns == ["A-1", "B-1", "X-9"]


def test_compile_prints_sql_that_duckdb_parses(gsrules: Command) -> None:
    out = gsrules("compile", "usage", "Joined", *DATE).out
    with duckdb.connect() as con:
        assert len(con.extract_statements(out)) == 1


def test_query_sees_objects_and_labels_and_reset_goes_back_to_the_seeds(gsrules: Command) -> None:
    gsrules("run", "usage", *DATE)
    sql = "SELECT Name, TypeId, StatusId FROM call_to_action_labels"
    assert json.loads(gsrules("query", sql, "--format", "json").out) == [
        {"Name": "Alpha logs in little", "TypeId": "Risk", "StatusId": "New"}
    ]
    assert "seed records" in gsrules("reset").out
    assert json.loads(gsrules("query", "SELECT count(*) AS n FROM usage__gc", "--format", "json").out) == [{"n": 0}]
    assert json.loads(gsrules("query", "SELECT count(*) AS n FROM company", "--format", "json").out) == [{"n": 3}]


def test_reset_mends_a_broken_store(gsrules: Command, project: Path) -> None:
    store = project / ".gsrules/tenant.duckdb"
    store.parent.mkdir()
    store.write_bytes(b"no database at all" * 1000)
    broken = gsrules("query", "SELECT 1")
    assert (broken.code, "gsrules reset" in broken.err) == (1, True)
    assert gsrules("reset").code == 0
    assert gsrules("query", "SELECT count(*) FROM company").code == 0


def test_objects_lists_objects_and_the_fields_of_one(gsrules: Command) -> None:
    assert "usage__gc" in gsrules("objects").out
    fields = json.loads(gsrules("objects", "Usage", "--format", "json").out)
    assert {"field": "Company__gc", "label": "Company", "type": "lookup → company", "note": "required"} in fields


def test_schema_is_a_json_schema_that_accepts_the_rules_and_refuses_a_broken_one(
    gsrules: Command, project: Path
) -> None:
    schema = json.loads(gsrules("schema").out)
    jsonschema.Draft202012Validator.check_schema(schema)
    check = jsonschema.Draft202012Validator(schema)
    rule = load_yaml(project / "rules/usage.yml").root
    assert isinstance(rule, dict)
    assert [error.message for error in check.iter_errors(rule)] == []
    rule["tasks"]["Companies"]["objekt"] = "company"
    assert list(check.iter_errors(rule))


def test_test_passes_and_a_failed_one_shows_expected_and_actual(gsrules: Command, project: Path) -> None:
    assert gsrules("test").code == 0
    file = project / "tests/usage.yml"
    file.write_text(file.read_text().replace("Logins: 12}]", "Logins: 13}]", 1))
    failed = gsrules("test", "--junit", str(project / "junit.xml"))
    assert (failed.code, "Logins: 13 → 12" in failed.out) == (1, True)
    root = ET.parse(project / "junit.xml").getroot()
    assert (root.get("tests"), root.get("failures")) == ("1", "1")
    assert "GS-TEST" in gsrules("test", "--format", "github").out
    assert json.loads(gsrules("test", "--format", "json").out)["failed"] == 1


def test_init_writes_a_project_that_validates_and_passes_its_tests(gsrules: Command, tmp_path: Path) -> None:
    assert gsrules("init", str(tmp_path / "mine")).code == 0
    mine = tmp_path / "mine"
    assert gsrules("validate", folder=mine).code == 0
    assert gsrules("test", folder=mine).code == 0
    again = gsrules("init", str(mine))
    assert (again.code, "GS-PROJECT-EXISTS" in again.err) == (2, True)


def test_every_command_has_help_with_an_example(gsrules: Command) -> None:
    commands = [
        line.split()[0] for line in gsrules("--help").out.split("Commands:")[1].splitlines()[1:] if line[2:3].strip()
    ]
    assert len(commands) >= 12
    for command in commands:
        if command in ("Start", "tested"):
            continue
        assert "Example: gsrules" in " ".join(gsrules(command, "--help").out.split())


def test_help_loads_no_heavy_library() -> None:
    code = (
        "import sys; sys.argv = ['gsrules', '--help']\n"
        "from gsrules.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print([m for m in ('duckdb', 'pydantic', 'sqlglot', 'pyarrow', 'rich', 'yaml') if m in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
