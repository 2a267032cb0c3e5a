"""What conditions say about single columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import TYPE_CHECKING

from gsrules.dataclass import dataclass
from gsrules.expressions.tree import (
    Between,
    ColumnRef,
    Compare,
    Convert,
    Expr,
    InList,
    Literal,
    Logic,
    Not,
    NullTest,
    Period,
    PicklistItem,
    TextMatch,
    references,
)
from gsrules.plan.nodes import Aggregate, Filter, Node, Project
from gsrules.plan.nodes import walk as walk_nodes

if TYPE_CHECKING:
    from gsrules.run.advice.model import Subject


@dataclass(frozen=True, slots=True)
class Predicate:
    """A filter, a criteria or a condition of a pivot or case; `where` names its task or action."""

    expr: Expr
    where: str


def predicates(subject: Subject) -> Iterator[Predicate]:
    """Every condition of a rule as a whole: filters, pivot columns, cases, criteria."""
    for task in subject.plan.tasks.values():
        for node in walk_nodes(task.node):
            for expr in _conditions(node):
                yield Predicate(expr, task.name)
    for spec, action in subject.actions:
        if action.criteria is not None:
            yield Predicate(action.criteria, f"action '{spec.id}'")


def _conditions(node: Node) -> Iterator[Expr]:
    if isinstance(node, Filter):
        yield node.predicate
    elif isinstance(node, Aggregate):
        yield from (measure.where for measure in node.measures if measure.where is not None)


def expressions(node: Node) -> Iterator[Expr]:
    """The expressions of a node itself."""
    match node:
        case Filter():
            yield node.predicate
        case Project():
            yield from (item.expr for item in node.items)
        case Aggregate():
            yield from (key.expr for key in node.keys)
            for measure in node.measures:
                yield from (each for each in (measure.argument, measure.where, measure.default) if each is not None)


def conjuncts(expr: Expr) -> tuple[Expr, ...]:
    """What must hold together."""
    return expr.terms if isinstance(expr, Logic) and expr.op == "and" else (expr,)


def never_null(expr: Expr) -> frozenset[str]:
    """The columns that are not null in every row for which the condition is true."""
    match expr:
        case Logic():
            parts = [never_null(term) for term in expr.terms]
            return frozenset().union(*parts) if expr.op == "and" else frozenset.intersection(*parts)
        case Not():
            inner = expr.operand
            return _operands(inner) if not isinstance(inner, Logic | Not | NullTest) else frozenset()
        case NullTest():
            return references(expr.operand) if expr.negated and _is_plain(expr.operand) else frozenset()
        case _:
            return _operands(expr)


def _operands(expr: Expr) -> frozenset[str]:
    match expr:
        case Compare():
            sides = (expr.left, expr.right)
        case InList() | Between() | TextMatch() | Period():
            sides = (expr.operand, expr.operand)
        case ColumnRef():
            sides = (expr, expr)
        case _:
            return frozenset()
    return frozenset(name for side in sides if _is_plain(side) for name in references(side))


def _is_plain(expr: Expr) -> bool:
    """Whether the expression is null only if its one column is."""
    return isinstance(expr, ColumnRef) or (isinstance(expr, Convert) and _is_plain(expr.operand))


def fixed(expr: Expr) -> frozenset[str]:
    """The columns that have one and the same value in every row for which the condition is true."""
    found: set[str] = set()
    for term in conjuncts(expr):
        if isinstance(term, Compare) and term.op == "=" and not term.ignore_case:
            if isinstance(term.left, ColumnRef) and not references(term.right):
                found.add(term.left.name)
        elif isinstance(term, InList) and not term.negated and len(term.items) == 1:
            if isinstance(term.operand, ColumnRef) and not references(term.items[0]):
                found.add(term.operand.name)
        elif isinstance(term, NullTest) and not term.negated and isinstance(term.operand, ColumnRef):
            found.add(term.operand.name)
    return frozenset(found)


def shape(expr: object) -> object:
    """The expression without its places, to compare with others."""
    if isinstance(expr, tuple):
        return tuple(shape(each) for each in expr)
    if isinstance(expr, Literal | PicklistItem):
        return (type(expr).__name__, expr.value if isinstance(expr, Literal) else expr.gsid)
    names = [each.name for each in fields(expr)] if hasattr(expr, "__dataclass_fields__") else []  # type: ignore[arg-type]
    if not names:
        return expr
    return (type(expr).__name__, *(shape(getattr(expr, name)) for name in names if name not in ("place", "type")))
