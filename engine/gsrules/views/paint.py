"""Colours and columns of texts for the terminal; a run prints so little that no library is loaded for it."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final, TextIO

from gsrules.dataclass import dataclass

_CODES: Final = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
_GAP: Final = "    "

# Control characters have pictures of their own; the upper ones, which some terminals obey too, have not.
_SIGNS: Final = (
    {code: chr(0x2400 + code) for code in range(0x20)}
    | dict.fromkeys(range(0x7F, 0xA0), "\N{REPLACEMENT CHARACTER}")
    | {ord("\n"): "⏎", ord("\r"): "⏎", ord("\t"): "⇥"}
)


@dataclass(frozen=True, slots=True)
class Painter:
    """Colours texts, or leaves them as they are where nobody would see it."""

    colour: bool

    @classmethod
    def of(cls, stream: TextIO) -> Painter:
        """Colours for a terminal that has them; the setting NO_COLOR turns them off."""
        return cls(stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb")

    def paint(self, text: str, style: str = "") -> str:
        """The text in a style of the words bold, dim, red, green, yellow and cyan."""
        if not (self.colour and style and text):
            return text
        return f"\x1b[{';'.join(_CODES[word] for word in style.split())}m{text}\x1b[0m"

    def columns(self, header: Sequence[str], rows: Sequence[Sequence[str]], right: frozenset[int]) -> Iterator[str]:
        """The lines of a table: each column as wide as its widest cell; those in `right` end at their right edge."""
        painted = [self.paint(name, "dim") for name in header]
        widths = [max(width(row[i]) for row in (header, *rows)) for i in range(len(header))]
        for row in (painted, *rows):
            cells = (_padded(cell, widths[i], right=i in right) for i, cell in enumerate(row))
            yield f"  {_GAP.join(cells)}".rstrip()


def one_line(text: str) -> str:
    """The text with signs for line ends, tabs and all that would steer the terminal."""
    return text if text.isprintable() else text.replace("\r\n", "⏎").translate(_SIGNS)


def width(text: str) -> int:
    """The columns that a text takes on a terminal, without its colours."""
    bare = re.sub(r"\x1b\[[\d;]*m", "", text) if "\x1b" in text else text
    return len(bare) if bare.isascii() else sum(map(_width_of, bare))


def _width_of(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) == "Cf":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _padded(cell: str, columns: int, *, right: bool) -> str:
    space = " " * (columns - width(cell))
    return space + cell if right else cell + space
