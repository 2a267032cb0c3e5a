"""Statistics over all rows of a task (data-setup.md §11.4): exact where it matters, and the same in any order of rows.

Values are exact decimals. A variance is that of their distances from a number next to their mean, so that a large
offset takes nothing from it; sums of doubles are made of integers, which add up to the same in any order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final

import sqlglot
from sqlglot import exp

from gsrules.compile.relation import Relation, cast
from gsrules.expressions import sql
from gsrules.plan.nodes import StatisticFunction

VALUE: Final = "value"
_STEPS: Final = "1237940039285380274899124224.0"  # 2^90


def _distance(one: str, other: str) -> str:
    """The difference of two decimals as a double, exact unless it is too large for a decimal."""
    inexact = f"CAST({one} AS DOUBLE) - CAST({other} AS DOUBLE)"
    return f"coalesce(CAST(TRY({one} - {other}) AS DOUBLE), {inexact})"


def _scale(value: str) -> str:
    """A power of two that is about the largest size of a value."""
    return f"coalesce(pow(2, ceil(log2(nullif(max(abs({value})), 0)))), 1)"


def _total(value: str, scale: str) -> str:
    """The sum, with at least 2^-90 of the largest value kept of each."""
    return f"CAST(sum(CAST({value} / {scale} * {_STEPS} AS HUGEINT)) AS DOUBLE) / {_STEPS} * min({scale})"


_MOMENTS: Final = f"""
WITH usable AS MATERIALIZED (SELECT 0 AS x, 0 AS y),
lows AS (SELECT min(x) AS x, min(y) AS y FROM usable),
steps AS (SELECT {_distance("u.x", "l.x")} AS x, {_distance("u.y", "l.y")} AS y FROM usable AS u, lows AS l),
step_scales AS (SELECT {_scale("x")} AS x, {_scale("y")} AS y FROM steps),
means AS (
    SELECT {_total("v.x", "s.x")} / count(*) AS x, {_total("v.y", "s.y")} / count(*) AS y
    FROM steps AS v, step_scales AS s
),
middles AS (
    SELECT
        coalesce(TRY(l.x + TRY_CAST(m.x AS DECIMAL(38, 9))), 0) AS x,
        coalesce(TRY(l.y + TRY_CAST(m.y AS DECIMAL(38, 9))), 0) AS y
    FROM lows AS l, means AS m
),
deviations AS (
    SELECT {_distance("u.x", "m.x")} AS x, {_distance("u.y", "m.y")} AS y FROM usable AS u, middles AS m
),
products AS (SELECT x, y, x * x AS xx, x * y AS xy, y * y AS yy FROM deviations),
scales AS (
    SELECT {_scale("x")} AS x, {_scale("y")} AS y, {_scale("xx")} AS xx, {_scale("xy")} AS xy, {_scale("yy")} AS yy
    FROM products
),
sums AS (
    SELECT
        count(*) AS n, {_total("v.x", "s.x")} AS x, {_total("v.y", "s.y")} AS y, {_total("v.xx", "s.xx")} AS xx,
        {_total("v.xy", "s.xy")} AS xy, {_total("v.yy", "s.yy")} AS yy
    FROM products AS v, scales AS s
),
moments AS (
    SELECT greatest((xx - x * x / n) / n, 0) AS xx, (xy - x * y / n) / n AS xy, greatest((yy - y * y / n) / n, 0) AS yy
    FROM sums WHERE n > 0
)
SELECT 0 AS value FROM moments
"""

_MIDDLE: Final = """
WITH usable AS (SELECT 0 AS x),
sides AS (SELECT quantile_disc(x, 0.5) AS low, -quantile_disc(-x, 0.5) AS high FROM usable)
SELECT coalesce(
    TRY_CAST(TRY_CAST(TRY(low + high) AS DECIMAL(37, 9)) * CAST(0.5 AS DECIMAL(1, 1)) AS DECIMAL(38, 9)),
    TRY_CAST(CAST(low AS DOUBLE) / 2 + CAST(high AS DOUBLE) / 2 AS DECIMAL(38, 9))
) AS value
FROM sides
"""
_VALUES: Final[Mapping[StatisticFunction, str]] = {
    "covar_pop": "xy",
    "var_pop": "xx",
    "stddev_pop": "sqrt(xx)",
    "correlation": "CASE WHEN xx > 0 AND yy > 0 THEN greatest(-1, least(1, xy / sqrt(xx * yy))) END",
}


def statistic(function: StatisticFunction, usable: exp.Select) -> exp.Select:
    """At most one row with the statistic as `value`: a double, but a decimal for the median.

    `usable` gives the rows with arguments that are not null, as the decimals x and, for two arguments, y.
    """
    found = _parsed(_MIDDLE if function == "median" else _MOMENTS).copy()
    next(each for each in found.find_all(exp.CTE) if each.alias == "usable").set("this", usable)
    if function != "median":
        value = _parsed(f"SELECT {_VALUES[function]} AS {VALUE}").copy()
        found.set("expressions", value.expressions)
    return found


def usable(source: Relation, arguments: Sequence[exp.Expression]) -> exp.Select:
    """The rows of a relation on which no argument is null."""
    decimals = {key: cast(each, sql.NUMBER_SQL) for key, each in zip("xy", arguments, strict=False)}
    rows = Relation(source.select, {"y": exp.Null(), **decimals})
    return rows.where(sql.every([sql.is_not_null(each) for each in arguments])).finished(("x", "y"))


@cache
def _parsed(text: str) -> exp.Select:
    found = sqlglot.parse_one(text, read="duckdb")
    assert isinstance(found, exp.Select)
    return found
