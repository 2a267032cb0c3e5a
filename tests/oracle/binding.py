"""Trees bound to columns: checked types and plain functions of a row (data-setup.md §2.1, §5, §11, §12)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from tests.oracle import days, formats
from tests.oracle.functions import FUNCTIONS, OVER_ROWS, divide
from tests.oracle.parser import Node, logic_tree, parse, where_tree
from tests.oracle.values import Context, RefusedError, Row, lowered, text_of

Compute = Callable[[Row], Any]
TEXTS = ("text", "id")
DATES = ("date", "datetime")
OPERATORS = {
    "=": ("text", "id", "number", "boolean", "date", "datetime"),
    "!=": ("text", "id", "number", "boolean", "date", "datetime"),
    "~": TEXTS, "!~": TEXTS, "order": ("number", "date", "datetime"), "search": ("text",),
    "in": ("text", "id", "number", "picklist", "multi"), "period": DATES,
}  # fmt: skip

__all__ = ["Bound", "Scope", "bind", "bind_text", "bind_where", "logic_tree", "template"]


@dataclass(frozen=True)
class Bound:
    """`family` is "" for a bare null; `category` names the picklist of a picklist value."""

    family: str
    compute: Compute
    category: str = ""
    constant: bool = False


class Scope:
    """What names mean: `find(parts)` gives a bound field or refuses."""

    def find(self, parts: tuple[str, ...]) -> Bound:
        raise NotImplementedError

    def rows(self) -> list[Row]:
        """The filtered rows of the task, for statistics."""
        raise NotImplementedError


def same_family(left: str, right: str) -> bool:
    if not left or not right or left == right:
        return True
    return {left, right} <= set(TEXTS)


def need(bound: Bound, allowed: tuple[str, ...], code: str) -> None:
    if bound.family and bound.family not in allowed:
        raise RefusedError(code, f"{bound.family} does not go here")


def bind(node: Node, scope: Scope, context: Context) -> Bound:
    return _BINDERS[node.kind](node, scope, context)


def bind_text(text: str, scope: Scope, context: Context) -> Bound:
    return bind(parse(text), scope, context)


def bind_where(where: Any, scope: Scope, context: Context) -> Compute:
    """A function of a row that is true, false or None for unknown."""
    node = where_tree(where)
    if node is None:
        return lambda row: True
    context.at_most("limits.filters", conditions(node))
    return _condition(_with_nulls(node, context.profile["filter.null_rows"] == "include"), scope, context).compute


def conditions(node: Node) -> int:
    """How many conditions the screen would show."""
    return sum(conditions(part) for part in node.parts) if node.kind in ("and", "or", "not") else 1


LEAVES = ("compare", "between", "in", "search", "period", "denied", "cased")


def _left(node: Node) -> Node:
    """The left side of a condition."""
    if node.kind in ("denied", "cased"):
        return _left(node.parts[0])
    found = node.parts[1] if node.kind in ("compare", "search") else node.parts[0]
    assert isinstance(found, Node)
    return found


def _with_nulls(node: Node, default: bool) -> Node:
    """The conditions of a filter that also let rows pass of which the left side is null (§5.4)."""
    if node.kind in ("and", "or", "not"):
        return Node(node.kind, tuple(_with_nulls(part, default) for part in node.parts))
    if node.kind == "switched":
        inner, include, ignore_case = node.parts
        if include is not None and (inner.kind == "null" or inner == Node("not", (inner.parts[0],))):
            raise RefusedError("GS-*", "include_nulls on a null test")
        found = inner if ignore_case is None else Node("cased", (inner, ignore_case))
        return _with_nulls(found, default if include is None else include)
    if node.kind in LEAVES and default:
        return Node("or", (node, Node("null", (_left(node),))))
    return node


def _cased(node: Node, scope: Scope, context: Context) -> Bound:
    """A condition whose `ignore_case` goes before the profile (§5.3)."""
    left = bind(_left(node.parts[0]), scope, context)
    if left.family not in (*TEXTS, ""):
        raise RefusedError("GS-OPERATOR", "ignore_case is for texts")
    equality, search = ("insensitive", "insensitive") if node.parts[1] else ("sensitive", "sensitive")
    profile = context.profile | {"filter.equality_case": equality, "filter.text_match_case": search}
    return bind(node.parts[0], scope, replace(context, profile=profile, around=context))


def template(text: str, scope: Scope, context: Context, escape: Callable[[str], str] = str) -> Compute:
    """A text with `${…}` in it; a null token becomes an empty text (actions.md §6.2)."""
    pieces: list[str | Compute] = []
    rest = text
    while "${" in rest:
        before, _, rest = rest.partition("${")
        inner, _, rest = rest.partition("}")
        pieces += [before, _token(inner, scope, context)]
    pieces.append(rest)

    def compute(row: Row) -> str:
        shown = [p if isinstance(p, str) else escape(text_of(p(row), context) or "") for p in pieces]
        return "".join(shown)

    return compute


def _token(inner: str, scope: Scope, context: Context) -> Compute:
    try:
        return scope.find((inner.strip().strip("[]"),)).compute
    except RefusedError:
        return bind_text(inner, scope, context).compute


# -- values -------------------------------------------------------------------------------------------------------
def family_of(value: Any) -> str:
    if value is None:
        return ""
    kinds = ((bool, "boolean"), (Decimal, "number"), (str, "text"), (datetime, "datetime"), (date, "date"))
    return next(name for kind, name in kinds if isinstance(value, kind))


def _value(node: Node, scope: Scope, context: Context) -> Bound:
    value = node.parts[0]
    return Bound(family_of(value), lambda row: value, constant=True)


def _param(node: Node, scope: Scope, context: Context) -> Bound:
    if node.parts[0] not in context.params:
        raise RefusedError("GS-NAME", f"no parameter {node.parts[0]}")
    return _value(Node("value", (context.params[node.parts[0]],)), scope, context)


def _field(node: Node, scope: Scope, context: Context) -> Bound:
    return scope.find(node.parts)


def _minus(node: Node, scope: Scope, context: Context) -> Bound:
    inner = bind(node.parts[0], scope, context)
    need(inner, ("number",), "GS-TYPE")
    return Bound("number", lambda row: None if (x := inner.compute(row)) is None else -x, constant=inner.constant)


def _math(node: Node, scope: Scope, context: Context) -> Bound:
    op = node.parts[0]
    left, right = (bind(part, scope, context) for part in node.parts[1:])
    families = {left.family, right.family} - {""}
    if op == "+" and families <= {"text", "id"} and families:
        return Bound("text", lambda row: join([left.compute(row), right.compute(row)], context))
    need(left, ("number",), "GS-TYPE")
    need(right, ("number",), "GS-TYPE")
    work: dict[str, Callable[[Decimal, Decimal], Any]] = {
        "+": lambda a, b: a + b,
        "-": lambda a, b: a - b,
        "*": lambda a, b: a * b,
        "/": lambda a, b: divide(a, b, context),
    }

    def compute(row: Row) -> Any:
        a, b = left.compute(row), right.compute(row)
        return None if a is None or b is None else work[op](a, b)

    return Bound("number", compute)


def join(texts: list[str | None], context: Context) -> str | None:
    """Joining texts: null propagates, unless the profile takes it as empty (§11.1)."""
    if all(text is None for text in texts):
        return None
    if context.profile["formula.null_concat"] == "propagate" and None in texts:
        return None
    return "".join(text or "" for text in texts)


def _shift(node: Node, scope: Scope, context: Context) -> Bound:
    op, unit = node.parts[0], node.parts[3]
    start, amount = bind(node.parts[1], scope, context), bind(node.parts[2], scope, context)
    need(start, DATES, "GS-TYPE")
    need(amount, ("number",), "GS-TYPE")
    sign = 1 if op == "+" else -1

    def compute(row: Row) -> Any:
        day, count = start.compute(row), amount.compute(row)
        return None if day is None or count is None else days.shift(day, sign * int(count), unit)

    return Bound(start.family, compute)


def _case(node: Node, scope: Scope, context: Context) -> Bound:
    context = context.around or context
    for condition, _ in node.parts[0]:
        context.at_most("limits.filters", conditions(condition))
    nulls = context.profile["filter.null_rows"] == "include"
    branches = [(_condition(_with_nulls(c, nulls), scope, context), bind(r, scope, context)) for c, r in node.parts[0]]
    other = bind(node.parts[1], scope, context)
    results = [result for _, result in branches] + [other]
    family = next((r.family for r in results if r.family), "")
    if not all(same_family(family, r.family) for r in results):
        raise RefusedError("GS-TYPE", "case results of several types")

    def compute(row: Row) -> Any:
        for condition, result in branches:
            if condition.compute(row) is True:
                return result.compute(row)
        return other.compute(row)

    return Bound(family, compute)


def _call(node: Node, scope: Scope, context: Context) -> Bound:
    name, arguments = node.parts
    if name == "if":
        if len(arguments) != 3:
            raise RefusedError("GS-TYPE", "if needs three arguments")
        return _case(Node("case", (((arguments[0], arguments[1]),), arguments[2])), scope, context)
    if name not in FUNCTIONS:
        raise RefusedError("GS-NAME", f"no function {name}")
    inner = replace(context, column="") if name in OVER_ROWS else context
    bound = [bind(argument, scope, inner) for argument in arguments]
    return Bound(*FUNCTIONS[name](name, bound, scope, context))


# -- conditions -----------------------------------------------------------------------------------------------------
def _condition(node: Node, scope: Scope, context: Context) -> Bound:
    bound = bind(node, scope, context)
    need(bound, ("boolean",), "GS-TYPE")
    return bound


def _both(node: Node, scope: Scope, context: Context) -> Bound:
    parts = [_condition(part, scope, context) for part in node.parts]
    decisive = node.kind == "or"

    def compute(row: Row) -> bool | None:
        values = [part.compute(row) for part in parts]
        if decisive in values:
            return decisive
        return None if None in values else not decisive

    return Bound("boolean", compute)


def _not(node: Node, scope: Scope, context: Context) -> Bound:
    inner = _condition(node.parts[0], scope, context)
    return Bound("boolean", lambda row: None if (x := inner.compute(row)) is None else not x)


def _null(node: Node, scope: Scope, context: Context) -> Bound:
    inner = bind(node.parts[0], scope, context)
    return Bound("boolean", lambda row: inner.compute(row) is None)


def comparable(left: Bound, right: Bound, context: Context) -> tuple[Compute, Compute]:
    """Both sides brought to one type: a DateTime meets a Date by day, or as an instant (§5.5)."""
    if {left.family, right.family} == set(DATES):
        by_day = context.profile["filter.datetime_vs_date"] == "by_day"
        change = context.local_date if by_day else context.start_of
        changed = "datetime" if by_day else "date"
        sides = []
        for side in (left, right):
            compute = side.compute
            sides.append(_after(compute, change) if side.family == changed else compute)
        return sides[0], sides[1]
    if not same_family(left.family, right.family):
        raise RefusedError("GS-TYPE", f"{left.family} against {right.family}")
    return left.compute, right.compute


def dated(bound: Bound, other: Bound, context: Context) -> Bound:
    """A constant text beside a date is a date, beside a DateTime a date or a moment (§5.5)."""
    if not bound.constant or bound.family != "text" or other.family not in DATES:
        return bound
    text = bound.compute({})
    if day := formats.read_date(text, "yyyy-MM-dd"):
        return Bound("date", lambda row: day, constant=True)
    if other.family == "datetime" and (found := moment_of(text, context)):
        return Bound("datetime", lambda row: found, constant=True)
    raise RefusedError("GS-TYPE", f"{text} is no date")


def moment_of(text: str, context: Context) -> datetime | None:
    """ISO, with an offset or in the tenant zone."""
    for between in ("'T'", " "):
        pattern = f"yyyy-MM-dd{between}HH:mm[:ss['.'SSS]][XXXXX]"
        if found := formats.read_datetime(text, pattern, context.zone):
            return found
    return None


def _moment(node: Node, scope: Scope, context: Context) -> Bound:
    found = moment_of(node.parts[0], context)
    if found is None:
        raise RefusedError("GS-*", f"{node.parts[0]} is no moment")
    return Bound("datetime", lambda row: found, constant=True)


def _after(compute: Compute, change: Callable[[Any], Any]) -> Compute:
    return lambda row: None if (x := compute(row)) is None else change(x)


def _lower(value: Any) -> Any:
    return lowered(value) if isinstance(value, str) else value


def _compare(node: Node, scope: Scope, context: Context) -> Bound:
    op = node.parts[0]
    left, right = (bind(part, scope, context) for part in node.parts[1:])
    left, right = dated(left, right, context), dated(right, left, context)
    allowed = OPERATORS.get(op, OPERATORS["order"])
    need(left, allowed, "GS-OPERATOR")
    need(right, allowed, "GS-OPERATOR" if same_family(left.family, right.family) else "GS-TYPE")
    first, second = comparable(left, right, context)
    loose = "~" in op or context.profile["filter.equality_case"] == "insensitive"

    def compute(row: Row) -> bool | None:
        a, b = first(row), second(row)
        if a is None or b is None:
            return None
        if loose:
            a, b = _lower(a), _lower(b)
        if op in ("=", "~", "!=", "!~"):
            return bool((a == b) == (op in ("=", "~")))
        return bool({"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[op])

    return Bound("boolean", compute)


def _between(node: Node, scope: Scope, context: Context) -> Bound:
    subject, low, high = (bind(part, scope, context) for part in node.parts)
    low, high = dated(low, subject, context), dated(high, subject, context)
    need(subject, OPERATORS["order"], "GS-OPERATOR")
    left, lower = comparable(subject, low, context)
    left_again, upper = comparable(subject, high, context)
    inclusive = context.profile["filter.between"] == "inclusive"

    def compute(row: Row) -> bool | None:
        a, b, c, d = left(row), lower(row), left_again(row), upper(row)
        if a is None:
            return None
        from_below = None if b is None else a >= b
        from_above = None if d is None else (c <= d if inclusive else c < d)
        if False in (from_below, from_above):
            return False
        return None if None in (from_below, from_above) else True

    return Bound("boolean", compute)


def _in(node: Node, scope: Scope, context: Context) -> Bound:
    left = bind(node.parts[0], scope, context)
    items = [bind(part, scope, context) for part in node.parts[1]]
    need(left, OPERATORS["in"], "GS-OPERATOR")
    if left.family in ("picklist", "multi"):
        wanted = {context.catalogue.label(left.category, item.compute({})) for item in items}

        def chosen(row: Row) -> bool | None:
            value = left.compute(row)
            if value is None:
                return None
            return value in wanted if isinstance(value, str) else bool(wanted & set(value))

        return Bound("boolean", chosen)
    for item in items:
        if not same_family(left.family, item.family):
            raise RefusedError("GS-TYPE", f"{item.family} in a list for {left.family}")
    loose = context.profile["filter.equality_case"] == "insensitive"

    def compute(row: Row) -> bool | None:
        value = left.compute(row)
        values = [item.compute(row) for item in items]
        if value is None:
            return None
        if loose:
            value, values = _lower(value), [_lower(v) for v in values]
        return True if value in values else None if None in values else False

    return Bound("boolean", compute)


def _search(node: Node, scope: Scope, context: Context) -> Bound:
    kind = node.parts[0]
    left, right = (bind(part, scope, context) for part in node.parts[1:])
    need(left, OPERATORS["search"], "GS-OPERATOR")
    if not same_family(left.family, right.family):
        raise RefusedError("GS-TYPE", "the searched text must be a text")
    if right.constant and right.compute({}) == "":
        raise RefusedError("GS-*", "empty search text")
    loose = context.profile["filter.text_match_case"] == "insensitive"

    def compute(row: Row) -> bool | None:
        text, searched = left.compute(row), right.compute(row)
        if text is None or searched is None:
            return None
        if loose:
            text, searched = lowered(text), lowered(searched)
        return bool({"contains": searched in text, "starts": text.startswith(searched),
                     "ends": text.endswith(searched)}[kind])  # fmt: skip

    return Bound("boolean", compute)


def _period(node: Node, scope: Scope, context: Context) -> Bound:
    left = bind(node.parts[0], scope, context)
    need(left, DATES, "GS-OPERATOR")
    kind, count, unit = node.parts[1:]
    if kind != "this" and count < 1:
        raise RefusedError("GS-*", "N is at least 1")
    first, last = days.period(kind, count, unit, context)

    def compute(row: Row) -> bool | None:
        value = left.compute(row)
        if value is None:
            return None
        return first <= (context.local_date(value) if isinstance(value, datetime) else value) <= last

    return Bound("boolean", compute)


_BINDERS: dict[str, Callable[[Node, Scope, Context], Bound]] = {
    "moment": _moment,
    "value": _value, "param": _param, "field": _field, "minus": _minus, "math": _math, "shift": _shift, "case": _case,
    "call": _call, "or": _both, "and": _both, "not": _not, "denied": _not, "cased": _cased,
    "null": _null, "compare": _compare, "between": _between,
    "in": _in, "search": _search, "period": _period,
}  # fmt: skip
