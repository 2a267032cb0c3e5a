"""The archive of files that were read: where they move to, and the moving (data-setup.md §6.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from gsrules.dataclass import dataclass
from gsrules.errors import GsrulesError, Problem
from gsrules.project import Project
from gsrules.sources.buckets import bucket_key, bucket_of, key_problem

if TYPE_CHECKING:
    from gsrules.sources.resolve import SourceFile
    from gsrules.spec.tasks import S3Task


@dataclass(frozen=True, slots=True)
class Archived:
    """By task, the keys (with their bucket) that its files have now; and warnings about those that could not move."""

    keys: Mapping[str, tuple[str, ...]]
    warnings: tuple[Problem, ...]


def archive_key(task: S3Task, key: str) -> str:
    """The key of a file in its archive.

    A folder's name stands beside the file; a path with a slash in it, or in front of it, begins at the bucket's root.
    """
    folder, name = key.rpartition("/")[0], key.rpartition("/")[2]
    archive = bucket_key(str(task.archive), task.bucket)
    rooted = "/" in str(task.archive).rstrip("/")
    parts = [archive.strip("/"), name] if rooted or not folder else [folder, archive.strip("/"), name]
    return "/".join(parts)


def archive_problem(task: S3Task) -> Problem | None:
    """What is wrong with the task's archive folder, if anything: GS-FILE-PATH."""
    if task.archive is None:
        return None
    problem = key_problem(bucket_key(str(task.archive), task.bucket).strip("/"))
    if problem is None:
        return None
    hint = "a folder such as archived/ beside the file, or its path from the bucket's root, such as input/archived/"
    return Problem(problem.code, problem.message, task.place_of("archive"), value=str(task.archive), hint=hint)


_OTHER: Final = Problem(
    "GS-FILE-ARCHIVE",
    "another file has come under its key since",
    hint="it stays where it is, so that a later run can read it",
)


def archive_files(tasks: Mapping[str, S3Task], files: Mapping[str, Sequence[SourceFile]], project: Project) -> Archived:
    """Moves the files that the tasks have read, for those with an archive; what cannot move is a warning (§6.4).

    A file that several tasks have read moves once, to the archive of the first.
    """
    moved: dict[tuple[str, str], str] = {}
    keys: dict[str, tuple[str, ...]] = {}
    warnings: list[Problem] = []
    for name, task in tasks.items():
        if task.archive is None:
            continue
        for file in files.get(name, ()):
            if (file.bucket, file.key) in moved:
                continue
            try:
                bucket = bucket_of(file.bucket, project)
                if bucket.version(file.key) != file.version:
                    warnings.append(_not_moved(name, task, file, _OTHER))
                    continue
                moved[file.bucket, file.key] = bucket.move(file.key, archive_key(task, file.key))
            except GsrulesError as error:
                warnings.extend(_not_moved(name, task, file, problem) for problem in error.problems)
        found = [(file.bucket, moved.get((file.bucket, file.key))) for file in files.get(name, ())]
        keys[name] = tuple(f"{bucket}/{key}" for bucket, key in found if key is not None)
    return Archived(keys, tuple(warnings))


def _not_moved(name: str, task: S3Task, file: SourceFile, why: Problem) -> Problem:
    message = f"the file was read, but could not be archived: {why.message}"
    place, where = task.place_of("archive"), f"task '{name}'"
    return Problem("GS-FILE-ARCHIVE", message, place, where, str(file), why.hint, severity="warning")
