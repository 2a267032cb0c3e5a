"""Spells an expression tree as DuckDB SQL (a sqlglot expression)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import date, datetime
from decimal import Decimal
from html import escape
from typing import Any

from gsrules.catalogue.datatypes import DataType, Family
from gsrules.dataclass import dataclass
from gsrules.expressions import rounding, sql
from gsrules.expressions.functions import FUNCTIONS, Function
from gsrules.expressions.functions.joining import join_texts
from gsrules.expressions.periods import shift
from gsrules.expressions.scope import Picklists
from gsrules.expressions.sql import NUMBER_SQL, Sql, call
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
    concat_operands,
)

_BIGINT = 2**63
_MONTHS = {"months": 1, "quarters": 3, "years": 12}
_TEXT_LIKE = frozenset({Family.TEXT, Family.ID, Family.PICKLIST})


@dataclass(frozen=True, slots=True)
class SpellEnv:
    """How an expression meets its relation: `column` gives the SQL of a column by name."""

    column: Callable[[str], Sql]
    rule_date: date
    profile: Mapping[str, Any]
    catalogue: Picklists


def spell(expr: Expr, env: SpellEnv) -> Sql:
    """The SQL of `expr`; its value has the form of `expr.type.storage`."""
    return TreeSpeller(env).value(expr)


def is_double(expr: Expr) -> bool:
    """Whether the value is computed in double precision and rounded afterwards."""
    if isinstance(expr, Negate):
        return is_double(expr.operand)
    return isinstance(expr, Arithmetic | Unrounded) or (isinstance(expr, Call) and FUNCTIONS[expr.function].double)


@dataclass(frozen=True, slots=True)
class TreeSpeller:
    """Spells nodes; implements the `Speller` that functions are given."""

    env: SpellEnv
    profile: Mapping[str, Any] = field(init=False)
    zone: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "profile", self.env.profile)
        object.__setattr__(self, "zone", str(self.env.profile["tenant.timezone"]))

    @property
    def rule_date(self) -> Sql:
        return sql.day(self.env.rule_date)

    # forms of values

    def value(self, expr: Expr) -> Sql:
        return _SPELLINGS[type(expr)](self, expr)

    def number(self, expr: Expr) -> Sql:
        """A number as DECIMAL(38,9)."""
        found = self.value(expr)
        return sql.cast(found, NUMBER_SQL) if expr.type.whole else found

    def double(self, expr: Expr) -> Sql:
        """A number as DOUBLE; what is computed in double precision stays unrounded."""
        if isinstance(expr, Arithmetic):
            return self._arithmetic(expr)
        if isinstance(expr, Unrounded):
            return self.value(expr.operand)
        if isinstance(expr, Negate) and is_double(expr):
            return sql.negative(self.double(expr.operand))
        if isinstance(expr, Call) and is_double(expr):
            return self._call(expr)
        if isinstance(expr, Literal) and isinstance(expr.value, Decimal):
            return sql.cast(sql.text(f"{expr.value:f}"), "DOUBLE")
        return sql.cast(self.value(expr), "DOUBLE")

    def integer(self, expr: Expr, low: int, high: int) -> Sql:
        """A number as BIGINT: fraction cut off, clipped to low…high."""
        if isinstance(expr, Literal) and isinstance(expr.value, Decimal):
            return sql.cast(sql.integer(max(low, min(high, int(expr.value)))), "BIGINT")
        clipped = call("greatest", call("least", self.value(expr), sql.integer(high)), sql.integer(low))
        kept = clipped if expr.type.whole else call("trunc", clipped)
        found = sql.cast(kept, "BIGINT")
        # greatest and least skip nulls
        return sql.case([(sql.is_not_null(self.value(expr)), found)])

    def date(self, expr: Expr) -> Sql:
        """A Date, or the tenant-zone date of a DateTime."""
        if expr.type.family is Family.DATETIME:
            return sql.cast(sql.to_local(self.value(expr), self.zone), "DATE")
        return self.value(expr)

    def label(self, expr: Expr) -> Sql:
        """Any value as `to_string` writes it (data-setup.md §11.4)."""
        family = expr.type.family
        value = self.value(expr)
        if family is Family.NUMBER:
            return sql.cast(value, "VARCHAR") if expr.type.whole else rounding.printed(value)
        if family is Family.DATETIME:
            return self._instant_text(value)
        if family is Family.PICKLIST:
            return self._item_label(value, expr.type)
        if family is Family.MULTI_PICKLIST:
            return self._item_labels(value, expr.type)
        return sql.cast(value, "VARCHAR") if family in (Family.DATE, Family.BOOLEAN) else value

    def _instant_text(self, value: Sql) -> Sql:
        local = sql.to_local(value, self.zone)
        printed = call("strftime", local, "%Y-%m-%dT%H:%M:%S")
        if self.zone == "UTC":
            return sql.joined([printed, sql.text("Z")])
        offset = call("date_diff", "minute", value, local)
        size = call("abs", offset)
        hours, minutes = (
            call("lpad", sql.cast(part, "VARCHAR"), 2, "0") for part in (sql.over_whole(size, 60), sql.modulo(size, 60))
        )
        sign = sql.case([(sql.lt(offset, 0), sql.text("-"))], sql.text("+"))
        written = sql.joined([printed, sign, hours, sql.text(":"), minutes])
        return sql.case([(sql.eq(offset, 0), sql.joined([printed, sql.text("Z")]))], written)

    def _items(self, kind: DataType) -> list[tuple[Sql, Sql]]:
        category = self.env.catalogue.category(kind.category) if kind.category else None
        return [(sql.text(item.gsid), sql.text(item.name)) for item in category.items] if category else []

    def _item_label(self, value: Sql, kind: DataType) -> Sql:
        branches = [(sql.eq(value, gsid), label) for gsid, label in self._items(kind)]
        return sql.case(branches, value) if branches else value

    def _item_labels(self, value: Sql, kind: DataType) -> Sql:
        labels = [sql.case([(call("list_contains", value, gsid), label)]) for gsid, label in self._items(kind)]
        known = call("concat_ws", ";", *labels) if labels else call("array_to_string", value, ";")
        return sql.case([(sql.is_not_null(value), known)])

    # numbers

    def _arithmetic(self, expr: Arithmetic) -> Sql:
        left, right = self.double(expr.left), self.double(expr.right)
        if expr.op == "+":
            return sql.plus(left, right)
        if expr.op == "-":
            return sql.minus(left, right)
        if expr.op == "*":
            return sql.times(left, right)
        if isinstance(expr.right, Literal) and expr.right.value:
            return sql.over(left, right)
        return sql.over(left, sql.nullif(right, sql.cast(sql.integer(0), "DOUBLE")))

    def _rounded_arithmetic(self, expr: Arithmetic) -> Sql:
        return rounding.to_number(self._arithmetic(expr))

    def _negate(self, expr: Negate) -> Sql:
        if is_double(expr):
            return rounding.to_number(self.double(expr))
        return sql.negative(self.number(expr.operand))

    def _rounded(self, expr: Rounded) -> Sql:
        decimals = 9 if expr.type.decimals is None else expr.type.decimals
        if is_double(expr.operand):
            double = self.double(expr.operand)
            return rounding.to_number(double) if decimals >= 9 else rounding.to_decimals(double, decimals)
        number = self.number(expr.operand)
        return number if decimals >= 9 else rounding.rounded(number, decimals)

    def _unrounded(self, expr: Unrounded) -> Sql:
        return rounding.to_number(self.double(expr))

    def _call(self, expr: Call) -> Sql:
        entry: Function = FUNCTIONS[expr.function]
        assert entry.spell is not None, f"{entry.name} is bound only when it is ready"
        return entry.spell(expr.args, self)

    def _rounded_call(self, expr: Call) -> Sql:
        found = self._call(expr)
        return rounding.to_number(found) if FUNCTIONS[expr.function].double else found

    # leaves

    def _column(self, expr: ColumnRef) -> Sql:
        return self.env.column(expr.name)

    def _literal(self, expr: Literal) -> Sql:
        value = expr.value
        if value is None:
            return sql.null(expr.type.storage)
        if isinstance(value, bool):
            return sql.boolean(value)
        if isinstance(value, datetime):
            return sql.instant(value)
        if isinstance(value, date):
            return sql.day(value)
        if isinstance(value, Decimal):
            return sql.cast(sql.text(f"{value:f}"), expr.type.storage)
        return sql.text(value)

    def _picklist_item(self, expr: PicklistItem) -> Sql:
        return sql.text(expr.gsid)

    def _rule_date(self, expr: RuleDate) -> Sql:
        return self.rule_date

    def _date_shift(self, expr: DateShift) -> Sql:
        from gsrules.expressions.functions.date_spelling import add_months, within_calendar

        base = expr.base
        if isinstance(base, RuleDate):
            return sql.day(shift(self.env.rule_date, expr.amount, expr.unit))
        if isinstance(base, Literal) and isinstance(base.value, date) and not isinstance(base.value, datetime):
            return sql.day(shift(base.value, expr.amount, expr.unit))
        if expr.unit in _MONTHS:
            return add_months(base, sql.integer(expr.amount * _MONTHS[expr.unit]), self)
        days = sql.cast(sql.integer(expr.amount * (7 if expr.unit == "weeks" else 1)), "INTEGER")
        if base.type.family is Family.DATE:
            return within_calendar(sql.plus(self.value(base), days), Family.DATE)
        return within_calendar(sql.plus(self.value(base), call("to_days", days)), Family.DATETIME)

    # texts

    def _concat(self, expr: Concat) -> Sql:
        parts = [self.value(part) for part in concat_operands(expr)]
        return join_texts(parts, str(self.profile["formula.null_concat"]))

    def _convert(self, expr: Convert) -> Sql:
        family, target = expr.operand.type.family, expr.type.family
        if target is Family.DATE:
            return self.date(expr.operand)
        if target is Family.DATETIME and family is Family.DATE:
            return sql.to_utc(sql.cast(self.value(expr.operand), "TIMESTAMP"), self.zone)
        if target is Family.NUMBER:
            return self.number(expr.operand)
        return self.label(expr.operand)

    def _template(self, expr: Template) -> Sql:
        parts: list[Sql] = []
        for part in expr.parts:
            if isinstance(part, Literal):
                parts.append(self.value(part))
                continue
            filled = sql.coalesce(self.value(part), sql.text(""))
            for char in "&<>\"'" if expr.escape_html else "":
                filled = call("replace", filled, char, escape(char))
            parts.append(filled)
        return sql.joined(parts)

    # conditions

    def _pair(self, left: Expr, right: Expr, ignore_case: bool) -> tuple[Sql, Sql]:
        found = self._alike((left, right), ignore_case)
        return found[0], found[1]

    def _alike(self, operands: tuple[Expr, ...], ignore_case: bool) -> list[Sql]:
        """Operands in one physical form: whole numbers stay BIGINT when all of them are."""
        family = operands[0].type.family
        if family is Family.NUMBER:
            if all(_is_whole(operand) for operand in operands) and any(o.type.whole for o in operands):
                return [self._as_bigint(operand) for operand in operands]
            return [self.number(operand) for operand in operands]
        values = [self.value(operand) for operand in operands]
        if ignore_case and family in _TEXT_LIKE:
            return [call("lower", value) for value in values]
        return values

    def _as_bigint(self, expr: Expr) -> Sql:
        if isinstance(expr, Literal) and isinstance(expr.value, Decimal):
            return sql.cast(sql.integer(int(expr.value)), "BIGINT")
        return self.value(expr)

    def _compare(self, expr: Compare) -> Sql:
        left, right = self._pair(expr.left, expr.right, expr.ignore_case)
        return _COMPARISONS[expr.op](left, right)

    def _in_list(self, expr: InList) -> Sql:
        if expr.operand.type.family is Family.MULTI_PICKLIST:
            items = sql.array([self.value(item) for item in expr.items])
            found = call("list_has_any", self.value(expr.operand), items)
        else:
            operand, *items_sql = self._alike((expr.operand, *expr.items), expr.ignore_case)
            found = sql.one_of(operand, items_sql)
        return sql.negate(found) if expr.negated else found

    def _between(self, expr: Between) -> Sql:
        operand, low, high = self._alike((expr.operand, expr.low, expr.high), False)
        if expr.include_upper:
            found = sql.between(operand, low, high)
        else:
            found = sql.every([sql.gte(operand, low), sql.lt(operand, high)])
        return sql.negate(found) if expr.negated else found

    def _text_match(self, expr: TextMatch) -> Sql:
        names = {"contains": "contains", "starts": "starts_with", "ends": "ends_with"}
        operand, search = self._pair(expr.operand, expr.search, expr.ignore_case)
        found = call(names[expr.kind], operand, search)
        return sql.negate(found) if expr.negated else found

    def _null_test(self, expr: NullTest) -> Sql:
        value = self.value(expr.operand)
        return sql.is_not_null(value) if expr.negated else sql.is_null(value)

    def _period(self, expr: Period) -> Sql:
        return sql.between(self.value(expr.operand), sql.day(expr.first), sql.day(expr.last))

    def _logic(self, expr: Logic) -> Sql:
        terms = [self.value(term) for term in expr.terms]
        return sql.every(terms) if expr.op == "and" else sql.some(terms)

    def _not(self, expr: Not) -> Sql:
        return sql.negate(self.value(expr.operand))

    def _case(self, expr: Case) -> Sql:
        form = self.number if expr.type.family is Family.NUMBER else self.value
        branches = [(self.value(branch.when), form(branch.then)) for branch in expr.branches]
        return sql.case(branches, None if expr.default is None else form(expr.default))


def _is_whole(expr: Expr) -> bool:
    if isinstance(expr, Literal) and isinstance(expr.value, Decimal):
        return expr.value == expr.value.to_integral_value() and abs(expr.value) < _BIGINT
    return expr.type.whole


_COMPARISONS: Mapping[str, Callable[[Sql, Sql], Sql]] = {
    "=": sql.eq,
    "!=": sql.neq,
    "<": sql.lt,
    "<=": sql.lte,
    ">": sql.gt,
    ">=": sql.gte,
}

_SPELLINGS: Mapping[type[object], Callable[[TreeSpeller, Any], Sql]] = {
    ColumnRef: TreeSpeller._column,
    Literal: TreeSpeller._literal,
    PicklistItem: TreeSpeller._picklist_item,
    Arithmetic: TreeSpeller._rounded_arithmetic,
    Negate: TreeSpeller._negate,
    Rounded: TreeSpeller._rounded,
    Unrounded: TreeSpeller._unrounded,
    Concat: TreeSpeller._concat,
    Compare: TreeSpeller._compare,
    InList: TreeSpeller._in_list,
    Between: TreeSpeller._between,
    TextMatch: TreeSpeller._text_match,
    NullTest: TreeSpeller._null_test,
    Period: TreeSpeller._period,
    RuleDate: TreeSpeller._rule_date,
    DateShift: TreeSpeller._date_shift,
    Logic: TreeSpeller._logic,
    Not: TreeSpeller._not,
    Case: TreeSpeller._case,
    Call: TreeSpeller._rounded_call,
    Convert: TreeSpeller._convert,
    Template: TreeSpeller._template,
}
