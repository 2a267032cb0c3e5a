"""How large an expression may be: its conditions as Gainsight counts them, and its nodes once it is spelled."""

from __future__ import annotations

from gsrules.catalogue.datatypes import Family
from gsrules.errors import InputError, Place, Problem, Severity
from gsrules.expressions import syntax as syn
from gsrules.expressions.functions import FUNCTIONS
from gsrules.expressions.place import problem_at
from gsrules.expressions.scope import Context
from gsrules.expressions.tree import (
    Arithmetic,
    Between,
    Call,
    Concat,
    Convert,
    DateShift,
    Expr,
    Negate,
    Rounded,
    children,
    concat_operands,
)

LARGEST = 20_000
_ROUNDING_USES = 8
_PRINTING_USES = 6


def count_conditions(tree: syn.Syntax) -> int:
    """How many conditions Gainsight's screen would show for an expression."""
    if isinstance(tree, syn.Connective):
        return sum(count_conditions(term) for term in tree.terms)
    if isinstance(tree, syn.Unary) and tree.op == "not":
        return count_conditions(tree.operand)
    return 1


def check_conditions(conditions: int, place: Place | None, what: str, context: Context) -> None:
    """Refuses more than `limits.filters` conditions (§5.1, §12), or warns unless `limits.strict`."""
    limit = int(context.profile["limits.filters"])
    if conditions <= limit:
        return
    strict = bool(context.profile["limits.strict"])
    message = f"{conditions} conditions, {what} holds at most {limit}"
    hint = "use in (…) for several values, or " + ("more cases" if what == "a case" else "filter in two tasks")
    severity: Severity = "error" if strict else "warning"
    problem = Problem("GS-LIMIT", message, place, value=str(conditions), hint=hint, severity=severity)
    if strict:
        raise InputError(problem)
    context.warn(problem)


def check_size(expr: Expr, text: str, context: Context) -> None:
    """Raises InputError (GS-LIMIT) for an expression that would be too large for the database."""
    if _size(expr, False, context) > LARGEST:
        message = "the expression is too large: functions are nested too deeply"
        raise InputError(
            problem_at(text, "GS-LIMIT", message, 0, len(text), hint="split it: a formula of a formula in a next task")
        )


def _size(expr: Expr, in_double: bool, context: Context) -> int:
    """Nodes of the spelled expression, about."""
    double = isinstance(expr, Arithmetic | Negate) or (isinstance(expr, Call) and FUNCTIONS[expr.function].double)
    below = concat_operands(expr) if isinstance(expr, Concat) else children(expr)
    inner = sum(_size(child, double or isinstance(expr, Rounded), context) for child in below)
    times = 1
    if isinstance(expr, Call):
        times = FUNCTIONS[expr.function].uses
    elif isinstance(expr, DateShift):
        times = 2
    elif isinstance(expr, Convert):
        times = _PRINTING_USES + _items(expr, context)
    elif isinstance(expr, Between | Concat):
        times = 2
    if (double and not in_double) or isinstance(expr, Rounded):
        times *= _ROUNDING_USES
    return 1 + times * inner


def _items(expr: Convert, context: Context) -> int:
    kind = expr.operand.type
    if kind.family not in (Family.PICKLIST, Family.MULTI_PICKLIST) or not kind.category:
        return 0
    category = context.catalogue.category(kind.category)
    return len(category.items) if category else 0
