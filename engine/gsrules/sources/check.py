"""What can be said about an S3 dataset task without its files (data-setup.md §6, §15)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gsrules.catalogue.datatypes import Kind
from gsrules.errors import Problem, nearest
from gsrules.sources.archive import archive_problem
from gsrules.sources.buckets import bucket_key, key_problem
from gsrules.sources.dialect import ENCRYPTED, EXTENSIONS, bare_key, decrypted_key, dialect_of
from gsrules.sources.encodings import ENCODINGS, codec_of
from gsrules.sources.formats import Format
from gsrules.spec.text import Text

if TYPE_CHECKING:
    from gsrules.spec.tasks import ColumnSpec, S3Task

_SOME_ENCODINGS: Final = "UTF-8, UTF-16, ISO-8859-1, Windows-1252, Shift_JIS, GB18030, Big5, KOI8-R and others"


def check_task(task: S3Task, profile: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Every problem of the task that shows without its files, errors and warnings."""
    return (*_path(task), *_file(task, profile), *_formats(task), *_zone(task))


def format_of(task: S3Task, kind: Kind, column: ColumnSpec | None = None) -> Format:
    """The format of a Date or DateTime column: its own, else the task's."""
    if column is not None and column.format is not None:
        return Format.parse(column.format)
    return Format.parse(task.date_format if kind is Kind.DATE else task.datetime_format)


def _path(task: S3Task) -> Iterator[Problem]:
    place = task.place_of("path")
    if task.pattern is not None:
        yield from Format.parse(task.pattern.format).path_problems()
    key = bucket_key(task.path, task.bucket)
    problem = key_problem(key.rstrip("/") if task.match == "starts_with" else key)
    if problem is not None:
        yield Problem(problem.code, problem.message, place, value=task.path, hint=problem.hint)
    if "*" in key:
        message = "a path has no wildcards: * stands for itself (data-setup.md §6.1)"
        hint = "use match: starts_with, which reads every file that begins so"
        yield Problem("GS-FILE-PATH", message, place, value=task.path, hint=hint, severity="warning")
    archive = archive_problem(task)
    if archive is not None:
        yield archive
    if task.match == "starts_with":
        return
    key = decrypted_key(key, task)
    if task.pgp_key is None and key.lower().endswith(ENCRYPTED):
        hint = "name its key: pgp_key: …, with [pgp_keys.…] in the settings"
        yield Problem("GS-FILE-EXTENSION", "the path is that of an encrypted file", place, value=task.path, hint=hint)
        return
    compression = task.file.compression
    bare = bare_key(key, compression)
    packed = next((name for name in ("gzip", "bzip", "zip") if bare.lower().endswith(EXTENSIONS[name])), None)
    if packed is not None:
        hint = f"write compression: {packed} under file"
        yield Problem("GS-FILE-EXTENSION", f"the path is that of a {packed} file", place, value=task.path, hint=hint)
    elif compression != "none" and bare == key:
        endings = " or ".join(EXTENSIONS[compression])
        message = f"the path of a {compression} file ends in {endings}"
        yield Problem("GS-FILE-EXTENSION", message, place, value=task.path, hint="or write compression: none")
    elif not bare.lower().endswith((".csv", ".tsv")):
        message = "with match: equals the path ends in .csv or .tsv"
        hint = "name the whole file, or use match: starts_with with a pattern"
        yield Problem("GS-FILE-EXTENSION", message, place, value=task.path, hint=hint)


def _file(task: S3Task, profile: Mapping[str, Any]) -> Iterator[Problem]:
    dialect = dialect_of(task, profile)
    if dialect.qualifier != dialect.escape and dialect.escape == dialect.separator:
        yield Problem("GS-SPEC-ONE-OF", "separator and escape are the same character", task.file.place)
    if task.file.encrypted and task.pgp_key is None:
        message = "an encrypted file needs the key that it is decrypted with"
        hint = "write pgp_key: NAME beside file, with [pgp_keys.NAME] in the settings; Gainsight's support sets this up"
        yield Problem("GS-FILE-ENCRYPTED", message, task.file.place_of("encrypted"), hint=hint)
    if task.file.compression == "zip":
        message = "zip is an extension: Gainsight unpacks gzip and bzip files only"
        yield Problem(
            "GS-EXT", message, task.file.place_of("compression"), value="zip", hint="write gzip", severity="warning"
        )
    encoding = task.file.encoding
    if codec_of(encoding) is None:
        yield Problem(
            "GS-FILE-ENCODING",
            "there is no such encoding of text files",
            task.file.place_of("encoding"),
            value=encoding,
            hint=f"known: {_SOME_ENCODINGS}",
            nearest=nearest(encoding, ENCODINGS),
        )


def _formats(task: S3Task) -> Iterator[Problem]:
    columns: Mapping[Text, ColumnSpec] = task.columns or {}
    seen: set[tuple[str, Kind]] = set()
    for column in columns.values():
        if column.type not in ("date", "datetime"):
            continue
        kind = Kind(column.type)
        chosen = format_of(task, kind, column)
        if (chosen.text, kind) in seen:
            continue
        seen.add((chosen.text, kind))
        yield from chosen.date_problems() if kind is Kind.DATE else chosen.datetime_problems()
    if task.columns is None or any(column.type is None for column in columns.values()):
        if (task.date_format, Kind.DATE) not in seen:
            yield from Format.parse(task.date_format).date_problems()
        if (task.datetime_format, Kind.DATETIME) not in seen:
            yield from Format.parse(task.datetime_format).datetime_problems()


def _zone(task: S3Task) -> Iterator[Problem]:
    try:
        ZoneInfo(task.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        hint = "an IANA name such as UTC or Europe/Berlin"
        yield Problem(
            "GS-SPEC-ONE-OF", "there is no such time zone", task.place_of("timezone"), value=task.timezone, hint=hint
        )
