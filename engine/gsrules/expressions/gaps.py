"""Values between the cases of a case field that no case meets (data-setup.md §12)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal

from gsrules.catalogue.datatypes import Family
from gsrules.dataclass import dataclass
from gsrules.errors import Place, Problem
from gsrules.expressions.comparisons import constant_date
from gsrules.expressions.pairs import without_null_test
from gsrules.expressions.printed import name_text, value_text
from gsrules.expressions.scope import Context
from gsrules.expressions.tree import Between, Case, ColumnRef, Compare, Expr, InList, Literal, Logic, NullTest, walk

_SPANS_AT_MOST = 1000
_MIRRORED = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


@dataclass(frozen=True, slots=True)
class _Span:
    """Numbers (days as their ordinals) from `low` to `high`; None is without end. `place`: of the case's condition."""

    low: Decimal | None
    high: Decimal | None
    with_low: bool
    with_high: bool
    place: Place | None = None


class _NoSpan(Exception):  # noqa: N818 - a turn of the way, not an error
    """A case is no range of the one field."""


def note_gaps(expr: Expr, context: Context) -> None:
    """Notes (GS-GAP) the values that fall between neighbouring cases of one Number or Date field."""
    for node in walk(expr):
        if isinstance(node, Case) and len(node.branches) > 1:
            _note(node, context)


def _note(case: Case, context: Context) -> None:
    reader = _Reader(context)
    try:
        spans = [span for branch in case.branches for span in reader.spans(branch.when)]
    except (_NoSpan, OverflowError):
        return
    column = reader.column
    if column is None:
        return
    for gap in _gaps(spans, reader.is_discrete):
        message = f"no case takes {_described(gap, column)}"
        hint = "these rows get " + ("the else of the case" if case.default is not None else "null")
        context.warn(Problem("GS-GAP", message, gap.place or case.place, hint=hint, severity="note"))


class _Reader:
    """Reads conditions as ranges of one field."""

    def __init__(self, context: Context) -> None:
        self.column: ColumnRef | None = None
        self._context = context

    @property
    def is_discrete(self) -> bool:
        """Whether there is nothing between two neighbouring whole numbers: days, numbers without decimals."""
        if self.column is None:
            return False
        kind = self.column.type
        return kind.family is Family.DATE or kind.whole or kind.decimals == 0

    def spans(self, condition: Expr) -> list[_Span]:
        """Raises _NoSpan for a condition that is not only about the field's range."""
        condition = without_null_test(condition)
        place = condition.place
        match condition:
            case Logic(op="or"):
                return [span for term in condition.terms for span in self.spans(term)]
            case Logic():
                made = [_Span(None, None, False, False, place)]
                for term in condition.terms:
                    spans = self.spans(term)
                    made = [_both(one, other, place) for one in made for other in spans] if spans else made
                    if len(made) > _SPANS_AT_MOST:
                        raise _NoSpan
                return made
            case NullTest(negated=False, operand=ColumnRef() as column):
                self._is_the_one(column)
                return []
            case Between(negated=False, operand=ColumnRef() as column):
                self._is_the_one(column)
                low, high = self._number(condition.low), self._number(condition.high)
                return [_Span(low, high, True, condition.include_upper, place)]
            case InList(negated=False, operand=ColumnRef() as column):
                self._is_the_one(column)
                points = [self._number(item) for item in condition.items]
                return [_Span(point, point, True, True, place) for point in points]
            case Compare() if condition.op in _MIRRORED:
                return [self._compared(condition)]
        raise _NoSpan

    def _compared(self, condition: Compare) -> _Span:
        op, column, bound = condition.op, condition.left, condition.right
        if not isinstance(column, ColumnRef):
            op, column, bound = _MIRRORED[op], bound, column  # type: ignore[assignment]
        if not isinstance(column, ColumnRef):
            raise _NoSpan
        self._is_the_one(column)
        value = self._number(bound)
        if op == "=":
            return _Span(value, value, True, True, condition.place)
        if op in (">", ">="):
            return _Span(value, None, op == ">=", False, condition.place)
        return _Span(None, value, False, op == "<=", condition.place)

    def _is_the_one(self, column: ColumnRef) -> None:
        if column.type.family not in (Family.NUMBER, Family.DATE):
            raise _NoSpan
        if self.column is not None and self.column.name != column.name:
            raise _NoSpan
        self.column = column

    def _number(self, bound: Expr) -> Decimal:
        if isinstance(bound, Literal) and isinstance(bound.value, Decimal):
            return bound.value
        day = constant_date(bound, self._context)
        if day is None or isinstance(day, datetime):
            raise _NoSpan
        return Decimal(day.toordinal())


def _both(one: _Span, other: _Span, place: Place | None) -> _Span:
    """The numbers in both."""
    low, with_low = max(
        ((s.low, s.with_low) for s in (one, other) if s.low is not None),
        key=lambda end: (end[0], not end[1]),
        default=(None, False),
    )
    high, with_high = min(
        ((s.high, s.with_high) for s in (one, other) if s.high is not None),
        key=lambda end: (end[0], end[1]),
        default=(None, False),
    )
    return _Span(low, high, with_low, with_high, place)


def _gaps(spans: list[_Span], discrete: bool) -> Iterator[_Span]:
    """What lies between the spans, from low to high, and in none of them."""
    in_order = sorted(spans, key=lambda s: (s.low is not None, s.low or 0, not s.with_low))
    end, with_end, begun = None, False, False
    for span in in_order:
        if span.low is not None and span.high is not None and span.low > span.high:
            continue  # an empty range
        if begun and end is None:
            return  # the last one went on without end
        if begun and span.low is not None and end is not None:
            gap = _Span(end, span.low, not with_end, not span.with_low, span.place)
            if _holds_some(gap, discrete):
                yield gap
        if not begun or span.high is None or (end is not None and (span.high, span.with_high) > (end, with_end)):
            end, with_end = span.high, span.with_high
        begun = True


def _holds_some(gap: _Span, discrete: bool) -> bool:
    assert gap.low is not None
    assert gap.high is not None
    if not discrete:
        return gap.low < gap.high or (gap.low == gap.high and gap.with_low and gap.with_high)
    first = gap.low.to_integral_value("ROUND_CEILING")
    first += 1 if first == gap.low and not gap.with_low else 0
    last = gap.high.to_integral_value("ROUND_FLOOR")
    last -= 1 if last == gap.high and not gap.with_high else 0
    return first <= last


def _described(gap: _Span, column: ColumnRef) -> str:
    """The gap as a condition."""
    name = name_text(column.name)
    if gap.low == gap.high:
        return f"{name} = {_value(gap.low, column)}"
    above, below = (">=" if gap.with_low else ">"), ("<=" if gap.with_high else "<")
    return f"{name} {above} {_value(gap.low, column)} and {name} {below} {_value(gap.high, column)}"


def _value(number: Decimal | None, column: ColumnRef) -> str:
    if column.type.family is Family.DATE and number is not None:
        return f"date '{date.fromordinal(int(number)).isoformat()}'"
    return value_text(number)
