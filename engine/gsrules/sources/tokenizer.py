"""The exact reader of separated files, strictly by data-setup.md §6.2.

DuckDB's and Python's readers differ from it in escapes; it decides whatever they would read otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from gsrules.dataclass import dataclass
from gsrules.sources.dialect import Dialect
from gsrules.sources.encodings import mark_of

Cells = list[str | None]

# A cell longer than this is taken for a qualifier that was never closed.
LONGEST_CELL: Final = 64 * 1024 * 1024
_ENCODING: Final = "GS-FILE-ENCODING"
_ENCODING_HINT: Final = "state the file's encoding, or save it as UTF-8"


@dataclass(frozen=True, slots=True)
class Record:
    """One row of a file: `line` is where it begins; an unqualified empty cell is None, a qualified one ''."""

    line: int
    cells: Cells


class FileFaultError(Exception):
    """The file cannot be read further: what is wrong at `line` (from 1), and what to do."""

    def __init__(self, line: int, message: str, hint: str = "", value: str = "", code: str = "GS-FILE-FORMAT") -> None:
        super().__init__(message)
        self.code = code
        self.line = line
        self.message = message
        self.hint = hint
        self.value = value


def records(path: Path, dialect: Dialect) -> Iterator[Record]:
    """The records of a UTF-8 file, the header first; blank lines are skipped.

    Raises FileFaultError for a NUL byte, bytes that are not UTF-8, an unclosed qualifier and text behind a closing one.
    """
    reader = _Reader(dialect)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for number, line in enumerate(file, 1):
                record = reader.feed(number, line)
                if record is not None:
                    yield record
    except UnicodeDecodeError:
        raise encoding_fault(path) from None
    reader.end()


class _Reader:
    """Puts records together from lines; keeps what it has of a record whose qualified cell is still open."""

    def __init__(self, dialect: Dialect) -> None:
        self.separator = dialect.separator
        self.qualifier = dialect.qualifier
        self.dialect = dialect
        q, e = re.escape(dialect.qualifier), re.escape(dialect.escape)
        if dialect.escape == dialect.qualifier:
            self.body = re.compile(rf"(?:[^{q}]|{q}{q})*+")
            self.escaped = re.compile(rf"{q}({q})")
        else:
            self.body = re.compile(rf"(?:[^{q}{e}]|{e}[{q}{e}]|{q}{q}|{e}(?![{q}{e}]))*+")
            self.escaped = re.compile(rf"{e}([{q}{e}])|{q}({q})")
        self.cells: Cells = []
        self.open: list[str] | None = None
        self.open_size = 0
        self.open_line = 0
        self.start_line = 0

    def feed(self, number: int, line: str) -> Record | None:
        """Takes the next line, with its line break; returns the record that it completes."""
        if "\0" in line:
            raise FileFaultError(number, "the line holds a NUL byte", "is it a text file, is its encoding stated?")
        if self.open is None:
            bare = line.rstrip("\r\n") if line[-1] in "\r\n" else line
            if not bare:
                return None
            if self.qualifier not in bare:
                return Record(number, [cell or None for cell in bare.split(self.separator)])
            self.cells, self.start_line = [], number
        return self._parse(number, line)

    def end(self) -> None:
        """Raises FileFaultError if a qualified cell is still open when the file ends."""
        if self.open is not None:
            raise self._unclosed()

    def _parse(self, number: int, line: str) -> Record | None:
        end = len(line.rstrip("\r\n"))
        at = 0
        while True:
            if self.open is not None or line.startswith(self.qualifier, at):
                closed = self._qualified(number, line, at)
                if closed is None:
                    return None
                at = closed
                if at < end and line[at] != self.separator:
                    raise self._text_behind(number, line[at:end])
            else:
                found = line.find(self.separator, at, end)
                stop = end if found < 0 else found
                self.cells.append(line[at:stop] or None)
                at = stop
            if at >= end:
                return Record(self.start_line, self.cells)
            at += 1

    def _qualified(self, number: int, line: str, at: int) -> int | None:
        """Reads a qualified cell, or the next part of one; returns where it is closed, None if it stays open."""
        if self.open is None:
            self.open, self.open_size, self.open_line = [], 0, number
            at += 1
        found = self.body.match(line, at)
        stop = found.end() if found else at
        piece = line[at:stop]
        self.open_size += len(piece)
        if self.open_size > LONGEST_CELL:
            raise self._unclosed()
        self.open.append(piece)
        if stop == len(line):
            return None
        text = "".join(self.open)
        self.open = None
        self.cells.append(self.escaped.sub(_kept, text))
        return stop + 1

    def _unclosed(self) -> FileFaultError:
        hint = f"close the cell with {self.qualifier}; inside a cell write {self.qualifier}{self.qualifier} for one"
        return FileFaultError(self.open_line, f"the {self.qualifier} that opens a cell here is never closed", hint)

    def _text_behind(self, number: int, rest: str) -> FileFaultError:
        ways = dict.fromkeys((self.qualifier + self.qualifier, self.dialect.escape + self.qualifier))
        hint = f"inside a qualified cell write {' or '.join(ways)} for {self.qualifier}"
        return FileFaultError(number, f"text follows the closing {self.qualifier} of a cell", hint, rest[:80])


def _kept(found: re.Match[str]) -> str:
    return found[found.lastindex or 0]


def encoding_fault(path: Path) -> FileFaultError:
    """Where a file is not UTF-8. Finds the line: the decoder reads ahead and cannot tell it."""
    offset = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                value = line[max(error.start - 20, 0) : error.end + 20].decode("utf-8", "backslashreplace").strip()
                shown = " ".join(f"{byte:02X}" for byte in line[error.start : error.end])
                message = f"the line is not UTF-8: {shown} at offset {offset + error.start:,}"
                marked = mark_of(line[:4]) if number == 1 else None
                hint = f"its byte-order mark says: write encoding: {marked} under file" if marked else _ENCODING_HINT
                return FileFaultError(number, message, hint, value, _ENCODING)
            offset += len(line)
    return FileFaultError(1, "the file is not UTF-8", _ENCODING_HINT, code=_ENCODING)
