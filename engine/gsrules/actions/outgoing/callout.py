"""A callout filled with the values of a row, as SQL (actions.md §9.1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final
from urllib.parse import quote

from sqlglot import exp

from gsrules.actions.changes.staging import call, fragment, text, typed_null
from gsrules.catalogue.callouts import SHOWN_HEADER, CalloutDef, Piece

MASK: Final = "***"
BEFORE_VARIABLE: Final = "\x01"
AFTER_VARIABLE: Final = "\x02"
"""Around the name of an environment variable in headers that are not masked; no value of a row holds these."""

Values = Mapping[str, exp.Expr]
"""The text of each field, '' where it is null."""


def url_of(callout: CalloutDef, values: Values) -> exp.Expr:
    """The URL, with values percent-encoded."""
    ascii_only = [
        Piece("text", quote(piece.value, safe=_ASCII)) if piece.kind == "text" else piece for piece in callout.url
    ]
    return _filled(ascii_only, values, lambda value: call("url_encode", value))


def body_of(callout: CalloutDef, values: Values) -> exp.Expr:
    """The body; JSON with values escaped, everything else with values as they are. NULL where there is none."""
    if callout.body is None:
        return typed_null("VARCHAR")
    return _filled(callout.body, values, _json_escaped if callout.is_json else _as_it_is)


def masked_headers(callout: CalloutDef, values: Values) -> exp.Expr:
    """The headers as a JSON object, masked except Content-Type. NULL where there are none."""
    return _headers(
        callout,
        lambda name, template: _filled(template, values, _one_line) if name.lower() == SHOWN_HEADER else text(MASK),
    )


def real_headers(callout: CalloutDef, values: Values) -> exp.Expr:
    """The headers as a JSON object, with marks in the places of environment variables."""
    return _headers(callout, lambda name, template: _filled(template, values, _one_line))


def _headers(callout: CalloutDef, value: Callable[[str, Sequence[Piece]], exp.Expr]) -> exp.Expr:
    if not callout.headers:
        return typed_null("VARCHAR")
    parts = [part for name, template in callout.headers.items() for part in (text(name), value(name, template))]
    return fragment("CAST(:o AS VARCHAR)", o=call("json_object", *parts))


def _filled(template: Sequence[Piece], values: Values, encoded: Callable[[exp.Expr], exp.Expr]) -> exp.Expr:
    parts = [_part(piece, values, encoded) for piece in template]
    return call("concat", *parts) if parts else text("")


def _part(piece: Piece, values: Values, encoded: Callable[[exp.Expr], exp.Expr]) -> exp.Expr:
    if piece.kind == "text":
        return text(piece.value)
    if piece.kind == "env":
        return text(f"{BEFORE_VARIABLE}{piece.value}{AFTER_VARIABLE}")
    return encoded(values[piece.value])


def _as_it_is(value: exp.Expr) -> exp.Expr:
    return value


def _json_escaped(value: exp.Expr) -> exp.Expr:
    """What stands between the quotes of the JSON text."""
    return fragment("SUBSTRING(:j, 2, LENGTH(:j) - 2)", j=fragment("CAST(TO_JSON(:v) AS VARCHAR)", v=value))


def _one_line(value: exp.Expr) -> exp.Expr:
    """A value in a header cannot begin another header, nor stand for a variable."""
    return fragment("REGEXP_REPLACE(:v, '[\\x00-\\x1f\\x7f]', '', 'g')", v=value)


_ASCII: Final = "".join(map(chr, range(33, 127)))
