"""Finds a bucket by its name."""

from __future__ import annotations

from gsrules.errors import InputError, Place, Problem
from gsrules.project import MANAGED_BUCKET, Project
from gsrules.sources.buckets.folder import FolderBucket
from gsrules.sources.buckets.keys import key_problem
from gsrules.sources.buckets.protocol import Bucket


def bucket_of(name: str, project: Project, place: Place | None = None) -> Bucket:
    """The bucket of that name. Raises InputError GS-NOT-YET for real S3, GS-PROJECT-BUCKET if it is unknown."""
    settings = project.buckets.get(name)
    if settings is not None and settings.url is not None:
        raise InputError(
            Problem(
                "GS-NOT-YET",
                "this version reads buckets from folders only",
                place,
                value=settings.url,
                hint=f'copy the files and set path = "…" in [buckets.{name}]',
            )
        )
    if settings is not None and settings.path is not None:
        return FolderBucket(name, project.root / settings.path)
    folder = project.datasets_dir / "s3" / name
    if name == MANAGED_BUCKET or (key_problem(name) is None and "/" not in name and folder.is_dir()):
        return FolderBucket(name, folder)
    project.bucket(name)
    return FolderBucket(name, folder)
