"""Rows that hit one CTA or plan, folded in row order into one write (actions.md §6.3, §6.6, §8)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from gsrules.actions.changes.staging import any_of, call, cast, column, fragment, named, select, sub
from gsrules.actions.mappings.values import as_set
from gsrules.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Slot:
    """A field of the record that the action knows.

    `made` is its value in a record that the action creates, `hit` what a row writes into a found one (None: nothing),
    `when` whether it does. `fixed` slots get the same value from every row of one record. `listed`: a multi-select,
    compared as a set; `appends`: what a row writes is added to what is there.
    """

    name: str
    storage: str
    made: exp.Expr
    hit: exp.Expr | None = None
    when: exp.Expr | None = None
    fixed: bool = True
    listed: bool = False
    appends: bool = False

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


def folded(
    touching: exp.Select, slots: Sequence[Slot], adds: Sequence[exp.Expr], elsewhere: Sequence[exp.Expr] = ()
) -> exp.Select:
    """Adds the state before (`p:`) and after (`a:`) each row, `alters`, `changed`, `place` and `is_last`.

    `touching` has `row`, `gsid` of the record, `makes`, `stored_id` (null if the action creates it), and `b:` of
    every slot. `adds` are conditions under which a row changes what is no slot, and so `alters` the record, `elsewhere`
    those under which it changes other records; with either of them the row has `changed` something.
    """
    place = exp.Window(this=exp.RowNumber(), **by_row())
    count = exp.Window(this=exp.Count(this=exp.Star()), partition_by=[column("gsid")])
    after = [named(_after(slot), f"a:{slot.name}") for slot in slots]
    states = select(exp.Star(), *after, named(place, "place"), named(count, "size")).from_(sub(touching), copy=False)
    before = [named(_before(slot), f"p:{slot.name}") for slot in slots]
    is_last = fragment(":p = :s", p=column("place"), s=column("size"))
    sides = select(exp.Star(), *before, named(is_last, "is_last")).from_(sub(states), copy=False)
    differs = [_differs(slot) for slot in slots if slot.hit is not None]
    altered = select(exp.Star(), named(any_of([*adds, *differs]), "alters")).from_(sub(sides), copy=False)
    changed = any_of([column("alters"), *elsewhere])
    return select(exp.Star(), named(changed, "changed")).from_(sub(altered), copy=False)


def _after(slot: Slot) -> exp.Expr:
    in_hit = slot.base if slot.hit is None else slot.hit
    made = cast(slot.made, slot.storage)
    if slot.fixed:
        return fragment("CASE WHEN :s IS NULL THEN :m ELSE :h END", s=column("stored_id"), m=made, h=in_hit)
    if slot.hit is None:
        first = exp.Window(this=exp.FirstValue(this=made), **by_row())  # the row that creates a record comes first
        return fragment("CASE WHEN :s IS NULL THEN :f ELSE :b END", s=column("stored_id"), f=first, b=slot.base)
    writes = any_of([column("makes"), slot.when or exp.true()])
    hit = cast(slot.hit, slot.storage)
    value = fragment("CASE WHEN :k THEN :m ELSE :h END", k=column("makes"), m=made, h=hit)
    box = fragment("CASE WHEN :w THEN {'v': :v} END", w=writes, v=value)
    if slot.appends:
        return _appended(box, slot.base)
    last = exp.Window(this=exp.IgnoreNulls(this=exp.LastValue(this=box)), **running())
    return fragment("CASE WHEN :l IS NULL THEN :b ELSE STRUCT_EXTRACT(:l, 'v') END", l=last, b=slot.base)


def _appended(box: exp.Expr, stored: exp.Expr) -> exp.Expr:
    """The stored list with those of the rows so far, which begin anew after a null."""
    written = exp.Filter(this=call("list", box), expression=exp.Where(this=fragment("NOT :b IS NULL", b=box)))
    return fragment(
        "LIST_REDUCE(LIST_CONCAT([:s], COALESCE(LIST_TRANSFORM(:b, lambda x: STRUCT_EXTRACT(x, 'v')), [])),"
        " lambda x, y: CASE WHEN y IS NULL THEN NULL ELSE LIST_DISTINCT(LIST_CONCAT(COALESCE(x, []), y)) END)",
        s=stored,
        b=exp.Window(this=written, **running()),
    )


def _differs(slot: Slot) -> exp.Expr:
    before, after = slot.before, slot.after
    if slot.listed:
        return exp.NullSafeNEQ(this=as_set(after), expression=as_set(before))
    return exp.NullSafeNEQ(this=after, expression=before)


def _before(slot: Slot) -> exp.Expr:
    if slot.fixed or slot.hit is None:
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
