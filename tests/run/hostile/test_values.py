"""Values that look like SQL, patterns or markup pass through as what they are: data."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path

import pytest

from gsrules.cli.main import main
from tests.run.hostile.support import VALUES, found, load, notes, opened, previewed, quoted, ran


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
