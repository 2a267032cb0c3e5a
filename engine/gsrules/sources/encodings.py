"""Encodings of text files: their names, and how a file is brought to UTF-8 (data-setup.md §6.2)."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from pathlib import Path
from typing import Final

# Those that people write; every text codec of Python's is taken, under all of its names.
ENCODINGS: Final = (
    "UTF-8",
    "UTF-16",
    "UTF-16LE",
    "UTF-16BE",
    "UTF-32",
    "ASCII",
    *(f"ISO-8859-{number}" for number in range(1, 17) if number != 12),
    *(f"Windows-{number}" for number in range(1250, 1259)),
    *("Windows-31J", "Shift_JIS", "EUC-JP", "ISO-2022-JP"),
    *("GB18030", "GBK", "GB2312", "Big5", "Big5-HKSCS", "EUC-KR", "KOI8-R", "KOI8-U", "TIS-620"),
    *("Mac-Roman", "CP437", "CP850", "CP852", "CP866", "CP932", "CP949"),
)

# Text codecs that are no encodings of files: of host names, of source code, and one that always fails.
_NO_FILES: Final = frozenset(
    {"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape", "mbcs", "oem", "utf-7"}
)
# Names of Windows that Python does not know.
_ALIASES: Final = {"windows-31j": "cp932", "windows-874": "cp874", "windows-936": "gbk", "windows-949": "cp949"}
_CHUNK: Final = 1 << 20
_LARGE: Final = 32 << 20
_MARKS: Final = {
    "utf-32": ((codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be")),
    "utf-16": ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")),
}
_MARK: Final = "\ufeff"
_MARK_OF_THE_OTHER_ORDER: Final = "\ufffe"


class NotDecodableError(Exception):
    """A file is not in the encoding: where its first wrong byte stands (offset from 0, line from 1), and why."""

    def __init__(self, offset: int, line: int, wrong: bytes, reason: str) -> None:
        super().__init__(reason)
        self.offset = offset
        self.line = line
        self.wrong = wrong
        self.reason = reason


def codec_of(encoding: str) -> str | None:
    """Python's name of a text encoding, None if there is no such encoding or it is not one of text files."""
    try:
        found = codecs.lookup(_ALIASES.get(encoding.strip().lower(), encoding.strip()))
    except (LookupError, ValueError):
        return None
    # Python marks what does not decode to text: hex, rot13, zlib and the like.
    is_text = getattr(found, "_is_text_encoding", True)
    name = found.name.replace("_", "-")
    if not is_text or name in _NO_FILES:
        return None
    return "utf-8" if name == "utf-8-sig" else name


def recode(source: Path, codec: str, target: Path, take: Callable[[int], None]) -> None:
    """Writes a file to `target` as UTF-8 without a byte-order mark; `take` is told of every piece that is written.

    Without a mark UTF-16 and UTF-32 are big-endian if the first byte is zero, else little-endian. Raises
    NotDecodableError.
    """
    with source.open("rb") as coded, target.open("wb") as plain:
        chunk = coded.read(_CHUNK)
        codec = _ordered(codec, chunk)
        decoder = codecs.getincrementaldecoder(codec)()
        read, begins = 0, True
        while True:
            read += len(chunk)
            try:
                text = decoder.decode(chunk, final=not chunk)
                if begins and text:
                    begins = False
                    if text.startswith(_MARK_OF_THE_OTHER_ORDER):
                        raise NotDecodableError(0, 1, chunk[:2], "the byte-order mark is that of the other byte order")
                    text = text.removeprefix(_MARK)
                made = text.encode()
            except UnicodeDecodeError as error:
                offset = max(read - len(error.object) + error.start, 0)
                raise _wrong(source, codec, offset, error.object[error.start : error.end], error.reason) from None
            except UnicodeEncodeError as error:
                raise _wrong(source, codec, max(read - len(chunk), 0), b"", error.reason) from None
            take(len(made))
            plain.write(made)
            if not chunk:
                return
            chunk = coded.read(_CHUNK)


class Utf8Check:
    """Takes the pieces of a file one after the other and tells whether all of it is UTF-8."""

    def __init__(self, size: int) -> None:
        """`size`: that of the whole file; a large one is worth the time that loading pyarrow takes."""
        self._valid = _quickly_valid if size > _LARGE else _simply_valid
        self._cut = b""

    def take(self, chunk: bytes | bytearray) -> bool:
        """Whether the next piece is UTF-8; a character that is cut in two counts with the piece that ends it."""
        if not self._cut and chunk.isascii():
            return True
        text = self._cut + chunk
        whole = _end_of_whole_characters(text)
        self._cut = bytes(text[whole:])
        return self._valid(text[:whole])

    def end(self) -> bool:
        """Whether no character is cut in two when the file ends."""
        return not self._cut


def _end_of_whole_characters(text: bytes | bytearray) -> int:
    for back in range(1, min(len(text), 3) + 1):
        byte = text[-back]
        if byte >= 0xC0:
            length = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return len(text) - back if length > back else len(text)
        if byte < 0x80:
            break
    return len(text)


def _simply_valid(text: bytes | bytearray) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _quickly_valid(text: bytes | bytearray) -> bool:
    import pyarrow as pa

    sizes = pa.array([0, len(text)], pa.int64()).buffers()[1]
    array = pa.Array.from_buffers(pa.large_string(), 1, [None, sizes, pa.py_buffer(text)])
    try:
        array.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def mark_of(head: bytes) -> str | None:
    """The encoding of which a file begins with the byte-order mark, None without one."""
    for codec in ("utf-32", "utf-16"):
        for mark, _ in _MARKS[codec]:
            if head.startswith(mark):
                return codec.upper()
    return "UTF-8" if head.startswith(codecs.BOM_UTF8) else None


def _ordered(codec: str, head: bytes) -> str:
    """The codec with its byte order, where that is left to the file."""
    if codec not in _MARKS:
        return codec
    for mark, ordered in _MARKS[codec]:
        if head.startswith(mark):
            return ordered
    return f"{codec}-be" if head[:1] == b"\0" else f"{codec}-le"


def _wrong(source: Path, codec: str, offset: int, wrong: bytes, reason: str) -> NotDecodableError:
    """Counts the lines up to the wrong byte, which costs time only where it is asked for."""
    decoder = codecs.getincrementaldecoder(codec)("replace")
    line, left, last = 1, offset, ""
    with source.open("rb") as coded:
        while left > 0 and (chunk := coded.read(min(_CHUNK, left))):
            left -= len(chunk)
            text = last + decoder.decode(chunk)
            last = text[-1:] if text.endswith("\r") else ""
            text = text.removesuffix("\r")
            line += text.count("\n") + text.count("\r") - text.count("\r\n")
    return NotDecodableError(offset, line, wrong[:4], reason)
