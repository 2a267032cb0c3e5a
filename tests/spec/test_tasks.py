from __future__ import annotations

import pytest

from gsrules.spec import (
    FetchTask,
    MergeTask,
    PivotTask,
    S3Task,
    TaskSpec,
    TransformTask,
    UnionTask,
)
from tests.spec.helpers import only, rule, with_task


def task(written: str) -> TaskSpec:
    return rule(with_task(written)).tasks["T"]


def test_a_fetch_keeps_its_show_items_as_written() -> None:
    found = task("{type: fetch, object: company, show: [Gsid as Company GSID, Csm.Email], group_by: Name}")
    assert isinstance(found, FetchTask)
    assert found.show == ("Gsid as Company GSID", "Csm.Email")
    assert found.group_by == ("Name",)
    assert found.source == "tenant"
    assert found.inputs == ()


def test_customers_only_is_for_salesforce() -> None:
    assert only(with_task("{type: fetch, object: Account, customers_only: true}")).code == "GS-SPEC-ONE-OF"
    found = task("{type: fetch, object: Account, source: salesforce, customers_only: true}")
    assert isinstance(found, FetchTask)
    assert found.customers_only


def test_an_s3_task_has_gainsights_defaults() -> None:
    found = task("{type: s3, path: input/a.csv}")
    assert isinstance(found, S3Task)
    assert (found.bucket, found.match, found.timezone) == ("gainsight-managed", "equals", "UTC")
    assert (found.date_format, found.datetime_format) == ("MM/dd/yyyy", "MM/dd/yyyy HH:mm:ss")
    assert (found.file.separator, found.file.qualifier, found.file.escape) == (None, "double_quote", None)
    assert (found.columns, found.archive) == (None, None)


def test_a_column_may_be_only_its_type() -> None:
    found = task(
        "{type: s3, path: a.csv, columns: {Account ID: string, 2024: {type: number, decimals: 0, as: Count}, D: {}}}"
    )
    assert isinstance(found, S3Task)
    assert found.columns is not None
    assert list(found.columns) == ["Account ID", "2024", "D"]
    assert [column.type for column in found.columns.values()] == ["string", "number", None]
    assert found.columns["2024"].as_ == "Count"  # type: ignore[index]


@pytest.mark.parametrize(
    ("rest", "said"),
    [
        ("path: 'a-${pattern}.csv'", "there is no `pattern`"),
        ("path: a.csv, pattern: {}", "no ${pattern}"),
        ("path: '${pattern}/${pattern}.csv', pattern: {}", "more than once"),
        ("path: a, match: starts_with", "needs a `pattern`"),
    ],
)
def test_the_token_and_the_pattern_come_together(rest: str, said: str) -> None:
    problem = only(with_task(f"{{type: s3, {rest}}}"))
    assert problem.code == "GS-SPEC-PATTERN"
    assert said in problem.message


def test_starts_with_takes_a_pattern() -> None:
    found = task("{type: s3, path: 'a-${pattern}', match: starts_with, pattern: {subtract_days: 4}}")
    assert isinstance(found, S3Task)
    assert found.pattern is not None
    assert (found.pattern.format, found.pattern.subtract_days) == ("yyyy-MM-dd", 4)


@pytest.mark.parametrize(
    ("column", "code"),
    [
        ("strng", "GS-SPEC-VALUE"),
        ("email", "GS-SPEC-VALUE"),
        ("{type: string, decimals: 2}", "GS-SPEC-ONE-OF"),
        ("{type: number, format: yyyy}", "GS-SPEC-ONE-OF"),
        ("{type: number, decimals: 10}", "GS-SPEC-VALUE"),
        ("{type: number, decimals: 1.5}", "GS-SPEC-TYPE"),
        ("{type: number, decimals: '2'}", "GS-SPEC-TYPE"),
        ("7", "GS-SPEC-TYPE"),
    ],
)
def test_a_column_that_cannot_be_is_refused(column: str, code: str) -> None:
    assert only(with_task(f"{{type: s3, path: a.csv, columns: {{A: {column}}}}}")).code == code


def test_a_merge_names_its_inputs_in_order() -> None:
    found = task(
        "{type: merge, from: A, join: [{dataset: B, keep: left, on: x = y}, {dataset: C, keep: all, on: x ~ z}]}"
    )
    assert isinstance(found, MergeTask)
    assert found.inputs == ("A", "B", "C")
    assert [join.keep for join in found.join] == ["left", "all"]


def test_a_join_must_say_what_it_keeps() -> None:
    problem = only(with_task("{type: merge, from: A, join: [{dataset: B, on: x = y}]}"))
    assert (problem.code, problem.message) == ("GS-SPEC-MISSING", "`keep` is missing")


def test_formulas_take_three_forms() -> None:
    found = rule(
        """
        rule: A rule
        tasks:
          T:
            type: transform
            from: A
            formulas:
              Ratio: "[Logins] / [ARR]"
              Tier: {expression: "case when ARR > 4000 then 'P' else 'B' end", type: string}
              Trend:
                period_over_period: {of: Logins, date: Data Date, period: days, duration: 2, prior_periods: 3,
                                     aggregate: avg, missing_as_zero: true, percent: true, by: [Company GSID]}
              Weeks:
                comparison: {a: {sum: Logins, window: last 7 days}, b: Base, date: Data Date, as: percent}
        """
    ).tasks["T"]
    assert isinstance(found, TransformTask)
    ratio, tier, trend, weeks = found.formulas.values()
    assert ratio.expression == "[Logins] / [ARR]"
    assert tier.type == "string"
    assert trend.period_over_period is not None
    assert trend.period_over_period.by == ("Company GSID",)
    assert weeks.comparison is not None
    a, b = weeks.comparison.a, weeks.comparison.b
    assert (a.function, a.of, a.window) == ("sum", "Logins", "last 7 days")
    assert (b.function, b.of) == (None, "Base")
    assert weeks.comparison.as_ == "percent"


@pytest.mark.parametrize(
    ("formula", "code"),
    [
        ("{}", "GS-SPEC-ONE-OF"),
        ("{expression: a, comparison: {a: x, b: y}}", "GS-SPEC-ONE-OF"),
        ("{expression: a, type: string, decimals: 2}", "GS-SPEC-ONE-OF"),
        ("{comparison: {a: {sum: x}, b: y}}", "GS-SPEC-MISSING"),
        ("{comparison: {a: {sum: x, avg: x, window: w}, b: y}}", "GS-SPEC-ONE-OF"),
        ("{comparison: {a: {column: x, window: w}, b: y}}", "GS-SPEC-ONE-OF"),
        ("{period_over_period: {of: a, date: b, period: days, duration: 0, aggregate: sum}}", "GS-SPEC-VALUE"),
        ("{period_over_period: {of: a, date: b, period: days, duration: 1.5, aggregate: sum}}", "GS-SPEC-TYPE"),
        ("7", "GS-SPEC-TYPE"),
    ],
)
def test_a_formula_that_cannot_be_is_refused(formula: str, code: str) -> None:
    assert only(with_task(f"{{type: transform, from: A, formulas: {{F: {formula}}}}}")).code == code


def test_a_pivot_takes_names_or_full_columns() -> None:
    short = task("{type: pivot, from: A, pivot_on: Page, value: sum(Views), default: 0, columns: [Home, Admin]}")
    assert isinstance(short, PivotTask)
    assert [(column.name, column.where, column.value) for column in short.columns] == [
        ("Home", None, None),
        ("Admin", None, None),
    ]
    full = task("{type: pivot, from: A, columns: [{name: X, where: a > 1, value: count(*), default: 0}]}")
    assert isinstance(full, PivotTask)
    assert full.columns[0].where is not None
    assert full.columns[0].where.conditions == {"A": "a > 1"}


@pytest.mark.parametrize(
    ("rest", "said"),
    [
        ("columns: [a], value: sum(x)", "no `pivot_on`"),
        ("columns: [a], pivot_on: p", "no `value`"),
        ("columns: [{name: a, where: b, value: sum(x)}], pivot_on: p", "used by no column"),
        ("columns: [], pivot_on: p, value: sum(x)", "`columns` is empty"),
    ],
)
def test_a_pivot_that_does_not_say_enough_is_refused(rest: str, said: str) -> None:
    assert said in only(with_task(f"{{type: pivot, from: A, {rest}}}")).message


def test_a_union_maps_columns_by_dataset() -> None:
    found = task("{type: union, from: [A, B], columns: {Email: {A: Email, B: email_address}}}")
    assert isinstance(found, UnionTask)
    assert found.inputs == ("A", "B")
    assert found.columns is not None
    short = found.columns["Email"]
    assert (short.from_, short.type, short.decimals) == ({"A": "Email", "B": "email_address"}, None, None)
    assert short.from_["B"].place is not None
    assert "at least 2" in only(with_task("{type: union, from: [A]}")).message
    full = task("{type: union, from: [A, B], columns: {N: {from: {A: n, type: n}, type: number, decimals: 2}}}")
    assert isinstance(full, UnionTask)
    assert full.columns is not None
    assert (full.columns["N"].type, full.columns["N"].decimals) == ("number", 2)
    assert full.columns["N"].from_ == {"A": "n", "type": "n"}


def test_a_dataset_of_a_union_may_be_named_like_a_key() -> None:
    found = task("{type: union, from: [type, from], columns: {N: {type: a, from: b}}}")
    assert isinstance(found, UnionTask)
    assert found.columns is not None
    assert found.columns["N"].from_ == {"type": "a", "from": "b"}


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ("{from: {A: n}, type: string, decimals: 2}", "belongs to numbers"),
        ("{from: {A: n}, typ: number}", "typ"),
        ("A", "columns of the datasets are expected"),
        ("{A: 5}", "text"),
    ],
)
def test_a_column_of_a_union_that_does_not_fit_is_refused(column: str, said: str) -> None:
    assert said in only(with_task(f"{{type: union, from: [A, B], columns: {{N: {column}}}}}")).message
