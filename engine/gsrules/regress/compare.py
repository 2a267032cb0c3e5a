"""Compares the rows that a test expects with the rows that came out: keyed rows, never positions."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from gsrules.dataclass import dataclass

Row = Mapping[str, Any]

_MOST_KEYS: Final = 3
_FIGURES: Final = re.compile(r"\d+")


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
        return bool(self.changed or self.missing or self.unexpected or self.expected != self.actual)


@dataclass(frozen=True, slots=True)
class Asked:
    """How rows are compared.

    `contains`: the expected rows are only some of all. `close`: how far the numbers of a column may be off. `key`:
    the columns that pair rows; empty for those that do it best. `figures`: rows whose keys differ only in figures
    are one row whose key changed, such as “Usage fell 58 %” and “Usage fell 53 %”, as long as no third is like them.
    """

    contains: bool = False
    close: Mapping[str, Decimal] | None = None
    key: tuple[str, ...] = ()
    figures: bool = False

    def equal(self, name: str, left: Any, right: Any) -> bool:
        """Whether an actual value is as expected, as far as its column's tolerance says."""
        if left == right:
            return True
        far = (self.close or {}).get(name)
        if not far or isinstance(left, bool) or isinstance(right, bool):
            return False
        numbers = isinstance(left, int | Decimal) and isinstance(right, int | Decimal)
        return numbers and abs(left - right) <= far

    def fits(self, expected: Row, actual: Row) -> bool:
        """Whether an actual row is as expected in all columns that the expected row names."""
        return all(self.equal(name, value, actual.get(name)) for name, value in expected.items())


_PLAIN: Final = Asked()


def compare_rows(subject: str, expected: Sequence[Row], actual: Sequence[Row], asked: Asked = _PLAIN) -> RowDifference:
    """Rows as multisets, in any order, over the columns that the expected rows name.

    What does not match is paired by the columns that tell the rows apart best, so that one wrong cell reads as one
    changed cell and not as a missing and an unexpected row.
    """
    left, right = _unmatched(expected, actual, asked)
    keys = asked.key or (_key_columns(expected, left, right) if left else ())
    pairs, missing, rest = _paired(left, right, keys, asked)
    if asked.figures:
        more, missing, rest = _paired_by_words(missing, rest, keys)
        pairs += more
    changed: list[ChangedRow] = []
    for row, twin in pairs:
        cells = {n: (value, twin.get(n)) for n, value in row.items() if not asked.equal(n, value, twin.get(n))}
        changed.append(ChangedRow(" · ".join(_shown(row.get(name)) for name in keys), cells))
    if asked.contains:
        found = len(expected) - len(missing)
        return RowDifference(subject, ", ".join(keys), len(expected), found, tuple(changed), tuple(missing), ())
    counts = len(expected), len(actual)
    return RowDifference(subject, ", ".join(keys), *counts, tuple(changed), tuple(missing), tuple(rest))


_Pairs = tuple[list[tuple[Row, Row]], list[Row], list[Row]]
"""Rows that belong together, and those of either side that are left alone."""


def _paired(left: Sequence[Row], right: Sequence[Row], keys: Sequence[str], asked: Asked) -> _Pairs:
    """By equal keys; among several by most equal columns."""
    by_key: dict[Any, list[Row]] = {}
    for row in right:
        by_key.setdefault(_values(row, keys), []).append(row)
    pairs: list[tuple[Row, Row]] = []
    missing: list[Row] = []
    for row in left:
        twins = by_key.get(_values(row, keys)) if keys else None
        if not twins:
            missing.append(row)
            continue
        twin = max(twins, key=lambda other: sum(asked.equal(n, value, other.get(n)) for n, value in row.items()))
        twins.remove(twin)
        pairs.append((row, twin))
    return pairs, missing, [row for rows in by_key.values() for row in rows]


def _paired_by_words(left: Sequence[Row], right: Sequence[Row], keys: Sequence[str]) -> _Pairs:
    """By keys without their figures, where just one row of each side has them."""
    words = [[_FIGURES.sub("#", str(_values(row, keys))) for row in rows] for rows in (left, right)]
    counts = [Counter(each) for each in words]
    alone = {each for each in words[0] if counts[0][each] == 1 and counts[1][each] == 1}
    twins = {each: row for each, row in zip(words[1], right, strict=True) if each in alone}
    pairs = [(row, twins[each]) for each, row in zip(words[0], left, strict=True) if each in alone]
    missing = [row for each, row in zip(words[0], left, strict=True) if each not in alone]
    rest = [row for each, row in zip(words[1], right, strict=True) if each not in alone]
    return pairs, missing, rest


def _unmatched(expected: Sequence[Row], actual: Sequence[Row], asked: Asked) -> tuple[list[Row], list[Row]]:
    """The rows of each side without a partner, such that as many as possible have one."""
    shapes = {tuple(row) for row in expected}
    if len(shapes) > 1 or asked.close:
        return _unmatched_loosely(expected, actual, asked)
    # The ordinary case, one shape of rows that must be equal: a multiset difference.
    names = next(iter(shapes), ())
    counts = Counter(_values(row, names) for row in expected)
    right: list[Row] = []
    for row in actual:
        value = _values(row, names)
        if counts[value]:
            counts[value] -= 1
        else:
            right.append(row)
    left: list[Row] = []
    for row in expected:
        value = _values(row, names)
        if counts[value]:
            counts[value] -= 1
            left.append(row)
    return left, right


def _unmatched_loosely(expected: Sequence[Row], actual: Sequence[Row], asked: Asked) -> tuple[list[Row], list[Row]]:
    """As `_unmatched` where an expected row may fit several actual ones: a maximum matching by augmenting paths."""
    fits = [[at for at, row in enumerate(actual) if asked.fits(wanted, row)] for wanted in expected]
    owner: dict[int, int] = {}
    alone: list[Row] = []
    for start, wanted in enumerate(expected):
        came_from: dict[int, int] = {}
        queue, free = deque([start]), None
        while queue and free is None:
            here = queue.popleft()
            for at in fits[here]:
                if at in came_from:
                    continue
                came_from[at] = here
                if at not in owner:
                    free = at
                    break
                queue.append(owner[at])
        if free is None:
            alone.append(wanted)
            continue
        while True:  # hands every row of the path over to the one that asked for it
            taker = came_from[free]
            before = next((at for at, who in owner.items() if who == taker), None)
            owner[free] = taker
            if taker == start or before is None:
                break
            free = before
    return alone, [row for at, row in enumerate(actual) if at not in owner]


def _values(row: Row, names: Sequence[str]) -> tuple[Any, ...]:
    return tuple(_hashable(row.get(name)) for name in names)


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _key_columns(expected: Sequence[Row], left: Sequence[Row], right: Sequence[Row]) -> tuple[str, ...]:
    """The columns by which most of the unmatched rows find each other; more than one where one is not unique."""
    names = list(dict.fromkeys(name for row in expected for name in row))
    chosen: tuple[str, ...] = ()
    best = (-1, 0)
    while len(chosen) < min(_MOST_KEYS, len(names)):
        scores = {name: _score((*chosen, name), expected, left, right) for name in names if name not in chosen}
        name = max(scores, key=lambda each: scores[each])
        if chosen and (scores[name][0] < best[0] or scores[name][1] <= best[1]):
            break
        chosen, best = (*chosen, name), scores[name]
        if best[1] == len(expected):
            break
    return chosen


def _score(
    names: tuple[str, ...], expected: Sequence[Row], left: Sequence[Row], right: Sequence[Row]
) -> tuple[int, int]:
    """How many rows find the one partner by these columns, and how many rows they tell apart."""
    wanted, there = (Counter(_values(row, names) for row in rows if _has(row, names)) for rows in (left, right))
    pairs = sum(count == 1 and there[value] == 1 for value, count in wanted.items())
    return pairs, len({_values(row, names) for row in expected if _has(row, names)})


def _has(row: Row, names: Sequence[str]) -> bool:
    return any(row.get(name) is not None for name in names)


def _shown(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    return "∅" if value is None else str(value)
