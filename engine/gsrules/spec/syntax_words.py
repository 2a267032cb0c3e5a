"""YAML syntax errors in words that say what to write instead."""

from __future__ import annotations

import re
from collections.abc import Sequence

import yaml

from gsrules.errors import Place, Problem

_BRACKET_VALUE = re.compile(r"^\s*(?:- +)*(?:[^:#'\"]+: +)?\[[^\[\]]*\]\s*[^\s,#\]}]")
_BRACE_VALUE = re.compile(r"^\s*(?:- +)*(?:[^:#'\"]+: +)?\{[^{}]*\}\s*[^\s,#\]}]")
_QUOTED_VALUE = re.compile(r"""^\s*(?:- +)*(?:[^:#'"]+: +)?('[^']*'|"[^"]*")\s*[^\s,#\]}:]""")
_INNER_BRACKET = re.compile(r"[\[,]\s*[^\s\[\]{},'\"][^\[\]{},'\"]*[\[{]")
_AT_START = re.compile(r"(?:^|[:\-,\[{]\s+)\s*([@`%])")

_QUOTES = "put quotes around the whole value"


def in_our_words(error: yaml.MarkedYAMLError, file: str, lines: Sequence[str], line: int, column: int) -> Problem:
    """The problem for an error of the YAML parser at `line`, `column` (from 0)."""
    line = min(line, len(lines) - 1)
    source = lines[line]
    place = Place(file, line + 1, min(column, len(source)) + 1, source)
    raw = (error.problem or "").lower()
    suspect = _suspect(lines, line)
    if "tab" in raw or _tab_indents(source, raw):
        place = Place(file, line + 1, source.find("\t") + 1 or 1, source)
        return _problem(place, "a tab where YAML wants spaces", "indent with spaces")
    if suspect is not None:
        at, message, hint = suspect
        return _problem(Place(file, at + 1, _first_column(lines[at]), lines[at]), message, hint)
    for words, message, hint in _KNOWN:
        if words in raw:
            return _problem(place, message, hint)
    return _problem(place, "this is not YAML" + (f" ({error.problem})" if error.problem else ""), "")


def _problem(place: Place, message: str, hint: str) -> Problem:
    return Problem("GS-YAML-SYNTAX", message, place, hint=hint)


def _tab_indents(source: str, raw: str) -> bool:
    return "cannot start any token" in raw and "\t" in source[: len(source) - len(source.lstrip())]


def _first_column(source: str) -> int:
    return len(source) - len(source.lstrip()) + 1


def _suspect(lines: Sequence[str], line: int) -> tuple[int, str, str] | None:
    """The line that looks like the cause: the parser often stumbles only on the next one."""
    for at in (line, line - 1):
        if at < 0:
            continue
        source = lines[at]
        if _BRACKET_VALUE.search(source):
            return at, "a value that begins with [ is read as a list", f'{_QUOTES}: "[Renewal Date] <= rule_date"'
        if _BRACE_VALUE.search(source):
            return at, "a value that begins with { is read as a mapping", _QUOTES
        if _QUOTED_VALUE.search(source):
            return at, "there is more behind a value in quotes", f"{_QUOTES}: \"'Active' = Status\""
        if _INNER_BRACKET.search(source):
            return at, "[ or { inside a list or mapping on one line", f"{_QUOTES}: [\"left([Email], '@') as User\"]"
        found = _AT_START.search(source)
        if found:
            return at, f"a value begins with {found[1]}", _QUOTES
    return None


_KNOWN: tuple[tuple[str, str, str], ...] = (
    (
        "mapping values are not allowed",
        "a second colon, or a key at the wrong depth",
        f"a value that holds ': ' needs quotes: {_QUOTES}; else check the indentation",
    ),
    ("did not find expected key", "a key is expected here", "check the indentation of this line and those above it"),
    (
        "did not find expected '-' indicator",
        "the next item of a list (- …) is expected here",
        "check the indentation of this line and those above it",
    ),
    ("could not find expected ':'", "a key without a colon", "write `key: value`; a text over several lines: `key: |`"),
    (
        "did not find expected ',' or ']'",
        "a list on one line is not closed",
        "close it with ]; a text that holds , [ ] { } needs quotes there",
    ),
    (
        "did not find expected ',' or '}'",
        "a mapping on one line is not closed",
        "close it with }; a text that holds , [ ] { } needs quotes there",
    ),
    ("found unexpected end of stream", "a quoted text is not closed", "close it with the quote that begins it"),
    ("found unexpected document indicator", "a quoted text is not closed", "close it with the quote that begins it"),
    (
        "found unknown escape character",
        "an unknown escape behind \\",
        "in double quotes write \\\\ for a backslash, or use single quotes",
    ),
    ("invalid unicode character escape", "a character escape that is none", "write the character itself"),
    ("hexdecimal number", "a character escape that is none", "in double quotes write \\\\ for a backslash"),
    (
        "did not find expected alphabetic or numeric character",
        "a value begins with * or &",
        "a text that begins with * or & needs quotes: '*'",
    ),
    ("cannot start any token", "a value cannot begin with this character", _QUOTES),
    ("did not find expected node content", "a value is expected here", "a text with , [ ] { } needs quotes"),
    ("block sequence entries are not allowed", "a list (- …) cannot begin here", "begin it on a line of its own"),
    ("block mapping", "the indentation does not fit", "check the indentation of this line and those above it"),
    ("<document start>", "something stands behind the end of the content", "check the indentation of this line"),
    ("tag", "a value begins with !", "a text that begins with ! needs quotes"),
    ("version", "an unknown %YAML line", "remove the line"),
    ("directive", "a line begins with %", "remove it, or put quotes around the text"),
)
