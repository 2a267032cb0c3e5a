"""Keys of files in buckets: which are allowed, and names for what must not overwrite another file."""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Iterator
from itertools import count
from typing import Final

from gsrules.errors import Problem
from gsrules.project import MANAGED_BUCKET

MANAGED_PREFIX: Final = "MDA-Data-Ingest/"

_ENDING = re.compile(r"(\.[ct]sv)?(\.[^./]*)?$", re.IGNORECASE)


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


def free_names(key: str) -> Iterator[str]:
    """`key`, then `key` with a timestamp before its ending, then with a number as well: never the same twice."""
    yield key
    stamp = f"{dt.datetime.now(dt.UTC):%Y%m%d-%H%M%S}"
    yield _with(key, f"-{stamp}")
    for number in count(2):
        yield _with(key, f"-{stamp}-{number}")


def numbered_names(key: str) -> Iterator[str]:
    """`key`, then `key` with -2, -3 … before its ending."""
    yield key
    for number in count(2):
        yield _with(key, f"-{number}")


def _with(key: str, mark: str) -> str:
    found = _ENDING.search(key)
    ending = found[0] if found else ""
    stem = key.removesuffix(ending) if ending else key
    if stem.endswith("/") or not stem:
        return key + mark  # a name such as .csv is no ending
    return stem + mark + ending
