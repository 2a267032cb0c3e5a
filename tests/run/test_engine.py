"""A run: one transaction, the same way dry and live, nothing changed when it fails."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import duckdb
import pytest

from gsrules.errors import InputError
from gsrules.run.batch import run_all
from gsrules.run.check import validate_project
from gsrules.run.engine import RunOptions, RunResult, run_rule
from gsrules.run.workspace import Workspace
from tests.conftest import FILES, write_files

DATE = dt.date(2026, 11, 23)
USAGE = "datasets/s3/gainsight-managed/input/usage-2026-11-22.csv"


def ran(workspace: Workspace, mode: str = "live", **options: object) -> RunResult:
    with workspace.tenant(mode) as tenant:  # type: ignore[arg-type]
        return run_rule(workspace, "usage", RunOptions(rule_date=DATE, mode=mode, **options), tenant)  # type: ignore[arg-type]


def records(workspace: Workspace, table: str) -> int:
    with workspace.tenant("read") as tenant:
        row = tenant.con.execute(f"SELECT count(*) FROM {table}").fetchone()
        assert row is not None
        return int(row[0])


def counts(result: RunResult) -> list[tuple[str, int, int, int, int]]:
    return [
        (action.id, action.counts.received, action.counts.matched, action.counts.created, action.counts.unchanged)
        for action in result.report.actions
    ]


def test_a_live_run_writes_and_reports_every_task_and_action(workspace: Workspace) -> None:
    result = ran(workspace)
    assert result.report.status == "SUCCESS"
    assert {task.task: task.rows for task in result.report.tasks} == {
        "Usage file": 4,
        "By account": 3,
        "Companies": 2,
        "Joined": 2,
    }
    assert counts(result) == [("Write usage", 2, 2, 2, 0), ("Low usage", 2, 1, 1, 0)]
    assert (records(workspace, "usage__gc"), records(workspace, "call_to_action")) == (2, 1)


def test_a_dry_run_decides_the_same_and_keeps_nothing(workspace: Workspace) -> None:
    dry = ran(workspace, "dry_run")
    assert (records(workspace, "usage__gc"), records(workspace, "call_to_action")) == (0, 0)
    assert counts(dry) == counts(ran(workspace))
    assert dry.report.mode == "dry_run"


def test_a_second_run_finds_nothing_to_change(workspace: Workspace) -> None:
    ran(workspace)
    again = ran(workspace)
    assert counts(again)[0] == ("Write usage", 2, 2, 0, 2)
    assert records(workspace, "call_to_action") == 1


def test_counts_of_every_action_add_up(workspace: Workspace) -> None:
    for action in ran(workspace).report.as_json()["actions"]:
        parts = ("created", "updated", "closed", "unchanged", "skipped", "failed")
        assert action["matched"] == sum(action[part] for part in parts)
        assert action["received"] >= action["matched"]


def test_a_missing_file_fails_the_run_and_names_the_key(workspace: Workspace) -> None:
    with workspace.tenant() as tenant:
        result = run_rule(workspace, "usage", RunOptions(rule_date=dt.date(2026, 1, 1)), tenant)
    assert result.report.status == "FAILURE"
    (problem,) = result.report.problems
    assert problem.code == "GS-FILE-MISSING"
    assert "usage-2025-12-31.csv" in problem.message + problem.value
    assert records(workspace, "usage__gc") == 0


def test_a_bad_value_fails_the_run_names_file_line_column_and_value_and_changes_nothing(project: Path) -> None:
    (project / USAGE).write_text("Account ID,Logins\nA-1,5\nB-1,many\n", encoding="utf-8")
    workspace = Workspace.open(project, project)
    result = ran(workspace)
    assert result.report.status == "FAILURE"
    (problem,) = result.report.problems
    shown = f"{problem.message} {problem.where} {problem.value} {problem.place}"
    assert problem.code == "GS-FILE-VALUE"
    for part in ("usage-2026-11-22.csv", "3", "Logins", "many"):
        assert part in shown
    assert (records(workspace, "usage__gc"), records(workspace, "call_to_action")) == (0, 0)


def test_a_misspelt_header_fails_the_run_and_names_the_nearest(project: Path) -> None:
    (project / USAGE).write_text("Account Id,Logins\nA-1,5\n", encoding="utf-8")
    (problem,) = ran(Workspace.open(project, project)).report.problems
    assert problem.code == "GS-FILE-HEADER"
    assert "Account Id" in f"{problem.nearest} {problem.hint} {problem.message}"


def test_a_number_too_big_for_the_fast_form_is_computed_exactly(project: Path) -> None:
    (project / USAGE).write_text("Account ID,Logins\nA-1,9223372036854775807\nA-1,9223372036854775807\n")
    workspace = Workspace.open(project, project)
    ran(workspace)
    with workspace.tenant("read") as tenant:
        rows = tenant.con.execute('SELECT "Logins__gc" FROM usage__gc').fetchall()
    assert [int(value) for (value,) in rows] == [18446744073709551614]


def test_a_parameter_can_be_overridden_and_an_unknown_one_is_refused(workspace: Workspace) -> None:
    assert counts(ran(workspace, "dry_run", params={"least": "100"}))[1][2] == 2
    with pytest.raises(InputError) as caught:
        ran(workspace, "dry_run", params={"leats": "100"})
    assert caught.value.problems[0].nearest == "least"


def test_artefacts_hold_the_report_the_rule_datasets_and_effects(workspace: Workspace) -> None:
    result = ran(workspace, artifacts=True)
    assert result.report.artifacts is not None
    folder = workspace.project.root / result.report.artifacts
    assert json.loads((folder / "report.json").read_text()) == result.report.as_json()
    assert (folder / "rule.yml").read_text() == workspace.project.rule_path("usage").read_text()
    with duckdb.connect() as con:
        dataset = con.execute(f"SELECT count(*) FROM '{folder}/datasets/Joined.parquet'").fetchone()
        effects = con.execute(
            f"SELECT outcome, after.Logins__gc FROM '{folder}/effects/1-Write usage.parquet' ORDER BY row"
        ).fetchall()
    assert dataset == (2,)
    assert [(outcome, int(value)) for outcome, value in effects] == [("created", 20), ("created", 40)]


def test_a_chain_runs_in_order_and_later_rules_see_earlier_writes(workspace: Workspace) -> None:
    for mode in ("dry_run", "live"):
        reports = run_all(workspace, ["both"], RunOptions(rule_date=DATE, mode=mode), None).reports  # type: ignore[arg-type]
        assert [(report.rule, report.tasks[-1].rows) for report in reports] == [("usage", 2), ("again", 2)]


def test_a_rule_below_a_failed_one_does_not_run(workspace: Workspace) -> None:
    batch = run_all(workspace, ["both"], RunOptions(rule_date=dt.date(2026, 1, 1)), None)
    assert [(report.rule, report.status) for report in batch.reports] == [("usage", "FAILURE")]
    assert [(left_out.rule, left_out.reason) for left_out in batch.not_run] == [("again", "usage ended with FAILURE")]


def test_an_inactive_rule_of_a_chain_is_left_out_with_those_below_it(project: Path) -> None:
    rule = project / "rules/usage.yml"
    rule.write_text(rule.read_text().replace("params:", "active: false\nparams:"))
    batch = run_all(Workspace.open(project, project), ["both"], RunOptions(rule_date=DATE), None)
    assert batch.reports == []
    assert [left_out.rule for left_out in batch.not_run] == ["usage", "again"]


def test_a_parameter_goes_to_the_rules_of_a_chain_that_have_it(workspace: Workspace) -> None:
    options = RunOptions(rule_date=DATE, mode="dry_run", params={"least": "100"})
    reports = run_all(workspace, ["both"], options, None).reports
    assert [action.counts.matched for action in reports[0].actions] == [2, 2]
    with pytest.raises(InputError) as caught:
        run_all(workspace, ["both"], RunOptions(rule_date=DATE, params={"leats": "1"}), None)
    assert [problem.nearest for problem in caught.value.problems] == ["least"]


def test_a_mistake_in_a_later_rule_of_a_chain_stops_everything_before_it_begins(project: Path) -> None:
    write_files(project, FILES | {"rules/again.yml": "rule: Broken\ntasks:\n  T: {type: fetch, object: compnay}\n"})
    workspace = Workspace.open(project, project)
    with pytest.raises(InputError) as caught:
        run_all(workspace, ["both"], RunOptions(rule_date=DATE), None)
    assert caught.value.problems[0].nearest == "company"
    assert records(workspace, "usage__gc") == 0


def test_an_inactive_rule_runs_with_a_warning_or_is_refused_as_the_profile_says(project: Path) -> None:
    rule = project / "rules/usage.yml"
    rule.write_text(rule.read_text().replace("params:", "active: false\nparams:"))
    found = ran(Workspace.open(project, project), "dry_run").report
    assert (found.status, [problem.code for problem in found.warnings]) == ("SUCCESS", ["GS-RUN-INACTIVE"])
    (project / "gsrules.toml").write_text('[profile]\n"run.inactive_run_now" = "refuse"\n')
    with pytest.raises(InputError) as caught:
        ran(Workspace.open(project, project))
    assert caught.value.problems[0].code == "GS-RUN-INACTIVE"


def test_a_rule_of_a_chain_has_no_schedule_of_its_own(project: Path) -> None:
    rule = project / "rules/usage.yml"
    rule.write_text(rule.read_text().replace("params:", "schedule: {advanced: '0 0 6 ? * MON-FRI'}\nparams:"))
    found = validate_project(Workspace.open(project, project), [])
    assert [problem.code for problem in found.errors] == ["GS-SPEC-SCHEDULE"]


UNUSED = """\
rule: Unused
profile: {profile}
tasks:
  Companies: {{type: fetch, object: company, show: [Name, ARR]}}
  Shares: {{type: transform, from: Companies, formulas: {{Share: '1 / ([ARR] - [ARR])'}}}}
  Named: {{type: transform, from: Shares, show: [Name]}}
"""


@pytest.mark.parametrize(
    ("profile", "status"), [("{}", "SUCCESS"), ("{formula.divide_by_zero: error}", "FAILURE")], ids=["null", "error"]
)
def test_a_value_that_cannot_be_computed_fails_the_run_though_nobody_uses_it(
    tmp_path: Path, profile: str, status: str
) -> None:
    rule = UNUSED.format(profile=profile)
    records = "Name,ARR\nAlpha,5\n"
    write_files(tmp_path, {"rules/usage.yml": rule, "datasets/records/company.csv": records, "gsrules.toml": ""})
    report = ran(Workspace.open(tmp_path)).report
    assert report.status == status
    assert [problem.code for problem in report.problems] == (["GS-VALUE"] if status == "FAILURE" else [])
