"""Whether a file can be read otherwise under another value of a key: one scan for a few characters tells most often."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gsrules.run.prepare import s3_tasks
from gsrules.sources.dialect import ESCAPES, QUALIFIERS

if TYPE_CHECKING:
    from gsrules.run.prepare import RuleFiles
    from gsrules.spec import RuleSpec
    from gsrules.spec.tasks import S3Task

ESCAPE: Final = "s3.escape_default"
_CHUNK: Final = 1 << 22
_PLAIN: Final = ("utf-8", "utf8", "ascii", "us-ascii")


def files_differ(rule: RuleSpec, files: RuleFiles, profile: Mapping[str, Any], key: str, other: object) -> bool:
    """Whether any file of the rule may be read otherwise under the `other` value of a key that concerns files."""
    return any(_differs(name, task, files, profile, key, other) for name, task in s3_tasks(rule).items())


def _differs(name: str, task: S3Task, files: RuleFiles, profile: Mapping[str, Any], key: str, other: object) -> bool:
    qualifier = QUALIFIERS[task.file.qualifier]
    if key != ESCAPE:
        return _holds(name, task, files, (qualifier * 2,))
    if task.file.escape is not None:
        return False
    escapes = {ESCAPES[profile[ESCAPE]], ESCAPES[str(other)]} - {qualifier}
    return _holds(name, task, files, tuple(each for one in escapes for each in (one + qualifier, one + one)))


def _holds(name: str, task: S3Task, files: RuleFiles, wanted: tuple[str, ...]) -> bool:
    """Whether a file holds one of the sequences; also if it cannot be told without decoding it."""
    plain = task.file.compression == "none" and task.file.encoding.lower() in _PLAIN and task.pgp_key is None
    if not plain:
        return True
    marks = [each.encode() for each in wanted]
    paths = (each.path for each in files.files(name, task))
    return any(mark in chunk for path in paths for chunk in _chunks(path) for mark in marks)


def _chunks(path: Path) -> Iterator[bytes]:
    """The file in pieces that overlap by one byte, the length of a sequence less one."""
    last = b""
    with path.open("rb") as stream:
        while read := stream.read(_CHUNK):
            yield last + read
            last = read[-1:]
