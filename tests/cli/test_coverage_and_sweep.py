"""`gsrules test --coverage` and `gsrules sweep` as commands: what they print, and how they end."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner, Result

from gsrules.cli.main import app_for
from gsrules.errors import GsrulesError


def ran(*arguments: str) -> Result:
    return CliRunner().invoke(app_for(), list(arguments))


def test_coverage_follows_the_results_of_the_tests(project: Path) -> None:
    result = ran("test", "--coverage", "--project", str(project))
    assert result.exit_code == 0
    tests, coverage = result.stdout.split("1 passed, 0 failed\n")
    assert "Little usage opens a CTA" in tests
    assert coverage.startswith("coverage: branches of the rules that the tests exercised\n")
    assert "usage" in coverage
    assert "again" in coverage  # a rule without tests


def test_a_coverage_below_the_wanted_one_ends_with_one_and_says_where_most_is_missing(project: Path) -> None:
    result = ran("test", "--fail-under", "90", "--project", str(project))
    assert result.exit_code == 1
    assert result.stderr == "coverage 31.2 % is below 90 %: 11 branches missed, most in usage 11\n"
    assert ran("test", "--fail-under", "31", "--project", str(project)).exit_code == 0


def test_with_some_tests_only_their_rules_are_listed(project: Path) -> None:
    result = ran("test", "-k", "little", "--coverage", "--format", "json", "--project", str(project))
    coverage = json.loads(result.stdout)["coverage"]
    assert [rule["rule"] for rule in coverage["rules"]] == ["usage"]
    assert (coverage["exercised"], coverage["total"], coverage["percent"]) == (5, 16, 31.2)


def test_without_coverage_the_json_has_none(project: Path) -> None:
    result = ran("test", "--format", "json", "--project", str(project))
    assert "coverage" not in json.loads(result.stdout)


def test_sweep_prints_a_table_and_the_margin(project: Path) -> None:
    result = ran("sweep", "usage", "--param", "least=15..45:10", "--rule-date", "2026-11-23", "--project", str(project))
    assert result.exit_code == 0
    assert result.stdout.startswith("usage  rule date 2026-11-23  4 values of least, now 25, from one run\n")
    assert "15 → 25  1 enter\n      + Alpha  Logins 20\n" in result.stdout
    assert "35 → 45  1 enter\n      + Beta  Logins 40\n" in result.stdout


def test_sweep_as_json_has_every_value_with_its_counts(project: Path) -> None:
    result = ran(
        "sweep", "usage", "--param", "least=15,25", "--rule-date", "2026-11-23", "--format", "json",
        "--project", str(project),
    )  # fmt: skip
    shown = json.loads(result.stdout)
    assert (shown["param"], shown["current"], shown["runs"]) == ("least", "25", 1)
    low = next(action for action in shown["actions"] if action["id"] == "Low usage")
    assert [(point["value"], point["matched"], point["created"]) for point in low["points"]] == [
        ("15", 0, 0),
        ("25", 1, 1),
    ]
    assert low["margins"] == [
        {
            "from": "15", "to": "25", "enter": 1, "leave": 0,
            "rows": [{"name": "Alpha", "change": "enters", "decides": {"Logins": "20"}}],
        }
    ]  # fmt: skip


def test_sweep_says_what_is_wrong_with_its_values(project: Path) -> None:
    result = ran("sweep", "usage", "--param", "least=5", "--project", str(project))
    assert isinstance(result.exception, GsrulesError)
    assert result.exception.exit_code == 2
