"""Types of columns that a rule does not state: inferred over the whole files (data-setup.md §6.3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import duckdb
from sqlglot import exp

from gsrules.catalogue.datatypes import NUMBER, DataType, Kind
from gsrules.dataclass import dataclass
from gsrules.sources.cells import NUMBER_PATTERN, CellType, value_of
from gsrules.sources.check import format_of
from gsrules.sources.format_sql import call, trimmed
from gsrules.sources.parts import Part
from gsrules.sources.sql import execute

if TYPE_CHECKING:
    from gsrules.spec.tasks import ColumnSpec, S3Task

_STRICT_GSID: Final = "[0-9A-Z]{36}"
KINDS: Final = (Kind.BOOLEAN, Kind.NUMBER, Kind.DATE, Kind.DATETIME, Kind.GSID)


@dataclass(frozen=True, slots=True)
class InferredColumn:
    """What a column of the files seems to be, and why; `values` cells are filled and `empty` ones are not."""

    name: str
    header: str
    type: DataType
    reason: str
    values: int = 0
    empty: int = 0

    @property
    def type_text(self) -> str:
        """The type as a rule's `columns:` block spells it."""
        return self.type.kind.value


def infer_kinds(
    con: duckdb.DuckDBPyConnection, task: S3Task, parts: Sequence[Part], headers: Sequence[str]
) -> dict[str, tuple[Kind, str]]:
    """The type of each header's cells, over all rows, and the reason in words; one query for each part."""
    filled = dict.fromkeys(headers, 0)
    misfits = {(header, kind): 0 for header in headers for kind in KINDS}
    for part in parts:
        if not headers:
            break
        counts = [count for header in headers for count in _counts(task, part, header)]
        row = execute(con, exp.select(*counts).from_(part.table.copy())).fetchone() or ()
        values = iter(row)
        for header in headers:
            filled[header] += next(values)
            for kind in KINDS:
                misfits[header, kind] += next(values)
    return {header: _first_fit(task, header, filled[header], misfits) for header in headers}


def _counts(task: S3Task, part: Part, header: str) -> list[exp.Expression]:
    """How many cells are filled, and for each type how many of those do not fit."""
    text = part.cell(header)
    bare = trimmed(text)
    is_filled = exp.NEQ(this=bare, expression=exp.Literal.string(""))
    found = [count_if(is_filled)]
    for kind in KINDS:
        fit = exp.Coalesce(this=fits(task, header, kind, text, bare), expressions=[exp.false()])
        found.append(count_if(exp.And(this=is_filled.copy(), expression=exp.Not(this=exp.paren(fit)))))
    return found


def count_if(condition: exp.Expression) -> exp.Expression:
    """How many rows fulfil the condition."""
    return exp.Filter(this=exp.Count(this=exp.Star()), expression=exp.Where(this=condition))


def fits(task: S3Task, header: str, kind: Kind, text: exp.Expression, bare: exp.Expression) -> exp.Expression:
    """Whether a cell, given as it is and trimmed, can be of the type (data-setup.md §6.3); null counts as no."""
    if kind is Kind.BOOLEAN:
        lower = call("lower", bare.copy())
        return exp.In(this=lower, expressions=[exp.Literal.string("true"), exp.Literal.string("false")])
    if kind is Kind.NUMBER:
        zero = exp.Not(this=call("regexp_matches", bare.copy(), "^[+-]?0[0-9]"))
        number = call("regexp_full_match", bare.copy(), NUMBER_PATTERN)
        value = exp.paren(value_of(CellType(NUMBER), text, plain=False))
        good = exp.And(this=number, expression=exp.Not(this=exp.Is(this=value, expression=exp.Null())))
        return exp.And(this=zero, expression=good)
    if kind is Kind.GSID:
        return call("regexp_full_match", bare.copy(), _STRICT_GSID)
    value = exp.paren(format_of(task, kind, own_format(task, header, kind)).read(text))
    return exp.Not(this=exp.Is(this=value, expression=exp.Null()))


def own_format(task: S3Task, header: str, kind: Kind) -> ColumnSpec | None:
    """The column's own settings, if its format is one of that type."""
    found = next((spec for name, spec in (task.columns or {}).items() if name == header), None)
    if found is None or found.format is None:
        return None
    is_time = format_of(task, kind, found).has_time
    return found if is_time is (kind is Kind.DATETIME) else None


def _first_fit(task: S3Task, header: str, filled: int, misfits: dict[tuple[str, Kind], int]) -> tuple[Kind, str]:
    if not filled:
        return Kind.STRING, "no cell holds anything"
    for kind in KINDS:
        if not misfits[header, kind]:
            return kind, _reason(task, header, kind, filled)
    nearest = min(KINDS, key=lambda kind: misfits[header, kind])
    misfit = misfits[header, nearest]
    if misfit * 2 < filled:
        return Kind.STRING, f"{misfit:,} of {filled:,} values are no {nearest.value}"
    return Kind.STRING, f"{filled:,} values of text"


def _reason(task: S3Task, header: str, kind: Kind, filled: int) -> str:
    values = f"all {filled:,} values" if filled > 1 else "the only value"
    words = {
        Kind.BOOLEAN: "true or false",
        Kind.NUMBER: "a number" if filled == 1 else "numbers",
        Kind.GSID: "36 letters and digits",
    }
    if kind in words:
        return f"{values}: {words[kind]}"
    return f"{values}: {format_of(task, kind, own_format(task, header, kind)).text}"
