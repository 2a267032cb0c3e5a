"""Rows on the terminal, as CSV or as JSON."""

from __future__ import annotations

import csv
import datetime as dt
import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gsrules.run.rows import Rows

_SHOWN = 100


def show(rows: Rows, form: str, output: Path | None) -> None:
    """Prints `rows` as a table (at most 100 of them), as CSV or as JSON; `output` gets all of them."""
    if output is not None:
        rows.export(output)
        print(f"wrote {output}", file=sys.stderr)
    {"table": _table, "csv": _csv, "json": _json}[form](rows)


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
        return format(value.normalize(), "f") if value else "0"
    if isinstance(value, list):
        return ";".join(cell(item) for item in value)
    if isinstance(value, dict):
        return json.dumps(plain(value), ensure_ascii=False)
    return str(value)


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


def _csv(rows: Rows) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    with rows.batches() as (names, batches):
        writer.writerow(names)
        for batch in batches:
            writer.writerows([["" if value is None else cell(value) for value in row] for row in batch])


def _json(rows: Rows) -> None:
    separator = "[\n"
    with rows.batches() as (names, batches):
        for batch in batches:
            for row in batch:
                shown = json.dumps(dict(zip(names, map(plain, row), strict=True)), ensure_ascii=False)
                sys.stdout.write(f"{separator}  {shown}")
                separator = ",\n"
    sys.stdout.write("[]\n" if separator == "[\n" else "\n]\n")
