"""Conditions of a task (data-setup.md §5)."""

from __future__ import annotations

from typing import cast

from gsrules.expressions.scope import Scope
from gsrules.expressions.tree import Expr
from gsrules.expressions.where import Conditions, bind_where
from gsrules.plan.env import TaskEnv
from gsrules.plan.nodes import Filter, Node
from gsrules.spec.pieces import WhereSpec


def bind_filter(where: WhereSpec | None, scope: Scope, env: TaskEnv) -> Expr | None:
    """The bound conditions; None if there are none, or after noting what is wrong with them."""
    if where is None:
        return None
    with env.findings.collecting():
        # Letters and conditions are texts; a mapping's key type is invariant, so this must be said.
        return bind_where(cast(Conditions, where), scope, env.context)
    return None


def filtered(node: Node, predicate: Expr | None) -> Node:
    """The node with the condition, if there is one."""
    return node if predicate is None else Filter(node, predicate)
