"""Whole queries as constant SQL text, with tables and values filled in as nodes."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from gsrules.actions.changes.staging import fragment, identifier, use


def statement(query: str, tables: Mapping[str, exp.Expr], **parts: exp.Expr) -> exp.Select:
    """The constant query with each `"@name"` in FROM replaced by that table or sub-query, each `:name` by that part."""
    tree = fragment(query, **parts)
    for table in list(tree.find_all(exp.Table)):
        if not table.name.startswith("@"):
            continue
        made = use(tables[table.name[1:]]).copy()
        made.set("alias", exp.TableAlias(this=identifier(table.alias or table.name[1:])))
        table.replace(made)
    assert isinstance(tree, exp.Select)
    return tree
