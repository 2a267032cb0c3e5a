"""Filters and criteria: lettered conditions and their logic as one tree (data-setup.md §5.1, actions.md §2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from gsrules.catalogue.datatypes import BOOLEAN
from gsrules.errors import InputError, Problem, nearest
from gsrules.expressions import syntax as syn
from gsrules.expressions.binder import bind_syntax
from gsrules.expressions.parser import parse_expression
from gsrules.expressions.place import place_at, syntax_error
from gsrules.expressions.scope import Context, Scope
from gsrules.expressions.tree import Expr, Literal, Logic


class Conditions(Protocol):
    """Conditions by letter, and the logic over the letters (None: all must hold)."""

    @property
    def conditions(self) -> Mapping[str, str]: ...
    @property
    def logic(self) -> str | None: ...


def bind_where(where: Conditions, scope: Scope, context: Context) -> Expr:
    """The filter of a task, of a pivot column or of a case: at most `limits.filters` conditions.

    Raises InputError with the problems of all conditions.
    """
    return _bind(where, scope, context, int(context.profile["limits.filters"]))


def bind_criteria(where: Conditions, scope: Scope, context: Context) -> Expr:
    """The criteria of an action: as a filter, without a limit of conditions; `run.criteria_case` may decide case."""
    case = context.profile["run.criteria_case"]
    if case == "as_filters":
        return _bind(where, scope, context, None)
    chosen = {"filter.equality_case": case, "filter.text_match_case": case}
    inner = Context(
        context.rule_date, context.params, {**context.profile, **chosen}, context.catalogue, context.findings
    )
    return _bind(where, scope, inner, None)


def _bind(where: Conditions, scope: Scope, context: Context, limit: int | None) -> Expr:
    problems: list[Problem] = []
    bound: dict[str, Expr] = {}
    conditions = 0
    for letter, text in where.conditions.items():
        try:
            tree = parse_expression(text)
            conditions += count_conditions(tree)
            bound[letter.upper()] = bind_syntax(text, tree, scope, context)
        except InputError as error:
            problems += error.problems
    letters = [letter.upper() for letter in where.conditions]
    logic: syn.Syntax | None = None
    if where.logic is not None:
        try:
            logic = _logic(where.logic, letters, context)
        except InputError as error:
            problems += error.problems
    if limit is not None and conditions > limit:
        problems += _too_many(where, conditions, limit, context)
    if problems:
        raise InputError(problems)
    if not bound:
        return Literal(True, BOOLEAN)
    return _tree(logic, bound) if logic is not None else _joined("and", list(bound.values()))


def count_conditions(tree: syn.Syntax) -> int:
    """How many conditions Gainsight's screen would show for an expression."""
    if isinstance(tree, syn.Connective):
        return sum(count_conditions(term) for term in tree.terms)
    if isinstance(tree, syn.Unary) and tree.op == "not":
        return count_conditions(tree.operand)
    return 1


def _too_many(where: Conditions, conditions: int, limit: int, context: Context) -> list[Problem]:
    first = next(iter(where.conditions.values()))
    strict = bool(context.profile["limits.strict"])
    problem = Problem(
        "GS-LIMIT",
        f"{conditions} conditions, a filter holds at most {limit}",
        place_at(first, 0, len(first)),
        value=str(conditions),
        hint="use in (…) for several values, or filter in two tasks",
        severity="error" if strict else "warning",
    )
    if strict:
        return [problem]
    context.warn(problem)
    return []


def _logic(text: str, letters: list[str], context: Context) -> syn.Syntax:
    """The parsed logic; only letters, and, or, parentheses."""
    tree = parse_expression(text)
    used: list[syn.Name] = []
    stack = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, syn.Connective):
            stack += node.terms
        elif isinstance(node, syn.Name) and len(node.parts) == 1:
            used.append(node)
        else:
            raise syntax_error(
                "Advanced Logic holds letters, and, or and parentheses",
                text,
                node.start,
                node.end - node.start,
                "for example A and (B or C)",
            )
    problems = [
        problem
        for name in sorted(used, key=lambda name: name.start)
        if name.parts[0].upper() not in letters
        for problem in syntax_error(
            f"there is no condition {name.parts[0]}",
            text,
            name.start,
            name.end - name.start,
            f"conditions: {', '.join(letters)}",
            nearest(name.parts[0], letters),
        ).problems
    ]
    if problems:
        raise InputError(problems)
    named = {name.parts[0].upper() for name in used}
    for letter in letters:
        if letter not in named:
            message = f"condition {letter} is not used in the logic and has no effect"
            context.warn(Problem("GS-SYNTAX", message, place_at(text, 0, len(text)), value=text, severity="warning"))
    return tree


def _tree(node: syn.Syntax, bound: Mapping[str, Expr]) -> Expr:
    if isinstance(node, syn.Connective):
        terms = [_tree(term, bound) for term in node.terms]
        return _joined(node.op, terms)
    assert isinstance(node, syn.Name)
    return bound[node.parts[0].upper()]


def _joined(op: str, terms: list[Expr]) -> Expr:
    if len(terms) == 1:
        return terms[0]
    flat: list[Expr] = []
    for term in terms:
        flat += term.terms if isinstance(term, Logic) and term.op == op else (term,)
    return Logic(op, tuple(flat), terms[0].place)  # type: ignore[arg-type]
