"""One run a value, for parameters that go into groups and formulas: what each hits is told apart by its ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlglot import exp

from gsrules.catalogue.datatypes import Family
from gsrules.expressions.spell import spell
from gsrules.plan.nodes import Column
from gsrules.regress.sweep.bench import Bench, temporary
from gsrules.regress.sweep.hits import known
from gsrules.regress.sweep.margins import name_columns, shown
from gsrules.regress.sweep.model import ActionSweep, Margin, MarginRow, Point
from gsrules.regress.values import Forms
from gsrules.tenant.changes import Counts
from gsrules.tenant.names import column, create_temp, drop, named, run, select_from, temp_table


def repeated(bench: Bench, limit: int) -> tuple[ActionSweep, ...]:
    """Computes the datasets once for each value, and compares neighbours."""
    counts: list[tuple[Counts, ...]] = []
    margins: list[list[Margin]] = [[] for _ in bench.bounds[0].actions]
    before: list[str] = []
    for at in range(len(bench.swept.values)):
        datasets = bench.datasets(bench.bounds[at], trace=False)
        counts.append(bench.counts(at, datasets.tables))
        now = [_hit(bench, at, position, datasets.tables) for position in range(len(margins))]
        for table in datasets.tables.values():
            run(bench.tenant.con, drop(temp_table(table)))
        for position, (old, new) in enumerate(zip(before, now, strict=False)):
            margins[position].append(_margin(bench, at, position, old, new, limit))
        before = now
    made = []
    for position, (spec, _) in enumerate(bench.bounds[0].actions):
        own = [each[position] for each in counts]
        points = tuple(Point(value, each) for value, each in zip(bench.swept.values, own, strict=True))
        made.append(ActionSweep(str(spec.id), spec.action, points, tuple(margins[position])))
    return tuple(made)


def _identity(columns: Sequence[Column]) -> list[Column]:
    """What makes a row of one run the same as a row of another."""
    ids = [each for each in columns if each.type.family is Family.ID]
    texts = [each for each in columns if each.type.family is Family.TEXT]
    dates = [each for each in columns if each.type.family in (Family.DATE, Family.DATETIME)]
    return [*(ids or texts), *dates] or list(columns)


def _hit(bench: Bench, at: int, position: int, tables: Mapping[str, str]) -> str:
    """The rows that the value hits: names and ids, each once."""
    bound = bench.bounds[at]
    dataset = bench.dataset_of(position)
    columns = bound.plan.tasks[dataset].columns
    items = [named(column(each.name, "d"), f"n{number}") for number, each in enumerate(name_columns(columns))]
    items += [named(column(each.name, "d"), f"k{number}") for number, each in enumerate(_identity(columns))]
    query = select_from(temp_table(tables[dataset], "d"), *items).distinct(copy=False)
    criteria = bound.actions[position][1].criteria
    if criteria is not None:
        query = query.where(known(spell(criteria, bound.spelling("d"))), copy=False)
    table = temporary()
    run(bench.tenant.con, create_temp(table, query))
    return table


def _margin(bench: Bench, at: int, position: int, old: str, new: str, limit: int) -> Margin:
    values = bench.swept.values
    enter, come = _only(bench, at, position, new, old, limit)
    leave, gone = _only(bench, at, position, old, new, limit)
    rows = [MarginRow(name, "enters", {}) for name in come] + [MarginRow(name, "leaves", {}) for name in gone]
    return Margin(values[at - 1], values[at], enter, leave, tuple(rows))


def _only(bench: Bench, at: int, position: int, table: str, other: str, limit: int) -> tuple[int, list[str]]:
    """How many rows stand only in the first table, and what the first of them are called."""
    columns = bench.bounds[at].plan.tasks[bench.dataset_of(position)].columns
    names, keys = name_columns(columns), _identity(columns)
    same = [exp.NullSafeEQ(this=column(f"k{n}", "a"), expression=column(f"k{n}", "b")) for n in range(len(keys))]
    on: exp.Expression = same[0]
    for each in same[1:]:
        on = exp.And(this=on, expression=each)
    shown_names = [column(f"n{number}", "a") for number in range(len(names))]
    query = select_from(temp_table(table, "a"), *shown_names)
    query = query.join(exp.Join(this=temp_table(other, "b"), on=on, side="ANTI"), copy=False)
    rows = run(bench.tenant.con, query.order_by(*(each.copy() for each in shown_names), copy=False)).fetchall()
    forms = Forms(bench.workspace.catalogue, bench.profile)
    texts = [
        " · ".join(shown(forms, cell, each.type) or "∅" for cell, each in zip(row, names, strict=True))
        for row in rows[:limit]
    ]
    return len(rows), texts
