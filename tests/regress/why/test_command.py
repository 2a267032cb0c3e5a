"""The command `gsrules why`: what it prints, and how it ends."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gsrules.cli.main import main

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def why(project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Asks in the small project, as from a shell."""

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.chdir(project)
        monkeypatch.setattr(sys, "argv", ["gsrules", "why", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        printed = capsys.readouterr()
        return int(left.value.code or 0), printed.out, printed.err

    return run


def test_why_tells_a_story_and_ends_well(why: Command) -> None:
    code, out, err = why("usage", "Name = 'Gamma'", "--rule-date", "2026-11-23")
    assert (code, err) == (0, "")
    assert "Companies drops it: Status is Churn; wanted: Active, which it is not." in out


def test_why_ends_well_if_there_is_no_such_record(why: Command) -> None:
    code, out, _ = why("usage", "Name = 'Gama'", "--rule-date", "2026-11-23")
    assert code == 0
    assert "Nearest: 'Gamma'" in out


def test_why_prints_json_with_every_story(why: Command) -> None:
    code, out, _ = why(
        "usage", "Name is not null", "--rule-date", "2026-11-23", "--format", "json", "--param", "least=1"
    )
    shown = json.loads(out)
    assert code == 0
    assert shown["total"] == len(shown["records"]) == 3
    assert all(record["steps"] for record in shown["records"])
    assert {end["place"] for group in shown["groups"] for end in group["ends"]} == {"Write usage", "Companies"}


def test_why_takes_a_rule_not_a_chain(why: Command) -> None:
    code, _, err = why("both", "Name = 'Alpha'")
    assert code == 2
    assert "this command takes one rule" in err


def test_why_refuses_a_condition_that_fits_nowhere(why: Command) -> None:
    code, _, err = why("usage", "Naem = 'Alpha'", "--rule-date", "2026-11-23")
    assert code == 2
    assert "nearest known name: Name" in err


def test_a_rule_that_fails_on_its_data_says_so(why: Command) -> None:
    code, _, err = why("usage", "Name = 'Alpha'", "--rule-date", "2026-01-01")
    assert code == 1
    assert "GS-FILE-MISSING" in err
