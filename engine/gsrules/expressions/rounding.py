"""Rounding and printing of numbers, half away from zero (data-setup.md §2.2, §11.4).

The value of a double is its shortest decimal text (2.675, not 2.67499…). Casting that text is exact and slow, so the
sizes at which a plain cast gives the same digits take it. What has more than 29 integer digits or is not finite becomes
null. DECIMAL(38,9) itself is slow to divide and print in DuckDB, so numbers below 900 million take the way through
64-bit decimals.
"""

from __future__ import annotations

from gsrules.expressions import sql
from gsrules.expressions.sql import NUMBER_SQL, Sql, call


def to_number(double: Sql) -> Sql:
    """A DOUBLE as DECIMAL(38,9)."""
    small = sql.lt(call("abs", double), 400_000)
    slow = sql.try_cast(sql.cast(double, "VARCHAR"), NUMBER_SQL)
    return sql.case(
        [(small, sql.cast(double, NUMBER_SQL)), (_is_cents(double), _through(double, 2)), (_in_range(double), slow)]
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
            (_in_range(double), sql.try_cast(sql.cast(double, "VARCHAR"), target)),
        ]
    )
    return sql.try_cast(rounded, NUMBER_SQL)


def rounded(number: Sql, decimals: int) -> Sql:
    """A DECIMAL(38,9) rounded to fewer decimals, as DECIMAL(38,9); null if it no longer fits."""
    quick = sql.cast(sql.cast(_short(number), f"DECIMAL(18, {decimals})"), NUMBER_SQL)
    slow = sql.try_cast(sql.cast(number, f"DECIMAL(38, {decimals})"), NUMBER_SQL)
    return sql.case([(_is_short(number), quick)], slow)


def stepped(name: str, number: Sql) -> Sql:
    """`ceil` or `floor` of a DECIMAL(38,9); null if it no longer fits."""
    quick = sql.cast(call(name, _short(number)), NUMBER_SQL)
    return sql.case([(_is_short(number), quick)], sql.try_cast(call(name, number), NUMBER_SQL))


def printed(number: Sql) -> Sql:
    """A DECIMAL(38,9) as plain text without trailing zeros."""
    # the condition may be computed for large numbers, too, so that only a TRY_CAST is safe in it
    tried = sql.try_cast(number, "DECIMAL(18, 9)")
    whole = sql.cast(sql.cast(_short(number), "BIGINT"), "VARCHAR")
    thousandth = sql.cast(sql.text("0.001"), NUMBER_SQL)
    plain = sql.between(call("abs", number), thousandth, sql.cast(sql.integer(900_000), NUMBER_SQL))
    slow = call("rtrim", call("rtrim", sql.cast(number, "VARCHAR"), "0"), ".")
    fraction = sql.cast(sql.cast(number, "DOUBLE"), "VARCHAR")
    return sql.case([(sql.eq(tried, call("trunc", tried)), whole), (plain, fraction)], slow)


def _is_short(number: Sql) -> Sql:
    edge = sql.cast(sql.integer(900_000_000), NUMBER_SQL)
    return sql.between(number, sql.cast(sql.integer(-900_000_000), NUMBER_SQL), edge)


def _short(number: Sql) -> Sql:
    return sql.cast(number, "DECIMAL(18, 9)")


def from_text(text: Sql) -> Sql:
    """The number that a text holds as DECIMAL(38,9); null if it holds none, or one of more than 29 integer digits."""
    number = sql.try_cast(text, NUMBER_SQL)
    edge = "99999999999999999999999999999.999999999"
    low, high = (sql.cast(sql.text(sign + edge), NUMBER_SQL) for sign in ("-", ""))
    return sql.case([(sql.between(number, low, high), number)])


def _in_range(double: Sql) -> Sql:
    # DuckDB casts 1.00000000000001e+29 to a DECIMAL(38,9) of 30 integer digits
    return sql.lt(call("abs", double), sql.cast(sql.text("1e29"), "DOUBLE"))


def out_of_range(double: Sql) -> Sql:
    """True where `to_number` loses the value: too large, or not finite."""
    return sql.gte(call("abs", double), sql.cast(sql.text("1e29"), "DOUBLE"))


def _is_cents(double: Sql) -> Sql:
    """True of amounts below ten trillion with at most 2 decimals."""
    small = sql.lt(call("abs", double), 10_000_000_000_000)
    return sql.every([small, sql.eq(call("round", double, 2), double)])


def _through(double: Sql, decimals: int) -> Sql:
    return sql.cast(sql.cast(double, f"DECIMAL(18, {decimals})"), NUMBER_SQL)
