"""Seed records as they come, from files or from rows given by a test: headers and a table of texts."""

from __future__ import annotations

import csv
import datetime as dt
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import islice
from pathlib import Path

import duckdb
from sqlglot import exp

from gsrules.catalogue import ObjectDef
from gsrules.catalogue.paths import glob_safe
from gsrules.dataclass import dataclass
from gsrules.errors import InputError, Place, Problem
from gsrules.tenant.names import column, named, run, spell, sql_type, temp_table
from gsrules.tenant.statements import Statements

ROW = "__row"
OWN_GSID = "__own_gsid"  # the GSID as given
FILE_ENDINGS = (".csv", ".parquet")
_RECORD = re.compile(r"CSV Error on Line: (\d+)")
_FIELD_LIMIT = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class SeedInput:
    """Records of one object: `table` is a temporary table with `__row` and a text column `c<n>` a header."""

    definition: ObjectDef
    source: str
    headers: tuple[str, ...]
    table: str
    place_of: Callable[[int, str], Place | None]
    rows: int

    @staticmethod
    def text_column(position: int) -> str:
        return f"c{position}"


def read_file(
    con: duckdb.DuckDBPyConnection, statements: Statements, path: Path, definition: ObjectDef, table: str
) -> SeedInput:
    """Reads a CSV or Parquet file; raises InputError GS-TENANT-SEED if it is no such file."""
    try:
        headers, select = _csv(path) if path.suffix.lower() == ".csv" else _parquet(con, path)
        _check_headers(headers, path)
        rows = statements.table(table, spell(select), anew=True)
    except duckdb.Error as error:
        detail = " ".join(str(error).split("\n\n")[0].splitlines()[:3])
        raise InputError(_unreadable(path, detail, _line_of(path, str(error)))) from error
    except (OSError, csv.Error, UnicodeError) as error:
        raise InputError(_unreadable(path, str(error))) from error
    is_csv = path.suffix.lower() == ".csv"
    lines = _Lines(con, table, len(headers))

    def place_of(row: int, header: str) -> Place | None:
        return Place(str(path), lines.of(row), 1) if is_csv else Place(str(path), row, 1)

    return SeedInput(definition, path.name, headers, table, place_of, rows)


def read_rows(statements: Statements, rows: Sequence[Mapping[str, object]], given: SeedInput) -> None:
    """Fills the table of rows given as mappings: texts, numbers, dates, true, false, null or lists of texts."""
    width = len(given.headers)

    def query() -> exp.Select:
        texts = [_unnested("VARCHAR[]", SeedInput.text_column(n)) for n in range(width)]
        return exp.Select(expressions=[_unnested("BIGINT[]", ROW), *texts])

    lists = [[text_of(row.get(header)) for row in rows] for header in given.headers]
    text = statements.spelled(("seed rows", width), query)
    statements.table(given.table, text, [[*range(1, len(rows) + 1)], *lists], anew=True)


def given_rows(rows: Sequence[Mapping[str, object]], definition: ObjectDef, table: str) -> SeedInput:
    """What is known of given rows before they are in their table; the headers keep their places."""
    headers = tuple(dict.fromkeys(header for row in rows for header in row))

    def place_of(row: int, header: str) -> Place | None:
        value = rows[row - 1].get(header)
        return getattr(value, "place", None) or getattr(rows[row - 1], "place", None)

    return SeedInput(definition, "given records", headers, table, place_of, len(rows))


def text_of(value: object) -> str | None:
    """A given value as the text that a CSV cell would hold."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, list | tuple):
        return ";".join(str(item) for item in value)
    if isinstance(value, Mapping):
        return json.dumps(value)
    return str(value)


class _Lines:
    """Finds the line of a CSV row: cells may hold line breaks, so the breaks above it are counted."""

    def __init__(self, con: duckdb.DuckDBPyConnection, table: str, width: int) -> None:
        self._con = con
        self._table = table
        self._width = width

    def of(self, row: int) -> int:
        breaks: exp.Expression = exp.Literal.number(1)
        for position in range(self._width):
            cell = exp.Coalesce(this=column(SeedInput.text_column(position)), expressions=[exp.Literal.string("")])
            without = exp.Anonymous(
                this="replace", expressions=[cell, exp.Literal.string("\n"), exp.Literal.string("")]
            )
            lost = exp.Paren(this=exp.Sub(this=exp.Length(this=cell.copy()), expression=exp.Length(this=without)))
            breaks = exp.Add(this=breaks, expression=lost)
        above = exp.LT(this=column(ROW), expression=exp.Literal.number(row))
        found = run(self._con, exp.select(exp.Sum(this=breaks)).from_(temp_table(self._table)).where(above)).fetchone()
        return 2 + int(found[0] or 0) if found else 2


def _unnested(kind: str, name: str) -> exp.Expression:
    values = exp.Cast(this=exp.Placeholder(), to=sql_type(kind))
    return named(exp.Anonymous(this="unnest", expressions=[values]), name)


def _numbered(columns: Iterable[exp.Expression], source: exp.Expression) -> exp.Select:
    number = exp.Window(this=exp.RowNumber())
    return exp.select(named(number, ROW), *columns).from_(source)


def _csv(path: Path) -> tuple[tuple[str, ...], exp.Select]:
    csv.field_size_limit(_FIELD_LIMIT)
    # bytes below the header that are no UTF-8 are left to DuckDB, which knows their line
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as lines:
        headers = tuple(name.strip() for name in next(csv.reader(lines, strict=True), ()))
    "".join(headers).encode()
    names = [SeedInput.text_column(position) for position in range(len(headers))]
    struct = exp.Struct(
        expressions=[
            exp.PropertyEQ(this=exp.Literal.string(n), expression=exp.Literal.string("VARCHAR")) for n in names
        ]
    )
    options: dict[str, exp.Expression] = {
        "columns": struct,
        "auto_detect": exp.false(),
        "header": exp.true(),
        "delim": exp.Literal.string(","),
        "quote": exp.Literal.string('"'),
        "escape": exp.Literal.string('"'),
        "max_line_size": exp.Literal.number(_FIELD_LIMIT),
    }
    source = exp.Anonymous(
        this="read_csv",
        expressions=[
            exp.Literal.string(glob_safe(path)),
            *(exp.EQ(this=exp.column(name), expression=value) for name, value in options.items()),
        ],
    )
    return headers, _numbered([column(name) for name in names], source)


def _parquet(con: duckdb.DuckDBPyConnection, path: Path) -> tuple[tuple[str, ...], exp.Select]:
    source = exp.Anonymous(this="read_parquet", expressions=[exp.Literal.string(glob_safe(path))])
    described = run(con, exp.Describe(this=exp.select("*").from_(source.copy()))).fetchall()
    cells: list[exp.Expression] = []
    for position, (name, kind, *_) in enumerate(described):
        cell: exp.Expression = column(str(name))
        if str(kind).endswith("[]"):
            cell = exp.Anonymous(this="array_to_string", expressions=[cell, exp.Literal.string(";")])
        elif str(kind) == "TIMESTAMP WITH TIME ZONE":
            utc = exp.Anonymous(this="timezone", expressions=[exp.Literal.string("UTC"), cell])
            cell = exp.DPipe(
                this=exp.Cast(this=utc, to=exp.DataType.build("VARCHAR")), expression=exp.Literal.string("Z")
            )
        text = exp.Cast(this=cell, to=exp.DataType.build("VARCHAR"))
        cells.append(named(text, SeedInput.text_column(position)))
    return tuple(str(entry[0]) for entry in described), _numbered(cells, source)


def _check_headers(headers: Sequence[str], path: Path) -> None:
    place = Place(str(path), 1, 1)
    if not headers:
        raise InputError(Problem("GS-TENANT-SEED", "the file is empty: it needs a header row", place))
    blank = [number for number, header in enumerate(headers, start=1) if not header]
    if blank:
        message = f"column {blank[0]} of the header row has no name"
        raise InputError(Problem("GS-TENANT-SEED", message, place, hint="name every column after a field"))


def _line_of(path: Path, message: str) -> int:
    """The line of the record that DuckDB's message names: it counts records, of which one may span lines."""
    found = _RECORD.search(message)
    if found is None:
        return 1
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        above = csv.reader(lines)
        for _ in islice(above, int(found[1]) - 1):
            pass
        return above.line_num + 1


def _unreadable(path: Path, detail: str, line: int = 1) -> Problem:
    return Problem(
        "GS-TENANT-SEED",
        "the seed file cannot be read",
        Place(str(path), line, 1),
        value=path.name,
        hint=f"UTF-8 with commas, double quotes and one header row is expected: {detail}",
    )
