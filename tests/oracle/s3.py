"""S3 dataset tasks: which files, how they are read, typed cells (data-setup.md §6)."""

from __future__ import annotations

import bz2
import gzip
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tests.oracle import formats
from tests.oracle.values import (
    BLANKS,
    Column,
    Context,
    FailedError,
    RefusedError,
    Table,
    boolean_of_text,
    number_of_text,
    round_number,
)

SEPARATORS = {"comma": ",", "tab": "\t", "pipe": "|", "semicolon": ";"}
QUOTES = {"double_quote": '"', "single_quote": "'", "backslash": "\\"}
GSID = re.compile("[0-9A-Z]{36}")
ANY_GSID = re.compile("[0-9A-Za-z]{36}")
ENDINGS = {"none": (".csv", ".tsv"), "gzip": (".gz", ".gzip"), "bzip": (".bz", ".bz2", ".bzip"), "zip": (".zip",)}
LEADING_ZERO = re.compile(r"[+-]?0\d")
FAMILY = {
    "string": "text", "number": "number", "boolean": "boolean", "date": "date", "datetime": "datetime", "gsid": "id",
}  # fmt: skip
Cell = tuple[str, bool]


def read(task: dict[str, Any], datasets: Path, context: Context) -> Table:
    """The rows of all files of the task, typed."""
    check(task)
    paths = files(task, datasets, context)
    sheets = [sheet(path, task, context) for path in paths]
    columns = configured(task, sheets, context)
    table = Table([column for column, _, _ in columns])
    for header, lines in sheets:
        for _, name, _ in columns:
            if name not in header:
                raise FailedError("GS-FILE-HEADER", f"no column {name}")
        for line in lines:
            row = {}
            for column, name, spec in columns:
                row[column.name] = cell(line[header.index(name)], spec, task, context)
            table.rows.append(row)
    return table


def check(task: dict[str, Any]) -> None:
    """What is refused before any file is looked for (§6.1, §6.2, §15)."""
    path, compression = task["path"].lower(), task.get("file", {}).get("compression", "none")
    wrong = [key for key in ("where", "group_by", "show", "formulas") if key in task]
    if wrong or task.get("file", {}).get("encrypted"):
        raise RefusedError("GS-*", f"{wrong} of an S3 task")
    if path.count("${pattern}") != ("pattern" in task):
        raise RefusedError("GS-*", "token and pattern come together")
    if task.get("match", "equals") == "equals":
        ending = next((e for e in ENDINGS[compression] if path.endswith(e)), None)
        inner = path.removesuffix(ending or "")
        if ending is None or (compression != "none" and not inner.endswith(ENDINGS["none"])):
            raise RefusedError("GS-*", f"{path} has another ending")
    formats.check(task.get("date_format", "MM/dd/yyyy"), with_time=False)
    formats.check(task.get("datetime_format", "MM/dd/yyyy HH:mm:ss"), with_time=True)
    for spec in (task.get("columns") or {}).values():
        if isinstance(spec, dict) and "format" in spec:
            formats.check(spec["format"], with_time=spec.get("type") == "datetime")


def files(task: dict[str, Any], datasets: Path, context: Context) -> list[Path]:
    bucket = task.get("bucket", "gainsight-managed")
    folder = datasets / "s3" / bucket
    key = task["path"]
    if bucket == "gainsight-managed":
        key = key.removeprefix("MDA-Data-Ingest/")
    if "pattern" in task:
        day = context.rule_date - timedelta(days=int(task["pattern"].get("subtract_days", 0)))
        key = key.replace("${pattern}", formats.write(day, task["pattern"]["format"], context.zone))
    keys = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    if task.get("match", "equals") == "starts_with":
        if "pattern" not in task:
            raise RefusedError("GS-*", "starts_with needs a pattern")
        found = [k for k in keys if k.startswith(key)]
    else:
        found = [k for k in keys if k == key]
    if not found:
        raise FailedError("GS-FILE-MISSING", key)
    return [folder / k for k in found]


def sheet(path: Path, task: dict[str, Any], context: Context) -> tuple[list[str], list[list[Cell]]]:
    given = task.get("file", {})
    data = path.read_bytes()
    compression = given.get("compression", "none")
    try:
        if compression == "gzip":
            data = gzip.decompress(data)
        elif compression == "bzip":
            data = bz2.decompress(data)
    except (OSError, EOFError) as wrong:
        raise FailedError("GS-FILE-*", str(wrong)) from wrong
    try:
        text = data.decode(given.get("encoding", "UTF-8")).removeprefix("\ufeff")
    except UnicodeDecodeError as wrong:
        raise FailedError("GS-FILE-*", str(wrong)) from wrong
    plain = re.sub(r"\.(gz|gzip|bz|bz2|bzip)$", "", path.name.lower())
    separator = SEPARATORS[given.get("separator", "tab" if plain.endswith(".tsv") else "comma")]
    qualifier = QUOTES[given.get("qualifier", "double_quote")]
    escape = QUOTES[given.get("escape", context.profile["s3.escape_default"])]
    lines = tokenize(text, separator, qualifier, escape)
    if not lines:
        raise FailedError("GS-FILE-*", "no header")
    header = [value for value, _ in lines[0]]
    if len(set(header)) != len(header):
        raise FailedError("GS-FILE-*", "a header twice")
    for line in lines[1:]:
        if len(line) != len(header):
            raise FailedError("GS-FILE-*", "too few or too many cells")
    return header, lines[1:]


def tokenize(text: str, separator: str, qualifier: str, escape: str) -> list[list[Cell]]:
    """Lines of (text, was qualified); blank lines are skipped (§6.2)."""
    lines: list[list[Cell]] = []
    line: list[Cell] = []
    at, end = 0, len(text)
    while at < end:
        if text[at] in "\r\n" and not line:
            at += 1
            continue
        value, qualified, at = _cell(text, at, separator, qualifier, escape)
        line.append((value, qualified))
        if at < end and text[at] == separator:
            at += 1
            if at == end or text[at] in "\r\n":
                line.append(("", False))
        if at == end or text[at] in "\r\n":
            lines.append(line)
            line = []
            at += 2 if text[at : at + 2] == "\r\n" else 1
    return lines


def _cell(text: str, at: int, separator: str, qualifier: str, escape: str) -> tuple[str, bool, int]:
    value = ""
    qualified = text[at] == qualifier
    if qualified:
        at += 1
        while at < len(text):
            pair = text[at : at + 2]
            if pair == qualifier * 2 or (pair[0] == escape and len(pair) == 2 and pair[1] in (qualifier, escape)):
                value += pair[1]
                at += 2
            elif text[at] == qualifier:
                at += 1
                break
            else:
                value += text[at]
                at += 1
        else:
            raise FailedError("GS-FILE-*", "a qualified cell never ends")
    while at < len(text) and text[at] not in (separator, "\r", "\n"):
        value += text[at]
        at += 1
    return value, qualified, at


def configured(
    task: dict[str, Any], sheets: list[tuple[list[str], list[list[Cell]]]], context: Context
) -> list[tuple[Column, str, dict[str, Any]]]:
    """(column, header, settings) of every column; types that are not given are inferred (§6.3)."""
    given = task.get("columns") or {name: {} for name in sheets[0][0]}
    columns = []
    for name, settings in given.items():
        spec = {"type": settings} if isinstance(settings, str) else dict(settings or {})
        if "type" not in spec:
            cells = [line[header.index(name)][0] for header, lines in sheets for line in lines if name in header]
            spec["type"] = inferred(cells, task, context)
        alias = spec.get("as", name)
        columns.append((Column(alias, FAMILY[spec["type"]], alias), name, spec))
    return columns


def inferred(cells: list[str], task: dict[str, Any], context: Context) -> str:
    values = [c.strip(BLANKS) for c in cells if c.strip(BLANKS)]
    fits: dict[str, Callable[[str], bool]] = {
        "boolean": lambda t: t.lower() in ("true", "false"),
        "number": lambda t: number_of_text(t) is not None and not LEADING_ZERO.match(t),
        "date": lambda t: cell((t, False), {"type": "date", "try": True}, task, context) is not None,
        "datetime": lambda t: cell((t, False), {"type": "datetime", "try": True}, task, context) is not None,
        "gsid": lambda t: bool(GSID.fullmatch(t)),
    }
    return next((kind for kind, fit in fits.items() if values and all(fit(v) for v in values)), "string")


def cell(given: Cell, spec: dict[str, Any], task: dict[str, Any], context: Context) -> Any:
    """The value of a cell; what does not fit its type fails the task (§6.3)."""
    text, qualified = given
    kind = spec["type"]
    if kind == "string":
        keep = qualified and context.profile["s3.empty_string"] == "keep_quoted"
        return text if text or keep else None
    text = text.strip(BLANKS)
    if not text:
        return None
    value: Any
    if kind == "boolean":
        return boolean_of_text(text)
    if kind == "number":
        value = number_of_text(text)
        if value is not None and "decimals" in spec:
            value = round_number(value, int(spec["decimals"]))
    elif kind == "date":
        value = formats.read_date(text, spec.get("format", task.get("date_format", "MM/dd/yyyy")))
    elif kind == "datetime":
        pattern = spec.get("format", task.get("datetime_format", "MM/dd/yyyy HH:mm:ss"))
        value = formats.read_datetime(text, pattern, ZoneInfo(task.get("timezone", "UTC")))
    else:
        value = text if ANY_GSID.fullmatch(text) else None
    if value is None and context.profile["s3.on_bad_value"] == "fail" and "try" not in spec:
        raise FailedError("GS-FILE-VALUE", text)
    return value
