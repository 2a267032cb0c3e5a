"""Coverage adds up over the tests of a rule, tells what is missing, and gives 0 for rules without tests."""

from __future__ import annotations

from pathlib import Path

from gsrules.regress.coverage import CoverageObserver, CoverageReport
from gsrules.regress.coverage.report import percent
from gsrules.regress.suite import SuiteOptions, run_tests
from gsrules.run.workspace import Workspace
from gsrules.views.coverage import coverage_text
from tests.conftest import FILES, dedented


def covered(project: Path, tests: str | None = None) -> CoverageReport:
    (project / "tests/usage.yml").write_text(tests or dedented(FILES["tests/usage.yml"]), encoding="utf-8")
    workspace = Workspace.open(project, project)
    observer = CoverageObserver()
    run_tests(workspace, [], None, SuiteOptions(observer=observer))
    return observer.report(workspace, workspace.rule_ids())


MORE = """
  - name: Enough usage, other accounts, and no company
    rule_date: 2026-11-23
    given:
      records:
        gsuser: [{Name: Owner, Email: owner@example.com}]
        company:
          - {Name: Busy, ExternalId: B-1, Status: Active}
          - {Name: Gone, ExternalId: C-1, Status: Churn}
          - {Name: Unknown, ExternalId: D-1}
          - {Name: Idle, ExternalId: E-1, Status: Active}
        usage__gc: [{Company__gc.ExternalId: B-1, Logins__gc: 80}]
      files:
        gainsight-managed/input/usage-2026-11-22.csv: |
          Account ID,Logins
          B-1,40
          B-1,40
          X-1,1
    expect: {status: SUCCESS}
"""


def test_what_one_test_leaves_another_one_takes(project: Path) -> None:
    rule = covered(project).rule("usage")
    assert rule is not None
    assert rule.tests == 1
    missed = {f"{branch.name}: {branch.text} {branch.side}" for branch in rule.missed}
    assert missed == {
        "By account: [Account ID] several rows",
        "Companies: Status in ('Active') false",
        "Companies: Status in ('Active') null",
        "Joined: By account: ExternalId = Account ID left alone, dropped",
        "Joined: By account: ExternalId = Account ID right alone, dropped",
        "Write usage: updated reached",
        "Write usage: unchanged reached",
        "Low usage: Logins < :least false",
        "Low usage: Logins < :least null",
        "Low usage: unchanged reached",  # it has no comment and no playbook to add
        "Low usage: skipped reached",
    }
    both = covered(project, dedented(FILES["tests/usage.yml"]) + MORE).rule("usage")
    assert both is not None
    assert both.tests == 2
    left = {f"{branch.name}: {branch.text} {branch.side}" for branch in both.missed}
    assert missed - left == {
        "By account: [Account ID] several rows",
        "Companies: Status in ('Active') false",
        "Companies: Status in ('Active') null",
        "Joined: By account: ExternalId = Account ID left alone, dropped",
        "Joined: By account: ExternalId = Account ID right alone, dropped",
        "Write usage: unchanged reached",
        "Low usage: Logins < :least false",
    }
    assert both.seen["task Companies/condition/Status in ('Active')/false"] == (
        "tests/usage.yml::Enough usage, other accounts, and no company"
    )


def test_figures_are_per_task_and_action_per_rule_and_in_total(project: Path) -> None:
    report = covered(project)
    rule = report.rule("usage")
    assert rule is not None
    parts = {owner.name: (owner.exercised, owner.total) for owner in rule.owners}
    assert parts == {
        "By account": (0, 1),
        "Companies": (1, 3),
        "Joined": (1, 3),
        "Write usage": (1, 3),
        "Low usage": (2, 6),
    }
    assert (rule.exercised, rule.total, rule.percent) == (5, 16, 31.2)
    again = report.rule("again")
    assert again is not None
    assert (report.exercised, report.total) == (5 + again.exercised, 16 + again.total)


def test_a_rule_without_tests_has_exercised_nothing_but_what_there_is_is_known(project: Path) -> None:
    (project / "rules/untested.yml").write_text(
        dedented(
            """
            rule: Untested
            tasks:
              Companies: {type: fetch, object: company, show: [Gsid], where: Status in ('Active')}
            """
        ),
        encoding="utf-8",
    )
    report = covered(project)
    rule = report.rule("untested")
    assert rule is not None
    assert (rule.tests, rule.exercised, rule.total, rule.percent) == (0, 0, 3, 0.0)
    again = report.rule("again")
    assert again is not None
    assert (again.total, again.percent) == (0, 0.0)  # nothing to exercise, and yet no test
    assert "again" in coverage_text(report)
    assert "no test" in coverage_text(report)


def test_a_rule_that_cannot_be_bound_says_why_it_has_no_branches(project: Path) -> None:
    (project / "rules/broken.yml").write_text(
        "rule: Broken\ntasks:\n  A: {type: fetch, object: compny, show: [Gsid]}\n", encoding="utf-8"
    )
    report = covered(project)
    rule = report.rule("broken")
    assert rule is not None
    assert [problem.code for problem in rule.problems] == ["GS-NAME"]
    assert "broken: its branches cannot be listed" in coverage_text(report)


def test_the_steps_of_a_test_count_for_the_rules_that_they_run(project: Path) -> None:
    steps = """
rule: usage
rule_date: 2026-11-23
tests:
  - name: Two rules
    given:
      records:
        company: [{Name: Acme, ExternalId: A-1, Status: Active}]
      files:
        gainsight-managed/input/usage-2026-11-22.csv: |
          Account ID,Logins
          A-1,12
    steps:
      - {name: first, expect: {status: SUCCESS}}
      - {name: second, rule: again, expect: {status: SUCCESS}}
"""
    report = covered(project, steps)
    assert {rule.rule: rule.tests for rule in report.rules} == {"usage": 1, "again": 1}


def test_a_hundred_percent_is_only_all_of_it() -> None:
    assert percent(999, 1000) == 99.9
    assert percent(9999, 10000) == 99.9
    assert percent(10000, 10000) == 100.0
    assert percent(0, 0) == 100.0


def test_the_text_names_place_and_need_of_what_was_missed(project: Path) -> None:
    text = coverage_text(covered(project))
    assert "  usage  " in text
    assert " 31.2 %  5 of 16" in text
    assert "  action Low usage\n    condition Logins < :least: false  " in text
    assert "      needs a row for which `Logins < :least` is false" in text


def test_the_json_has_figures_and_the_missed_branches_with_their_places(project: Path) -> None:
    shown = covered(project).as_json()
    rule = next(each for each in shown["rules"] if each["rule"] == "usage")
    assert {key: rule[key] for key in ("tests", "exercised", "total", "percent")} == {
        "tests": 1, "exercised": 5, "total": 16, "percent": 31.2,
    }  # fmt: skip
    missed = next(each for each in rule["missed"] if each["text"] == "Logins < :least" and each["side"] == "false")
    assert missed["action"] == "Low usage"
    lines = dedented(FILES["rules/usage.yml"]).splitlines()
    assert lines[missed["line"] - 1][missed["column"] - 1 :] == "Logins < :least"
    assert missed["need"] == "needs a row for which `Logins < :least` is false"
