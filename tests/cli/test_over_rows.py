"""A rule with statistics, random numbers and windows of time works with every command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gsrules.cli.main import app_for
from tests.conftest import write_files

FILES = {
    "gsrules.toml": "",
    "rules/trend.yml": """
        rule: Usage trend
        for: company
        params: {least: 0}
        tasks:
          File:
            type: s3
            path: m.csv
            date_format: yyyy-MM-dd
            columns: {Account: string, Day: date, Logins: number, Seats: number}
          Out:
            type: transform
            from: File
            where: Logins >= :least
            formulas:
              Trend: {period_over_period: {of: Logins, date: Day, period: days, duration: 2, aggregate: avg}}
              Week: {aggregation_over_time: {sum: Logins, window: last 7 days, date: Day}}
              Middle: "[Logins] - median([Logins])"
              Dice: floor(random() * 6) + 1
          Low: {type: transform, from: Out, where: Trend < 0, show: [Account, max(Week) as Week]}
        actions:
          - {action: load_to_company, id: Load, from: Low, operation: upsert, identifiers: [Name],
             fields: {Name: Account, Employees: Week}}
        """,
    "datasets/s3/gainsight-managed/m.csv": """
        Account,Day,Logins,Seats
        Acme,2024-05-14,4,1
        Acme,2024-05-13,2,1
        Acme,2024-05-12,8,1
        Acme,2024-05-12,8,2
        Beta,2024-05-14,9,1
        Beta,2024-05-11,1,1
        Gone,2024-01-10,3,1
        """,
}
DAY = ("--rule-date", "2024-05-15")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = write_files(tmp_path / "project", FILES)
    monkeypatch.chdir(folder)
    return folder


def gsrules(*arguments: str) -> str:
    result = CliRunner().invoke(app_for(), list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.once
def test_every_command_knows_values_over_rows(project: Path) -> None:
    assert json.loads(gsrules("validate", "--format", "json"))
    found = json.loads(gsrules("preview", "trend", "Out", *DAY, "--format", "json"))
    assert "Logins" in str(found)
    assert "QUANTILE_DISC" in gsrules("compile", "trend", "Out")
    run = json.loads(gsrules("run", "trend", *DAY, "--format", "json"))
    assert "several rows in one period" in json.dumps(run)
    said = gsrules("why", "trend", "Account = 'Acme' and Logins = 2", *DAY)
    # 2 of 05-14 and 05-13 on the average are 3; 8 and 8 of 05-12 are 8
    assert "Trend is -5 (Trend: current is 3, Trend: prior is 8)" in said
    assert "Week is 22 (Week: sum of Logins, last 7 days is 22)" in said
    assert "Middle is -2 (Logins is 2, median(Logins) is 4)" in said
    recorded = gsrules("record", "trend", *DAY)
    assert "it passes" in recorded
    covered = gsrules("test", "--coverage")
    assert "1 passed, 0 failed" in covered


@pytest.mark.once
def test_a_parameter_that_decides_the_rows_of_a_statistic_is_run_value_by_value(project: Path) -> None:
    found = gsrules("sweep", "trend", "--param", "least=0,3,9", *DAY)
    assert "Load" in found
