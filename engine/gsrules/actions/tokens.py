"""Null tokens in names and comments of CTAs (actions.md §6.2)."""

from __future__ import annotations

from gsrules.actions.rows import Matched
from gsrules.actions.staging import any_of, fragment
from gsrules.actions.values import CodeEntry
from gsrules.expressions.tree import Expr, Literal, Template


def null_tokens(template: Expr, rows: Matched) -> tuple[list[CodeEntry], list[CodeEntry]]:
    """The failures and the warnings of a text in which a token may be null, by `cta.null_token`."""
    parts = template.parts if isinstance(template, Template) else ()
    nulls = [fragment(":p IS NULL", p=rows.spell(part)) for part in parts if not isinstance(part, Literal)]
    if not nulls:
        return [], []
    if rows.run.profile["cta.null_token"] == "error":
        return [(any_of(nulls), "REQUIRED_MISSING")], []
    return [], [(any_of(nulls), "NULL_TOKEN")]
