"""Expressions as text again: in the rule language, and what a condition wants, in words.

Constants that depend on the run (the rule date, parameters) are printed as the values that they have.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from gsrules.expressions.pairs import is_paired, logic_terms, without_null_test
from gsrules.expressions.periods import FIXED_PERIODS, shift
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
    Unrounded,
)
from gsrules.expressions.vocabulary import ADD, AND, COMPARE, NEGATE, NOT, OR, RESERVED, SYMBOL_POWER

_PLAIN: Final = re.compile(r"[^\W\d]\w*")
_ATOM: Final = 100
_MATCHES: Final = {
    "contains": ("contains", "does not contain"),
    "starts": ("starts with", "does not start with"),
    "ends": ("ends with", "does not end with"),
}
_WANTED: Final = {"=": "", "!=": "not ", "<": "less than ", "<=": "at most ", ">": "more than ", ">=": "at least "}
_DATED: Final = {**_WANTED, "<": "before ", "<=": "on or before ", ">": "after ", ">=": "on or after "}
_OPPOSITE: Final = {"=": "!=", "!=": "=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}


def printed(expr: Expr, rule_date: date | None = None, profile: Mapping[str, Any] | None = None) -> str:
    """The expression in the rule language; with a rule date, dates that depend on it are printed as dates.

    Without one, and with the profile that the expression was bound under, the text is bound to the same tree again
    (a `Rounded` by the type that is expected, conditions with settings of their own by `lettered`).
    """
    return _Printer(rule_date, profile is not None and profile["filter.null_rows"] == "include").text(expr)


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
    """A column's name as an expression writes it; a name with dots as a path."""
    parts = name.split(".")
    if not all(part and part == part.strip() for part in parts):
        parts = [name]
    return ".".join(part if _is_plain(part) else f"[{part.replace(']', ']]')}]" for part in parts)


def _is_plain(part: str) -> bool:
    return _PLAIN.fullmatch(part) is not None and part.lower() not in RESERVED | {"rule_date"}


def quoted(text: str) -> str:
    """A text constant."""
    return "'" + text.replace("'", "''") + "'"


def period_words(expr: Period) -> str:
    """What follows `in`: `last 7 days`, `this fiscal quarter`, `today`."""
    fixed = {literal: f"this {words}" for words, literal in FIXED_PERIODS.items()}
    if expr.count is None:
        return fixed.get(expr.literal) or expr.literal.lower()
    return expr.literal.replace("_N_", f" {expr.count} ").replace("_", " ").lower()


def _is_negative(expr: Expr) -> bool:
    return isinstance(expr, Literal) and isinstance(expr.value, Decimal) and expr.value < 0


class _Printer:
    """`nulls_pass`: conditions are read under `filter.null_rows = include`, their null tests go without saying."""

    def __init__(self, rule_date: date | None, nulls_pass: bool = False) -> None:
        self._rule_date = rule_date
        self._nulls_pass = nulls_pass

    def text(self, expr: Expr) -> str:
        return _PRINTERS[type(expr)](self, expr)

    def within(self, expr: Expr, power: int) -> str:
        """A part, in parentheses if it binds less tightly than `power`."""
        text = self.text(expr)
        return f"({text})" if self._power(expr) < power else text

    def _power(self, expr: Expr) -> int:
        match expr:
            case Logic():
                if self._nulls_pass and is_paired(expr):
                    return self._power(expr.terms[0])
                return OR if expr.op == "or" else AND
            case Not():
                return COMPARE if isinstance(expr.operand, Period) else NOT
            case Arithmetic():
                return SYMBOL_POWER[expr.op]
            case Concat() | DateShift():
                return ADD if self._rule_date is None or self._day(expr) is None else _ATOM
            case Convert() | Rounded() | Unrounded():
                return self._power(expr.operand)
            case Compare() | InList() | Between() | TextMatch() | NullTest() | Period():
                return COMPARE
        return NEGATE if isinstance(expr, Negate) or _is_negative(expr) else _ATOM

    def literal(self, expr: Literal) -> str:
        value = expr.value
        if isinstance(value, str):
            return quoted(value)
        if isinstance(value, datetime):
            return f"datetime '{value_text(value)}Z'"
        return f"date '{value_text(value)}'" if isinstance(value, date) else value_text(value)

    def shifted(self, expr: DateShift) -> str:
        day = None if self._rule_date is None else self._day(expr)
        if day is not None:
            return f"date '{day.isoformat()}'"
        sign = "-" if expr.amount < 0 else "+"
        return f"{self.within(expr.base, ADD)} {sign} {abs(expr.amount)} {expr.unit}"

    def today(self, _expr: RuleDate) -> str:
        return "rule_date" if self._rule_date is None else f"date '{self._rule_date.isoformat()}'"

    def compared(self, expr: Compare) -> str:
        op = {"=": "~", "!=": "!~"}.get(expr.op, expr.op) if expr.ignore_case else expr.op
        return f"{self.within(expr.left, ADD)} {op} {self.within(expr.right, ADD)}"

    def listed(self, expr: InList) -> str:
        items = ", ".join(self.text(item) for item in expr.items)
        return f"{self.within(expr.operand, ADD)} {'not in' if expr.negated else 'in'} ({items})"

    def ranged(self, expr: Between) -> str:
        word = "not between" if expr.negated else "between"
        return f"{self.within(expr.operand, ADD)} {word} {self.within(expr.low, ADD)} and {self.within(expr.high, ADD)}"

    def matched(self, expr: TextMatch) -> str:
        return f"{self.within(expr.operand, ADD)} {_MATCHES[expr.kind][expr.negated]} {self.within(expr.search, ADD)}"

    def null_test(self, expr: NullTest) -> str:
        return f"{self.within(expr.operand, ADD)} is {'not null' if expr.negated else 'null'}"

    def period(self, expr: Period) -> str:
        return f"{self.within(expr.operand, ADD)} in {period_words(expr)}"

    def negated(self, expr: Not) -> str:
        inner = expr.operand
        if isinstance(inner, Period):
            return f"{self.within(inner.operand, ADD)} not in {period_words(inner)}"
        return f"not {self.text(inner)}" if self._power(inner) >= _ATOM else f"not ({self.text(inner)})"

    def logic(self, expr: Logic) -> str:
        terms = logic_terms(expr) if self._nulls_pass else list(expr.terms)
        shown = [without_null_test(term) if self._nulls_pass else term for term in terms]
        parts = [self.text(term) for term in shown]
        parts = [
            f"({p})" if isinstance(t, Logic) or self._power(t) == NOT else p for p, t in zip(parts, shown, strict=True)
        ]
        return f" {expr.op} ".join(parts)

    def case(self, expr: Case) -> str:
        arms = "".join(f" when {self.text(arm.when)} then {self.text(arm.then)}" for arm in expr.branches)
        default = "" if expr.default is None else f" else {self.text(expr.default)}"
        return f"case{arms}{default} end"

    def template(self, expr: Template) -> str:
        made: list[str] = []
        plain_before = False
        for at, part in enumerate(expr.parts):
            text = part.value if isinstance(part, Literal) else None
            last = at == len(expr.parts) - 1
            plain = isinstance(text, str) and text != "" and not plain_before and (last or not text.endswith("$"))
            made.append(str(text).replace("${", "$${") if plain else f"${{{self.text(part)}}}")
            plain_before = plain
        return "".join(made)

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
    PicklistItem: lambda p, e: quoted(e.label),
    Arithmetic: lambda p, e: (
        f"{p.within(e.left, SYMBOL_POWER[e.op])} {e.op} {p.within(e.right, SYMBOL_POWER[e.op] + 1)}"
    ),
    Negate: lambda p, e: f"-{p.within(e.operand, NEGATE)}",
    Rounded: lambda p, e: p.text(e.operand),
    Unrounded: lambda p, e: p.text(e.operand),
    Concat: lambda p, e: f"{p.within(e.left, ADD)} + {p.within(e.right, ADD + 1)}",
    Compare: _Printer.compared,
    InList: _Printer.listed,
    Between: _Printer.ranged,
    TextMatch: _Printer.matched,
    NullTest: _Printer.null_test,
    Period: _Printer.period,
    RuleDate: _Printer.today,
    DateShift: _Printer.shifted,
    Logic: _Printer.logic,
    Not: _Printer.negated,
    Case: _Printer.case,
    Call: lambda p, e: f"{e.function}({', '.join(p.text(arg) for arg in e.args)})",
    Convert: lambda p, e: p.text(e.operand),
    Template: _Printer.template,
}
