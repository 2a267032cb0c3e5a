"""A file of a bucket as plain UTF-8 on disk: unpacked and recoded where needed (data-setup.md §6.2)."""

from __future__ import annotations

import bz2
import gzip
import shutil
import uuid
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gsrules.errors import Problem, RunError
from gsrules.sources.check import codec_of
from gsrules.sources.resolve import SourceFile

if TYPE_CHECKING:
    from gsrules.spec.tasks import S3Task

_MAGIC: Final = {"gzip": b"\x1f\x8b", "bzip": b"BZh"}
_OPENERS: Final[dict[str, Callable[[Path], gzip.GzipFile | bz2.BZ2File]]] = {
    "gzip": gzip.GzipFile,
    "bzip": bz2.BZ2File,
}
_CHUNK: Final = 1 << 20


def local_copy(file: SourceFile, task: S3Task, workdir: Path, where: str) -> Path:
    """The file itself if it is plain UTF-8, else a copy below `workdir` that is.

    Raises RunError GS-FILE-COMPRESSION and GS-FILE-ENCODING.
    """
    compression = task.file.compression
    _check_magic(file, compression, where)
    path = file.path
    if compression != "none":
        path = _unpacked(file, compression, workdir, where)
    codec = codec_of(task.file.encoding) or "utf-8"
    if codec not in ("utf-8", "utf-8-sig"):
        path = _recoded(file, path, codec, workdir, where)
    return _plainly_named(path.absolute(), workdir)


def _plainly_named(path: Path, workdir: Path) -> Path:
    """The file under a name without the characters that DuckDB takes for a pattern of names."""
    if not set("*?[") & set(str(path)):
        return path
    target = workdir / f"{uuid.uuid4().hex}.csv"
    try:
        target.symlink_to(path)
    except OSError:
        shutil.copyfile(path, target)
    return target


def _check_magic(file: SourceFile, compression: str, where: str) -> None:
    with file.path.open("rb") as opened:
        head = opened.read(3)
    found = next((name for name, magic in _MAGIC.items() if head.startswith(magic)), "none")
    if found != compression:
        message = f"the file is {_in_words(found)}, the task says compression: {compression}"
        hint = f"write compression: {found} under file"
        raise RunError(Problem("GS-FILE-COMPRESSION", message, where=where, value=str(file), hint=hint))


def _in_words(compression: str) -> str:
    return "not compressed" if compression == "none" else f"compressed with {compression}"


def _unpacked(file: SourceFile, compression: str, workdir: Path, where: str) -> Path:
    target = workdir / f"{uuid.uuid4().hex}.csv"
    try:
        with _OPENERS[compression](file.path) as packed, target.open("wb") as plain:
            shutil.copyfileobj(packed, plain, _CHUNK)
    except (OSError, EOFError, zlib.error) as error:
        message = f"the file cannot be unpacked: {error}"
        hint = f"it is cut short or no {compression} file; upload it again"
        raise RunError(Problem("GS-FILE-COMPRESSION", message, where=where, value=str(file), hint=hint)) from error
    return target


def _recoded(file: SourceFile, path: Path, codec: str, workdir: Path, where: str) -> Path:
    target = workdir / f"{uuid.uuid4().hex}.csv"
    line = 1
    try:
        with path.open(encoding=codec, newline="") as coded, target.open("w", encoding="utf-8", newline="") as plain:
            while chunk := coded.read(_CHUNK):
                plain.write(chunk)
                line += chunk.count("\n")
    except UnicodeError as error:
        message = f"the file is not {codec.upper()}: {error}"
        hint = f"it is wrong after line {line} or so; state the file's own encoding under file"
        raise RunError(Problem("GS-FILE-ENCODING", message, where=where, value=str(file), hint=hint)) from error
    return target
