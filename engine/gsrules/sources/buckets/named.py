"""Finds a bucket by its name."""

from __future__ import annotations

from dataclasses import replace

from gsrules.errors import InputError, Place
from gsrules.project import MANAGED_BUCKET, Project
from gsrules.sources.buckets.folder import FolderBucket
from gsrules.sources.buckets.keys import key_problem
from gsrules.sources.buckets.protocol import Bucket


def bucket_of(name: str, project: Project, place: Place | None = None) -> Bucket:
    """The bucket of that name; `place` is where it is named.

    Raises InputError GS-PROJECT-BUCKET if it, or its AWS profile, is unknown.
    """
    try:
        return _bucket(name, project)
    except InputError as error:
        raise InputError(replace(problem, place=problem.place or place) for problem in error.problems) from error


def check_bucket(name: str, project: Project, place: Place | None = None) -> None:
    """Raises InputError GS-PROJECT-BUCKET if there is no bucket of that name."""
    if name not in project.buckets and not _is_folder(name, project):
        try:
            project.bucket(name)
        except InputError as error:
            raise InputError(replace(problem, place=place) for problem in error.problems) from error


def _bucket(name: str, project: Project) -> Bucket:
    settings = project.buckets.get(name)
    if settings is not None and settings.url is not None:
        from gsrules.sources.buckets.s3 import s3_bucket

        return s3_bucket(settings, project.root / ".gsrules" / "cache" / "s3")
    if settings is not None and settings.path is not None:
        return FolderBucket(name, project.root / settings.path)
    check_bucket(name, project)
    return FolderBucket(name, project.datasets_dir / "s3" / name)


def _is_folder(name: str, project: Project) -> bool:
    """Whether it is one of the folders that need no settings."""
    folder = project.datasets_dir / "s3" / name
    return name == MANAGED_BUCKET or (key_problem(name) is None and "/" not in name and folder.is_dir())
