"""Gives an expression its meaning: names become columns, every node gets a type (data-setup.md §5, §11, §12)."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast

from gsrules.catalogue.datatypes import BOOLEAN, DATE, DATETIME, NUMBER, STRING, DataType, Family
from gsrules.dataclass import dataclass
from gsrules.errors import InputError, Place, Problem, nearest
from gsrules.expressions import comparisons
from gsrules.expressions import syntax as syn
from gsrules.expressions.adapt import (
    DATES,
    PICKLISTS,
    TEXT_LIKE,
    adapt,
    common_type,
    is_null_literal,
    to_instant,
    type_error,
    warn_text_with_id,
)
from gsrules.expressions.calls import bind_call
from gsrules.expressions.clickable import warn_extensions
from gsrules.expressions.comparisons import Spot
from gsrules.expressions.constants import parse_number
from gsrules.expressions.gaps import note_gaps
from gsrules.expressions.parser import parse_expression
from gsrules.expressions.periods import Calendar, period_range
from gsrules.expressions.place import place_at, problem_at
from gsrules.expressions.scope import Context, Scope
from gsrules.expressions.size import check_conditions, check_size, count_conditions
from gsrules.expressions.tree import (
    Arithmetic,
    Case,
    CaseBranch,
    ColumnRef,
    Concat,
    Convert,
    DateShift,
    Expr,
    Literal,
    Logic,
    Negate,
    Not,
    NullTest,
    Period,
    Rounded,
)

_LARGEST_SHIFT = 100_000
_DAY_WORDS = ("today", "yesterday", "tomorrow")


def bind_expression(text: str, scope: Scope, context: Context, expect: DataType | None = None) -> Expr:
    """The typed tree of an expression; warnings go to `context.findings`.

    With `expect` the value is of that family (INVALID_TYPE else) and a number is rounded to its `decimals`;
    constants are read as that type. Raises InputError with everything that is wrong.
    """
    tree = parse_expression(text)
    binder = Binder(text, scope, context)
    expr = binder.bind(tree)
    check_size(expr, text, context)
    warn_extensions(expr, text, context)
    note_gaps(expr, context)
    return expr if expect is None else as_type(expr, expect, text, context)


def bind_predicate(text: str, scope: Scope, context: Context) -> Expr:
    """The typed tree of one condition: a Boolean expression."""
    return bind_syntax(text, parse_expression(text), scope, context)


def bind_syntax(
    text: str, tree: syn.Syntax, scope: Scope, context: Context, own: Mapping[str, Any] | None = None
) -> Expr:
    """The typed tree of a parsed condition."""
    expr = Binder(text, scope, context, Own(tree, own) if own else None).condition(tree)
    check_size(expr, text, context)
    warn_extensions(expr, text, context)
    return expr


def with_keys(context: Context, keys: Mapping[str, Any]) -> Context:
    """The context with some keys of the profile decided; the others are asked of the profile only when needed."""
    # nobody writes to it
    profile = ChainMap(dict(keys), cast(MutableMapping[str, Any], context.profile))
    return replace(context, profile=profile)


def as_type(expr: Expr, expect: DataType, text: str, context: Context) -> Expr:
    """`expr` as a value of the family of `expect` (data-setup.md §8)."""
    expr = adapt(expr, expect, context)
    family, wanted = expr.type.family, expect.family
    place = expr.place or place_at(text, 0, len(text))
    if family is Family.DATE and wanted is Family.DATETIME and isinstance(expr, Literal):
        raise type_error("a Date where a DateTime is wanted", place, text, "write to_datetime(…)")
    if family is not wanted and {family, wanted} != TEXT_LIKE:
        hints = {
            (Family.DATETIME, Family.DATE): "write datetime_to_date(…)",
            (Family.DATE, Family.DATETIME): "write to_datetime(…)",
            (Family.TEXT, Family.NUMBER): "write to_number(…)",
            (Family.TEXT, Family.BOOLEAN): "write to_boolean(…)",
        }
        hint = hints.get((family, wanted), "write to_string(…)" if wanted is Family.TEXT else "")
        raise type_error(f"the expression is of type {family}, not {wanted}", place, text[:60], hint)
    if family is not wanted and not isinstance(expr, Literal):
        warn_text_with_id(place, text[:60], context)
    if wanted is Family.NUMBER and expect.decimals is not None and not is_null_literal(expr) and not expr.type.whole:
        return Rounded(expr, replace(expect, whole=False), expr.place)
    return expr


@dataclass(frozen=True, slots=True)
class Own:
    """Keys of the profile that one condition decides for itself; those inside of it, such as of a case, do not."""

    condition: syn.Syntax
    keys: Mapping[str, Any]


class Binder:
    """Binds the syntax of one text."""

    def __init__(self, text: str, scope: Scope, context: Context, own: Own | None = None) -> None:
        self.text = text
        self.scope = scope
        self.context = context
        self._own = own

    def deciding(self, node: syn.Syntax) -> Context:
        """What decides about nulls and letter case in a condition."""
        if self._own is None or node is not self._own.condition:
            return self.context
        return with_keys(self.context, self._own.keys)

    def bind(self, node: syn.Syntax) -> Expr:
        """The typed tree; raises InputError with all problems below `node`."""
        return _BINDERS[type(node)](self, node)

    def bind_all(self, nodes: Sequence[syn.Syntax], how: Callable[[syn.Syntax], Expr] | None = None) -> list[Expr]:
        """Binds every node, so that the problems of all are reported together."""
        bound: list[Expr] = []
        problems: list[Problem] = []
        for node in nodes:
            try:
                bound.append((how or self.bind)(node))
            except InputError as error:
                problems += error.problems
        if problems:
            raise InputError(problems)
        return bound

    def condition(self, node: syn.Syntax) -> Expr:
        """A Boolean expression."""
        expr = self.bind(node)
        if is_null_literal(expr):
            return Literal(None, BOOLEAN, expr.place)
        if isinstance(expr, ColumnRef) and expr.type.family is Family.BOOLEAN:
            return comparisons.with_nulls(expr, expr, self.deciding(node))
        if expr.type.family is not Family.BOOLEAN:
            hint = "compare it, such as [Field] = 'x' or [Field] is not null"
            raise type_error(
                f"a condition is expected, this is of type {expr.type.family}",
                self.place(node),
                self.source(node),
                hint,
            )
        return expr

    def place(self, node: syn.Syntax) -> Place:
        """Where a node stands."""
        return place_at(self.text, node.start, node.end - node.start)

    def source(self, node: syn.Syntax) -> str:
        """A node as the user wrote it."""
        return self.text[node.start : node.end][:60]

    def problem(self, code: str, message: str, node: syn.Syntax, hint: str = "", near: str = "") -> InputError:
        """An error about a node."""
        return InputError(problem_at(self.text, code, message, node.start, node.end, hint=hint, nearest=near))

    # leaves

    def _name(self, node: syn.Name) -> Expr:
        return self.scope.resolve(node.parts, self.place(node), self.source(node))

    def _constant(self, node: syn.Constant) -> Expr:
        return self._literal(node.value, node)

    def _literal(self, value: object, node: syn.Syntax) -> Expr:
        place = self.place(node)
        match value:
            case bool():
                return Literal(value, BOOLEAN, place)
            case datetime():
                try:
                    instant = to_instant(value, str(self.context.profile["tenant.timezone"]))
                except OverflowError:
                    message = "the date-time leaves the years 1 to 9999 (INVALID_TYPE)"
                    raise self.problem("GS-TYPE", message, node) from None
                return Literal(instant, DATETIME, place)
            case date():
                return Literal(value, DATE, place)
            case int() | float() | Decimal():
                number = parse_number(str(value))
                if number is None:
                    raise self.problem("GS-TYPE", f"{value} is no usable number (INVALID_TYPE)", node)
                return Literal(number, NUMBER, place)
            case None:
                return Literal(None, STRING, place)
        return Literal(str(value), STRING, place)

    def _param(self, node: syn.Param) -> Expr:
        known = {name.lower(): value for name, value in self.context.params.items()}
        if node.name.lower() not in known:
            near = nearest(node.name, self.context.params)
            hint = "" if known else "declare it under params of the rule"
            raise self.problem("GS-NAME", f"there is no parameter :{node.name}", node, hint, near and f":{near}")
        return self._literal(known[node.name.lower()], node)

    # operators

    def _unary(self, node: syn.Unary) -> Expr:
        if node.op == "not":
            return Not(self.condition(node.operand), self.place(node))
        operand = self.bind(node.operand)
        if is_null_literal(operand):
            return Literal(None, NUMBER, self.place(node))
        if operand.type.family is not Family.NUMBER:
            raise type_error(f"- is for numbers, not for {operand.type.family}", self.place(node), self.source(node))
        if isinstance(operand, Literal) and isinstance(operand.value, Decimal):
            return Literal(-operand.value, NUMBER, self.place(node))
        return Negate(operand, NUMBER, self.place(node))

    def _binary(self, node: syn.Binary) -> Expr:
        self._refuse_day_words(node)
        left, right = self.bind_all((node.left, node.right))
        if node.op in "+-*/":
            return self._arithmetic(node, left, right)
        return comparisons.compare(node.op, left, right, self._spot(node), self.deciding(node))

    def _refuse_day_words(self, node: syn.Binary) -> None:
        """`= today` where no field has that name: a period goes with `in` only (data-setup.md §3.3)."""
        named = node.right.parts if isinstance(node.right, syn.Name) else ()
        if len(named) == 1 and named[0].lower() in _DAY_WORDS and not self.scope.knows(named[0]):
            word = named[0].lower()
            hint = f"write {self.source(node.left)} in {word}, or compare with rule_date"
            raise self._spot(node).refuse(f"{word} is a period, a period goes with in only", hint)

    def _spot(self, node: Any) -> Spot:
        return Spot(self.text, self.place(node), node.start, node.end, node.at)

    def _arithmetic(self, node: syn.Binary, left: Expr, right: Expr) -> Expr:
        place = self.place(node)
        if is_null_literal(left):
            left = adapt(left, right.type, self.context)
        if is_null_literal(right):
            right = adapt(right, left.type, self.context)
        families = (left.type.family, right.type.family)
        if families == (Family.NUMBER, Family.NUMBER):
            return Arithmetic(node.op, left, right, NUMBER, place)  # type: ignore[arg-type]
        if node.op == "+" and TEXT_LIKE.issuperset(families):
            return Concat(left, right, STRING, place)
        message = f"{node.op} does not work on {families[0]} and {families[1]}"
        raise type_error(message, place, self.source(node), _arithmetic_hint(node.op, families, self.source(node)))

    def _connective(self, node: syn.Connective) -> Expr:
        terms = self.bind_all(node.terms, self.condition)
        flat: list[Expr] = []
        for term in terms:
            flat += term.terms if isinstance(term, Logic) and term.op == node.op else (term,)
        return Logic(node.op, tuple(flat), self.place(node))  # type: ignore[arg-type]

    def _membership(self, node: syn.Membership) -> Expr:
        operand, *items = self.bind_all((node.operand, *node.items))
        return comparisons.in_list(operand, tuple(items), node.negated, self._spot(node), self.deciding(node))

    def _range(self, node: syn.Range) -> Expr:
        operand, low, high = self.bind_all((node.operand, node.low, node.high))
        return comparisons.between(operand, low, high, node.negated, self._spot(node), self.deciding(node))

    def _match(self, node: syn.Match) -> Expr:
        operand, search = self.bind_all((node.operand, node.search))
        return comparisons.text_match(node.kind, operand, search, node.negated, self._spot(node), self.deciding(node))

    def _is_null(self, node: syn.IsNull) -> Expr:
        return NullTest(self.bind(node.operand), node.negated, self.place(node))

    def _in_period(self, node: syn.InPeriod) -> Expr:
        operand = adapt(self.bind(node.operand), DATE, self.context)
        if operand.type.family not in DATES:
            hint = "write to_date(…) around a text that holds a date" if operand.type.family is Family.TEXT else ""
            message = f"a period is for dates, not for {operand.type.family}"
            raise self._spot(node).refuse(message, hint or "periods go with Date and DateTime fields")
        count = None if node.count is None else self._whole(node.count, "the number of a period", 1)
        profile = self.context.profile
        calendar = Calendar(str(profile["calendar.week_start"]), int(profile["calendar.fiscal_year_start_month"]))
        include = profile["filter.last_n"] == "include_current"
        try:
            first, last = period_range(node.literal, count, self.context.rule_date, calendar, include)
        except OverflowError:
            raise self.problem("GS-TYPE", "the period leaves the years 1 to 9999 (INVALID_TYPE)", node) from None
        if profile["engine"] == "bionic":
            message = "periods are not known to the Bionic engine"
            self.context.warn(Problem("GS-OPERATOR", message, self.place(node), severity="warning"))
        day = operand if operand.type.family is Family.DATE else Convert(operand, DATE, operand.place)
        period: Expr = Period(day, node.literal, count, first, last, self.place(node))
        condition = Not(period, self.place(node)) if node.negated else period
        return comparisons.with_nulls(condition, day, self.deciding(node))

    def _shift(self, node: syn.Shift) -> Expr:
        base = adapt(self.bind(node.base), DATE, self.context)
        if base.type.family not in DATES:
            message = f"{node.unit} can be added to dates only, not to {base.type.family}"
            raise type_error(message, self.place(node), self.source(node))
        amount = node.sign * self._whole(node.amount, f"the number of {node.unit}", -_LARGEST_SHIFT)
        expr = DateShift(base, amount, node.unit, base.type, self.place(node))
        self._check_shift(expr, node)
        return expr

    def _check_shift(self, expr: DateShift, node: syn.Shift) -> None:
        """A constant date must stay within the years 1 to 9999."""
        try:
            comparisons.constant_date(expr, self.context)
        except OverflowError:
            raise self.problem("GS-TYPE", "the date leaves the years 1 to 9999 (INVALID_TYPE)", node) from None

    def _whole(self, node: syn.Syntax, what: str, least: int) -> int:
        bound = self.bind(node)
        number = bound.value if isinstance(bound, Literal) else None
        if not isinstance(number, Decimal) or number != number.to_integral_value():
            raise self.problem("GS-TYPE", f"{what} is a whole number (INVALID_TYPE)", node)
        if not least <= number <= _LARGEST_SHIFT:
            raise self.problem("GS-TYPE", f"{what} is {max(least, 0)} to {_LARGEST_SHIFT} (INVALID_TYPE)", node)
        return int(number)

    def _case(self, node: syn.CaseWhen) -> Expr:
        for when, _ in node.branches:
            check_conditions(count_conditions(when), self.place(when), "a case", self.context)
        conditions = self.bind_all([when for when, _ in node.branches], self.condition)
        defaults = () if node.default is None else (node.default,)
        results = self.bind_all([*(then for _, then in node.branches), *defaults])
        kind = common_type(results, self.context, "the results of the case")
        results = [adapt(result, kind, self.context) for result in results]
        branches = tuple(CaseBranch(*pair) for pair in zip(conditions, results, strict=False))
        return Case(branches, results[-1] if defaults else None, kind, self.place(node))

    def _invoke(self, node: syn.Invoke) -> Expr:
        return bind_call(self, node)


def _arithmetic_hint(op: str, families: tuple[Family, Family], source: str) -> str:
    if families[0] in DATES and families[1] is Family.NUMBER:
        return f"write {source} days, or add_days(date, number)"
    if families[0] in DATES and families[1] in DATES:
        return "write date_diff(later, earlier, 'days')"
    if PICKLISTS & set(families):
        return "write to_string(…) for the label"
    if op == "+" and Family.TEXT in families:
        return "write to_string(…) to join a value to a text"
    return "write to_number(…)" if Family.TEXT in families else ""


_BINDERS: dict[type[object], Callable[[Binder, Any], Expr]] = {
    syn.Name: Binder._name,
    syn.Constant: Binder._constant,
    syn.Param: Binder._param,
    syn.Unary: Binder._unary,
    syn.Binary: Binder._binary,
    syn.Connective: Binder._connective,
    syn.Membership: Binder._membership,
    syn.Range: Binder._range,
    syn.Match: Binder._match,
    syn.IsNull: Binder._is_null,
    syn.InPeriod: Binder._in_period,
    syn.Shift: Binder._shift,
    syn.CaseWhen: Binder._case,
    syn.Invoke: Binder._invoke,
}
