"""How a file is written: separator, qualifier, escape, compression, encoding (data-setup.md §6.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from gsrules.dataclass import dataclass

if TYPE_CHECKING:
    from gsrules.spec.tasks import S3Task

SEPARATORS: Final = {"comma": ",", "tab": "\t", "pipe": "|", "semicolon": ";"}
QUALIFIERS: Final = {"double_quote": '"', "single_quote": "'"}
ESCAPES: Final = {"backslash": "\\", "single_quote": "'", "double_quote": '"'}
EXTENSIONS: Final = {"none": (), "gzip": (".gz", ".gzip"), "bzip": (".bz", ".bz2", ".bzip"), "zip": (".zip",)}
ENCRYPTED: Final = (".pgp", ".gpg")


@dataclass(frozen=True, slots=True)
class Dialect:
    """The characters that a reader has to know; each is one ASCII character."""

    separator: str
    qualifier: str
    escape: str


def dialect_of(task: S3Task, profile: Mapping[str, Any]) -> Dialect:
    """The dialect of a task's files; what is not written has the default of data-setup.md §6.2."""
    separator = task.file.separator or ("tab" if is_tsv(task) else "comma")
    escape = task.file.escape or profile["s3.escape_default"]
    return Dialect(SEPARATORS[separator], QUALIFIERS[task.file.qualifier], ESCAPES[escape])


def is_tsv(task: S3Task) -> bool:
    """Whether the path, without the extension of its compression, ends in .tsv."""
    return bare_key(decrypted_key(task.path, task), task.file.compression).lower().endswith(".tsv")


def decrypted_key(key: str, task: S3Task) -> str:
    """`key` without the extension of an encrypted file, if the task reads one."""
    return key[:-4] if task.pgp_key is not None and key.lower().endswith(ENCRYPTED) else key


def bare_key(key: str, compression: str) -> str:
    """`key` without the extension of its compression, in any letter case."""
    for extension in EXTENSIONS[compression]:
        if key.lower().endswith(extension):
            return key[: -len(extension)]
    return key
