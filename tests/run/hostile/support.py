"""Values, and projects that hold them, for tests that nothing but data is taken for SQL, paths, patterns or markup."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gsrules.run.batch import run_all
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


def quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
