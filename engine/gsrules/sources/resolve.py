"""Which files an S3 dataset task reads on a rule date (data-setup.md §6.1)."""

from __future__ import annotations

import datetime
import difflib
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gsrules.dataclass import dataclass
from gsrules.errors import InputError, Problem, RunError
from gsrules.project import Project
from gsrules.sources import pgp
from gsrules.sources.buckets import Bucket, bucket_key, bucket_of
from gsrules.sources.check import check_task
from gsrules.sources.formats import Format

if TYPE_CHECKING:
    from gsrules.spec.tasks import S3Task

# How many keys are looked through for those most like a missing one, and how many are shown.
_LOOKED_THROUGH: Final = 5000
_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of a bucket: its key, the local file that holds what the key holds, and what decrypts it.

    `version` tells what is read from what comes under the key later; only of files that will move to an archive.
    """

    bucket: str
    key: str
    path: Path
    pgp_key: pgp.PgpKey | None = None
    version: str | None = None

    def __str__(self) -> str:
        return f"{self.bucket}/{self.key}"


def resolve(task: S3Task, rule_date: datetime.date, project: Project) -> tuple[SourceFile, ...]:
    """The files that the task reads on `rule_date`, ascending by key (data-setup.md §6.1).

    Raises InputError for a task that can never be read, RunError GS-FILE-MISSING if there is no such file and
    GS-FILE-PATH for a key or a link that leads out of the bucket and for what is no ordinary file.
    """
    errors = [problem for problem in check_task(task, project.profile) if problem.severity == "error"]
    if errors:
        raise InputError(errors)
    try:
        return _found(task, rule_date, project)
    except RunError as error:
        place = task.place_of("path")
        raise RunError(replace(problem, place=problem.place or place) for problem in error.problems) from error


def _found(task: S3Task, rule_date: datetime.date, project: Project) -> tuple[SourceFile, ...]:
    bucket = bucket_of(task.bucket, project, task.place_of("bucket"))
    pgp_key = pgp.key_of(task, project.pgp_keys)
    key = key_of(task, rule_date)
    keys = list(bucket.keys(key)) if task.match == "starts_with" else [key]
    found: list[SourceFile] = []
    for each in keys:
        version = bucket.version(each) if task.archive is not None else None
        path = bucket.local(each)
        if path is not None:
            found.append(SourceFile(bucket.name, each, path, pgp_key, version))
        elif task.match == "starts_with":
            raise RunError(_no_file(task, each, "is no ordinary file"))
    if not found:
        raise RunError(_not_there(task, bucket, key, rule_date))
    return tuple(found)


def key_of(task: S3Task, rule_date: datetime.date) -> str:
    """The key, or for `starts_with` the prefix of keys, with the date of the pattern filled in."""
    key = bucket_key(task.path, task.bucket)
    if task.pattern is None:
        return key
    from gsrules.spec.tasks import PATTERN_TOKEN

    day = rule_date - datetime.timedelta(days=task.pattern.subtract_days)
    return key.replace(PATTERN_TOKEN, Format.parse(task.pattern.format).write_day(day))


def _not_there(task: S3Task, bucket: Bucket, key: str, rule_date: datetime.date) -> Problem:
    """Why there is nothing to read under the key: nothing at all, a folder, or a pipe and the like."""
    if task.match == "equals":
        if next(iter(bucket.keys(f"{key}/")), None) is not None:
            return _no_file(task, key, "is a folder, not a file")
        if next(iter(bucket.keys(key)), None) == key:
            return _no_file(task, key, "is no ordinary file")
    return _missing(task, bucket, key, rule_date)


def _no_file(task: S3Task, key: str, what: str) -> Problem:
    hint = "put the file itself there"
    return Problem("GS-FILE-PATH", f"“{key}” {what}", task.place_of("path"), value=key, hint=hint)


def _missing(task: S3Task, bucket: Bucket, key: str, rule_date: datetime.date) -> Problem:
    what = "no key begins with" if task.match == "starts_with" else "there is no file"
    message = f"{what} “{key}” in the bucket {bucket.name}"
    if task.pattern is not None:
        minus = f" − {task.pattern.subtract_days} days" if task.pattern.subtract_days else ""
        message += f" (rule date {rule_date}{minus} as {task.pattern.format})"
    known = list(islice(bucket.near(key), _LOOKED_THROUGH))
    lower = {each.lower(): each for each in reversed(known)}
    like = [lower[each] for each in difflib.get_close_matches(key.lower(), list(lower), n=_SHOWN, cutoff=0.5)]
    same = lower.get(key.lower())
    if not known:
        hint = "the bucket is empty"
    elif same is not None:
        hint = "keys are case-sensitive"
    elif like:
        hint = "the nearest keys: " + ", ".join(like)
    else:
        hint = "the bucket holds: " + ", ".join(known[:_SHOWN]) + (" …" if len(known) > _SHOWN else "")
    return Problem(
        "GS-FILE-MISSING",
        message,
        task.place_of("path"),
        value=key,
        hint=hint,
        nearest=same or (like[0] if like else ""),
    )
