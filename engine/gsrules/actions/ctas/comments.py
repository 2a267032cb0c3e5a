"""Comments of CTAs: appended in row order, as far as they fit (actions.md §6.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlglot import exp

from gsrules.actions.changes.folding import by_row, running
from gsrules.actions.changes.rows import Matched
from gsrules.actions.changes.staging import (
    call,
    column,
    fragment,
    named,
    number,
    relation,
    select,
    sub,
    text,
    typed_null,
)
from gsrules.actions.mappings.conversion import length_words, longer_than
from gsrules.actions.mappings.tokens import with_null_tokens
from gsrules.actions.mappings.values import StagedValue
from gsrules.catalogue import Catalogue
from gsrules.expressions.tree import Expr
from gsrules.spec import CommentsSpec, refusal

BREAK: Final = "<br/>"
_LONGEST: Final = 150_000


def comment_length(catalogue: Catalogue) -> int:
    """How long the comments of a CTA may be."""
    return catalogue.objects["call_to_action"].fields["Comments"].type.length or _LONGEST


def stage_comment(template: Expr | None, rows: Matched, length: int) -> StagedValue:
    """The rendered comment (empty is null) with its codes; without a template a null."""
    if template is None:
        nothing = typed_null("VARCHAR")
        return StagedValue("`comments`", nothing, nothing)
    value = rows.once(rows.spell(template))
    failures, words = [], {}
    if truncates(rows.run.profile):
        value = fragment("LEFT(:v, :n)", v=value, n=number(length))
    else:
        failures.append((longer_than(length, value), "STRING_TOO_LONG"))
        words["STRING_TOO_LONG"] = length_words(length, value)
    value = fragment("NULLIF(:v, '')", v=value)
    staged = StagedValue("`comments`", value, value, tuple(failures), words=words)
    return with_null_tokens(staged, template, rows)


def refuse_mode(comments: CommentsSpec | None) -> None:
    """Refuses `mode` where CTAs are created or closed."""
    if comments is not None and "mode" in comments.model_fields_set:
        hint = "repeat: always | once | never"
        raise refusal("GS-SPEC-ONE-OF", "`mode` is for updating CTAs", key="comments", hint=hint)


def truncates(profile: Mapping[str, Any]) -> bool:
    return bool(profile["load.overlength"] == "truncate")


def fitting(touching: exp.Select, length: int) -> exp.Select:
    """Without the rows whose comment would make the field longer than `length`; needs `appends`."""
    one = fragment("CASE WHEN :a THEN LENGTH(:c) + 5 ELSE 0 END", a=column("appends"), c=column("comment"))
    total = exp.Window(this=exp.Sum(this=one), **running())
    long = fragment(
        ":a AND NOT :m AND COALESCE(LENGTH(NULLIF(:b, '')), -5) + :t > :n",
        a=column("appends"),
        m=column("makes"),
        b=column("b:Comments"),
        t=total,
        n=number(length),
    )
    checked = select(exp.Star(), named(long, "too_long")).from_(sub(touching), copy=False)
    return (
        select(exp.Star()).from_(sub(checked), copy=False).where(fragment("NOT :l", l=column("too_long")), copy=False)
    )


def full_words(length: int) -> exp.Expr:
    """Of a row that left because of `fitting`."""
    return text(f"with this comment they would have more than {length} characters")


def with_comments(touched: str) -> exp.Select:
    """Adds the comments that the rows of a CTA have written: `so_far` with the row, `prior` without it."""
    text_now = fragment("CASE WHEN :a THEN :c END", a=column("appends"), c=column("comment"))
    so_far = exp.Window(this=call("string_agg", text_now, text(BREAK)), **running())
    summed = select(exp.Star(), named(so_far, "so_far")).from_(relation(touched), copy=False)
    prior = exp.Window(this=fragment("LAG(:s)", s=column("so_far")), **by_row())
    return select(exp.Star(), named(prior, "prior")).from_(sub(summed), copy=False)


def before_and_after(name: str) -> tuple[exp.Expr, exp.Expr]:
    """A field before and after a row of `touched` as `t`; Comments are put together here."""
    if name == "Comments":
        base = column("b:Comments", "t")
        return joined_comments(base, column("prior", "t")), joined_comments(base, column("so_far", "t"))
    return column(f"p:{name}", "t"), column(f"a:{name}", "t")


def joined_comments(base: exp.Expr, more: exp.Expr) -> exp.Expr:
    """A comment after another one."""
    return fragment(
        "CASE WHEN :m IS NULL THEN :b ELSE CONCAT_WS(:br, NULLIF(:b, ''), :m) END", m=more, b=base, br=text(BREAK)
    )


def totals(touched: str) -> exp.Select:
    """`appended` comments of every CTA, and whether it is `altered`."""
    appended = fragment("STRING_AGG(:c, :b ORDER BY :r)", c=column("comment"), b=text(BREAK), r=column("row"))
    query = select(
        column("gsid"),
        named(exp.Filter(this=appended, expression=exp.Where(this=column("appends"))), "appended"),
        named(fragment("BOOL_OR(:c)", c=column("alters")), "altered"),
    ).from_(relation(touched), copy=False)
    return query.group_by(column("gsid"), copy=False)


def last_states(touched: str, summed: str) -> exp.Select:
    """The last row (`t`) of every CTA with its totals (`s`)."""
    source = select(named(column("gsid", "t"), "Gsid")).from_(relation(touched, "t"), copy=False)
    on = exp.EQ(this=column("gsid", "s"), expression=column("gsid", "t"))
    return source.join(relation(summed, "s"), on=on, copy=False).where(column("is_last", "t"), copy=False)


def all_comments(profile: Mapping[str, Any], length: int) -> exp.Expr:
    """Comments of a CTA of `last_states` with all that is appended."""
    comments = joined_comments(column("b:Comments", "t"), column("appended", "s"))
    return fragment("LEFT(:c, :n)", c=comments, n=number(length)) if truncates(profile) else comments
