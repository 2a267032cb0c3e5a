"""How date functions are spelled (data-setup.md §11.4)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

from gsrules.catalogue.datatypes import DataType, Family
from gsrules.expressions import sql
from gsrules.expressions.functions.model import (
    DATE_OUT_OF_RANGE,
    DATES,
    FRACTION_CUT,
    NOT_CONVERTED,
    NUMBERS,
    Args,
    Counted,
    Param,
    Speller,
    constant_text,
)
from gsrules.expressions.functions.text import trimmed
from gsrules.expressions.sql import Sql, call
from gsrules.expressions.tree import Expr
from gsrules.sources.formats import Format

FIRST_DAY, LAST_DAY = date(1, 1, 1), date(9999, 12, 31)
_FIRST_MS, _LAST_MS = -62_135_596_800_000, 253_402_300_799_999
_MOST_DAYS = 4_000_000
_DAY_MS = 86_400_000
DATETIME_FORMAT = "yyyy-MM-dd'T'HH:mm:ss['.'SSS][XXXXX]"

D = (Param("date", DATES),)
N = Param("number", NUMBERS)
UNITS = ("days", "weeks", "months")
LABELS = ("month", "quarter", "year")


def within_calendar(value: Sql, family: Family) -> Sql:
    """`value` if it lies in the years 1–9999, else null."""
    if family is Family.DATE:
        low, high = sql.day(FIRST_DAY), sql.day(LAST_DAY)
    else:
        low, high = sql.instant(datetime(1, 1, 1)), sql.instant(datetime(9999, 12, 31, 23, 59, 59, 999000))
    return sql.case([(sql.between(value, low, high), value)])


def same_type(args: Args) -> DataType:
    return args[0].type


def moved(days_per_unit: int) -> Callable[[Args, Speller], Sql]:
    def spell(args: Args, speller: Speller) -> Sql:
        days = sql.cast(sql.times(speller.integer(args[1], -_MOST_DAYS, _MOST_DAYS), days_per_unit), "INTEGER")
        base = speller.value(args[0])
        if args[0].type.family is Family.DATE:
            return within_calendar(sql.plus(base, days), Family.DATE)
        return within_calendar(sql.plus(base, call("to_days", days)), Family.DATETIME)

    return spell


def moved_counts(days_per_unit: int) -> Callable[[Args, Speller], tuple[Counted, ...]]:
    def counts(args: Args, speller: Speller) -> tuple[Counted, ...]:
        lost = _lost(args, speller, moved(days_per_unit)(args, speller))
        amount = speller.number(args[1])
        return (Counted(FRACTION_CUT, sql.negate(sql.eq(amount, call("trunc", amount)))), lost)

    return counts


def _lost(args: Args, speller: Speller, result: Sql) -> Counted:
    """The rows that have all arguments but no result."""
    given = [sql.is_not_null(speller.value(arg)) for arg in args]
    return Counted(DATE_OUT_OF_RANGE, sql.every([*given, sql.is_null(result)]))


def added(unit: str) -> Callable[[Args, Speller], Sql]:
    """add_months and add_years: clipped to the last day of the month (§3.1)."""

    def spell(args: Args, speller: Speller) -> Sql:
        return add_months(
            args[0], sql.times(speller.integer(args[1], -130_000, 130_000), 12 if unit == "years" else 1), speller
        )

    return spell


def add_months(base: Expr, months: Sql, speller: Speller) -> Sql:
    """A date moved by months; a DateTime keeps its tenant-zone clock."""
    interval = call("to_months", sql.cast(months, "INTEGER"))
    value = speller.value(base)
    if base.type.family is Family.DATE:
        return within_calendar(sql.cast(sql.plus(value, interval), "DATE"), Family.DATE)
    local = sql.plus(sql.to_local(value, speller.zone), interval)
    return within_calendar(sql.to_utc(local, speller.zone), Family.DATETIME)


def added_counts(unit: str) -> Callable[[Args, Speller], tuple[Counted, ...]]:
    def counts(args: Args, speller: Speller) -> tuple[Counted, ...]:
        amount = speller.number(args[1])
        cut = Counted(FRACTION_CUT, sql.negate(sql.eq(amount, call("trunc", amount))))
        return cut, _lost(args, speller, added(unit)(args, speller))

    return counts


def date_diff(args: Args, speller: Speller) -> Sql:
    unit = constant_text(args[2]) if len(args) > 2 else "days"
    both_instants = all(arg.type.family is Family.DATETIME for arg in args[:2])
    if both_instants and speller.profile["formula.datetime_diff"] == "elapsed":
        later, earlier = (speller.value(arg) for arg in args[:2])
        days = sql.over_whole(sql.minus(call("epoch_ms", later), call("epoch_ms", earlier)), _DAY_MS)
    else:
        later, earlier = (speller.date(arg) for arg in args[:2])
        days = sql.minus(later, earlier)
    if unit == "months":
        forward = call("datesub", "month", earlier, later)
        backward = sql.negative(call("datesub", "month", later, earlier))
        return sql.case([(sql.lt(later, earlier), backward)], forward)
    return sql.over_whole(days, 7) if unit == "weeks" else days


def zone_date(args: Args, speller: Speller) -> Sql:
    return speller.date(args[0])


def _parse(default: str) -> Callable[[Args, Speller], Sql]:
    def spell(args: Args, speller: Speller) -> Sql:
        chosen = constant_text(args[1]) if len(args) > 1 else None
        return Format.parse(chosen or default).read(speller.value(args[0]), speller.zone)

    return spell


def to_date(args: Args, speller: Speller) -> Sql:
    if args[0].type.family is Family.DATETIME:
        return speller.date(args[0])
    return _parse("yyyy-MM-dd")(args, speller)


def to_datetime(args: Args, speller: Speller) -> Sql:
    if args[0].type.family is Family.DATE:
        return sql.to_utc(sql.cast(speller.value(args[0]), "TIMESTAMP"), speller.zone)
    return _parse(DATETIME_FORMAT)(args, speller)


def conversion(spell: Callable[[Args, Speller], Sql]) -> Callable[[Args, Speller], tuple[Counted, ...]]:
    def counts(args: Args, speller: Speller) -> tuple[Counted, ...]:
        if args[0].type.family is not Family.TEXT:
            return ()
        filled = sql.negate(sql.eq(trimmed(speller.value(args[0])), sql.text("")))
        failed = sql.every([filled, sql.is_null(spell(args, speller))])
        return (Counted(NOT_CONVERTED, failed, speller.profile["formula.conversion_failure"] == "error"),)

    return counts


def check_read_format(kind: Family) -> Callable[[Args], tuple[int, str, str] | None]:
    def check(args: Args) -> tuple[int, str, str] | None:
        if len(args) < 2:
            return None
        if args[0].type.family is not Family.TEXT:
            return 1, "a format is for texts only", "leave it out"
        chosen = Format.parse(constant_text(args[1]) or "")
        problems = chosen.date_problems() if kind is Family.DATE else chosen.datetime_problems()
        errors = [problem for problem in problems if problem.severity == "error"]
        return (1, errors[0].message, errors[0].hint) if errors else None

    return check


def _epoch_ms(args: Args, speller: Speller) -> Sql:
    """The milliseconds as BIGINT, null beyond the years 1–9999."""
    number = speller.number(args[0])
    scale = 1000 if speller.profile["formula.epoch_unit"] == "s" else 1
    low, high = (sql.cast(sql.integer(edge // scale), sql.NUMBER_SQL) for edge in (_FIRST_MS, _LAST_MS))
    scaled = sql.times(sql.cast(number, "DECIMAL(28, 9)"), scale) if scale > 1 else number
    return sql.case([(sql.between(number, low, high), sql.cast(call("floor", scaled), "BIGINT"))])


def epoch_to_datetime(args: Args, speller: Speller) -> Sql:
    return call("epoch_ms", _epoch_ms(args, speller))


def epoch_to_date(args: Args, speller: Speller) -> Sql:
    return sql.cast(sql.to_local(epoch_to_datetime(args, speller), speller.zone), "DATE")


def epoch_counts(args: Args, speller: Speller) -> tuple[Counted, ...]:
    return (_lost(args, speller, _epoch_ms(args, speller)),)


def to_epoch(args: Args, speller: Speller) -> Sql:
    value = speller.value(args[0])
    if args[0].type.family is Family.DATE:
        value = sql.to_utc(sql.cast(value, "TIMESTAMP"), speller.zone)
    milliseconds = call("epoch_ms", value)
    if speller.profile["formula.epoch_unit"] == "ms":
        return sql.cast(milliseconds, sql.NUMBER_SQL)
    return sql.cast(sql.times(milliseconds, sql.cast(sql.text("0.001"), "DECIMAL(4, 3)")), sql.NUMBER_SQL)


def _weekday(day: Sql, speller: Speller) -> Sql:
    """Days since the configured first day of the week, 0–6, as BIGINT."""
    if speller.profile["calendar.week_start"] == "sunday":
        return call("dayofweek", day)
    return sql.minus(call("isodow", day), 1)


def first_of_week(args: Args, speller: Speller) -> Sql:
    day = speller.date(args[0])
    return within_calendar(sql.minus(day, sql.cast(_weekday(day, speller), "INTEGER")), Family.DATE)


def last_of_week(args: Args, speller: Speller) -> Sql:
    day = speller.date(args[0])
    left = sql.minus(sql.cast(sql.integer(6), "INTEGER"), sql.cast(_weekday(day, speller), "INTEGER"))
    return within_calendar(sql.plus(day, left), Family.DATE)


def week_counts(spell: Callable[[Args, Speller], Sql]) -> Callable[[Args, Speller], tuple[Counted, ...]]:
    return lambda args, speller: (_lost(args, speller, spell(args, speller)),)


def first_of(unit: str) -> Callable[[Args, Speller], Sql]:
    return lambda args, speller: sql.cast(call("date_trunc", unit, speller.date(args[0])), "DATE")


def last_of_quarter(args: Args, speller: Speller) -> Sql:
    start = call("date_trunc", "quarter", speller.date(args[0]))
    return call("last_day", sql.plus(start, call("to_months", sql.cast(sql.integer(2), "INTEGER"))))


def calendar_label(args: Args, speller: Speller) -> Sql:
    day = speller.date(args[0])
    year = call("strftime", day, "%Y")
    unit = constant_text(args[1])
    if unit == "month":
        return call("strftime", day, "%b %Y")
    if unit == "year":
        return year
    return sql.joined([sql.text("Q"), sql.cast(call("quarter", day), "VARCHAR"), sql.text(" "), year])


def day_of_week(args: Args, speller: Speller) -> Sql:
    return sql.plus(_weekday(speller.date(args[0]), speller), int(speller.profile["calendar.day_of_week_base"]))


def week_number(args: Args, speller: Speller) -> Sql:
    day = speller.date(args[0])
    if speller.profile["calendar.week_number"] == "iso":
        return call("weekofyear", day)
    before = _weekday(sql.cast(call("date_trunc", "year", day), "DATE"), speller)
    days = sql.plus(sql.minus(call("dayofyear", day), 1), before)
    return sql.plus(sql.over_whole(days, 7), 1)


def _fiscal_year(day: Sql, speller: Speller) -> Sql:
    start = int(speller.profile["calendar.fiscal_year_start_month"])
    named_by_end = start > 1 and speller.profile["calendar.fiscal_year_named_by"] == "end"
    begun = sql.case([(sql.gte(call("month", day), start), sql.integer(0))], sql.integer(-1))
    year = sql.plus(sql.plus(call("year", day), begun), int(named_by_end))
    return sql.joined([sql.text("FY"), call("lpad", sql.cast(year, "VARCHAR"), 4, "0")])


def fiscal_year_label(args: Args, speller: Speller) -> Sql:
    return _fiscal_year(speller.date(args[0]), speller)


def fiscal_quarter_label(args: Args, speller: Speller) -> Sql:
    day = speller.date(args[0])
    shifted = sql.plus(call("month", day), 12 - int(speller.profile["calendar.fiscal_year_start_month"]))
    quarter = sql.plus(sql.over_whole(sql.modulo(shifted, 12), 3), 1)
    return sql.joined([sql.text("Q"), sql.cast(quarter, "VARCHAR"), sql.text(" "), _fiscal_year(day, speller)])
