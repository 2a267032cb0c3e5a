from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gsrules.errors import InputError, RunError
from gsrules.project import Project
from gsrules.sources.buckets import FolderBucket, bucket_key, bucket_of


@pytest.fixture
def bucket(tmp_path: Path) -> FolderBucket:
    root = tmp_path / "bucket"
    for key in ("in/b.csv", "in/a.csv", "in/A.csv", "in/deep/c.csv", "input.csv"):
        path = root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(key)
    (tmp_path / "secret.csv").write_text("secret")
    return FolderBucket("usage", root)


def test_keys_are_listed_by_prefix_in_ascending_order(bucket: FolderBucket) -> None:
    assert list(bucket.keys("in")) == ["in/A.csv", "in/a.csv", "in/b.csv", "in/deep/c.csv", "input.csv"]
    assert list(bucket.keys("in/")) == ["in/A.csv", "in/a.csv", "in/b.csv", "in/deep/c.csv"]
    assert list(bucket.keys("in/d")) == ["in/deep/c.csv"]
    assert list(bucket.keys("In")) == []
    assert list(bucket.keys("no/such")) == []


def test_a_key_finds_its_file_in_exactly_these_letters(bucket: FolderBucket) -> None:
    path = bucket.local("in/a.csv")
    assert path is not None
    assert path.read_text() == "in/a.csv"
    assert bucket.local("IN/a.csv") is None
    assert bucket.local("in/deep") is None
    assert bucket.local("in/a.csv/x") is None


@pytest.mark.parametrize(
    "key", ["../secret.csv", "in/../../secret.csv", "/etc/passwd", "in//a.csv", "./in/a.csv", "in/\0a.csv", "", "in/"]
)
def test_a_key_never_leads_out_of_the_bucket(bucket: FolderBucket, key: str) -> None:
    with pytest.raises(RunError) as caught:
        bucket.local(key)
    assert caught.value.problems[0].code == "GS-FILE-PATH"


def test_a_listing_never_leads_out_of_the_bucket(bucket: FolderBucket) -> None:
    with pytest.raises(RunError):
        bucket.keys("../")


def test_a_link_out_of_the_bucket_is_refused(bucket: FolderBucket, tmp_path: Path) -> None:
    (bucket.root / "link.csv").symlink_to(tmp_path / "secret.csv")
    (bucket.root / "folder").symlink_to(tmp_path)
    for key in ("link.csv", "folder/secret.csv"):
        with pytest.raises(RunError) as caught:
            bucket.local(key)
        assert caught.value.problems[0].code == "GS-FILE-PATH"
    assert "folder/secret.csv" not in list(bucket.keys("folder"))
    assert list(bucket.keys("folder/")) == []


def test_a_link_inside_the_bucket_is_followed(bucket: FolderBucket) -> None:
    (bucket.root / "latest.csv").symlink_to(bucket.root / "in" / "a.csv")
    assert bucket.local("latest.csv") is not None


def test_the_managed_buckets_own_prefix_is_dropped() -> None:
    assert bucket_key("MDA-Data-Ingest/input/a.csv", "gainsight-managed") == "input/a.csv"
    assert bucket_key("MDA-Data-Ingest/input/a.csv", "other") == "MDA-Data-Ingest/input/a.csv"


def test_buckets_come_from_the_settings_or_from_the_datasets_folder(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "datasets/s3/plain").mkdir(parents=True)
    (tmp_path / "gsrules.toml").write_text('[buckets.moved]\npath = "elsewhere"\n')
    project = Project.find(tmp_path)
    assert bucket_of("gainsight-managed", project) == FolderBucket(
        "gainsight-managed", project.datasets_dir / "s3/gainsight-managed"
    )
    assert bucket_of("plain", project) == FolderBucket("plain", project.datasets_dir / "s3/plain")
    assert bucket_of("moved", project) == FolderBucket("moved", project.root / "elsewhere")
    for name in ("unknown", "..", "../rules"):
        with pytest.raises(InputError, match="GS-PROJECT-BUCKET"):
            bucket_of(name, project)


def _file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "finished.csv"
    path.write_text(text)
    return path


def _all_files(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def test_a_write_makes_folders_and_replaces_what_was_there(bucket: FolderBucket, tmp_path: Path) -> None:
    before = _all_files(bucket.root)
    bucket.write("out/2026/usage one.csv", _file(tmp_path, "new"))
    assert (bucket.root / "out/2026/usage one.csv").read_text() == "new"
    assert bucket.has("out/2026/usage one.csv")
    bucket.write("in/a.csv", _file(tmp_path, "newer"))
    assert (bucket.root / "in/a.csv").read_text() == "newer"
    assert (tmp_path / "finished.csv").read_text() == "newer"
    assert _all_files(bucket.root) == sorted([*before, "out/2026/usage one.csv"])


def test_a_write_never_leads_out_of_the_bucket(bucket: FolderBucket, tmp_path: Path) -> None:
    (bucket.root / "folder").symlink_to(tmp_path)
    (bucket.root / "link.csv").symlink_to(tmp_path / "secret.csv")
    for key in ("../secret.csv", "/secret.csv", "folder/secret.csv", "folder/deep/new.csv", "in/"):
        with pytest.raises(RunError, match="GS-FILE-PATH"):
            bucket.write(key, _file(tmp_path, "new"))
    bucket.write("link.csv", _file(tmp_path, "new"))  # takes the place of the link
    assert (bucket.root / "link.csv").read_text() == "new"
    assert (tmp_path / "secret.csv").read_text() == "secret"
    assert not (tmp_path / "deep").exists()


def test_a_write_that_fails_changes_nothing(bucket: FolderBucket, tmp_path: Path) -> None:
    before = _all_files(bucket.root)
    with pytest.raises(RunError, match="GS-FILE-WRITE"):
        bucket.write("in/deep", _file(tmp_path, "a folder is there"))
    with pytest.raises(RunError, match="GS-FILE-WRITE"):
        bucket.write("in/a.csv/b.csv", _file(tmp_path, "a file is there"))
    with pytest.raises(RunError, match="GS-FILE-WRITE"):
        bucket.write("in/new.csv", tmp_path / "missing.csv")
    assert _all_files(bucket.root) == before


def test_a_half_written_file_is_not_listed(bucket: FolderBucket) -> None:
    before = list(bucket.keys(""))
    (bucket.root / "in" / ".gsrules-draft-0123").write_text("half")
    assert list(bucket.keys("")) == before


def test_a_move_takes_the_file_to_its_new_key(bucket: FolderBucket) -> None:
    assert bucket.move("in/a.csv", "in/archived/a.csv") == "in/archived/a.csv"
    assert (bucket.root / "in/archived/a.csv").read_text() == "in/a.csv"
    assert not bucket.has("in/a.csv")


@pytest.mark.parametrize(
    ("key", "pattern"),
    [
        ("kept/a.csv", r"kept/a-\d{8}-\d{6}\.csv"),
        ("kept/a.csv.gz", r"kept/a-\d{8}-\d{6}\.csv\.gz"),
        ("kept/a.b.TSV", r"kept/a\.b-\d{8}-\d{6}\.TSV"),
        ("kept/plain", r"kept/plain-\d{8}-\d{6}"),
        ("kept/.csv", r"kept/\.csv-\d{8}-\d{6}"),
    ],
)
def test_a_move_never_overwrites_but_adds_a_timestamp(bucket: FolderBucket, key: str, pattern: str) -> None:
    assert bucket.move("in/a.csv", key) == key
    moved = bucket.move("in/b.csv", key)
    assert re.fullmatch(pattern, moved)
    again = bucket.move("in/deep/c.csv", key)
    assert again not in (key, moved)
    assert [(bucket.root / each).read_text() for each in (key, moved, again)] == [
        "in/a.csv",
        "in/b.csv",
        "in/deep/c.csv",
    ]


def test_a_move_keeps_the_file_where_it_cannot_be_moved(bucket: FolderBucket, tmp_path: Path) -> None:
    before = _all_files(bucket.root)
    (bucket.root / "folder").symlink_to(tmp_path)
    for target in ("../a.csv", "folder/a.csv"):
        with pytest.raises(RunError, match="GS-FILE-PATH"):
            bucket.move("in/a.csv", target)
    with pytest.raises(RunError, match="GS-FILE-WRITE"):
        bucket.move("in/a.csv", "in/b.csv/a.csv")
    with pytest.raises(RunError, match="GS-FILE-MISSING"):
        bucket.move("in/none.csv", "in/archived/none.csv")
    assert _all_files(bucket.root) == before


def test_a_link_is_moved_as_the_file_that_it_leads_to(bucket: FolderBucket) -> None:
    (bucket.root / "in/latest.csv").symlink_to("a.csv")
    assert bucket.move("in/latest.csv", "archived/latest.csv") == "archived/latest.csv"
    assert (bucket.root / "archived/latest.csv").read_text() == "in/a.csv"
    assert bucket.has("in/a.csv")
    assert not bucket.has("in/latest.csv")


def test_files_moved_at_the_same_time_all_survive(bucket: FolderBucket) -> None:
    for number in range(20):
        (bucket.root / f"{number}.csv").write_text(str(number))
    with ThreadPoolExecutor(8) as pool:
        moved = list(pool.map(lambda number: bucket.move(f"{number}.csv", "kept/x.csv"), range(20)))
    assert [(bucket.root / key).read_text() for key in moved] == [str(number) for number in range(20)]
