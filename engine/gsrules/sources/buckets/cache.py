"""Files of a real bucket on this disk, each under its key and its version: what did not change is not fetched again."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import time
import uuid
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from gsrules.dataclass import dataclass

_DRAFT: Final = ".draft-"
# A file that was asked for so lately may still be read by a run; a draft so old is nobody's any more.
_IN_USE: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Version:
    """What tells one content of a key from another: the ETag (else when it was changed), and the size."""

    tag: str
    size: int


@dataclass(frozen=True, slots=True)
class FileCache:
    """A folder of fetched files that takes `most_bytes`, and more only while they are in use.

    Several processes may use it at once: a file appears in one move, whole, and is never written again.
    """

    folder: Path
    most_bytes: int

    def find(self, key: str, version: Version) -> Path | None:
        """The file of this version, if it was fetched before; from now on it is in use."""
        path = self._path(key, version)
        try:
            if path.stat().st_size != version.size:
                return None
            os.utime(path)
        except OSError:
            return None
        return path

    def draft(self) -> Path:
        """Where to write a file that is being fetched."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return self.folder / f"{_DRAFT}{uuid.uuid4().hex}"

    def keep(self, draft: Path, key: str, version: Version) -> Path:
        """Puts a fetched file in its place, and removes the oldest ones if there are too many."""
        path = self._path(key, version)
        try:
            draft.replace(path)
        except OSError:
            # Some systems replace no file that is being read; then it is the same file.
            if self.find(key, version) is None:
                raise
            draft.unlink(missing_ok=True)
        self._make_room()
        return path

    def _path(self, key: str, version: Version) -> Path:
        suffix = PurePosixPath(key).suffix
        ending = suffix if re.fullmatch(r"\.[A-Za-z0-9]{1,12}", suffix) else ""
        name = hashlib.sha256(key.encode()).hexdigest()[:32]
        tag = hashlib.sha256(f"{version.tag}\0{version.size}".encode()).hexdigest()[:16]
        return self.folder / f"{name}-{tag}{ending}"

    def _make_room(self) -> None:
        files = sorted(self._files(), key=lambda file: file[1].st_mtime)
        left = sum(stat.st_size for _, stat in files)
        idle = time.time() - _IN_USE
        for path, stat in files:
            if stat.st_mtime > idle:
                return
            if left <= self.most_bytes and not path.name.startswith(_DRAFT):
                continue
            with contextlib.suppress(OSError):
                path.unlink()
                left -= stat.st_size

    def _files(self) -> Iterator[tuple[Path, os.stat_result]]:
        with os.scandir(self.folder) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    if entry.is_file(follow_symlinks=False):
                        yield Path(entry.path), entry.stat()
