"""From double precision back to decimals, rounded half away from zero (data-setup.md §2.2).

The value that counts is the shortest decimal text of the double (2.675, not 2.67499…). Casting that text is exact
and slow, so the sizes at which a plain cast gives the same digits take it. What has more than 29 integer digits or is
not finite becomes null.
"""

from __future__ import annotations

from gsrules.expressions import sql
from gsrules.expressions.sql import NUMBER_SQL, Sql, call


def to_number(double: Sql) -> Sql:
    """A DOUBLE as DECIMAL(38,9)."""
    small = sql.lt(call("abs", double), 400_000)
    return sql.case(
        [(small, sql.cast(double, NUMBER_SQL)), (_is_cents(double), _through(double, 2))],
        sql.try_cast(sql.cast(double, "VARCHAR"), NUMBER_SQL),
    )


def to_decimals(double: Sql, decimals: int) -> Sql:
    """A DOUBLE rounded in one step to fewer than 9 decimals, as DECIMAL(38,9)."""
    target = f"DECIMAL(38, {decimals})"
    size = call("abs", double)
    rounded = sql.case(
        [
            (sql.lt(size, 1_000), sql.cast(sql.cast(double, "DECIMAL(18, 12)"), target)),
            (sql.lt(size, 100_000), sql.cast(sql.cast(double, "DECIMAL(18, 10)"), target)),
            (_is_cents(double), sql.cast(sql.cast(double, "DECIMAL(18, 2)"), target)),
        ],
        sql.try_cast(sql.cast(double, "VARCHAR"), target),
    )
    return sql.try_cast(rounded, NUMBER_SQL)


def out_of_range(double: Sql) -> Sql:
    """True where `to_number` loses the value: too large, or not finite."""
    return sql.gte(call("abs", double), sql.cast(sql.text("1e29"), "DOUBLE"))


def _is_cents(double: Sql) -> Sql:
    """True of amounts below ten trillion with at most 2 decimals."""
    small = sql.lt(call("abs", double), 10_000_000_000_000)
    return sql.every([small, sql.eq(call("round", double, 2), double)])


def _through(double: Sql, decimals: int) -> Sql:
    return sql.cast(sql.cast(double, f"DECIMAL(18, {decimals})"), NUMBER_SQL)
