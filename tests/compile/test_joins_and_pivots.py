"""Merges, pivots and repeated keys on random rows, held against loops over the rows (data-setup.md §7, §10)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gsrules.plan.nodes import DataPlan, Join, PlannedTask, walk
from gsrules.run.row_notes import _repeated
from tests.plan.support import Lab

KEYS = st.sampled_from(["X", "x", "Y", "é", "É", "", " X", None])
NUMBERS = st.one_of(st.none(), st.integers(-3, 3), st.sampled_from([Decimal("0.5"), Decimal("1.000000001")]))
LEFT = st.lists(st.tuples(KEYS, NUMBERS, st.integers(0, 99)), max_size=7)
RIGHT = st.lists(st.tuples(KEYS, NUMBERS, st.integers(0, 99)), max_size=7)
SIDES = """
L: {type: s3, path: l.csv, columns: {k: string, n: number, a: number}}
R: {type: s3, path: r.csv, columns: {k: string, n: number, b: number}}
"""
pytestmark = pytest.mark.once

quick = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
Row = tuple[Any, ...]


def lab(tasks: str, left: Sequence[Row], right: Sequence[Row], **profile: str) -> Lab:
    files = {
        "L": [dict(zip("kna", row, strict=True)) for row in left],
        "R": [dict(zip("knb", row, strict=True)) for row in right],
    }
    return Lab(SIDES + tasks, files, profile={key.replace("__", "."): value for key, value in profile.items()})


def met(one: Row, other: Row, both: bool, loose: bool, nulls: bool) -> bool:
    """Whether the keys of two rows match: the text, and the number if `both`."""
    for x, y in zip(one[: 1 + both], other[: 1 + both], strict=True):
        if x is None or y is None:
            if not (nulls and x is None and y is None):
                return False
        elif (x.lower() != y.lower()) if loose and isinstance(x, str) else x != y:
            return False
    return True


def joined(keep: str, left: Sequence[Row], right: Sequence[Row], both: bool, loose: bool, nulls: bool) -> Iterator[Row]:
    used: set[int] = set()
    for one in left:
        found = [at for at, other in enumerate(right) if met(one, other, both, loose, nulls)]
        used.update(found)
        yield from (one + right[at] for at in found)
        if not found and keep in ("left", "all"):
            yield (*one, None, None, None)
    if keep in ("right", "all"):
        yield from ((None, None, None, *other) for at, other in enumerate(right) if at not in used)


@pytest.mark.parametrize("nulls", [False, True])
@pytest.mark.parametrize("keep", ["common", "left", "right", "all"])
@given(left=LEFT, right=RIGHT, both=st.booleans(), loose=st.booleans(), by_profile=st.booleans(), exact=st.booleans())
@settings(parent=quick, max_examples=10)
def test_merges_do_what_a_loop_over_both_sides_does(
    keep: str, nulls: bool, left: list[Row], right: list[Row], both: bool, loose: bool, by_profile: bool, exact: bool
) -> None:
    sign = "~" if loose and not by_profile else "="
    on = f"k {sign} k" + (" and n = n" if both else "")
    merge = f"M: {{type: merge, from: L, join: [{{dataset: R, keep: {keep}, on: {on}}}], show: [{SHOW}]}}"
    found = lab(
        merge,
        left,
        right,
        merge__null_keys="match" if nulls else "never_match",
        merge__key_case="insensitive" if loose and by_profile else "sensitive",
    ).rows("M", exact=exact)
    assert Counter(found) == Counter(joined(keep, left, right, both, loose, nulls))


SHOW = "L.k as k1, L.n as n1, a, R.k as k2, R.n as n2, b"


@given(left=LEFT, right=RIGHT, both=st.booleans(), loose=st.booleans(), nulls=st.booleans())
@quick
def test_repeated_keys_are_those_that_several_rows_of_the_right_share_and_the_left_has(
    left: list[Row], right: list[Row], both: bool, loose: bool, nulls: bool
) -> None:
    on = f"k {'~' if loose else '='} k" + (" and n = n" if both else "")
    tasks = f"M: {{type: merge, from: L, join: [{{dataset: R, keep: left, on: {on}}}], show: [{SHOW}]}}"
    made = lab(tasks, left, right, merge__null_keys="match" if nulls else "never_match")

    def looking(plan: DataPlan) -> DataPlan:
        (join,) = (node for node in walk(plan.tasks["M"].node) if isinstance(node, Join))
        return replace(plan, tasks={**plan.tasks, "fan": PlannedTask("fan", "merge", _repeated(join), ("L", "R"))})

    made.change = looking
    found = made.run("fan", ordered=False)[0]["fan"]
    wanted: dict[Row, tuple[int, int]] = {}
    for row in right:
        key = tuple(x.lower() if loose and isinstance(x, str) else x for x in row[: 1 + both])
        here = sum(met(row, other, both, loose, True) for other in right)
        there = sum(met(other, row, both, loose, nulls) for other in left)
        if here > 1 and there > 0:
            wanted[key] = (here, there)
    assert Counter(found) == Counter(key + counts for key, counts in wanted.items())


GROUPS = st.sampled_from(["g", "G", None])
KINDS = st.sampled_from(["p", "q", "P", None])
VALUES = st.one_of(st.none(), st.integers(-5, 5), st.just(Decimal("2.5")))
CELLS = st.lists(st.tuples(GROUPS, KINDS, VALUES), max_size=8)
FUNCTIONS = ("count", "count_distinct", "sum", "avg", "min", "max")


def aggregated(function: str, values: list[Any]) -> Any:
    kept = [value for value in values if value is not None]
    if function == "count":
        return len(kept)
    if function == "count_distinct":
        return len(set(kept))
    if not kept:
        return None
    total = sum(kept, Decimal(0))
    mean = round(total / len(kept), 9)
    return {"sum": total, "avg": mean, "min": min(kept), "max": max(kept)}[function]


def pivoted(rows: list[Row], columns: Sequence[Row], keep_empty: bool, zero: bool, grouped: bool) -> Iterator[Row]:
    groups: dict[Any, list[Row]] = {} if grouped else {None: []}
    for row in rows:
        groups.setdefault(row[0] if grouped else None, []).append(row)
    for group, members in groups.items():
        cells: list[Any] = []
        fed = False
        for kind, function, default in columns:
            chosen = [row[2] for row in members if row[1] is not None and row[1] == kind]
            fed = fed or bool(chosen)
            value = aggregated(function, chosen)
            if not chosen and function.startswith("count"):
                value = 0 if zero and default is None else None
            cells.append(default if value is None else value)
        if fed or keep_empty or not grouped:
            yield (group, *cells) if grouped else tuple(cells)


@given(
    exact=st.booleans(),
    rows=CELLS,
    columns=st.lists(st.tuples(st.sampled_from("pqP"), st.sampled_from(FUNCTIONS), st.sampled_from([None, 0, 7]))),
    keep_empty=st.booleans(),
    zero=st.booleans(),
    grouped=st.booleans(),
)
@quick
def test_pivots_do_what_a_loop_over_the_groups_does(
    exact: bool, rows: list[Row], columns: list[Row], keep_empty: bool, zero: bool, grouped: bool
) -> None:
    columns = columns[:6] or [("p", "sum", None)]
    listed = ", ".join(
        f"{{name: c{at}, where: kind = '{kind}', value: {function}(v)"
        + (f", default: {default}}}" if default is not None else "}")
        for at, (kind, function, default) in enumerate(columns)
    )
    tasks = f"""
    F: {{type: s3, path: f.csv, columns: {{g: string, kind: string, v: number}}}}
    P: {{type: pivot, from: F, {"group_by: [g], " if grouped else ""}columns: [{listed}]}}
    """
    made = Lab(
        tasks,
        {"F": [{"g": g, "kind": kind, "v": v} for g, kind, v in rows]},
        profile={"pivot.keep_empty_groups": keep_empty, "pivot.count_without_default": "zero" if zero else "null"},
    )
    assert Counter(made.rows("P", exact=exact)) == Counter(pivoted(rows, columns, keep_empty, zero, grouped))
