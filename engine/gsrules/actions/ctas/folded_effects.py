"""The effects of actions of which a row either fails or hits its record: update_cta, plans (actions.md §6.6, §8)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from gsrules.actions.changes.effects import EffectColumns
from gsrules.actions.changes.staging import all_of, column, fragment, left_join, named, relation, select, sub
from gsrules.actions.ctas.comments import before_and_after, full_words, with_comments


def folded_effects(
    staged: str,
    touched: str,
    sides: Sequence[str],
    object: str,
    warnings: exp.Expr,
    *,
    appending: int | None = None,
) -> EffectColumns:
    """A row for every staged row: what it came to, and the fields `sides` before and after it.

    `staged` (as `s`) has `row`, `key`, `codes`, `field`, `shown`, `words`; `touched` (as `t`) the folded rows;
    `warnings` is over both. With `appending`, the longest text of Comments, a row without codes that touched nothing
    had a comment too many.
    """
    appends = appending is not None and "Comments" in sides
    written = sub(with_comments(touched), "t") if appends else relation(touched, "t")
    wrote = fragment("NOT :r IS NULL", r=column("row", "t"))
    codes, field, words = (column(name, "s") for name in ("codes", "field", "words"))
    parts = select(column("row", "s"), column("key", "s"), column("shown", "s"))
    if appending is None:
        parts = parts.select(codes, field, words, copy=False)
    else:
        lost = all_of([fragment(":c IS NULL", c=codes), fragment(":r IS NULL", r=column("row", "t"))])
        full = full_words(appending)
        parts = parts.select(
            named(fragment("CASE WHEN :l THEN ['STRING_TOO_LONG'] ELSE :c END", l=lost, c=codes), "codes"),
            named(fragment("CASE WHEN :l THEN '`comments`' ELSE :f END", l=lost, f=field), "field"),
            named(fragment("CASE WHEN :l THEN :full ELSE :w END", l=lost, full=full, w=words), "words"),
            copy=False,
        )
    parts = parts.select(
        named(wrote, "wrote"),
        *(column(name, "t") for name in ("gsid", "makes", "changed")),
        named(warnings, "warnings"),
        *(named(before_and_after(name)[0], f"p:{name}") for name in sides if appends or name != "Comments"),
        *(named(before_and_after(name)[1], f"a:{name}") for name in sides if appends or name != "Comments"),
        copy=False,
    )
    if "Comments" in sides and not appends:
        parts = parts.select(column("p:Comments", "t"), column("a:Comments", "t"), copy=False)
    on = exp.EQ(this=column("row", "t"), expression=column("row", "s"))
    parts = parts.from_(relation(staged, "s"), copy=False).join(left_join(written, on), copy=False)
    outcome = fragment(
        "CASE WHEN NOT :c IS NULL THEN 'failed' WHEN :m THEN 'created' WHEN :d THEN 'updated' ELSE 'unchanged' END",
        c=column("codes"),
        m=column("makes"),
        d=column("changed"),
    )
    return EffectColumns(
        source=select().from_(sub(parts, "c"), copy=False),
        row=column("row"),
        outcome=outcome,
        codes=column("codes"),
        field=column("field"),
        shown=column("shown"),
        words=column("words"),
        key=column("key"),
        object=object,
        gsid=column("gsid"),
        gsids=fragment("CASE WHEN :w THEN [:g] END", w=column("wrote"), g=column("gsid")),
        warnings=column("warnings"),
        before=[(name, column(f"p:{name}")) for name in sides],
        after=[(name, column(f"a:{name}")) for name in sides],
        has_before=fragment(":w AND NOT :m", w=column("wrote"), m=column("makes")),
        has_after=column("wrote"),
    )


def more_warnings(listed: exp.Expr, when: exp.Expr, code: exp.Expr) -> exp.Expr:
    """The warnings with one more where `when` holds."""
    return fragment("CASE WHEN :c THEN LIST_CONCAT(:w, [:t]) ELSE :w END", c=when, w=listed, t=code)
