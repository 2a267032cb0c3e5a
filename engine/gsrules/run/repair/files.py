"""Text files of a project read and replaced as a whole: in one step, with the rights and line ends that they have."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from gsrules.dataclass import dataclass
from gsrules.errors import Fix


@dataclass(frozen=True, slots=True)
class Repaired:
    """A file, its text before and after, and what was done. `name` is the file as problems name it."""

    path: Path
    name: str
    before: str
    after: str
    fixes: tuple[Fix, ...]


def text_of(path: Path) -> str | None:
    """The text of a file with its own line ends; None if it cannot be read as UTF-8."""
    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def replace_text(path: Path, text: str) -> None:
    """Puts a text in the place of a file's. Nobody ever sees half of it, and the file keeps its rights."""
    target = path.resolve()
    number, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(text.encode("utf-8"))
            file.flush()
            os.fsync(file.fileno())
        shutil.copymode(target, name)
        os.replace(name, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise
