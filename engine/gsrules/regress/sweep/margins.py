"""Counts the records that enter and leave between neighbouring values, and names the first of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlglot import exp

from gsrules.catalogue.datatypes import DataType, Family
from gsrules.expressions.leaves import source_text
from gsrules.expressions.spell import spell
from gsrules.plan.nodes import Column
from gsrules.regress.sweep.bench import Bench, temporary
from gsrules.regress.sweep.hits import Decider, Moved, differing, known
from gsrules.regress.sweep.model import Margin, MarginRow
from gsrules.regress.values import Forms
from gsrules.tenant.names import column, create_temp, named, run, select_from, temp_table

_NAMES: Final = 2


def name_columns(columns: Sequence[Column]) -> list[Column]:
    """What tells a person which record a row is: its name, else its first texts, else its first columns."""
    names = [each for each in columns if each.label.lower() == "name" or any(o.endswith(".Name") for o in each.origin)]
    texts = [each for each in columns if each.type.family is Family.TEXT]
    return (names or texts or list(columns))[:_NAMES]


def shown(forms: Forms, value: Any, type_: DataType) -> str | None:
    """A value as it stands in reports; numbers without zeros that say nothing."""
    made = forms.actual(value, type_)
    if made is None:
        return None
    if type_.family is Family.NUMBER:
        text = f"{made:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return str(made)


def hits_of(bench: Bench, position: int, dataset: str, moved: Moved | None) -> tuple[str, tuple[Decider, ...]]:
    """A table with a row for each row of the dataset that some value hits: names, deciding values, `h…`."""
    criteria = [bound.actions[position][1].criteria for bound in bench.bounds]
    first = bench.bounds[0]
    env = first.spelling("d")
    columns = first.plan.tasks[bench.dataset_of(position)].columns
    given = [each for each in criteria if each is not None]
    deciders = list(moved.deciders) if moved is not None else []
    values = differing(given) if len(given) == len(criteria) else []
    own = [Decider(f"c{at}", source_text(each), each.type) for at, each in enumerate(values)]
    hits = []
    for at, each in enumerate(criteria):
        hit = known(spell(each, env)) if each is not None else exp.true()
        if moved is not None:
            kept = exp.Coalesce(this=column(f"h{at}", "m"), expressions=[exp.true()])
            hit = exp.And(this=hit, expression=kept)
        hits.append(named(hit, f"h{at}"))
    items = [named(column("__row", "d"), "row")]
    items += [named(column(each.name, "d"), f"n{at}") for at, each in enumerate(name_columns(columns))]
    items += [named(column(each.column, "m"), each.column) for each in deciders]
    items += [named(spell(value, env), each.column) for each, value in zip(own, values, strict=True)]
    query = select_from(temp_table(dataset, "d"), *items, *hits)
    if moved is not None:
        met = exp.EQ(this=column("row", "m"), expression=column("__row", "d"))
        query = query.join(exp.Join(this=temp_table(moved.table, "m"), on=met, side="LEFT"), copy=False)
    table = temporary()
    run(bench.tenant.con, create_temp(table, query))
    return table, (*deciders, *own)


def margins_of(
    bench: Bench, position: int, table: str, deciders: Sequence[Decider], limit: int
) -> tuple[tuple[int, ...], tuple[Margin, ...]]:
    """The number of rows that each value hits, and the margins: two statements, and one for each margin that moves."""
    values = bench.swept.values
    every = exp.Count(this=exp.Star())
    wheres = [column(f"h{at}", "t") for at in range(len(values))]
    moves = [_change(at, enters) for at in range(len(values) - 1) for enters in (True, False)]
    counts = [exp.Filter(this=every.copy(), expression=exp.Where(this=each)) for each in (*wheres, *moves)]
    found = run(bench.tenant.con, select_from(temp_table(table, "t"), *counts)).fetchone() or ()
    matched, moved = found[: len(values)], found[len(values) :]
    margins = []
    for at in range(len(values) - 1):
        enter, leave = moved[2 * at], moved[2 * at + 1]
        rows = _rows(bench, position, table, deciders, at, limit) if enter or leave else ()
        margins.append(Margin(values[at], values[at + 1], enter, leave, rows))
    return tuple(matched), tuple(margins)


def _change(at: int, enters: bool) -> exp.Expression:
    before, after = column(f"h{at}", "t"), column(f"h{at + 1}", "t")
    gone, come = (before, after) if enters else (after, before)
    return exp.And(this=exp.Not(this=gone), expression=come)


def _rows(
    bench: Bench, position: int, table: str, deciders: Sequence[Decider], at: int, limit: int
) -> tuple[MarginRow, ...]:
    names = name_columns(bench.bounds[0].plan.tasks[bench.dataset_of(position)].columns)
    items = [column(f"n{number}", "t") for number in range(len(names))]
    items += [column(each.column, "t") for each in deciders]
    query = select_from(temp_table(table, "t"), column(f"h{at + 1}", "t"), *items)
    moving = exp.NEQ(this=column(f"h{at}", "t"), expression=column(f"h{at + 1}", "t"))
    query = query.where(moving, copy=False).order_by(column("row", "t"), copy=False).limit(limit, copy=False)
    forms = Forms(bench.workspace.catalogue, bench.profile)
    made = []
    for enters, *cells in run(bench.tenant.con, query).fetchall():
        name = " · ".join(shown(forms, cell, each.type) or "∅" for cell, each in zip(cells, names, strict=False))
        decides = {
            each.text: shown(forms, cell, each.type) for cell, each in zip(cells[len(names) :], deciders, strict=True)
        }
        made.append(MarginRow(name, "enters" if enters else "leaves", decides))
    return tuple(made)
