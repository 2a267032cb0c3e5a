"""The command `profile`, and `--profile` and `--behaviours` of `run`."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from gsrules.cli.main import app_for
from tests.conftest import FILES, write_files

RULE = """
    rule: Load usage
    profile: {filter.between: exclude_upper}
    tasks:
      Companies: {type: fetch, object: company, show: [Gsid, Name], where: "Name != 'Alpha'"}
    """


def project(folder: Path) -> Path:
    seeds = {"datasets/records/company.csv": "Name,ExternalId\nAlpha,A\nBeta,B\n"}
    made = {"gsrules.toml": '[profile]\n"filter.last_n" = "include_current"\n', "rules/one.yml": RULE}
    return write_files(folder, {**FILES, **seeds, **made, "rules/usage.yml": RULE})


def out(*words: str) -> str:
    done = CliRunner().invoke(app_for(), [*words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_profile_tells_values_and_where_they_are_set(tmp_path: Path) -> None:
    where = ("--project", str(project(tmp_path)))
    listed = {each["key"]: each for each in json.loads(out("profile", *where, "--rule", "one", "--format", "json"))}
    assert (listed["filter.between"]["value"], listed["filter.between"]["set"]) == ("exclude_upper", "rule")
    assert (listed["filter.last_n"]["value"], listed["filter.last_n"]["set"]) == ("include_current", "project")
    assert (listed["filter.null_rows"]["value"], listed["filter.null_rows"]["set"]) == ("exclude", "default")
    entry = out("profile", "filter.last_n", *where)
    assert "filter.last_n = include_current  (set by the project)" in entry
    assert "include_current: `last n` and `next n` include the period that holds the rule date" in entry
    assert "a choice of gsrules: nothing is published (data-setup.md §3.3)" in entry
    assert out("profile", "merge", *where).splitlines()[0] == "Merges, unions and pivots"


def test_a_key_that_belongs_to_the_tenant_says_so(tmp_path: Path) -> None:
    entry = out("profile", "tenant.timezone", "--project", str(project(tmp_path)))
    assert "one rule cannot have a value of its own: records are stored by it" in entry


def test_an_unknown_key_names_the_nearest(tmp_path: Path) -> None:
    done = CliRunner().invoke(app_for(), ["profile", "filter.nul_rows", "--project", str(project(tmp_path))])
    assert [problem.nearest for problem in done.exception.problems] == ["filter.null_rows"]  # type: ignore[union-attr]


def test_run_takes_keys_and_tells_what_mattered(tmp_path: Path) -> None:
    words = ("run", "one", "--dry-run", "--rule-date", "2026-11-23", "--project", str(project(tmp_path)))
    told = json.loads(out(*words, "--format", "json"))["behaviours"]
    assert [(each["key"], each["task"], each["rows"]) for each in told] == []
    told = json.loads(out(*words, "--profile", "filter.equality_case=insensitive", "--format", "json"))
    assert told["tasks"][0]["rows"] == 1
    assert json.loads(out(*words, "--behaviours", "off", "--format", "json"))["behaviours"] == []
