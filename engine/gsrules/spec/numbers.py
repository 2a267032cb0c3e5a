"""What an unquoted word of YAML is: null, true, false, a number, a text; and numbers that are written badly."""

from __future__ import annotations

import math
import re

from gsrules.dataclass import dataclass

_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_WHOLE = re.compile(r"[-+]?[0-9]+")
_FRACTION = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_OTHER_BASE = re.compile(r"[-+]?0(?:o[0-7]+|x[0-9a-fA-F]+|b[01]+)")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")

_MOST_DIGITS = 38
_EXACT_DIGITS = 15


@dataclass(frozen=True, slots=True)
class Complaint:
    """Why a number is written badly, and what to write."""

    message: str
    hint: str


def read_plain(word: str) -> tuple[str | int | float | bool | None, Complaint | None]:
    """The value of an unquoted word by the core schema, and a complaint if it is a number written badly."""
    if word in _NULLS:
        return None, None
    if word in _BOOLEANS:
        return _BOOLEANS[word], None
    if word[0] not in "0123456789+-.":
        return word, None
    if _WHOLE.fullmatch(word):
        return _whole(word)
    if _OTHER_BASE.fullmatch(word):
        return _other_base(word)
    if _NOT_FINITE.fullmatch(word):
        return word, Complaint(f"{word} is no number that Gainsight knows", f"as a text it needs quotes: '{word}'")
    if _FRACTION.fullmatch(word):
        return _fraction(word)
    return word, None


def _whole(word: str) -> tuple[int, Complaint | None]:
    digits = word.lstrip("+-")
    if len(digits) > _MOST_DIGITS:
        short = f"{digits[:20]}…"
        return 0, Complaint(f"a number with {len(digits)} digits: {short}", "as a text it needs quotes")
    value = int(word)
    if _LEADING_ZERO.match(word):
        return value, Complaint(
            f"{word} is a number written badly: it begins with 0", f"write {value}, or '{word}' if it is a text"
        )
    return value, None


def _other_base(word: str) -> tuple[int | str, Complaint]:
    if len(word) > _MOST_DIGITS:
        return word, Complaint("a number written badly", "as a text it needs quotes")
    value = int(word, 0)
    return value, Complaint(
        f"{word} is a number written badly: only decimal numbers are known",
        f"write {value}, or '{word}' if it is a text",
    )


def _fraction(word: str) -> tuple[float, Complaint | None]:
    value = float(word)
    if not math.isfinite(value):
        return 0.0, Complaint(f"{word[:40]} is beyond the range of numbers", "as a text it needs quotes")
    if _LEADING_ZERO.match(word):
        shown = word.lstrip("+-").lstrip("0")
        shown = ("-" if word.startswith("-") else "") + ("0" + shown if shown.startswith(".") else shown or "0")
        return value, Complaint(
            f"{word[:40]} is a number written badly: it begins with 0",
            f"write {shown[:40]}, or '{word[:40]}' if it is a text",
        )
    mantissa = re.split("[eE]", word)[0]
    digits = mantissa.lstrip("+-").replace(".", "").strip("0")
    if len(digits) > _EXACT_DIGITS:
        return value, Complaint(
            f"{word[:60]} has {len(digits)} digits; beyond {_EXACT_DIGITS} they would not be kept exactly",
            f"as a text it needs quotes: '{word[:60]}'",
        )
    return value, None
