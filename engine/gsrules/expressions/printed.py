"""Expressions as text again: in the rule language, and what a condition wants, in words.

Constants that depend on the run (the rule date, parameters) are printed as the values that they have.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from gsrules.expressions.periods import shift
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
    Literal,
    Logic,
    Negate,
    Not,
    NullTest,
    Period,
    PicklistItem,
    Rounded,
    RuleDate,
    Template,
    TextMatch,
)

_PLAIN: Final = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_MATCHES: Final = {
    "contains": ("contains", "does not contain"),
    "starts": ("starts with", "does not start with"),
    "ends": ("ends with", "does not end with"),
}
_WANTED: Final = {"=": "", "!=": "not ", "<": "less than ", "<=": "at most ", ">": "more than ", ">=": "at least "}
_DATED: Final = {**_WANTED, "<": "before ", "<=": "on or before ", ">": "after ", ">=": "on or after "}
_OPPOSITE: Final = {"=": "!=", "!=": "=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}


def printed(expr: Expr, rule_date: date | None = None) -> str:
    """The expression in the rule language; with a rule date, dates that depend on it are printed as dates."""
    return _Printer(rule_date).text(expr)


def wanted(expr: Expr, rule_date: date, *, truth: bool = True) -> str:
    """What the value that a condition looks at must be for the condition to be true (or, without `truth`, false)."""
    return _Printer(rule_date).wanted(expr, truth)


def value_text(value: Any) -> str:
    """A constant as people write it: no trailing zeros, dates as dates."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case Decimal():
            text = f"{value:f}"
            return text.rstrip("0").rstrip(".") if "." in text else text
        case datetime():
            return value.isoformat(sep=" ", timespec="seconds" if not value.microsecond else "milliseconds")
        case date():
            return value.isoformat()
    return str(value)


def name_text(name: str) -> str:
    """A column's name as an expression writes it."""
    return name if _PLAIN.fullmatch(name) else f"[{name.replace(']', ']]')}]"


class _Printer:
    def __init__(self, rule_date: date | None) -> None:
        self._rule_date = rule_date

    def text(self, expr: Expr) -> str:
        return _PRINTERS[type(expr)](self, expr)

    def inner(self, expr: Expr) -> str:
        """A part, in brackets where it might be read otherwise."""
        text = self.text(expr)
        return f"({text})" if isinstance(expr, Arithmetic | Concat | Logic | Not) else text

    def literal(self, expr: Literal) -> str:
        value = expr.value
        if isinstance(value, str):
            return "'" + value.replace("'", "''") + "'"
        if isinstance(value, datetime):
            return f"datetime '{value_text(value)}'"
        return f"date '{value_text(value)}'" if isinstance(value, date) else value_text(value)

    def shifted(self, expr: DateShift) -> str:
        day = self._day(expr)
        if day is not None:
            return f"date '{day.isoformat()}'"
        sign = "-" if expr.amount < 0 else "+"
        return f"{self.inner(expr.base)} {sign} {abs(expr.amount)} {expr.unit}"

    def today(self, _expr: RuleDate) -> str:
        return "rule_date" if self._rule_date is None else f"date '{self._rule_date.isoformat()}'"

    def compared(self, expr: Compare) -> str:
        return f"{self.inner(expr.left)} {expr.op} {self.inner(expr.right)}"

    def listed(self, expr: InList) -> str:
        items = ", ".join(self.text(item) for item in expr.items)
        return f"{self.inner(expr.operand)} {'not in' if expr.negated else 'in'} ({items})"

    def ranged(self, expr: Between) -> str:
        word = "not between" if expr.negated else "between"
        return f"{self.inner(expr.operand)} {word} {self.inner(expr.low)} and {self.inner(expr.high)}"

    def matched(self, expr: TextMatch) -> str:
        return f"{self.inner(expr.operand)} {_MATCHES[expr.kind][expr.negated]} {self.inner(expr.search)}"

    def null_test(self, expr: NullTest) -> str:
        return f"{self.inner(expr.operand)} is {'not null' if expr.negated else 'null'}"

    def period(self, expr: Period) -> str:
        words = expr.literal.lower().replace("_n_", f" {expr.count} ").replace("_", " ")
        return f"{self.inner(expr.operand)} in {words}"

    def logic(self, expr: Logic) -> str:
        parts = [self.text(term) for term in expr.terms]
        parts = [f"({p})" if isinstance(t, Logic | Not) else p for p, t in zip(parts, expr.terms, strict=True)]
        return f" {expr.op} ".join(parts)

    def case(self, expr: Case) -> str:
        arms = "".join(f" when {self.text(arm.when)} then {self.text(arm.then)}" for arm in expr.branches)
        default = "" if expr.default is None else f" else {self.text(expr.default)}"
        return f"case{arms}{default} end"

    def template(self, expr: Template) -> str:
        parts = (str(p.value) if isinstance(p, Literal) else f"${{{self.text(p)}}}" for p in expr.parts)
        return "".join(parts)

    def wanted(self, expr: Expr, truth: bool) -> str:
        match expr:
            case Not():
                return self.wanted(expr.operand, not truth)
            case Compare():
                op = expr.op if truth else _OPPOSITE[expr.op]
                words = _DATED if expr.left.type.family.value.startswith("Date") else _WANTED
                return words[op] + self.plain(expr.right)
            case InList():
                items = [self.plain(item) for item in expr.items]
                several = len(items) > 1
                listed = f"{', '.join(items[:-1])} or {items[-1]}" if several else items[0]
                return listed if expr.negated is not truth else f"not {listed}"
            case Between():
                span = f"between {self.plain(expr.low)} and {self.plain(expr.high)}"
                span += "" if expr.include_upper else " (that one not included)"
                return span if expr.negated is not truth else f"not {span}"
            case TextMatch():
                words_of = {"contains": "a text that holds", "starts": "a text that starts with"}
                search = f"{words_of.get(expr.kind, 'a text that ends with')} {self.plain(expr.search)}"
                return search if expr.negated is not truth else search.replace("a text that", "no text that")
            case NullTest():
                return "some value" if expr.negated is truth else "no value"
            case Period():
                days = f"{expr.first.isoformat()} to {expr.last.isoformat()}"
                return days if truth else f"not {days}"
        return "true" if truth else "false"

    def plain(self, expr: Expr) -> str:
        """A value as people say it: no quotes, dates as dates."""
        if isinstance(expr, Literal):
            return value_text(expr.value) if expr.value != "" else "an empty text"
        if isinstance(expr, PicklistItem):
            return expr.label
        day = self._day(expr)
        return self.text(expr) if day is None else day.isoformat()

    def _day(self, expr: Expr) -> date | None:
        """The date that an expression over the rule date is on this rule date."""
        if isinstance(expr, RuleDate):
            return self._rule_date
        if isinstance(expr, DateShift):
            base = self._day(expr.base)
            return None if base is None else shift(base, expr.amount, expr.unit)
        is_day = isinstance(expr, Literal) and isinstance(expr.value, date) and not isinstance(expr.value, datetime)
        return expr.value if is_day else None  # type: ignore[union-attr,return-value]


_PRINTERS: Final[Mapping[type[object], Callable[[_Printer, Any], str]]] = {
    ColumnRef: lambda p, e: name_text(e.name),
    Literal: _Printer.literal,
    PicklistItem: lambda p, e: "'" + e.label.replace("'", "''") + "'",
    Arithmetic: lambda p, e: f"{p.inner(e.left)} {e.op} {p.inner(e.right)}",
    Negate: lambda p, e: f"-{p.inner(e.operand)}",
    Rounded: lambda p, e: p.text(e.operand),
    Concat: lambda p, e: f"{p.inner(e.left)} + {p.inner(e.right)}",
    Compare: _Printer.compared,
    InList: _Printer.listed,
    Between: _Printer.ranged,
    TextMatch: _Printer.matched,
    NullTest: _Printer.null_test,
    Period: _Printer.period,
    RuleDate: _Printer.today,
    DateShift: _Printer.shifted,
    Logic: _Printer.logic,
    Not: lambda p, e: f"not {p.inner(e.operand)}",
    Case: _Printer.case,
    Call: lambda p, e: f"{e.function}({', '.join(p.text(arg) for arg in e.args)})",
    Convert: lambda p, e: p.text(e.operand),
    Template: _Printer.template,
}
