"""The composite action and the hooks: their own shell steps, run on a real project in a real repository."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())

pytestmark = pytest.mark.once


def git(folder: Path, *arguments: str) -> str:
    settings = ("-c", "user.name=Rules", "-c", "user.email=rules@example.com", "-c", "init.defaultBranch=main")
    done = subprocess.run(["git", *settings, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def commands(tmp_path: Path) -> dict[str, str]:
    """An environment in which `gsrules` is the package under test."""
    folder = tmp_path / "bin"
    folder.mkdir()
    command = folder / "gsrules"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m gsrules "$@"\n')
    command.chmod(0o755)
    return {
        **os.environ,
        "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT / "engine"),
        "GITHUB_OUTPUT": str(tmp_path / "outputs"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
    }


@pytest.fixture
def project(tmp_path: Path, commands: dict[str, str]) -> Path:
    """A small project as `gsrules init` writes it, committed."""
    made = tmp_path / "project"
    subprocess.run(["gsrules", "init", str(made)], env=commands, check=True, capture_output=True)
    git(made, "init", "-q")
    git(made, "add", ".")
    git(made, "commit", "-q", "-m", "Begin")
    return made


def step(name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in ACTION["runs"]["steps"] if each.get("name") == name)
    return found


def run_step(name: str, folder: Path, commands: dict[str, str], **inputs: str) -> subprocess.CompletedProcess[str]:
    """Runs the shell of one step as the runner would: inputs reach it through the environment only."""
    given = {key: str(each.get("default", "")) for key, each in ACTION["inputs"].items()} | inputs
    environment = {}
    for key, value in step(name).get("env", {}).items():
        wanted = value.removeprefix("${{ inputs.").removesuffix(" }}")
        environment[key] = given[wanted]
    script = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step(name)["run"]]
    return subprocess.run(script, cwd=folder, env={**commands, **environment}, capture_output=True, text=True)


def outputs(commands: dict[str, str]) -> dict[str, str]:
    path = Path(commands["GITHUB_OUTPUT"])
    return dict(line.split("=", 1) for line in path.read_text().splitlines()) if path.exists() else {}


def spoil(project: Path, old: str, new: str) -> None:
    rules = [path for path in (project / "rules").rglob("*.yml") if old in path.read_text()]
    assert rules, f"no rule holds {old}"
    rules[0].write_text(rules[0].read_text().replace(old, new, 1))


def test_no_step_puts_an_input_into_its_shell() -> None:
    for each in ACTION["runs"]["steps"]:
        assert "${{" not in each.get("run", ""), each["name"]


def test_every_input_is_described_and_used() -> None:
    text = (ROOT / "action.yml").read_text()
    for key, each in ACTION["inputs"].items():
        assert each["description"]
        assert f"inputs.{key} " in text, key


def test_a_good_project_passes_and_leaves_its_results(project: Path, commands: dict[str, str]) -> None:
    assert run_step("Validate", project, commands).returncode == 0
    done = run_step("Test", project, commands, **{"fail-under": "1"})
    assert done.returncode == 0, done.stdout + done.stderr
    assert (project / "gsrules-results" / "junit.xml").read_text().startswith("<?xml")
    assert "<html" in (project / "gsrules-results" / "tests.html").read_text()


def test_a_wrong_rule_fails_with_an_annotation_at_its_place(project: Path, commands: dict[str, str]) -> None:
    spoil(project, "type: fetch", "type: fetsh")
    done = run_step("Validate", project, commands)
    assert done.returncode == 2
    assert "::error file=rules/" in done.stdout


def test_the_difference_of_a_changed_rule_reaches_the_summary(project: Path, commands: dict[str, str]) -> None:
    base = git(project, "rev-parse", "HEAD")
    same = run_step("Difference", project, commands, base=base, **{"rule-date": "2026-11-23"})
    assert same.returncode == 0, same.stdout + same.stderr
    rule = next(path for path in sorted((project / "rules").rglob("*.yml")) if "create_cta" in path.read_text())
    text = rule.read_text()
    rule.write_text(text.replace("priority: High", "priority: Low"))
    assert rule.read_text() != text
    (project / "gsrules-results").mkdir(exist_ok=True)
    done = run_step("Difference", project, commands, base=base, **{"rule-date": "2026-11-23"})
    assert done.returncode == 0, done.stdout + done.stderr
    assert outputs(commands)["changed"] == "true"
    assert "Low" in Path(commands["GITHUB_STEP_SUMMARY"]).read_text()


def test_without_a_base_there_is_no_difference(project: Path, commands: dict[str, str]) -> None:
    done = run_step("Difference", project, commands, base="")
    assert (done.returncode, done.stdout, outputs(commands)) == (0, "", {})


def test_an_unknown_base_stops_the_step(project: Path, commands: dict[str, str]) -> None:
    done = run_step("Difference", project, commands, base="0" * 40)
    assert done.returncode != 0
    assert outputs(commands) == {}


@pytest.mark.parametrize("hook", HOOKS, ids=lambda each: each["id"])
def test_a_hook_passes_a_good_project_and_stops_a_spoilt_one(
    hook: dict[str, Any], project: Path, commands: dict[str, str]
) -> None:
    command = hook["entry"].split()
    assert shutil.which(command[0], path=commands["PATH"])
    good = subprocess.run(command, cwd=project, env=commands, capture_output=True, text=True)
    assert good.returncode == 0, good.stdout + good.stderr
    spoil(project, "action: create_cta", "action: create_ctas")
    assert subprocess.run(command, cwd=project, env=commands, capture_output=True).returncode != 0


@pytest.mark.parametrize(
    ("path", "by"),
    [
        ("rules/adoption/usage_drop.yml", {"gsrules-validate", "gsrules-test"}),
        ("cs/rules/nightly.chain.yml", {"gsrules-validate", "gsrules-test"}),
        ("datasets/records/company.csv", {"gsrules-test"}),
        ("gsrules.toml", {"gsrules-validate", "gsrules-test"}),
        ("README.md", set()),
    ],
)
def test_hooks_run_for_the_files_that_concern_them(path: str, by: set[str]) -> None:

    assert {hook["id"] for hook in HOOKS if re.search(hook["files"], path)} == by
