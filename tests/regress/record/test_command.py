"""The command: what it prints, what it writes, and what it refuses."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from gsrules.cli.main import main


def record(monkeypatch: pytest.MonkeyPatch, project: Path, *arguments: str) -> int:
    monkeypatch.chdir(project)
    monkeypatch.setattr(sys, "argv", ["gsrules", "record", "usage", "--rule-date", "2026-11-23", *arguments])
    with pytest.raises(SystemExit) as left:
        main()
    return int(left.value.code or 0)


def test_the_command_tells_what_it_recorded_and_writes_once(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert record(monkeypatch, project) == 0
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert printed.err == ""
    assert lines[0].startswith("Recorded usage on 2026-11-23: ")
    assert any(line.startswith("Branches exercised: ") for line in lines)
    assert "Masked company names: company.Name" in lines
    assert lines[-2:] == [
        "Written: tests/usage.recorded.yml (it passes)",
        "Next: read it, then run  gsrules test tests/usage.recorded.yml",
    ]
    written = (project / "tests/usage.recorded.yml").read_text(encoding="utf-8")
    assert record(monkeypatch, project) == 2
    assert "GS-RECORD" in capsys.readouterr().err
    assert (project / "tests/usage.recorded.yml").read_text(encoding="utf-8") == written


def test_the_result_as_json_names_every_branch_that_is_missing(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert record(monkeypatch, project, "--format", "json", "--output", "own.yml", "--no-mask") == 0
    found = json.loads(capsys.readouterr().out)
    missing = [*found["no_real_row"], *(each for each in found["not_in_the_test"] if each["counted"])]
    assert found["file"] == "own.yml"
    assert found["exercised"] + len(missing) == found["branches"]
    assert found["masked"] == {}
    assert "Alpha" in (project / "own.yml").read_text(encoding="utf-8")
