"""What an expression says that nobody can click together in Gainsight: warned of as GS-EXT."""

from __future__ import annotations

from gsrules.errors import Problem
from gsrules.expressions.adapt import is_constant
from gsrules.expressions.place import place_at
from gsrules.expressions.scope import Context
from gsrules.expressions.tree import (
    Arithmetic,
    Between,
    Call,
    Case,
    ColumnRef,
    Compare,
    Concat,
    Convert,
    DateShift,
    Expr,
    InList,
    Negate,
    Not,
    NullTest,
    Period,
    TextMatch,
    children,
    walk,
)

_CONDITIONS = (Compare, InList, Between, TextMatch, NullTest)
_CLICKED_UNITS = ("days", "weeks")


def warn_extensions(expr: Expr, text: str, context: Context) -> None:
    """Warns of `not`, of a case inside of a formula, of months added to a field, of computed sides of conditions.

    Sources: data-setup.md §5.1, §11.2, §12.
    """
    for node in walk(expr):
        message, hint = _extension(node, expr)
        if message:
            place = node.place or place_at(text, 0, len(text))
            context.warn(Problem("GS-EXT", message, place, value=text[:60], hint=hint, severity="warning"))


def _extension(node: Expr, root: Expr) -> tuple[str, str]:
    if isinstance(node, Not) and isinstance(node.operand, Period):
        return (
            "Gainsight's filters have periods with in only, not with not in",
            "filter for the days before and after it",
        )
    if isinstance(node, Not):
        return "Gainsight's logic has no not", "use the opposite operator, such as != or not in"
    if isinstance(node, Case) and node is not root:
        return "Gainsight has case fields, not a case inside of a formula", "make it a formula of its own"
    if isinstance(node, DateShift) and _on_field(node.base) and node.unit not in _CLICKED_UNITS:
        return f"Gainsight adds days and weeks to a field, not {node.unit}", ""
    if isinstance(node, _CONDITIONS) and any(_is_computed(part) for part in children(node)):
        return "Gainsight's filters compare fields and values, nothing computed", "make it a formula field first"
    return "", ""


def _is_computed(part: Expr) -> bool:
    """Whether a side of a condition is worked out from fields."""
    return isinstance(part, Arithmetic | Negate | Concat | Call | Case) and not is_constant(part)


def _on_field(base: Expr) -> bool:
    return isinstance(base, ColumnRef) or (isinstance(base, Convert) and isinstance(base.operand, ColumnRef))
