"""Functions over the rows of a task against exact arithmetic, and where they may not stand (data-setup.md §11.4)."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from decimal import ROUND_HALF_UP
from decimal import Decimal as D  # noqa: N817
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gsrules.errors import InputError
from gsrules.expressions.functions import FUNCTIONS
from tests.plan.support import Lab

T = "T: {type: s3, path: t.csv, columns: {x: number, y: number, n: {type: number, decimals: 0}, k: string}}\n"
ALL = (
    "cov: 'covar_pop([x], [y])', cor: 'correlation([x], [y])', "
    "var: 'var_pop([x])', dev: 'stddev_pop([x])', mid: 'median([x])'"
)
EXAMPLES = [(each.text, each.result, each.rows) for entry in FUNCTIONS.values() for each in entry.examples if each.rows]
Pair = tuple[D | None, D | None]


def lab(formulas: str, rows: Sequence[Any] = (), **more: Any) -> Lab:
    text = T + f"Out: {{type: transform, from: T, show: [k], formulas: {{{formulas}}}}}"
    return Lab(text, {"T": list(rows)}, **more)


@pytest.mark.parametrize(("text", "result", "rows"), EXAMPLES, ids=[text for text, *_ in EXAMPLES])
def test_examples_over_rows_print_their_true_result(text: str, result: str | None, rows: Any) -> None:
    made = lab(f'f: {{expression: "to_string({text})"}}', [{"k": str(at), **row} for at, row in enumerate(rows)])
    assert made.rows("Out")[0][1] == result


# -- against exact arithmetic ------------------------------------------------------------------------------------------


def mean(values: Sequence[Fraction]) -> Fraction:
    return sum(values, Fraction()) / len(values)


def covariance(pairs: Sequence[tuple[Fraction, Fraction]]) -> Fraction:
    x, y = mean([a for a, _ in pairs]), mean([b for _, b in pairs])
    return mean([(a - x) * (b - y) for a, b in pairs])


def root(value: Fraction) -> D:
    return (D(value.numerator) / D(value.denominator)).sqrt()


def near(found: D | None, exact: Fraction | D) -> bool:
    """Equal to 9 decimals, and to 13 digits for numbers that a double does not hold to 9 decimals."""
    assert found is not None
    wanted = Fraction(exact)
    return abs(Fraction(found) - wanted) <= Fraction(1, 10**9) + abs(wanted) / 10**13


def middle(values: Sequence[Fraction]) -> D:
    ordered = sorted(values)
    exact = (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2
    return (D(exact.numerator) / D(exact.denominator)).quantize(D("1e-9"), ROUND_HALF_UP)


small = st.decimals(-1000, 1000, places=3, allow_nan=False, allow_infinity=False)
offsets = st.sampled_from([D(0), D(10**9), D(10**15), D(-(10**18)), D("1e9") / 7 // D("1e-9") * D("1e-9")])
tables = st.lists(st.tuples(st.none() | small, st.none() | small), max_size=25)


@settings(max_examples=25, deadline=None)
@given(rows=tables, offset=offsets, scale=st.sampled_from([D(1), D("0.000001"), D(10**6)]))
@example(rows=[(D(1), D(2)), (D(1), D(3))], offset=D(10**15), scale=D("0.000001"))
def test_statistics_are_those_of_exact_arithmetic(rows: list[Pair], offset: D, scale: D) -> None:
    moved: list[Pair] = [(None if x is None else x * scale + offset, y) for x, y in rows]
    table = [{"x": x, "y": y, "k": "k"} for x, y in moved]
    made = lab(ALL, table)
    found = made.rows("Out")
    assert len(set(found)) <= 1, "one value for all rows"
    if not rows:
        return
    _, cov, cor, var, dev, mid = found[0]
    pairs = [(Fraction(x), Fraction(y)) for x, y in moved if x is not None and y is not None]
    xs = [Fraction(x) for x, _ in moved if x is not None]
    if pairs:
        exact, spread = (
            covariance(pairs),
            covariance([(a, a) for a, _ in pairs]) * covariance([(b, b) for _, b in pairs]),
        )
        assert near(cov, exact)
        assert near(cor, D(exact.numerator) / D(exact.denominator) / root(spread)) if spread else cor is None
    else:
        assert (cov, cor) == (None, None)
    if xs:
        variance = covariance([(x, x) for x in xs])
        assert near(var, variance)
        assert near(dev, root(variance))
        assert mid == middle(xs)
    else:
        assert (var, dev, mid) == (None, None, None)
    other = lab(ALL, random.Random(len(rows)).sample(table, len(table)))
    assert other.rows("Out", exact=True) == found, "neither the order of the rows nor the form changes anything"


def test_extreme_numbers_have_a_median_and_a_deviation() -> None:
    most = "99999999999999999999999999999.999999999"
    made = lab(ALL, [{"x": most, "y": 1, "k": "k"}, {"x": f"-{most}", "y": 2, "k": "k"}])
    for exact in (False, True):
        _, cov, cor, var, dev, mid = made.rows("Out", exact=exact)[0]
        assert abs(cov + D("5e28")) < D("1e14")
        assert (cor, var, mid) == (-1, None, 0)
        assert dev is None, "the double next to it has 30 digits"


def test_a_variance_out_of_range_is_null_and_counted() -> None:
    _, counts = lab("f: 'var_pop([x])'", [{"x": 10**20, "k": "a"}, {"x": 0, "k": "b"}]).run("Out")
    assert {each.reason: count for each, count in counts.items() if each.kind == "warning"} == {
        "number out of range": 2
    }


def test_a_value_lost_inside_of_a_statistic_is_counted_for_the_formula() -> None:
    rows = [{"x": 1, "y": 0, "k": "a"}, {"x": 1, "y": 2, "k": "b"}]
    made = lab("f: 'median([x] / [y])'", rows)
    values, counts = made.run("Out")
    assert values["Out"] == [("a", D("0.5")), ("b", D("0.5"))]
    found = {(each.column, each.reason): count for each, count in counts.items() if count and each.kind == "warning"}
    assert found == {("f", "division by zero in median(x / y)"): 1}


def test_whole_columns_give_the_same_in_both_forms() -> None:
    made = lab(
        "v: 'var_pop([n])', m: 'median([n])', d: '[n] - median([n])'", [{"n": each, "k": "k"} for each in (1, 2, 4, 9)]
    )
    assert made.rows("Out") == made.rows("Out", exact=True)
    assert made.rows("Out")[0] == ("k", D("9.5"), 3, -2)


# -- random ------------------------------------------------------------------------------------------------------------


def drawn(task: str, column: str, number: int, seed: int = 0) -> D:
    digest = hashlib.sha256(f"{seed}|rule|2024-05-15|{task}|{column}|{number}".encode()).digest()
    return (D(int.from_bytes(digest[:8], "big")) / D(2**64)).quantize(D("1e-9"), ROUND_HALF_UP)


def test_random_numbers_follow_the_canonical_order_of_all_input_columns() -> None:
    rows = [{"k": "b"}, {"k": None, "x": 1}, {"k": "a", "x": 1}, {"k": "B", "x": 1}, {"k": "a", "x": None}]
    made = lab("f: random()", rows)
    # x comes before k: 1 before null
    assert made.rows("Out") == made.rows("Out", exact=True)
    order = [("B", 1), ("a", 2), (None, 3), ("a", 4), ("b", 5)]
    assert sorted(made.rows("Out"), key=repr) == sorted(((k, drawn("Out", "f", n)) for k, n in order), key=repr)


def test_two_random_numbers_of_a_formula_are_one_and_statistics_may_be_over_them() -> None:
    made = lab("f: random() - random(), g: median(random())", [{"k": "a"}, {"k": "b"}, {"k": "c"}])
    middle_one = sorted(drawn("Out", "g", number) for number in (1, 2, 3))[1]
    assert made.rows("Out") == [("a", 0, middle_one), ("b", 0, middle_one), ("c", 0, middle_one)]


# -- where they stand --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("task", "code"),
    [
        ("{type: transform, from: T, where: 'x > median(x)'}", "GS-OPERATOR"),
        ("{type: transform, from: T, formulas: {f: 'median(x - median(x))'}}", "GS-OPERATOR"),
        ("{type: transform, from: T, formulas: {f: median(k)}}", "GS-TYPE"),
        ("{type: transform, from: T, formulas: {f: 'median(x, y)'}}", "GS-SYNTAX"),
        ("{type: transform, from: T, formulas: {f: 'random(1)'}}", "GS-SYNTAX"),
        ("{type: pivot, from: T, columns: [{name: A, where: 'x > random()', value: count(*)}]}", "GS-OPERATOR"),
    ],
)
def test_functions_over_rows_are_refused_where_there_are_none(task: str, code: str) -> None:
    assert [found for found, _ in Lab(T + f"Out: {task}").problems()] == [code]


@pytest.mark.parametrize("formula", ["median(x)", "random()"])
def test_functions_over_rows_do_not_go_with_groups_whatever_the_profile_says(formula: str) -> None:
    text = T + f"Out: {{type: transform, from: T, show: [k, max(x) as x], formulas: {{f: {formula}}}}}"
    made = Lab(text, profile={"transform.allow_formula_with_group_by": True})
    assert [code for code, _ in made.problems()] == ["GS-OPERATOR"]


def test_a_refusal_says_what_to_do() -> None:
    with pytest.raises(InputError) as caught:
        Lab(T + "Out: {type: transform, from: T, where: 'x > median(x)'}").plan()
    (problem,) = caught.value.problems
    assert "only formulas of a transform" in problem.message
    assert problem.hint == "make it a formula field of a transform, and use that field here"


# -- the plan ----------------------------------------------------------------------------------------------------------


def test_columns_over_rows_stay_inside_of_the_task() -> None:
    made = lab("f: 'x - median(x)'")
    (column,) = [each for each in made.plan().tasks["Out"].columns if each.name == "f"]
    assert [each.name for each in made.plan().tasks["Out"].columns] == ["k", "f"]
    assert column.origin == ("T.x",)


def test_what_nobody_reads_is_not_computed() -> None:
    made = Lab(
        T
        + "Out: {type: transform, from: T, formulas: {f: random(), g: median(x)}}\n"
        + "Used: {type: transform, from: Out, show: [k, g]}\n"
    )
    text = made.text("Used")
    assert "QUANTILE_DISC" in text
    assert "SHA256" not in text.upper()


def test_a_transform_without_such_formulas_has_no_trace_of_them() -> None:
    assert "rows_" not in lab("f: 'x + 1'").text("Out")
