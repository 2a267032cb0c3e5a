"""What is told when S3 does not do what it is asked for, and how soon."""

from __future__ import annotations

import gc
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from gsrules.errors import Problem, RunError
from gsrules.sources.buckets.s3 import S3Bucket
from tests.sources.buckets.conftest import ACCESS_KEY, SECRET_KEY
from tests.sources.buckets.servers import (
    Handler,
    answering,
    closing,
    serving,
    silent,
    stalling_midway,
    stopping_midway,
)

Opened = Callable[..., S3Bucket]

pytestmark = pytest.mark.once

REFUSED = "403 Forbidden"
KEYS_SHOWN = f"<AWSAccessKeyId>{ACCESS_KEY}</AWSAccessKeyId><StringToSign>AWS4 {SECRET_KEY}</StringToSign>"


def attempts(bucket: S3Bucket, tmp_path: Path) -> dict[str, Callable[[], object]]:
    finished = tmp_path / "finished.csv"
    finished.write_text("A\n1\n")
    return {
        "read": lambda: bucket.local("in/a.csv"),
        "ask": lambda: bucket.has("in/a.csv"),
        "list": lambda: list(bucket.keys("in/")),
        "write": lambda: bucket.write("out/a.csv", finished),
        "move": lambda: bucket.move("in/a.csv", "in/archived/a.csv"),
    }


def failure(attempt: Callable[[], object]) -> Problem:
    with pytest.raises(RunError) as caught:
        attempt()
    (problem,) = caught.value.problems
    error: BaseException | None = caught.value
    while error is not None:  # nothing that the SDK said hangs on the error
        assert ACCESS_KEY not in repr(error)
        assert SECRET_KEY not in repr(error)
        error = error.__cause__ or error.__context__
    assert ACCESS_KEY not in repr(problem)
    assert SECRET_KEY not in repr(problem)
    return problem


@pytest.mark.parametrize(
    ("handler", "code", "words"),
    [
        (answering(REFUSED, "AccessDenied"), "DENIED", ("access is denied", "s3:GetObject")),
        (
            answering(REFUSED, "InvalidAccessKeyId", f"no key {ACCESS_KEY}", "", KEYS_SHOWN),
            "CREDENTIALS",
            ("know the",),
        ),
        (answering(REFUSED, "SignatureDoesNotMatch", "…", "", KEYS_SHOWN), "CREDENTIALS", ("does not belong",)),
        (answering("400 Bad Request", "ExpiredToken"), "CREDENTIALS", ("expired", "AWS_ACCESS_KEY_ID")),
        (answering(REFUSED, "RequestTimeTooSkewed"), "CREDENTIALS", ("clock",)),
        (
            answering("301 Moved", "PermanentRedirect", "…", "x-amz-bucket-region: eu-central-1\r\n"),
            "REGION",
            ("us-east-1", "region = "),
        ),
        (
            answering("400 Bad Request", "AuthorizationHeaderMalformed", "wrong; expecting 'eu-central-1'"),
            "REGION",
            ("eu-central-1", "[buckets.usage]"),
        ),
        (answering("404 Not Found", "NoSuchBucket"), "BUCKET", ("no such bucket", "[buckets.usage]")),
        (answering("503 Slow Down", "SlowDown"), "BUSY", ("too busy",)),
        (answering("500 Internal Server Error", "InternalError"), "BUSY", ("too busy",)),
        (answering("418 Teapot", "IAmATeapot"), "ERROR", ("refuses", "iamateapot")),
    ],
)
def test_a_refusal_is_told_in_words(
    opened: Opened, tmp_path: Path, handler: Handler, code: str, words: tuple[str, ...]
) -> None:
    with serving(handler) as address:
        bucket = opened("bucket", endpoint=address)
        todo = attempts(bucket, tmp_path)
        if code == "BUCKET":
            todo = {name: todo[name] for name in ("list", "write")}  # others cannot tell it from a missing key
        elif code == "BUSY":
            todo = {"list": todo["list"]}  # each is tried three times, with pauses
        for attempt in todo.values():
            problem = failure(attempt)
            assert problem.code == f"GS-FILE-S3-{code}"
            assert "in the bucket usage (s3://bucket" in problem.message
            assert problem.value in ("in/a.csv", "in/", "out/a.csv")
            told = problem.message + problem.hint
            assert [word for word in words if word not in told] == []


@pytest.mark.parametrize(("handler", "words"), [(closing, "broke off"), (stopping_midway, "broke off")])
def test_a_broken_connection_is_tried_again_and_told(
    opened: Opened, tmp_path: Path, handler: Handler, words: str
) -> None:
    connections: list[socket.socket] = []

    def counted(connection: socket.socket) -> None:
        connections.append(connection)
        handler(connection)

    with serving(counted) as address:
        problem = failure(attempts(opened("bucket", endpoint=address), tmp_path)["read"])
    assert problem.code == "GS-FILE-S3-CONNECTION"
    assert words in problem.message
    assert address in problem.hint
    assert len(connections) >= 3


def test_a_server_that_is_down_is_told(opened: Opened, tmp_path: Path) -> None:
    with serving(closing) as address:
        pass
    for attempt in attempts(opened("bucket", endpoint=address), tmp_path).values():
        problem = failure(attempt)
        assert problem.code == "GS-FILE-S3-CONNECTION"
        assert "nobody answers" in problem.message


def test_an_unknown_server_is_told(opened: Opened, tmp_path: Path) -> None:
    bucket = opened("bucket", endpoint="http://no-such-server.invalid:9000")
    problem = failure(attempts(bucket, tmp_path)["read"])
    assert problem.code == "GS-FILE-S3-CONNECTION"


@pytest.mark.parametrize("handler", [silent, stalling_midway])
def test_a_server_that_says_nothing_does_not_hold_the_run(opened: Opened, tmp_path: Path, handler: Handler) -> None:
    with serving(handler) as address:
        bucket = opened("bucket", endpoint=address, request_timeout=2)
        start = time.monotonic()
        problem = failure(attempts(bucket, tmp_path)["read"])
        taken = time.monotonic() - start
    assert problem.code == "GS-FILE-S3-CONNECTION"
    assert "in time" in problem.message
    assert taken < 15


def test_nothing_is_left_of_a_file_that_did_not_arrive(opened: Opened, tmp_path: Path) -> None:
    with serving(stopping_midway) as address:
        bucket = opened("bucket", endpoint=address)
        failure(attempts(bucket, tmp_path)["read"])
        assert list(bucket.cache.folder.iterdir()) == []


def test_a_passing_trouble_is_overcome(server: Any, opened: Opened) -> None:
    root = server.bucket()
    server.put(root, "in/a.csv", b"A\n1\n")
    host, port = server.address.removeprefix("http://").split(":")
    times = iter(range(100))

    def forwarding(connection: socket.socket) -> None:
        if next(times) < 2:
            return  # closes
        with socket.create_connection((host, int(port))) as behind:
            threading.Thread(target=_copy, args=(behind, connection), daemon=True).start()
            _copy(connection, behind)

    with serving(forwarding) as address:
        path = opened(root, endpoint=address).local("in/a.csv")
    assert path is not None
    assert path.read_bytes() == b"A\n1\n"


def test_a_file_that_cannot_be_deleted_after_its_copy_is_told_with_both_keys(
    server: Any, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = server.bucket()
    server.put(root, "in/a.csv", b"A\n1\n")
    bucket = opened(root)
    denied = bucket.client.failures.of(OSError("AWS Error ACCESS_DENIED"), "delete", "in/a.csv")

    def refuse(self: Any, path: str, key: str) -> None:
        raise denied

    monkeypatch.setattr(type(bucket.client), "delete", refuse)
    problem = failure(lambda: bucket.move("in/a.csv", "in/archived/a.csv"))
    assert problem.code == "GS-FILE-S3-DENIED"
    assert "in/archived/a.csv as well" in problem.hint
    assert server.get(root, "in/a.csv") == server.get(root, "in/archived/a.csv") == b"A\n1\n"


def test_an_upload_that_breaks_off_leaves_the_old_file(server: Any, opened: Opened, tmp_path: Path) -> None:
    root = server.bucket()
    server.put(root, "out/a.csv", b"old")
    host, port = server.address.removeprefix("http://").split(":")
    passed = [0]

    def forwarding(connection: socket.socket) -> None:
        with socket.create_connection((host, int(port))) as behind:
            answers = threading.Thread(target=_copy, args=(behind, connection), daemon=True)
            answers.start()
            while passed[0] < 15 << 20 and (piece := connection.recv(1 << 16)):
                passed[0] += len(piece)
                behind.sendall(piece)

    content = tmp_path / "large.csv"
    content.write_bytes(b"0123456789abcdef" * (25 << 16))  # three parts
    with serving(forwarding) as address:
        problem = failure(lambda: opened(root, endpoint=address).write("out/a.csv", content))
    gc.collect()
    assert problem.code == "GS-FILE-S3-CONNECTION"
    assert passed[0] >= 15 << 20
    assert server.get(root, "out/a.csv") == b"old"


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(1 << 16):
            target.sendall(piece)
