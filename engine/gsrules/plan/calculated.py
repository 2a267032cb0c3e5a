"""Calculated fields: aggregation over time, and the comparison of two measures (data-setup.md §13)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from math import lcm
from typing import TYPE_CHECKING, Final

from gsrules.catalogue.datatypes import NUMBER, Family
from gsrules.dataclass import dataclass
from gsrules.errors import Place, Problem
from gsrules.expressions.periods import UNIT_WORDS
from gsrules.expressions.tree import Arithmetic, ColumnRef, Expr, Literal, Unit
from gsrules.plan.env import Skip, TaskEnv, over_limit
from gsrules.plan.over_rows import Block, RowsValues, earlier
from gsrules.plan.show import Shelf
from gsrules.spec.text import Text

if TYPE_CHECKING:
    from gsrules.spec.formulas import AggregationSpec, ComparisonSpec, MeasureSpec, WindowSpec

_WINDOW: Final = re.compile(r"(last|prior)\s+([0-9]+)\s+([a-z]+)", re.IGNORECASE)
_TWO_YEARS: Final[dict[Unit, int]] = {"days": 730, "weeks": 104, "months": 24, "quarters": 8, "years": 2}
_WHOLE: Final = lcm(*_TWO_YEARS.values())
_HUNDRED: Final = Literal(Decimal(100), NUMBER)


@dataclass(frozen=True, slots=True)
class Window:
    """`count` units that end `offset` units before the rule date (data-setup.md §13)."""

    count: int
    unit: Unit
    offset: int = 0

    def block(self, env: TaskEnv) -> Block:
        """The days of the window: rolling, without the rule date unless the profile says so."""
        context = env.context
        later = timedelta(days=1 if context.profile["calc.window_end"] == "on_rule_date" else 0)
        first = earlier(context.rule_date, self.count + self.offset, self.unit)
        return Block(first + later, earlier(context.rule_date, self.offset, self.unit) + later)


def bind_comparison(spec: ComparisonSpec, field: Text, values: RowsValues, shelf: Shelf, env: TaskEnv) -> Expr:
    """A − B, or their difference in percent of B. Raises InputError, or Skip after noting what is wrong."""
    _warn_of_few_numbers(shelf, env, spec.place)
    sides = (("a", spec.a), ("b", spec.b))
    windows = {name: _window(side, env) for name, side in sides if side.function is not None}
    check_span(((each.count, each.unit) for each in windows.values()), spec.place, env)
    a_is, b_is = ((side.function, side.of.strip("[] ").lower(), windows.get(name)) for name, side in sides)
    if a_is == b_is:
        message = "both sides of the comparison are the same, so that it is always 0"
        hint = "prior means the same as last; offset moves a window back: {sum: Logins, window: last 7 days, offset: 7}"
        env.findings.tell("GS-OPERATOR", message, spec.place_of("b"), value=str(field), hint=hint)
    if windows and spec.date is None:
        message = "an aggregation over a window needs a `date` (MALFORMED_QUERY)"
        hint = "add date: and the name of a shown date column"
        env.findings.error("GS-SPEC-MISSING", message, spec.place, value=str(field), hint=hint)
        raise Skip
    a, b = (_side(name, side, windows.get(name), spec, field, values, env) for name, side in sides)
    return difference(a, b, percent=spec.as_ == "percent")


def bind_aggregation(spec: AggregationSpec, field: Text, values: RowsValues, shelf: Shelf, env: TaskEnv) -> Expr:
    """An aggregation over time. Raises InputError, or Skip after noting what is wrong."""
    _warn_of_few_numbers(shelf, env, spec.place)
    window = _window(spec, env)
    check_span([(window.count, window.unit)], spec.place, env)
    return _measured(spec, window, spec.date, spec.by, field, values, env)


def difference(a: Expr, b: Expr, *, percent: bool) -> Expr:
    """`a` − `b`; in percent of `b` if wanted. Null if one is null; division by zero is the profile's to decide."""
    less = Arithmetic("-", a, b, NUMBER)
    return Arithmetic("*", Arithmetic("/", less, b, NUMBER), _HUNDRED, NUMBER) if percent else less


def check_span(spans: Iterable[tuple[int, Unit]], place: Place | None, env: TaskEnv) -> None:
    """Notes when the windows of a formula span more than 2 years together (data-setup.md §11.1)."""
    listed = list(spans)
    if sum(count * (_WHOLE // _TWO_YEARS[unit]) for count, unit in listed) <= _WHOLE:
        return
    said = " and ".join(f"{count} {unit}" for count, unit in listed)
    message = (
        f"the windows of the formula span {said}; 2 years (730 days, 104 weeks, 24 months, 8 quarters) are allowed"
    )
    noted = replace(over_limit(message, place, env.context, said, "shorten the windows"), where=env.name)
    (env.findings.errors if noted.severity == "error" else env.findings.others).append(noted)


def _side(
    name: str, side: MeasureSpec, window: Window | None, spec: ComparisonSpec, field: Text, values: RowsValues,
    env: TaskEnv,
) -> ColumnRef:  # fmt: skip
    if window is None or spec.date is None:
        return values.shown_column(side.of, (Family.NUMBER,), f"side {name} of the comparison")
    return _measured(side, window, spec.date, spec.by, field, values, env)


def _measured(
    side: WindowSpec, window: Window, day: Text, by: Sequence[Text] | None, field: Text, values: RowsValues,
    env: TaskEnv,
) -> ColumnRef:  # fmt: skip
    assert side.function is not None, "the spec asks for one"
    title = f"{side.function} of {side.of}, {side.window}" + (f" offset {window.offset}" if window.offset else "")
    of = values.column(side.of)
    return values.measure(title, side.function, of, values.day(day), values.partition(by), window.block(env), field)


def _window(side: WindowSpec, env: TaskEnv) -> Window:
    text = side.window or Text()
    found = _WINDOW.fullmatch(text.strip())
    unit = UNIT_WORDS.get(found[3].lower()) if found else None
    if found is None or unit is None or int(found[2]) < 1:
        message = f"{str(text)!r} is no window of time (MALFORMED_QUERY)"
        hint = "write last or prior, a number and a unit: last 7 days, prior 2 weeks, last 3 months, last 1 year"
        env.findings.error("GS-SYNTAX", message, text.at(0, len(text)), value=str(text), hint=hint)
        raise Skip
    if side.offset is not None:
        message = "Gainsight has no windows that are moved back"
        place = side.place_of("offset")
        env.context.warn(Problem("GS-EXT", message, place, env.name, f"offset: {side.offset}", severity="warning"))
    return Window(int(found[2]), unit, side.offset or 0)


def _warn_of_few_numbers(shelf: Shelf, env: TaskEnv, place: Place | None) -> None:
    numbers = [each for each in shelf.columns.values() if each.type.family is Family.NUMBER]
    if len(numbers) < 2:
        message = f"Gainsight offers calculated fields where the source has two Number fields; this has {len(numbers)}"
        env.findings.tell("GS-OPERATOR", message, place, hint="show another Number field in the task before")
