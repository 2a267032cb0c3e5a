"""Compares two tables row by row, by key and never by position, as a few statements whatever their size.

One full join leaves the rows that differ in a temporary table; everything else reads that table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Final

import duckdb
from sqlglot import exp

from gsrules.regress.difference.columns import Side, Table, matched_columns
from gsrules.regress.difference.keys import KeyChoice, choose_key
from gsrules.regress.difference.model import Duplicates, TableDifference
from gsrules.regress.difference.sql import Rows, all_of, any_of, call, choose, differs, is_null, number, text
from gsrules.regress.difference.summary import CHANGED, GONE, NEW, STATE, TIMES, Found, key_text, summarised, tallied
from gsrules.tenant.names import (
    column,
    create_temp,
    drop,
    identifier,
    named,
    rows_written,
    run,
    select_from,
    temp_table,
)

BEFORE, AFTER = "b", "a"
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Limits:
    """How many of each are kept: rows of each kind, transitions of a column, sample keys of a transition."""

    rows: int = 20
    transitions: int = 12
    samples: int = 3


DEFAULT_LIMITS: Final = Limits()


def compare_tables(
    con: duckdb.DuckDBPyConnection,
    subject: str,
    before: Table,
    after: Table,
    *,
    key: Sequence[str] = (),
    hints: Sequence[Sequence[str]] = (),
    limits: Limits = DEFAULT_LIMITS,
    tally: str = "",
) -> TableDifference:
    """What differs between two tables of `con`.

    `key` names the columns that tell rows apart; without it `hints` are tried (groups and identifiers of the rule),
    then the columns themselves. `tally` names a column by which new and gone rows are counted.
    Raises InputError GS-NAME for a key column that is not on both sides.
    """
    columns = matched_columns(con, before, after)
    choice = choose_key(con, before, after, columns, key, hints)
    others = tuple(pair for pair in columns.pairs if pair not in choice.pairs)
    alone = (columns.added, columns.removed) if choice.pairs and choice.unique else ((), ())
    found = Found(f"gs_difference_{next(_numbers)}", choice.pairs, others, *alone)
    twins = "" if choice.unique else f"{found.table}_twins"
    try:
        if twins:
            run(con, create_temp(twins, _twins(before, after, choice)))
        run(con, create_temp(found.table, _differing(before, after, choice, found, twins)))
        differing = rows_written(con)
        duplicates = _duplicates(con, twins, choice, limits) if twins else ()
        made = summarised(con, subject, found, columns, choice, duplicates, limits, differing)
        return replace(made, tally=tallied(con, found, tally, limits)) if tally and made else made
    finally:
        for name in (found.table, twins):
            if name:
                run(con, drop(temp_table(name)))


def _differing(before: Table, after: Table, choice: KeyChoice, found: Found, twins: str) -> Rows:
    """The rows that differ: by key, and whole where there is no key or a key has several rows."""
    if not choice.pairs:
        return _whole(before.rows, after.rows, found)
    if not twins:
        return _joined(before.rows, after.rows, choice, found)
    alone = _joined(
        _among(before, choice, "before", twins, "anti"), _among(after, choice, "after", twins, "anti"), choice, found
    )
    several = _whole(
        _among(before, choice, "before", twins, "semi"), _among(after, choice, "after", twins, "semi"), found
    )
    return exp.union(alone, several, distinct=False)


def _joined(before: Rows, after: Rows, choice: KeyChoice, found: Found) -> exp.Select:
    """One full join on the key; of the rows on both sides only those of which a column differs."""
    mark = named(exp.true(), "__there")
    left = select_from(before.subquery(identifier("r")), exp.Star(), mark).subquery(identifier(BEFORE))
    right = select_from(after.subquery(identifier("r")), exp.Star(), mark.copy()).subquery(identifier(AFTER))
    same = exp.NullSafeEQ if choice.nulls else exp.EQ
    on = all_of((same(this=b, expression=a) for b, a in (pair.forms(BEFORE, AFTER) for pair in choice.pairs)))
    no_before = is_null(column("__there", BEFORE))
    no_after = is_null(column("__there", AFTER))
    state = choose([(no_before, text(NEW)), (no_after, text(GONE))], text(CHANGED))
    items: list[exp.Expression] = [named(state, STATE), named(number(1), TIMES)]
    for i, pair in enumerate(choice.pairs):
        b, a = pair.forms(BEFORE, AFTER)
        items.append(named(exp.Coalesce(this=a, expressions=[b]), f"k{i}"))
    unlike: list[exp.Expression] = [no_before.copy(), no_after.copy()]
    for i, pair in enumerate(found.others):
        b, a = pair.forms(BEFORE, AFTER)
        items += [named(b, f"b{i}"), named(a, f"a{i}")]
        unlike.append(differs(b.copy(), a.copy()))
    items += [named(side.of(BEFORE), f"r{i}") for i, side in enumerate(found.removed)]
    items += [named(side.of(AFTER), f"n{i}") for i, side in enumerate(found.added)]
    return select_from(left, *items).join(right, on=on, join_type="full").where(any_of(unlike))


def _whole(before: Rows, after: Rows, found: Found) -> exp.Select:
    """Rows compared whole, over the common columns: how many more of each there are on one side."""
    pairs = (*found.keys, *found.others)
    names = [*(f"k{i}" for i in range(len(found.keys))), *(f"v{i}" for i in range(len(found.others)))]
    sides = []
    for rows, is_after in ((before, False), (after, True)):
        own = [(pair, pair.after if is_after else pair.before) for pair in pairs]
        items: list[exp.Expression] = [
            named(pair.compared(side.of("r"), side), name) for (pair, side), name in zip(own, names, strict=True)
        ]
        step = number(1) if is_after else number(-1)
        sides.append(select_from(rows.subquery(identifier("r")), *items, named(step, "step")))
    both = exp.union(sides[0], sides[1], distinct=False).subquery(identifier("u"))
    balance = exp.Cast(this=exp.Sum(this=column("step")), to=exp.DataType.build("BIGINT"))
    groups = select_from(both, *(column(name) for name in names), named(balance, "balance"))
    # without a common column no row is like another
    groups = groups.group_by(*(column(name) for name in names or ["step"]))
    is_new = exp.GT(this=column("balance"), expression=number(0))
    state = choose([(is_new, text(NEW))], text(GONE))
    shown: list[exp.Expression] = [named(state, STATE), named(exp.Abs(this=column("balance")), TIMES)]
    shown += [column(f"k{i}") for i in range(len(found.keys))]
    for i in range(len(found.others)):
        value = column(f"v{i}")
        shown.append(named(choose([(exp.Not(this=is_new.copy()), value)]), f"b{i}"))
        shown.append(named(choose([(is_new.copy(), value.copy())]), f"a{i}"))
    unequal = exp.NEQ(this=column("balance"), expression=number(0))
    return select_from(groups.subquery(identifier("g")), *shown).where(unequal)


def _twins(before: Table, after: Table, choice: KeyChoice) -> exp.Select:
    """The keys with more than one row on a side, with their rows on both: `before` and `after`."""
    sides = []
    for table, is_after in ((before, False), (after, True)):
        items: list[exp.Expression] = []
        for i, pair in enumerate(choice.pairs):
            side = pair.after if is_after else pair.before
            items.append(named(pair.compared(side.of("r"), side), f"k{i}"))
        for name, counted in (("before", not is_after), ("after", is_after)):
            items.append(named(number(int(counted)), name))
        sides.append(select_from(table.rows.subquery(identifier("r")), *items))
    keys = [column(f"k{i}") for i in range(len(choice.pairs))]
    sums = {name: exp.Sum(this=column(name)) for name in ("before", "after")}
    both = exp.union(sides[0], sides[1], distinct=False).subquery(identifier("u"))
    grouped = select_from(both, *keys, *(named(total, name) for name, total in sums.items()))
    one = number(1)
    several = any_of(exp.GT(this=total.copy(), expression=one.copy()) for total in sums.values())
    return grouped.group_by(*(key.copy() for key in keys)).having(several)


def _among(table: Table, choice: KeyChoice, which: str, twins: str, join: str) -> exp.Select:
    """The rows of a side whose key is among the twins (`semi`), or is not (`anti`)."""
    on = []
    for i, pair in enumerate(choice.pairs):
        side: Side = getattr(pair, which)
        key = pair.compared(side.of("r"), side)
        on.append(exp.NullSafeEQ(this=key, expression=column(f"k{i}", "t")))
    every = exp.Column(this=exp.Star(), table=identifier("r"))
    rows = select_from(table.rows.subquery(identifier("r")), every)
    return rows.join(temp_table(twins, "t"), on=all_of(on), join_type=join)


def _duplicates(
    con: duckdb.DuckDBPyConnection, twins: str, choice: KeyChoice, limits: Limits
) -> tuple[Duplicates, ...]:
    """How many keys occur more than once on each side, in how many rows, with samples."""
    shown = key_text([(column(f"k{i}"), pair.kind) for i, pair in enumerate(choice.pairs)])
    found = []
    for side in ("before", "after"):
        several = exp.GT(this=column(side), expression=number(1))
        samples = call("min", shown.copy(), number(limits.samples))
        query = select_from(temp_table(twins), exp.Count(this=exp.Star()), exp.Sum(this=column(side)), samples)
        row = run(con, query.where(several)).fetchone()
        if row and row[0]:
            found.append(Duplicates("before" if side == "before" else "after", row[0], int(row[1]), tuple(row[2])))
    return tuple(found)
