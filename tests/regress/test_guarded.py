"""What explains and tests rules does so for a run that broke a guard, too: its rows are there, nothing was applied."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from gsrules.cli.main import app_for
from tests.regress.support import write_tests

pytestmark = pytest.mark.once

GUARDED = """
    - name: Too many at once
      given: {fixtures: [acme, little]}
      snapshot: true
      expect:
        status: FAILURE
        errors: [GS-GUARD]
        actions: {Low usage: {created: 1}}
        tenant: {call_to_action: [], usage__gc: []}
"""


@pytest.fixture
def guarded(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    rule = project / "rules/usage.yml"
    rule.write_text(rule.read_text().replace("id: Low usage\n", "id: Low usage\n    expect: {created: 0}\n"))
    write_tests(project, GUARDED)
    monkeypatch.chdir(project)
    return project


def gsrules(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app_for(), list(arguments), catch_exceptions=False)
    return result.exit_code, result.stdout


def test_its_test_has_a_snapshot_and_covers_branches(guarded: Path) -> None:
    code, said = gsrules("test", "--update")
    assert (code, "1 passed" in said) == (0, True), said
    code, said = gsrules("test", "--coverage")
    assert (code, "1 passed" in said) == (0, True), said
    (kept,) = guarded.rglob("*.snapshots/*.yml")
    assert "Acme logs in little" in kept.read_text()


def test_why_tells_what_the_action_would_have_done(guarded: Path) -> None:
    code, said = gsrules("why", "usage", "Name = 'Alpha'", "--rule-date", "2026-11-23")
    assert code == 0
    assert "Low usage" in said
    assert "creates" in said or "created" in said
