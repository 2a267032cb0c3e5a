"""Whether conditions on one column leave any value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gsrules.dataclass import dataclass
from gsrules.expressions.tree import Between, ColumnRef, Compare, Expr, InList, Literal, NullTest, PicklistItem
from gsrules.run.advice.conditions import never_null

Value = Any
"""A text, a number, a date …: values of one column are of one type."""


@dataclass(slots=True)
class _Left:
    """The values that the conditions so far leave: within bounds, and among some if those are named."""

    low: tuple[Value, bool] | None = None
    high: tuple[Value, bool] | None = None
    among: frozenset[Value] | None = None
    never: frozenset[Value] = frozenset()
    is_null: bool = False
    is_filled: bool = False

    def take(self, op: str, value: Value) -> None:
        if op in (">", ">=") and (self.low is None or (value, op == ">") > self.low):
            self.low = (value, op == ">")
        elif op in ("<", "<=") and (self.high is None or (value, op == "<=") < self.high):
            self.high = (value, op == "<=")
        elif op == "=":
            self.within(frozenset({value}))
        elif op == "!=":
            self.never |= {value}

    def within(self, values: frozenset[Value]) -> None:
        self.among = values if self.among is None else self.among & values

    @property
    def is_empty(self) -> bool:
        if self.is_null and self.is_filled:
            return True
        if self.among is not None:
            return not any(self._fits(value) for value in self.among)
        if self.low is None or self.high is None:
            return False
        (low, without_low), (high, with_high) = self.low, self.high
        return low > high or (low == high and (without_low or not with_high))

    def _fits(self, value: Value) -> bool:
        if value in self.never:
            return False
        if self.low is not None and not (value > self.low[0] or (value == self.low[0] and not self.low[1])):
            return False
        return self.high is None or value < self.high[0] or (value == self.high[0] and self.high[1])


def contradicting(terms: Sequence[Expr]) -> tuple[str, Expr] | None:
    """The column for which the conditions leave no value, and the condition after which nothing was left."""
    left: dict[str, _Left] = {}
    for term in terms:
        for name in never_null(term):
            left.setdefault(name, _Left()).is_filled = True
        column = _column(term)
        if column is not None:
            _take(left.setdefault(column, _Left()), term)
        for name, rest in left.items():
            if rest.is_empty:
                return name.rpartition(".")[2], term
    return None


def _column(term: Expr) -> str | None:
    operand = term.left if isinstance(term, Compare) else getattr(term, "operand", None)
    return operand.name if isinstance(operand, ColumnRef) else None


def _take(rest: _Left, term: Expr) -> None:
    match term:
        case Compare() if not term.ignore_case:
            value = _value(term.right)
            if value is not None:
                rest.take(term.op, value)
        case InList() if not term.ignore_case:
            values = [_value(item) for item in term.items]
            known = frozenset(value for value in values if value is not None)
            # A multi-picklist may hold several of its items.
            if len(known) == len(values) and term.operand.type.family != "MultiPicklist":
                if term.negated:
                    rest.never |= known
                else:
                    rest.within(known)
        case Between() if not term.negated and not _is_reversed(term):
            for op, bound in ((">=", term.low), ("<=" if term.include_upper else "<", term.high)):
                value = _value(bound)
                if value is not None:
                    rest.take(op, value)
        case NullTest():
            rest.is_null = rest.is_null or not term.negated


def _is_reversed(term: Between) -> bool:
    """Whether the bounds alone leave nothing, of which the binder has warned."""
    low, high = _value(term.low), _value(term.high)
    return low is not None and high is not None and bool(low > high)


def _value(expr: Expr) -> Value | None:
    """A constant of the rule; parameters are constants of a run only."""
    if isinstance(expr, PicklistItem):
        return expr.gsid
    return expr.value if isinstance(expr, Literal) else None
