"""Where the raw cells of a source come from: files that DuckDB reads, or files that the exact reader wrote down."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from sqlglot import exp

from gsrules.dataclass import dataclass
from gsrules.sources.format_sql import call
from gsrules.sources.survey import NEVER_A_CELL, Survey

FILE_COLUMN = "__file"
LINE_COLUMN = "__line"


@dataclass(frozen=True, slots=True)
class Part:
    """Some files as one table: `cells` gives, by header, the column that holds the text of a cell.

    `typed`: headers whose column DuckDB has already read as the number that it is. `plain_numbers`: see `Survey`.
    `tells_empty`: an empty cell is null unless it was qualified; otherwise every empty cell is an empty text.
    """

    table: exp.Expression
    cells: Mapping[str, str]
    plain_numbers: bool
    typed: frozenset[str] = frozenset()
    tells_empty: bool = False

    def cell(self, header: str) -> exp.Expression:
        """The column with the cells under `header`."""
        return exp.column(exp.to_identifier(self.cells[header], quoted=True))


def direct_parts(surveys: Sequence[Survey], typed: Mapping[str, str]) -> tuple[Part, ...]:
    """The files as DuckDB reads them; files that are alike are read in one go.

    `typed` gives DuckDB's type of headers whose cells are to be read as that type; all others are texts.
    """
    groups: dict[tuple[object, ...], list[Survey]] = {}
    for found in surveys:
        alike = (found.header, found.dialect, found.crlf, found.qualified, found.plain_numbers)
        groups.setdefault(alike, []).append(found)
    return tuple(_direct(group, typed) for group in groups.values())


def _direct(group: Sequence[Survey], typed: Mapping[str, str]) -> Part:
    first = group[0]
    quote = first.dialect.qualifier if first.qualified else ""
    names = {header: f"c{at}" for at, header in enumerate(first.header)}
    types = {names[header]: typed.get(header, "VARCHAR") for header in first.header}
    options: dict[str, exp.Expression] = {
        "auto_detect": exp.false(),
        "header": exp.true(),
        "compression": exp.Literal.string("none"),
        "delim": exp.Literal.string(first.dialect.separator),
        "quote": exp.Literal.string(quote),
        "escape": exp.Literal.string(quote),
        "new_line": exp.Literal.string("\\r\\n" if first.crlf else "\\n"),
        "nullstr": exp.Literal.string(NEVER_A_CELL),
        "columns": _struct(types),
    }
    reader = call("read_csv", _texts(str(found.path) for found in group))
    for name, value in options.items():
        reader.append("expressions", exp.EQ(this=exp.to_identifier(name), expression=value))
    return Part(exp.Table(this=reader), names, first.plain_numbers, frozenset(typed))


def written_part(path: Path, cells: Mapping[str, str]) -> Part:
    """What the exact reader wrote down: a Parquet file of texts with the columns FILE_COLUMN and LINE_COLUMN."""
    return Part(exp.Table(this=call("read_parquet", str(path))), cells, plain_numbers=False, tells_empty=True)


def _struct(items: Mapping[str, str]) -> exp.Expression:
    return exp.Struct(
        expressions=[
            exp.PropertyEQ(this=exp.to_identifier(name), expression=exp.Literal.string(value))
            for name, value in items.items()
        ]
    )


def _texts(values: Iterable[str]) -> exp.Expression:
    return exp.Array(expressions=[exp.Literal.string(value) for value in values])
