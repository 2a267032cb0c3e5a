"""Cuts an expression into tokens."""

from __future__ import annotations

import re
from enum import Enum, auto

from gsrules.dataclass import dataclass
from gsrules.expressions.place import syntax_error


class TokenKind(Enum):
    WORD = auto()
    BRACKETED = auto()
    TEXT = auto()
    NUMBER = auto()
    PARAM = auto()
    SYMBOL = auto()
    END = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """`value` is the token without its quotes or brackets; `word` the lower-cased word, empty for other kinds."""

    kind: TokenKind
    value: str
    start: int
    end: int
    word: str = ""


_PATTERN = re.compile(
    r"""(?P<SPACE>\s+)
    |(?P<NUMBER>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    |(?P<WORD>[^\W\d][\w$]*)
    |(?P<PARAM>:[^\W\d]\w*)
    |(?P<TEXT>'(?:[^']|'')*')
    |(?P<BRACKETED>\[(?:[^\]]|\]\])*\])
    |(?P<SYMBOL>!=|<=|>=|!~|[=<>~+\-*/(),.])""",
    re.VERBOSE,
)

_HINTS = {
    '"': "write a text in single quotes and a field in brackets: 'text', [Field Name]",
    "`": "write a field in brackets: [Field Name]",
    "“": "write a text in plain single quotes: 'text'",
    "’": "write a text in plain single quotes: 'text'",
    "‘": "write a text in plain single quotes: 'text'",
    "!": "write != for unequal, not for negation",
    "&": "write and",
    "|": "write or",
    "$": "write a field without $: Name or [Renewal Date]",
    "{": "write a field in brackets: [Field Name]",
    "%": "write mod(a, b) for the remainder",
    "^": "there is no power operator",
    ":": "write a parameter as :name",
    "]": "a field starts with [",
    ";": "one expression, without a semicolon",
}


def tokenise(text: str) -> tuple[Token, ...]:
    """All tokens of `text`, the last of kind END.

    Raises InputError (GS-SYNTAX) at the first character that starts no token.
    """
    tokens: list[Token] = []
    at = 0
    while at < len(text):
        match = _PATTERN.match(text, at)
        if match is None:
            raise _unreadable(text, at)
        kind = match.lastgroup
        if kind is not None and kind != "SPACE":
            tokens.append(_token(TokenKind[kind], match.group(), at))
        at = match.end()
    tokens.append(Token(TokenKind.END, "", len(text), len(text)))
    return tuple(tokens)


def _token(kind: TokenKind, raw: str, at: int) -> Token:
    end = at + len(raw)
    if kind is TokenKind.TEXT:
        return Token(kind, raw[1:-1].replace("''", "'"), at, end)
    if kind is TokenKind.BRACKETED:
        return Token(kind, raw[1:-1].replace("]]", "]").strip(), at, end)
    if kind is TokenKind.PARAM:
        return Token(kind, raw[1:], at, end)
    return Token(kind, raw, at, end, raw.lower() if kind is TokenKind.WORD else "")


def _unreadable(text: str, at: int) -> Exception:
    found = text[at]
    if found == "'":
        return syntax_error(
            "the text that starts here has no closing quote",
            text,
            at,
            len(text) - at,
            "write a quote inside a text twice: 'it''s'",
        )
    if found == "[":
        return syntax_error(
            "the field name that starts here has no closing bracket", text, at, len(text) - at, "write [Field Name]"
        )
    return syntax_error(f"{found!r} means nothing here", text, at, 1, _HINTS.get(found, ""))
