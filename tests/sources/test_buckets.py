from __future__ import annotations

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
    (tmp_path / "gsrules.toml").write_text(
        '[buckets.moved]\npath = "elsewhere"\n[buckets.real]\nurl = "s3://bucket/prefix"\n'
    )
    project = Project.find(tmp_path)
    assert bucket_of("gainsight-managed", project) == FolderBucket(
        "gainsight-managed", project.datasets_dir / "s3/gainsight-managed"
    )
    assert bucket_of("plain", project) == FolderBucket("plain", project.datasets_dir / "s3/plain")
    assert bucket_of("moved", project) == FolderBucket("moved", project.root / "elsewhere")
    with pytest.raises(InputError, match="GS-NOT-YET"):
        bucket_of("real", project)
    for name in ("unknown", "..", "../rules"):
        with pytest.raises(InputError, match="GS-PROJECT-BUCKET"):
            bucket_of(name, project)
