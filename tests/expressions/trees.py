"""Random trees as the binder makes them, of every kind of node: conditions, formulas, texts with `${…}`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from gsrules.catalogue.datatypes import BOOLEAN, DATE, DATETIME, NUMBER, STRING, DataType, Family
from gsrules.errors import InputError, Place
from gsrules.expressions import comparisons
from gsrules.expressions.adapt import adapt, common_type, picklist_item
from gsrules.expressions.comparisons import Spot
from gsrules.expressions.functions import FUNCTIONS
from gsrules.expressions.pairs import without_null_test
from gsrules.expressions.periods import FIXED_PERIODS, Calendar, period_range
from gsrules.expressions.scope import Context
from gsrules.expressions.tree import (
    Arithmetic,
    Call,
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
    RuleDate,
    Template,
)
from tests.expressions.worlds import COLUMNS

TYPES = {column.name: column.type for column in COLUMNS}
SPOT = Spot("", Place("", 1, 1), 0, 0, 0)
LABELS = {"Status": ["Active", "On Hold"], "Stage": ["New Customer", "NEW CUSTOMER"], "Tags": ["VIP", "Beta"]}
WORDS = st.sampled_from(["", "Acme", "it's", "a ''b''", "100 %", "${x}", "$", "}", "]", "Zoë 😀", "a\nb", "true", "5"])
NUMBERS = st.sampled_from(["0", "5", "-5", "12.5", "-0.25", "1e28", "0.000000001", "99999999999999999999999999999"])
DAYS = st.dates(date(1900, 1, 1), date(2200, 12, 31))
UNITS = ("days", "weeks", "months", "quarters", "years")
COUNTED = ("DAYS", "WEEKS", "MONTHS", "QUARTERS", "YEARS", "FISCAL_QUARTERS", "FISCAL_YEARS")

Draw = Callable[[st.SearchStrategy[Any]], Any]


def bare(tree: Any) -> Any:
    """The tree without places."""
    if isinstance(tree, tuple):
        return tuple(bare(item) for item in tree)
    if not hasattr(tree, "__dataclass_fields__") or isinstance(tree, DataType):
        return tree
    changed = {each.name: bare(getattr(tree, each.name)) for each in fields(tree) if each.init}
    if "place" in changed:
        changed["place"] = None
    return replace(tree, **changed)


def column(*names: str) -> st.SearchStrategy[ColumnRef]:
    return st.sampled_from(names).map(lambda name: ColumnRef(name, TYPES[name]))


class Trees:
    """Draws trees; `context` decides as it does for the binder."""

    def __init__(self, draw: Draw, context: Context) -> None:
        self.draw = draw
        self.context = context
        self._of: dict[Family, Callable[[int], Expr]] = {
            Family.TEXT: self.text,
            Family.NUMBER: self.number,
            Family.DATE: self.day,
            Family.DATETIME: self.instant,
            Family.BOOLEAN: self.boolean,
            Family.PICKLIST: lambda depth: self.draw(column("Status", "OldStatus")),
        }

    def value(self, depth: int) -> Expr:
        """A formula of any family."""
        return self._of[self.draw(st.sampled_from(sorted(self._of)))](depth)

    def one_of(self, depth: int, leaves: list[Callable[[], Expr]], branches: list[Callable[[int], Expr]]) -> Expr:
        if depth <= 0 or self.draw(st.booleans()):
            return self.draw(st.sampled_from(leaves))()
        return self.draw(st.sampled_from(branches))(depth - 1)

    # values

    def number(self, depth: int) -> Expr:
        return self.one_of(
            depth,
            [
                lambda: self.draw(column("ARR", "MRR", "Logins", "Seats")),
                lambda: Literal(Decimal(self.draw(NUMBERS)), NUMBER),
            ],
            [
                self._arithmetic,
                self._negate,
                lambda d: self.call("length", self.text(d)),
                lambda d: self.call("round", self.number(d), Literal(Decimal(2), NUMBER)),
                lambda d: self.call("date_diff", self.day(d), self.instant(d), Literal("weeks", STRING)),
                lambda d: self.case(d, Family.NUMBER),
                lambda d: self.call("coalesce", self.number(d), Literal(None, NUMBER), self.number(d)),
            ],
        )

    def _arithmetic(self, depth: int) -> Expr:
        right = Literal(None, NUMBER) if self.draw(st.integers(0, 9)) == 0 else self.number(depth)
        return Arithmetic(self.draw(st.sampled_from("+-*/")), self.number(depth), right, NUMBER)

    def _negate(self, depth: int) -> Expr:
        operand = self.number(depth)
        return operand if isinstance(operand, Literal) else Negate(operand, NUMBER)

    def text(self, depth: int) -> Expr:
        return self.one_of(
            depth,
            [lambda: self.draw(column("Name", "Email", "Domain")), lambda: Literal(self.draw(WORDS), STRING)],
            [
                lambda d: Concat(self.text(d), self.text(d)),
                lambda d: self.call("upper", self.text(d)),
                lambda d: self.call("to_string", self.value(d)),
                lambda d: self.call("if", self._truth(d), self.text(d), self.text(d)),
                lambda d: self.case(d, Family.TEXT),
            ],
        )

    def day(self, depth: int) -> Expr:
        return self.one_of(
            depth,
            [
                lambda: self.draw(column("RenewalDate", "Start")),
                lambda: Literal(self.draw(DAYS), DATE),
                RuleDate,
            ],
            [
                lambda d: self.shifted(self.day(d)),
                lambda d: self.call("add_days", self.day(d), self.number(d)),
                lambda d: self.case(d, Family.DATE),
            ],
        )

    def instant(self, depth: int) -> Expr:
        clock = st.integers(0, 86_399_999).map(lambda ms: timedelta(milliseconds=ms))
        return self.one_of(
            depth,
            [
                lambda: self.draw(column("CreatedDate", "ModifiedDate")),
                lambda: Literal(datetime.combine(self.draw(DAYS), datetime.min.time()) + self.draw(clock), DATETIME),
            ],
            [lambda d: self.shifted(self.instant(d)), lambda d: self.case(d, Family.DATETIME)],
        )

    def shifted(self, base: Expr) -> Expr:
        return DateShift(base, self.draw(st.integers(-20, 20)), self.draw(st.sampled_from(UNITS)), base.type)

    def call(self, name: str, *args: Expr) -> Expr:
        return Call(name, args, FUNCTIONS[name].result_type(args))

    def boolean(self, depth: int) -> Expr:
        return self.one_of(
            depth,
            [lambda: self.draw(column("Active")), lambda: Literal(self.draw(st.booleans()), BOOLEAN)],
            [lambda d: self.call("is_empty", self.value(d)), self._truth],
        )

    def _truth(self, depth: int) -> Expr:
        """A condition as a value; there a Boolean field is the field itself, without a null test."""
        found = self.condition(depth)
        inner = without_null_test(found)
        return inner if isinstance(inner, ColumnRef) else found

    def case(self, depth: int, family: Family) -> Expr:
        results = [self._of[family](depth) for _ in range(self.draw(st.integers(1, 3)))]
        if self.draw(st.booleans()):
            results.append(Literal(None, STRING))
        kind = common_type(results, self.context, "the results")
        results = [adapt(result, kind, self.context) for result in results]
        default = results.pop() if len(results) > 1 else None
        return Case(tuple(CaseBranch(self.condition(depth), then) for then in results), default, kind)

    # conditions

    def condition(self, depth: int) -> Expr:
        """A filter, a criterion or the `when` of a case."""
        if depth <= 0:
            return self.atom(0)
        kind = self.draw(st.sampled_from(["atom", "atom", "logic", "logic", "not"]))
        if kind == "not":
            operand = self.condition(depth - 1)
            # a period is negated by `not in`, which has a null test of its own
            assume(not isinstance(operand, Period))
            return Not(operand)
        if kind == "atom":
            return self.atom(depth - 1)
        op = self.draw(st.sampled_from(["and", "or"]))
        terms: list[Expr] = []
        for _ in range(self.draw(st.integers(2, 3))):
            term = self.condition(depth - 1)
            terms += term.terms if isinstance(term, Logic) and term.op == op else (term,)
        return Logic(op, tuple(terms))

    def atom(self, depth: int) -> Expr:
        """One condition, made alike as the binder does."""
        make = self.draw(
            st.sampled_from(
                (
                    *(self._compare, self._equal, self._ids, self._list, self._items, self._range, self._match),
                    *(self._null_test, self._period, self._flag),
                )
            )
        )
        try:
            return make(depth)
        except InputError:
            assume(False)
            raise

    def _flag(self, depth: int) -> Expr:
        found = self.boolean(depth)
        return comparisons.with_nulls(found, found, self.context) if isinstance(found, ColumnRef) else found

    def _compare(self, depth: int) -> Expr:
        left, right = self.draw(
            st.sampled_from([(self.number, self.number), (self.day, self.instant), (self.day, self.day)])
        )
        op = self.draw(st.sampled_from(["=", "!=", "<", "<=", ">", ">="]))
        return comparisons.compare(op, left(depth), right(depth), SPOT, self.context)

    def _equal(self, depth: int) -> Expr:
        make = self.draw(st.sampled_from([self.text, self.boolean]))
        ops = ["=", "!=", "~", "!~"] if make == self.text else ["=", "!="]
        return comparisons.compare(self.draw(st.sampled_from(ops)), make(depth), make(depth), SPOT, self.context)

    def _ids(self, _depth: int) -> Expr:
        left, right = self.draw(column("Status", "OldStatus", "Gsid")), self.draw(column("Status", "Stage", "Gsid"))
        return comparisons.compare("=", left, right, SPOT, self.context)

    def _list(self, depth: int) -> Expr:
        make = self.draw(st.sampled_from([self.text, self.number]))
        items = tuple(make(depth) for _ in range(self.draw(st.integers(1, 3))))
        return comparisons.in_list(make(depth), items, self.draw(st.booleans()), SPOT, self.context)

    def _items(self, _depth: int) -> Expr:
        name = self.draw(st.sampled_from(sorted(LABELS)))
        labels = self.draw(st.lists(st.sampled_from(LABELS[name]), min_size=1, max_size=2))
        items = tuple(picklist_item(label, TYPES[name], None, self.context) for label in labels)
        operand = ColumnRef(name, TYPES[name])
        return comparisons.in_list(operand, items, self.draw(st.booleans()), SPOT, self.context)

    def _range(self, depth: int) -> Expr:
        make = self.draw(st.sampled_from([self.number, self.day, self.instant]))
        low, high = make(depth), make(depth)
        return comparisons.between(make(depth), low, high, self.draw(st.booleans()), SPOT, self.context)

    def _match(self, depth: int) -> Expr:
        kind = self.draw(st.sampled_from(["contains", "starts", "ends"]))
        negated = kind == "contains" and self.draw(st.booleans())
        return comparisons.text_match(kind, self.text(depth), self.text(depth), negated, SPOT, self.context)

    def _null_test(self, depth: int) -> Expr:
        return NullTest(self.value(depth), self.draw(st.booleans()))

    def _period(self, depth: int) -> Expr:
        operand = self.draw(st.sampled_from([self.day, self.instant]))(depth)
        day = operand if operand.type.family is Family.DATE else Convert(operand, DATE)
        fixed = ["TODAY", "YESTERDAY", "TOMORROW", *FIXED_PERIODS.values()]
        counted = [
            f"{now}{way}_N_{unit}" for now in ("", "CURRENT_AND_") for way in ("LAST", "NEXT") for unit in COUNTED
        ]
        literal = self.draw(st.sampled_from(fixed + counted))
        count = None if literal in fixed else self.draw(st.integers(1, 30))
        profile = self.context.profile
        calendar = Calendar(profile["calendar.week_start"], profile["calendar.fiscal_year_start_month"])
        include = profile["filter.last_n"] == "include_current"
        period: Expr = Period(
            day, literal, count, *period_range(literal, count, self.context.rule_date, calendar, include)
        )
        return comparisons.with_nulls(Not(period) if self.draw(st.booleans()) else period, day, self.context)

    # texts

    def template(self, depth: int) -> Template:
        """A text with `${…}`: constants never stand side by side, as they would be one constant."""
        parts: list[Expr] = []
        for _ in range(self.draw(st.integers(1, 4))):
            found = self.value(depth)
            is_text = found.type.family in (Family.TEXT, Family.ID)
            parts.append(found if is_text else Convert(found, STRING))
        return Template(tuple(parts), self.draw(st.booleans()))
