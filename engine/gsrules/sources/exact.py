"""The exact form of reading: the files' cells written down as texts with file and line, and told what is wrong."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice, product
from pathlib import Path
from typing import Final

import duckdb
from sqlglot import exp

from gsrules.catalogue.datatypes import Kind
from gsrules.errors import Place, Problem, RunError
from gsrules.sources.cells import CellType, misfits
from gsrules.sources.columns import FileColumn
from gsrules.sources.format_sql import call
from gsrules.sources.parts import FILE_COLUMN, LINE_COLUMN, Part, direct_parts, written_part
from gsrules.sources.sql import execute, named
from gsrules.sources.survey import Survey, lines_of
from gsrules.sources.tokenizer import FileFaultError, Record, records

MOST_SHOWN: Final = 20
_BATCH: Final = 50_000
_LONGEST_SHOWN: Final = 80

_KIND_WORDS: Final = {
    Kind.NUMBER: "no number",
    Kind.DATE: "no date of the format",
    Kind.DATETIME: "no date and time of the format",
    Kind.GSID: "no GSID",
}
_HINTS: Final = {
    Kind.NUMBER: "numbers look like -1234.5, without separators of thousands, currency signs or %",
    Kind.GSID: "a GSID is 36 letters and digits",
}


def write_down(
    surveys: Sequence[Survey], files: Sequence[str], headers: Sequence[str], workdir: Path, where: str
) -> Part:
    """Reads the files with the exact reader and writes the cells under `headers` to one Parquet file.

    Raises RunError GS-FILE-ROW for rows with a wrong number of cells and GS-FILE-FORMAT for what cannot be read
    at all, with file and line.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = [f"c{at}" for at in range(len(headers))]
    fields = [pa.field(name, pa.string()) for name in names]
    schema = pa.schema([*fields, pa.field(FILE_COLUMN, pa.int32()), pa.field(LINE_COLUMN, pa.int64())])
    target = workdir / f"{uuid.uuid4().hex}.parquet"
    faults = _Faults(where)
    with pq.ParquetWriter(target, schema, compression="lz4") as writer:
        for index, (found, file) in enumerate(zip(surveys, files, strict=True)):
            positions = [found.header.index(header) for header in headers]
            for batch in _batches(_good_records(found, file, faults)):
                cells = list(zip(*(record.cells for record in batch), strict=True))
                lines = [record.line for record in batch]
                arrays = [pa.array(cells[at], pa.string()) for at in positions]
                arrays += [pa.array([index] * len(batch), pa.int32()), pa.array(lines, pa.int64())]
                writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
    faults.raise_if_any()
    return written_part(target, dict(zip(headers, names, strict=True)))


def bad_counts(
    con: duckdb.DuckDBPyConnection, parts: Sequence[Part], columns: Sequence[tuple[FileColumn, CellType]]
) -> dict[str, int]:
    """How many cells of each column hold a text that does not fit; by column name, only those with any."""
    totals = dict.fromkeys((column.name for column, _ in columns), 0)
    for part in parts:
        counts = [
            exp.Filter(this=exp.Count(this=exp.Star()), expression=exp.Where(this=_bad(part, column, cell)))
            for column, cell in columns
        ]
        row = execute(con, exp.select(*counts).from_(part.table.copy())).fetchone() if counts else ()
        for name, count in zip(totals, row or (), strict=True):
            totals[name] += count
    return {name: count for name, count in totals.items() if count}


def numbered_parts(con: duckdb.DuckDBPyConnection, surveys: Sequence[Survey]) -> tuple[Part, ...] | None:
    """The files as DuckDB reads them, each row with its file and line; None if a row is not always one line.

    Only for files that DuckDB reads right. The exact reader knows the lines of all files, but takes longer.
    """
    found: list[Part] = []
    for index, each in enumerate(surveys):
        if each.qualified:
            return None
        (part,) = direct_parts([each], {})
        row = execute(con, exp.select(exp.Count(this=exp.Star())).from_(part.table.copy())).fetchone()
        if row is None or row[0] + 1 != lines_of(each.path):
            return None
        number = exp.Window(this=call("row_number"))
        line = exp.Add(this=number, expression=exp.Literal.number(1))
        file = exp.cast(exp.Literal.number(index), "INTEGER")
        numbers = [exp.alias_(file, FILE_COLUMN, quoted=True), exp.alias_(line, LINE_COLUMN, quoted=True)]
        rows = exp.select(exp.Star(), *numbers).from_(part.table.copy()).subquery("numbered")
        found.append(replace(part, table=rows))
    return tuple(found)


def value_problems(
    con: duckdb.DuckDBPyConnection,
    parts: Sequence[Part],
    columns: Sequence[tuple[FileColumn, CellType]],
    counts: dict[str, int],
    files: Sequence[str],
    where: str,
) -> list[Problem]:
    """GS-FILE-VALUE for the first cells that do not fit, and how many more there are."""
    found: list[tuple[int, int, Problem]] = []
    for column, cell in columns:
        if column.name not in counts:
            continue
        for part in parts:
            query = (
                exp.select(named(FILE_COLUMN), named(LINE_COLUMN), part.cell(column.header))
                .from_(part.table.copy())
                .where(_bad(part, column, cell))
                .order_by(named(FILE_COLUMN), named(LINE_COLUMN))
                .limit(MOST_SHOWN)
            )
            for index, line, text in execute(con, query).fetchall():
                found.append((index, line, _value_problem(column, files[index], line, text, where)))
    problems = [problem for _, _, problem in sorted(found, key=lambda each: each[:2])[:MOST_SHOWN]]
    more = sum(counts.values()) - len(problems)
    if more > 0:
        each = ", ".join(f"{name}: {count:,}" for name, count in counts.items())
        message = f"{more:,} more cells do not fit their column's type (in all {each})"
        problems.append(Problem("GS-FILE-VALUE", message, where=where, hint=_ON_BAD_HINT))
    return problems


def keep_rejects(
    con: duckdb.DuckDBPyConnection,
    parts: Sequence[Part],
    columns: Sequence[tuple[FileColumn, CellType]],
    counts: dict[str, int],
    files: Sequence[str],
) -> str:
    """A temporary table with every cell that does not fit: file, line, column, value, reason; gives its name."""
    name = f"gs_rejects_{uuid.uuid4().hex}"
    paths = exp.Array(expressions=[exp.Literal.string(file) for file in files])
    at = exp.Add(this=named(FILE_COLUMN), expression=exp.Literal.number(1))
    file = call("list_extract", paths, at)
    bad: exp.Expression | None = None
    wanted = [(column, cell) for column, cell in columns if column.name in counts]
    for part, (column, cell) in product(parts, wanted):
        shown = {
            "file": file.copy(),
            "line": named(LINE_COLUMN),
            "column": exp.Literal.string(column.header),
            "value": part.cell(column.header),
            "reason": exp.Literal.string(_words(column)),
        }
        items = [exp.alias_(value, key, quoted=True) for key, value in shown.items()]
        rows = exp.select(*items).from_(part.table.copy()).where(_bad(part, column, cell))
        bad = rows if bad is None else exp.Union(this=bad, expression=rows, distinct=False)
    made = exp.Create(
        this=exp.to_table(name),
        kind="TABLE",
        expression=bad,
        properties=exp.Properties(expressions=[exp.TemporaryProperty()]),
    )
    execute(con, made)
    return name


def _words(column: FileColumn) -> str:
    """What a cell that does not fit is not."""
    words = _KIND_WORDS[column.type.kind]
    return words if column.format is None else f"{words} {column.format.text}"


_ON_BAD_HINT: Final = "the profile key s3.on_bad_value: null reads them as null, and counts them"


def _bad(part: Part, column: FileColumn, cell: CellType) -> exp.Expression:
    return misfits(cell, part.cell(column.header), plain=part.plain_numbers)


def _value_problem(column: FileColumn, file: str, line: int, text: str, where: str) -> Problem:
    kind = column.type.kind
    words, hint = _words(column), _HINTS.get(kind, "")
    if column.format is not None:
        hint = "state the column's own format under columns, or make it a string"
    if text == column.header:
        hint = "the line repeats the header: were two files put together?"
    shown = text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…"
    message = f"“{shown}” in the column “{column.header}” is {words}"
    return Problem("GS-FILE-VALUE", message, Place(file, line, 1), where, shown, hint)


class _Faults:
    """Collects what is wrong with the rows of files; keeps the first and counts the others."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.problems: list[Problem] = []
        self.more = 0

    def add(self, code: str, file: str, line: int, message: str, hint: str = "", value: str = "") -> None:
        if len(self.problems) < MOST_SHOWN:
            self.problems.append(Problem(code, message, Place(file, line, 1), self.where, value, hint))
        else:
            self.more += 1

    def raise_if_any(self) -> None:
        if self.more:
            message = f"{self.more:,} more rows have a wrong number of cells"
            self.problems.append(Problem("GS-FILE-ROW", message, where=self.where))
        if self.problems:
            raise RunError(self.problems)


def _good_records(found: Survey, file: str, faults: _Faults) -> Iterator[Record]:
    """The rows of a file below its header that have as many cells as it; the others are faults."""
    wanted = len(found.header)
    try:
        for record in islice(records(found.path, found.dialect), 1, None):
            if len(record.cells) == wanted:
                yield record
            else:
                message = f"the row has {len(record.cells)} cells, the header has {wanted}"
                hint = f"a cell that holds {_shown(found.dialect.separator)} must be in {found.dialect.qualifier}"
                shown = found.dialect.separator.join(cell or "" for cell in record.cells)[:_LONGEST_SHOWN]
                faults.add("GS-FILE-ROW", file, record.line, message, hint, shown)
    except FileFaultError as fault:
        faults.add(fault.code, file, fault.line, fault.message, fault.hint, fault.value)


def _shown(separator: str) -> str:
    return "a tab" if separator == "\t" else separator


def _batches(found: Iterator[Record]) -> Iterator[list[Record]]:
    while batch := list(islice(found, _BATCH)):
        yield batch


def fault_problem(fault: FileFaultError, file: str, where: str) -> Problem:
    """The problem of a file whose header cannot be read."""
    return Problem(fault.code, fault.message, Place(file, fault.line, 1), where, fault.value, fault.hint)
