"""What the formula list holds beside functions: structured fields and aggregates (data-setup.md §4, §12–§14)."""

from __future__ import annotations

from collections.abc import Mapping

from gsrules.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class RowsExample:
    """Rows of typed columns, the body of a transform over them, and the value of its column Result on the first row."""

    columns: Mapping[str, str]
    rows: tuple[tuple[str, ...], ...]
    task: str
    result: str | None


@dataclass(frozen=True, slots=True)
class Structured:
    """A field that is written as a structure, not as a call. `key` is Gainsight's internal name.

    `form` is how a rule file spells it; the other texts as in `Function`.
    """

    name: str
    key: str
    form: str
    gives: str
    description: str
    nulls: str
    evidence: str
    example: RowsExample
    keys: tuple[str, ...] = ()


_ARR = {"Tier": "string", "ARR": "number"}
_ROWS = (("A", "1"), ("A", "2"), ("A", "2"), ("A", ""))
_DAYS = {"Day": "date", "Logins": "number"}
_WEEK = (("2024-05-14", "3"), ("2024-05-13", "1"), ("2024-05-08", "4"), ("2024-05-07", "10"), ("2024-05-01", "6"))


def _aggregate(name: str, argument: str, gives: str, description: str, nulls: str, result: str) -> Structured:
    example = RowsExample(_ARR, _ROWS, f"show: [Tier, {name}({argument}) as Result]", result)
    form = f"show: [{name}({'*' if argument == '*' else 'Field'}) as Name]"
    return Structured(name, name.upper(), form, gives, description, nulls, "doc", example)


STRUCTURED = (
    _aggregate("count", "ARR", "Number", "How many values there are; count(*) counts rows.", "nulls are skipped", "3"),
    _aggregate(
        "count_distinct",
        "ARR",
        "Number",
        "How many different values there are, case-sensitive.",
        "nulls are skipped",
        "2",
    ),
    _aggregate("sum", "ARR", "the type of Field", "The sum of numbers.", "nulls are skipped; null without values", "5"),
    _aggregate("avg", "ARR", "Number", "The mean of numbers.", "nulls are skipped; null without values", "1.666666667"),
    _aggregate("min", "ARR", "the type of Field", "The smallest value.", "nulls are skipped; null without values", "1"),
    _aggregate("max", "ARR", "the type of Field", "The largest value.", "nulls are skipped; null without values", "2"),
    Structured(
        "case",
        "CASE",
        "case when … then … when … then … else … end",
        "the type of the results, which are of one family",
        "The result of the first case whose criteria are true, else the default; at most 26 conditions a case.",
        "unknown criteria count as not met; without else the rest is null",
        "doc",
        RowsExample(
            {"MRR": "number"},
            (("3000",),),
            "formulas: {Result: \"case when MRR > 4000 then 'Platinum' when MRR >= 3000 then 'Gold' else 'None' end\"}",
            "Gold",
        ),
    ),
    Structured(
        "comparison",
        "calculated_field_comparison",
        "comparison: {a: {sum: Field, window: last 7 days}, b: Other Field, date: Date, as: percent}",
        "Number",
        "A against B, each a Number field or an aggregation over time: A − B (actual), or (A − B) / B × 100 (percent).",
        "null if A or B is null; B = 0 follows formula.divide_by_zero",
        "doc",
        RowsExample(
            {"A": "number", "B": "number"},
            (("75", "100"),),
            "formulas: {Result: {comparison: {a: A, b: B, as: percent}}}",
            "-25",
        ),
        ("calc.window_end", "formula.divide_by_zero", "pop.partition"),
    ),
    Structured(
        "aggregation_over_time",
        "aggregation_over_time",
        "aggregation_over_time: {sum: Field, window: last 7 days, date: Date}",
        "Number",
        "One of the six aggregations over a window before the rule date, which is out.",
        "nulls are skipped; null without a row in the window, counts 0",
        "doc",
        RowsExample(
            _DAYS,
            _WEEK,
            "formulas: {Result: {aggregation_over_time: {sum: Logins, window: last 7 days, date: Day}}}",
            "8",
        ),
        ("calc.window_end", "pop.partition", "tenant.timezone"),
    ),
    Structured(
        "period_over_period",
        "period_over_period_comparison, period_over_period_comparison_percent",
        "period_over_period: {of: Field, date: Date, period: days, duration: 7, prior_periods: 1, aggregate: sum}",
        "Number",
        "A metric of the current block of periods before the rule date minus that of the prior blocks, which are "
        "pooled; or the change in percent.",
        "missing data counts as 0 with missing_as_zero, else it is left out; a null side makes the result null",
        "doc",
        RowsExample(
            _DAYS,
            _WEEK,
            "formulas: {Result: {period_over_period: "
            "{of: Logins, date: Day, period: days, duration: 7, aggregate: sum, percent: true}}}",
            "-50",
        ),
        ("formula.divide_by_zero", "pop.missing_grain", "pop.partition", "tenant.timezone"),
    ),
)
