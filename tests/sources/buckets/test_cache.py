"""The cache of a real bucket's files: whole files only, bounded, for several processes."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from gsrules.sources.buckets.cache import FileCache, Version

HOUR = 3600


def kept(cache: FileCache, key: str, content: bytes, tag: str = "1") -> Path:
    draft = cache.draft()
    draft.write_bytes(content)
    return cache.keep(draft, key, Version(tag, len(content)))


def aged(path: Path, hours: float) -> Path:
    then = time.time() - hours * HOUR
    os.utime(path, (then, then))
    return path


def test_a_file_is_found_under_its_key_and_version_only(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "cache", 1 << 20)
    path = kept(cache, "in/a.csv", b"content")
    assert cache.find("in/a.csv", Version("1", 7)) == path
    assert path.read_bytes() == b"content"
    assert path.suffix == ".csv"
    for key, version in (("in/b.csv", Version("1", 7)), ("in/a.csv", Version("2", 7)), ("in/a.csv", Version("1", 8))):
        assert cache.find(key, version) is None


def test_keys_of_any_form_have_files_of_their_own(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "cache", 1 << 20)
    keys = ["a/b.csv", "a_b.csv", "A/B.csv", "../a", "データ.csv", "x" * 900 + ".csv", "a.no ending", "a.csv?"]
    paths = [kept(cache, key, key.encode()) for key in keys]
    assert [path.read_bytes().decode() for path in paths] == keys
    assert all(path.parent == tmp_path / "cache" for path in paths)


def test_a_damaged_file_is_not_found(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "cache", 1 << 20)
    kept(cache, "in/a.csv", b"content").write_bytes(b"cut")
    assert cache.find("in/a.csv", Version("1", 7)) is None
    assert kept(cache, "in/a.csv", b"content").read_bytes() == b"content"


def test_the_oldest_files_go_when_there_are_too_many(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "cache", 250)
    paths = [aged(kept(cache, f"{age}.csv", b"x" * 100), age) for age in (4, 3, 2)]
    new = kept(cache, "new.csv", b"x" * 100)
    assert [path.exists() for path in (*paths, new)] == [False, False, True, True]


def test_a_file_that_was_asked_for_lately_stays_whatever_it_takes(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "cache", 0)
    old, asked = (aged(kept(cache, name, b"x" * 100), 4) for name in ("old.csv", "asked.csv"))
    assert cache.find("asked.csv", Version("1", 100)) == asked
    new = kept(cache, "new.csv", b"x" * 100)
    assert (old.exists(), asked.exists(), new.exists()) == (False, True, True)


def test_what_a_broken_run_left_behind_goes_after_a_while(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "cache", 1 << 20)
    left, young = cache.draft(), cache.draft()
    left.write_bytes(b"half")
    young.write_bytes(b"half")
    aged(left, 2)
    kept(cache, "a.csv", b"x")
    assert (left.exists(), young.exists()) == (False, True)


def test_files_kept_at_the_same_time_are_whole(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "cache", 10_000)

    def work(number: int) -> bool:
        content = bytes([number % 7]) * 5000
        return kept(cache, f"{number % 7}.csv", content).read_bytes() == content

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(200)))
    assert len(list(cache.folder.iterdir())) == 7
