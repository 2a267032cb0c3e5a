"""Filters and criteria: lettered conditions and their logic as one tree (data-setup.md §5.1, actions.md §2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from gsrules.catalogue.datatypes import BOOLEAN
from gsrules.errors import InputError, Problem, nearest
from gsrules.expressions import syntax as syn
from gsrules.expressions.adapt import TEXT_LIKE
from gsrules.expressions.binder import bind_syntax, with_keys
from gsrules.expressions.pairs import left_side, without_null_test
from gsrules.expressions.parser import parse_expression
from gsrules.expressions.place import place_at, problem_at, syntax_error
from gsrules.expressions.scope import Context, Scope
from gsrules.expressions.size import check_conditions, count_conditions
from gsrules.expressions.tree import Expr, Literal, Logic


class Settings(Protocol):
    """What one condition decides for itself; None: as the profile says."""

    @property
    def include_nulls(self) -> bool | None: ...
    @property
    def ignore_case(self) -> bool | None: ...


class Conditions(Protocol):
    """Conditions by letter with what some of them decide for themselves, and the logic (None: all must hold)."""

    @property
    def conditions(self) -> Mapping[str, str]: ...
    @property
    def settings(self) -> Mapping[str, Settings]: ...
    @property
    def logic(self) -> str | None: ...


def bind_where(where: Conditions, scope: Scope, context: Context) -> Expr:
    """The filter of a task, of a pivot column or of a case: at most `limits.filters` conditions.

    Raises InputError with the problems of all conditions.
    """
    return _bind(where, scope, context, limited=True)


def bind_criteria(where: Conditions, scope: Scope, context: Context) -> Expr:
    """The criteria of an action: as a filter, without a limit of conditions; `run.criteria_case` may decide case."""
    case = context.profile["run.criteria_case"]
    if case == "as_filters":
        return _bind(where, scope, context, limited=False)
    return _bind(
        where, scope, with_keys(context, {"filter.equality_case": case, "filter.text_match_case": case}), limited=False
    )


def _own_keys(text: str, tree: syn.Syntax, settings: Settings, context: Context) -> dict[str, str]:
    """The keys of the profile that a condition decides by its settings (data-setup.md §5.3, §5.4).

    Raises InputError for a text that is no single condition, or one that the settings do not fit.
    """
    chosen: dict[str, str] = {}
    if isinstance(tree, syn.Connective) or (isinstance(tree, syn.Unary) and tree.op == "not"):
        hint = "give each condition a letter of its own, and write the logic with the letters"
        raise syntax_error("the settings are for one condition, this holds several", text, 0, len(text), hint)
    if settings.include_nulls is not None:
        if isinstance(tree, syn.IsNull):
            raise syntax_error("include_nulls is not for tests of null", text, 0, len(text), "leave include_nulls out")
        chosen["filter.null_rows"] = "include" if settings.include_nulls else "exclude"
    if settings.ignore_case is not None:
        _check_case(text, tree, settings.ignore_case, context)
        case = "insensitive" if settings.ignore_case else "sensitive"
        chosen |= {"filter.equality_case": case, "filter.text_match_case": case}
    return chosen


def _check_settings(text: str, expr: Expr, settings: Settings) -> None:
    """The settings fit what the condition turned out to be."""
    condition = without_null_test(expr)
    if settings.include_nulls and condition is expr:
        hint = "write the field on the left side"
        raise syntax_error("the left side is never null, include_nulls has no effect", text, 0, len(text), hint)
    if settings.ignore_case is not None and left_side(condition).type.family not in TEXT_LIKE:
        raise _no_text(text)


def _no_text(text: str) -> InputError:
    message = "ignore_case is for conditions on texts (INVALID_QUERY_FILTER_OPERATOR)"
    hint = "it goes with = != in, contains, starts with, ends with"
    return InputError(problem_at(text, "GS-OPERATOR", message, 0, len(text), hint=hint))


def _check_case(text: str, tree: syn.Syntax, ignore_case: bool, context: Context) -> None:
    """`ignore_case` is for what compares texts; on lists it has no counterpart on the platform (GS-EXT)."""
    if isinstance(tree, syn.Membership):
        message = "Gainsight's lists have no setting for letter case"
        hint = "join comparisons with or"
        place = place_at(text, 0, len(text))
        context.warn(Problem("GS-EXT", message, place, value=text[:60], hint=hint, severity="warning"))
        return
    if isinstance(tree, syn.Match) or (isinstance(tree, syn.Binary) and tree.op in ("=", "!=")):
        return
    if isinstance(tree, syn.Binary) and tree.op in ("~", "!~"):
        if not ignore_case:
            message = f"{tree.op} ignores letter case, ignore_case: false contradicts it"
            hint = f"write {'=' if tree.op == '~' else '!='}"
            raise syntax_error(message, text, tree.at, len(tree.op), hint)
        return
    raise _no_text(text)


def _bind(where: Conditions, scope: Scope, context: Context, *, limited: bool) -> Expr:
    problems: list[Problem] = []
    bound: dict[str, Expr] = {}
    conditions = 0
    for letter, text in where.conditions.items():
        try:
            tree = parse_expression(text)
            conditions += count_conditions(tree)
            settings = where.settings.get(letter)
            own = None if settings is None else _own_keys(text, tree, settings, context)
            expr = bind_syntax(text, tree, scope, context, own)
            if settings is not None:
                _check_settings(text, expr, settings)
            bound[letter.upper()] = expr
        except InputError as error:
            problems += error.problems
    letters = [letter.upper() for letter in where.conditions]
    logic: syn.Syntax | None = None
    if where.logic is not None:
        try:
            logic = _logic(where.logic, letters, context)
        except InputError as error:
            problems += error.problems
    first = next(iter(where.conditions.values()), "")
    try:
        if limited:
            check_conditions(conditions, place_at(first, 0, len(first)), "a filter", context)
    except InputError as error:
        problems += error.problems
    if problems:
        raise InputError(problems)
    if not bound:
        return Literal(True, BOOLEAN)
    return _tree(logic, bound) if logic is not None else _joined("and", list(bound.values()))


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
