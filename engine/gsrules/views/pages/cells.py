"""Values as HTML: data is data, whatever it holds, and a GSID shows the name behind it."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

from markupsafe import Markup, escape

from gsrules.run.record_names import with_names
from gsrules.views.table import digits

_SHORT: Final = 160  # letters that a cell shows at once
_LONGEST: Final = 4_000  # letters that a page carries of one value

# Marks that turn the direction of writing, and those without any width: they make unlike values look alike.
_UNSEEN: Final = frozenset(
    {0xAD, 0x61C, 0x200B, 0x200E, 0x200F, 0x2060, 0xFEFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A)}
)

TYPE_WORDS: Final = {
    "VARCHAR": "text",
    "BIGINT": "number",
    "BOOLEAN": "yes/no",
    "DATE": "date",
    "TIMESTAMP": "date-time, UTC",
    "VARCHAR[]": "list",
}


def type_word(duckdb_type: str) -> str:
    """What people call a DuckDB type."""
    return "number" if duckdb_type.startswith("DECIMAL") else TYPE_WORDS.get(duckdb_type, duckdb_type.lower())


def is_number(duckdb_type: str) -> bool:
    """Whether values of that type stand at the right."""
    return type_word(duckdb_type) == "number"


def cell(value: Any, names: Mapping[str, str]) -> Markup:
    """A value as people write it; null as ∅, an empty text as ''."""
    if value is None:
        return Markup('<span class="null" title="null">∅</span>')
    if isinstance(value, str):
        return text(value, names)
    if isinstance(value, list | tuple):
        return (
            Markup("; ").join(cell(item, names) for item in value) if value else Markup('<span class="null">[]</span>')
        )
    if isinstance(value, Mapping):
        return Markup(", ").join(Markup("{}: {}").format(key, cell(item, names)) for key, item in value.items())
    return escape(plain(value))


def plain(value: Any) -> str:
    """A value that is no text, in words."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return digits(value)
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ", timespec="milliseconds" if value.microsecond else "seconds")
    return str(value)


def text(value: str, names: Mapping[str, str]) -> Markup:
    """A text: control characters and outer spaces made visible, GSIDs named, a long one folded."""
    if not value:
        return Markup("""<span class="null" title="empty text">''</span>""")
    if len(value) <= _SHORT:
        return _pieces(value, names)
    rest = value[:_LONGEST]
    left_out = f" … {len(value) - _LONGEST:,} more characters" if len(value) > _LONGEST else ""
    form = '<details class="long"><summary>{}… <span class="note">({} characters)</span></summary><p>{}{}</p></details>'
    return Markup(form).format(_pieces(value[:_SHORT], names), f"{len(value):,}", _pieces(rest, names), left_out)


def _pieces(value: str, names: Mapping[str, str]) -> Markup:
    # bdi: marks that turn the direction of writing cannot reach beyond the value
    shown = (
        Markup('<span class="ref" title="{}">{}</span>').format(gsid, visible(part)) if gsid else escape(part)
        for gsid, part in with_names(visible(value), names)
    )
    return Markup("<bdi>{}</bdi>").format(Markup("").join(shown))


def prose(value: str) -> Markup:
    """A sentence of ours, with what stands between backticks as code."""
    parts = visible(value).split("`")
    if len(parts) % 2 == 0:
        return Markup("<bdi>{}</bdi>").format(visible(value))
    made = (Markup("<code>{}</code>" if at % 2 else "{}").format(part) for at, part in enumerate(parts))
    return Markup("<bdi>{}</bdi>").format(Markup("").join(made))


def visible(value: str) -> str:
    """The text with characters that nobody would see as symbols, and spaces at its ends as dots."""
    stripped = value.strip(" ")
    if stripped == value and value.isprintable():
        return value
    lead = len(value) - len(value.lstrip(" "))
    inner = "".join(_symbol(letter) for letter in stripped)
    return "·" * lead + inner + "·" * (len(value) - lead - len(stripped))


def _symbol(letter: str) -> str:
    code = ord(letter)
    if letter == "\n":
        return "⏎\n"
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if code in _UNSEEN:
        return f"[U+{code:04X}]"
    if unicodedata.category(letter) in ("Cc", "Cs") or code & 0xFFFF >= 0xFFFE:
        return "\N{REPLACEMENT CHARACTER}"
    return letter


def texts_of(rows: Iterable[Iterable[Any]]) -> Iterable[str]:
    """Every text in the rows, however deep."""
    for row in rows:
        for value in row:
            if isinstance(value, str):
                yield value
            elif isinstance(value, Mapping):
                yield from texts_of([value.values()])
            elif isinstance(value, list | tuple):
                yield from texts_of([value])
