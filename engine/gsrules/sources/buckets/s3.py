"""A bucket of a real S3 server, read through a cache on this disk."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import field
from pathlib import Path
from typing import Final

from gsrules.dataclass import dataclass
from gsrules.errors import Problem, RunError
from gsrules.project import BucketSettings
from gsrules.sources.buckets.cache import FileCache, Version
from gsrules.sources.buckets.client import DEFAULT_REGION, Endpoint, S3Client
from gsrules.sources.buckets.credentials import credentials_of
from gsrules.sources.buckets.failures import S3Failures
from gsrules.sources.buckets.keys import free_names, key_problem

_TOGETHER: Final = 8


@dataclass(frozen=True, slots=True)
class S3Bucket:
    """A bucket, or a part of one, on a server; `root` is the bucket's name there with the prefix, if there is one.

    The keys that were listed are fetched together as soon as the first of them is asked for.
    """

    name: str
    root: str
    client: S3Client
    cache: FileCache
    _listed: list[str] = field(default_factory=list, compare=False, repr=False)
    _coming: dict[str, Future[Path | None]] = field(default_factory=dict, compare=False, repr=False)

    def keys(self, prefix: str) -> Iterator[str]:
        """All keys that begin with `prefix`, ascending by code point; only folders that can hold them are listed."""
        if prefix.rstrip("/"):
            _check(prefix.rstrip("/"))
        self._listed.clear()
        folder = prefix.rpartition("/")[0]
        if not folder:
            return self._walk("", prefix)
        found = self.client.listed(f"{self.root}/{folder}", prefix, recursive=True)
        keys = (path.removeprefix(f"{self.root}/") for path, is_file in found if is_file)
        self._listed.extend(sorted(key for key in keys if key.startswith(prefix)))
        return iter(tuple(self._listed))

    def _walk(self, folder: str, prefix: str) -> Iterator[str]:
        """Folder by folder, only as far as somebody looks: it may be the whole bucket."""
        found = self.client.listed(f"{self.root}/{folder}".rstrip("/"), prefix, recursive=False)
        level = ((path.removeprefix(f"{self.root}/"), is_file) for path, is_file in found)
        for key, is_file in sorted((key if is_file else f"{key}/", is_file) for key, is_file in level):
            if is_file and key.startswith(prefix):
                self._listed.append(key)
                yield key
            elif not is_file and (key.startswith(prefix) or prefix.startswith(key)):
                yield from self._walk(key, prefix)

    def near(self, key: str) -> Iterator[str]:
        """What is in the folder of the key, or else in the nearest one above it that is not empty."""
        folder = key
        while folder:
            folder = folder.rpartition("/")[0]
            found = self.client.listed(f"{self.root}/{folder}".rstrip("/"), key, recursive=False)
            if found:
                yield from sorted(path.removeprefix(f"{self.root}/") + "/" * (not file) for path, file in found)
                return

    def has(self, key: str) -> bool:
        """Whether there is a file under the key."""
        _check(key)
        return self.client.version(self._path(key), key) is not None

    def local(self, key: str) -> Path | None:
        """The cached file of the key, fetched anew if it changed; None if there is none."""
        _check(key)
        if key in self._listed:
            self._fetch_listed()
        coming = self._coming.pop(key, None)
        if coming is None:
            return self._fetched(key)
        found = coming.result()
        if found is None:
            raise self.client.failures.gone(key)
        return found

    def _fetch_listed(self) -> None:
        keys = [key for key in self._listed if key_problem(key) is None]
        self._listed.clear()
        with ThreadPoolExecutor(_TOGETHER) as pool:
            self._coming.update({key: pool.submit(self._fetched, key) for key in keys})

    def _fetched(self, key: str) -> Path | None:
        path = self._path(key)
        for _ in range(2):
            version = self.client.version(path, key)
            if version is None:
                return None
            found = self.cache.find(key, version) or self._fetched_anew(path, key, version)
            if found is not None:
                return found
        raise self.client.failures.changed(key)

    def _fetched_anew(self, path: str, key: str, version: Version) -> Path | None:
        """The file as it is in that version, None if it changed meanwhile."""
        try:
            draft = self.cache.draft()
            try:
                self.client.fetch(path, key, version, draft)
                if self.client.version(path, key) == version and draft.stat().st_size == version.size:
                    return self.cache.keep(draft, key, version)
                return None
            finally:
                draft.unlink(missing_ok=True)
        except OSError as error:
            raise self.client.failures.not_kept(error, key) from error
        except RunError:
            if self.client.version(path, key) == version:
                raise
            return None

    def version(self, key: str) -> str | None:
        """ETag and size of the key, None if there is none."""
        _check(key)
        there = self.client.version(self._path(key), key)
        return None if there is None else f"{there.tag} {there.size}"

    def write(self, key: str, path: Path) -> None:
        """Uploads the finished file, in place of what was under the key."""
        _check(key)
        try:
            with path.open("rb") as source:
                self.client.upload(self._path(key), key, source)
            size = path.stat().st_size
        except OSError as error:
            message = f"the file for {self.describe()} cannot be read: {error.strerror or error}"
            raise RunError(Problem("GS-FILE-WRITE", message, value=key)) from error
        there = self.client.version(self._path(key), key)
        if there is None or there.size != size:
            raise self.client.failures.changed(key)

    def move(self, key: str, new_key: str) -> str:
        """Copies the file to `new_key`, or to a key like it if that is taken, and deletes it; gives its key."""
        _check(key)
        _check(new_key)
        there = self.client.version(self._path(key), key)
        if there is None:
            raise RunError(Problem("GS-FILE-MISSING", f"there is no file “{key}” in {self.describe()}", value=key))
        free = next(each for each in free_names(new_key) if not self.has(each))
        self.client.copy(self._path(key), self._path(free), key)
        copied = self.client.version(self._path(free), free)
        if copied is None or copied.size != there.size:
            raise self.client.failures.changed(key)
        try:
            self.client.delete(self._path(key), key)
        except RunError as error:
            failure = self.client.failures.not_deleted(error, key, free)
        else:
            return free
        raise failure

    def describe(self) -> str:
        """The bucket in words, with its address."""
        return self.client.failures.shown

    def _path(self, key: str) -> str:
        return f"{self.root}/{key}"


def _check(key: str) -> None:
    if problem := key_problem(key):
        raise RunError(problem)


def s3_bucket(settings: BucketSettings, cache: Path) -> S3Bucket:
    """The bucket of those settings; its files are kept below `cache`. Raises InputError GS-PROJECT-BUCKET."""
    assert settings.url is not None
    root = settings.url.removeprefix("s3://").strip("/")
    credentials = credentials_of(settings.profile, settings.name, endpoint=settings.endpoint)
    region = settings.region or credentials.region or DEFAULT_REGION
    endpoint = Endpoint(settings.endpoint, region, credentials, settings.connect_timeout, settings.request_timeout)
    at = f" at {settings.endpoint}" if settings.endpoint else ""
    failures = S3Failures(
        shown=f"the bucket {settings.name} (s3://{root}{at})",
        section=f"buckets.{settings.name}",
        endpoint=settings.endpoint or "AWS",
        credentials=credentials.source,
        region=region,
    )
    place = hashlib.sha256(f"{settings.endpoint}\0{root}".encode()).hexdigest()[:16]
    files = FileCache(cache / place, settings.cache_mb << 20)
    return S3Bucket(settings.name, root, S3Client(endpoint, failures), files)
