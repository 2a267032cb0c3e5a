"""A bucket that is a folder."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from gsrules.dataclass import dataclass
from gsrules.errors import Problem, RunError
from gsrules.sources.buckets.keys import free_names, key_problem

# Files that are being written; no listing shows them.
_DRAFT: Final = ".gsrules-draft-"


@dataclass(frozen=True, slots=True)
class FolderBucket:
    """A bucket that is a folder; never reads or writes outside of it, whatever keys and links say."""

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
                if _is_text(key) and not name.startswith(_DRAFT):
                    yield key

    def near(self, key: str) -> Iterator[str]:
        """All keys of the bucket."""
        return self.keys("")

    def has(self, key: str) -> bool:
        """Whether there is a file under the key, in exactly these letters."""
        return self.local(key) is not None

    def local(self, key: str) -> Path | None:
        """The file of the key, None if there is none in exactly these letters."""
        self._check(key)
        path = self.root
        for part in key.split("/"):
            # A listing, because some file systems find "Usage.csv" under "usage.csv".
            if not path.is_dir() or part not in os.listdir(path):
                return None
            path = path / part
        self._check_inside(path, key)
        return path if path.is_file() else None

    def version(self, key: str) -> str | None:
        """Size, time of change and number of the file, None if there is none."""
        path = self.local(key)
        if path is None:
            return None
        there = path.stat()
        return f"{there.st_size} {there.st_mtime_ns} {there.st_ino}"

    def write(self, key: str, path: Path) -> None:
        """Puts a copy of the finished file under the key, in place of what was there."""
        target = self._target(key)
        try:
            draft = _draft_of(path, target.parent)
            try:
                draft.replace(target)
            except OSError:
                draft.unlink(missing_ok=True)
                raise
        except OSError as error:
            raise self._not_written(key, error) from error

    def move(self, key: str, new_key: str) -> str:
        """Puts the file of `key` under `new_key`, or under a name like it if that is taken; gives its key."""
        source = self.local(key)
        if source is None:
            raise RunError(Problem("GS-FILE-MISSING", f"there is no file “{key}” in {self.describe()}", value=key))
        for free in free_names(new_key):
            target = self._target(free)
            try:
                target.open("xb").close()  # taken by us alone: two processes never get the same name
            except FileExistsError:
                continue
            except OSError as error:
                raise self._not_written(free, error) from error
            try:
                self._into(source, target)
            except OSError as error:
                target.unlink(missing_ok=True)
                raise self._not_written(free, error) from error
            return free
        raise AssertionError("names never end")

    def _into(self, source: Path, target: Path) -> None:
        """Moves a file onto an empty one. What a link leads to is copied: the link would lead astray elsewhere."""
        if source.is_symlink():
            _draft_of(source, target.parent).replace(target)
            source.unlink()
        else:
            source.replace(target)

    def describe(self) -> str:
        """The bucket in words."""
        return f"the bucket {self.name}"

    def _target(self, key: str) -> Path:
        """The path of a key that is to be written; its folder is there afterwards."""
        self._check(key)
        path = self.root.joinpath(*key.split("/"))
        self._check_inside(path.parent, key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._not_written(key, error) from error
        return path

    def _check(self, key: str) -> None:
        if problem := key_problem(key):
            raise RunError(problem)

    def _check_inside(self, path: Path, key: str) -> None:
        if not _inside(path, self.root):
            raise RunError(
                Problem(
                    "GS-FILE-PATH",
                    f"the key leads out of {self.describe()}",
                    value=key,
                    hint="put the file itself into the bucket's folder instead of a link",
                )
            )

    def _not_written(self, key: str, error: OSError) -> RunError:
        message = f"the file cannot be written to {self.describe()}: {error.strerror or error}"
        hint = f"see to the rights and the space of the folder {self.root}"
        return RunError(Problem("GS-FILE-WRITE", message, value=key, hint=hint))


def _draft_of(path: Path, folder: Path) -> Path:
    """A copy of the file in that folder, under a name that no listing shows."""
    draft = folder / f"{_DRAFT}{uuid.uuid4().hex}"
    try:
        shutil.copyfile(path, draft)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    return draft


def _inside(path: Path, root: Path) -> bool:
    # Unlike Path.resolve, this does not fail for a link to itself.
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))


def _is_text(key: str) -> bool:
    try:
        key.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
