"""Guards: `expect:` of rules and actions, held against what a run would do before anything of it is kept."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from gsrules.errors import InputError
from gsrules.regress.suite import run_tests
from gsrules.run.check import validate_project
from gsrules.run.engine import RunOptions, RunResult, run_rule
from gsrules.run.workspace import Workspace
from gsrules.spec.schema import rule_schema
from gsrules.views.report import show
from tests.conftest import write_files

DATE = dt.date(2026, 11, 23)
RULE = """
rule: Guarded
{rule}
tasks:
  Rows: {{type: fetch, object: company, show: [Gsid as Company GSID, Name, Industry, Csm as CSM]}}
actions:
  - action: create_cta
    id: Open
    from: Rows
    company: Company GSID
    name: Look at ${{Name}}
    type: Risk
    reason: Usage Drop
    priority: High
    status: New
    owner: {{column: CSM, default: one@example.com}}
    due: {{days: 5}}
    identifiers: [type, reason, name]
    {action}
"""
# Alpha and Beta are One's, Gamma is Two's, Delta nobody's: the default, One's.
RECORDS = """
Name,Industry,Csm.Email
Alpha,Retail,one@example.com
Beta,Retail,one@example.com
Gamma,Media,two@example.com
Delta,,
"""


def made(folder: Path, action: str = "", rule: str = "") -> Workspace:
    write_files(
        folder,
        {
            "gsrules.toml": "",
            "datasets/picklists.yml": "cta_reasons: {Risk: [Usage Drop]}\n",
            "datasets/records/gsuser.csv": "Name,Email\nOne,one@example.com\nTwo,two@example.com\n",
            "datasets/records/company.csv": RECORDS,
            "rules/guarded.yml": RULE.format(action=action, rule=rule),
        },
    )
    return Workspace.open(folder)


def ran(workspace: Workspace, mode: Any = "live", **options: Any) -> RunResult:
    with workspace.tenant(mode) as tenant:
        return run_rule(workspace, "guarded", RunOptions(rule_date=DATE, mode=mode, **options), tenant)


def ctas(workspace: Workspace) -> int:
    with workspace.tenant("read") as tenant:
        return int(tenant.con.execute("SELECT count(*) FROM call_to_action").fetchall()[0][0])


@pytest.mark.parametrize(
    "expect",
    [
        '{created: "<= 4"}',
        "{created: 4}",
        '{created: "= 4", failed: 0, skipped: "== 0"}',
        '{created: [">= 1", "< 5"]}',
        '{created: "<= 100%", failed: "<= 0%"}',
        '{created: "!= 3", matched: "100%"}',
        '{records_written: 4, unchanged: 0, updated: "<1", closed: 0}',
        '{per: {company: "<= 1", owner: "<= 3", Industry: "<= 2", CSM: "<=2"}}',
        '{per: {owner: "<= 75%", OwnerId: 3, "[Industry]": "> 1", "Company GSID": 1}}',
    ],
)
def test_a_run_within_its_bounds_is_applied(tmp_path: Path, expect: str) -> None:
    workspace = made(tmp_path, f"expect: {expect}")
    assert (ran(workspace).report.status, ctas(workspace)) == ("SUCCESS", 4)


def test_the_report_of_a_guarded_run_tells_that_its_counts_were_not_applied(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = made(tmp_path, "expect: {created: 1}")
    show([ran(workspace, "live").report])
    assert "not applied: 4 created" in capsys.readouterr().out
    show([ran(workspace, "dry_run").report])
    assert "not applied" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("expect", "words"),
    [
        ('{created: "<= 3"}', "expects created <= 3, but 4 rows would be created"),
        ("{created: 5}", "expects created 5, but 4 rows would be created"),
        ('{created: "< 100%"}', "expects created < 100%, but 4 rows would be created: 100.0% of 4"),
        ('{matched: [">= 1", "<= 3"]}', "expects matched <= 3, but 4 rows matched"),
        ('{records_written: "<= 3"}', "but 4 records would be written"),
        ('{per: {owner: "<= 2"}}', "expects per owner <= 2, but 3 rows for 'One' (1P01"),
        ('{per: {Industry: "< 2"}}', "expects per Industry < 2, but 2 rows for 'Retail' would be written"),
        ('{per: {owner: "<= 50%"}}', "would be written: 75.0% of 4"),
    ],
)
def test_a_run_beyond_its_bounds_applies_nothing(tmp_path: Path, expect: str, words: str) -> None:
    workspace = made(tmp_path, f"expect: {expect}")
    for mode in ("dry_run", "live"):
        report = ran(workspace, mode).report
        assert (report.status, [problem.code for problem in report.problems]) == ("FAILURE", ["GS-GUARD"])
        assert words in report.problems[0].message
        assert report.problems[0].place is not None
        assert report.actions[0].counts.created == 4
    assert ctas(workspace) == 0


def test_a_guard_of_the_rule_adds_up_its_actions(tmp_path: Path) -> None:
    made(tmp_path, rule='expect: {created: "<= 7", failed: 0, per: {owner: "<= 6"}}')
    path = tmp_path / "rules/guarded.yml"
    action = path.read_text().split("actions:\n")[1].replace("id: Open", "id: Other").replace("Look", "Go")
    path.write_text(path.read_text() + action)
    report = ran(Workspace.open(tmp_path)).report
    (problem,) = report.problems
    assert "the rule expects created <= 7, but 8 rows would be created" in problem.message
    path.write_text(path.read_text().replace("<= 7", "<= 8"))
    assert ran(Workspace.open(tmp_path)).report.status == "SUCCESS"


def test_every_broken_bound_is_told_at_once(tmp_path: Path) -> None:
    workspace = made(
        tmp_path, 'expect: {created: "<= 3", per: {owner: "<= 1", Industry: "<= 1"}}', "expect: {created: 1}"
    )
    assert [problem.where for problem in ran(workspace).report.problems] == ["rule", "Open", "Open", "Open"]


def test_the_rows_of_a_run_that_was_not_applied_can_be_looked_at(tmp_path: Path) -> None:
    workspace = made(tmp_path, "expect: {created: 0}")
    result = ran(workspace, artifacts=True)
    folder = tmp_path / str(result.report.artifacts)
    with workspace.tenant("read") as tenant:
        rows = tenant.con.execute(f"SELECT outcome FROM '{folder}/effects/1-Open.parquet'").fetchall()
    assert rows == [("created",)] * 4
    assert (folder / "datasets/Rows.parquet").is_file()


def test_a_broken_guard_takes_back_what_actions_before_it_did(tmp_path: Path) -> None:
    workspace = made(tmp_path)
    path = tmp_path / "rules/guarded.yml"
    action = path.read_text().split("actions:\n")[1].replace("id: Open", "id: Other").replace("Look", "Go")
    path.write_text(path.read_text() + action + '    expect: {created: "<= 1"}\n')
    assert ran(Workspace.open(tmp_path)).report.status == "FAILURE"
    assert ctas(workspace) == 0


def test_validation_knows_names_and_comparisons(tmp_path: Path) -> None:
    workspace = made(tmp_path, 'expect: {per: {ownr: "<= 1"}}')
    found = [problem for problem in validate_project(workspace, ["guarded"]).errors if problem.code == "GS-NAME"]
    assert [(problem.value, problem.nearest) for problem in found] == [("ownr", "Owner")] or found[0].nearest
    with pytest.raises(InputError, match="GS-NAME"):
        ran(workspace)


@pytest.mark.parametrize(
    ("expect", "code"),
    [
        ('{created: "about 5"}', "GS-SPEC-VALUE"),
        ("{created: true}", "GS-SPEC-VALUE"),
        ("{created: -1}", "GS-SPEC-VALUE"),
        ('{created: "<= 101%"}', "GS-SPEC-VALUE"),
        ("{created: []}", "GS-SPEC-EMPTY"),
        ("{}", "GS-SPEC-EMPTY"),
        ("{craeted: 1}", "GS-SPEC-KEY"),
    ],
)
def test_what_is_no_comparison_is_refused_with_its_place(tmp_path: Path, expect: str, code: str) -> None:
    workspace = made(tmp_path, f"expect: {expect}")
    (problem,) = validate_project(workspace, ["guarded"]).errors
    assert problem.code == code
    assert problem.place is not None
    assert problem.place.text.strip().startswith("expect:")


def test_the_schema_of_rules_knows_guards(workspace: Workspace) -> None:
    import jsonschema

    schema = rule_schema(workspace.kinds)
    rule = {"rule": "Any", "tasks": {"Rows": {"type": "fetch", "object": "company", "show": ["Name"]}}}
    jsonschema.validate({**rule, "expect": {"created": ["<= 5%", 3], "per": {"owner": "<= 10"}}}, schema)
    for wrong in ({"created": "many"}, {"created": -1}, {"made": 1}, {"per": {"owner": "few"}}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**rule, "expect": wrong}, schema)


def test_a_rule_test_can_expect_a_broken_guard(tmp_path: Path) -> None:
    workspace = made(tmp_path, 'expect: {created: "<= 3"}')
    test = """
    rule: guarded
    rule_date: 2026-11-23
    tests:
      - name: too many
        given: {seed: true}
        expect:
          status: FAILURE
          errors: [GS-GUARD]
          actions: {Open: {created: {count}}}
          tenant: {call_to_action: []}
    """
    for count, passes in ((4, True), (5, False)):
        write_files(tmp_path, {"tests/guarded.yml": test.replace("{count}", str(count))})
        assert [test.passed for test in run_tests(workspace, []).tests] == [passes]
