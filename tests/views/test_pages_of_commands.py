"""`test --html` and `diff --html` write their pages."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from gsrules.cli.main import main
from gsrules.run.kept import runs_folder
from gsrules.run.workspace import Workspace
from tests.views.conftest import run_kept


def command(monkeypatch: pytest.MonkeyPatch, folder: Path, *arguments: str) -> int:
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["gsrules", *arguments])
    with pytest.raises(SystemExit) as left:
        main()
    return int(left.value.code or 0)


def test_the_page_of_tests_holds_the_failed_ones(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = project / "tests/usage.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("Logins: 12}]", "Logins: 13}]"), encoding="utf-8")
    assert command(monkeypatch, project, "test", "--coverage", "--html", "tests.html") == 1
    page = (project / "tests.html").read_text(encoding="utf-8")
    assert "<h1>1 of 1 rule tests failed</h1>" in page
    assert "Little usage opens a CTA" in page
    assert 'class="badge' in page


def test_the_page_of_a_difference_of_two_runs_needs_no_rule_of_today(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run_kept(workspace, "usage", params={"least": "5"})[0].report.run_id
    second = run_kept(workspace, "usage")[0].report.run_id
    assert {path.name for path in runs_folder(workspace).iterdir()} >= {first, second}
    root = workspace.project.root
    assert command(monkeypatch, root, "diff", "--runs", first, second, "--html", "diff.html") == 0
    page = (root / "diff.html").read_text(encoding="utf-8")
    assert "<h1>Load usage</h1>" in page
    assert 'class="edge"' in page
    (root / "rules/usage.yml").unlink()
    assert command(monkeypatch, root, "diff", "--runs", first, second, "--html", "diff.html") == 0
    assert 'class="edge"' not in (root / "diff.html").read_text(encoding="utf-8")
