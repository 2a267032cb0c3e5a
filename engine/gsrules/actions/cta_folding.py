"""Rows that hit one record, folded in row order into one write (actions.md §6.3, §6.6, §8)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from gsrules.actions.staging import any_of, cast, column, fragment, named, select, sub
from gsrules.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Slot:
    """A field of the record that the action knows.

    `made` is its value in a record that the action creates, `hit` what a row writes into a found one (None: nothing),
    `when` whether it does. `fixed` slots get the same value from every row of one record.
    """

    name: str
    storage: str
    made: exp.Expr
    hit: exp.Expr | None = None
    when: exp.Expr | None = None
    fixed: bool = True

    @property
    def base(self) -> exp.Expr:
        """As it is stored."""
        return column(f"b:{self.name}")

    @property
    def after(self) -> exp.Expr:
        return column(f"a:{self.name}")

    @property
    def before(self) -> exp.Expr:
        return column(f"p:{self.name}")


def folded(touching: exp.Select, slots: Sequence[Slot], also_changed: Sequence[exp.Expr]) -> exp.Select:
    """Adds the state before (`p:`) and after (`a:`) each row, `changed`, `place` and `is_last`.

    `touching` has `row`, `gsid` of the record, `makes`, `stored_id` (null if the action creates it), and `b:` of
    every slot; `also_changed` are conditions on its columns under which a row changes what is no slot.
    """
    place = exp.Window(this=exp.RowNumber(), **by_row())
    count = exp.Window(this=exp.Count(this=exp.Star()), partition_by=[column("gsid")])
    after = [named(_after(slot), f"a:{slot.name}") for slot in slots]
    states = select(exp.Star(), *after, named(place, "place"), named(count, "size")).from_(sub(touching), copy=False)
    before = [named(_before(slot), f"p:{slot.name}") for slot in slots]
    is_last = fragment(":p = :s", p=column("place"), s=column("size"))
    sides = select(exp.Star(), *before, named(is_last, "is_last")).from_(sub(states), copy=False)
    differs = [exp.NullSafeNEQ(this=slot.after, expression=slot.before) for slot in slots if slot.hit is not None]
    changed = any_of([*also_changed, *differs])
    return select(exp.Star(), named(changed, "changed")).from_(sub(sides), copy=False)


def _after(slot: Slot) -> exp.Expr:
    in_hit = slot.base if slot.hit is None else slot.hit
    made = cast(slot.made, slot.storage)
    if slot.fixed:
        return fragment("CASE WHEN :s IS NULL THEN :m ELSE :h END", s=column("stored_id"), m=made, h=in_hit)
    writes: exp.Expr = column("makes")
    value: exp.Expr = made
    if slot.hit is not None:
        writes = any_of([column("makes"), slot.when or exp.true()])
        hit = cast(slot.hit, slot.storage)
        value = fragment("CASE WHEN :k THEN :m ELSE :h END", k=column("makes"), m=made, h=hit)
    box = fragment("CASE WHEN :w THEN {'v': :v} END", w=writes, v=value)
    last = exp.Window(this=exp.IgnoreNulls(this=exp.LastValue(this=box)), **running())
    return fragment("CASE WHEN :l IS NULL THEN :b ELSE STRUCT_EXTRACT(:l, 'v') END", l=last, b=slot.base)


def _before(slot: Slot) -> exp.Expr:
    if slot.fixed:
        # the rows before left the same value
        return fragment("CASE WHEN :p = 1 THEN :b ELSE :a END", p=column("place"), b=slot.base, a=slot.after)
    previous = exp.Window(this=fragment("LAG(:a)", a=slot.after), **by_row())
    return fragment("CASE WHEN :p = 1 THEN :b ELSE :l END", p=column("place"), b=slot.base, l=previous)


def by_row() -> dict[str, object]:
    """A window over the rows of one record, in order."""
    return {
        "partition_by": [column("gsid")],
        "order": exp.Order(expressions=[exp.Ordered(this=column("row"), desc=False)]),
    }


def running() -> dict[str, object]:
    """The rows of one record up to the current one."""
    spec = exp.WindowSpec(kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end="CURRENT ROW")
    return {**by_row(), "spec": spec}
