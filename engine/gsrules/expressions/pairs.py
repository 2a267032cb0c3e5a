"""A condition together with the null test that `include_nulls` or `filter.null_rows` adds to it (data-setup.md §5.4).

The pair is an `or` of both; the test is about the very operand that the condition looks at, by which it is told from
a test that the user wrote.
"""

from __future__ import annotations

from gsrules.expressions.tree import ColumnRef, Expr, Logic, Not, NullTest, Period, children


def with_null_test(condition: Expr) -> Expr:
    """The condition, or its left side is null."""
    test = NullTest(left_side(condition), place=condition.place)
    return Logic("or", (condition, test), condition.place)


def left_side(condition: Expr) -> Expr:
    """What a condition looks at; a Boolean field that stands for a condition looks at itself."""
    if isinstance(condition, Not) and isinstance(condition.operand, Period):
        return condition.operand.operand
    return condition if isinstance(condition, ColumnRef) else children(condition)[0]


def logic_terms(expr: Logic) -> list[Expr]:
    """The terms, a condition and its null test as one of them."""
    found: list[Expr] = []
    for term in expr.terms:
        if expr.op == "or" and found and _belongs(term, found[-1]):
            found[-1] = Logic("or", (found[-1], term), found[-1].place)
        else:
            found.append(term)
    return found


def is_paired(expr: Expr) -> bool:
    """Whether it is one condition with its null test."""
    two = isinstance(expr, Logic) and expr.op == "or" and len(expr.terms) == 2
    return two and _belongs(expr.terms[1], expr.terms[0])  # type: ignore[union-attr]


def without_null_test(expr: Expr) -> Expr:
    """The condition of a pair; anything else as it is."""
    return expr.terms[0] if isinstance(expr, Logic) and is_paired(expr) else expr


def _belongs(test: Expr, condition: Expr) -> bool:
    if not isinstance(test, NullTest) or test.negated or isinstance(condition, Logic | NullTest):
        return False
    if isinstance(condition, Not) and not isinstance(condition.operand, Period):
        return False
    return bool(isinstance(condition, ColumnRef) or children(condition)) and test.operand is left_side(condition)
