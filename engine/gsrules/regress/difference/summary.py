"""Puts the rows that differ into counts, transitions and samples."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import duckdb
from sqlglot import exp

from gsrules.regress.difference.columns import NUMBER, Columns, Pair, Side, shapes, text_of, value_of
from gsrules.regress.difference.model import (
    Cell,
    ChangedRow,
    ColumnDifference,
    Duplicates,
    Movement,
    OneSidedRow,
    TableDifference,
    Transition,
)
from gsrules.regress.difference.sql import (
    all_of,
    ascending,
    call,
    choose,
    differs,
    is_null,
    number,
    only_where,
    stacked,
    text,
)
from gsrules.tenant.names import column, identifier, named, run, select_from, temp_table

if TYPE_CHECKING:
    from gsrules.regress.difference.keys import KeyChoice
    from gsrules.regress.difference.table import Limits

STATE, TIMES = "state", "times"
CHANGED, NEW, GONE = "changed", "new", "gone"
_NULL: Final = "∅"
_AT_ONCE: Final = 40


@dataclass(frozen=True, slots=True)
class Found:
    """The temporary table of differing rows: `state`, `times`, the key as `k…`, the `others` as `b…` and `a…`.

    Columns that only one side has are `r…` (`removed`) and `n…` (`added`); rows compared whole do not have them.
    """

    table: str
    keys: tuple[Pair, ...]
    others: tuple[Pair, ...]
    added: tuple[Side, ...] = ()
    removed: tuple[Side, ...] = ()

    @property
    def key_columns(self) -> list[exp.Expression]:
        return [column(f"k{i}") for i in range(len(self.keys))]

    @property
    def key_text(self) -> exp.Expression:
        return key_text([(column(f"k{i}"), pair.kind) for i, pair in enumerate(self.keys)])


def key_text(parts: Sequence[tuple[exp.Expression, str]]) -> exp.Expression:
    """The values of a key as one text."""
    texts = [exp.Coalesce(this=text_of(part, kind), expressions=[text(_NULL)]) for part, kind in parts]
    if len(texts) == 1:
        return texts[0]
    return call("concat_ws", text(", "), *texts)


def summarised(
    con: duckdb.DuckDBPyConnection,
    subject: str,
    found: Found,
    columns: Columns,
    choice: KeyChoice,
    duplicates: tuple[Duplicates, ...],
    limits: Limits,
    differing: int,
) -> TableDifference:
    """The difference as data, from the table of the `differing` rows."""
    totals = _totals(con, found) if differing else {}
    changed, new, gone = (int(totals.get(name) or 0) for name in (CHANGED, NEW, GONE))
    moved = [(i, pair) for i, pair in enumerate(found.others) if totals.get(f"c{i}")]
    transitions = _transitions(con, found, moved, limits) if moved else {}
    changes = [
        ColumnDifference(pair.name, totals[f"c{i}"], *transitions[i], _movement(totals, i) if _moves(pair) else None)
        for i, pair in moved
    ]
    rarest = sorted((totals[f"c{i}"], i) for i, _ in moved) if changed > limits.rows else []
    rows = _Samples(con, found, limits, [i for _, i in rarest])
    return TableDifference(
        subject=subject,
        key=choice.key,
        before=choice.before.rows,
        after=choice.after.rows,
        same=choice.before.rows - gone - changed,
        new=new,
        gone=gone,
        changed=changed,
        columns=tuple(pair.name for pair in columns.pairs),
        added=shapes(columns.added),
        removed=shapes(columns.removed),
        retyped=columns.retyped,
        changes=tuple(sorted(changes, key=lambda each: -each.changed)),
        changed_rows=rows.changed() if changed else (),
        new_rows=rows.one_sided(NEW) if new else (),
        gone_rows=rows.one_sided(GONE) if gone else (),
        duplicates=duplicates,
    )


def _moves(pair: Pair) -> bool:
    return pair.kind == NUMBER


def _totals(con: duckdb.DuckDBPyConnection, found: Found) -> dict[str, Any]:
    """Rows of each state, and of each column the changes; for numbers how they moved."""
    items: list[exp.Expression] = [
        named(only_where(exp.Sum(this=column(TIMES)), exp.EQ(this=column(STATE), expression=text(state))), state)
        for state in (CHANGED, NEW, GONE)
    ]
    is_changed = exp.EQ(this=column(STATE), expression=text(CHANGED))
    for i, pair in enumerate(found.others):
        b, a = column(f"b{i}"), column(f"a{i}")
        turned = all_of([is_changed.copy(), differs(b, a)])
        items.append(named(_count_if(turned), f"c{i}"))
        if _moves(pair):
            items += _moving(i, turned)
    cursor = run(con, select_from(temp_table(found.table), *items))
    names = [each[0] for each in cursor.description or ()]
    return dict(zip(names, cursor.fetchone() or (), strict=True))


def _moving(i: int, turned: exp.Expression) -> list[exp.Expression]:
    b, a = column(f"b{i}"), column(f"a{i}")
    tests: dict[str, exp.Expression] = {
        "up": exp.GT(this=a, expression=b),
        "down": exp.LT(this=a.copy(), expression=b.copy()),
        "from": is_null(b.copy()),
        "to": is_null(a.copy()),
    }
    items: list[exp.Expression] = [
        named(_count_if(all_of([turned.copy(), test])), f"{name}{i}") for name, test in tests.items()
    ]
    # as a wide number: the step between two whole numbers may be longer than either
    step = exp.Sub(this=_wide(a.copy()), expression=_wide(b.copy()))
    for name, kind in (("least", exp.Min), ("most", exp.Max)):
        items.append(named(only_where(kind(this=step.copy()), turned.copy()), f"{name}{i}"))
    return items


def _wide(value: exp.Expression) -> exp.Expression:
    return exp.Cast(this=value, to=exp.DataType.build("DOUBLE"))


def _movement(totals: dict[str, Any], i: int) -> Movement:
    least, most = totals[f"least{i}"], totals[f"most{i}"]
    return Movement(
        up=totals[f"up{i}"],
        down=totals[f"down{i}"],
        from_null=totals[f"from{i}"],
        to_null=totals[f"to{i}"],
        least=_decimal(least),
        greatest=_decimal(most),
    )


def _decimal(value: Any) -> Decimal | None:
    return None if value is None else Decimal(f"{value:.9f}").normalize()


def _transitions(
    con: duckdb.DuckDBPyConnection, found: Found, moved: Sequence[tuple[int, Pair]], limits: Limits
) -> dict[int, tuple[int, tuple[Transition, ...]]]:
    """For each changed column the number of different transitions and the most frequent ones, with sample keys."""
    made: dict[int, tuple[int, tuple[Transition, ...]]] = {}
    for start in range(0, len(moved), _AT_ONCE):
        part = moved[start : start + _AT_ONCE]
        kinds = {i: pair.kind for i, pair in part}
        queries = [_transitions_of(found, i, pair, limits) for i, pair in part]
        rows = run(con, stacked(queries)).fetchall()
        for i in kinds:
            own = sorted((row for row in rows if row[0] == i), key=lambda row: row[1])
            shown = (
                Transition(value_of(b, kinds[i]), value_of(a, kinds[i]), n, tuple(samples))
                for _, _, b, a, n, samples, _ in own
            )
            made[i] = (own[0][6] if own else 0, tuple(shown))
    return made


def _transitions_of(found: Found, i: int, pair: Pair, limits: Limits) -> exp.Select:
    b, a = column(f"b{i}"), column(f"a{i}")
    everything = exp.Count(this=exp.Star())
    samples = call("min", found.key_text, number(limits.samples))
    order = [exp.Ordered(this=column("n"), desc=True), *(ascending(each) for each in (b, a))]
    groups = (
        select_from(temp_table(found.table), named(b, "b"), named(a, "a"))
        .select(named(everything, "n"), named(samples, "samples"))
        .where(exp.EQ(this=column(STATE), expression=text(CHANGED)))
        .where(differs(b.copy(), a.copy()))
        .group_by(b.copy(), a.copy())
    )
    order = [exp.Ordered(this=column("n"), desc=True), ascending(column("b")), ascending(column("a"))]
    place = exp.Window(this=exp.RowNumber(), order=exp.Order(expressions=order))
    total = exp.Window(this=everything.copy())
    ranked = select_from(groups.subquery(identifier("g")), exp.Star(), named(place, "place"), named(total, "different"))
    top = exp.LTE(this=column("place"), expression=number(limits.transitions))
    return select_from(
        ranked.subquery(identifier("r")),
        named(number(i), "i"),
        column("place"),
        named(text_of(column("b"), pair.kind), "b"),
        named(text_of(column("a"), pair.kind), "a"),
        column("n"),
        column("samples"),
        column("different"),
    ).where(top)


def tallied(con: duckdb.DuckDBPyConnection, found: Found, name: str, limits: Limits) -> tuple[Transition, ...]:
    """New and gone rows by the value of one column, the most frequent first: from and to nothing."""
    i, pair = next(((i, pair) for i, pair in enumerate(found.others) if pair.name == name), (0, None))
    if pair is None:
        return ()
    shown = text_of(exp.Coalesce(this=column(f"a{i}"), expressions=[column(f"b{i}")]), pair.kind)
    samples = call("min", found.key_text, number(limits.samples)) if found.keys else exp.Array()
    rows = select_from(
        temp_table(found.table),
        named(column(STATE), STATE),
        named(shown, "value"),
        named(exp.Sum(this=column(TIMES)), "n"),
    ).select(named(samples, "samples"))
    rows = rows.where(exp.NEQ(this=column(STATE), expression=text(CHANGED))).group_by(column(STATE), shown.copy())
    order = [exp.Ordered(this=column("n"), desc=True), ascending(column(STATE)), ascending(column("value"))]
    made = []
    for state, word, n, keys in run(con, rows.order_by(*order)).fetchall():
        value = value_of(word, pair.kind)
        is_new = state == NEW
        made.append(Transition(None if is_new else value, value if is_new else None, int(n), tuple(keys)))
    return tuple(made)


class _Samples:
    """The first differing rows of each state, in the order of their keys.

    Where not all changed rows are shown, those come first in which a rarely changed column changed (`rarest`).
    """

    def __init__(
        self, con: duckdb.DuckDBPyConnection, found: Found, limits: Limits, rarest: Sequence[int] = ()
    ) -> None:
        self._rarest = rarest
        self._con = con
        self._found = found
        self._limits = limits

    def changed(self) -> tuple[ChangedRow, ...]:
        """Changed rows, with the columns that differ."""
        found = self._found
        flags = [differs(column(f"b{i}"), column(f"a{i}")) for i in range(len(found.others))]
        items = [part for i, pair in enumerate(found.others) for part in self._texts(pair, f"b{i}", f"a{i}")]
        width = len(found.others)
        rows = []
        for row in self._first(CHANGED, [*flags, *items]):
            key, turned, values = row[: len(found.keys)], row[len(found.keys) :][:width], row[len(found.keys) + width :]
            cells = tuple(
                Cell(pair.name, value_of(values[2 * i], pair.kind), value_of(values[2 * i + 1], pair.kind))
                for i, (pair, flag) in enumerate(zip(found.others, turned, strict=True))
                if flag
            )
            rows.append(ChangedRow(self._key(key), cells))
        return tuple(rows)

    def one_sided(self, state: str) -> tuple[OneSidedRow, ...]:
        """Rows of one side, with all of its columns."""
        found = self._found
        letter = "a" if state == NEW else "b"
        own: list[tuple[str, str, str]] = [(p.name, p.kind, f"{letter}{i}") for i, p in enumerate(found.others)]
        own += _extra(found.added, "n") if state == NEW else _extra(found.removed, "r")
        items = [text_of(column(name), kind) for _, kind, name in own]
        rows = []
        for row in self._first(state, [column(TIMES), *items]):
            key, times, values = row[: len(found.keys)], row[len(found.keys)], row[len(found.keys) + 1 :]
            shown = dict(zip((name for name, _, _ in own), values, strict=True))
            kinds = {name: kind for name, kind, _ in own}
            named_values = {name: value_of(value, kinds[name]) for name, value in shown.items()}
            rows.append(OneSidedRow(self._key(key), named_values, int(times)))
        return tuple(rows)

    def _texts(self, pair: Pair, *names: str) -> list[exp.Expression]:
        return [text_of(column(name), pair.kind) for name in names]

    def _key(self, texts: Sequence[str | None]) -> tuple[Any, ...]:
        return tuple(value_of(text, pair.kind) for text, pair in zip(texts, self._found.keys, strict=True))

    def _first(self, state: str, items: Iterable[exp.Expression]) -> list[tuple[Any, ...]]:
        found = self._found
        keys = [text_of(column(f"k{i}"), pair.kind) for i, pair in enumerate(found.keys)]
        letter = "b" if state == GONE else "a"
        order = [*found.key_columns, *(column(f"{letter}{i}") for i in range(len(found.others)))]
        if state == CHANGED and len(self._rarest) > 1:
            ranks = [(differs(column(f"b{i}"), column(f"a{i}")), number(rank)) for rank, i in enumerate(self._rarest)]
            order.insert(0, choose(ranks))
        query = select_from(temp_table(found.table), *keys, *items)
        query = query.where(exp.EQ(this=column(STATE), expression=text(state)))
        query = query.order_by(*(ascending(each) for each in order)) if order else query
        return run(self._con, query.limit(self._limits.rows)).fetchall()


def _extra(sides: tuple[Side, ...], letter: str) -> list[tuple[str, str, str]]:
    return [(side.name, side.kind, f"{letter}{i}") for i, side in enumerate(sides)]


def _count_if(test: exp.Expression) -> exp.Expression:
    return only_where(exp.Count(this=exp.Star()), test)
