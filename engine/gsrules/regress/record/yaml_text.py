"""Writes values as YAML that a person would write: plain words where that is safe, rows in one line where they fit."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

WIDTH: Final = 118

_PLAIN: Final = re.compile(r"[A-Za-z_][\w.@/+()%&'<>=;$|*!?-]*( [\w.@/+()%&'<>=;$|*!?-]+)*")
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_WORDS: Final = frozenset(("true", "false", "null", "yes", "no", "on", "off", "y", "n"))
_UNSEEN: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")


def scalar(value: Any) -> str:
    """A number, truth value, null or text."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(scalar(item) for item in value) + "]"
    return text(str(value))


def text(value: str) -> str:
    """A text, in quotes where it could be read as something else."""
    plain = _PLAIN.fullmatch(value) or _DATE.fullmatch(value)
    if plain and value.isascii() and value.lower() not in _WORDS:
        return value
    quoted = json.dumps(value, ensure_ascii=False)
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", quoted)


def row(values: Mapping[str, Any], indent: int, lead: str = "- ") -> str:
    """`- {Name: Acme, ARR: 5000}`, broken between entries where the line would be too long."""
    entries = [f"{text(key)}: {scalar(value)}" for key, value in values.items()]
    lines, line = [], " " * indent + lead + "{"
    after = " " * (len(line))
    for at, entry in enumerate(entries):
        shown = entry + (", " if at + 1 < len(entries) else "}")
        if len(line) + len(shown.rstrip()) > WIDTH and line.strip(" -{"):
            lines.append(line.rstrip())
            line = after
        line += shown
    if not entries:
        line += "}"
    return "\n".join([*lines, line]) + "\n"


def rows(name: str, values: Sequence[Mapping[str, Any]], indent: int, notes: Mapping[int, str]) -> str:
    """`name:` with a row a line below it; `notes` are comments above rows, by position."""
    if not values:
        return f"{' ' * indent}{text(name)}: []\n"
    made = [f"{' ' * indent}{text(name)}:\n"]
    for at, value in enumerate(values):
        if at in notes:
            made += comment(notes[at], indent + 2)
        made.append(row(value, indent + 2))
    return "".join(made)


def comment(words: str, indent: int, before: str = "") -> Iterator[str]:
    """A comment, over several lines where it is long; `before` stands between its mark and its words."""
    start = " " * indent + "#" + before
    line = start
    for word in words.split():
        if len(line) + 1 + len(word) > WIDTH and line != start:
            yield line + "\n"
            line = start + "  "
        line += " " + word
    yield line + "\n"


def block(name: str, content: str, indent: int) -> str:
    """A text of several lines below its name, as it stands where that can be."""
    start = " " * indent + text(name) + ": "
    plain = content.endswith("\n") and content[:1] not in (" ", "\n", "\t") and not _UNSEEN.search(content)
    if not plain or "\r" in content or content.endswith("\n\n"):
        return start + text(content) + "\n"
    inside = "".join((" " * (indent + 2) + line if line.strip("\n") else line) for line in content.splitlines(True))
    return start + "|\n" + inside
