"""An S3 server of our own, over HTTP, and buckets on it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends
from moto.server import ThreadedMotoServer

from gsrules.project import BucketSettings
from gsrules.sources.buckets.s3 import S3Bucket, s3_bucket

ACCESS_KEY, SECRET_KEY = "AKIAEXAMPLEEXAMPLE01", "example/secret+KEY+of+nobody"


@dataclass
class Server:
    """Where the server is, and a client of another make to prepare buckets and to look at them."""

    address: str
    client: Any

    def bucket(self) -> str:
        """A new bucket."""
        name = f"test-{uuid.uuid4().hex[:12]}"
        self.client.create_bucket(Bucket=name)
        return name

    def put(self, bucket: str, key: str, content: bytes) -> None:
        self.client.put_object(Bucket=bucket, Key=key, Body=content)

    def put_many(self, bucket: str, keys: Iterable[str], content: bytes) -> None:
        """Puts one content under many keys, past HTTP: the server is a thread of this process."""
        backend = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
        for key in keys:
            backend.put_object(bucket, key, content)

    def get(self, bucket: str, key: str) -> bytes:
        content: bytes = self.client.get_object(Bucket=bucket, Key=key)["Body"].read()
        return content

    def keys(self, bucket: str) -> list[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return [each["Key"] for page in pages for each in page.get("Contents", ())]


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    address = f"http://{host}:{port}"
    client = boto3.client(
        "s3",
        endpoint_url=address,
        region_name="us-east-1",
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
    )
    yield Server(address, client)
    running.stop()


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keys in the environment, and no AWS profiles of whoever runs the tests."""
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-aws-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-aws-credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)


@pytest.fixture
def opened(server: Server, tmp_path: Path) -> Callable[..., S3Bucket]:
    """Opens a bucket of the server as gsrules does, with a cache of its own."""

    def make(root: str, **settings: Any) -> S3Bucket:
        options = {"endpoint": server.address, **settings}
        return s3_bucket(BucketSettings("usage", url=f"s3://{root}", **options), tmp_path / "cache")

    return make
