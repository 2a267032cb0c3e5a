"""Conditions of a task (data-setup.md §5)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Final, cast

from gsrules.errors import InputError
from gsrules.expressions.scope import Scope
from gsrules.expressions.show import parse_show_item
from gsrules.expressions.tree import Expr
from gsrules.expressions.where import Conditions, bind_where
from gsrules.plan.env import TaskEnv
from gsrules.plan.nodes import Filter, Node
from gsrules.spec.pieces import WhereSpec
from gsrules.spec.text import Text

_BEFORE: Final = "a filter sees what the task reads, not what it makes: filter in a transform after this one"


def bind_filter(where: WhereSpec | None, scope: Scope, env: TaskEnv, made: Iterable[str] = ()) -> Expr | None:
    """The bound conditions; None if there are none, or after noting what is wrong with them.

    `made` are the names that the task gives to columns of its own: no condition sees them (data-setup.md §1.3).
    """
    if where is None:
        return None
    with env.findings.collecting(), telling_of(made, _BEFORE):
        # Letters and conditions are texts; a mapping's key type is invariant, so this must be said.
        return bind_where(cast(Conditions, where), scope, env.context)
    return None


def names_given(show: Sequence[Text] | None) -> Iterator[str]:
    """The names that show items give with `as`, and those of aggregates without it."""
    for text in show or ():
        with suppress(InputError):
            item = parse_show_item(text)
            if item.alias or item.kind in ("aggregate", "count_all"):
                yield str(item.alias or item.default_alias)


@contextmanager
def telling_of(unseen: Iterable[str], hint: str) -> Iterator[None]:
    """Gives the hint to an unknown field that the task makes itself, and so cannot see."""
    try:
        yield
    except InputError as wrong:
        names = {name.lower() for name in unseen}
        raise InputError(
            replace(problem, hint=hint, nearest="")
            if problem.code == "GS-NAME" and problem.value.strip("[] ").lower() in names
            else problem
            for problem in wrong.problems
        ) from wrong


def filtered(node: Node, predicate: Expr | None) -> Node:
    """The node with the condition, if there is one."""
    return node if predicate is None else Filter(node, predicate)
