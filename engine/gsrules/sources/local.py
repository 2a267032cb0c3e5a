"""A file of a bucket as plain UTF-8 on disk: decrypted, unpacked and recoded where needed (data-setup.md §6.2)."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from gsrules.errors import Place, Problem, RunError
from gsrules.sources.encodings import NotDecodableError, codec_of, recode
from gsrules.sources.packed import Room, check_packed, unpack
from gsrules.sources.resolve import SourceFile

if TYPE_CHECKING:
    from gsrules.spec.tasks import S3Task


def local_copy(file: SourceFile, task: S3Task, room: Room) -> Path:
    """The file itself if it is plain UTF-8, else a copy below the working folder that is.

    Raises RunError GS-FILE-PGP, GS-FILE-COMPRESSION, GS-FILE-ENCODING, GS-FILE-READ, GS-FILE-DISK, GS-LIMIT.
    """
    path = file.path
    if file.pgp_key is not None:
        from gsrules.sources.pgp import decrypt

        target = _next(file, path, room)
        decrypt(path, file.pgp_key, target, room)
        path = _instead_of(path, file, target, room)
    compression = task.file.compression
    check_packed(path, compression, str(file), room.where)
    if compression != "none" and path.stat().st_size:
        target = _next(file, path, room)
        unpack(path, compression, target, room)
        path = _instead_of(path, file, target, room)
    codec = codec_of(task.file.encoding) or "utf-8"
    if codec != "utf-8":
        target = _next(file, path, room)
        _recode(file, path, codec, target, room)
        path = _instead_of(path, file, target, room)
    return _plainly_named(path.absolute(), room)


def _next(file: SourceFile, path: Path, room: Room) -> Path:
    room.begin(str(file), path.stat().st_size)
    return _temporary(room)


def _instead_of(path: Path, file: SourceFile, target: Path, room: Room) -> Path:
    """The target, which replaces what it was made of."""
    if path != file.path:
        room.left += path.stat().st_size
        path.unlink()
    return target


def _recode(file: SourceFile, path: Path, codec: str, target: Path, room: Room) -> None:
    try:
        recode(path, codec, target, room.take)
    except NotDecodableError as wrong:
        shown = " ".join(f"{byte:02X}" for byte in wrong.wrong)
        what = f"the byte{'s' if len(wrong.wrong) > 1 else ''} {shown}" if shown else "what stands"
        message = f"the file is not {codec.upper()}: {what} at offset {wrong.offset:,}: {wrong.reason}"
        hint = "state the file's own encoding under file"
        place = Place(str(file), wrong.line, 1)
        raise RunError(Problem("GS-FILE-ENCODING", message, place, room.where, shown, hint)) from None


def _temporary(room: Room) -> Path:
    return room.workdir / f"{uuid.uuid4().hex}.csv"


def _plainly_named(path: Path, room: Room) -> Path:
    """The file under a name without the characters that DuckDB takes for a pattern of names."""
    if not set("*?[") & set(str(path)):
        return path
    target = _temporary(room)
    try:
        target.symlink_to(path)
    except OSError:
        import shutil

        shutil.copyfile(path, target)
    return target
