"""Text functions (data-setup.md §11.2)."""

from __future__ import annotations

from decimal import Decimal

from gsrules.catalogue.datatypes import BOOLEAN, NUMBER, STRING, WHOLE, Family
from gsrules.expressions import rounding, sql
from gsrules.expressions.functions.joining import join_texts, joined_nulls
from gsrules.expressions.functions.model import (
    ANY,
    NOT_CONVERTED,
    NOT_FOUND,
    NUMBERS,
    TEXT,
    Args,
    Counted,
    Example,
    Function,
    Param,
    Speller,
    constant_text,
)
from gsrules.expressions.sql import Sql, call
from gsrules.expressions.tree import Literal
from gsrules.sources.formats import Format

BLANKS = " \t\r\n"
_NUMBER_TEXT = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?"
_LONGEST = 2_147_483_647

_T = Param("text", TEXT)
_SEARCH = Param("search", TEXT)


def _nullable(args: Args) -> Args:
    return tuple(arg for arg in args if not (isinstance(arg, Literal) and arg.value is not None))


def _concat(args: Args, speller: Speller) -> Sql:
    return join_texts([speller.value(arg) for arg in args], speller.profile["formula.null_concat"])


def _concat_counts(args: Args, speller: Speller) -> tuple[Counted, ...]:
    return joined_nulls([speller.value(arg) for arg in _nullable(args)], speller)


def _hit(args: Args, speller: Speller) -> Sql:
    """Where the search text begins; null if it does not occur or is empty."""
    search = speller.value(args[1])
    if not constant_text(args[1]):
        search = sql.nullif(search, sql.text(""))
    return sql.nullif(call("strpos", speller.value(args[0]), search), sql.integer(0))


def _or_else(found: Sql, args: Args, speller: Speller) -> Sql:
    """`found`, or what `formula.text_not_found` says for a text without a hit."""
    choice = speller.profile["formula.text_not_found"]
    if choice == "null":
        return found
    value, search = speller.value(args[0]), speller.value(args[1])
    given = sql.every([sql.is_not_null(value), sql.is_not_null(search)])
    return sql.case([(given, sql.coalesce(found, value if choice == "whole" else sql.text("")))])


def _left(args: Args, speller: Speller) -> Sql:
    before = sql.minus(_hit(args, speller), 1)
    return _or_else(call("substring", speller.value(args[0]), 1, before), args, speller)


def _right(args: Args, speller: Speller) -> Sql:
    value, search = speller.value(args[0]), speller.value(args[1])
    if speller.profile["formula.right_occurrence"] == "first":
        after = sql.plus(_hit(args, speller), call("length", search))
        return _or_else(call("substring", value, after), args, speller)
    pattern = sql.joined([sql.text("(?s)^.*"), call("regexp_escape", search), sql.text("(.*)$")])
    last = sql.case([(sql.is_not_null(_hit(args, speller)), call("regexp_extract", value, pattern, 1))])
    return _or_else(last, args, speller)


def _cut_counts(args: Args, speller: Speller) -> tuple[Counted, ...]:
    if speller.profile["formula.text_not_found"] != "null":
        return ()
    given = [sql.is_not_null(speller.value(arg)) for arg in args]
    return (Counted(NOT_FOUND, sql.every([*given, sql.is_null(_hit(args, speller))])),)


def _substring(args: Args, speller: Speller) -> Sql:
    value = speller.value(args[0])
    start, length = (speller.integer(arg, 0, _LONGEST) for arg in args[1:])
    within = [isinstance(arg, Literal) and isinstance(arg.value, Decimal) and arg.value >= 1 for arg in args[1:]]
    cut = call("substring", value, start, length)
    if all(within):
        return cut
    outside = sql.some([sql.lt(start, 1), sql.lt(length, 1)])
    any_null = sql.some([sql.is_null(part) for part in (value, start, length)])
    return sql.case([(any_null, sql.null("VARCHAR")), (outside, sql.text(""))], cut)


def _position(args: Args, speller: Speller) -> Sql:
    value, search = speller.value(args[0]), speller.value(args[1])
    found = call("strpos", value, search)
    if constant_text(args[1]):
        return found
    empty = sql.every([sql.eq(search, sql.text("")), sql.is_not_null(value)])
    return sql.case([(empty, sql.cast(sql.integer(0), "BIGINT"))], found)


def trimmed(value: Sql) -> Sql:
    """Without spaces, tabs, CR and LF at both ends."""
    return call("trim", value, BLANKS)


def _to_string(args: Args, speller: Speller) -> Sql:
    if len(args) == 1:
        return speller.label(args[0])
    return Format.parse(constant_text(args[1]) or "").write(speller.value(args[0]), speller.zone)


def _check_format(args: Args) -> tuple[int, str, str] | None:
    if len(args) < 2:
        return None
    family = args[0].type.family
    if family not in (Family.DATE, Family.DATETIME):
        return 1, "a format is for dates only (INVALID_TYPE)", "leave it out"
    chosen = Format.parse(constant_text(args[1]) or "")
    errors = [problem for problem in chosen.problems if problem.severity == "error"]
    if family is Family.DATE and chosen.usable and chosen.has_time:
        return 1, "a Date has no time of day", "take the time tokens out of the format"
    return (1, errors[0].message, errors[0].hint) if errors else None


def _to_number(args: Args, speller: Speller) -> Sql:
    value = speller.value(args[0])
    if args[0].type.family is Family.NUMBER:
        return speller.number(args[0])
    bare = trimmed(value)
    fits = call("regexp_full_match", bare, _NUMBER_TEXT)
    return sql.case([(fits, rounding.from_text(bare))])


def _to_number_counts(args: Args, speller: Speller) -> tuple[Counted, ...]:
    if args[0].type.family is Family.NUMBER:
        return ()
    bare = trimmed(speller.value(args[0]))
    failed = sql.every([sql.negate(sql.eq(bare, sql.text(""))), sql.is_null(_to_number(args, speller))])
    return (Counted(NOT_CONVERTED, failed, speller.profile["formula.conversion_failure"] == "error"),)


def _to_boolean(args: Args, speller: Speller) -> Sql:
    value = speller.value(args[0])
    if args[0].type.family is Family.BOOLEAN:
        return value
    return sql.eq(call("lower", sql.nullif(trimmed(value), sql.text(""))), sql.text("true"))


def _is_empty(args: Args, speller: Speller) -> Sql:
    value = speller.value(args[0])
    if args[0].type.family is Family.TEXT:
        return sql.eq(sql.coalesce(value, sql.text("")), sql.text(""))
    if args[0].type.family is Family.MULTI_PICKLIST:
        return sql.eq(sql.coalesce(call("len", value), sql.integer(0)), 0)
    return sql.is_null(value)


FUNCTIONS = (
    Function(
        "concat",
        "concat",
        (Param("text", TEXT), Param("text", TEXT, repeated=True)),
        STRING,
        "Joins two or more texts, like +.",
        nulls="formula.null_concat decides",
        examples=(Example("concat('Ada', ' ', 'Lovelace')", "Ada Lovelace"), Example("concat('a', null)", None)),
        spell=_concat,
        uses=2,
        counts=_concat_counts,
        keys=("formula.null_concat",),
    ),
    Function(
        "left",
        "left",
        (_T, _SEARCH),
        STRING,
        "The text before the first occurrence of a search text.",
        examples=(Example("left('john@acme.com', '@')", "john", "doc"), Example("left('john', '@')", None)),
        spell=_left,
        uses=4,
        counts=_cut_counts,
        keys=("formula.text_not_found",),
    ),
    Function(
        "right",
        "right",
        (_T, _SEARCH),
        STRING,
        "The text after an occurrence of a search text; formula.right_occurrence decides which.",
        examples=(Example("right('john@acme.com', '@')", "acme.com", "doc"), Example("right('a.b.c', '.')", "b.c")),
        spell=_right,
        uses=6,
        counts=_cut_counts,
        keys=("formula.right_occurrence", "formula.text_not_found"),
    ),
    Function(
        "substring",
        "substring",
        (_T, Param("position", NUMBERS), Param("length", NUMBERS)),
        STRING,
        "A part of a text; positions count from 1. Outside of the text it is empty.",
        examples=(
            Example("substring('Gainsight', 1, 4)", "Gain"),
            Example("substring('abc', 2, 99)", "bc"),
            Example("substring('abc', 4, 1)", ""),
            Example("substring('abc', -1, 2)", ""),
            Example("substring('abc', 1, 0)", ""),
        ),
        spell=_substring,
        uses=8,
    ),
    Function(
        "position",
        "position",
        (_T, _SEARCH),
        WHOLE,
        "Where a search text first occurs, from 1; 0 if it does not or is empty.",
        examples=(
            Example("position('johndoe', 'doe')", "5", "doc"),
            Example("position('johndoe', 'x')", "0"),
            Example("position('johndoe', '')", "0"),
        ),
        spell=_position,
        uses=3,
    ),
    Function(
        "length",
        "length",
        (_T,),
        WHOLE,
        "The number of Unicode characters.",
        examples=(Example("length('string')", "6", "doc"), Example("length('Zoë')", "3")),
        spell=lambda args, speller: call("length", speller.value(args[0])),
    ),
    Function(
        "upper",
        "to_uppercase",
        (_T,),
        STRING,
        "Upper case, whatever the locale.",
        examples=(Example("upper('Acme')", "ACME"),),
        spell=lambda args, speller: call("upper", speller.value(args[0])),
    ),
    Function(
        "lower",
        "to_lowercase",
        (_T,),
        STRING,
        "Lower case, whatever the locale.",
        examples=(Example("lower('Acme')", "acme"),),
        spell=lambda args, speller: call("lower", speller.value(args[0])),
    ),
    Function(
        "trim",
        "trim",
        (_T,),
        STRING,
        "Takes spaces, tabs, CR and LF off both ends.",
        evidence="choice",
        examples=(Example("trim('  Acme ')", "Acme"),),
        spell=lambda args, speller: trimmed(speller.value(args[0])),
    ),
    Function(
        "left_trim",
        "left_trim",
        (_T,),
        STRING,
        "Takes spaces, tabs, CR and LF off the start.",
        evidence="choice",
        examples=(Example("left_trim('  Acme ')", "Acme "),),
        spell=lambda args, speller: call("ltrim", speller.value(args[0]), BLANKS),
    ),
    Function(
        "right_trim",
        "right_trim",
        (_T,),
        STRING,
        "Takes spaces, tabs, CR and LF off the end.",
        evidence="choice",
        examples=(Example("right_trim('  Acme ')", "  Acme"),),
        spell=lambda args, speller: call("rtrim", speller.value(args[0]), BLANKS),
    ),
    Function(
        "to_string",
        "to_string",
        (Param("value", ANY), Param("format", TEXT, optional=True, constant=True)),
        STRING,
        "Any value as text: numbers plain, dates as yyyy-MM-dd or in a format, picklists by label.",
        evidence="choice",
        examples=(
            Example("to_string(10.0)", "10"),
            Example("to_string(2.50)", "2.5"),
            Example("to_string(-0.25)", "-0.25"),
            Example("to_string(true)", "true"),
            Example("to_string(date '2024-03-01')", "2024-03-01"),
            Example("to_string(datetime '2024-03-01T09:30:00Z')", "2024-03-01T09:30:00Z"),
            Example("to_string(date '2024-03-01', 'MM/dd/yyyy')", "03/01/2024"),
        ),
        spell=_to_string,
        uses=20,
        check=_check_format,
        keys=("tenant.timezone",),
    ),
    Function(
        "md5",
        "md5",
        (_T,),
        STRING,
        "The MD5 hash of the UTF-8 bytes, lower-case hexadecimal.",
        evidence="choice",
        examples=(Example("md5('abc')", "900150983cd24fb0d6963f7d28e17f72"),),
        spell=lambda args, speller: call("md5", speller.value(args[0])),
    ),
    Function(
        "sha256",
        "sha256",
        (_T,),
        STRING,
        "The SHA-256 hash of the UTF-8 bytes, lower-case hexadecimal.",
        evidence="choice",
        examples=(Example("sha256('abc')", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),),
        spell=lambda args, speller: call("sha256", speller.value(args[0])),
    ),
    Function(
        "to_base64",
        "to_base64",
        (_T,),
        STRING,
        "Base64 of the UTF-8 bytes, padded, without line breaks.",
        evidence="choice",
        examples=(Example("to_base64('abcd')", "YWJjZA=="),),
        spell=lambda args, speller: call("base64", call("encode", speller.value(args[0]))),
    ),
    Function(
        "to_number",
        "to_number",
        (Param("value", TEXT | NUMBERS),),
        NUMBER,
        "The number that a text holds; no thousands separators, currency or percent signs.",
        nulls="null if the argument is null, empty or no number",
        evidence="choice",
        examples=(
            Example("to_number(' 1.50 ')", "1.5"),
            Example("to_number('-2.5e3')", "-2500"),
            Example("to_number('1,000')", None),
            Example("to_number('')", None),
        ),
        spell=_to_number,
        uses=3,
        counts=_to_number_counts,
        keys=("formula.conversion_failure",),
    ),
    Function(
        "to_boolean",
        "to_boolean",
        (Param("value", TEXT | frozenset({Family.BOOLEAN})),),
        BOOLEAN,
        "True for the text true in any letter case, false for every other text.",
        nulls="null if the argument is null or empty",
        evidence="choice",
        examples=(
            Example("to_boolean('yes')", "false", "doc"),
            Example("to_boolean('True')", "true", "doc"),
            Example("to_boolean(' ')", None),
        ),
        spell=_to_boolean,
        uses=1,
    ),
    Function(
        "is_empty",
        "isempty_boolean",
        (Param("value", ANY),),
        BOOLEAN,
        "True for null and for an empty text.",
        nulls="never null",
        evidence="choice",
        examples=(
            Example("is_empty('')", "true"),
            Example("is_empty(null)", "true"),
            Example("is_empty(' ')", "false"),
        ),
        spell=_is_empty,
    ),
)
