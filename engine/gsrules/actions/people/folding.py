"""Rows that write into a person or an association, in row order: what each finds there and leaves (actions.md §5.4).

Any row may write any field here, and none is the same for all; CTAs and plans, of which most fields are, have
`changes/folding.py`, which tells their creation from hits.

All of them are decided in one statement: a value is carried on, by a window over the rows of the record, from the
last row that wrote it.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from gsrules.actions.changes.staging import any_of, call, case, column, fragment, named, select, sub
from gsrules.actions.mappings.values import as_set
from gsrules.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Slot:
    """A field of the record, over columns of the rows.

    `value` is what a row writes, `when` whether it writes the field at all (None: always), `made` what the record
    gets if the row creates it. The stored value is the column `s:` + name. `listed`: a multi-select, compared as a
    set; `appends`: its values are added to those that are there.
    """

    name: str
    value: exp.Expr
    made: exp.Expr
    when: exp.Expr | None = None
    listed: bool = False
    appends: bool = False

    @property
    def stored(self) -> exp.Expr:
        return column(f"s:{self.name}")

    @property
    def before(self) -> exp.Expr:
        return column(f"b:{self.name}")

    @property
    def after(self) -> exp.Expr:
        return column(f"a:{self.name}")

    @property
    def changed(self) -> exp.Expr:
        """Whether the row changes the field."""
        before, after = self.before, self.after
        if self.listed:
            before, after = as_set(before), as_set(after)
        return exp.NullSafeNEQ(this=after, expression=before)


def fold(source: exp.Query, slots: Sequence[Slot]) -> exp.Select:
    """All columns of `source`, with every slot before (`b:`) and after (`a:`) the row.

    `source` has a line a `row` and record, with the record's `gsid` and whether the row `makes` it.
    """
    boxes = (named(_box(slot), f"w:{slot.name}") for slot in slots)
    boxed = select(exp.Star(), *boxes).from_(sub(source, "f"), copy=False)
    lasts = (named(_last(slot), f"l:{slot.name}") for slot in slots)
    carried = select(exp.Star(), *lasts).from_(sub(boxed, "f"), copy=False)
    found = (named(_found(slot), f"b:{slot.name}") for slot in slots)
    known = select(exp.Star(), *found).from_(sub(carried, "f"), copy=False)
    gone = [column(f"{side}:{slot.name}") for slot in slots for side in "wl"]
    left = (named(_left(slot), f"a:{slot.name}") for slot in slots)
    return select(exp.Star(except_=gone), *left).from_(sub(known, "f"), copy=False)


def changes(slots: Sequence[Slot]) -> exp.Expr:
    """Whether a row changes any of the slots."""
    return any_of(slot.changed for slot in slots)


def of_record(window: exp.Expr) -> exp.Expr:
    """An aggregate over all rows of the record."""
    return exp.Window(this=window, partition_by=[column("gsid")])


def is_last() -> exp.Expr:
    """Whether the row is the last of its record."""
    order = exp.Order(expressions=[exp.Ordered(this=column("row"), desc=True)])
    place = exp.Window(this=exp.RowNumber(), partition_by=[column("gsid")], order=order)
    return fragment(":p = 1", p=place)


def _box(slot: Slot) -> exp.Expr:
    """What the row writes, in a box, so that a null that is written differs from nothing."""
    made, value = fragment("{'v': :v}", v=slot.made), fragment("{'v': :v}", v=slot.value)
    written = [(slot.when, value)] if slot.when is not None else []
    return case([(column("makes"), made), *written], None if slot.when is not None else value)


_BEFORE = "OVER (PARTITION BY :g ORDER BY :r ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"


def _last(slot: Slot) -> exp.Expr:
    """The box of the last row before that wrote the field; for what is appended, all of them."""
    boxes = "LIST(:w) FILTER (WHERE NOT :w IS NULL)" if slot.appends else "LAST_VALUE(:w IGNORE NULLS)"
    return fragment(f"{boxes} {_BEFORE}", w=column(f"w:{slot.name}"), g=column("gsid"), r=column("row"))


def _found(slot: Slot) -> exp.Expr:
    last = column(f"l:{slot.name}")
    if not slot.appends:
        return fragment("CASE WHEN :l IS NULL THEN :s ELSE STRUCT_EXTRACT(:l, 'v') END", l=last, s=slot.stored)
    # the first is the stored list; after a null the list begins anew
    return fragment(
        "LIST_REDUCE(LIST_CONCAT([:s], COALESCE(LIST_TRANSFORM(:l, LAMBDA x : STRUCT_EXTRACT(x, 'v')), [])),"
        " LAMBDA x, y : CASE WHEN NOT y IS NULL THEN LIST_DISTINCT(LIST_CONCAT(COALESCE(x, []), y)) END)",
        s=slot.stored,
        l=last,
    )


def _left(slot: Slot) -> exp.Expr:
    box = column(f"w:{slot.name}")
    value = fragment("STRUCT_EXTRACT(:w, 'v')", w=box)
    if slot.appends:
        both = call("list_concat", fragment("COALESCE(:b, [])", b=slot.before), value)
        value = fragment("CASE WHEN NOT :v IS NULL THEN LIST_DISTINCT(:both) END", v=value, both=both)
    return fragment("CASE WHEN :w IS NULL THEN :b ELSE :v END", w=box, b=slot.before, v=value)
