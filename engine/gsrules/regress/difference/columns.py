"""The columns of two tables side by side: matched by name, with the forms in which they are compared and shown."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

import duckdb
from sqlglot import exp

from gsrules.regress.difference.model import ColumnShape, Retyped
from gsrules.regress.difference.sql import Rows, call, choose, number, text
from gsrules.tenant.names import column, run, sql_type

_NUMBER = re.compile(r"(DECIMAL|DOUBLE|FLOAT|U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?)\b.*")
_APPROXIMATE: Final = ("DOUBLE", "FLOAT")
_WIDEST: Final = "DECIMAL(38,9)"

NUMBER, TEXT, BOOLEAN, DATE, DATETIME, LIST, OTHER = (
    "number",
    "text",
    "boolean",
    "date",
    "datetime",
    "list",
    "other",
)
_PLAIN: Final = {"VARCHAR": TEXT, "BOOLEAN": BOOLEAN, "DATE": DATE}


@dataclass(frozen=True, slots=True)
class Table:
    """One side of a comparison: a SELECT, and what its columns are called where DuckDB's type does not say it all.

    `types` maps columns to type names for people (`picklist`, `lookup`).
    """

    rows: Rows
    types: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Side:
    """A column of one side: its name there, how DuckDB keeps it, and its type in words."""

    name: str
    storage: str
    kind: str
    shown: str

    def of(self, table: str) -> exp.Column:
        return column(self.name, table)


@dataclass(frozen=True, slots=True)
class Pair:
    """A column that both sides have. `name` is that of the side after."""

    before: Side
    after: Side

    @property
    def name(self) -> str:
        return self.after.name

    @property
    def kind(self) -> str:
        """What the values are; texts where the two types do not compare."""
        return self.after.kind if self.before.kind == self.after.kind else TEXT

    def forms(self, before: str, after: str) -> tuple[exp.Expression, exp.Expression]:
        """The values of both sides, of the tables aliased so, in a form that compares."""
        left, right = self.before.of(before), self.after.of(after)
        return self.compared(left, self.before), self.compared(right, self.after)

    def compared(self, value: exp.Expression, side: Side) -> exp.Expression:
        """The value of one side in the form in which it is compared and grouped."""
        if self.before.kind != self.after.kind or (self.kind == OTHER and self.before.storage != self.after.storage):
            return text_of(value, side.kind)
        if self.kind == LIST:
            return call("list_sort", value)
        if self.kind == NUMBER and self.before.storage != self.after.storage:
            exact = not self.before.storage.startswith(_APPROXIMATE) and not self.after.storage.startswith(_APPROXIMATE)
            return exp.Cast(this=value, to=sql_type(_WIDEST if exact else "DOUBLE"))
        return value


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of both sides: those in common, and those of one side only."""

    pairs: tuple[Pair, ...]
    added: tuple[Side, ...]
    removed: tuple[Side, ...]

    @property
    def retyped(self) -> tuple[Retyped, ...]:
        return tuple(
            Retyped(pair.name, pair.before.shown, pair.after.shown)
            for pair in self.pairs
            if pair.before.kind != pair.after.kind or pair.before.shown != pair.after.shown
        )

    def find(self, name: str) -> Pair | None:
        """The common column of that name, in any letter case."""
        return next((pair for pair in self.pairs if pair.name.lower() == name.strip().lower()), None)


def shapes(sides: tuple[Side, ...]) -> tuple[ColumnShape, ...]:
    """Columns of one side only, as the difference shows them."""
    return tuple(ColumnShape(side.name, side.shown) for side in sides)


def matched_columns(con: duckdb.DuckDBPyConnection, before: Table, after: Table) -> Columns:
    """The columns of two tables matched by name, regardless of letter case, in the order of the side after."""
    left, right = _described(con, before), _described(con, after)
    pairs = tuple(Pair(left[key], side) for key, side in right.items() if key in left)
    added = tuple(side for key, side in right.items() if key not in left)
    removed = tuple(side for key, side in left.items() if key not in right)
    return Columns(pairs, added, removed)


def _described(con: duckdb.DuckDBPyConnection, table: Table) -> dict[str, Side]:
    found = run(con, exp.Describe(this=table.rows.copy())).fetchall()
    types = {name.lower(): shown for name, shown in table.types.items()}
    sides: dict[str, Side] = {}
    for name, storage, *_ in found:
        kind = kind_of(str(storage))
        sides[str(name).lower()] = Side(str(name), str(storage), kind, types.get(str(name).lower(), kind))
    return sides


def kind_of(storage: str) -> str:
    """What a DuckDB type holds."""
    if storage.endswith("]"):
        return LIST
    if storage.startswith("TIMESTAMP"):
        return DATETIME
    return _PLAIN.get(storage) or (NUMBER if _NUMBER.fullmatch(storage) else OTHER)


def text_of(value: exp.Expression, kind: str) -> exp.Expression:
    """The value as text, in one form whatever its type: no zeros behind a fraction, lists sorted."""
    if kind == TEXT:
        return value
    if kind == LIST:
        listed = call("list_sort", value)
        return call("array_to_string", listed, text(";"))
    shown = exp.Cast(this=value, to=sql_type("VARCHAR"))
    if kind != NUMBER:
        return shown
    bare = _rtrim(_rtrim(shown, "0"), ".")
    has_fraction = exp.GT(this=call("strpos", shown.copy(), text(".")), expression=number(0))
    return choose([(has_fraction, bare)], shown.copy())


def _rtrim(value: exp.Expression, characters: str) -> exp.Expression:
    return call("rtrim", value, text(characters))


def value_of(shown: str | None, kind: str) -> Any:
    """What `text_of` made, as a Python value."""
    if shown is None:
        return None
    return _READ.get(kind, str)(shown)


def _number(shown: str) -> Any:
    return Decimal(shown) if shown.lower() not in ("nan", "inf", "-inf", "infinity", "-infinity") else shown


def _moment(shown: str) -> Any:
    try:
        return dt.datetime.fromisoformat(shown)
    except ValueError:
        return shown


def _day(shown: str) -> Any:
    try:
        return dt.date.fromisoformat(shown)
    except ValueError:  # a year beyond those that Python knows
        return shown


_READ: Final[Mapping[str, Callable[[str], Any]]] = {
    NUMBER: _number,
    BOOLEAN: lambda shown: shown == "true",
    DATE: _day,
    DATETIME: _moment,
}
