"""The rules over a data set that others made, recorded: each test passes by itself and takes what the data takes."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pytest

from gsrules.regress.record import Recording, RecordOptions, record_to
from gsrules.regress.suite import run_tests
from gsrules.run.engine import RunOptions, run_rule
from gsrules.run.workspace import Workspace

HERE = Path(__file__).resolve().parents[2] / "ravenstack"
DATA = HERE.parents[1].parent / "shared" / "data" / "ravenstack"
RULE_DATE = dt.date(2024, 11, 3)
MOST_ROWS = {"accounts": 4, "revenue": 10, "events": 4, "usage": 45, "health": 60}

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(
        not DATA.is_dir(), reason=f"the RavenStack files are not here: put them into {DATA} to run this test"
    ),
]


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("ravenstack")
    shutil.copytree(HERE / "project", folder, dirs_exist_ok=True)
    (folder / "gsrules.toml").write_text(f'[buckets.ravenstack]\npath = "{DATA}"\n', encoding="utf-8")
    return Workspace.open(folder, folder)


@pytest.fixture(scope="module")
def recordings(book: Workspace) -> dict[str, Recording]:
    """Each rule recorded on what the rules before it have written, then run."""
    made = {}
    for rule in MOST_ROWS:
        path = book.project.tests_dir / f"{rule}.recorded.yml"
        made[rule] = record_to(book, rule, path, RecordOptions(rule_date=RULE_DATE))
        with book.tenant(mode="live") as tenant:
            run_rule(book, rule, RunOptions(rule_date=RULE_DATE), tenant)
    return made


def test_all_recorded_tests_pass(book: Workspace, recordings: dict[str, Recording]) -> None:
    outcome = run_tests(book, [])
    assert len(outcome.tests) == len(recordings)
    assert [test.rule for test in outcome.tests if not test.passed] == []


@pytest.mark.parametrize("rule", MOST_ROWS)
def test_it_takes_every_branch_that_the_real_rows_take(rule: str, recordings: dict[str, Recording]) -> None:
    assert recordings[rule].real
    assert [branch.id for branch in recordings[rule].lost] == []


@pytest.mark.parametrize("rule", MOST_ROWS)
def test_it_is_small(rule: str, recordings: dict[str, Recording]) -> None:
    assert recordings[rule].rows <= MOST_ROWS[rule]


@pytest.mark.parametrize("rule", MOST_ROWS)
def test_it_holds_none_of_the_names_and_ids_of_the_data(rule: str, recordings: dict[str, Recording]) -> None:
    accounts = (DATA / "ravenstack_accounts.csv").read_text(encoding="utf-8").splitlines()[1:]
    words = {word for line in accounts for word in line.split(",")[:2]}
    assert {
        word for word in words if f"{word}," in recordings[rule].text or f"{word}}}" in recordings[rule].text
    } == set()
