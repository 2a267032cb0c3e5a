"""Rows on the terminal, as CSV or as JSON."""

from __future__ import annotations

import csv
import datetime as dt
import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gsrules.run.rows import Rows, writing

_SHOWN = 100


def show(rows: Rows, form: str, output: Path | None) -> None:
    """Prints `rows` as a table (at most 100 of them), as CSV or as JSON; `output` gets all of them."""
    if output is not None:
        write(rows, output)
    if form == "table":
        _table(rows)
    else:
        _TEXTS[form](rows, sys.stdout)


def _table(rows: Rows) -> None:
    with rows.batches() as (names, batches):
        first = next(batches, [])
        total = len(first) + sum(len(batch) for batch in batches)
    grid = Table(show_edge=False, pad_edge=False, header_style="bold")
    numeric = [
        all(isinstance(row[i], int | float | Decimal) or row[i] is None for row in first) for i in range(len(names))
    ]
    for name, number in zip(names, numeric, strict=True):
        grid.add_column(Text(name), justify="right" if number and first else "left", overflow="fold")
    for row in first[:_SHOWN]:
        grid.add_row(*(Text(cell(value)) for value in row))
    console = Console(width=None if sys.stdout.isatty() else 240)
    console.print(grid)
    shown = min(total, _SHOWN)
    note = f"{total:,} row{'' if total == 1 else 's'}"
    print(note if shown == total else f"{note}, the first {shown} shown; --format csv prints all", file=sys.stderr)


def cell(value: Any) -> str:
    """A value as people write it: no trailing zeros, null as ∅, lists joined by `;`."""
    if value is None:
        return "∅"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return digits(value)
    if isinstance(value, list):
        return ";".join(cell(item) for item in value)
    if isinstance(value, dict):
        return json.dumps(plain(value), ensure_ascii=False)
    return str(value)


def digits(number: Decimal) -> str:
    """All digits of a number, without zeros at the end of a fraction."""
    text = format(number, "f")
    shown = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if shown in ("", "-0") else shown


def json_text(value: Any) -> str:
    """A value as JSON; numbers with all their digits, which Python's own encoder would lose."""
    if isinstance(value, Decimal):
        return digits(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json_text(str(key))}: {json_text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(json_text, value)) + "]"
    return json.dumps(plain(value), ensure_ascii=False)


def plain(value: Any) -> Any:
    """A value as JSON knows it: exact whole numbers as integers, dates and times as ISO text."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dt.datetime):
        return value.isoformat(timespec="milliseconds" if value.microsecond else "seconds") + "Z"
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def write(rows: Rows, output: Path) -> None:
    """Writes a file in the form that its ending says: the texts are those of `--format`."""
    form = _TEXTS.get(output.suffix.lower().removeprefix("."))
    if form is None:
        rows.export_parquet(output)
    else:
        with writing(output), output.open("w", encoding="utf-8", newline="") as stream:
            form(rows, stream)
    print(f"wrote {output}", file=sys.stderr)


def records(rows: Rows) -> list[dict[str, Any]]:
    """All rows by column name, as JSON knows values."""
    with rows.batches() as (names, batches):
        return [plain(dict(zip(names, row, strict=True))) for batch in batches for row in batch]


def _csv(rows: Rows, stream: TextIO) -> None:
    writer = csv.writer(stream, lineterminator="\n")
    with rows.batches() as (names, batches):
        writer.writerow(names)
        for batch in batches:
            writer.writerows([["" if value is None else cell(value) for value in row] for row in batch])


def _json(rows: Rows, stream: TextIO) -> None:
    separator = "[\n"
    with rows.batches() as (names, batches):
        for batch in batches:
            for row in batch:
                stream.write(f"{separator}  {json_text(dict(zip(names, row, strict=True)))}")
                separator = ",\n"
    stream.write("[]\n" if separator == "[\n" else "\n]\n")


_TEXTS: Final = {"csv": _csv, "json": _json}
