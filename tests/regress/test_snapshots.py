"""Kept snapshots: readable, the same for the same effects, accepted on purpose."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from gsrules.catalogue.gsids import PATTERN
from gsrules.errors import InputError
from gsrules.regress.collecting import slug
from gsrules.regress.outcome import SuiteOutcome
from gsrules.regress.snapshots.accepting import Answer, accept
from gsrules.regress.snapshots.keeping import file_text
from gsrules.regress.suite import run_tests
from gsrules.run.workspace import Workspace
from gsrules.spec.load import load_snapshot
from gsrules.spec.yaml12 import parse_yaml
from gsrules.views.test_results import difference_text
from tests.conftest import dedented
from tests.regress.support import gsrules, suite, write_tests

TEST = """
    - name: Little usage, kept
      given: {fixtures: [acme, little]}
      snapshot: true
"""
KEPT = "tests/usage.snapshots/little-usage-kept.yml"

TWO_COMPANIES = """
    - name: Little usage, kept
      given:
        fixtures: [acme]
        records: {company: [{Name: Beta, ExternalId: B-1, Status: Active}]}
        files: {gainsight-managed/input/usage-2026-11-22.csv: "Account ID,Logins\\nA-1,12\\nB-1,40\\n"}
      snapshot: true
"""


def changed(project: Path, old: str, new: str) -> None:
    rule = project / "rules/usage.yml"
    text = rule.read_text(encoding="utf-8")
    assert old in text
    rule.write_text(text.replace(old, new), encoding="utf-8")


def updated(project: Path, tests: str = "") -> SuiteOutcome:
    return accept(suite(project, tests))


def said(outcome: SuiteOutcome) -> str:
    return "\n".join(difference_text(test) for test in outcome.tests)


def test_a_missing_snapshot_fails_with_how_to_make_it(project: Path) -> None:
    found = suite(project, TEST)
    assert found.failed == 1
    assert "gsrules test --update makes it" in said(found)
    assert not (project / KEPT).exists()


def test_a_kept_snapshot_is_readable_and_holds_no_gsid(project: Path) -> None:
    assert updated(project, TEST).passed == 1
    text = (project / KEPT).read_text(encoding="utf-8")
    assert not re.search(PATTERN, text)
    expected = """
        # What the test did when it was accepted. Made and compared by gsrules test; accept with --update.
        test: Little usage, kept
        runs:
        - rule: usage
          inputs:
            rule_date: 2026-11-23
            records: {company: 1, gsuser: 1}
            files:
              gainsight-managed/input/usage-2026-11-22.csv: {rows: 1, sha256: HASH}
          status: SUCCESS
          tasks: {Usage file: 1, By account: 1, Companies: 1, Joined: 1}
          written:
            call_to_action: {insert: 1}
            usage__gc: {insert: 1}
          actions:
            Write usage:
              counts: {received: 1, matched: 1, created: 1, records_written: 1}
              effects:
              - key: company(Name=Acme)
                outcome: created
                after: {Company__gc: company(Name=Acme), Logins__gc: 12}
            Low usage:
              counts: {received: 1, matched: 1, created: 1, records_written: 1}
              effects:
              - key: company(Name=Acme), Acme logs in little
                outcome: created
                record: call_to_action(Name=Acme logs in little)
                after: {Name: Acme logs in little, CompanyId: company(Name=Acme), TypeId: Risk, ReasonId: Usage Drop,
                  PriorityId: High, StatusId: New, OwnerId: gsuser(Name=Owner), DueDate: 2026-11-30, IsClosed: false}
        """
    assert re.sub("sha256: '?[0-9a-f]{12}'?", "sha256: HASH", text) == dedented(expected) or _close(text, expected)


def _close(text: str, expected: str) -> bool:
    """Equal as YAML, apart from the hash: where lines are broken is no matter."""
    found, wanted = (parse_yaml(each, "x").root for each in (text, dedented(expected)))
    for each in (found, wanted):
        file = each["runs"][0]["inputs"]["files"]["gainsight-managed/input/usage-2026-11-22.csv"]
        file["sha256"] = ""
    assert found == wanted
    return True


def test_the_same_effects_are_the_same_file(project: Path) -> None:
    updated(project, TWO_COMPANIES)
    first = (project / KEPT).read_bytes()
    (project / KEPT).unlink()
    updated(project)
    assert (project / KEPT).read_bytes() == first
    assert suite(project).passed == 1


def test_a_snapshot_does_not_depend_on_the_order_of_rows(project: Path) -> None:
    updated(project, TWO_COMPANIES)
    effects = load_snapshot(project / KEPT).runs[0].actions
    turned = TWO_COMPANIES.replace("A-1,12\\nB-1,40", "B-1,40\\nA-1,12")
    assert turned != TWO_COMPANIES
    found = suite(project, turned)
    assert found.passed == 1
    updated(project)
    again = load_snapshot(project / KEPT).runs[0].actions
    assert [action.effects for action in again.values()] == [action.effects for action in effects.values()]


def test_a_differing_snapshot_shows_the_rows_by_key(project: Path) -> None:
    updated(project, TWO_COMPANIES)
    changed(project, "Logins__gc: Logins", 'Logins__gc: {expression: "[Logins] + 1"}')
    changed(project, "priority: High", "priority: Low")
    found = suite(project)
    assert found.failed == 1
    (test,) = found.tests
    assert test.snapshot is not None
    cells = {row.key: dict(row.cells) for rows in test.snapshot.rows for row in rows.changed}
    assert {str(key): {name: (str(a), str(b)) for name, (a, b) in cell.items()} for key, cell in cells.items()} == {
        "company(Name=Acme)": {"Logins__gc": ("12", "13")},
        "company(Name=Beta)": {"Logins__gc": ("40", "41")},
        "company(Name=Acme), Acme logs in little": {"PriorityId": ("High", "Low")},
    }
    assert "accept with: gsrules test --update" in said(found).splitlines()[-1]


def test_a_record_more_or_less_is_told(project: Path) -> None:
    updated(project, TWO_COMPANIES)
    changed(project, "params: {least: 25}", "params: {least: 50}")
    (test,) = suite(project).tests
    assert test.snapshot is not None
    (rows,) = test.snapshot.rows
    assert (len(rows.missing), len(rows.unexpected), rows.changed) == (0, 1, ())
    assert ("Low usage: created", 1, 2) in [(fact.subject, fact.expected, fact.actual) for fact in test.snapshot.facts]


def test_records_that_an_action_writes_beside_its_rows_are_told(project: Path) -> None:
    picklists = project / "datasets/picklists.yml"
    playbook = "playbooks:\n  Call: {type: Risk, tasks: [{name: Call, days: 2}TWO]}\n"
    picklists.write_text(picklists.read_text() + playbook.replace("TWO", ""), encoding="utf-8")
    changed(project, "    status: New", "    status: New\n    playbook: Call")
    updated(project, TEST)
    picklists.write_text(picklists.read_text().replace("2}]", "2}, {name: Mail, days: 3}]"), encoding="utf-8")
    (test,) = suite(project).tests
    assert test.snapshot is not None
    facts = [(fact.subject, fact.expected, fact.actual) for fact in test.snapshot.facts]
    assert ("records written to cs_task (insert)", 1, 2) in facts


def test_changed_inputs_are_noted_where_effects_differ_and_taken_over_where_not(project: Path) -> None:
    updated(project, TEST)
    more = TEST.replace("[acme, little]}", "[acme, little], records: {company: [{Name: Beta, Status: Churn}]}}")
    found = suite(project, more)
    assert found.passed == 1
    accept(found)
    assert "company: 2" in (project / KEPT).read_text(encoding="utf-8")
    (test,) = suite(project, TWO_COMPANIES).tests
    assert test.snapshot is not None
    assert list(test.snapshot.notes) == ["gainsight-managed/input/usage-2026-11-22.csv has another content"]


def test_only_what_changed_of_a_record_is_kept(project: Path) -> None:
    steps = """
        - name: Little usage, kept
          given: {fixtures: [acme, little]}
          snapshot: true
          steps:
            - {name: first, expect: {status: SUCCESS}}
            - name: second
              rule_date: 2026-11-24
              given: {files: {gainsight-managed/input/usage-2026-11-23.csv: "Account ID,Logins\\nA-1,40\\n"}}
        """
    updated(project, steps)
    runs = load_snapshot(project / KEPT).runs
    assert [run.step for run in runs] == ["first", "second"]
    (effect,) = runs[1].actions["Write usage"].effects
    assert (effect["outcome"], effect["before"], effect["after"]) == ("updated", {"Logins__gc": 12}, {"Logins__gc": 40})


def test_records_of_one_name_are_numbered(project: Path) -> None:
    twins = TWO_COMPANIES.replace("Name: Beta", "Name: Acme")
    updated(project, twins)
    keys = [effect["key"] for effect in load_snapshot(project / KEPT).runs[0].actions["Write usage"].effects]
    assert keys == ["company(Name=Acme)#1", "company(Name=Acme)#2"]


def test_a_run_that_fails_as_expected_can_be_kept(project: Path) -> None:
    broken = TEST.replace("[acme, little]", "[acme]").replace(
        "snapshot: true", "snapshot: true\n      expect: {status: FAILURE}"
    )
    broken = broken.replace("]}", "], files: {gainsight-managed/input/usage-2026-11-22.csv: null}}")
    updated(project, broken)
    (run,) = load_snapshot(project / KEPT).runs
    assert (run.status, run.problems, run.actions) == ("FAILURE", ("GS-FILE-MISSING",), {})
    assert suite(project).passed == 1


def test_a_test_that_fails_in_another_way_is_not_accepted(project: Path) -> None:
    wrong = TEST + "      expect: {actions: {Write usage: {created: 7}}}\n"
    found = updated(project, wrong)
    assert found.failed == 1
    assert not (project / KEPT).exists()


def test_a_snapshot_edited_into_bad_yaml_is_told_with_its_place(project: Path) -> None:
    updated(project, TEST)
    (project / KEPT).write_text((project / KEPT).read_text() + "  oops: [\n", encoding="utf-8")
    (test,) = suite(project).tests
    assert test.snapshot is not None
    assert test.snapshot.state == "broken"
    assert test.snapshot.problems[0].code.startswith("GS-YAML")
    assert "--update write it anew" in difference_text(test)
    assert updated(project).passed == 1
    assert suite(project).passed == 1


@pytest.mark.parametrize("old", ["runs:", "outcome: created", "status: SUCCESS", "after:"])
def test_a_snapshot_edited_into_another_shape_is_told(project: Path, old: str) -> None:
    updated(project, TEST)
    text = (project / KEPT).read_text(encoding="utf-8")
    assert old in text
    (project / KEPT).write_text(text.replace(old, f"x{old}"), encoding="utf-8")
    (test,) = suite(project).tests
    assert test.snapshot is not None
    assert not test.passed
    assert test.snapshot.state in ("broken", "differs")


def test_snapshots_without_a_test_are_told_and_removed_by_update(project: Path) -> None:
    updated(project, TEST)
    found = suite(project, TEST.replace("kept", "renamed"))
    assert found.obsolete == (project / KEPT,)
    made = accept(found)
    assert (made.obsolete, made.passed) == ((), 1)
    assert [path.name for path in (project / "tests/usage.snapshots").iterdir()] == ["little-usage-renamed.yml"]


def test_snapshots_of_a_removed_file_are_obsolete_too(project: Path) -> None:
    updated(project, TEST)
    write_tests(project, TEST.replace("snapshot: true", "expect: {status: SUCCESS}"), name="tests/other.yml")
    (project / "tests/usage.yml").unlink()
    found = run_tests(Workspace.open(project, project), [], None)
    assert found.obsolete == (project / KEPT,)
    accept(found)
    assert not (project / "tests/usage.snapshots").exists()


def test_tests_that_are_not_chosen_make_no_snapshot_obsolete(project: Path) -> None:
    two = TEST + TEST.replace("kept", "too")
    updated(project, two)
    found = run_tests(Workspace.open(project, project), [], "too")
    assert (len(found.tests), found.obsolete) == (1, ())


def test_kept_snapshots_are_no_test_files(project: Path) -> None:
    updated(project, TEST)
    assert len(suite(project).tests) == 1


def test_each_is_asked_for_and_quit_leaves_the_rest(project: Path) -> None:
    names = ["one", "two", "three", "four"]
    tests = "".join(TEST.replace("Little usage, kept", name) for name in names)
    asked: list[str] = []
    answers: dict[str, Answer] = {"one": "no", "two": "yes", "three": "quit"}

    def ask(subject: object) -> Answer:
        name = getattr(subject, "name", "")
        asked.append(name)
        return answers[name]

    found = accept(suite(project, tests), ask)
    assert asked == ["one", "two", "three"]
    assert [test.snapshot.state for test in found.tests if test.snapshot] == ["left", "made", "left", "left"]
    assert [path.stem for path in (project / "tests/usage.snapshots").iterdir()] == ["two"]


def test_the_command_shows_the_difference_before_it_accepts(project: Path) -> None:
    updated(project, TEST)
    changed(project, "priority: High", "priority: Low")
    done = gsrules(project, "test", "--update", "--interactive", stdin="n\n")
    assert "PriorityId: High → Low" in done.stderr
    assert done.returncode == 1
    assert "High" in (project / KEPT).read_text(encoding="utf-8")
    done = gsrules(project, "test", "--update", "--interactive", stdin="what\ny\n")
    assert (done.returncode, done.stderr.count("accept? [y/n/q]")) == (0, 2)
    assert "PriorityId: Low" in (project / KEPT).read_text(encoding="utf-8")
    changed(project, "priority: Low", "priority: Medium")
    done = gsrules(project, "test", "--update")
    assert done.returncode == 0
    assert "PriorityId: Low → Medium" in done.stdout
    assert "1 snapshot updated" in done.stdout
    assert gsrules(project, "test").returncode == 0


def test_the_end_of_input_accepts_nothing(project: Path) -> None:
    write_tests(project, TEST)
    done = gsrules(project, "test", "--update", "--interactive")
    assert done.returncode == 1
    assert not (project / KEPT).exists()


@pytest.mark.parametrize(
    "text",
    ["1e5", "0o12", "012", "yes", "null", "~", "-", "- a", "a: b", "{a}", " x ", "2026-01-01", "1_000", ".5", "#c",
     "two\nlines", "ünï", "'", '"', "\x85", "", "=", "0x1F", "+1", "on", "1:30", "\u2028"],
)  # fmt: skip
def test_any_text_is_read_back_as_it_was(tmp_path: Path, text: str) -> None:
    action = {"effects": [{"key": text, "outcome": "created", "after": {"F": text, "G": 1.5, "H": None, "I": True}}]}
    content = file_text("any", [{"rule": "r", "status": "SUCCESS", "actions": {"A": action}}])
    path = tmp_path / "kept.yml"
    path.write_text(content, encoding="utf-8", newline="")
    (effect,) = load_snapshot(path).runs[0].actions["A"].effects
    assert effect["key"] == text
    assert effect["after"] == {"F": text, "G": 1.5, "H": None, "I": True}


def test_names_of_tests_become_names_of_files() -> None:
    assert slug("A 40 % fall opens one CTA") == "a-40-fall-opens-one-cta"
    assert slug("Über ∅") != slug("Über ∆") or slug("Über ∅").startswith("ber")
    long = slug("many words " * 20)
    assert len(long) < 70
    assert long != slug("many words " * 21)
    assert re.fullmatch(r"test-[0-9a-f]{6}", slug("∅∅"))


def test_two_tests_of_one_file_name_have_two_files(project: Path) -> None:
    two = TEST.replace("Little usage, kept", "A b") + TEST.replace("Little usage, kept", "A-b")
    updated(project, two)
    assert len(list((project / "tests/usage.snapshots").iterdir())) == 2
    assert suite(project).passed == 2


def test_a_test_file_that_cannot_be_read_removes_nothing(project: Path) -> None:
    updated(project, TEST)
    write_tests(project, TEST + "    - {name: b}\n")
    with pytest.raises(InputError):
        suite(project)
    assert (project / KEPT).exists()


def test_outcomes_with_nothing_kept_are_left_alone(project: Path) -> None:
    found = suite(project, TEST.replace("snapshot: true", "expect: {status: SUCCESS}"))
    assert accept(found) == replace(found)
