"""Which columns tell the rows of two tables apart."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import duckdb
from sqlglot import exp

from gsrules.errors import InputError, Problem, nearest
from gsrules.regress.difference.columns import BOOLEAN, LIST, NUMBER, OTHER, Columns, Pair, Table
from gsrules.regress.difference.model import Key, KeySource
from gsrules.regress.difference.sql import all_of, any_of, call, choose, is_null
from gsrules.tenant.names import column, identifier, named, run, select_from

_ID_WORD = re.compile(r"(^|[ _])(id|gsid|sfid|key|number|code|email)($|[ _])", re.IGNORECASE)
_ID_ENDING = re.compile(r"[a-z](Id|ID|GSID)($|[ _])")
_ID_TYPES: Final = ("gsid", "lookup", "sfdc_id")
_SAMPLE: Final = 5_000
_TRIED: Final = 8
_WIDEST: Final = 4


@dataclass(frozen=True, slots=True)
class Count:
    """The rows of one side, the most rows that one key has, and whether a key holds a null."""

    rows: int
    most: int
    nulls: bool


@dataclass(frozen=True, slots=True)
class KeyChoice:
    """A key with the counts of both sides under it; no pairs: rows are compared whole."""

    pairs: tuple[Pair, ...]
    source: KeySource
    before: Count
    after: Count

    @property
    def key(self) -> Key:
        return Key(tuple(pair.name for pair in self.pairs), self.source)

    @property
    def unique(self) -> bool:
        return self.before.most <= 1 and self.after.most <= 1

    @property
    def nulls(self) -> bool:
        return self.before.nulls or self.after.nulls


def choose_key(
    con: duckdb.DuckDBPyConnection,
    before: Table,
    after: Table,
    columns: Columns,
    given: Sequence[str] = (),
    hints: Sequence[Sequence[str]] = (),
) -> KeyChoice:
    """The key given; else a hint that is unique; else the smallest set of columns that is unique and not null.

    A hint that is unique on one side only is still the key: that rows of one key have become several, or one again,
    is what the difference has to show. Raises InputError GS-NAME for a given column that is not on both sides.
    """
    if given:
        return _counted(con, before, after, _given(columns, given), "given")
    half: KeyChoice | None = None
    for hint in hints:
        pairs = tuple(found for name in hint if (found := columns.find(name)) is not None)
        if not pairs or len(pairs) < len(hint):
            continue
        choice = _counted(con, before, after, pairs, "rule")
        if choice.unique:
            return choice
        if half is None and min(choice.before.most, choice.after.most) <= 1:
            half = choice
    if half is not None and min(half.before.rows, half.after.rows):
        return half
    for pairs in _promising(con, before, after, columns):
        choice = _counted(con, before, after, pairs, "found")
        if choice.unique and not choice.nulls:
            return choice
    rows = [_rows(con, table) for table in (before, after)]
    return KeyChoice((), "none", Count(rows[0], 0, nulls=False), Count(rows[1], 0, nulls=False))


def _given(columns: Columns, names: Sequence[str]) -> tuple[Pair, ...]:
    known = [pair.name for pair in columns.pairs]
    problems = [
        Problem(
            "GS-NAME",
            f"there is no column '{name}' on both sides to be a key",
            value=name,
            nearest=nearest(name, known),
            hint=f"the columns are: {', '.join(known)}" if known else "the sides have no column in common",
        )
        for name in names
        if columns.find(name) is None
    ]
    if problems:
        raise InputError(problems)
    return tuple(pair for name in names if (pair := columns.find(name)) is not None)


def _counted(
    con: duckdb.DuckDBPyConnection, before: Table, after: Table, pairs: tuple[Pair, ...], source: KeySource
) -> KeyChoice:
    """Counts rows, the most rows of a key and nulls in keys; both sides in one statement."""
    parts = []
    for name, table, sides in (
        ("b", before, [pair.before for pair in pairs]),
        ("a", after, [pair.after for pair in pairs]),
    ):
        keys = [pair.compared(side.of("t"), side) for pair, side in zip(pairs, sides, strict=True)]
        null = any_of(is_null(key.copy()) for key in keys)
        count = named(exp.Count(this=exp.Star()), "n")
        groups = select_from(table.rows.subquery(identifier("t")), count, named(exp.AnyValue(this=null), "nulls"))
        groups = groups.group_by(*keys)
        totals = (
            named(exp.Sum(this=column("n")), "rows"),
            named(exp.Max(this=column("n")), "most"),
            named(call("bool_or", column("nulls")), "nulls"),
        )
        parts.append(select_from(groups.subquery(identifier("g")), *totals).subquery(identifier(name)))
    found = select_from(parts[0], exp.Star()).join(parts[1], join_type="cross")
    row = run(con, found).fetchone() or (None,) * 6
    counts = [Count(int(row[i] or 0), int(row[i + 1] or 0), bool(row[i + 2])) for i in (0, 3)]
    return KeyChoice(pairs, source, counts[0], counts[1])


def _promising(
    con: duckdb.DuckDBPyConnection, before: Table, after: Table, columns: Columns
) -> Iterator[tuple[Pair, ...]]:
    """Sets of columns that are unique and not null in the first rows of both sides: small ones and ids first."""
    ranked = sorted(
        (pair for pair in columns.pairs if pair.kind not in (LIST, OTHER)),
        key=lambda pair: (_rank(pair), columns.pairs.index(pair)),
    )
    dimensions = [pair for pair in ranked if _rank(pair) < 2][:_TRIED]
    for pool in (dimensions, ranked[:_TRIED]):
        if not pool or not _tells_apart(con, before, after, pool):
            continue  # where all of them together do not tell rows apart, no few of them do
        for width in range(1, min(len(pool), _WIDEST) + 1):
            sets = [pairs for pairs in combinations(pool, width) if pool is dimensions or set(pairs) - set(dimensions)]
            yield from _unique_in_sample(con, before, after, sets)


def _tells_apart(con: duckdb.DuckDBPyConnection, before: Table, after: Table, pool: Sequence[Pair]) -> bool:
    """Whether no two of the first rows of a side are alike in all columns of `pool`."""
    for table, is_after in ((after, True), (before, False)):
        sides = [pair.after if is_after else pair.before for pair in pool]
        keys = [pair.compared(side.of("t"), side) for pair, side in zip(pool, sides, strict=True)]
        distinct = exp.Count(this=exp.Distinct(expressions=[call("row", *keys)]))
        row = run(con, select_from(_first_rows(table), exp.Count(this=exp.Star()), distinct)).fetchone()
        if row and row[0] != row[1]:
            return False
    return True


def _first_rows(table: Table) -> exp.Subquery:
    first = select_from(table.rows.subquery(identifier("r")), exp.Star()).limit(_SAMPLE)
    return first.subquery(identifier("t"))


def _rank(pair: Pair) -> int:
    """0 for what looks like an id, 1 for other texts and dates, 2 for what is rather measured than named."""
    if pair.after.shown in _ID_TYPES or _ID_WORD.search(pair.name) or _ID_ENDING.search(pair.name):
        return 0
    return 2 if pair.kind in (NUMBER, BOOLEAN) else 1


def _unique_in_sample(
    con: duckdb.DuckDBPyConnection, before: Table, after: Table, sets: Sequence[tuple[Pair, ...]]
) -> list[tuple[Pair, ...]]:
    """Those of the `sets` that no two of the first rows of a side share, and that hold no null there."""
    left = list(sets)
    for table, is_after in ((after, True), (before, False)):
        if not left:
            break
        items: list[exp.Expression] = [exp.Count(this=exp.Star())]
        for pairs in left:
            sides = [pair.after if is_after else pair.before for pair in pairs]
            keys = [pair.compared(side.of("t"), side) for pair, side in zip(pairs, sides, strict=True)]
            known = all_of(exp.Not(this=is_null(key.copy())) for key in keys)
            whole = keys[0] if len(keys) == 1 else call("row", *keys)
            case = choose([(known, whole)])
            items.append(exp.Count(this=exp.Distinct(expressions=[case])))
        row = run(con, select_from(_first_rows(table), *items)).fetchone() or ()
        left = [pairs for pairs, distinct in zip(left, row[1:], strict=True) if distinct == row[0]]
    return left


def _rows(con: duckdb.DuckDBPyConnection, table: Table) -> int:
    count = select_from(table.rows.subquery(identifier("t")), exp.Count(this=exp.Star()))
    row = run(con, count).fetchone()
    return int(row[0]) if row else 0
