"""Text → typed value as SQL: the accepted text forms of platform.md §2.4, set-based.

Used for seeds and by loads that convert text. Nothing here raises for a bad value: it becomes NULL, and the
caller compares with the text to tell a bad value from an empty one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlglot import exp

from gsrules.catalogue.datatypes import DataType, Kind
from gsrules.catalogue.gsids import PATTERN

NUMBER_PATTERN = r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?"
_CURRENCY_PATTERN = r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?"
_EMAIL_PATTERN = r"[^@\s]+@[^@\s]*[^@\s.]\.[^@\s.][^@\s]*"
_URL_PATTERN = r"([A-Za-z][A-Za-z0-9+.-]*://\S+|[wW]{3}\.\S+)"
_SFDC_PATTERN = r"[A-Za-z0-9]{15}([A-Za-z0-9]{3})?"
_TIME = r"([01]\d|2[0-3]):\d{2}(:\d{2}(\.\d+)?)?"
_OFFSET = r"(Z|[+-]\d{2}:?\d{2})"
_ISO_DATETIME = rf"(\d{{4}}-\d{{2}}-\d{{2}})[T ]({_TIME})"
_BLANKS = " \t\r\n"
_TRIMMED = "trimmed"
_JSON_TEXT = r'"([^"\\]|\\.)*"'
_JSON_BLANKS = r"[ \t\r\n]"
_JSON_TOKENS = rf'({_JSON_BLANKS}|[{{}}\[\],:]|""|true|false|null|-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?)*'

# What a value of the type may look like, for messages.
ACCEPTED: Mapping[Kind, str] = {
    Kind.EMAIL: "an e-mail address",
    Kind.URL: "scheme://host… or www.…, without blanks",
    Kind.JSON: "valid JSON",
    Kind.NUMBER: "digits with a decimal point, such as -1234.5",
    Kind.CURRENCY: "digits with a decimal point, such as 1234.5 or 1,234.50",
    Kind.PERCENTAGE: "digits with a decimal point and no % sign (45 means 45 %)",
    Kind.BOOLEAN: "true or false",
    Kind.DATE: "yyyy-MM-dd, MM/dd/yyyy or MM-dd-yyyy",
    Kind.DATETIME: "yyyy-MM-ddTHH:mm:ss (with a blank for T, an offset or Z if wanted), MM/dd/yyyy HH:mm:ss",
    Kind.GSID: "36 characters of 0-9 and A-Z",
    Kind.LOOKUP: "36 characters of 0-9 and A-Z",
    Kind.SFDC_ID: "15 or 18 letters and digits",
}


def call(name: str, *arguments: exp.Expression | str | int) -> exp.Expression:
    """A DuckDB function call; texts and numbers become literals."""
    return exp.Anonymous(this=name, expressions=[_value(argument) for argument in arguments])


def _value(argument: exp.Expression | str | int) -> exp.Expression:
    if isinstance(argument, exp.Expression):
        return argument.copy()
    return exp.Literal.number(argument) if isinstance(argument, int) else exp.Literal.string(argument)


def full_match(text: exp.Expression, pattern: str) -> exp.Expression:
    """Whether the whole text matches the pattern."""
    return call("regexp_full_match", text, pattern)


def with_trimmed(text: exp.Expression, beside: exp.Expression) -> exp.Expression:
    """The text, beside which a column holds it trimmed: `trimmed` takes that one."""
    made = text.copy()
    made.meta[_TRIMMED] = beside
    return made


def trimmed(text: exp.Expression) -> exp.Expression:
    """The text without spaces, tabs, CR and LF at both ends; what is then empty is NULL (data-setup.md §2.2)."""
    beside: exp.Expression | None = text.meta.get(_TRIMMED)
    if beside is not None:
        return beside.copy()
    return call("nullif", call("trim", text, _BLANKS), "")


def when(condition: exp.Expression, value: exp.Expression) -> exp.Expression:
    """`CASE WHEN condition THEN value END`."""
    return exp.Case(ifs=[exp.If(this=condition, true=value)])


def try_cast(value: exp.Expression, sql_type: str) -> exp.Expression:
    """`TRY_CAST(value AS sql_type)`."""
    return exp.TryCast(this=value, to=exp.DataType.build(sql_type, dialect="duckdb"))


def from_text(data_type: DataType, text: exp.Expression, timezone: str) -> exp.Expression:
    """SQL for the value of `data_type` that `text` spells; NULL where it spells none.

    Text kinds keep the text as it is (email, url, json, sfdc_id and gsid: only if well-formed, trimmed). A DateTime
    without an offset is in `timezone`. Picklists need the catalogue and are not read here.
    """
    reader = _READERS.get(data_type.kind)
    return reader(text, timezone) if reader else text.copy()


def _matching(pattern: str) -> Callable[[exp.Expression, str], exp.Expression]:
    def read(text: exp.Expression, timezone: str) -> exp.Expression:
        return when(full_match(trimmed(text), pattern), trimmed(text))

    return read


def _json(text: exp.Expression, timezone: str) -> exp.Expression:
    """DuckDB checks the structure, but lets NaN, Infinity and a comma before a bracket pass."""
    bare = call("regexp_replace", text, _JSON_TEXT, '""', "gs")
    dangling = call("regexp_matches", bare, rf",{_JSON_BLANKS}*[\]}}]")
    strict = exp.And(this=full_match(bare, _JSON_TOKENS), expression=exp.Not(this=dangling))
    return when(exp.And(this=call("json_valid", text), expression=strict), text.copy())


def _number(text: exp.Expression, timezone: str) -> exp.Expression:
    return when(full_match(trimmed(text), NUMBER_PATTERN), try_cast(trimmed(text), "DECIMAL(38, 9)"))


def _currency(text: exp.Expression, timezone: str) -> exp.Expression:
    plain = call("replace", trimmed(text), ",", "")
    grouped = exp.If(this=full_match(trimmed(text), _CURRENCY_PATTERN), true=try_cast(plain, "DECIMAL(38, 9)"))
    number = _number(text, timezone)
    return exp.Case(ifs=[grouped], default=number)


def _boolean(text: exp.Expression, timezone: str) -> exp.Expression:
    lowered = call("lower", trimmed(text))
    return exp.Case(
        this=lowered,
        ifs=[
            exp.If(this=exp.Literal.string("true"), true=exp.true()),
            exp.If(this=exp.Literal.string("false"), true=exp.false()),
        ],
    )


def _strptime(text: exp.Expression, form: str, sql_type: str) -> exp.Expression:
    return try_cast(call("try_strptime", text, form), sql_type)


def _date(text: exp.Expression, timezone: str) -> exp.Expression:
    clean = trimmed(text)
    return exp.Case(
        ifs=[
            exp.If(this=full_match(clean, r"\d{4}-\d{2}-\d{2}"), true=_in_years(try_cast(clean, "DATE"))),
            exp.If(this=full_match(clean, r"\d{2}/\d{2}/\d{4}"), true=_strptime(clean, "%m/%d/%Y", "DATE")),
            exp.If(this=full_match(clean, r"\d{2}-\d{2}-\d{4}"), true=_strptime(clean, "%m-%d-%Y", "DATE")),
        ]
    )


def _in_years(value: exp.Expression) -> exp.Expression:
    """The value if it lies in the years 0001 to 9999."""
    return when(exp.GT(this=call("year", value), expression=exp.Literal.number(0)), value.copy())


def _datetime(text: exp.Expression, timezone: str) -> exp.Expression:
    clean = trimmed(text)
    iso = try_cast(call("regexp_replace", clean, rf"^{_ISO_DATETIME}{_OFFSET}?$", r"\1 \2"), "TIMESTAMP")
    american = _strptime(clean, "%m/%d/%Y %H:%M:%S", "TIMESTAMP")
    date_only = try_cast(_date(text, timezone), "TIMESTAMP")
    value = exp.Case(
        ifs=[
            exp.If(
                this=full_match(clean, _ISO_DATETIME + _OFFSET),
                true=exp.Sub(this=_in_years(iso), expression=_offset(clean)),
            ),
            exp.If(this=full_match(clean, _ISO_DATETIME), true=to_utc(_in_years(iso), timezone)),
            exp.If(this=full_match(clean, r"\d{2}/\d{2}/\d{4} \d{2}:\d{2}:\d{2}"), true=to_utc(american, timezone)),
        ],
        default=to_utc(date_only, timezone),
    )
    return call("date_trunc", "milliseconds", value)


def _offset(text: exp.Expression) -> exp.Expression:
    """The interval of the offset at the end of an ISO text: `+05:30` → 330 minutes, `Z` → 0."""
    found = call("regexp_replace", call("regexp_extract", text, _OFFSET + "$"), "[:Z]", "", "g")
    sign = exp.Case(
        ifs=[exp.If(this=call("starts_with", found, "-"), true=exp.Literal.number(-1))], default=exp.Literal.number(1)
    )
    hours = call("coalesce", try_cast(call("substr", found, 2, 2), "INTEGER"), 0)
    minutes = call("coalesce", try_cast(call("substr", found, 4, 2), "INTEGER"), 0)
    total = exp.Add(this=exp.Mul(this=hours, expression=exp.Literal.number(60)), expression=minutes)
    return call("to_minutes", exp.Mul(this=sign, expression=exp.Paren(this=total)))


def to_utc(local: exp.Expression, timezone: str) -> exp.Expression:
    """The UTC TIMESTAMP of a local TIMESTAMP in an IANA zone."""
    if timezone == "UTC":
        return local
    return call("timezone", "UTC", call("timezone", timezone, local))


_READERS: Mapping[Kind, Callable[[exp.Expression, str], exp.Expression]] = {
    Kind.EMAIL: _matching(_EMAIL_PATTERN),
    Kind.URL: _matching(_URL_PATTERN),
    Kind.JSON: _json,
    Kind.NUMBER: _number,
    Kind.CURRENCY: _currency,
    Kind.PERCENTAGE: _number,
    Kind.BOOLEAN: _boolean,
    Kind.DATE: _date,
    Kind.DATETIME: _datetime,
    Kind.GSID: _matching(PATTERN),
    Kind.LOOKUP: _matching(PATTERN),
    Kind.SFDC_ID: _matching(_SFDC_PATTERN),
}
