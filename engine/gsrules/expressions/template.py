"""Texts with `${…}`: column names or expressions in a text (rule-language §6, actions.md §6.2)."""

from __future__ import annotations

from gsrules.catalogue.datatypes import STRING, Family
from gsrules.dataclass import dataclass
from gsrules.errors import InputError, Problem
from gsrules.expressions import sql
from gsrules.expressions.binder import bind_expression
from gsrules.expressions.place import fragment, syntax_error
from gsrules.expressions.scope import Context, Scope
from gsrules.expressions.show import resolve_name
from gsrules.expressions.spell import SpellEnv, spell
from gsrules.expressions.sql import Sql
from gsrules.expressions.tree import Convert, Expr, Literal, Template
from gsrules.spec.text import Text


@dataclass(frozen=True, slots=True)
class _Token:
    source: Text


def bind_template(text: str, scope: Scope, context: Context) -> Template:
    """A text with tokens; each value as `to_string` writes it, a null one as an empty text.

    `$${` stands for a literal `${`. Raises InputError with the problems of all tokens.
    """
    return _bind(text, scope, context, escape_html=False)


def bind_html_template(text: str, scope: Scope, context: Context) -> Template:
    """As `bind_template`; the values, not the text around them, are HTML-escaped (for `comments`)."""
    return _bind(text, scope, context, escape_html=True)


def _bind(text: str, scope: Scope, context: Context, *, escape_html: bool) -> Template:
    parts: list[Expr] = []
    problems: list[Problem] = []
    for piece in _pieces(text):
        if not isinstance(piece, _Token):
            parts.append(Literal(piece, STRING))
            continue
        try:
            parts.append(_as_text(_token(piece.source, scope, context)))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return Template(tuple(parts), escape_html)


def null_tokens(template: Template, env: SpellEnv) -> Sql:
    """True of the rows in which at least one token is null (warning NULL_TOKEN)."""
    tokens = [part for part in template.parts if not isinstance(part, Literal)]
    conditions = [sql.is_null(spell(part, env)) for part in tokens]
    return sql.some(conditions) if conditions else sql.boolean(False)


def _token(source: Text, scope: Scope, context: Context) -> Expr:
    """A token: the name of a column, written as in show items, or else an expression."""
    try:
        return resolve_name(source, scope)
    except InputError:
        return bind_expression(source, scope, context)


def _as_text(expr: Expr) -> Expr:
    return expr if expr.type.family in (Family.TEXT, Family.ID) else Convert(expr, STRING, expr.place)


def _pieces(text: str) -> list[str | _Token]:
    """Constant texts and tokens in order."""
    pieces: list[str | _Token] = []
    plain: list[str] = []
    at = 0
    while at < len(text):
        if text.startswith("$${", at):
            plain.append("${")
            at += 3
        elif text.startswith("${", at):
            end = _end(text, at + 2)
            if plain:
                pieces.append("".join(plain))
                plain = []
            start = at + 2
            while start < end and text[start].isspace():
                start += 1
            pieces.append(_Token(fragment(text, start, max(start, start + len(text[start:end].rstrip())))))
            at = end + 1
        else:
            following = text.find("$", at + 1)
            following = len(text) if following < 0 else following
            plain.append(text[at:following])
            at = following
    if plain:
        pieces.append("".join(plain))
    return pieces


def _end(text: str, start: int) -> int:
    """Where the token's closing brace is; braces inside of quotes and brackets do not count."""
    closing = {"'": "'", "[": "]"}
    at, waiting = start, ""
    while at < len(text):
        char = text[at]
        if waiting:
            if char == waiting and text[at : at + 2] == waiting * 2:
                at += 1  # written twice, it is part of the text or name
            elif char == waiting:
                waiting = ""
        elif char in closing:
            waiting = closing[char]
        elif char == "}":
            if not text[start:at].strip():
                raise syntax_error("the token is empty", text, start - 2, at - start + 3, "write ${Column}")
            return at
        at += 1
    hint = "write ${Column}, or $${ for a plain ${"
    message = "the token that starts here is never closed"
    raise syntax_error(message, text, start - 2, len(text) - start + 2, hint)
