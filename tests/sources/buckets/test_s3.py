"""Reading, writing and moving on a real S3 server over HTTP."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from gsrules.errors import RunError
from gsrules.sources.buckets.s3 import S3Bucket

Opened = Callable[..., S3Bucket]

pytestmark = pytest.mark.once

ODD_KEYS = [
    "in/with space.csv",
    "in/a+b.csv",
    "in/a%20b.csv",
    "in/100%.csv",
    "in/データ 使用量.csv",
    "in/é?#&=;,'\"!.csv",
    "in/back\\slash.csv",
    "in/ＵＳＡＧＥ—2026.csv",
    "in/.hidden.csv",
    "in/very/deep/folder/of/files.csv",
]


def _content(path: Path | None) -> bytes:
    assert path is not None
    return path.read_bytes()


def _file(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "finished.csv"
    path.write_bytes(content)
    return path


def _code(caught: pytest.ExceptionInfo[RunError]) -> str:
    (problem,) = caught.value.problems
    return problem.code


def test_a_key_is_read_in_exactly_these_letters(server: Any, opened: Opened) -> None:
    root = server.bucket()
    server.put(root, "in/a.csv", b"A\n1\n")
    bucket = opened(root)
    assert _content(bucket.local("in/a.csv")) == b"A\n1\n"
    assert bucket.local("in/A.csv") is None
    assert bucket.local("in") is None
    assert bucket.local("in/a.csv/b") is None
    assert bucket.has("in/a.csv")
    assert not bucket.has("in/b.csv")


def test_keys_with_any_characters_are_listed_and_read(server: Any, opened: Opened) -> None:
    root = server.bucket()
    for key in ODD_KEYS:
        server.put(root, key, key.encode())
    bucket = opened(root)
    assert list(bucket.keys("in/")) == sorted(ODD_KEYS)
    assert [_content(bucket.local(key)).decode() for key in ODD_KEYS] == ODD_KEYS


def test_keys_with_any_characters_are_written_and_moved(server: Any, opened: Opened, tmp_path: Path) -> None:
    root = server.bucket()
    bucket = opened(root)
    for key in ODD_KEYS:
        bucket.write(key, _file(tmp_path, key.encode()))
        assert bucket.move(key, f"archived/{key}") == f"archived/{key}"
    assert [server.get(root, f"archived/{key}").decode() for key in ODD_KEYS] == ODD_KEYS
    assert [key for key in server.keys(root) if not key.endswith("/")] == sorted(f"archived/{key}" for key in ODD_KEYS)


def test_a_listing_goes_on_past_the_first_page(server: Any, opened: Opened) -> None:
    root = server.bucket()
    keys = [f"in/usage-{number:05}.csv" for number in range(2500)]
    server.put_many(root, keys, b"A\n1\n")
    bucket = opened(root)
    assert list(bucket.keys("in/usage-")) == keys
    assert list(bucket.keys("in/usage-001")) == keys[100:200]
    assert len([path for key in bucket.keys("in/usage-0010") if (path := bucket.local(key))]) == 10


def test_a_listing_asks_only_for_folders_that_can_hold_the_keys(
    server: Any, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = server.bucket()
    for key in ("in/a-1.csv", "in/a-2.csv", "in/b.csv", "other/a-1.csv", "other/deep/a-1.csv", "a-0.csv", "a-x/y.csv"):
        server.put(root, key, b"")
    bucket = opened(root)
    asked: list[str] = []
    listed = type(bucket.client).listed

    def noted(self: Any, folder: str, key: str, *, recursive: bool) -> list[tuple[str, bool]]:
        asked.append(folder)
        return listed(self, folder, key, recursive=recursive)

    monkeypatch.setattr(type(bucket.client), "listed", noted)
    assert list(bucket.keys("in/a-")) == ["in/a-1.csv", "in/a-2.csv"]
    assert list(bucket.keys("a-")) == ["a-0.csv", "a-x/y.csv"]
    assert next(iter(bucket.keys(""))) == "a-0.csv"
    assert asked == [f"{root}/in", root, f"{root}/a-x", root]
    assert list(bucket.keys("")) == server.keys(root)
    assert list(islice(bucket.keys("none/"), 3)) == list(bucket.keys("zzz")) == []


def test_what_only_looks_like_a_folder_is_no_file(server: Any, opened: Opened) -> None:
    root = server.bucket()
    for key in ("in/", "in/a.csv", "in/deep/", "in/a.csv.d/b.csv"):
        server.put(root, key, b"")
    bucket = opened(root)
    assert list(bucket.keys("in/")) == ["in/a.csv", "in/a.csv.d/b.csv"]
    assert bucket.local("in/deep") is None
    assert bucket.local("in/a.csv") is not None


def test_a_bucket_may_be_a_part_of_one(server: Any, opened: Opened, tmp_path: Path) -> None:
    root = server.bucket()
    server.put(root, "team/exports/in/a.csv", b"ours")
    server.put(root, "team/secret.csv", b"theirs")
    bucket = opened(f"{root}/team/exports/")
    assert list(bucket.keys("")) == ["in/a.csv"]
    assert _content(bucket.local("in/a.csv")) == b"ours"
    bucket.write("out/b.csv", _file(tmp_path, b"new"))
    assert server.get(root, "team/exports/out/b.csv") == b"new"
    for key in ("../secret.csv", "/team/secret.csv", "in/../../secret.csv", "in//a.csv", "", "in/"):
        with pytest.raises(RunError, match="GS-FILE-PATH"):
            bucket.local(key)
        with pytest.raises(RunError, match="GS-FILE-PATH"):
            bucket.write(key, _file(tmp_path, b"new"))


def test_large_files_arrive_whole_in_both_directions(server: Any, opened: Opened, tmp_path: Path) -> None:
    root = server.bucket()
    content = os.urandom(1 << 20) * 23 + b"end"
    bucket = opened(root)
    bucket.write("in/large.csv", _file(tmp_path, content))
    assert server.get(root, "in/large.csv") == content
    assert _content(bucket.local("in/large.csv")) == content


def test_an_empty_file_is_a_file(server: Any, opened: Opened, tmp_path: Path) -> None:
    bucket = opened(server.bucket())
    bucket.write("in/empty.csv", _file(tmp_path, b""))
    assert _content(bucket.local("in/empty.csv")) == b""


def test_a_move_never_overwrites_but_adds_a_timestamp(server: Any, opened: Opened) -> None:
    root = server.bucket()
    bucket = opened(root)
    for number in range(3):
        server.put(root, "in/a.csv.gz", b"%d" % number)
        bucket.move("in/a.csv.gz", "in/archived/a.csv.gz")
    keys = [key for key in server.keys(root) if not key.endswith("/")]
    assert len(keys) == 3
    assert all(key.startswith("in/archived/a") and key.endswith(".csv.gz") for key in keys)
    assert sorted(server.get(root, key) for key in keys) == [b"0", b"1", b"2"]
    with pytest.raises(RunError, match="GS-FILE-MISSING"):
        bucket.move("in/a.csv.gz", "in/archived/b.csv.gz")


def test_an_unchanged_file_is_fetched_once(server: Any, opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    root = server.bucket()
    server.put(root, "in/a.csv", b"one")
    fetched: list[str] = []
    bucket = opened(root)
    fetch = type(bucket.client).fetch

    def noted(self: Any, path: str, key: str, version: Any, target: Path) -> None:
        fetched.append(key)
        fetch(self, path, key, version, target)

    monkeypatch.setattr(type(bucket.client), "fetch", noted)
    first = bucket.local("in/a.csv")
    assert opened(root).local("in/a.csv") == first
    assert fetched == ["in/a.csv"]
    server.put(root, "in/a.csv", b"two")  # of the same size, within the same second
    assert _content(opened(root).local("in/a.csv")) == b"two"
    assert fetched == ["in/a.csv"] * 2


def test_a_file_that_changes_while_it_is_read_is_read_again(
    server: Any, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = server.bucket()
    server.put(root, "in/a.csv", b"old")
    bucket = opened(root)
    fetch = type(bucket.client).fetch
    contents = iter([b"newer and longer", b"x"])

    def changed_before(self: Any, path: str, key: str, version: Any, target: Path) -> None:
        if (content := next(contents, None)) is not None:
            server.put(root, key, content)
        fetch(self, path, key, version, target)

    monkeypatch.setattr(type(bucket.client), "fetch", changed_before)
    with pytest.raises(RunError) as caught:
        bucket.local("in/a.csv")  # it changes each time
    assert _code(caught) == "GS-FILE-S3-CHANGED"
    assert _content(bucket.local("in/a.csv")) == b"x"
    contents = iter([b"third"])
    server.put(root, "in/a.csv", b"second")
    assert _content(bucket.local("in/a.csv")) == b"third"
    assert [path.read_bytes() for path in sorted(bucket.cache.folder.iterdir())].count(b"second") == 0


def test_a_file_that_goes_away_between_listing_and_reading_is_told(server: Any, opened: Opened) -> None:
    root = server.bucket()
    for name in "abc":
        server.put(root, f"in/{name}.csv", name.encode())
    bucket = opened(root)
    keys = list(bucket.keys("in/"))
    server.client.delete_object(Bucket=root, Key="in/b.csv")
    assert bucket.local(keys[0]) is not None
    with pytest.raises(RunError) as caught:
        bucket.local(keys[1])
    assert _code(caught) == "GS-FILE-S3-CHANGED"


def test_the_keys_near_a_missing_one_are_those_of_its_folder_or_above_it(server: Any, opened: Opened) -> None:
    root = server.bucket()
    for key in ("in/usage-1.csv", "in/usage-2.csv", "other/a.csv", "top.csv"):
        server.put(root, key, b"")
    bucket = opened(root)
    assert list(bucket.near("in/usage-3.csv")) == ["in/usage-1.csv", "in/usage-2.csv"]
    assert list(bucket.near("In/deep/usage.csv")) == ["in/", "other/", "top.csv"]
    assert list(opened(server.bucket()).near("a/b.csv")) == []


def test_a_missing_bucket_is_told(server: Any, opened: Opened, tmp_path: Path) -> None:
    bucket = opened("no-such-bucket")
    for attempt in (
        lambda: list(bucket.keys("in/")),
        lambda: list(bucket.keys("")),
        lambda: bucket.write("out/a.csv", _file(tmp_path, b"new")),
    ):
        with pytest.raises(RunError) as caught:
            attempt()
        (problem,) = caught.value.problems
        assert problem.code == "GS-FILE-S3-BUCKET"
        assert "s3://no-such-bucket" in problem.message
        assert "[buckets.usage]" in problem.hint
