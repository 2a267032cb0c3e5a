"""Edits of a text at places, which leave everything else as it is: comments, formatting, line ends."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from gsrules.errors import Fix, Place

_BREAKS = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_MARK = "\ufeff"


def offset_of(text: str, place: Place) -> int | None:
    """Where in `text` a place is, None if its line is another one by now."""
    start = len(_MARK) if text.startswith(_MARK) else 0
    at = start
    for _ in range(place.line - 1):
        found = _BREAKS.search(text, at)
        if found is None:
            return None
        at = found.end()
    end = _BREAKS.search(text, at)
    line = text[at : end.start() if end else len(text)]
    if place.text and line != place.text:
        return None
    return at + place.column - 1 if place.column - 1 <= len(line) else None


def edited(text: str, fixes: Iterable[Fix]) -> str | None:
    """The text with the fixes, from its end backwards; None if one no longer fits or two overlap."""
    spans: list[tuple[int, int, str]] = []
    for fix in fixes:
        at = offset_of(text, fix.place)
        if at is None:
            return None
        spans.append((at, at + fix.length, fix.text))
    spans.sort()
    if any(before[1] > after[0] for before, after in pairwise(spans)):
        return None
    for start, stop, replacement in reversed(spans):
        text = text[:start] + replacement + text[stop:]
    return text


def apart(text: str, fixes: Sequence[Fix]) -> list[Fix]:
    """The fixes that do not overlap with one before them."""
    kept: list[Fix] = []
    for fix in fixes:
        if edited(text, [*kept, fix]) is not None:
            kept.append(fix)
    return kept
