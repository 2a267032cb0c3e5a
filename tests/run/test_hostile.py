"""Names and values that look like SQL, paths, patterns or markup pass through as what they are: data."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest

from gsrules.cli.main import main
from gsrules.errors import GsrulesError, InputError
from gsrules.regress.suite import run_tests
from gsrules.run.batch import run_all
from gsrules.run.check import validate_project
from gsrules.run.engine import RunOptions
from gsrules.run.inspect import preview_query, tenant_query
from gsrules.run.report import RunReport
from gsrules.run.workspace import Workspace

DATE = dt.date(2026, 11, 23)
BUCKET = "datasets/s3/gainsight-managed"

WORDS = [
    "'", '"', "''", '""', ";", "'; DROP TABLE company; --", '"; DROP TABLE company; --', "') OR 1=1 --", "/* no */",
    "[x]", "[", "]", "]]", "(", "{", "}", "`x`", "\\", "a\\b", "\\\\", "\\'", '\\"', "\\n", "\\N", "a,b", "a;b", "a|b",
    "${x}", "${Key}", "$${Key}", "{{ Key }}", "{% raw %}", "$1", "?", ":least", "@Key", "#", "%", "_", "100%", "*",
    "NULL", "null", "None", "∅", "NaN", "inf", "true", "0", "007", "1e5", "2026-01-01", "on", "~", "=1+1", "-", "--",
    "🚀", "👩‍👩‍👧", "שלום עולם", "\u202egnp.exe", "é", "e\u0301", "Ω", "ſ", "ß", "\u200b", "x" * 10_000,
    "<b>&amp;</b>", "it's", "a  b", "\x7f", "\x1b[31mred",
]  # fmt: skip
BLANKS = [" ", " a ", "tab\there", "\t", "one\ntwo", "one\r\ntwo", "\n", "\u00a0", "\u2028"]
VALUES = [*WORDS, *BLANKS]

OBJECT: dict[str, Any] = {
    "object": "note__gc",
    "label": "Notes",
    "fields": {
        "Key__gc": {"type": "string"},
        "Value__gc": {"type": "string", "length": 20_000},
        "Other__gc": {"type": "string", "length": 20_000},
    },
}


def cells(rows: Sequence[Sequence[str]]) -> str:
    """A file with every cell in double quotes, quotes and backslashes escaped by a backslash."""
    lines = (",".join('"' + cell.replace("\\", "\\\\").replace('"', '\\"') + '"' for cell in row) for row in rows)
    return "".join(line + "\n" for line in lines)


def seeds(rows: Sequence[Sequence[str]]) -> str:
    """A file of seed records: quotes doubled, as spreadsheets write them."""
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    return text.getvalue()


def in_yaml(content: Any) -> str:
    """`content` as JSON, which is YAML, too, if the characters that YAML does not take are escaped."""
    text = json.dumps(content, ensure_ascii=False)
    return re.sub("[\x7f-\x9f\u2028\u2029]", lambda found: f"\\u{ord(found[0]):04x}", text)


def written(root: Path, files: Mapping[str, Any]) -> Path:
    """Writes texts as they are, and everything else as JSON, which is YAML, too."""
    for name, content in {"gsrules.toml": "", "rules/.keep": "", **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = content if isinstance(content, str) else in_yaml(content)
        path.write_text(text, encoding="utf-8", newline="")
    return root


def opened(root: Path, files: Mapping[str, Any]) -> Workspace:
    return Workspace.open(written(root, files), root)


def ran(workspace: Workspace, rule: str = "r", **params: Any) -> RunReport:
    (report,) = run_all(workspace, [rule], RunOptions(rule_date=DATE, artifacts=True, params=params), None).reports
    assert report.problems == ()
    return report


def found(workspace: Workspace, select: str) -> list[tuple[Any, ...]]:
    with tenant_query(workspace, select, None) as rows, rows.batches() as (_, batches):
        return [tuple(row) for batch in batches for row in batch]


def previewed(
    workspace: Workspace, task: str, rule: str = "r", **params: Any
) -> tuple[list[str], list[tuple[Any, ...]]]:
    with (
        preview_query(workspace, rule, task, 2000, DATE, params, None) as rows,
        rows.batches() as (names, batches),
    ):
        return names, [tuple(row) for batch in batches for row in batch]


def load(dataset: str = "File", **fields: Any) -> dict[str, Any]:
    return {
        "action": "load_to_object",
        "id": "Write",
        "from": dataset,
        "object": "note__gc",
        "operation": "upsert",
        "identifiers": list(fields)[:1],
        "fields": fields,
    }


def notes(values: Sequence[str] = VALUES) -> dict[str, Any]:
    """A project that loads `values`, numbered, from a file into an object."""
    return {
        "datasets/objects/note__gc.yml": OBJECT,
        f"{BUCKET}/input/n.csv": cells([["Key", "Value"], *([str(n), value] for n, value in enumerate(values))]),
        "rules/r.yml": {
            "rule": "Load notes",
            "tasks": {"File": {"type": "s3", "path": "input/n.csv", "columns": {"Key": "string", "Value": "string"}}},
            "actions": [load(Value__gc="Value", Key__gc="Key")],
        },
    }


def test_values_of_a_file_reach_the_tenant_unchanged_and_identify_their_record_again(tmp_path: Path) -> None:
    workspace = opened(tmp_path, notes())
    (action,) = ran(workspace).actions
    assert action.counts.created == len(VALUES)
    rows = found(workspace, "SELECT Key__gc, Value__gc FROM note__gc ORDER BY Key__gc::INT")
    assert [value for _, value in rows] == VALUES
    (again,) = ran(workspace).actions
    assert (again.counts.created, again.counts.unchanged) == (0, len(VALUES))


@pytest.mark.parametrize("form", ["csv", "json"])
def test_the_command_prints_values_that_read_back_unchanged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    ran(opened(tmp_path, notes()))
    query = ["query", "SELECT Key__gc, Value__gc FROM note__gc ORDER BY Key__gc::INT", "--format", form]
    monkeypatch.setattr(sys, "argv", ["gsrules", *query, "--project", str(tmp_path)])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 0
    out = capsys.readouterr().out
    if form == "json":
        values = [row["Value__gc"] for row in json.loads(out)]
    else:
        values = [row["Value__gc"] for row in csv.DictReader(io.StringIO(out, newline=""))]
    assert values == VALUES


def test_values_survive_every_kind_of_task(tmp_path: Path) -> None:
    files = notes()
    files["rules/r.yml"]["tasks"] |= {
        "Doubled": {"type": "transform", "from": "File", "formulas": {"Twice": "Value + Value"}},
        "Joined": {
            "type": "merge",
            "from": "File",
            "join": [{"dataset": "Doubled", "keep": "common", "on": "Value = Value"}],
            "show": ["File.Value", "Doubled.Twice"],
        },
        "Both": {"type": "union", "from": ["Joined", "Joined 2"]},
        "Groups": {"type": "transform", "from": "Both", "show": ["Value", "Twice", "count(*) as N"]},
    }
    tasks = files["rules/r.yml"]["tasks"]
    tasks["Joined 2"] = tasks["Joined"]
    tasks["Both"] = tasks.pop("Both")
    tasks["Groups"] = tasks.pop("Groups")
    _, rows = previewed(opened(tmp_path, files), "Groups")
    assert {(value, twice) for value, twice, _ in rows} == {(value, value + value) for value in VALUES}
    assert len(rows) == len(VALUES)


def quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def test_a_text_in_an_expression_equals_only_itself(tmp_path: Path) -> None:
    files = notes()
    cases = " ".join(f"when Value = {quoted(value)} then '{n}'" for n, value in enumerate(VALUES))
    files["rules/r.yml"]["tasks"] |= {
        "Found": {"type": "transform", "from": "File", "formulas": {"N": f"case {cases} else 'none' end"}},
        "Listed": {"type": "transform", "from": "File", "where": f"Value in ({', '.join(map(quoted, VALUES))})"},
    }
    workspace = opened(tmp_path, files)
    _, rows = previewed(workspace, "Found")
    assert [(row[0], row[-1]) for row in sorted(rows, key=lambda row: int(row[0]))] == [
        (str(n), str(n)) for n in range(len(VALUES))
    ]
    assert len(previewed(workspace, "Listed")[1]) == len(VALUES)


@pytest.mark.parametrize(
    "value", ["'; DROP TABLE company; --", "\\", "${Key}", "NULL", "one\ntwo", "🚀", "%", ":least"]
)
def test_a_parameter_equals_only_itself(tmp_path: Path, value: str) -> None:
    files = notes()
    files["rules/r.yml"]["params"] = {"wanted": "x"}
    files["rules/r.yml"]["tasks"]["Found"] = {"type": "transform", "from": "File", "where": "Value = :wanted"}
    _, rows = previewed(opened(tmp_path, files), "Found", wanted=value)
    assert rows == [(str(VALUES.index(value)), value)]


@pytest.mark.parametrize(
    ("condition", "keys"),
    [
        ("Value contains '%'", ["0", "4"]),
        ("Value contains '_'", ["1", "5"]),
        ("Value contains '\\'", ["3", "5"]),
        ("Value contains '[a-z]'", ["6"]),
        ("Value contains '*'", ["7"]),
        ("Value contains '''; DROP'", ["8"]),
        ("Value starts with '%'", ["4"]),
        ("Value starts with '\\'", ["5"]),
        ("Value ends with '_'", ["1", "5"]),
        ("Value ends with '%'", ["0", "4"]),
        ("Value ends with '\\'", ["3"]),
        ("Value does not contain '%'", ["1", "2", "3", "5", "6", "7", "8"]),
    ],
)
def test_text_searches_take_signs_of_patterns_literally(tmp_path: Path, condition: str, keys: list[str]) -> None:
    files = notes(["100%", "a_", "abc", "ab\\", "%", "\\_", "[a-z]", ".*", "'; DROP TABLE company; --"])
    files["rules/r.yml"]["tasks"]["Found"] = {"type": "transform", "from": "File", "where": condition}
    assert [row[0] for row in previewed(opened(tmp_path, files), "Found")[1]] == keys


def test_constants_of_a_load_are_written_as_they_are(tmp_path: Path) -> None:
    files = notes(["once"])
    fields = {f"F{n}__gc": value for n, value in enumerate(VALUES)}
    files["datasets/objects/wide__gc.yml"] = {
        "object": "wide__gc",
        "fields": {name: {"type": "string", "length": 10_000} for name in fields},
    }
    constants = {name: {"value": value} for name, value in fields.items()}
    files["rules/r.yml"]["actions"] = [
        load("File", **constants) | {"object": "wide__gc", "operation": "insert", "identifiers": []}
    ]
    workspace = opened(tmp_path, files)
    ran(workspace)
    assert found(workspace, f"SELECT {', '.join(fields)} FROM wide__gc") == [tuple(VALUES)]


def bracketed(name: str) -> str:
    """A column's name as expressions write it."""
    return "[" + name.replace("]", "]]") + "]"


NAMES = [
    "it's", 'say "hi"', "a;b", "'; DROP TABLE company; --",
    "[x]", "a[0]", "]", "[", "a\\b", "\\", "tab\there", "one\ntwo",
    "🚀", "שלום", "\u202egnp", "${x}", "100%", "a_b", "null", "select", "Value as Other", "sum(Value)", "File.Value",
    "*", "count(*)", "a.b", "a, b", "1", "#", ":p", "~", "true", "é", "e\u0301", "x" * 1000, "Key__gc", "( )", "-- x",
]  # fmt: skip


def test_headers_and_names_of_columns_are_names_whatever_they_hold(tmp_path: Path) -> None:
    """Each name is a header of the file; the first formula and the load take it in brackets."""
    files = notes()
    names = ["Key", *NAMES]
    files[f"{BUCKET}/input/n.csv"] = cells([names, [str(n) for n in range(len(names))]])
    columns = dict.fromkeys(names, "string")
    files["rules/r.yml"]["tasks"] = {
        "File": {"type": "s3", "path": "input/n.csv", "columns": columns},
        "Again": {"type": "transform", "from": "File", "show": [bracketed(name) for name in names]},
        "All": {
            "type": "transform",
            "from": "Again",
            "show": ["Key"],
            "formulas": {"Sum": " + ".join(bracketed(name) for name in names)},
        },
    }
    files["rules/r.yml"]["actions"] = [load("All", Key__gc="Key", Other__gc="Sum")]
    workspace = opened(tmp_path, files)
    assert previewed(workspace, "Again") == (names, [tuple(str(n) for n in range(len(names)))])
    ran(workspace)
    assert found(workspace, "SELECT Other__gc FROM note__gc") == [("".join(str(n) for n in range(len(names))),)]


@pytest.mark.parametrize(
    ("name", "code"), [("__row", "GS-NAME"), ("KEY", "GS-AMBIGUOUS"), ("", "GS-SPEC-EMPTY"), (" ", "GS-SPEC-EMPTY")]
)
def test_a_name_that_cannot_be_kept_apart_is_refused(tmp_path: Path, name: str, code: str) -> None:
    files = notes()
    files["rules/r.yml"]["tasks"]["File"]["columns"]["Value"] = {"type": "string", "as": name}
    problems = validate_project(opened(tmp_path, files), []).errors
    assert code in [problem.code for problem in problems]


def test_names_given_with_as_are_names_whatever_they_hold(tmp_path: Path) -> None:
    """A file's column is renamed with `as:`, a shown one with ` as `."""
    files = notes()
    renamed = {f"H{n}": {"type": "string", "as": name} for n, name in enumerate(NAMES)}
    files[f"{BUCKET}/input/n.csv"] = cells([list(renamed), [str(n) for n in range(len(renamed))]])
    shown = [name for name in NAMES if not name.startswith("[") and " as " not in name]
    files["rules/r.yml"] = {
        "rule": "Rename",
        "tasks": {
            "File": {"type": "s3", "path": "input/n.csv", "columns": renamed},
            "Plain": {"type": "transform", "from": "File", "show": [
                f"{bracketed(name)} as N{n}" for n, name in enumerate(NAMES)
            ]},
            "Back": {"type": "transform", "from": "Plain", "show": [
                f"N{NAMES.index(name)} as {name}" for name in shown
            ]},
        },
        "actions": [],
    }  # fmt: skip
    workspace = opened(tmp_path, files)
    assert previewed(workspace, "File") == (NAMES, [tuple(str(n) for n in range(len(NAMES)))])
    assert previewed(workspace, "Back") == (shown, [tuple(str(NAMES.index(name)) for name in shown)])


LABELS = [
    "it's", 'say "hi"', "a;b", "'; DROP TABLE company; --",
    "[x]", "a\\b", "🚀", "שלום", "${x}", "100%", "NULL", "null ",
    "None", "<b>&</b>", "a, b", "true", "1", "x" * 200,
]  # fmt: skip
OPTIONS = [label.strip() for label in LABELS]


def test_options_of_picklists_are_found_by_their_labels_and_shown_again(tmp_path: Path) -> None:
    files = notes(OPTIONS)
    files["datasets/objects/note__gc.yml"] = OBJECT | {
        "label": "'; DROP TABLE company; --",
        "fields": OBJECT["fields"] | {"Pick__gc": {"type": "picklist", "options": OPTIONS, "label": 'a "label" [x];'}},
    }
    files["rules/r.yml"]["actions"] = [load(Key__gc="Key", Pick__gc="Value", Value__gc="Value")]
    files["rules/by_label.yml"] = {
        "rule": "By label",
        "tasks": {
            "Notes": {"type": "fetch", "object": "note__gc", "show": ["Key__gc as Key", "Value__gc as Value"],
                      "where": f"Pick__gc in ({', '.join(map(quoted, OPTIONS))})"},
        },
        "actions": [],
    }  # fmt: skip
    workspace = opened(tmp_path, files)
    (action,) = ran(workspace).actions
    assert (action.counts.created, action.errors) == (len(OPTIONS), ())
    rows = found(workspace, "SELECT Pick__gc FROM note__gc_labels ORDER BY Key__gc::INT")
    assert [label for (label,) in rows] == OPTIONS
    assert len(previewed(workspace, "Notes", "by_label")[1]) == len(OPTIONS)


HOSTILE_NAMES = [
    'it\'s <b>bold</b> & "quoted"',
    "'; DROP TABLE company; --",
    "${Name}",
    "שלום\u202e🚀",
    "a\\b\tc",
    "null",
]


def ctas(names: Sequence[str], comment: str = "About ${Name}: <i>${Name}</i>") -> dict[str, Any]:
    """Companies of these names as seeds, and a rule that opens a CTA for each."""
    return {
        "datasets/picklists.yml": {"cta_reasons": {"Risk": ['Reason\'s <b>"[x]"</b>; --']}},
        "datasets/records/company.csv": seeds(
            [["Name", "ExternalId"], *([name, str(n)] for n, name in enumerate(names))]
        ),
        "datasets/records/gsuser.csv": seeds([["Name", "Email"], ["Owner", "owner@example.com"]]),
        "rules/r.yml": {
            "rule": "Open CTAs",
            "tasks": {"Companies": {"type": "fetch", "object": "company", "show": ["Gsid", "Name", "ExternalId"]}},
            "actions": [
                {
                    "action": "create_cta",
                    "from": "Companies",
                    "company": "Gsid",
                    "name": "'${Name}'; --",
                    "type": "Risk",
                    "reason": 'Reason\'s <b>"[x]"</b>; --',
                    "priority": "High",
                    "status": "New",
                    "owner": {"default": "owner@example.com"},
                    "comments": {"text": comment},
                }
            ],
        },
    }


def escaped(text: str) -> str:
    for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&#x27;")):
        text = text.replace(sign, entity)
    return text


def test_names_of_ctas_hold_values_as_they_are_and_comments_hold_them_escaped_for_html(tmp_path: Path) -> None:
    workspace = opened(tmp_path, ctas(HOSTILE_NAMES))
    (action,) = ran(workspace).actions
    assert action.counts.created == len(HOSTILE_NAMES)
    rows = found(
        workspace,
        "SELECT c.Name, a.Name, a.Comments FROM call_to_action a JOIN company c ON c.Gsid = a.CompanyId "
        "ORDER BY c.ExternalId::INT",
    )
    assert rows == [(name, f"'{name}'; --", f"About {escaped(name)}: <i>{escaped(name)}</i>") for name in HOSTILE_NAMES]
    (again,) = ran(workspace).actions
    assert again.counts.created == 0


def test_a_text_longer_than_its_field_fails_its_row_and_no_other(tmp_path: Path) -> None:
    files = notes(["🚀" * 500, "x" * 501, "x" * 20_001])
    files["rules/r.yml"]["actions"] = [load(Key__gc="Value", Value__gc="Value")]
    workspace = opened(tmp_path, files)
    report = ran(workspace)
    assert report.status == "PARTIAL_SUCCESS"
    (action,) = report.actions
    assert [(group.code, group.rows) for group in action.errors] == [("STRING_TOO_LONG", 2)]
    assert found(workspace, "SELECT Key__gc FROM note__gc") == [("🚀" * 500,)]


def test_a_long_name_of_a_cta_warns_and_a_longer_one_fails(tmp_path: Path) -> None:
    files = ctas(["a" * 80, "b" * 81, "c" * 250, "d" * 251])
    files["rules/r.yml"]["actions"][0]["name"] = "${Name}"
    files["datasets/objects/company.yml"] = {"object": "company", "fields": {"Name": {"type": "string", "length": 300}}}
    workspace = opened(tmp_path, files)
    (action,) = ran(workspace).actions
    assert [(group.code, group.rows) for group in action.errors] == [("STRING_TOO_LONG", 1)]
    assert {group.code: group.rows for group in action.warnings}["CTA_NAME_OVER_MAX"] >= 2
    names = found(workspace, "SELECT Name FROM call_to_action ORDER BY Name")
    assert names == [("a" * 80,), ("b" * 81,), ("c" * 250,)]


FILE_NAMES = [
    "with space", "it's", 'say "hi"', "a;b", "'; DROP TABLE company; --",
    "[ab]", "{a,b}", "a*", "?", "**", "a\\b", "..\\x",
    "%2e%2e%2fx", "~", "$HOME", "${x}", "#", "a=b", "é", "e\u0301", "🚀", "שלום", "tab\there", "-rf", "...", "a.csv",
]  # fmt: skip


@pytest.mark.parametrize("folder", ["in", 'it\'s [a] *? "f" é'])
def test_keys_of_files_are_names_and_never_patterns(tmp_path: Path, folder: str) -> None:
    """Beside each file lies one that a pattern of that name would read, too."""
    keys = [f"{folder}/{name}.csv" for name in FILE_NAMES]
    files: dict[str, Any] = {f"{BUCKET}/{key}": f"Key\n{n}\n" for n, key in enumerate(keys)}
    files |= {f"{BUCKET}/{folder}/{name}.csv": "Key\nwrong\n" for name in ("a", "b", "ab", "x", "%", "..x")}
    files |= {f"{BUCKET}/{name}.csv": "Key\nwrong\n" for name in ("x", "a", "b")}
    for n, key in enumerate(keys):
        task = {"type": "s3", "path": key, "columns": {"Key": "string"}}
        files[f"rules/r{n}.yml"] = {"rule": "Read", "tasks": {"File": task}, "actions": []}
    workspace = opened(tmp_path, files)
    for n in range(len(keys)):
        assert previewed(workspace, "File", f"r{n}") == (["Key"], [(str(n),)])


def test_a_project_may_lie_in_a_folder_of_any_name(tmp_path: Path) -> None:
    root = tmp_path / 'it\'s [a] * "folder"; é 🚀 %41 ${x} --'
    files = notes()
    files["rules/r.yml"]["actions"][0]["id"] = "../../'Write' [x] *"
    workspace = opened(root, files)
    report = ran(workspace)
    assert [value for (value,) in found(workspace, "SELECT Value__gc FROM note__gc ORDER BY Key__gc::INT")] == VALUES
    assert report.artifacts is not None
    (effects,) = (root / report.artifacts / "effects").iterdir()
    assert effects.name.endswith(".parquet")
    copied = tmp_path / "effects.parquet"  # DuckDB would take the folder's name for a pattern
    effects.rename(copied)
    with duckdb.connect() as con:
        assert con.execute(f"SELECT count(*) FROM '{copied}'").fetchone() == (len(VALUES),)
    copied.unlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == [root.name]


SECRET = "Key\nsecret\n"


def reading(path: str, **more: Any) -> dict[str, Any]:
    """A project with a secret beside its buckets and beside itself, and a rule that reads `path`."""
    return {
        "datasets/s3/secret.csv": SECRET,
        "datasets/secret.csv": SECRET,
        "secret.csv": SECRET,
        f"{BUCKET}/input/n.csv": "Key\nopen\n",
        "rules/r.yml": {
            "rule": "Read",
            "tasks": {"File": {"type": "s3", "path": path, "columns": {"Key": "string"}, **more}},
            "actions": [],
        },
    }


def refused(workspace: Workspace) -> tuple[str, str]:
    """Code and value of the one problem that a preview, and a run, give instead of rows."""
    with pytest.raises(GsrulesError) as caught:
        previewed(workspace, "File")
    (problem,) = caught.value.problems
    assert "secret" not in problem.message.replace("secret.csv", "")
    try:
        (report,) = run_all(workspace, ["r"], RunOptions(rule_date=DATE), None).reports
        problems = report.problems
        assert (report.status, report.tasks) == ("FAILURE", ())
    except InputError as error:
        problems = error.problems
    assert [each.code for each in problems] == [problem.code]
    return problem.code, problem.value


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("../secret.csv", "GS-FILE-PATH"),
        ("input/../../secret.csv", "GS-FILE-PATH"),
        ("input/../input/n.csv", "GS-FILE-PATH"),
        ("./input/n.csv", "GS-FILE-PATH"),
        ("input//n.csv", "GS-FILE-PATH"),
        ("MDA-Data-Ingest/../secret.csv", "GS-FILE-PATH"),
        ("/etc/hosts.csv", "GS-FILE-PATH"),
        ("//etc/hosts.csv", "GS-FILE-PATH"),
        ("..\\secret.csv", "GS-FILE-MISSING"),
        ("input\\..\\..\\secret.csv", "GS-FILE-MISSING"),
        ("%2e%2e/secret.csv", "GS-FILE-MISSING"),
        ("..%2fsecret.csv", "GS-FILE-MISSING"),
        ("\uff0e\uff0e/secret.csv", "GS-FILE-MISSING"),
        (".../secret.csv", "GS-FILE-MISSING"),
        ("~/secret.csv", "GS-FILE-MISSING"),
        ("$HOME/secret.csv", "GS-FILE-MISSING"),
        ("https://example.com/secret.csv", "GS-FILE-PATH"),
        ("file:///etc/hosts.csv", "GS-FILE-PATH"),
        ("file:secret.csv", "GS-FILE-MISSING"),
        ("input/*.csv", "GS-FILE-MISSING"),
    ],
)
def test_a_path_never_leads_out_of_its_bucket(tmp_path: Path, path: str, code: str) -> None:
    assert refused(opened(tmp_path, reading(path)))[0] == code


@pytest.mark.parametrize(
    ("path", "format_", "value"),
    [
        ("${pattern}/secret.csv", "'..'yyyy-MM-dd", "..2026-11-23/secret.csv"),
        ("input/${pattern}.csv", "'../../secret'yyyyMMdd", "input/../../secret20261123.csv"),
        ("input/${pattern}.csv", "'../'yyyyMMdd", "input/../20261123.csv"),
        ("${pattern}.csv", "'/etc/'yyyyMMdd", "/etc/20261123.csv"),
        ("input/${pattern}/n.csv", "yyyyMMdd'/..'", "input/20261123/../n.csv"),
    ],
)
def test_a_date_in_a_path_never_leads_out_of_its_bucket(tmp_path: Path, path: str, format_: str, value: str) -> None:
    files = reading(path, pattern={"format": format_})
    files |= {"secret20261123.csv": SECRET, "datasets/s3/secret20261123.csv": SECRET}
    code, shown = refused(opened(tmp_path, files))
    assert (code, shown) == ("GS-FILE-MISSING" if value.startswith("..2") else "GS-FILE-PATH", value)


@pytest.mark.parametrize("match", ["equals", "starts_with"])
def test_a_date_in_a_path_may_name_folders_of_the_bucket(tmp_path: Path, match: str) -> None:
    files = reading("input/${pattern}.csv", pattern={"format": "yyyy/MM/dd"})
    if match == "starts_with":
        files["rules/r.yml"]["tasks"]["File"] |= {"path": "input/${pattern}", "match": match}
    files[f"{BUCKET}/input/2026/11/23.csv"] = "Key\ndated\n"
    assert previewed(opened(tmp_path, files), "File")[1] == [("dated",)]


@pytest.mark.parametrize("prefix", ["../s${pattern}", "../../${pattern}", "/etc/${pattern}"])
def test_a_prefix_never_leads_out_of_its_bucket(tmp_path: Path, prefix: str) -> None:
    files = reading(prefix, match="starts_with", pattern={"format": "'ecret'"})
    files["rules/r.yml"]["tasks"]["File"]["pattern"]["format"] = "yyyy"
    assert refused(opened(tmp_path, files))[0] == "GS-FILE-PATH"


@pytest.mark.parametrize("bucket", ["..", "../..", ".", "", "gainsight-managed/..", "/etc", "gainsight-managed/input"])
def test_a_bucket_is_one_of_the_projects(tmp_path: Path, bucket: str) -> None:
    code, _ = refused(opened(tmp_path, reading("secret.csv", bucket=bucket)))
    assert code in ("GS-PROJECT-BUCKET", "GS-SPEC-EMPTY")


def test_a_link_that_leads_out_of_the_bucket_is_refused(tmp_path: Path) -> None:
    files = reading("input/link.csv")
    workspace = opened(tmp_path, files)
    (tmp_path / BUCKET / "input/link.csv").symlink_to(tmp_path / "secret.csv")
    assert refused(workspace) == ("GS-FILE-PATH", "input/link.csv")


def test_a_linked_folder_that_leads_out_of_the_bucket_is_refused(tmp_path: Path) -> None:
    workspace = opened(tmp_path, reading("out/secret.csv"))
    (tmp_path / BUCKET / "out").symlink_to(tmp_path)
    assert refused(workspace) == ("GS-FILE-PATH", "out/secret.csv")


def test_a_prefix_does_not_read_through_a_link_out_of_the_bucket(tmp_path: Path) -> None:
    """A linked folder is not listed; a linked file is met and refused."""
    files = reading("out/sec${pattern}", match="starts_with", pattern={"format": "yyyy"})
    files["sec2026.csv"] = SECRET
    workspace = opened(tmp_path, files)
    (tmp_path / BUCKET / "out").symlink_to(tmp_path)
    assert refused(workspace)[0] == "GS-FILE-MISSING"
    (tmp_path / BUCKET / "out").unlink()
    (tmp_path / BUCKET / "out").mkdir()
    (tmp_path / BUCKET / "out/sec2026.csv").symlink_to(tmp_path / "sec2026.csv")
    assert refused(workspace)[0] == "GS-FILE-PATH"


@pytest.mark.parametrize(
    "key",
    [
        "../outside.csv", "gainsight-managed/../../outside.csv", "/outside.csv", "outside.csv",
        "gainsight-managed/../outside.csv", "gainsight-managed/./outside.csv", "../../../../outside.csv",
    ],
)  # fmt: skip
def test_the_files_of_a_test_stay_in_their_buckets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    files = reading("input/n.csv")
    case = {
        "name": "Outside",
        "rule_date": "2026-11-23",
        "given": {"files": {key: "Key\n1\n"}},
        "expect": {"status": "SUCCESS"},
    }
    files["tests/t.yml"] = {"rule": "r", "tests": [case]}
    outcome = run_tests(opened(tmp_path / "project", files), [], None)
    (test,) = outcome.tests
    assert [(problem.code, problem.value) for problem in test.problems] == [("GS-FILE-PATH", key)]
    assert list(tmp_path.rglob("outside.csv")) == []


def test_a_test_does_not_read_through_a_link_of_the_projects_bucket(tmp_path: Path) -> None:
    files = reading("input/link.csv")
    files["gsrules.toml"] = f'[buckets.gainsight-managed]\npath = "{BUCKET}"\n'
    given = {"seed": True, "files": {"gainsight-managed/input/other.csv": "Key\n1\n"}}
    files["tests/t.yml"] = {"rule": "r", "tests": [{"name": "Link", "given": given, "expect": {"status": "SUCCESS"}}]}
    workspace = opened(tmp_path, files)
    (tmp_path / BUCKET / "input/link.csv").symlink_to(tmp_path / "secret.csv")
    (test,) = run_tests(workspace, [], None).tests
    assert [(problem.code, problem.value) for problem in test.problems] == [("GS-FILE-PATH", "input/link.csv")]


@pytest.mark.parametrize(
    "name", ["../outside", "../outside.yml", "/etc/passwd", "rules/../../outside.yml", "r/../r", "\u202er"]
)
def test_rules_come_from_the_rules_folder_only(tmp_path: Path, name: str) -> None:
    files = reading("input/n.csv")
    files["outside.yml"] = files["rules/r.yml"]
    workspace = opened(tmp_path, files)
    with pytest.raises(InputError) as caught:
        run_all(workspace, [name], RunOptions(rule_date=DATE), None)
    assert [problem.code for problem in caught.value.problems] == ["GS-NAME"]
