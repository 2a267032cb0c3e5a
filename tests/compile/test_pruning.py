"""Pruned and unpruned plans give the same rows: keeping every task keeps every column."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.plan.support import Lab

BASE = """
T0: {type: s3, path: t.csv, columns: {k: string, g: string, n: {type: number, decimals: 0}, x: number}}
Other: {type: s3, path: o.csv, columns: {key: string, extra: string, y: {type: number, decimals: 0}}}
"""

# Each takes k, g, n, x and gives k, g, n, x, so that they follow one another in any order.
MERGE = """type: merge, from: {last}, show: [k, extra as g, y as n, x],
    join: [{{dataset: Other, keep: {keep}, on: k ~ key}}]"""
PIVOT = """type: pivot, from: {last}, group_by: [k, g], value: sum(n), columns:
    [{{name: n, where: n > 0}}, {{name: x, where: x > 0, value: sum(x)}}, {{name: z, where: n > 2, value: count(*)}}]"""
STEPS = (
    "type: transform, from: {last}, where: n > 1",
    "type: transform, from: {last}, where: g is not null, show: [x, n, g, k]",
    "type: transform, from: {last}, show: [k, g, sum(n) as n, avg(x) as x, count_distinct(x) as different]",
    "type: transform, from: {last}, show: [k, max(g) as g, count(*) as n, min(x) as x]",
    "type: transform, from: {last}, show: [k, g, n], formulas: {{x: '[n] / [x]', more: '[x] + 1'}}",
    "type: union, from: [{last}, T0]",
    MERGE,
    PIVOT,
)

cells = st.sampled_from([None, "a", "A", "b"])
numbers = st.sampled_from([None, 0, 1, 2, 5])
rows = st.fixed_dictionaries({"k": cells, "g": cells, "n": numbers, "x": st.sampled_from([None, "0", "0.5", "3"])})
others = st.fixed_dictionaries({"key": cells, "extra": cells, "y": numbers})


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    steps=st.lists(st.sampled_from(STEPS), min_size=1, max_size=5),
    keep=st.sampled_from(["common", "left", "right", "all"]),
    shown=st.sampled_from(["[k]", "[n]", "[g, n]", "[count(*)]", "[k, max(x)]"]),
    base=st.lists(rows, max_size=6),
    other=st.lists(others, max_size=4),
)
def test_pruning_never_changes_rows(
    steps: list[str], keep: str, shown: str, base: list[dict[str, object]], other: list[dict[str, object]]
) -> None:
    tasks, last = [BASE.strip()], "T0"
    for number, step in enumerate(steps, start=1):
        tasks.append(f"S{number}: {{{step.format(last=last, keep=keep)}}}")
        # A union may not name one task twice.
        if step.startswith("type: union") and last == "T0":
            tasks.pop()
            continue
        last = f"S{number}"
    tasks.append(f"Out: {{type: transform, from: {last}, show: {shown}}}")
    lab = Lab("\n".join(tasks), {"T0": base, "Other": other})
    everything = lab.run(*lab.plan().tasks)[0]["Out"]
    assert lab.rows("Out") == everything
    assert lab.rows("Out", exact=True) == everything
