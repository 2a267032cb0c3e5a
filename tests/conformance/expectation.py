"""Compares what a run gave with a case's `expected.yml`; the oracle and the engine are both brought to one form."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any

Row = Mapping[str, Any]


@dataclass
class Result:
    """One run in plain values. `problems` holds (code, message); `records(object, paths)` reads the tenant.

    The rest only the engine gives: `warnings` as (code, message and place), `rejects` and `archived` by task, the
    keys of `behaviours`, and `file(path)`, the text of a file below `datasets/s3`, or None. `outbox` are the entries
    of this run, headers as a list of `Name: value`.
    """

    status: str = ""
    refused: bool = False
    problems: list[tuple[str, str]] = field(default_factory=list)
    tasks: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    actions: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    effects: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    records: Callable[[str, Sequence[str]], list[Row]] = lambda name, paths: []
    warnings: list[tuple[str, str]] = field(default_factory=list)
    rejects: Mapping[str, int] = field(default_factory=dict)
    archived: Mapping[str, Sequence[str]] = field(default_factory=dict)
    behaviours: list[str] = field(default_factory=list)
    file: Callable[[str], str | None] = lambda path: None
    outbox: Sequence[Row] = ()


def plain(value: Any) -> Any:
    """A value as the comparison sees it: numbers by value, a DateTime apart from a Date, lists sorted."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, (int, Decimal)):
        return Decimal(value).normalize() + 0
    if isinstance(value, float):
        raise TypeError(f"a result of a run is a float: {value!r}")
    if isinstance(value, datetime):
        return f"datetime {value.isoformat()}"
    if isinstance(value, date):
        return f"date {value.isoformat()}"
    return sorted(plain(item) for item in value)


def sorted_rows(rows: Sequence[Row], names: Sequence[str]) -> list[dict[str, Any]]:
    listed = [{name: plain(row[name]) for name in names} for row in rows]
    return sorted(listed, key=repr)


def assert_rows(what: str, actual: Sequence[Row], expected: Sequence[Row]) -> None:
    """All rows in any order; only the columns that the expected rows name."""
    names = sorted({name for row in expected for name in row})
    assert all(set(row) == set(names) for row in expected), f"{what}: every expected row names the same columns"
    assert len(actual) == len(expected), f"{what}: {len(actual)} rows instead of {len(expected)}: {actual}"
    assert sorted_rows(actual, names) == sorted_rows(expected, names), what


def assert_error(result: Result, expected: Mapping[str, str], words: bool) -> None:
    codes = [code for code, _ in result.problems]
    assert any(fnmatchcase(code, expected["code"]) or fnmatchcase(expected["code"], code) for code in codes), codes
    if words and "word" in expected:
        assert any(expected["word"] in message for _, message in result.problems), result.problems


def assert_run(result: Result, expected: Mapping[str, Any], words: bool) -> None:
    """Holds one run against its expectation; `words` also asks for the query error word in a message."""
    if "error" in expected:
        assert_error(result, expected["error"], words)
        assert result.refused == ("status" not in expected), "a refusal is not a failed run"
    else:
        assert not result.refused, result.problems
        assert result.status != "FAILURE" or expected["status"] == "FAILURE", result.problems
    if "status" in expected:
        assert result.status == expected["status"]
    for name, rows in expected.get("tasks", {}).items():
        assert_rows(f"task {name}", result.tasks[name], rows)
    for name, counts in expected.get("actions", {}).items():
        assert {key: int(result.actions[name][key]) for key in counts} == {k: int(v) for k, v in counts.items()}, name
    for name, rows in expected.get("effects", {}).items():
        assert_rows(f"effects of {name}", result.effects[name], rows)
    for name, rows in expected.get("records", {}).items():
        paths = sorted({path for row in rows for path in row}) or ["Gsid"]
        assert_rows(f"records of {name}", result.records(name, paths), rows)
    if "outbox" in expected:
        assert_rows("outbox", result.outbox, expected["outbox"])
    if words:
        assert_reported(result, expected)


def assert_reported(result: Result, expected: Mapping[str, Any]) -> None:
    """What only the engine's report holds, and the files that it left."""
    for wanted in expected.get("warnings", []):
        stated = {"code": wanted} if isinstance(wanted, str) else wanted
        found = [text for code, text in result.warnings if code == stated["code"]]
        assert any(str(stated.get("says", "")) in text for text in found), (stated, result.warnings)
    assert {task: result.rejects.get(task, 0) for task in expected.get("rejects", {})} == {
        task: int(count) for task, count in expected.get("rejects", {}).items()
    }
    for task, keys in expected.get("archived", {}).items():
        assert sorted(result.archived.get(task, [])) == sorted(keys), task
    assert set(expected.get("behaviours", [])) <= set(result.behaviours), result.behaviours
    for path, text in expected.get("files", {}).items():
        assert result.file(path) == text, path
