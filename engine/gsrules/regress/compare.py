"""Compares the rows that a test expects with the rows that came out: keyed rows, never positions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from gsrules.dataclass import dataclass

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ChangedRow:
    """A row found by its key of which some columns differ: column → (expected, actual)."""

    key: str
    cells: Mapping[str, tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class RowDifference:
    """What differs between two sets of rows; empty when nothing does."""

    subject: str
    key: str
    expected: int
    actual: int
    changed: tuple[ChangedRow, ...]
    missing: tuple[Row, ...]
    unexpected: tuple[Row, ...]

    def __bool__(self) -> bool:
        return bool(self.changed or self.missing or self.unexpected)


def compare_rows(subject: str, expected: Sequence[Row], actual: Sequence[Row]) -> RowDifference:
    """Rows as multisets, in any order, over the columns that the expected rows name.

    What does not match exactly is paired by the column that tells the expected rows apart best, so that one
    wrong cell reads as one changed cell and not as a missing and an unexpected row.
    """
    left, right = _unmatched(expected, actual)
    key = _key_column(expected)
    changed: list[ChangedRow] = []
    by_key: dict[Any, list[Row]] = {}
    for row in right:
        by_key.setdefault(_hashable(row.get(key)), []).append(row)
    missing: list[Row] = []
    for row in left:
        twins = by_key.get(_hashable(row.get(key))) if key else None
        if not twins:
            missing.append(row)
            continue
        twin = max(twins, key=lambda other: sum(other.get(name) == value for name, value in row.items()))
        twins.remove(twin)
        cells = {name: (value, twin.get(name)) for name, value in row.items() if twin.get(name) != value}
        changed.append(ChangedRow(str(row.get(key)), cells))
    unexpected = tuple(row for rows in by_key.values() for row in rows)
    return RowDifference(subject, key, len(expected), len(actual), tuple(changed), tuple(missing), unexpected)


def _unmatched(expected: Sequence[Row], actual: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """The rows of each side without a partner; expected rows may name different columns."""
    left: list[Row] = []
    pool = list(actual)
    counts: dict[tuple[str, ...], Counter[Any]] = {}
    shapes = {tuple(row) for row in expected}
    if len(shapes) <= 1:
        # The ordinary case, one shape of rows: a multiset difference.
        names = next(iter(shapes), ())
        counts[names] = Counter(_values(row, names) for row in expected)
        right: list[Row] = []
        for row in pool:
            value = _values(row, names)
            if counts[names][value]:
                counts[names][value] -= 1
            else:
                right.append(row)
        for row in expected:
            value = _values(row, names)
            if counts[names][value]:
                counts[names][value] -= 1
                left.append(row)
        return left, right
    for row in sorted(expected, key=len, reverse=True):
        twin = next((other for other in pool if all(other.get(name) == value for name, value in row.items())), None)
        if twin is None:
            left.append(row)
        else:
            pool.remove(twin)
    return left, pool


def _values(row: Row, names: Sequence[str]) -> tuple[Any, ...]:
    return tuple(_hashable(row.get(name)) for name in names)


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _key_column(rows: Sequence[Row]) -> str:
    """The first column that tells all rows apart, else the one with the most different values."""
    best, most = "", 0
    for name in dict.fromkeys(name for row in rows for name in row):
        distinct = len({_hashable(row.get(name)) for row in rows if row.get(name) is not None})
        if distinct > most:
            best, most = name, distinct
        if distinct == len(rows):
            break
    return best
