"""What gsrules asks of S3, each call bounded in time, each failure in words."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import field
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, TypeVar

from gsrules.dataclass import dataclass
from gsrules.errors import RunError
from gsrules.sources.buckets.cache import Version
from gsrules.sources.buckets.credentials import Credentials
from gsrules.sources.buckets.failures import S3Failures
from gsrules.sources.buckets.patience import within

if TYPE_CHECKING:
    from pyarrow import fs

Made = TypeVar("Made")

_ATTEMPTS: Final = 3
# The SDK gives up a request of which nothing comes for this part of the time, and tries again; whole seconds count.
_STANDSTILL: Final = 6
_PIECE: Final = 4 << 20
_TOGETHER: Final = 4
# A piece may take longer than an answer: as long as it takes at this rate.
_SLOWEST: Final = 512 << 10
# A listing is many answers, each of them bounded by the SDK.
_ANSWERS: Final = 15
DEFAULT_REGION: Final = "us-east-1"

_ABANDONED: list[Any] = []


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the server is and who asks it; `address` None is AWS itself."""

    address: str | None
    region: str
    credentials: Credentials = field(repr=False)
    connect_timeout: float = 5.0
    request_timeout: float = 20.0


@dataclass(frozen=True, slots=True)
class S3Client:
    """The calls; paths begin with the bucket's name. All raise RunError GS-FILE-S3-…"""

    endpoint: Endpoint
    failures: S3Failures

    def version(self, path: str, key: str) -> Version | None:
        """What is under the key now; None if there is nothing."""

        def look() -> Version | None:
            try:
                with _filesystem(self.endpoint).open_input_file(path) as opened:
                    return _version_of(opened)
            except FileNotFoundError:
                return None

        return self._ask(look, "read", key, asked_about=path)

    def fetch(self, path: str, key: str, version: Version, target: Path) -> None:
        """Writes what is under the key into a new file."""
        source = self._ask(lambda: _filesystem(self.endpoint).open_input_file(path), "read", key)
        starts = range(0, version.size, _PIECE)

        def piece(start: int) -> bytes:
            length = min(_PIECE, version.size - start)
            return self._ask(lambda: bytes(source.read_at(length, start)), "read", key, seconds=self._allowed(_PIECE))

        with target.open("xb") as file:
            if len(starts) < 2:
                for start in starts:
                    file.write(piece(start))
                return
            with ThreadPoolExecutor(_TOGETHER) as pool:
                # A few at a time: a file may be larger than the memory.
                for first in range(0, len(starts), _TOGETHER):
                    for content in pool.map(piece, starts[first : first + _TOGETHER]):
                        file.write(content)

    def upload(self, path: str, key: str, source: BinaryIO) -> None:
        """Puts the content of a file under the key; nobody sees it before it is whole."""
        stream = self._ask(lambda: _filesystem(self.endpoint).open_output_stream(path), "write", key)
        try:
            for content in iter(lambda: source.read(_PIECE), b""):
                self._ask(partial(stream.write, content), "write", key, seconds=self._allowed(_PIECE * 4))
            self._ask(stream.close, "write", key, seconds=self._allowed(_PIECE * 4))
        except BaseException:
            # A stream that is forgotten is closed, and what was uploaded so far becomes the file: keep it instead.
            _ABANDONED.append(stream)
            raise

    def listed(self, folder: str, key: str, *, recursive: bool) -> list[tuple[str, bool]]:
        """The paths below a folder, and whether each is a file; those of folders are without the last slash."""

        def look() -> list[tuple[str, bool]]:
            from pyarrow import fs

            try:
                found = _filesystem(self.endpoint).get_file_info(fs.FileSelector(folder, recursive=recursive))
            except FileNotFoundError:
                return []
            return [(each.path, each.type == fs.FileType.File) for each in found]

        return self._ask(look, "list", key, seconds=self.endpoint.request_timeout * _ANSWERS)

    def copy(self, path: str, target: str, key: str) -> None:
        """Copies on the server."""
        allowed = self.endpoint.request_timeout * _ANSWERS
        self._ask(lambda: _filesystem(self.endpoint).copy_file(path, target), "copy", key, seconds=allowed)

    def delete(self, path: str, key: str) -> None:
        """Deletes; it does not matter whether an empty folder can be left in its place."""
        try:
            self._ask(lambda: _filesystem(self.endpoint).delete_file(path), "delete", key)
        except RunError:
            if self.version(path, key) is not None:
                raise

    def _ask(
        self, work: Callable[[], Made], doing: str, key: str, *, asked_about: str = "", seconds: float = 0
    ) -> Made:
        try:
            return within(seconds or self.endpoint.request_timeout, work)
        except Exception as error:
            failure = self._told(error, asked_about) if asked_about else error
        # Outside of the handler: what the SDK said must not hang on the error, it may hold keys.
        raise self.failures.of(failure, doing, key)

    def _told(self, error: Exception, path: str) -> Exception:
        """The reason for a bare refusal: the answer to a question about one file has none, that to a listing does."""
        if "No response body" not in str(error) or "located in" in str(error):
            return error
        from pyarrow import fs

        selector = fs.FileSelector(path, allow_not_found=True)
        try:
            within(self.endpoint.request_timeout, lambda: _filesystem(self.endpoint).get_file_info(selector))
        except Exception as told:
            return told
        return error

    def _allowed(self, size: int) -> float:
        return self.endpoint.request_timeout + size / _SLOWEST


def _version_of(opened: Any) -> Version:
    told = {name.lower(): value for name, value in _texts(opened.metadata())}
    return Version(told.get("etag") or told.get("last-modified", ""), int(opened.size()))


def _texts(metadata: Any) -> list[tuple[str, str]]:
    pairs = metadata.items() if metadata else ()
    return [(_text(name), _text(value)) for name, value in pairs]


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


@cache
def _filesystem(endpoint: Endpoint) -> fs.S3FileSystem:
    """One for each server and user; it keeps its connections."""
    from pyarrow import fs

    scheme, _, host = (endpoint.address or "https://").partition("://")
    keys = endpoint.credentials
    return fs.S3FileSystem(
        access_key=keys.access_key,
        secret_key=keys.secret_key,
        session_token=keys.session_token,
        region=endpoint.region,
        scheme=scheme,
        endpoint_override=host or None,
        connect_timeout=endpoint.connect_timeout,
        request_timeout=max(1.0, endpoint.request_timeout / _STANDSTILL),
        background_writes=False,
        allow_delayed_open=True,
        check_directory_existence_before_creation=True,
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=_ATTEMPTS),
    )
