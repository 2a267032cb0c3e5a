"""Null tokens in names and comments of CTAs (actions.md §6.2)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sqlglot import exp

from gsrules.actions.changes.rows import Matched
from gsrules.actions.changes.staging import any_of, case, fragment, text
from gsrules.actions.mappings.values import StagedValue
from gsrules.catalogue.datatypes import Family
from gsrules.expressions.tree import Convert, Expr, Literal, Template

_WORDS: Final = "a ${…} token is null, which `cta.null_token: error` refuses"


def with_null_tokens(staged: StagedValue, template: Expr, rows: Matched) -> StagedValue:
    """The text of a template, with the failure or warning of a null token (`cta.null_token`)."""
    nulls = null_tokens(template, rows)
    if not nulls:
        return staged
    if rows.run.profile["cta.null_token"] != "error":
        return replace(staged, warnings=(*staged.warnings, (any_of(nulls), "NULL_TOKEN")))
    words = {**staged.words, "REQUIRED_MISSING": case([(any_of(nulls), text(_WORDS))])}
    return replace(staged.with_failure(any_of(nulls), "REQUIRED_MISSING"), words=words)


def null_tokens(template: Expr, rows: Matched) -> list[exp.Expr]:
    """For each token of a text, whether it is null."""
    parts = template.parts if isinstance(template, Template) else ()
    return [fragment(":p IS NULL", p=rows.spell(_shown(part))) for part in parts if not isinstance(part, Literal)]


def _shown(part: Expr) -> Expr:
    """A number instead of its text, which is null where the number is, but takes long to spell out."""
    if isinstance(part, Convert) and part.operand.type.family is Family.NUMBER:
        return part.operand
    return part
