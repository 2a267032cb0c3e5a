"""Keys come from the environment or from an AWS profile (rule-language §1)."""

from __future__ import annotations

from pathlib import Path

import pytest

from gsrules.errors import InputError
from gsrules.sources.buckets.credentials import Credentials, credentials_of

KEYS = {"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "S"}

CREDENTIALS = """
[default]
aws_access_key_id = DA
aws_secret_access_key = DS

[team]
aws_access_key_id = TA
aws_secret_access_key = TS%with/percent
aws_session_token = TT
"""
CONFIG = """
[default]
region = eu-west-1

[profile team]
region = eu-central-1

[profile in config]
aws_access_key_id = CA
aws_secret_access_key = CS

[profile role]
role_arn = arn:aws:iam::1:role/reader
source_profile = team

[profile sso]
sso_session = company

[profile process]
credential_process = /bin/keys

[profile empty]
region = eu-north-1
"""


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "credentials").write_text(CREDENTIALS)
    (tmp_path / "config").write_text(CONFIG)
    return {"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"), "AWS_CONFIG_FILE": str(tmp_path / "config")}


def parts(found: Credentials) -> tuple[str | None, ...]:
    return found.access_key, found.secret_key, found.session_token, found.region


def test_without_a_profile_the_environment_comes_first(files: dict[str, str]) -> None:
    environment = {**files, **KEYS, "AWS_SESSION_TOKEN": "T", "AWS_REGION": "us-west-2"}
    assert parts(credentials_of(None, "usage", environment)) == ("A", "S", "T", "us-west-2")
    assert parts(credentials_of("team", "usage", environment))[:3] == ("TA", "TS%with/percent", "TT")


def test_without_keys_in_the_environment_its_profile_or_the_default_one_is_taken(files: dict[str, str]) -> None:
    assert parts(credentials_of(None, "usage", {**files, "AWS_PROFILE": "in config"}))[:2] == ("CA", "CS")
    assert parts(credentials_of(None, "usage", files)) == ("DA", "DS", None, "eu-west-1")


def test_a_profile_is_made_of_both_files(files: dict[str, str]) -> None:
    found = credentials_of("team", "usage", files)
    assert parts(found) == ("TA", "TS%with/percent", "TT", "eu-central-1")
    assert found.source == "the AWS profile team"


def test_without_any_keys_the_sdk_looks_for_them_itself(tmp_path: Path) -> None:
    none = {"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"), "AWS_CONFIG_FILE": str(tmp_path / "none")}
    assert parts(credentials_of(None, "usage", none)) == (None, None, None, None)


def test_without_any_keys_another_server_is_not_asked(tmp_path: Path) -> None:
    none = {"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"), "AWS_CONFIG_FILE": str(tmp_path / "none")}
    with pytest.raises(InputError) as caught:
        credentials_of(None, "usage", none, endpoint="http://localhost:9000")
    assert "AWS_ACCESS_KEY_ID" in caught.value.problems[0].hint


@pytest.mark.parametrize(
    ("profile", "words"),
    [
        ("role", "role_arn"),
        ("sso", "sso_session"),
        ("process", "credential_process"),
        ("empty", "holds no keys"),
        ("taem", "there is no AWS profile `taem`"),
    ],
)
def test_a_profile_without_keys_of_its_own_is_refused_with_a_way_out(
    files: dict[str, str], profile: str, words: str
) -> None:
    with pytest.raises(InputError) as caught:
        credentials_of(profile, "usage", {**files, **KEYS})
    (problem,) = caught.value.problems
    assert problem.code == "GS-PROJECT-BUCKET"
    assert problem.where == "bucket usage"
    assert words in problem.message
    assert "aws configure" in problem.hint
    assert problem.nearest == ("team" if profile == "taem" else "")


def test_files_that_cannot_be_read_hold_nothing(files: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "credentials").write_text("aws_access_key_id = without a section\n")
    (tmp_path / "config").write_bytes(b"\xff\xfe[broken")
    assert parts(credentials_of(None, "usage", files)) == (None, None, None, None)


def test_keys_are_never_shown(files: dict[str, str]) -> None:
    shown = repr(credentials_of("team", "usage", files))
    assert "team" in shown
    assert not any(key in shown for key in ("TA'", "TS%", "TT'"))
