"""The profile keys of runs: run.action_visibility, run.test_run, run.auto_deactivate, run.disable_after_failures,
run.timeout_minutes (actions.md §13, platform.md §6 and §11)."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from gsrules.errors import InputError, RunError
from gsrules.run import deadline
from gsrules.run.batch import run_all
from gsrules.run.deadline import Deadline
from gsrules.run.engine import RunOptions, RunResult, run_rule
from gsrules.run.workspace import Workspace
from tests.conftest import write_files

DATE = dt.date(2026, 11, 23)
TASKS = """
tasks:
  Rows: {type: fetch, object: company, show: [Gsid, Name, Industry, Employees]}
"""
LOAD = """
  - action: load_to_company
    id: {id}
    from: Rows
    operation: {operation}
    identifiers: [Name]
    fields: {{Name: {{expression: "concat([Name], '{suffix}')"}}, Industry: Name}}
"""
RECORDS = "Name,Industry,Employees\nAlpha,A,1\nBeta,B,\n"


def made(folder: Path, body: str, toml: str = "", files: dict[str, str] | None = None) -> Workspace:
    shared = {
        "gsrules.toml": toml,
        "datasets/records/company.csv": RECORDS,
        "rules/rule.yml": "rule: A rule\n" + body,
    }
    write_files(folder, shared | (files or {}))
    return Workspace.open(folder)


def ran(workspace: Workspace, mode: Any = "live", **options: Any) -> RunResult:
    with workspace.tenant(mode) as tenant:
        return run_rule(workspace, "rule", RunOptions(rule_date=DATE, mode=mode, **options), tenant)


def rows(workspace: Workspace, query: str) -> list[tuple[Any, ...]]:
    with workspace.tenant("read") as tenant:
        return tenant.con.execute(query).fetchall()


def profile(**keys: object) -> str:
    lines = (f'"run.{key}" = {value}' for key, value in keys.items())
    return "[profile]\n" + "\n".join(lines) + "\n"


# -- run.action_visibility --


def two_loads(folder: Path, visibility: str) -> Workspace:
    first = LOAD.format(id="Make", operation="upsert", suffix=" new")
    then = LOAD.format(id="Change", operation="update", suffix=" new").replace("Industry: Name", "Industry: Industry")
    toml = profile(
        action_visibility=f'"{visibility}"',
    )
    return made(folder, TASKS + "actions:" + first + then, toml)


def test_a_later_action_sees_what_an_earlier_one_wrote(tmp_path: Path) -> None:
    workspace = two_loads(tmp_path, "sequential")
    make, change = ran(workspace).report.actions
    assert (make.counts.created, change.counts.updated, change.counts.failed) == (2, 2, 0)


def test_under_snapshot_every_action_sees_the_store_as_it_was_before_the_run(tmp_path: Path) -> None:
    workspace = two_loads(tmp_path, "snapshot")
    report = ran(workspace).report
    make, change = report.actions
    assert (make.counts.created, change.counts.updated, change.counts.failed) == (2, 0, 2)
    assert [group.code for group in change.errors] == ["NO_RECORD_TO_UPDATE"]
    assert report.status == "PARTIAL_SUCCESS"
    names = rows(workspace, "SELECT Name FROM company ORDER BY Name")
    assert names == [("Alpha",), ("Alpha new",), ("Beta",), ("Beta new",)]


def test_under_snapshot_the_writes_of_all_actions_are_kept_as_decided(tmp_path: Path) -> None:
    body = TASKS + "actions:" + LOAD.format(id="One", operation="update", suffix="")
    second = LOAD.format(id="Two", operation="update", suffix="")
    second = second.replace("Industry: Name", "Employees: {expression: '[Employees] + 41'}")
    workspace = made(tmp_path, body + second, profile(action_visibility='"snapshot"'))
    one, two = ran(workspace).report.actions
    assert (one.counts.updated, two.counts.updated, two.counts.unchanged) == (2, 1, 1)
    found = rows(workspace, "SELECT Name, Industry, Employees::INT FROM company ORDER BY Name")
    assert found == [("Alpha", "Alpha", 42), ("Beta", "Beta", None)]


# -- run.test_run --


def test_a_dry_run_can_count_criteria_alone_as_the_test_run_of_gainsight(tmp_path: Path) -> None:
    body = TASKS + "actions:" + LOAD.format(id="Make", operation="upsert", suffix=" new") + "    when: Employees = 1\n"
    workspace = made(tmp_path, body, profile(test_run='"criteria_only"'))
    dry = ran(workspace, "dry_run", artifacts=True).report
    counts = dry.actions[0].counts
    assert (counts.received, counts.matched, counts.filtered_null, counts.created) == (2, 1, 1, 0)
    assert dry.status == "SUCCESS"
    assert "GS-RUN-CRITERIA" in [problem.code for problem in dry.warnings]
    assert ran(workspace).report.actions[0].counts.created == 1


# -- deactivation --

WRONG = TASKS.replace("Industry", "Industri")
FAILING = TASKS + "actions:" + LOAD.format(id="Change", operation="update", suffix=" nowhere")


def marks(workspace: Workspace) -> list[tuple[Any, ...]]:
    return rows(workspace, "SELECT rule, reason FROM gs_deactivated_rule")


def test_a_query_error_deactivates_a_rule_where_the_profile_says_so(tmp_path: Path) -> None:
    workspace = made(tmp_path, WRONG, profile(auto_deactivate='"on"'))
    with pytest.raises(InputError, match="GS-NAME"):
        ran(workspace)
    assert marks(workspace) == [("rule", "it failed with INVALID_FIELD (run.auto_deactivate)")]


def test_by_default_a_query_error_leaves_the_rule_active(tmp_path: Path) -> None:
    workspace = made(tmp_path, WRONG)
    with pytest.raises(InputError, match="GS-NAME"):
        ran(workspace)
    assert marks(workspace) == []


def test_a_rule_that_failed_too_often_in_a_row_is_deactivated_until_its_file_changes(tmp_path: Path) -> None:
    toml = profile(disable_after_failures=2, inactive_run_now='"refuse"')
    workspace = made(tmp_path, FAILING, toml)
    assert "GS-RUN-DEACTIVATED" not in [problem.code for problem in ran(workspace).report.warnings]
    assert "GS-RUN-DEACTIVATED" in [problem.code for problem in ran(workspace).report.warnings]
    assert marks(workspace) == [("rule", "it failed 2 times in a row (run.disable_after_failures)")]
    with pytest.raises(InputError, match="GS-RUN-DEACTIVATED"):
        ran(workspace)
    path = tmp_path / "rules/rule.yml"
    path.write_text(path.read_text().replace("operation: update", "operation: upsert"))
    assert ran(Workspace.open(tmp_path)).report.status == "SUCCESS"


def test_a_success_between_failures_begins_the_count_anew(tmp_path: Path) -> None:
    workspace = made(tmp_path, FAILING, profile(disable_after_failures=2))
    ran(workspace)
    path = tmp_path / "rules/rule.yml"
    before = path.read_text()
    path.write_text(before.replace("operation: update", "operation: upsert"))
    ran(Workspace.open(tmp_path))
    with Workspace.open(tmp_path).tenant() as tenant:
        tenant.con.execute("DELETE FROM tenant.main.company WHERE Name LIKE '% nowhere'")
    path.write_text(before)
    assert ran(Workspace.open(tmp_path)).report.status == "FAILURE"
    assert marks(workspace) == []


def test_a_dry_run_deactivates_nothing(tmp_path: Path) -> None:
    workspace = made(tmp_path, FAILING, profile(disable_after_failures=1))
    assert ran(workspace, "dry_run").report.status == "FAILURE"
    ran(workspace, "dry_run")
    assert marks(workspace) == []


def test_a_deactivated_rule_of_a_chain_is_left_out(tmp_path: Path) -> None:
    chain = {
        "rules/all.chain.yml": "chain: All\nrules:\n  - rule: [after]\n",
        "rules/after.yml": "rule: After\n" + TASKS,
    }
    workspace = made(tmp_path, FAILING, profile(disable_after_failures=1), chain)
    first = run_all(workspace, ["all"], RunOptions(rule_date=DATE), None)
    assert [report.status for report in first.reports] == ["FAILURE"]
    second = run_all(workspace, ["all"], RunOptions(rule_date=DATE), None)
    assert second.reports == []
    assert [(left.rule, "not active" in left.reason) for left in second.not_run] == [("rule", True), ("after", True)]


# -- run.timeout_minutes --

ENDLESS = "SELECT count(*) FROM range(100000000) a, range(1000000) b WHERE a.range + b.range = -1"


def test_a_statement_is_interrupted_when_the_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadline, "SECONDS_A_MINUTE", 0.2)
    con = duckdb.connect()
    began = time.monotonic()
    with Deadline(con, 1) as watch:
        with pytest.raises(duckdb.InterruptException):
            con.execute(ENDLESS)
        assert watch.passed
        with pytest.raises(RunError, match="GS-RUN-ABORTED"):
            watch.check()
        watch.stop()
        assert con.execute("SELECT 1").fetchall() == [(1,)]
    assert time.monotonic() - began < 20


def test_a_run_without_a_limit_is_not_watched() -> None:
    con = duckdb.connect()
    with Deadline(con, None) as watch:
        watch.check()
        assert not watch.passed


def test_a_run_that_takes_too_long_fails_and_applies_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = TASKS + "actions:" + LOAD.format(id="Make", operation="upsert", suffix=" new")
    workspace = made(tmp_path, body, profile(timeout_minutes=1))
    assert ran(workspace, "dry_run").report.status == "SUCCESS"
    monkeypatch.setattr(deadline, "SECONDS_A_MINUTE", 0.0)
    report = ran(workspace).report
    assert (report.status, [problem.code for problem in report.problems]) == ("FAILURE", ["GS-RUN-ABORTED"])
    assert rows(workspace, "SELECT count(*) FROM company") == [(2,)]
    with workspace.tenant("read") as tenant:
        assert [record.status for record in tenant.runs.latest()] == ["FAILURE"]
