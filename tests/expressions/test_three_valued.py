"""Filters against a few lines of Python that know three truth values (data-setup.md §5.2–§5.5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gsrules.expressions.binder import bind_predicate
from gsrules.expressions.spell import spell
from tests.expressions.worlds import World, context, evaluate, item

Row = Mapping[str, Any]
Truth = bool | None
Condition = tuple[str, Callable[[Row], Truth]]

RULE_DATE = date(2024, 5, 15)
TEXTS = ["", "a", "A", "ab", "Ba", "b%", "x_"]
NUMBERS = [Decimal("-1"), Decimal(0), Decimal("0.5"), Decimal(1), Decimal(2)]
DAYS = [RULE_DATE + timedelta(days=step) for step in (-8, -7, -1, 0, 1)]
LABELS = ["Active", "Churned", "On Hold"]
TAGS = ["VIP", "Beta"]

pytestmark = pytest.mark.once


def maybe(values: list[Any]) -> st.SearchStrategy[Any]:
    return st.sampled_from([*values, None])


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "Name": maybe(TEXTS),
            "Domain": maybe(TEXTS),
            "ARR": maybe(NUMBERS),
            "MRR": maybe(NUMBERS),
            "Start": maybe(DAYS),
            "Active": maybe([True, False]),
            "Status": maybe([item("company.Status", label) for label in LABELS]),
            "Tags": maybe([[item("company.Tags", tag) for tag in chosen] for chosen in ([], TAGS[:1], TAGS[1:], TAGS)]),
        }
    ),
    min_size=1,
    max_size=12,
)


class Conditions:
    """Draws conditions as text together with what they mean."""

    def __init__(self, draw: Callable[[st.SearchStrategy[Any]], Any], profile: Mapping[str, Any]) -> None:
        self.draw = draw
        self.nulls_pass = profile["filter.null_rows"] == "include"
        self.fold = str.lower if profile["filter.equality_case"] == "insensitive" else str
        self.fold_search = str if profile["filter.text_match_case"] == "sensitive" else str.lower
        self.with_upper = profile["filter.between"] == "inclusive"

    def pick(self, values: list[Any]) -> Any:
        return self.draw(st.sampled_from(values))

    def any(self, depth: int) -> Condition:
        kind = self.pick(["and", "or", "not", "one", "one"]) if depth else "one"
        if kind == "one":
            return self.one()
        if kind == "not":
            text, truth = self.any(depth - 1)
            return f"not ({text})", lambda row: _not(truth(row))
        terms = [self.any(depth - 1) for _ in range(self.pick([2, 3]))]
        joined = f" {kind} ".join(f"({text})" for text, _ in terms)
        decide = _all if kind == "and" else _any
        return joined, lambda row: decide([truth(row) for _, truth in terms])

    def one(self) -> Condition:
        text, column, truth = self.pick(
            [self._equal, self._order, self._list, self._between, self._search, self._null, self._items, self._period]
        )()
        if self.nulls_pass and " null" not in text:
            return text, lambda row: True if row[column] is None else truth(row)
        return text, truth

    def _equal(self) -> tuple[str, str, Callable[[Row], Truth]]:
        op, fold = self.pick([("=", self.fold), ("!=", self.fold), ("~", str.lower), ("!~", str.lower)])
        value = self.pick(TEXTS)
        negated = op.startswith("!")
        if self.pick([True, False]):
            found = _known("Name", "Domain")(lambda name, domain: (fold(name) == fold(domain)) != negated)
            return f"Name {op} Domain", "Name", found
        return f"Name {op} '{value}'", "Name", _known("Name")(lambda name: (fold(name) == fold(value)) != negated)

    def _order(self) -> tuple[str, str, Callable[[Row], Truth]]:
        op = self.pick(["=", "!=", "<", "<=", ">", ">="])
        value = self.pick(NUMBERS)
        if self.pick([True, False]):
            return f"ARR {op} MRR", "ARR", _known("ARR", "MRR")(_OPERATORS[op])
        return f"ARR {op} {value}", "ARR", _known("ARR")(lambda number: _OPERATORS[op](number, value))

    def _list(self) -> tuple[str, str, Callable[[Row], Truth]]:
        values = self.draw(st.lists(st.sampled_from(TEXTS), min_size=1, max_size=3))
        negated = self.pick([True, False])
        folded = [self.fold(value) for value in values]
        words = "not in" if negated else "in"
        text = f"Name {words} ({', '.join(repr(value) for value in values)})"
        return text, "Name", _known("Name")(lambda name: (self.fold(name) in folded) != negated)

    def _between(self) -> tuple[str, str, Callable[[Row], Truth]]:
        low, high = self.pick(NUMBERS), self.pick(NUMBERS)
        negated = self.pick([True, False])

        def inside(number: Decimal) -> Truth:
            return (low <= number and (number <= high if self.with_upper else number < high)) != negated

        return f"ARR {'not ' if negated else ''}between {low} and {high}", "ARR", _known("ARR")(inside)

    def _search(self) -> tuple[str, str, Callable[[Row], Truth]]:
        value = self.pick(TEXTS[1:])
        words, test = self.pick(
            [
                ("contains", lambda text, part: part in text),
                ("does not contain", lambda text, part: part not in text),
                ("starts with", str.startswith),
                ("ends with", str.endswith),
            ]
        )
        fold = self.fold_search
        return f"Name {words} '{value}'", "Name", _known("Name")(lambda name: test(fold(name), fold(value)))

    def _null(self) -> tuple[str, str, Callable[[Row], Truth]]:
        column = self.pick(["Name", "ARR", "Start", "Active", "Status", "Tags"])
        negated = self.pick([True, False])
        return f"{column} is {'not ' if negated else ''}null", column, lambda row: (row[column] is None) != negated

    def _items(self) -> tuple[str, str, Callable[[Row], Truth]]:
        column, labels = self.pick([("Status", LABELS), ("Tags", TAGS)])
        listed = self.draw(st.lists(st.sampled_from(labels), min_size=1, max_size=2, unique=True))
        ids = {item(f"company.{column}", label) for label in listed}
        negated = self.pick([True, False])
        text = f"{column} {'not ' if negated else ''}in ({', '.join(repr(label) for label in listed)})"

        def found(value: Any) -> Truth:
            return bool(ids & set(value if isinstance(value, list) else [value])) != negated

        return text, column, _known(column)(found)

    def _period(self) -> tuple[str, str, Callable[[Row], Truth]]:
        words, first, last = self.pick([("last 7 days", -7, -1), ("today", 0, 0), ("current and next 1 days", 0, 1)])
        negated = self.pick([True, False])
        start, end = RULE_DATE + timedelta(days=first), RULE_DATE + timedelta(days=last)
        text = f"Start {'not ' if negated else ''}in {words}"
        return text, "Start", _known("Start")(lambda day: (start <= day <= end) != negated)


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: bool(a == b),
    "!=": lambda a, b: bool(a != b),
    "<": lambda a, b: bool(a < b),
    "<=": lambda a, b: bool(a <= b),
    ">": lambda a, b: bool(a > b),
    ">=": lambda a, b: bool(a >= b),
}


def _known(*columns: str) -> Callable[[Callable[..., Truth]], Callable[[Row], Truth]]:
    """The test of the columns' values; unknown where one of them is null."""

    def wrap(test: Callable[..., Truth]) -> Callable[[Row], Truth]:
        return lambda row: None if any(row[name] is None for name in columns) else test(*(row[n] for n in columns))

    return wrap


def _not(truth: Truth) -> Truth:
    return None if truth is None else not truth


def _all(truths: list[Truth]) -> Truth:
    return False if False in truths else None if None in truths else True


def _any(truths: list[Truth]) -> Truth:
    return True if True in truths else None if None in truths else False


PROFILES = st.fixed_dictionaries(
    {
        "filter__null_rows": st.sampled_from(["exclude", "include"]),
        "filter__equality_case": st.sampled_from(["sensitive", "insensitive"]),
        "filter__text_match_case": st.sampled_from(["insensitive", "sensitive"]),
        "filter__between": st.sampled_from(["inclusive", "exclude_upper"]),
    }
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data(), PROFILES, ROWS)
def test_a_filter_is_what_three_valued_logic_makes_of_it(
    data: st.DataObject, profile: dict[str, str], rows: list[Row]
) -> None:
    world = World(context(RULE_DATE, **profile))
    text, truth = Conditions(data.draw, world.context.profile).any(3)
    tree = bind_predicate(text, world.scope, world.context)
    assert evaluate(spell(tree, world.env), rows) == [truth(row) for row in rows], text
