"""Statuses of actions, rules and chains; the error file of an action (actions.md §10, platform.md §7)."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

import pytest

from gsrules.run.batch import chain_status, run_all
from gsrules.run.engine import RunOptions
from gsrules.run.report import ActionReport, Status, rule_status
from gsrules.run.workspace import Workspace
from gsrules.tenant.changes import Counts
from tests.conftest import write_files

DATE = dt.date(2026, 11, 23)
GOOD, PART, BAD = "SUCCESS", "PARTIAL_SUCCESS", "FAILURE"


def action(matched: int, failed: int) -> ActionReport:
    return ActionReport("A", "load_to_company", "Rows", Counts(received=9, matched=matched, failed=failed))


@pytest.mark.parametrize(("matched", "failed", "status"), [(0, 0, GOOD), (3, 0, GOOD), (3, 1, PART), (3, 3, BAD)])
def test_an_action_is_judged_by_its_failed_rows(matched: int, failed: int, status: str) -> None:
    assert action(matched, failed).status == status


@pytest.mark.parametrize(
    ("actions", "status"),
    [
        ([], GOOD),
        ([(3, 0), (2, 0)], GOOD),
        ([(3, 0), (0, 0)], GOOD),
        ([(3, 0), (2, 2)], PART),
        ([(3, 1), (2, 2)], PART),
        ([(3, 3), (0, 0)], BAD),
        ([(3, 3), (2, 2)], BAD),
    ],
)
def test_a_rule_is_judged_by_the_actions_that_matched_rows(actions: list[tuple[int, int]], status: str) -> None:
    assert rule_status(tuple(action(*each) for each in actions), "success") == status


@pytest.mark.parametrize(
    ("rules", "status"),
    [
        ([], GOOD),
        ([GOOD, GOOD], GOOD),
        ([GOOD, BAD], PART),
        ([PART], PART),
        ([PART, BAD], BAD),
        ([BAD], BAD),
        ([GOOD, PART], PART),
    ],
)
def test_a_chain_failed_if_a_rule_did_and_none_succeeded(rules: list[Status], status: str) -> None:
    assert chain_status(rules) == status


RULE = """
rule: Load
tasks:
  Rows: {{type: s3, path: rows.csv, columns: {{Name: string, Size: number}}}}
actions:
  - {{action: load_to_company, id: Load, from: rows, operation: {operation}, identifiers: [Name],
     fields: {{Name: Name, Employees: Size}}}}
"""


def test_failed_rows_are_in_the_error_file_and_the_chain_goes_on(tmp_path: Path) -> None:
    write_files(
        tmp_path,
        {
            "gsrules.toml": "",
            "datasets/records/company.csv": "Name\nAlpha\n",
            "datasets/s3/gainsight-managed/rows.csv": 'Name,Size\nAlpha,1\n"Be, ta",2.5\nGamma,\n',
            "rules/strict.yml": RULE.format(operation="update"),
            "rules/open.yml": RULE.format(operation="upsert"),
            "rules/both.chain.yml": "chain: Both\nrules:\n  - strict\n  - open\n",
        },
    )
    batch = run_all(Workspace.open(tmp_path), ["both"], RunOptions(rule_date=DATE, artifacts=True), None)
    strict, after = batch.reports
    assert (strict.status, after.status, batch.status) == (PART, GOOD, PART)
    with (tmp_path / str(strict.artifacts) / "errors/1-Load.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [
        ["Name", "Size", "Row Number", "Error Code", "Error Message"],
        ["Be, ta", "2.500000000", "2", "NO_RECORD_TO_UPDATE", "no record has the identifiers Be, ta"],
        ["Gamma", "", "3", "NO_RECORD_TO_UPDATE", "no record has the identifiers Gamma"],
    ]
    assert not (tmp_path / str(after.artifacts) / "errors").exists()
