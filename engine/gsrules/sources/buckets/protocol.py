"""What a bucket can do, wherever it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol


class Bucket(Protocol):
    """A place of files under keys: '/'-separated, case-sensitive, from the bucket's root.

    All methods raise RunError: GS-FILE-PATH for a key or a link that leads out of the bucket, GS-FILE-WRITE where a
    file cannot be written, GS-FILE-S3-… where real S3 does not do what it is asked for.
    """

    @property
    def name(self) -> str:
        """The bucket's name."""
        ...

    def keys(self, prefix: str) -> Iterator[str]:
        """All keys that begin with `prefix`, ascending by code point."""
        ...

    def near(self, key: str) -> Iterator[str]:
        """Keys, or folders with a slash at the end, among which a missing key is worth looking for."""
        ...

    def has(self, key: str) -> bool:
        """Whether there is a file under the key, in exactly these letters."""
        ...

    def local(self, key: str) -> Path | None:
        """A local file with what the key holds, None if there is no such key. Only to be read."""
        ...

    def version(self, key: str) -> str | None:
        """What tells what the key holds from what it held before, None if there is no such key."""
        ...

    def write(self, key: str, path: Path) -> None:
        """Puts a copy of the finished local file under the key, in place of what was there.

        A reader sees the old file or the new one, whole.
        """
        ...

    def move(self, key: str, new_key: str) -> str:
        """Puts the file of `key` under `new_key`; gives the key where it is now.

        Nothing is overwritten: if `new_key` is taken a timestamp is added to it (data-setup.md §6.4). Raises
        RunError GS-FILE-MISSING if there is no such file.
        """
        ...

    def describe(self) -> str:
        """The bucket in words, for messages: its name and where it is; no secrets."""
        ...
