"""Buckets: where the files of S3 dataset tasks live. Offline each is a folder (data-setup.md §6.1)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol

from gsrules.dataclass import dataclass
from gsrules.errors import InputError, Place, Problem, RunError
from gsrules.project import MANAGED_BUCKET, Project

MANAGED_PREFIX: Final = "MDA-Data-Ingest/"


class Bucket(Protocol):
    """A place of files under keys: '/'-separated, case-sensitive, from the bucket's root."""

    @property
    def name(self) -> str:
        """The bucket's name."""
        ...

    def keys(self, prefix: str) -> Iterator[str]:
        """All keys that begin with `prefix`, ascending."""
        ...

    def local(self, key: str) -> Path | None:
        """A local file with what the key holds, None if there is no such key. Raises RunError GS-FILE-PATH."""
        ...


@dataclass(frozen=True, slots=True)
class FolderBucket:
    """A bucket that is a folder; never reads outside of it, whatever keys and links say."""

    name: str
    root: Path

    def keys(self, prefix: str) -> Iterator[str]:
        """All keys that begin with `prefix`, ascending by code point."""
        if problem := key_problem(prefix.rstrip("/")) if prefix.rstrip("/") else None:
            raise RunError(problem)
        start = self.root.joinpath(*prefix.split("/")[:-1])
        if not start.is_dir() or not _inside(start, self.root):
            return iter(())
        return iter(sorted(key for key in self._walk(start) if key.startswith(prefix)))

    def _walk(self, start: Path) -> Iterator[str]:
        for folder, _, files in os.walk(start):
            for name in files:
                key = Path(folder, name).relative_to(self.root).as_posix()
                if _is_text(key):
                    yield key

    def local(self, key: str) -> Path | None:
        """The file of the key, None if there is none in exactly these letters."""
        if problem := key_problem(key):
            raise RunError(problem)
        path = self.root
        for part in key.split("/"):
            # A listing, because some file systems find "Usage.csv" under "usage.csv".
            if not path.is_dir() or part not in os.listdir(path):
                return None
            path = path / part
        if not _inside(path, self.root):
            raise RunError(
                Problem(
                    "GS-FILE-PATH",
                    f"the key leads out of the bucket {self.name}",
                    value=key,
                    hint="put the file itself into the bucket's folder instead of a link",
                )
            )
        return path if path.is_file() else None


def bucket_of(name: str, project: Project, place: Place | None = None) -> Bucket:
    """The bucket of that name. Raises InputError GS-NOT-YET for real S3, GS-PROJECT-BUCKET if it is unknown."""
    settings = project.buckets.get(name)
    if settings is not None and settings.url is not None:
        raise InputError(
            Problem(
                "GS-NOT-YET",
                "this version reads buckets from folders only",
                place,
                value=settings.url,
                hint=f'copy the files and set path = "…" in [buckets.{name}]',
            )
        )
    if settings is not None and settings.path is not None:
        return FolderBucket(name, project.root / settings.path)
    folder = project.datasets_dir / "s3" / name
    if name == MANAGED_BUCKET or (key_problem(name) is None and "/" not in name and folder.is_dir()):
        return FolderBucket(name, folder)
    project.bucket(name)
    return FolderBucket(name, folder)


def bucket_key(path: str, bucket: str) -> str:
    """The key that a path stands for: the managed bucket is shown with and without its own prefix."""
    return path.removeprefix(MANAGED_PREFIX) if bucket == MANAGED_BUCKET else path


def key_problem(key: str) -> Problem | None:
    """What is wrong with a key, if anything: GS-FILE-PATH."""
    parts = key.split("/")
    if "\0" in key:
        message = "a key holds no NUL character"
    elif key.startswith("/") or (os.sep == "\\" and ("\\" in key or ":" in key)):
        message = "a key begins at the bucket's root, without / or a drive"
    elif ".." in parts or "." in parts:
        message = "a key holds no . or .. as a folder"
    elif "" in parts:
        message = "a key holds no empty folder name"
    else:
        return None
    return Problem("GS-FILE-PATH", message, value=key.replace("\0", "\\0"), hint="such as input/usage.csv")


def _inside(path: Path, root: Path) -> bool:
    return path.resolve().is_relative_to(root.resolve())


def _is_text(key: str) -> bool:
    try:
        key.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
