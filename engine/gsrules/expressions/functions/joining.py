"""Joining texts (data-setup.md §11.1)."""

from __future__ import annotations

from gsrules.expressions import sql
from gsrules.expressions.functions.model import NULL_JOINED, Counted, Speller
from gsrules.expressions.sql import Sql


def join_texts(parts: list[Sql], null_concat: str) -> Sql:
    """Texts joined under `formula.null_concat` (data-setup.md §11.1)."""
    if null_concat == "propagate":
        return sql.joined(parts)
    filled = sql.joined([sql.coalesce(part, sql.text("")) for part in parts])
    return sql.case([(sql.some([sql.is_not_null(part) for part in parts]), filled)])


def joined_nulls(parts: list[Sql], speller: Speller) -> tuple[Counted, ...]:
    """The rows in which a null made a join of texts null."""
    if speller.profile["formula.null_concat"] != "propagate" or not parts:
        return ()
    return (Counted(NULL_JOINED, sql.some([sql.is_null(part) for part in parts])),)
