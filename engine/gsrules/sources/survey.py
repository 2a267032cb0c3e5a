"""Looks over a file before it is read: its header, and whether DuckDB reads it as data-setup.md §6.2 says.

DuckDB's reader agrees with the exact one, or fails, unless the file holds one of a few sequences of characters;
one scan for those decides. The tests compare both readers over every short file of an alphabet.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import duckdb

from gsrules.dataclass import dataclass
from gsrules.sources.dialect import Dialect
from gsrules.sources.encodings import Utf8Check
from gsrules.sources.tokenizer import LONGEST_CELL, FileFaultError, encoding_fault, records

# No cell of a file that DuckDB reads directly holds this text, which therefore can stand for null.
NEVER_A_CELL: Final = "\x01"

# DuckDB 1.x drops empty cells at the end of a row that has too many.
COUNTS_EMPTY_CELLS: Final = not duckdb.__version__.startswith("1.")

# A file with more columns is one whose separator was not told apart from its text.
MOST_COLUMNS: Final = 10_000

_CHUNK: Final = 1 << 18
_SAMPLES: Final = 16
_SAMPLE_SIZE: Final = 1 << 14
_LONGEST_SEQUENCE: Final = 4
_PLAIN_WHOLE: Final = re.compile(r"-?[0-9]{1,18}")
_PLAIN_NUMBER: Final = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,9})?")


@dataclass(frozen=True, slots=True)
class Survey:
    """What a file is like.

    `direct`: DuckDB's reader gives what the exact one gives, or fails. `qualified`: the qualifier occurs.
    `plain_numbers`: nothing occurs that DuckDB's casts take in numbers beyond data-setup.md §2.2.
    """

    path: Path
    dialect: Dialect
    header: tuple[str, ...]
    crlf: bool
    qualified: bool
    plain_numbers: bool
    direct: bool


def survey(path: Path, dialect: Dialect) -> Survey:
    """Scans the file.

    Raises FileFaultError if there is no header or it cannot be read, a line is endless, or the file is not UTF-8.
    """
    newline = _first_break(path)
    first = next(records(path, dialect), None)
    if first is None:
        raise FileFaultError(1, "the file is empty", "its first line must hold the column headers")
    if len(first.cells) > MOST_COLUMNS:
        message = f"the header has {len(first.cells):,} columns; at most {MOST_COLUMNS:,} are read"
        raise FileFaultError(first.line, message, "is the separator of the task that of the file?")
    header = tuple(cell or "" for cell in first.cells)
    scan = _Scan(dialect, len(header))
    encoded = Utf8Check(path.stat().st_size)
    for chunk in _chunks(path):
        scan.take(chunk)
        if scan.unbroken > LONGEST_CELL:
            raise _endless(path)
        # DuckDB looks only at the columns that it is asked for.
        if not encoded.take(chunk):
            raise encoding_fault(path)
    if not encoded.end():
        raise encoding_fault(path)
    simple_header = first.line == 1 and not any("\n" in cell or "\r" in cell for cell in header)
    return Survey(
        path=path,
        dialect=dialect,
        header=header,
        crlf=newline == b"\r\n",
        qualified=scan.qualified,
        plain_numbers=scan.plain_numbers,
        direct=simple_header and newline != b"\r" and scan.agrees(),
    )


def plain_number_columns(found: Survey, whole: frozenset[int], numbers: frozenset[int]) -> frozenset[int]:
    """Those columns (by position) whose cells, in a sample of the file, are all plain digits.

    `whole` columns are asked for whole numbers, `numbers` may have decimals. All of a small file is looked at.
    """
    left = dict.fromkeys(whole, _PLAIN_WHOLE) | dict.fromkeys(numbers, _PLAIN_NUMBER)
    separator, qualifier = found.dialect.separator, found.dialect.qualifier
    for line in _sample(found.path) if left else ():
        if not line:
            continue
        cells = line.split(separator)
        if len(cells) != len(found.header):
            return frozenset()
        bad = [at for at, pattern in left.items() if not pattern.fullmatch(cells[at].strip(qualifier))]
        for at in bad:
            del left[at]
        if not left:
            break
    return frozenset(left)


def lines_of(path: Path) -> int | None:
    """How many lines the file has, blank ones included; None if its line breaks are of several kinds."""
    lines = returns = 0
    last = b""
    for chunk in _chunks(path):
        lines += chunk.count(b"\n")
        returns += chunk.count(b"\r")
        last = bytes(chunk[-1:])
    return None if returns not in (0, lines) else lines + (last not in (b"\n", b""))


class _Scan:
    """Takes the chunks of a file one after the other and keeps what was seen."""

    def __init__(self, dialect: Dialect, columns: int) -> None:
        s, self.q, e = (char.encode() for char in (dialect.separator, dialect.qualifier, dialect.escape))
        self.separator, self.columns = s, columns
        self.escape = b"" if dialect.escape == dialect.qualifier else e
        self.escapes = (e + self.q, e + e)
        edge = b"[" + re.escape(s) + rb"\r\n ]"
        self.near = (b" " + self.q, self.q + b" ")
        self.spaced = re.compile(edge + b" " + self.q + b"|" + self.q + b" " + edge)
        self.extra = re.compile(re.escape(s) + b"(?:" + self.q * 2 + rb")?[\r\n]")
        self.carry = b""
        self.qualified = False
        self.plain_numbers = True
        self.odd = False
        self.escape_seen = False
        self.may_have_extra = False
        self.blank = False
        self.separators = self.lines = self.returns = 0
        self.unbroken = 0

    def take(self, chunk: bytes | bytearray) -> None:
        """Looks at the next chunk; sequences are also found across two chunks."""
        self.unbroken = 0 if b"\n" in chunk or b"\r" in chunk else self.unbroken + len(chunk)
        if b"\0" in chunk or NEVER_A_CELL.encode() in chunk:
            self.odd = True
        if self.plain_numbers and (b"_" in chunk or b"\x0b" in chunk or b"\x0c" in chunk):
            self.plain_numbers = False
        self.qualified = self.qualified or self.q in chunk
        seam = self.carry + bytes(chunk[:_LONGEST_SEQUENCE])
        if self.escape and (self.escape in chunk or self.escape in self.carry):
            # These matter inside qualified cells only, and a qualifier may still come.
            self.escape_seen = self.escape_seen or any(pair in chunk or pair in seam for pair in self.escapes)
        if self.qualified and any(pair in chunk or pair in seam for pair in self.near):
            self.odd = self.odd or any(self.spaced.search(text) for text in (chunk, seam))
        if not COUNTS_EMPTY_CELLS:
            self.may_have_extra = self.may_have_extra or any(self.extra.search(text) for text in (chunk, seam))
            self.separators += chunk.count(self.separator)
            self.lines += chunk.count(b"\n")
            self.returns += chunk.count(b"\r")
            self.blank = self.blank or any(text in each for text in (b"\n\n", b"\n\r") for each in (chunk, seam))
        self.carry = (self.carry + bytes(chunk[-_LONGEST_SEQUENCE:]))[-_LONGEST_SEQUENCE:]

    def agrees(self) -> bool:
        """Whether DuckDB reads the scanned file as the exact reader does, or fails."""
        if self.odd or (self.qualified and (self.escape_seen or self._ends_spaced())):
            return False
        if COUNTS_EMPTY_CELLS:
            return True
        ends_open = self.carry.endswith((self.separator, self.separator + self.q * 2))
        if not self.may_have_extra and not ends_open:
            return True
        # Each row has as many cells as the header, or DuckDB fails; so the count of separators tells of more.
        if self.qualified or self.blank or self.returns not in (0, self.lines):
            return False
        lines = self.lines + (not self.carry.endswith(b"\n"))
        return self.separators == lines * (self.columns - 1)

    def _ends_spaced(self) -> bool:
        # A qualifier with spaces behind it at the very end of the file; too many spaces to tell count as one.
        return self.carry.endswith(b" ") and (self.q in self.carry or not self.carry.strip(b" "))


def _chunks(path: Path) -> Iterator[bytearray]:
    """The file piece by piece; each piece is overwritten by the next."""
    buffer = bytearray(_CHUNK)
    view = memoryview(buffer)
    with path.open("rb", buffering=0) as file:
        while size := file.readinto(buffer):
            yield buffer if size == _CHUNK else bytearray(view[:size])


def _first_break(path: Path) -> bytes:
    """The line break behind the first line; a file without any counts as one with LF."""
    with path.open("rb") as file:
        line = file.readline(LONGEST_CELL)
    if len(line) == LONGEST_CELL and b"\r" not in line:
        raise _endless(path)
    if line.endswith(b"\r\n"):
        return b"\r\n"
    return b"\r" if b"\r" in line else b"\n"


def _endless(path: Path) -> FileFaultError:
    """The line that goes on and on; counts the lines before it, which costs time only here."""
    line, unbroken = 1, 0
    for chunk in _chunks(path):
        unbroken = 0 if b"\n" in chunk or b"\r" in chunk else unbroken + len(chunk)
        if unbroken > LONGEST_CELL:
            break
        line += max(chunk.count(b"\n"), chunk.count(b"\r"))
    message = f"the line is longer than {LONGEST_CELL >> 20} MB"
    return FileFaultError(line, message, "is it a text file? its line breaks are missing")


def _sample(path: Path) -> Iterator[str]:
    """Whole lines from places all over the file, without the header; all lines of a small file."""
    size = path.stat().st_size
    small = size <= _SAMPLES * _SAMPLE_SIZE
    starts = [0] if small else [index * (size - _SAMPLE_SIZE) // (_SAMPLES - 1) for index in range(_SAMPLES)]
    with path.open("rb") as file:
        for start in starts:
            file.seek(start)
            text = file.read(size if small else _SAMPLE_SIZE).decode("utf-8", "replace")
            # The first line is the header or cut in two, the last one may be cut.
            lines = text.split("\n")[1:] if small else text.split("\n")[1:-1]
            yield from (bare for line in lines if (bare := line.removesuffix("\r")))
