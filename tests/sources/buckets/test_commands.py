"""Whole commands on a project with a bucket of a real S3 server; what they leave behind holds no secrets."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import write_files
from tests.sources.buckets.conftest import ACCESS_KEY, SECRET_KEY
from tests.sources.buckets.servers import answering, closing, serving, silent, stopping_midway

pytestmark = pytest.mark.once

ENGINE = Path(__file__).parents[3] / "engine"
TOKEN = "ExampleSessionTokenOfNobody/0123456789+abcdef=="
PROFILE_KEY, PROFILE_SECRET = "AKIAEXAMPLEPROFILE02", "profile/secret+KEY+of+nobody"
SECRETS = (ACCESS_KEY, SECRET_KEY, TOKEN, PROFILE_KEY, PROFILE_SECRET, "AWS4-HMAC", "Signature=")

RULE = """
rule: Usage of yesterday
tasks:
  Usage:
    type: s3
    bucket: usage
    path: input/usage-${pattern}
    match: starts_with
    pattern: {format: yyyy-MM-dd, subtract_days: 1}
    archive: archived
    columns:
      Account: string
      Logins: {type: number, decimals: 0}
  Companies:
    type: fetch
    object: company
    show: [Name, ExternalId]
  Both:
    type: merge
    from: Companies
    join:
      - {dataset: Usage, keep: common, on: ExternalId = Account}
    show: [Companies.Name, Usage.Logins]
actions:
  - action: load_to_company
    id: Load
    from: Both
    operation: update
    identifiers: [Name]
    fields: {Name: Name, Employees: Logins}
  - action: export_to_s3
    id: Out
    from: Both
    bucket: usage
    path: output/データ +${rule_date}.csv
"""
DAY = ["--rule-date", "2026-11-23"]
FILES = {
    "input/usage-2026-11-22-a b.csv": b"Account,Logins\nA-1,12\n",
    "input/usage-2026-11-22-b+c.csv": b"Account,Logins\nB-1,40\n",
    "input/usage-2026-11-21.csv": b"Account,Logins\nA-1,99\n",
}


class Shop:
    """A project with the bucket `usage`, and the command."""

    def __init__(self, root: Path, url: str, endpoint: str, more: str = "") -> None:
        self.root = root
        write_files(
            root,
            {
                "gsrules.toml": f'[buckets.usage]\nurl = "{url}"\nendpoint = "{endpoint}"\n{more}\n',
                "datasets/records/company.csv": "Name,ExternalId,Employees\nAlpha,A-1,1\nBeta,B-1,1\n",
                "rules/usage.yml": RULE,
            },
        )

    def run(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """A command in a process of its own; nothing may hang."""
        env = {**os.environ, "PYTHONPATH": str(ENGINE), "COLUMNS": "200", **environment}
        command = [sys.executable, "-m", "gsrules", *words]
        return subprocess.run(
            command, cwd=self.root, env=env, capture_output=True, text=True, encoding="utf-8", timeout=90, check=False
        )

    def employees(self) -> str:
        done = self.run("query", "SELECT Name, CAST(Employees AS INT) AS n FROM company ORDER BY 1", "--format", "csv")
        return done.stdout

    def cached(self) -> list[Path]:
        return sorted(path for path in (self.root / ".gsrules/cache").rglob("*") if path.is_file())

    def leaks(self) -> list[str]:
        """The files of the project, and what they hold of secrets."""
        found = []
        for path in self.root.rglob("*"):
            if path.is_file() and path.name != "aws-credentials":
                content = path.read_bytes() + path.name.encode()
                found += [f"{path}: {secret}" for secret in SECRETS if secret.encode() in content]
        return found


@pytest.fixture
def shop(server: Any, tmp_path: Path) -> Shop:
    root = server.bucket()
    for key, content in FILES.items():
        server.put(root, f"team/{key}", content)
    made = Shop(tmp_path / "shop", f"s3://{root}/team", server.address)
    made.bucket = root  # type: ignore[attr-defined]
    return made


def test_a_run_reads_caches_archives_and_exports(server: Any, shop: Any) -> None:
    done = shop.run("run", "usage", *DAY, "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    (task,) = (each for each in report["tasks"] if each["task"] == "Usage")
    assert task["rows"] == 2
    assert task["files"] == [f"usage/{key}" for key in FILES if "-22-" in key]
    assert task["archived"] == [f"usage/{key.replace('input/', 'input/archived/')}" for key in FILES if "-22-" in key]
    (export,) = report["actions"][1]["exports"]
    assert (export["bucket"], export["key"], export["written"]) == ("usage", "output/データ +2026-11-23.csv", True)
    assert server.get(shop.bucket, "team/output/データ +2026-11-23.csv") == b"Name,Logins\nAlpha,12\nBeta,40\n"
    moved = {f"team/{key.replace('input/', 'input/archived/') if '-22-' in key else key}" for key in FILES}
    assert moved <= set(server.keys(shop.bucket))
    assert not any(key.startswith("team/input/usage-2026-11-22") for key in server.keys(shop.bucket))
    assert shop.employees() == "Name,n\nAlpha,12\nBeta,40\n"
    assert len(shop.cached()) == 2


def test_a_dry_run_and_a_preview_change_nothing_and_use_the_cache(server: Any, shop: Any) -> None:
    before = server.keys(shop.bucket)
    dry = shop.run("run", "usage", *DAY, "--dry-run")
    assert dry.returncode == 0
    assert "would export: usage/output/データ +2026-11-23.csv  2 rows, 29 bytes" in dry.stdout
    cached = [(path, path.stat().st_ino) for path in shop.cached()]
    assert len(cached) == 2
    preview = shop.run("preview", "usage", "Usage", *DAY, "--format", "csv")
    assert preview.stdout == "Account,Logins\nA-1,12\nB-1,40\n"
    assert [(path, path.stat().st_ino) for path in shop.cached()] == cached
    assert server.keys(shop.bucket) == before


def test_a_missing_file_is_told_with_the_nearest_keys(shop: Any) -> None:
    done = shop.run("run", "usage", "--rule-date", "2026-11-02")
    assert done.returncode == 1
    assert "GS-FILE-MISSING" in done.stdout + done.stderr
    assert "input/usage-2026-11-21.csv" in done.stdout + done.stderr


def test_two_runs_at_the_same_time_share_the_cache(shop: Any) -> None:
    env = {**os.environ, "PYTHONPATH": str(ENGINE)}
    command = [sys.executable, "-m", "gsrules", "preview", "usage", "Usage", *DAY, "--format", "csv"]
    both = [
        subprocess.Popen(command, cwd=shop.root, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    assert [each.communicate(timeout=90)[0] for each in both] == ["Account,Logins\nA-1,12\nB-1,40\n"] * 2
    assert len(shop.cached()) == 2


def test_a_broken_bucket_fails_the_run_and_changes_nothing(server: Any, tmp_path: Path) -> None:
    denied = answering("403 Forbidden", "AccessDenied")
    for handler in (closing, stopping_midway, silent, denied):
        with serving(handler) as address:
            shop = Shop(tmp_path / handler.__name__, "s3://bucket", address, "request_timeout = 2")
            done = shop.run("run", "usage", *DAY)
        told = done.stdout + done.stderr
        assert done.returncode == 1
        assert f"GS-FILE-S3-{'DENIED' if handler is denied else 'CONNECTION'}" in told
        assert "Traceback" not in told
        assert shop.cached() == []
    assert shop.employees() == "Name,n\nAlpha,1\nBeta,1\n"


def test_a_bucket_that_denies_the_export_leaves_the_tenant_as_it_is_and_the_file_here(
    server: Any, shop: Any, tmp_path: Path
) -> None:
    with serving(answering("403 Forbidden", "AccessDenied")) as address:
        settings = shop.root / "gsrules.toml"
        settings.write_text(f'{settings.read_text()}[buckets.out]\nurl = "s3://other"\nendpoint = "{address}"\n')
        rule = shop.root / "rules/usage.yml"
        rule.write_text(rule.read_text().replace("bucket: usage\n    path: output", "bucket: out\n    path: output"))
        done = shop.run("run", "usage", *DAY, "--format", "json")
    report = json.loads(done.stdout)
    assert (done.returncode, report["status"]) == (3, "PARTIAL_SUCCESS")
    assert [(each["code"], each["rows"]) for each in report["actions"][1]["errors"]] == [("GS-FILE-S3-DENIED", 2)]
    (left,) = (shop.root / ".gsrules/exports").rglob("*.csv")
    assert left.read_text() == "Name,Logins\nAlpha,12\nBeta,40\n"
    assert shop.employees() == "Name,n\nAlpha,12\nBeta,40\n"


def test_secrets_reach_no_report_no_log_no_artefact_and_no_cached_file(server: Any, shop: Any, tmp_path: Path) -> None:
    """With keys of the environment, a token, and keys of a profile; for good runs and bad ones, with --debug."""
    credentials = tmp_path / "aws-credentials"
    credentials.write_text(f"[team]\naws_access_key_id = {PROFILE_KEY}\naws_secret_access_key = {PROFILE_SECRET}\n")
    known = f"The key {ACCESS_KEY} {PROFILE_KEY} is not known"
    shown = f"<AWSAccessKeyId>{ACCESS_KEY}</AWSAccessKeyId><StringToSign>AWS4-HMAC {SECRET_KEY}</StringToSign>"
    told: list[str] = []
    with (
        serving(answering("403 Forbidden", "InvalidAccessKeyId", known, "", shown)) as refusing,
        serving(answering("400 Bad Request", "ExpiredToken", f"The token {TOKEN} is old")) as expired,
        serving(stopping_midway) as breaking,
    ):
        attempts = [
            (server.address, "", "--dry-run"),
            (server.address, 'profile = "team"', "--format=json"),
            (refusing, "", "--format=json"),
            (refusing, 'profile = "team"', "--dry-run"),
            (expired, "", "--dry-run"),
            (breaking, 'profile = "team"', "--dry-run"),
        ]
        for address, profile, option in attempts:
            place = f'url = "s3://{shop.bucket}/team"\nendpoint = "{address}"\n{profile}'
            (shop.root / "gsrules.toml").write_text(f"[buckets.usage]\n{place}\n")
            environment = {"AWS_SESSION_TOKEN": TOKEN, "AWS_SHARED_CREDENTIALS_FILE": str(credentials)}
            done = shop.run("run", "usage", option, *DAY, "--debug", **environment)
            told += [done.stdout, done.stderr]
    assert sum("GS-FILE-S3-" in each for each in told) >= 4
    assert sum("SUCCESS" in each for each in told) == 2
    assert [secret for secret in SECRETS for each in told if secret in each] == []
    assert shop.leaks() == []
    assert any(path.suffix == ".json" for path in (shop.root / ".gsrules/runs").rglob("*"))


def test_a_command_without_s3_loads_nothing_of_it(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "shop", "s3://bucket", "http://localhost:1")
    task = "type: s3\n    path: input/u.csv\n    columns: {A: string}\n"
    rule = f"rule: Plain\ntasks:\n  Usage:\n    {task}"
    write_files(shop.root, {"rules/plain.yml": rule, "datasets/s3/gainsight-managed/input/u.csv": "A\n1\n"})
    code = "import sys\nfrom gsrules.cli.main import main\nsys.argv = ['gsrules', 'run', 'plain']\n"
    code += "try:\n    main()\nexcept SystemExit:\n    print([m for m in sys.modules if m.startswith('pyarrow')])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=shop.root,
        env={**os.environ, "PYTHONPATH": str(ENGINE)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines()[-1] == "[]"
