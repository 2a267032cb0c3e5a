"""The pytest plugin: rule tests as items of a real pytest run, and nothing at all elsewhere."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from tests.conftest import write_files
from tests.regress.support import environment, write_tests

pytestmark = pytest.mark.once

PLUGIN = "gsrules.cli.pytest_plugin"
INSTALLED = any(found.value == PLUGIN for found in entry_points(group="pytest11"))
BASE = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:randomly", "-q"]

TESTS = """
    - {name: good one, given: {fixtures: [acme, little]}, expect: {actions: {Write usage: {created: 1}}}}
    - {name: bad one, given: {fixtures: [acme, little]}, expect: {tasks: {Joined: [{Name: Acme, Logins: 13}]}}}
"""


def pytest_run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [*BASE, *([] if INSTALLED else ["-p", PLUGIN]), *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment(), capture_output=True, text=True, timeout=120, check=False
    )


def test_the_package_declares_the_plugin() -> None:
    settings = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    assert settings["project"]["entry-points"]["pytest11"] == {"gsrules": PLUGIN}


def test_rule_tests_are_items_and_fail_as_the_command_shows_it(project: Path) -> None:
    write_tests(project, TESTS)
    write_files(project, {"tests/test_python.py": "def test_python():\n    assert True\n"})
    done = pytest_run(project, "-vv")
    assert done.returncode == 1, done.stdout
    assert "tests/usage.yml::good one PASSED" in done.stdout
    assert "tests/usage.yml::bad one FAILED" in done.stdout
    assert "tests/test_python.py::test_python PASSED" in done.stdout
    assert "  ~ Acme  Logins: 13 → 12" in done.stdout
    assert "Traceback" not in done.stdout


def test_tests_are_chosen_by_name_and_by_rule(project: Path) -> None:
    write_tests(project, TESTS)
    assert "1 passed, 1 deselected" in pytest_run(project, "-k", "good").stdout
    assert "2 deselected" in pytest_run(project, "-k", "not usage").stdout
    assert "1 passed" in pytest_run(project, "tests/usage.yml::good one").stdout


def test_a_file_that_cannot_be_read_is_a_collection_error(project: Path) -> None:
    write_tests(project, "- {name: a}")
    done = pytest_run(project)
    assert done.returncode == 2
    assert "a test needs `expect` or `snapshot: true`" in done.stdout
    assert "Traceback" not in done.stdout


def test_broken_settings_are_a_collection_error(project: Path) -> None:
    (project / "gsrules.toml").write_text("timezone = 3\n", encoding="utf-8")
    done = pytest_run(project)
    assert done.returncode == 2
    assert "gsrules.toml:1" in done.stdout
    assert "INTERNALERROR" not in done.stdout + done.stderr


def test_fixture_files_snapshots_and_other_yaml_are_no_items(project: Path) -> None:
    write_tests(project, TESTS)
    write_files(
        project,
        {
            "tests/a.fixtures.yml": "fixtures: {a: {seed: true}}",
            "tests/usage.snapshots/x.yml": "test: x",
            "other.yml": "a: b",
            "rules/tests.yml": "a: b",
        },
    )
    assert "2 tests collected" in pytest_run(project, "--collect-only").stdout


def test_it_is_inert_and_light_where_there_is_no_project(tmp_path: Path) -> None:
    write_files(
        tmp_path,
        {
            "rules/a.yml": "rule: a",
            "tests/a.yml": "tests: [",
            "tests/test_it.py": """
                import sys

                def test_nothing_is_loaded():
                    ours = {name for name in sys.modules if name.startswith("gsrules")}
                    assert ours <= {"gsrules", "gsrules.cli", "gsrules.cli.pytest_plugin"}
                    assert not {"duckdb", "pydantic", "sqlglot", "typer"} & set(sys.modules)
                """,
        },
    )
    done = pytest_run(tmp_path)
    assert "1 passed" in done.stdout, done.stdout


def test_a_python_project_with_gsrules_tests_loads_them_only_when_collected(project: Path) -> None:
    write_tests(project, TESTS)
    write_files(
        project,
        {
            "unit/test_it.py": """
                import sys

                def test_nothing_is_loaded():
                    assert "duckdb" not in sys.modules
                """
        },
    )
    assert "1 passed" in pytest_run(project, "unit").stdout


def test_warnings_are_shown_with_the_report(project: Path) -> None:
    path = write_tests(project, TESTS.replace("Logins: 13", "Logins: 14"))
    path.write_text(path.read_text(encoding="utf-8").replace("rule_date: 2026-11-23\n", ""), encoding="utf-8")
    assert "GS-TEST-TODAY" in pytest_run(project, "-k", "bad").stdout
