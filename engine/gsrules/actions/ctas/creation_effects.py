"""The effects of create_cta: what its report says about every matched row (actions.md §6.3, §10.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlglot import exp

from gsrules.actions.changes.effects import EffectColumns
from gsrules.actions.changes.messages import SKIPS
from gsrules.actions.changes.staging import (
    all_of,
    call,
    column,
    fragment,
    left_join,
    named,
    relation,
    select,
    sub,
    text,
)
from gsrules.actions.ctas.comments import before_and_after, full_words, with_comments
from gsrules.actions.ctas.decision import CTA, Decision, codes_of
from gsrules.actions.ctas.fields import null_written
from gsrules.actions.ctas.folded_effects import more_warnings

TOUCHING: Final = ("create", "update", "follow")
"""The steps of rows that write."""


def cta_effects(decision: Decision, sides: Sequence[str], decided: str, touched: str, fresh: str) -> EffectColumns:
    """A row for every decided row, with the fields `sides` before and after it.

    `touched` has them as `p:` and `a:`, except for Comments, which are put together here.
    """
    written = sub(with_comments(touched), "t") if "Comments" in sides else relation(touched, "t")
    parts = _parts(decision, decided, written, fresh)
    parts = parts.select(*(named(before_and_after(name)[0], f"p:{name}") for name in sides), copy=False)
    parts = parts.select(*(named(before_and_after(name)[1], f"a:{name}") for name in sides), copy=False)
    skipped = exp.In(
        this=fragment("list_extract(:c, 1)", c=column("codes")), expressions=[text(code) for code in sorted(SKIPS)]
    )
    outcome = fragment(
        "CASE WHEN NOT :c IS NULL THEN CASE WHEN :s THEN 'skipped' ELSE 'failed' END"
        " WHEN :m THEN 'created' WHEN :d THEN 'updated' ELSE 'unchanged' END",
        c=column("codes"),
        s=skipped,
        m=column("makes"),
        d=column("changed"),
    )
    shown = fragment(
        "CASE WHEN :s = 'ownerless' THEN :o WHEN :s IN ('recent', 'repeat') THEN :g ELSE :old END",
        s=column("step"),
        o=column("owner_shown"),
        g=column("cta"),
        old=column("shown"),
    )
    wrote = column("wrote")
    return EffectColumns(
        source=select().from_(sub(parts, "c"), copy=False),
        row=column("row"),
        outcome=outcome,
        codes=column("codes"),
        field=column("field"),
        shown=shown,
        words=column("words"),
        key=column("key"),
        object=CTA,
        gsid=column("cta"),
        gsids=fragment("CASE WHEN :w THEN [:g] END", w=wrote, g=column("gsid")),
        warnings=_warnings(decision),
        before=[(name, column(f"p:{name}")) for name in sides],
        after=[(name, column(f"a:{name}")) for name in sides],
        has_before=fragment(":w AND NOT :m", w=wrote, m=column("makes")),
        has_after=wrote,
    )


def _parts(decision: Decision, decided: str, written: exp.Expr, fresh: str) -> exp.Select:
    """The decided rows (`d`) with what they wrote (`written`) and, for rows skipped after a creation, its CTA (`n`)."""
    lost = all_of(
        [
            exp.In(this=_d("step"), expressions=[text(step) for step in TOUCHING]),
            fragment(":r IS NULL", r=column("row", "t")),
        ]
    )
    codes = fragment("CASE WHEN :l THEN ['STRING_TOO_LONG'] ELSE :c END", l=lost, c=codes_of(_d("step"), _d("codes")))
    full = full_words(decision.comment_length)
    recent = fragment("CASE WHEN :s = 'recent' THEN :r END", s=_d("step"), r=_d("recent_id"))
    query = select(
        *(_d(name) for name in ("row", "step", "owner", "owner_shown", "shown", "warnings")),
        *(column(name, "t") for name in ("gsid", "makes", "changed")),
        named(fragment("NOT :r IS NULL", r=column("row", "t")), "wrote"),
        named(codes, "codes"),
        named(fragment("CASE WHEN :l THEN '`comments`' ELSE :f END", l=lost, f=_d("field")), "field"),
        named(fragment("CASE WHEN :l THEN :full ELSE :w END", l=lost, full=full, w=_d("words")), "words"),
        named(call("concat_ws", text(", "), _d("entity"), _d("name")), "key"),
        named(fragment("COALESCE(:t, :r, :n)", t=column("gsid", "t"), r=recent, n=column("gsid", "n")), "cta"),
    ).from_(relation(decided, "d"), copy=False)
    nulled = null_written(decision.action.mappings, "t")
    if decision.nulls_warn and nulled is not None:
        hit = all_of([fragment("NOT :m", m=column("makes", "t")), nulled])
        query = query.select(named(hit, "nulled"), copy=False)
    after_creation = all_of(
        [exp.EQ(this=_d("step"), expression=text("repeat")), exp.EQ(this=column("row", "n"), expression=_d("lead"))]
    )
    query = query.join(left_join(written, exp.EQ(this=column("row", "t"), expression=_d("row"))), copy=False)
    return query.join(left_join(relation(fresh, "n"), after_creation), copy=False)


def _warnings(decision: Decision) -> exp.Expr:
    warnings: exp.Expr = column("warnings")
    if decision.nulls_warn:
        warnings = more_warnings(warnings, column("nulled"), text("NULL_WRITTEN"))
    if decision.run.profile["cta.owner_missing"] != "none":
        return warnings
    return fragment(
        "CASE WHEN :m AND :o IS NULL THEN LIST_CONCAT(:w, ['OWNER_UNRESOLVED']) ELSE :w END",
        m=column("makes"),
        o=column("owner"),
        w=warnings,
    )


def _d(name: str) -> exp.Column:
    return column(name, "d")
