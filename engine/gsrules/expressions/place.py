"""Where in a file a part of an expression stands."""

from __future__ import annotations

from gsrules.errors import InputError, Place, Problem
from gsrules.spec.text import Text


def place_at(text: str, start: int, length: int = 1) -> Place:
    """The place of `text[start:start + length]`; a text from no file is its own line 1."""
    found = text.at(start, max(length, 1)) if isinstance(text, Text) else None
    return found or Place("", 1, start + 1, str(text), max(length, 1))


def fragment(text: str, start: int, end: int) -> Text:
    """A part of `text` that keeps its place."""
    return Text(text[start:end], place_at(text, start, end - start))


def problem_at(
    text: str, code: str, message: str, start: int, end: int, *, hint: str = "", nearest: str = ""
) -> Problem:
    """An error about `text[start:end]`."""
    value = text[start : min(end, start + 60)] or text[max(0, start - 20) :]
    return Problem(code, message, place_at(text, start, end - start), value=value, hint=hint, nearest=nearest)


def syntax_error(message: str, text: str, start: int, length: int = 1, hint: str = "", nearest: str = "") -> InputError:
    """A broken expression (MALFORMED_QUERY, data-setup.md §16) at `text[start]`."""
    full = f"{message} (MALFORMED_QUERY)"
    return InputError(problem_at(text, "GS-SYNTAX", full, start, start + length, hint=hint, nearest=nearest))
