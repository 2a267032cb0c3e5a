"""What tests may give and expect: fixtures, absent files, steps, some rows, tolerances, errors, skips, the tenant."""

from __future__ import annotations

from pathlib import Path

import pytest

from gsrules.errors import InputError
from gsrules.regress.outcome import TestOutcome
from tests.conftest import write_files
from tests.regress.support import ACME, outcome, suite, write_tests

BOTH = "given: {fixtures: [acme, little]}"


def told(found: TestOutcome) -> str:
    return repr((found.facts, found.rows, found.problems))


def passes(project: Path, test: str) -> None:
    found = outcome(project, test)
    assert found.passed, told(found)


def test_a_test_takes_fixtures_and_adds_its_own_records(project: Path) -> None:
    passes(
        project,
        f"""
        - name: Two companies
          {BOTH[:-1]}, records: {{company: [{{Name: Beta, ExternalId: B-1, Status: Active}}]}}}}
          expect:
            tasks: {{Companies: [{{Name: Acme}}, {{Name: Beta}}]}}
        """,
    )


def test_fixtures_of_another_file_are_shared(project: Path) -> None:
    write_files(
        project,
        {
            "tests/shared/people.fixtures.yml": """
                fixtures:
                  beta:
                    records: {company: [{Name: Beta, ExternalId: B-1, Status: Active}]}
                """
        },
    )
    passes(
        project,
        """
        - name: Beta comes from elsewhere
          given: {fixtures: [acme, beta]}
          expect: {tasks: {Companies: [{Name: Acme}, {Name: Beta}]}}
        """,
    )


def test_a_fixture_of_the_file_goes_before_a_shared_one(project: Path) -> None:
    shared = "fixtures: {acme: {records: {company: [{Name: Other, ExternalId: O-1, Status: Active}]}}}"
    write_files(project, {"tests/a.fixtures.yml": shared})
    passes(
        project,
        """
        - name: The own Acme
          given: {fixtures: [acme]}
          expect: {tasks: {Companies: [{Name: Acme}]}}
        """,
    )


def test_two_shared_fixtures_of_one_name_are_an_error(project: Path) -> None:
    one = "fixtures: {same: {records: {company: [{Name: X}]}}}"
    write_files(project, {"tests/a.fixtures.yml": one, "tests/b.fixtures.yml": one})
    write_tests(project, "- {name: a, snapshot: true}")
    with pytest.raises(InputError) as caught:
        suite(project)
    (problem,) = caught.value.problems
    assert (problem.code, problem.value) == ("GS-SPEC-DUPLICATE", "same")


def test_an_unknown_fixture_is_told_with_the_nearest(project: Path) -> None:
    write_tests(project, "- {name: a, given: {fixtures: [acne]}, snapshot: true}")
    with pytest.raises(InputError) as caught:
        suite(project)
    (problem,) = caught.value.problems
    assert (problem.code, problem.nearest) == ("GS-NAME", "acme")
    assert problem.place is not None
    assert problem.place.text[problem.place.column - 1 :].startswith("acne")


def test_a_file_that_two_fixtures_give_is_an_error(project: Path) -> None:
    more = 'fixtures: {more: {files: {gainsight-managed/input/usage-2026-11-22.csv: "Account ID,Logins"}}}'
    write_files(project, {"tests/more.fixtures.yml": more})
    write_tests(project, "- {name: a, given: {fixtures: [little, more]}, snapshot: true}")
    with pytest.raises(InputError) as caught:
        suite(project)
    assert [problem.code for problem in caught.value.problems] == ["GS-SPEC-DUPLICATE"]


def test_a_file_that_a_test_gives_itself_replaces_that_of_its_fixtures(project: Path) -> None:
    passes(
        project,
        """
        - name: Another figure
          given:
            fixtures: [acme, little]
            files: {gainsight-managed/input/usage-2026-11-22.csv: "Account ID,Logins\\nA-1,77"}
          expect: {tasks: {Joined: [{Name: Acme, Logins: 77}]}}
        """,
    )


@pytest.mark.parametrize(
    ("test", "code", "value"),
    [
        ("params: {leest: 1}, expect: {status: SUCCESS}", "GS-NAME", "leest"),
        ("params: {least: many}, expect: {status: SUCCESS}", "GS-TYPE", "many"),
        ("steps: [{params: {leest: 1}, expect: {status: SUCCESS}}]", "GS-NAME", "leest"),
        ("steps: [{rule: agin, expect: {status: SUCCESS}}]", "GS-NAME", "agin"),
        ("expect: {errors: [{cod: IDENTIFIER_NULL}]}", "GS-NAME", "cod"),
    ],
)
def test_a_slip_in_a_test_is_wrong_input_with_its_place(project: Path, test: str, code: str, value: str) -> None:
    write_tests(project, f"- {{name: a, {test}}}")
    with pytest.raises(InputError) as caught:
        suite(project)
    (problem,) = caught.value.problems
    assert (problem.code, problem.value) == (code, value)
    assert problem.place is not None
    assert problem.place.file.endswith(".yml")


def test_containing_no_row_is_refused_as_it_is_always_true(project: Path) -> None:
    write_tests(project, f"- {{name: a, {BOTH}, expect: {{tasks: {{Companies: {{contains: []}}}}}}}}")
    with pytest.raises(InputError) as caught:
        suite(project)
    assert [problem.code for problem in caught.value.problems] == ["GS-SPEC-EMPTY"]


def test_a_test_may_take_the_file_of_a_fixture_away(project: Path) -> None:
    passes(
        project,
        """
        - name: a
          given:
            fixtures: [acme, little]
            files: {gainsight-managed/input/usage-2026-11-22.csv: null}
          expect: {status: FAILURE, errors: [GS-FILE-MISSING]}
        """,
    )


def test_a_file_that_is_not_given_is_empty_and_typed(project: Path) -> None:
    passes(
        project,
        """
        - name: Nothing came
          given: {fixtures: [acme]}
          expect:
            tasks: {Usage file: [], By account: [], Companies: [{Name: Acme}], Joined: []}
            actions: {Write usage: {received: 0}}
        """,
    )


@pytest.mark.parametrize(
    "task",
    [
        "path: input/usage-${pattern}.csv.gz\n    file: {compression: gzip, separator: semicolon}",
        "path: input/usage-${pattern}\n    match: starts_with\n    file: {encoding: UTF-16, qualifier: single_quote}",
    ],
)
def test_an_empty_file_is_written_as_the_task_reads_it(project: Path, task: str) -> None:
    rule = project / "rules/usage.yml"
    text = rule.read_text(encoding="utf-8")
    rule.write_text(text.replace("path: input/usage-${pattern}.csv", task), encoding="utf-8")
    passes(
        project,
        """
        - name: Nothing came
          given: {fixtures: [acme]}
          expect: {tasks: {Usage file: [], Joined: []}}
        """,
    )


def test_a_given_file_is_packed_and_encoded_as_the_task_reads_it(project: Path) -> None:
    rule = project / "rules/usage.yml"
    path = "path: input/usage-${pattern}.csv.gz\n    file: {compression: gzip, encoding: UTF-16}"
    text = rule.read_text(encoding="utf-8").replace("path: input/usage-${pattern}.csv", path)
    rule.write_text(text, encoding="utf-8")
    passes(
        project,
        """
        - name: A packed file
          given:
            fixtures: [acme]
            files: {gainsight-managed/input/usage-2026-11-22.csv.gz: "Account ID,Logins\\nA-1,7\\n"}
          expect: {tasks: {Joined: [{Logins: 7}]}}
        """,
    )


def test_a_file_that_nobody_reads_is_warned_of_while_a_task_finds_none(project: Path) -> None:
    found = outcome(
        project,
        """
        - name: A slip of the pen
          given:
            fixtures: [acme]
            files: {gainsight-managed/input/usage-2026-11-21.csv: "Account ID,Logins"}
          expect: {tasks: {Usage file: []}}
        """,
    )
    assert found.passed
    (warning,) = found.warnings
    assert (warning.code, warning.nearest) == ("GS-TEST-FILE", "gainsight-managed/input/usage-2026-11-22.csv")


def test_a_test_without_any_rule_date_is_warned_of(project: Path) -> None:
    found = outcome(
        project, "- {name: a, expect: {tasks: {Usage file: []}}}", head="\nrule: usage\ntests:\n".replace("\n", "\n")
    )
    assert [warning.code for warning in found.warnings] == ["GS-TEST-TODAY"]


def test_some_rows_may_be_expected_among_others(project: Path) -> None:
    given = f"{BOTH[:-1]}, records: {{company: [{{Name: Beta, Status: Active}}, {{Name: Gamma, Status: Active}}]}}}}"
    passes(
        project,
        f"""
        - name: Two of three
          {given}
          expect: {{tasks: {{Companies: {{contains: [{{Name: Gamma}}, {{Name: Acme, ExternalId: A-1}}], rows: 3}}}}}}
        """,
    )
    found = outcome(
        project,
        f"""
        - name: Not so
          {given}
          expect: {{tasks: {{Companies: {{contains: [{{Name: Acme, ExternalId: A-2}}, {{Name: Delta}}], rows: 4}}}}}}
        """,
    )
    assert [(fact.expected, fact.actual) for fact in found.facts] == [(4, 3)]
    (rows,) = found.rows
    assert [dict(row.cells) for row in rows.changed] == [{"ExternalId": ("A-2", "A-1")}]
    assert (rows.missing, rows.unexpected) == (({"Name": "Delta"},), ())


def test_a_row_that_is_contained_twice_must_be_there_twice(project: Path) -> None:
    found = outcome(
        project,
        f"""
        - name: Twice
          {BOTH}
          expect: {{tasks: {{Companies: {{contains: [{{Name: Acme}}, {{Name: Acme}}]}}}}}}
        """,
    )
    assert not found.passed


def test_only_the_number_of_rows_may_be_expected(project: Path) -> None:
    passes(project, f"- {{name: a, {BOTH}, expect: {{tasks: {{Companies: {{rows: 1}}}}}}}}")
    assert not outcome(project, f"- {{name: a, {BOTH}, expect: {{tasks: {{Companies: {{rows: 2}}}}}}}}").passed


@pytest.mark.parametrize(
    ("expected", "passed"),
    [
        ("{exact: [{Name: Acme, Logins: 12.4}], tolerance: 0.5}", True),
        ("{exact: [{Name: Acme, Logins: 12.5}], tolerance: 0.5}", True),
        ("{exact: [{Name: Acme, Logins: 12.6}], tolerance: 0.5}", False),
        ("{exact: [{Name: Acme, Logins: 12.4}], tolerance: {logins: 0.5}}", True),
        ("{exact: [{Name: Acmee, Logins: 12}], tolerance: 5}", False),
    ],
)
def test_numbers_may_be_off_as_far_as_the_tolerance_says(project: Path, expected: str, passed: bool) -> None:
    found = outcome(project, f"- {{name: a, {BOTH}, expect: {{tasks: {{Joined: {expected}}}}}}}")
    assert found.passed is passed, told(found)
    assert not found.problems


def test_a_tolerance_of_a_text_is_an_error(project: Path) -> None:
    expected = "{contains: [{Name: Acme, Logins: 12}], tolerance: {Name: 0.5}}"
    (problem,) = outcome(project, f"- {{name: a, {BOTH}, expect: {{tasks: {{Joined: {expected}}}}}}}").problems
    assert (problem.code, problem.value) == ("GS-TYPE", "Name")


def test_a_tolerance_of_an_unknown_column_is_an_error(project: Path) -> None:
    expected = "{exact: [{Name: Acme}], tolerance: {Lgins: 1}}"
    (problem,) = outcome(project, f"- {{name: a, {BOTH}, expect: {{tasks: {{Joined: {expected}}}}}}}").problems
    assert (problem.code, problem.nearest) == ("GS-NAME", "Logins")


def changed(project: Path, *changes: tuple[str, str]) -> None:
    rule = project / "rules/usage.yml"
    text = rule.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    rule.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("expected", "passed"),
    [
        ("[CTA_OWNER_UNRESOLVED]", True),
        ("[{code: CTA_OWNER_UNRESOLVED, action: Low usage, rows: 1}]", True),
        ("[{code: CTA_OWNER_UNRESOLVED, action: Write usage}]", False),
        ("[{code: CTA_OWNER_UNRESOLVED, rows: 2}]", False),
        ("[CTA_OWNER_UNRESOLVED, CTA_OWNER_UNRESOLVED]", False),
        ("[]", False),
    ],
)
def test_errors_may_be_told_by_code_action_and_rows(project: Path, expected: str, passed: bool) -> None:
    changed(project, ("owner: {default: owner@example.com}", "owner: {column: Name}"))
    found = outcome(project, f"- {{name: a, {BOTH}, expect: {{errors: {expected}}}}}")
    assert found.passed is passed, told(found)
    assert not found.problems


@pytest.mark.parametrize(
    ("expected", "passed"),
    [
        ("[NO_RECORD_TO_UPDATE]", True),
        ("[{code: NO_RECORD_TO_UPDATE, action: Write usage, rows: 1}]", True),
        ("[{code: NO_RECORD_TO_UPDATE, action: Low usage, rows: 1}]", False),
        ("[]", False),
    ],
)
def test_skips_may_be_told_by_code_action_and_rows(project: Path, expected: str, passed: bool) -> None:
    changed(
        project,
        ("object: usage__gc\n    operation: upsert", "object: usage__gc\n    operation: update"),
        ("params:", "profile: {load.update_no_match: skip}\nparams:"),
    )
    found = outcome(project, f"- {{name: a, {BOTH}, expect: {{skips: {expected}}}}}")
    assert found.passed is passed, told(found)


def test_all_records_of_the_tenant_may_be_expected(project: Path) -> None:
    passes(
        project,
        f"""
        - name: a
          {BOTH}
          expect:
            tenant:
              company: [{{Name: Acme, Status: Active}}]
              usage__gc: {{contains: [{{Company__gc.Name: Acme, Logins__gc: 12}}], rows: 1}}
        """,
    )


def test_the_tenant_can_be_looked_at_after_a_run_that_failed(project: Path) -> None:
    passes(
        project,
        """
        - name: Nothing was written
          given:
            fixtures: [acme]
            files: {gainsight-managed/input/usage-2026-11-22.csv: "Account ID,Logins\\nA-1,many\\n"}
          expect: {status: FAILURE, errors: [GS-FILE-VALUE], tenant: {usage__gc: [], company: {rows: 1}}}
        """,
    )


STEPS = """
    - name: A week
      given: {fixtures: [acme]}
      steps:
        - name: first night
          given: {fixtures: [little]}
          expect:
            actions: {Write usage: {created: 1}, Low usage: {created: 1}}
        - name: second night
          rule_date: 2026-11-24
          given:
            records: {company: [{Name: Beta, ExternalId: B-1, Status: Active}]}
            files: {gainsight-managed/input/usage-2026-11-23.csv: "Account ID,Logins\\nA-1,40\\nB-1,30\\n"}
          expect:
            actions: {Write usage: {created: 1, updated: 1}, Low usage: {matched: 0}}
        - rule: again
          expect:
            tasks: {Usage: [{Logins__gc: 40}, {Logins__gc: 30}]}
            tenant: {call_to_action: [{Name: Acme logs in little, CompanyId.Name: Acme}]}
"""


def test_steps_are_runs_on_the_same_tenant(project: Path) -> None:
    passes(project, STEPS)


def test_what_differs_in_a_step_names_the_step(project: Path) -> None:
    found = outcome(project, STEPS.replace("created: 1, updated: 1", "created: 2").replace("Logins__gc: 30}]", "}]"))
    assert [fact.subject for fact in found.facts] == ["second night · Write usage: created"]
    assert outcome(project, STEPS.replace("{Logins__gc: 30}", "{Logins__gc: 31}")).rows[0].subject.startswith("step 3")


def test_a_file_of_an_earlier_step_stays(project: Path) -> None:
    passes(
        project,
        """
        - name: The same file twice
          given: {fixtures: [acme, little]}
          steps:
            - {expect: {actions: {Write usage: {created: 1}}}}
            - {expect: {actions: {Write usage: {unchanged: 1}}}}
            - given: {files: {gainsight-managed/input/usage-2026-11-22.csv: null}}
              expect: {status: FAILURE, errors: [GS-FILE-MISSING]}
        """,
    )


def test_params_of_a_test_hold_for_the_steps_of_its_rule(project: Path) -> None:
    passes(
        project,
        """
        - name: Different limits
          given: {fixtures: [acme, little]}
          params: {least: 5}
          steps:
            - {expect: {actions: {Low usage: {matched: 0}}}}
            - {rule: again, expect: {tasks: {Usage: {rows: 1}}}}
            - {params: {least: 13}, expect: {actions: {Low usage: {matched: 1}}}}
        """,
    )


def test_seeds_and_files_of_the_project_are_there_when_asked_for_and_may_be_taken_away(project: Path) -> None:
    passes(
        project,
        """
        - name: The whole book
          given: {seed: true}
          expect: {tasks: {Joined: [{Name: Alpha, Logins: 20}, {Name: Beta, Logins: 40}]}}
        """,
    )
    passes(
        project,
        """
        - name: Without its file
          given: {seed: true, files: {gainsight-managed/input/usage-2026-11-22.csv: null}}
          expect: {status: FAILURE, errors: [GS-FILE-MISSING]}
        """,
    )
    assert (project / "datasets/s3/gainsight-managed/input/usage-2026-11-22.csv").is_file()


def test_the_rule_date_of_a_test_goes_before_that_of_the_file(project: Path) -> None:
    passes(
        project,
        """
        - name: A day later
          rule_date: 2026-11-24
          given:
            fixtures: [acme]
            files: {gainsight-managed/input/usage-2026-11-23.csv: "Account ID,Logins\\nA-1,3\\n"}
          expect: {tasks: {Joined: [{Logins: 3}]}}
        """,
    )


def test_more_rows_than_can_be_compared_are_told(project: Path) -> None:
    lines = "".join(f"N-{n},1\\n" for n in range(10_001))
    found = outcome(
        project,
        f"""
        - name: Very many
          given: {{files: {{gainsight-managed/input/usage-2026-11-22.csv: "Account ID,Logins\\n{lines}"}}}}
          expect: {{tasks: {{Usage file: {{contains: [{{Account ID: N-1}}], rows: 10001}}}}}}
        """,
    )
    assert not found.facts
    assert [problem.code for problem in found.problems] == ["GS-TEST-ROWS"]


def test_the_head_of_these_tests_is_a_test_file_of_its_own(project: Path) -> None:
    write_tests(project, "- {name: a, snapshot: true}", ACME)
    assert len(suite(project).tests) == 1


def test_a_lookup_that_is_expected_to_hold_a_name_is_told_how_to_be_written(project: Path) -> None:
    found = outcome(
        project,
        """
        - name: A name where an id is
          given: {fixtures: [acme, little]}
          expect: {records: {call_to_action: [{CompanyId: Acme, StatusId.Name: New}]}}
        """,
    )
    (problem,) = found.problems
    assert (problem.code, problem.value) == ("GS-TYPE", "Acme")
    assert "CompanyId.Name" in problem.hint
    assert problem.place is not None
