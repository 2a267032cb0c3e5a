"""Repairs of expressions: operators as other languages write them, quotes, brackets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from gsrules.errors import Fix, Place, Problem

Meaning = tuple[Fix, ...]

_SIGNS: Final = {"==": "=", "===": "=", "<>": "!=", "!==": "!=", "=<": "<=", "=>": ">=", "&&": "and"}
_WORDS: Final = {
    "eq": "=", "equals": "=", "ne": "!=", "not_equals": "!=", "gt": ">", "greater_than": ">", "gte": ">=",
    "greater_than_or_equal": ">=", "lt": "<", "less_than": "<", "lte": "<=", "less_than_or_equal": "<=",
    "isnull": "is null", "is_null": "is null", "isnotnull": "is not null", "is_not_null": "is not null",
    "notnull": "is not null", "not_in": "not in", "btw": "between", "not_btw": "not between", "begins": "starts",
    "starts_with": "starts with", "ends_with": "ends with", "not_contains": "does not contain",
    "does_not_contain": "does not contain", "does_not_contains": "does not contain",
}  # fmt: skip
"""Operators as Gainsight's payloads and other languages call them (data-setup.md §5.2)."""

_NULLS: Final = {
    "=": "is null", "==": "is null", "is": "is null", "!=": "is not null", "<>": "is not null",
}  # fmt: skip
_EQUALS_NULL = re.compile(r"(!=|<>|==?)\s*null\b", re.IGNORECASE)
_NOT_BEFORE = re.compile(r"\bnot\s+$", re.IGNORECASE)
_LISTED = re.compile(r"write ((?:not )?in \('.*'\))")
_ANY_SIGN = re.compile(r"(?<![=<>!])(?:===?|!==|<>)(?![=<>])")
_SIGN_BEFORE = re.compile(_ANY_SIGN.pattern + r"[^'\"]*$")
_WORD_AFTER = re.compile(r"\s+([^\W\d]\w*)")
_WORD_BEFORE = re.compile(r"([^\W\d]\w*)\s+$")


def expression_meanings(problem: Problem, place: Place) -> Iterator[Meaning]:
    """The ways to repair an expression, or a condition of Advanced Logic."""
    if problem.code == "GS-SYNTAX":
        yield from _sign(place)
        yield from _word(place)
        yield from _not_contains(place)
        yield from _double_quotes(problem, place)
        yield from _several_words(problem, place)
    elif problem.code == "GS-OPERATOR":
        yield from _null(place)
        yield from _picklist(problem, place)


def _at(place: Place, column: int, length: int) -> Place:
    """The place `column` characters (from 0) into the line."""
    return Place(place.file, place.line, column + 1, place.text, max(length, 1))


def _replaced(place: Place, column: int, old: str, new: str) -> Meaning:
    return (Fix(_at(place, column, len(old)), len(old), new, f"write {new.strip()} instead of {old.strip()}"),)


def _sign(place: Place) -> Iterator[Meaning]:
    start = place.column - 1
    for sign in sorted(_SIGNS, key=len, reverse=True):
        for at in (start, start - 1):
            if at >= 0 and place.text.startswith(sign, at):
                null = _EQUALS_NULL.match(place.text, at)
                if null:
                    yield _replaced(place, at, null[0], _NULLS[null[1]])
                else:
                    yield _replaced(place, at, sign, _spaced(place.text, at, sign))
                return


def _spaced(text: str, at: int, sign: str) -> str:
    """The operator for a sign; a word needs a space on either side."""
    new = _SIGNS[sign]
    if not new.isalpha():
        return new
    before = "" if text[at - 1 : at].isspace() else " "
    after = "" if text[at + len(sign) : at + len(sign) + 1].isspace() else " "
    return f"{before}{new}{after}"


def _word(place: Place) -> Iterator[Meaning]:
    found = re.compile(r"[^\W\d]\w*").match(place.text, place.column - 1)
    if found is None or found[0].lower() not in _WORDS:
        return
    yield _replaced(place, found.start(), found[0], _WORDS[found[0].lower()])


def _null(place: Place) -> Iterator[Meaning]:
    """`= null` and `!= null`."""
    found = _EQUALS_NULL.match(place.text, place.column - 1)
    if found:
        yield _replaced(place, found.start(), found[0], _NULLS[found[1]])


def _not_contains(place: Place) -> Iterator[Meaning]:
    """`not contains` and `not null`."""
    start = place.column - 1
    before = _NOT_BEFORE.search(place.text[:start])
    found = re.compile(r"contains?\b|null\b", re.IGNORECASE).match(place.text, start)
    if before and found:
        new = "is not null" if found[0].lower() == "null" else "does not contain"
        yield _replaced(place, before.start(), place.text[before.start() : found.end()], new)


def _picklist(problem: Problem, place: Place) -> Iterator[Meaning]:
    """`Status = 'Active'` on a picklist: the hint says how it is written."""
    wanted = _LISTED.fullmatch(problem.hint)
    found = re.compile(r"(!=|=|!?~)\s*('(?:[^']|'')*')").match(place.text, place.column - 1)
    if wanted and found and wanted[1].lower().endswith(f"({found[2]})".lower()):
        yield _replaced(place, found.start(), found[0], wanted[1])


def _double_quotes(problem: Problem, place: Place) -> Iterator[Meaning]:
    """A text in double quotes, or a field, as SQL writes it: whichever fits."""
    start = place.column - 1
    escaped = place.text.startswith('\\"', start)
    found = re.compile(r'\\"([^"\\]*)\\"' if escaped else r'"([^"\\]*)"').match(place.text, start)
    if found is None or "means nothing here" not in problem.message:
        return
    inner, old, sign = found[1], found[0], ""
    before = _SIGN_BEFORE.search(place.text[:start])
    if before:  # what would be told only after the quotes
        sign = _ANY_SIGN.sub(lambda found: _SIGNS[found[0]], place.text[before.start() : start])
        start, old = before.start(), place.text[before.start() : start] + old
    doubled = inner.replace("'", "''")
    yield (
        _replaced(place, start, old, f"{sign}'{doubled}'")[0],
        _replaced(place, start, old, f"{sign}''{doubled}''")[0],
    )
    yield _replaced(place, start, old, f"{sign}[{inner}]")


def _several_words(problem: Problem, place: Place) -> Iterator[Meaning]:
    """A field name of several words without brackets: every run of words around the spot."""
    if not problem.hint.startswith("a field name of several words needs brackets"):
        return
    text, start = place.text, place.column - 1
    before = _WORD_BEFORE.search(text[:start])
    if before is None:
        return
    ends = [re.compile(r"\w+").match(text, start)]
    while ends[-1] is not None and len(ends) < 5:
        ends.append(_WORD_AFTER.match(text, ends[-1].end()))
    for end in (found.end() for found in ends if found is not None):
        name = text[before.start() : end]
        fix = _replaced(place, before.start(), name, f"[{name}]")[0]
        whole = _quoted_whole(place, before.start(), fix)
        yield (fix, whole) if whole is not None else (fix,)


def _quoted_whole(place: Place, start: int, fix: Fix) -> Fix | None:
    """As `fix`, with quotes around the value of the line, which would otherwise begin with a bracket."""
    text = place.text
    rest = text[start:].rstrip()
    begins = re.fullmatch(r"\s*(?:- +)*(?:[^:#'\"\[]+: +)?", text[:start])
    if begins is None or any(sign in rest for sign in ('"', "\\", " #")):
        return None
    new = fix.text + rest[fix.length :]
    return Fix(_at(place, start, len(rest)), len(rest), f'"{new}"', fix.title)
