"""Values of a rule as its author would write them on one line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gsrules.spec.base import Spec
from gsrules.spec.pieces import WhereSpec

_NEEDS_QUOTES = re.compile(r"[,\[\]{}#:&*!|>'\"%@`]|^[-?] |^\s|\s$|^$|\n")
_PLAIN_OTHERWISE = re.compile(r"true|false|null|[-+]?[\d.]+", re.IGNORECASE)


def written(value: Any) -> str:
    """The value on one line: a text bare, lists and mappings in YAML's flow style."""
    if isinstance(value, str):
        return str(value).strip("\n")
    return _flow(value)


def _flow(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _scalar(str(value))
    if isinstance(value, Spec):
        return _model(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(str(key))}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    return str(value)


def _model(value: Spec) -> str:
    """A model by the keys that its author gave, in its short form where that says it all."""
    if isinstance(value, WhereSpec):
        return _where(value)
    given = stated(value)
    if set(given) == {main_key(value)}:
        return _flow(given[main_key(value)])
    return "{" + ", ".join(f"{key}: {_flow(item)}" for key, item in given.items()) + "}"


def _where(value: WhereSpec) -> str:
    shown = {
        letter: str(text) if letter in value.settings else _scalar(str(text)) for letter, text in value.written.items()
    }
    if value.logic is None:
        texts = list(shown.values())
        return texts[0] if len(texts) == 1 and not value.settings else "[" + ", ".join(texts) + "]"
    letters = [f"{letter}: {text}" for letter, text in shown.items()]
    return "{" + ", ".join([*letters, f"logic: {value.logic}"]) + "}"


def _scalar(text: str) -> str:
    if not _NEEDS_QUOTES.search(text) and not _PLAIN_OTHERWISE.fullmatch(text):
        return text
    if "\n" in text:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    return "'" + text.replace("'", "''") + "'" if '"' in text or "'" not in text else f'"{text}"'


def main_key(value: Spec) -> str:
    """The key of a piece for which its value alone may stand."""
    return str(getattr(type(value), "shorthand", "column"))


def stated(value: Spec) -> dict[str, Any]:
    """The keys that were written, as files spell them, with their values."""
    fields = type(value).model_fields
    return {
        found.alias or name: getattr(value, name) for name, found in fields.items() if name in value.model_fields_set
    }
