"""Calculated fields and period over period against a slow evaluator that follows the reference (§13, §14)."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP
from decimal import Decimal as D  # noqa: N817
from fractions import Fraction
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.plan.support import Lab

COLUMNS = "k: string, b: boolean, n: {type: number, decimals: 0}, d: date, at: datetime"
T = f"T: {{type: s3, path: t.csv, columns: {{{COLUMNS}}}}}\n"
UNITS = ("days", "weeks", "months", "quarters", "years")
SIX = ("count", "count_distinct", "sum", "avg", "min", "max")
Row = dict[str, Any]


def lab(formulas: str, rows: Sequence[Row] = (), show: str = "", **more: Any) -> Lab:
    return Lab(T + f"Out: {{type: transform, from: T, {show}formulas: {{{formulas}}}}}", {"T": list(rows)}, **more)


# -- the slow evaluator ------------------------------------------------------------------------------------------------


def back(day: date, count: int, unit: str) -> date:
    if unit in ("days", "weeks"):
        return day - timedelta(days=count * (7 if unit == "weeks" else 1))
    months = day.year * 12 + day.month - 1 - count * {"months": 1, "quarters": 3, "years": 12}[unit]
    year, month = divmod(months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def rounded(value: Fraction) -> Fraction:
    exact = D(value.numerator) / D(value.denominator)
    return Fraction(exact.quantize(D("1e-9"), ROUND_HALF_UP))


def aggregated(kind: str, values: Sequence[int]) -> Fraction | None:
    if kind == "count":
        return Fraction(len(values))
    if kind == "count_distinct":
        return Fraction(len(set(values)))
    if not values:
        return None
    if kind == "avg":
        return rounded(Fraction(sum(values), len(values)))
    return Fraction({"sum": sum, "min": min, "max": max}[kind](values))


def compared(a: Fraction | None, b: Fraction | None, percent: bool) -> Fraction | None:
    if a is None or b is None or (percent and not b):
        return None
    return (a - b) / b * 100 if percent else a - b


@dataclass(frozen=True)
class Side:
    """What is over one block of days: [first, end)."""

    first: date
    end: date
    slots: Sequence[tuple[date, date]] = ()

    def value(self, kind: str, rows: Sequence[tuple[date | None, int | None]]) -> Fraction | None:
        inside = [(day, n) for day, n in rows if day is not None and self.first <= day < self.end]
        if not self.slots:
            return aggregated(kind, [n for _, n in inside if n is not None])
        values = [n or 0 for _, n in inside]
        values += [0 for low, high in self.slots if not any(low <= day < high for day, _ in inside)]
        return aggregated(kind, values)


def day_of(row: Row, when: str, zone: str) -> date | None:
    if when == "d":
        return row["d"]  # type: ignore[no-any-return]
    return row["at"] and row["at"].replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo(zone)).date()  # type: ignore[no-any-return]


# -- random tables -----------------------------------------------------------------------------------------------------


def days_around(rule_date: date, span: int) -> st.SearchStrategy[date]:
    near = st.integers(-span, 3).map(lambda moved: rule_date + timedelta(days=moved))
    return near | st.sampled_from([back(rule_date, count, unit) for unit in UNITS for count in (1, 2)])


@st.composite
def worlds(draw: st.DrawFn) -> tuple[date, list[Row], str, tuple[str, ...], str, str]:
    """Rule date, rows, date identifier, columns of the partition (as `by`), the text of `by`, zone."""
    rule_date = draw(st.sampled_from([date(2024, 3, 31), date(2024, 5, 15), date(2023, 2, 28)]))
    day = st.none() | days_around(rule_date, draw(st.sampled_from([5, 20, 200])))
    row = st.fixed_dictionaries(
        {
            "k": st.sampled_from(["a", "b", "B", None]),
            "b": st.sampled_from([True, None]),
            "n": st.none() | st.integers(-9, 9),
            "d": day,
            "at": st.none()
            | st.builds(
                datetime.combine, days_around(rule_date, 5), st.times().map(lambda t: t.replace(microsecond=0))
            ),
        }
    )
    rows = draw(st.lists(row, max_size=25))
    by, text = draw(
        st.sampled_from([(("k", "b"), ""), (("k",), ", by: [k]"), (("b", "n"), ", by: [b, n]"), (("d",), ", by: [d]")])
    )
    return rule_date, rows, draw(st.sampled_from(["d", "at"])), by, text, draw(st.sampled_from(["UTC", "Asia/Tokyo"]))


def check(made: Lab, rows: Sequence[Row], when: str, by: tuple[str, ...], zone: str, fields: Any) -> None:
    """Every row shows, for each of `fields`, what the evaluator gives for its partition."""
    expected = []
    for row in rows:
        members = [(day_of(o, when, zone), o["n"]) for o in rows if all(o[key] == row[key] for key in by)]
        expected.append((row["k"], row["b"], row["n"], row["d"], row["at"], *(each(members) for each in fields)))
    found = made.rows("Out")
    assert len(found) == len(expected)
    for one, other in zip(sorted(found, key=ordered), sorted(expected, key=ordered), strict=True):
        assert one[:5] == other[:5]
        for actual, wanted in zip(one[5:], other[5:], strict=True):
            assert (actual is None) is (wanted is None), (one, other)
            assert wanted is None or abs(Fraction(actual) - wanted) <= Fraction(1, 10**9), (one, other)


def ordered(row: Sequence[Any]) -> str:
    return repr([str(each) for each in row[:5]])


@settings(max_examples=35, deadline=None)
@given(
    world=worlds(), unit=st.sampled_from(UNITS), duration=st.integers(1, 3), prior=st.integers(1, 3),
    kinds=st.lists(st.sampled_from(SIX), min_size=2, max_size=2, unique=True), grain=st.sampled_from(["period", "day"]),
)  # fmt: skip
def test_period_over_period_is_what_the_reference_says(
    world: Any, unit: str, duration: int, prior: int, kinds: list[str], grain: str
) -> None:
    rule_date, rows, when, by, text, zone = world
    total = duration * (1 + prior)
    bounds = [back(rule_date, count, unit) for count in range(total, -1, -1)]
    slots = list(pairwise(bounds))
    if grain == "day":
        days = [bounds[0] + timedelta(days=at) for at in range((rule_date - bounds[0]).days)]
        slots = [(day, day + timedelta(days=1)) for day in days]
    middle = back(rule_date, duration, unit)
    formulas, fields = [], []
    for kind in kinds:
        for zero in (False, True):
            own = [slot for slot in slots if zero]
            now = Side(middle, rule_date, [slot for slot in own if slot[0] >= middle])
            before = Side(bounds[0], middle, [slot for slot in own if slot[0] < middle])
            for percent in (False, True):
                formulas.append(
                    f"f{len(formulas)}: {{period_over_period: {{of: n, date: {when}, period: {unit}, "
                    f"duration: {duration}, prior_periods: {prior}, aggregate: {kind}, "
                    f"missing_as_zero: {str(zero).lower()}, percent: {str(percent).lower()}{text}}}}}"
                )
                fields.append(
                    lambda members, k=kind, a=now, b=before, p=percent: compared(
                        a.value(k, members), b.value(k, members), p
                    )
                )
    keys = {"pop.missing_grain": grain, "tenant.timezone": zone, "limits.strict": False}
    check(lab(", ".join(formulas), rows, profile=keys, rule_date=rule_date), rows, when, by, zone, fields)


@settings(max_examples=35, deadline=None)
@given(
    world=worlds(), units=st.tuples(*[st.sampled_from(UNITS)] * 2), counts=st.tuples(*[st.integers(1, 4)] * 2),
    moved=st.integers(0, 3), kind=st.sampled_from(SIX), later=st.booleans(),
)  # fmt: skip
def test_windows_and_comparisons_are_what_the_reference_says(
    world: Any, units: Any, counts: Any, moved: int, kind: str, later: bool
) -> None:
    rule_date, rows, when, by, text, zone = world
    ahead = timedelta(days=int(later))

    def side(at: int, offset: int) -> Side:
        count, unit = counts[at], units[at]
        return Side(back(rule_date, count + offset, unit) + ahead, back(rule_date, offset, unit) + ahead)

    a, b = side(0, 0), side(1, moved)
    said = [f"{{{kind}: n, window: last {counts[0]} {units[0]}}}", f"{{{kind}: n, window: prior {counts[1]} {units[1]}"]
    said[1] += f", offset: {moved}}}" if moved else "}"
    formulas = (
        f"a: {{aggregation_over_time: {{{said[0][1:-1]}, date: {when}{text}}}}}, "
        f"c: {{comparison: {{a: {said[0]}, b: {said[1]}, date: {when}{text}}}}}, "
        f"p: {{comparison: {{a: {said[0]}, b: {said[1]}, date: {when}, as: percent{text}}}}}"
    )
    fields = [
        lambda members: a.value(kind, members),
        lambda members: compared(a.value(kind, members), b.value(kind, members), False),
        lambda members: compared(a.value(kind, members), b.value(kind, members), True),
    ]
    keys = {
        "calc.window_end": "on_rule_date" if later else "before_rule_date",
        "tenant.timezone": zone,
        "limits.strict": False,
    }
    check(lab(formulas, rows, profile=keys, rule_date=rule_date), rows, when, by, zone, fields)


# -- single statements -------------------------------------------------------------------------------------------------

POP = "of: n, date: d, period: days, duration: 1"


def warnings(formulas: str, rows: Sequence[Row] = (), **more: Any) -> list[tuple[str, str]]:
    return lab(formulas, rows, **more).findings()


def test_sums_and_counts_over_several_prior_periods_draw_a_warning() -> None:
    for kind in SIX:
        found = warnings(f"f: {{period_over_period: {{{POP}, prior_periods: 2, aggregate: {kind}}}}}")
        assert bool(found) is (kind in ("sum", "count"))
        assert warnings(f"f: {{period_over_period: {{{POP}, aggregate: {kind}}}}}") == []


def test_rows_that_share_a_period_are_counted() -> None:
    day = date(2024, 5, 14)
    rows = [
        {"k": k, "n": 1, "d": d}
        for k, d in [("a", day), ("a", day), ("a", day - timedelta(days=1)), ("b", day), ("b", None)]
    ]
    rows += [{"k": "b", "n": 1, "d": date(2024, 1, 1)}] * 2
    made = lab(f"f: {{period_over_period: {{{POP}, aggregate: sum}}}}", rows)
    found = {each.reason: count for each, count in made.run("Out")[1].items() if each.kind == "warning" and count}
    assert found == {"several rows in one period": 2}


def test_a_zero_on_the_prior_side_is_counted_as_a_division_by_zero() -> None:
    rows = [{"k": "a", "n": n, "d": date(2024, 5, d)} for n, d in ((1, 14), (0, 13))]
    values, counts = lab(f"f: {{period_over_period: {{{POP}, aggregate: sum, percent: true}}}}", rows).run("Out")
    assert [row[-1] for row in values["Out"]] == [None, None]
    assert {e.reason: n for e, n in counts.items() if e.kind == "warning" and n} == {"division by zero": 2}


def test_a_source_with_one_number_draws_a_warning() -> None:
    (found,) = warnings("f: {aggregation_over_time: {sum: n, window: last 7 days, date: d}}")
    assert "two Number fields; this has 1" in found[1]


def test_two_equal_sides_draw_a_warning() -> None:
    found = warnings(
        "f: {comparison: {a: {sum: n, window: last 7 days}, b: {sum: '[N]', window: prior 7 days}, date: d}}"
    )
    assert any("always 0" in message for _, message in found)


def test_an_offset_is_an_extension() -> None:
    found = warnings("f: {aggregation_over_time: {sum: n, window: last 7 days, offset: 7, date: d}}")
    assert "GS-EXT" in [code for code, _ in found]


@pytest.mark.parametrize(
    ("formula", "code", "said"),
    [
        ("{aggregation_over_time: {sum: n, window: last week, date: d}}", "GS-SYNTAX", "last week"),
        ("{aggregation_over_time: {sum: n, window: last 0 days, date: d}}", "GS-SYNTAX", "last 0 days"),
        ("{aggregation_over_time: {sum: k, window: last 7 days, date: d}}", "GS-TYPE", "INVALID_TYPE"),
        ("{aggregation_over_time: {max: k, window: last 7 days, date: d}}", "GS-TYPE", "is no number"),
        ("{aggregation_over_time: {sum: n, window: last 7 days, date: n}}", "GS-TYPE", "INVALID_TYPE"),
        ("{aggregation_over_time: {sum: z, window: last 7 days, date: d}}", "GS-NAME", "INVALID_FIELD"),
        ("{aggregation_over_time: {sum: n, window: last 731 days, date: d}}", "GS-LIMIT", "2 years"),
        ("{comparison: {a: k, b: n}}", "GS-TYPE", "side a of the comparison"),
        ("{comparison: {a: n, b: {sum: n, window: last 7 days}}}", "GS-SPEC-MISSING", "date"),
        (f"{{period_over_period: {{{POP}, aggregate: sum, by: [z]}}}}", "GS-NAME", "INVALID_FIELD"),
        (f"{{period_over_period: {{{POP}, aggregate: min}}, type: date}}", "GS-TYPE", "is a number, not a date"),
        (f"{{period_over_period: {{{POP}, prior_periods: 730, aggregate: min}}}}", "GS-LIMIT", "731 days"),
    ],
)
def test_what_is_wrong_is_said(formula: str, code: str, said: str) -> None:
    found = lab(f"f: {formula}").problems()
    assert [each for each, _ in found] == [code]
    assert said in found[0][1]


def test_dates_and_numbers_that_are_compared_are_shown() -> None:
    show = "show: [k], "
    assert (
        lab("f: {aggregation_over_time: {sum: n, window: last 7 days, date: d}}", show=show).problems()[0][0]
        == "GS-NAME"
    )
    assert lab("f: {comparison: {a: n, b: n}}", show=show).problems()[0][0] == "GS-NAME"
    # the measure need not be
    assert lab("f: {aggregation_over_time: {sum: n, window: last 7 days, date: d}}", show="show: [d as day], ").plan()


def test_all_that_is_wrong_with_several_fields_is_said_at_once() -> None:
    text = "f: {comparison: {a: k, b: n}}, g: {aggregation_over_time: {sum: n, window: last, date: d}}, h: 'z + 1'"
    assert [code for code, _ in lab(text).problems()] == ["GS-TYPE", "GS-SYNTAX", "GS-NAME"]


def test_two_years_are_a_warning_where_limits_are() -> None:
    text = "f: {aggregation_over_time: {sum: n, window: last 3 years, date: d}}"
    made = lab(text, [{"k": "a", "n": 3, "d": date(2021, 5, 15)}], profile={"limits.strict": False})
    assert "GS-LIMIT" in [code for code, _ in made.findings()]
    assert made.rows("Out")[0][-1] == 3


def test_fields_over_groups_see_the_grouped_rows_where_the_profile_allows_it() -> None:
    rows = [{"k": "a", "n": n, "d": date(2024, 5, d)} for n, d in ((1, 14), (2, 14), (3, 13))]
    field = f"{{period_over_period: {{{POP}, aggregate: max}}}}"
    text = T + f"Out: {{type: transform, from: T, show: [k, d, sum(n) as n], formulas: {{f: {field}}}}}"
    made = Lab(text, {"T": rows}, profile={"transform.allow_formula_with_group_by": True})
    assert [row[-1] for row in made.rows("Out")] == [0, 0]


def test_empty_texts_are_missing() -> None:
    rows = [{"k": k, "d": date(2024, 5, 14)} for k in ("a", "", None)]
    of_text = (
        "f: {period_over_period: {of: k, date: d, period: days, duration: 1, "
        "aggregate: KIND, missing_as_zero: ZERO, by: [d]}}"
    )
    found = {
        (kind, zero): lab(of_text.replace("KIND", kind).replace("ZERO", zero), rows).rows("Out")[0][-1]
        for kind in ("count", "count_distinct")
        for zero in ("true", "false")
    }
    # with zeros: a, 0, 0 against the 0 of the day without a row
    assert found == {
        ("count", "true"): 2,
        ("count", "false"): 1,
        ("count_distinct", "true"): 1,
        ("count_distinct", "false"): 1,
    }


def test_lineage_names_what_a_field_is_computed_from() -> None:
    plan = lab(f"f: {{period_over_period: {{{POP}, aggregate: sum, by: [k]}}}}").plan()
    (column,) = [each for each in plan.tasks["Out"].columns if each.name == "f"]
    assert column.origin == ("T.k", "T.n", "T.d")


def test_sums_beyond_the_range_are_null_in_the_exact_form() -> None:
    rows = [{"k": "a", "n": 5 * 10**18, "d": date(2024, 5, day)} for day in (14, 14, 13)]
    made = lab(f"f: {{period_over_period: {{{POP}, aggregate: sum, missing_as_zero: true}}}}", rows)
    assert [row[-1] for row in made.rows("Out", exact=True)] == [5 * 10**18] * 3
