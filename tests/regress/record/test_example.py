"""Every rule of the example project, recorded: the test passes, takes what the real rows take, is small and masked."""

from __future__ import annotations

import csv
import datetime as dt
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from gsrules.regress.record import Recording, RecordOptions, record_to
from gsrules.regress.suite import run_tests
from gsrules.run.check import validate_project
from gsrules.run.workspace import Workspace

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[3]
DAY = dt.date(2026, 11, 23)
MOST_ROWS = {
    "adoption/usage_drop": 26,
    "adoption/usage_recovery": 24,
    "adoption/usage_rollup": 12,
    "health/churn_alert": 6,
    "health/company_health": 24,
    "health/scores": 4,
    "people/contacts_load": 16,
    "renewals/renewal_90_days": 26,
    "success/onboarding_plan": 8,
    "support/ticket_load": 10,
    "voice/nps_detractor": 18,
}
AFTER_OTHERS = {"support/ticket_timeline"}
"""Rules that find nothing before another rule of the night has loaded something."""


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("example")
    for name in ("rules", "datasets"):
        shutil.copytree(ROOT / name, folder / name)
    (folder / "gsrules.toml").write_text("", encoding="utf-8")
    return Workspace.open(folder, folder)


@pytest.fixture(scope="module", params=sorted(MOST_ROWS))
def made(request: pytest.FixtureRequest, example: Workspace) -> tuple[Recording, Path]:
    path = example.project.tests_dir / f"{request.param}.recorded.yml"
    return record_to(example, request.param, path, RecordOptions(rule_date=DAY)), path


def test_the_example_has_no_other_rules(example: Workspace) -> None:
    assert set(example.rule_ids()) == set(MOST_ROWS) | AFTER_OTHERS


def test_the_recorded_test_passes(example: Workspace, made: tuple[Recording, Path]) -> None:
    (test,) = run_tests(example, [made[1]]).tests
    assert test.passed, (test.facts, test.rows, test.problems)
    assert not test.warnings


def test_it_takes_every_branch_that_the_real_rows_take(made: tuple[Recording, Path]) -> None:
    assert made[0].real
    assert not made[0].lost
    assert not made[0].kept_columns


def test_it_is_small(made: tuple[Recording, Path]) -> None:
    assert made[0].rows <= MOST_ROWS[made[0].rule]


def test_it_holds_none_of_the_names_and_addresses_of_the_data(example: Workspace, made: tuple[Recording, Path]) -> None:
    rule = (example.project.rules_dir / f"{made[0].rule}.yml").read_text(encoding="utf-8")
    found = {word for word in names(example.project.datasets_dir) if word not in rule and word in made[0].text}
    assert not found


def test_the_project_is_valid_with_it(example: Workspace, made: tuple[Recording, Path]) -> None:
    found = validate_project(example, ())
    own = [each for each in found.problems if each.place is not None and made[1].name in each.place.file]
    assert made[1].is_file()
    assert own == []


def names(datasets: Path) -> Iterator[str]:
    """The names and e-mail addresses of companies, users and persons."""
    for name in ("company", "gsuser", "person"):
        with (datasets / f"records/{name}.csv").open(encoding="utf-8") as lines:
            for row in csv.DictReader(lines):
                yield from (row[column] for column in ("Name", "Email") if row.get(column))
