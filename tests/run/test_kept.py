"""Kept runs: found by name, read back, sampled."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import duckdb
import pytest

from gsrules.errors import InputError
from gsrules.run.batch import run_all
from gsrules.run.engine import RunOptions
from gsrules.run.kept import KeptRun, find_run, first_effects, first_rows, runs_folder
from gsrules.run.record_names import gsids_in, record_names, with_names
from gsrules.run.report import RunReport
from gsrules.run.workspace import Workspace

DATE = dt.date(2026, 11, 23)
COMPANY = "1P02" + "0000000000LOCAL"[:14] + "0" * 17 + "1"


def run(workspace: Workspace, *rules: str) -> list[RunReport]:
    return run_all(workspace, rules, RunOptions(rule_date=DATE, artifacts=True), None).reports


def test_a_kept_run_reads_back_as_it_was_reported(workspace: Workspace) -> None:
    (report,) = run(workspace, "usage")
    kept = find_run(workspace, report.run_id)
    assert kept.report.as_json() == report.as_json()
    assert kept.rule is not None
    assert kept.rule.name == "Load usage"


def test_a_run_of_a_rule_that_is_gone_reads_back(workspace: Workspace) -> None:
    (report,) = run(workspace, "again")
    (workspace.project.rules_dir / "again.yml").unlink()
    kept = find_run(workspace, "last")
    assert kept.report.as_json() == report.as_json()
    assert kept.rule is not None


def test_a_failed_run_reads_back_with_its_problems(workspace: Workspace) -> None:
    (workspace.project.datasets_dir / "s3/gainsight-managed/input/usage-2026-11-22.csv").unlink()
    (report,) = run(workspace, "usage")
    kept = find_run(workspace, "last").report
    assert kept.status == "FAILURE"
    assert kept.as_json() == report.as_json()


def test_last_is_the_run_that_started_last_within_a_second_too(workspace: Workspace) -> None:
    reports = run(workspace, "usage", "again")
    folder = runs_folder(workspace)
    for name, report in zip(("20261123-000000-ffff", "20261123-000000-0000"), reports, strict=True):
        (folder / report.run_id).rename(folder / name)
    assert find_run(workspace, "last").report.rule == "again"


def test_the_beginning_of_an_id_is_enough_if_it_is_the_only_one(workspace: Workspace) -> None:
    reports = run(workspace, "usage", "again")
    folder = runs_folder(workspace)
    for name, report in zip(("20261123-000000-ffff", "20261123-000001-0000"), reports, strict=True):
        (folder / report.run_id).rename(folder / name)
    assert find_run(workspace, "20261123-000000").report.rule == "usage"
    with pytest.raises(InputError, match="2 runs begin with '20261123'"):
        find_run(workspace, "20261123")
    with pytest.raises(InputError, match="there is no kept run 'x'"):
        find_run(workspace, "x")


def test_without_any_run_the_error_says_how_to_make_one(workspace: Workspace) -> None:
    with pytest.raises(InputError) as raised:
        find_run(workspace, "last")
    assert "gsrules run" in raised.value.problems[0].hint


@pytest.mark.parametrize("text", ["{", "[]", '{"run_id": 1}', '{"tasks": [1]}'])
def test_a_broken_report_is_an_error_in_words(workspace: Workspace, text: str) -> None:
    (report,) = run(workspace, "again")
    (runs_folder(workspace) / report.run_id / "report.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="GS-RUN: the report of the run cannot be read"):
        find_run(workspace, report.run_id)


def test_a_run_is_read_without_its_rule_where_that_cannot_be_read(workspace: Workspace) -> None:
    (report,) = run(workspace, "again")
    (runs_folder(workspace) / report.run_id / "rule.yml").write_text("rule: Count\nfrom: the future\n")
    kept = find_run(workspace, report.run_id)
    assert kept.rule is None
    assert "the future" in kept.text


def test_first_rows_are_capped_and_in_the_order_of_their_numbers(workspace: Workspace) -> None:
    run(workspace, "usage")
    kept = find_run(workspace, "last")
    with duckdb.connect() as connection:
        rows = first_rows(connection, kept.dataset_file("Joined"), 1)
        nothing = first_rows(connection, kept.dataset_file("By account"), 1)
    assert rows is not None
    assert (rows.total, len(rows.rows)) == (2, 1)
    assert rows.columns[0] == ("__row", "BIGINT")
    assert rows.rows[0][0] == 1
    assert nothing is None


def test_first_effects_show_every_outcome_and_code_before_more_of_the_same(tmp_path: Path) -> None:
    path = tmp_path / "odd [name] *.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE e AS SELECT i AS row, CASE WHEN i = 900 THEN 'failed' ELSE 'created' END AS outcome, "
            "CASE WHEN i = 900 THEN 'TYPE_MISMATCH' END AS code FROM range(1, 1001) t(i)"
        )
        connection.execute("COPY e TO '" + str(path) + "' (FORMAT parquet)")
        found = first_effects(connection, path, 3)
    assert found is not None
    assert found.total == 1000
    assert [row[0] for row in found.rows] == [1, 2, 900]


def test_gsids_get_the_names_of_records_and_the_labels_of_options(workspace: Workspace) -> None:
    run(workspace, "usage")
    kept: KeptRun = find_run(workspace, "last")
    with duckdb.connect() as connection:
        effects = first_effects(connection, kept.effects_file(2, "Low usage"), 10)
    assert effects is not None
    after = dict(zip([name for name, _ in effects.columns], effects.rows[0], strict=True))["after"]
    gsids = gsids_in(value for value in after.values() if isinstance(value, str))
    names = record_names(workspace, gsids)
    shown = {field: names.get(after[field]) for field in ("CompanyId", "TypeId", "ReasonId", "PriorityId", "OwnerId")}
    assert shown == {
        "CompanyId": "Alpha",
        "TypeId": "Risk",
        "ReasonId": "Usage Drop",
        "PriorityId": "High",
        "OwnerId": "Owner",
    }


def test_only_known_gsids_are_named_within_a_text() -> None:
    unknown = COMPANY[:-1] + "2"
    text = f"{COMPANY}, {unknown} and x{COMPANY}"
    assert with_names(text, {COMPANY: "Acme"}) == [(COMPANY, "Acme"), ("", f", {unknown} and x{COMPANY}")]


def test_names_of_options_are_known_without_a_tenant(workspace: Workspace) -> None:
    item = workspace.catalogue.cockpit_items[0]
    assert not workspace.project.store.exists()
    assert record_names(workspace, [item.gsid, COMPANY]) == {item.gsid: item.name}


def test_the_report_of_a_kept_run_is_plain_json(workspace: Workspace) -> None:
    run(workspace, "usage")
    kept = find_run(workspace, "last")
    assert json.loads((kept.folder / "report.json").read_text()) == kept.report.as_json()
