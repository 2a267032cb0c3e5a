"""Unpacks compressed files within bounds: no file fills the disk or keeps a run busy for ever (data-setup.md §6.1)."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, cast

from gsrules.errors import Problem, RunError

if TYPE_CHECKING:
    import zipfile

_MAGIC: Final = {
    "gzip": re.compile(rb"\x1f\x8b\x08"),
    # The first block of a stream, or the end of an empty one: "BZh" alone may begin a header.
    "bzip": re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)"),
    "zip": re.compile(rb"PK(?:\x03\x04|\x05\x06)"),
}
_ARMOUR: Final = b"-----BEGIN PGP MESSAGE"
_OLD_WORKBOOK: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HEAD: Final = 64
_CHUNK: Final = 1 << 20
_GIGABYTE: Final = 1 << 30

# The ratio of a small file says nothing; the disk is looked at now and then, and some of it is left alone.
_RATIO_COUNTS_FROM: Final = 1 << 27
_LOOK_EVERY: Final = 1 << 26
_SPARE_DISK: Final = 1 << 28


def _free(folder: Path) -> int:
    return shutil.disk_usage(folder).free


class Room:
    """How much the files of a task may still grow to when they are unpacked, decrypted and recoded."""

    def __init__(
        self, workdir: Path, profile: Mapping[str, Any], where: str, free: Callable[[Path], int] = _free
    ) -> None:
        self.workdir, self.where, self.free = workdir, where, free
        self.gigabytes = int(profile["limits.s3_uncompressed_gb"])
        self.ratio = int(profile["limits.s3_uncompressed_ratio"])
        self.left = self.gigabytes * _GIGABYTE
        self.file = ""
        self.size = self.made = self.looked = 0

    def begin(self, file: str, size: int) -> None:
        """The next file is written, from a file of `size` bytes."""
        self.file, self.size, self.made, self.looked = file, size, 0, -_LOOK_EVERY

    def take(self, size: int) -> None:
        """`size` bytes more are about to be written. Raises RunError GS-LIMIT, GS-FILE-DISK."""
        self.made += size
        self.left -= size
        if self.left < 0:
            message = f"the files of the task unpack to more than {self.gigabytes} GB"
            hint = "the profile key limits.s3_uncompressed_gb allows more"
            raise self.problem("GS-LIMIT", message, hint)
        if self.made > _RATIO_COUNTS_FROM and self.made > self.ratio * self.size:
            message = (
                f"the file unpacks to more than {self.ratio:,} times its size: it looks like one made to fill disks"
            )
            hint = "the profile key limits.s3_uncompressed_ratio allows more"
            raise self.problem("GS-LIMIT", message, hint)
        if self.made - self.looked >= _LOOK_EVERY:
            self.looked = self.made
            if self.free(self.workdir) < _SPARE_DISK + size:
                message = "the disk is nearly full; the file is not unpacked further"
                raise self.problem("GS-FILE-DISK", message, f"make room in {self.workdir.parent}")

    def problem(self, code: str, message: str, hint: str) -> RunError:
        """An error about the file that is being written."""
        return RunError(Problem(code, message, where=self.where, value=self.file, hint=hint))


def check_packed(path: Path, compression: str, file: str, where: str) -> None:
    """Raises RunError GS-FILE-COMPRESSION if the file's content is not compressed as the task says (§6.1)."""
    with path.open("rb") as opened:
        head = opened.read(_HEAD)
    if head.startswith(_ARMOUR):
        hint = "name its key: pgp_key: …, with [pgp_keys.…] in the settings"
        raise RunError(Problem("GS-FILE-ENCRYPTED", "the file is encrypted", where=where, value=file, hint=hint))
    if head.startswith(_OLD_WORKBOOK) or (_MAGIC["zip"].match(head) and _is_workbook(path)):
        hint = "save it as CSV UTF-8, and put that file into the bucket"
        raise RunError(Problem("GS-FILE-FORMAT", "the file is an Excel workbook", where=where, value=file, hint=hint))
    found = next((name for name, magic in _MAGIC.items() if magic.match(head)), "none")
    if found == compression or not head:
        return
    message = f"the file is {_in_words(found)}, the task says compression: {compression}"
    hint = f"write compression: {found} under file"
    raise RunError(Problem("GS-FILE-COMPRESSION", message, where=where, value=file, hint=hint))


def unpack(path: Path, compression: str, target: Path, room: Room) -> None:
    """Writes what a compressed file holds to `target`. Raises RunError GS-FILE-COMPRESSION, and as `Room.take`."""
    import zlib

    try:
        with _opened(path, compression, room) as packed, target.open("wb") as plain:
            while chunk := packed.read(_CHUNK):
                room.take(len(chunk))
                plain.write(chunk)
    except (OSError, EOFError, zlib.error, NotImplementedError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        hint = f"it is cut short or damaged, or no {compression} file; upload it again"
        raise room.problem("GS-FILE-COMPRESSION", f"the file cannot be unpacked: {reason}", hint) from error


@contextmanager
def _opened(path: Path, compression: str, room: Room) -> Iterator[IO[bytes]]:
    if compression == "gzip":
        import gzip

        with gzip.GzipFile(path) as gzipped:
            yield cast("IO[bytes]", gzipped)
    elif compression == "bzip":
        import bz2

        with bz2.BZ2File(path) as bzipped:
            yield cast("IO[bytes]", bzipped)
    else:
        with _zipped(path, room) as member:
            yield member


@contextmanager
def _zipped(path: Path, room: Room) -> Iterator[IO[bytes]]:
    """The one file in a zip archive; folders and what macOS adds do not count."""
    import zipfile

    try:
        with zipfile.ZipFile(path) as archive:
            names = [each for each in archive.infolist() if not _is_by_the_way(each)]
            if len(names) != 1:
                what = "no file" if not names else f"{len(names):,} files"
                listed = ", ".join(each.filename for each in names[:3]) + (" …" if len(names) > 3 else "")
                message = f"the zip archive holds {what} instead of one" + (f": {listed}" if names else "")
                raise room.problem("GS-FILE-COMPRESSION", message, "put one .csv or .tsv file into it")
            if names[0].flag_bits & 1:
                message = "the file in the zip archive is protected by a password"
                raise room.problem("GS-FILE-ENCRYPTED", message, "zip it without one")
            with archive.open(names[0]) as member:
                yield member
    except zipfile.BadZipFile as error:
        hint = "it is cut short or damaged, or no zip file; upload it again"
        raise room.problem("GS-FILE-COMPRESSION", f"the file cannot be unpacked: {error}", hint) from error


def _is_workbook(path: Path) -> bool:
    """Whether a zip archive is what Excel writes."""
    import zipfile

    try:
        with zipfile.ZipFile(path) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except (zipfile.BadZipFile, NotImplementedError, OSError):
        return False


def _is_by_the_way(member: zipfile.ZipInfo) -> bool:
    return member.is_dir() or member.filename.startswith("__MACOSX/")


def _in_words(compression: str) -> str:
    return "not compressed" if compression == "none" else f"compressed with {compression}"
