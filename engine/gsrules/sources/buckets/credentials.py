"""Who asks S3: keys from the environment or from an AWS profile, never from the project's settings."""

from __future__ import annotations

import configparser
import os
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Final

from gsrules.dataclass import dataclass
from gsrules.errors import InputError, Problem, nearest

# Keys of a profile that the SDK would have to ask somebody else about.
_BORROWED: Final = (
    "role_arn",
    "credential_process",
    "credential_source",
    "source_profile",
    "sso_session",
    "sso_start_url",
    "web_identity_token_file",
    "login_session",
)
# Where a container or a job of AWS finds its keys.
_ELSEWHERE: Final = (
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Keys, where they come from in words, and the profile's region. No keys: the SDK looks for them itself."""

    source: str
    access_key: str | None = field(default=None, repr=False)
    secret_key: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)
    region: str | None = None


def credentials_of(
    profile: str | None, bucket: str, environment: Mapping[str, str] = os.environ, *, endpoint: str | None = None
) -> Credentials:
    """The keys of the named AWS profile; without one those of the environment, then of its profile.

    Without any keys the SDK looks for them on a machine of AWS; with an `endpoint` of another server that is an error.
    Raises InputError GS-PROJECT-BUCKET for a profile that is not there, or whose keys a role or a sign-on would have
    to give.
    """
    region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
    if profile is None and environment.get("AWS_ACCESS_KEY_ID") and environment.get("AWS_SECRET_ACCESS_KEY"):
        return Credentials(
            "the environment (AWS_ACCESS_KEY_ID)",
            environment["AWS_ACCESS_KEY_ID"],
            environment["AWS_SECRET_ACCESS_KEY"],
            environment.get("AWS_SESSION_TOKEN"),
            region,
        )
    name = profile or environment.get("AWS_PROFILE") or environment.get("AWS_DEFAULT_PROFILE")
    files = _files(environment)
    found = _section(files, name or "default")
    where = " and ".join(str(file) for file in files.values())
    if name is not None and not found:
        names = [each.removeprefix("profile ") for file in files.values() for each in _read(file)]
        hint = f"it is looked for in {where}; aws configure --profile {name} makes it"
        raise _refused(f"there is no AWS profile `{name}`", bucket, name, hint, nearest(name, names))
    if "aws_access_key_id" in found and "aws_secret_access_key" in found:
        keys = (found["aws_access_key_id"], found["aws_secret_access_key"], found.get("aws_session_token"))
        return Credentials(f"the AWS profile {name or 'default'}", *keys, found.get("region") or region)
    if name is not None:
        borrowed = next((key for key in _BORROWED if key in found), None)
        told = f"takes its keys from elsewhere ({borrowed})" if borrowed else "holds no keys"
        hint = f"put them into the environment: aws configure export-credentials --profile {name} --format env"
        hint = hint + ", without profile = … here" if profile else hint
        raise _refused(f"the AWS profile `{name}` {told}", bucket, name, hint)
    if endpoint is not None and not any(name in environment for name in _ELSEWHERE):
        hint = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment, or name an AWS profile"
        raise _refused(f"there are no credentials for the bucket `{bucket}`", bucket, "", hint)
    source = "the environment, an AWS profile or the machine (none were found in the first two)"
    return Credentials(source, region=found.get("region") or region)


def _files(environment: Mapping[str, str]) -> dict[str, Path]:
    home = Path.home() / ".aws"
    return {
        "config": Path(environment.get("AWS_CONFIG_FILE") or home / "config").expanduser(),
        "credentials": Path(environment.get("AWS_SHARED_CREDENTIALS_FILE") or home / "credentials").expanduser(),
    }


def _section(files: Mapping[str, Path], name: str) -> dict[str, str]:
    """What both files say of a profile; the credentials file has the last word."""
    config, credentials = _read(files["config"]), _read(files["credentials"])
    own = config.get(f"profile {name}") or (config.get(name) if name == "default" else None) or {}
    return {**own, **credentials.get(name, {})}


def _read(path: Path) -> dict[str, dict[str, str]]:
    """The sections of a file of the AWS tools; nothing where there is none that can be read."""
    parser = configparser.RawConfigParser(strict=False, default_section="\0", inline_comment_prefixes=None)
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeError, configparser.Error):
        return {}
    return {name: dict(parser.items(name)) for name in parser.sections()}


def _refused(message: str, bucket: str, value: str, hint: str, near: str = "") -> InputError:
    return InputError(Problem("GS-PROJECT-BUCKET", message, None, f"bucket {bucket}", value, hint, near))
