"""Spells the reading and writing of formatted dates as DuckDB expressions (data-setup.md §15)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final

from sqlglot import exp

from gsrules.sources.format_tokens import MONTHS, WEEKDAYS, Part, Token

_BLANKS: Final = " \t\r\n"
_MONTH_STEMS: Final = "".join(name[:3].lower() for name in MONTHS)
_WEEKDAY_STEMS: Final = "".join(name[:3].lower() for name in WEEKDAYS)
_LARGEST_OFFSET: Final = 18 * 3600

# The fixed-width tokens that the fast form can put in ISO order, and where a missing one is filled in.
_ISO_DATE: Final = (Part.YEAR, Part.MONTH, Part.DAY)
_ISO_TIME: Final = (Part.HOUR, Part.MINUTE, Part.SECOND)

# Months with days that each of them has in every year; the 29th of February is left out.
_DAYS: Final = (
    ("(?:0[1-9]|1[0-2])", "(?:0[1-9]|1[0-9]|2[0-8])"),
    ("(?:0[13-9]|1[0-2])", "(?:29|30)"),
    ("(?:0[13578]|1[02])", "31"),
)
_SURE: Final = {
    Part.YEAR: "[1-9][0-9]{3}",
    Part.HOUR: "(?:[01][0-9]|2[0-3])",
    Part.MINUTE: "[0-5][0-9]",
    Part.SECOND: "[0-5][0-9]",
}


def month_name(month: int, *, short: bool) -> str:
    """The English name of a month, 1 to 12."""
    return MONTHS[month - 1][:3] if short else MONTHS[month - 1]


def weekday_name(weekday: int, *, short: bool) -> str:
    """The English name of a weekday, 1 (Monday) to 7."""
    return WEEKDAYS[weekday - 1][:3] if short else WEEKDAYS[weekday - 1]


def call(name: str, *arguments: exp.Expression | str | int) -> exp.Expression:
    """A call of a DuckDB function, spelled as it is named here."""
    return exp.Anonymous(this=name, expressions=[_value(argument) for argument in arguments])


def trimmed(text: exp.Expression) -> exp.Expression:
    """`text` without spaces, tabs, CR and LF at both ends (data-setup.md §2.2)."""
    return call("trim", text.copy(), _BLANKS)


def read(variants: Sequence[Sequence[Token]], text: exp.Expression, zone: str | None) -> exp.Expression:
    """The DATE (`zone` None) or UTC TIMESTAMP that `text` holds by the first variant that fits, else null.

    Fixed-width variants get a cheap form in front, which knows the ordinary, untrimmed texts only.
    """
    fast = [form for variant in variants[:1] if (form := _fast(variant, text, zone)) is not None]
    bare = trimmed(text)
    return _first([*fast, *(_strict(variant, bare, zone) for variant in variants)])


def sure_pattern(variant: Sequence[Token]) -> str | None:
    """A regular expression that most values of a fixed-width variant match, and nothing else; None for others.

    Telling a good text by it is much cheaper than making its value.
    """
    fixed = all(token.width and token.part in (Part.LITERAL, *_ISO_DATE, *_ISO_TIME) for token in variant)
    if not fixed or not {token.part for token in variant}.issuperset(_ISO_DATE):
        return None
    patterns = []
    for month, day in _DAYS:
        known = {**_SURE, Part.MONTH: month, Part.DAY: day}
        patterns.append("".join(known.get(token.part) or re.escape(token.text) for token in variant))
    return "|".join(patterns)


def write(variant: Sequence[Token], value: exp.Expression, zone: str | None) -> exp.Expression:
    """The text of a DATE (`zone` None) or of a UTC TIMESTAMP, shown in `zone`."""
    if zone is None:
        return _joined(_written(variant, value, exp.Literal.number(0)))
    instant = exp.cast(value.copy(), "TIMESTAMP")
    if zone == "UTC":
        return _joined(_written(variant, instant, exp.Literal.number(0)))
    local = call("timezone", zone, call("timezone", "UTC", instant))
    offset = call("date_diff", "second", instant.copy(), local.copy())
    return _joined(_written(variant, local, offset))


def to_utc(local: exp.Expression, zone: str) -> exp.Expression:
    """The UTC TIMESTAMP of a TIMESTAMP that tells the clock of `zone`."""
    if zone == "UTC":
        return local
    return call("timezone", "UTC", call("timezone", zone, local))


# reading ------------------------------------------------------------------------------------------------------


def _fast(variant: Sequence[Token], text: exp.Expression, zone: str | None) -> exp.Expression | None:
    """The cheap form of a variant whose tokens all have a fixed width, or None if it has no such form.

    The digits are put in ISO order and cast; only a value that prints as the same ISO text counts, so nothing
    that the cast takes beyond the format (signs, 24:00, short years) gets through.
    """
    spots: dict[Part, exp.Expression] = {}
    conditions: list[exp.Expression] = []
    at = 1
    for literal, group in groupby(variant, key=lambda token: token.part is Part.LITERAL):
        for token in [_merged(group)] if literal else list(group):
            if not token.width or token.part not in (Part.LITERAL, *_ISO_DATE, *_ISO_TIME):
                return None
            piece = call("substring", text.copy(), at, token.width)
            if literal:
                conditions.append(exp.EQ(this=piece, expression=exp.Literal.string(token.text)))
            else:
                spots[token.part] = piece
            at += token.width
    if not set(_ISO_DATE) <= set(spots) or (Part.SECOND in spots and Part.MINUTE not in spots):
        return None
    conditions.insert(0, exp.EQ(this=call("length", text.copy()), expression=exp.Literal.number(at - 1)))
    is_iso = "".join(token.text for token in variant) == "yyyy-MM-dd"
    iso = text.copy() if is_iso else _iso(spots)
    value = exp.TryCast(this=iso, to=exp.DataType.build("TIMESTAMP" if zone else "DATE"))
    prints = exp.EQ(this=exp.cast(value.copy(), "VARCHAR"), expression=iso.copy())
    checks = [conditions[0], prints] if is_iso else [*conditions, prints]
    return exp.Case(ifs=[exp.If(this=exp.and_(*checks), true=to_utc(value, zone) if zone else value)])


def _merged(literals: Iterable[Token]) -> Token:
    tokens = list(literals)
    text = "".join(token.text for token in tokens)
    return Token(Part.LITERAL, text, "", "", len(text))


def _iso(spots: dict[Part, exp.Expression]) -> exp.Expression:
    date = call("concat", spots[Part.YEAR], "-", spots[Part.MONTH], "-", spots[Part.DAY])
    if Part.HOUR not in spots:
        return date
    zero = exp.Literal.string("00")
    minute, second = spots.get(Part.MINUTE, zero), spots.get(Part.SECOND, zero)
    return call("concat", *date.expressions, " ", spots[Part.HOUR], ":", minute.copy(), ":", second.copy())


def _strict(variant: Sequence[Token], text: exp.Expression, zone: str | None) -> exp.Expression:
    """The general form: a regular expression cuts the text, the pieces make the value."""
    pattern = "".join(token.pattern if token.part is Part.LITERAL else f"({token.pattern})" for token in variant)
    names = [token.part.value for token in variant if token.part is not Part.LITERAL]
    cut = call("regexp_extract", text, rf"\A{pattern}\z", exp.Array(expressions=[_value(name) for name in names]))
    pieces = {token.part: call("struct_extract", cut.copy(), token.part.value) for token in variant if token.part}
    date = _date(pieces)
    conditions = _checks(pieces, date)
    value = date if zone is None else _instant(pieces, date, zone)
    return exp.Case(ifs=[exp.If(this=exp.and_(*conditions), true=value)]) if conditions else value


def _date(pieces: dict[Part, exp.Expression]) -> exp.Expression:
    year: exp.Expression
    if Part.YEAR in pieces:
        year = exp.Nullif(this=pieces[Part.YEAR], expression=exp.Literal.string("0000"))
    else:
        year = call("concat", "20", pieces[Part.SHORT_YEAR])
    if Part.MONTH in pieces:
        month = pieces[Part.MONTH]
    else:
        month = exp.cast(_index(_MONTH_STEMS, pieces[Part.MONTH_NAME]), "VARCHAR")
    text = _plus_text(year, exp.Literal.string("-"), month, exp.Literal.string("-"), pieces[Part.DAY])
    return exp.TryCast(this=text, to=exp.DataType.build("DATE"))


def _index(stems: str, name: exp.Expression) -> exp.Expression:
    """The number of the month or weekday that begins with the three letters of a stem."""
    found = call("strpos", stems, call("lower", call("left", name, 3)))
    return exp.IntDiv(this=exp.paren(exp.Add(this=found, expression=_value(2))), expression=_value(3))


def _checks(pieces: dict[Part, exp.Expression], date: exp.Expression) -> list[exp.Expression]:
    """What must hold beside the pattern: the right weekday, AM or PM that fits, an offset of 18 hours at most."""
    found: list[exp.Expression] = []
    if Part.WEEKDAY in pieces:
        weekday = _index(_WEEKDAY_STEMS, pieces[Part.WEEKDAY])
        found.append(exp.EQ(this=call("isodow", date.copy()), expression=weekday))
    if Part.HOUR in pieces and Part.HALF_DAY in pieces:
        late = exp.GTE(this=_number(pieces[Part.HOUR]), expression=_value(12))
        found.append(exp.EQ(this=exp.paren(late), expression=exp.paren(_is_pm(pieces))))
    if Part.OFFSET in pieces:
        size = call("abs", _offset_seconds(pieces[Part.OFFSET]))
        found.append(exp.LTE(this=size, expression=_value(_LARGEST_OFFSET)))
    return found


def _instant(pieces: dict[Part, exp.Expression], date: exp.Expression, zone: str) -> exp.Expression:
    terms = [_scaled(_hour(pieces), 3_600_000)]
    for part, scale in ((Part.MINUTE, 60_000), (Part.SECOND, 1000)):
        if part in pieces:
            terms.append(_scaled(_number(pieces[part]), scale))
    if Part.FRACTION in pieces:
        terms.append(_number(call("left", call("rpad", pieces[Part.FRACTION].copy(), 3, "0"), 3)))
    if Part.OFFSET in pieces:
        terms.append(_scaled(_offset_seconds(pieces[Part.OFFSET]), -1000))
    total = terms[0]
    for term in terms[1:]:
        total = exp.Add(this=total, expression=term)
    instant = exp.paren(exp.Add(this=date.copy(), expression=call("to_milliseconds", total)))
    return instant if Part.OFFSET in pieces else to_utc(instant, zone)


def _hour(pieces: dict[Part, exp.Expression]) -> exp.Expression:
    if Part.HOUR in pieces:
        return _number(pieces[Part.HOUR])
    hour = exp.paren(exp.Mod(this=_number(pieces[Part.HOUR_12]), expression=_value(12)))
    late = exp.Case(ifs=[exp.If(this=_is_pm(pieces), true=_value(12))], default=_value(0))
    return exp.paren(exp.Add(this=hour, expression=late))


def _is_pm(pieces: dict[Part, exp.Expression]) -> exp.Expression:
    return exp.EQ(this=call("lower", pieces[Part.HALF_DAY].copy()), expression=exp.Literal.string("pm"))


def _offset_seconds(text: exp.Expression) -> exp.Expression:
    """The seconds that an offset such as Z, -08, +0530 or +01:00 is ahead of UTC."""
    digits = call("rpad", call("replace", call("substring", text.copy(), 2), ":", ""), 6, "0")
    pairs = [_number(call("substring", digits.copy(), at, 2)) for at in (1, 3, 5)]
    hours, minutes = _scaled(pairs[0], 3600), _scaled(pairs[1], 60)
    size = exp.paren(exp.Add(this=exp.Add(this=hours, expression=minutes), expression=pairs[2]))
    negative = exp.EQ(this=call("left", text.copy(), 1), expression=exp.Literal.string("-"))
    return exp.Case(
        ifs=[
            exp.If(this=exp.EQ(this=text.copy(), expression=exp.Literal.string("Z")), true=_value(0)),
            exp.If(this=negative, true=exp.Neg(this=size.copy())),
        ],
        default=size,
    )


# writing ------------------------------------------------------------------------------------------------------


def _written(variant: Sequence[Token], value: exp.Expression, offset: exp.Expression) -> list[exp.Expression]:
    found: list[exp.Expression] = []
    for coded, group in groupby(variant, key=lambda token: bool(token.code)):
        if coded:
            code = "".join(token.code for token in group)
            found.append(call("strftime", value.copy(), code))
        else:
            found.extend(_written_alone(token, value, offset) for token in group)
    return found


def _written_alone(token: Token, value: exp.Expression, offset: exp.Expression) -> exp.Expression:
    if token.part is Part.FRACTION:
        milliseconds = call("strftime", value.copy(), "%g")
        return call("left", call("rpad", milliseconds, len(token.text), "0"), len(token.text))
    return _offset_text(token.text, offset)


def _offset_text(token: str, offset: exp.Expression) -> exp.Expression:
    size = call("abs", offset.copy())
    sign = exp.Case(
        ifs=[exp.If(this=exp.LT(this=offset.copy(), expression=_value(0)), true=_value("-"))], default=_value("+")
    )
    hours = _two_digits(exp.IntDiv(this=size.copy(), expression=_value(3600)))
    minute_of_hour = exp.paren(
        exp.IntDiv(this=exp.paren(exp.Mod(this=size.copy(), expression=_value(3600))), expression=_value(60))
    )
    minutes = _two_digits(minute_of_hour)
    colon = ":" if token in ("XXX", "XXXXX", "xxx") else ""
    tail: exp.Expression
    if token in ("X", "x"):
        some = exp.GT(this=minute_of_hour.copy(), expression=_value(0))
        tail = exp.Case(ifs=[exp.If(this=some, true=minutes)], default=_value(""))
    else:
        tail = call("concat", colon, minutes)
    parts = [sign, hours, tail]
    if token in ("XXXX", "XXXXX"):
        second = exp.paren(exp.Mod(this=size.copy(), expression=_value(60)))
        some = exp.GT(this=second, expression=_value(0))
        text = call("concat", colon, _two_digits(second.copy()))
        parts.append(exp.Case(ifs=[exp.If(this=some, true=text)], default=_value("")))
    written = call("concat", *parts)
    if not token.startswith("X"):
        return written
    zero = exp.EQ(this=offset.copy(), expression=_value(0))
    return exp.Case(ifs=[exp.If(this=zero, true=_value("Z"))], default=written)


def _two_digits(number: exp.Expression) -> exp.Expression:
    return call("lpad", exp.cast(number.copy(), "VARCHAR"), 2, "0")


def _joined(pieces: list[exp.Expression]) -> exp.Expression:
    return pieces[0] if len(pieces) == 1 else _plus_text(*pieces)


# small pieces -------------------------------------------------------------------------------------------------


def _value(value: exp.Expression | str | int) -> exp.Expression:
    if isinstance(value, str):
        return exp.Literal.string(value)
    if isinstance(value, int):
        return exp.Literal.number(value) if value >= 0 else exp.Neg(this=exp.Literal.number(-value))
    return value.copy() if value.parent is not None else value


def _number(text: exp.Expression) -> exp.Expression:
    """Digits as a number; what did not match the pattern is empty and becomes null."""
    return exp.TryCast(this=text.copy(), to=exp.DataType.build("BIGINT"))


def _scaled(number: exp.Expression, scale: int) -> exp.Expression:
    return exp.Mul(this=number, expression=_value(scale))


def _plus_text(*pieces: exp.Expression) -> exp.Expression:
    """Texts joined by ||, so that one null makes the whole null."""
    joined = pieces[0].copy()
    for piece in pieces[1:]:
        joined = exp.DPipe(this=joined, expression=piece.copy())
    return exp.paren(joined)


def _first(values: list[exp.Expression]) -> exp.Expression:
    if len(values) == 1:
        return values[0]
    return exp.Coalesce(this=values[0], expressions=values[1:])
