"""Runs tests of the small project, in this process or as a user does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from gsrules.regress.outcome import SuiteOutcome, TestOutcome
from gsrules.regress.suite import SuiteOptions, run_tests
from gsrules.run.workspace import Workspace
from tests.conftest import dedented

ENGINE = Path(__file__).parents[2] / "engine"

ACME = """
        rule: usage
        rule_date: 2026-11-23
        fixtures:
          acme:
            records:
              company: [{Name: Acme, ExternalId: A-1, Status: Active}]
              gsuser: [{Name: Owner, Email: owner@example.com}]
          little:
            files:
              gainsight-managed/input/usage-2026-11-22.csv: |
                Account ID,Logins
                A-1,12
        tests:
"""
"""The head of a test file of the rule `usage`: one company, a file in which it logs in 12 times."""


def write_tests(project: Path, tests: str, head: str = ACME, name: str = "tests/usage.yml") -> Path:
    """Writes a test file whose tests are `tests`, an indented YAML list."""
    body = dedented(tests)
    text = dedented(head) + "".join(f"  {line}" if line.strip() else line for line in body.splitlines(keepends=True))
    path = project / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def suite(project: Path, tests: str = "", options: SuiteOptions | None = None, head: str = ACME) -> SuiteOutcome:
    """Runs these tests, or those that are there, in this process."""
    if tests:
        write_tests(project, tests, head)
    return run_tests(Workspace.open(project, project), [], None, options or SuiteOptions(jobs=1))


def outcome(project: Path, test: str, head: str = ACME) -> TestOutcome:
    """Runs the one test."""
    (found,) = suite(project, test, head=head).tests
    return found


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ENGINE), "NO_COLOR": "1", "PYTHONUNBUFFERED": "1"}


def gsrules(project: Path, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Runs the command in the project's folder."""
    command = [sys.executable, "-m", "gsrules", *arguments]
    return subprocess.run(
        command, cwd=project, env=environment(), input=stdin, capture_output=True, text=True, timeout=120, check=False
    )


def results(project: Path) -> dict[str, Any]:
    """What was kept of the last runs."""
    kept: dict[str, Any] = json.loads((project / ".gsrules/test-results.json").read_text(encoding="utf-8"))["tests"]
    return kept
