"""Runs of the small project, kept, and a browser that shows their pages."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gsrules.run.batch import run_all
from gsrules.run.engine import RunOptions
from gsrules.run.kept import KeptRun, find_run
from gsrules.run.workspace import Workspace
from tests.conftest import FILES, write_files

DATE = dt.date(2026, 11, 23)

SCRIPT = '</script><script>document.title = "hacked"</script>'
IMAGE = '"><img src=x onerror="document.title=\'hacked\'">'
TURNED = "abc\N{RIGHT-TO-LEFT OVERRIDE}fed"
LONG = "x" * 10_000 + " the end"

HOSTILE = {
    "datasets/records/company.csv": f"""
        Name,ExternalId,Status,Arr
        {SCRIPT},A-1,Active,1000
        "{IMAGE.replace('"', '""')}",B-1,Active,2000
        Naïve 🦄 & “quoted”,C-1,Active,3000
        {TURNED},D-1,Active,4000
        """,
    "datasets/s3/gainsight-managed/notes.csv": f"""
        Account ID,Note
        A-1,{SCRIPT}
        A-2,{LONG}
        A-3,{TURNED}
        A-4,"  two
        lines "
        """,
    "datasets/records/gsuser.csv": """
        Name,Email
        Owner,owner@example.com
        """,
    "rules/hostile.yml": """
        rule: Hostile </title> names & "quotes"
        tasks:
          "Companies of all kinds":
            type: fetch
            object: company
            show: [Gsid, Name, Arr, ExternalId]
          Notes:
            type: s3
            path: notes.csv
            columns: {Account ID: string, Note: string}
        actions:
          - action: load_to_company
            id: Notes as names
            from: Notes
            operation: upsert
            identifiers: [ExternalId]
            fields: {ExternalId: Account ID, Name: Note}
          - action: load_to_company
            id: "<script>document.title = 1</script>"
            from: "Companies of all kinds"
            operation: update
            identifiers: [Gsid]
            fields: {Gsid: Gsid, Industry: Name}
          - action: create_cta
            id: Names
            from: "Companies of all kinds"
            when: "Name != '</script>' and Arr < 4500"
            company: Gsid
            name: "For ${Name}"
            type: Risk
            reason: Other
            priority: High
            status: New
            owner: {default: owner@example.com}
        """,
}


def run_kept(workspace: Workspace, *rules: str, **options: Any) -> list[KeptRun]:
    batch = run_all(workspace, rules, RunOptions(rule_date=DATE, artifacts=True, **options), None)
    return [find_run(workspace, report.run_id) for report in batch.reports]


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, list[KeptRun]]:
    """The small project and the runs of its chain."""
    return _kept(tmp_path_factory.mktemp("small"), FILES, "both")


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, list[KeptRun]]:
    """A project of which every name wants to be more than a name, and the run of its rule."""
    return _kept(tmp_path_factory.mktemp("hostile"), {"gsrules.toml": "", **HOSTILE}, "hostile")


def _kept(root: Path, files: dict[str, str], *rules: str) -> tuple[Workspace, list[KeptRun]]:
    workspace = Workspace.open(write_files(root, files), root)
    return workspace, run_kept(workspace, *rules)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A headless Chromium; tests that need one are skipped, and say so, where there is none."""
    driver = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install -e '.[dev]'")
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("needs a browser: make browser (as root: apt-get install chromium), or put `chromium` on the PATH")
    quiet = "disable-gpu disable-quic no-first-run disable-background-networking disable-component-update disable-sync"
    with driver.sync_playwright() as playwright:
        arguments = ["--no-sandbox", *(f"--{name}" for name in quiet.split())]
        browser = playwright.chromium.launch(executable_path=found, args=arguments)
        yield browser
        browser.close()
