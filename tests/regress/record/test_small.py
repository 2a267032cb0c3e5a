"""Recording the rules of a small project: what is given, masked, kept, told; and that the test passes at once."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from gsrules.errors import InputError, RunError
from gsrules.regress.record import MaskOptions, Recording, RecordOptions, record, record_to, target_of
from gsrules.regress.suite import run_tests
from gsrules.run.workspace import Workspace
from tests.conftest import FILES, write_files

DAY = dt.date(2026, 11, 23)
USAGE = "datasets/s3/gainsight-managed/input/usage-2026-11-22.csv"


def recorded(project: Path, rule: str = "usage", **options: object) -> Recording:
    return record(Workspace.open(project, project), rule, RecordOptions(rule_date=DAY, **options))  # type: ignore[arg-type]


pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> tuple[Recording, Path]:
    """The rule `usage` recorded once, and its project."""
    project = write_files(tmp_path_factory.mktemp("small") / "project", FILES)
    return recorded(project), project


def sides(made: Recording, ids: frozenset[str]) -> set[str]:
    return {f"{branch.text}: {branch.side}" for branch in made.branches if branch.id in ids}


def test_the_test_takes_every_branch_that_the_real_rows_take(usual: tuple[Recording, Path]) -> None:
    made, _ = usual
    assert made.real <= made.taken
    assert {"Logins < :least: true", "Logins < :least: false"} <= sides(made, made.taken)
    assert made.rows <= 8


def test_the_file_passes_as_a_test_of_the_project(project: Path) -> None:
    workspace = Workspace.open(project, project)
    path = target_of(workspace, "usage", None, force=False)
    assert path == project / "tests/usage.recorded.yml"
    record_to(workspace, "usage", path, RecordOptions(rule_date=DAY))
    (test,) = run_tests(workspace, [path], None).tests
    assert test.passed
    assert not test.warnings


def test_a_recording_is_not_written_over(project: Path) -> None:
    workspace = Workspace.open(project, project)
    (project / "tests/usage.recorded.yml").write_text("", encoding="utf-8")
    with pytest.raises(InputError) as error:
        target_of(workspace, "usage", None, force=False)
    assert error.value.problems[0].code == "GS-RECORD"
    assert target_of(workspace, "usage", None, force=True).exists()


def test_names_and_identifiers_are_masked_alike_in_records_and_files(usual: tuple[Recording, Path]) -> None:
    text = usual[0].text
    assert not any(word in text for word in ("Alpha", "Beta", "Gamma", "B-1", "C-1", "X-9"))
    assert "Company 001" in text
    assert "owner@example.com" in text  # the rule itself names it


def test_nothing_is_masked_where_the_user_says_so(project: Path) -> None:
    text = recorded(project, masks=MaskOptions(on=False)).text
    assert "Alpha" in text
    assert "A-1" in text


def test_a_column_is_kept_or_masked_at_the_user_s_wish(project: Path) -> None:
    text = recorded(project, masks=MaskOptions(kept=("company.Name",))).text
    assert "Alpha" in text
    assert "B-1" not in text


def test_a_column_that_is_not_recorded_is_told_with_the_nearest(project: Path) -> None:
    with pytest.raises(InputError) as error:
        recorded(project, masks=MaskOptions(kept=("company.Nmae",)))
    (problem,) = error.value.problems
    assert (problem.code, problem.value) == ("GS-NAME", "company.Nmae")
    assert "company.Name" in (problem.nearest + problem.hint)


def test_branches_that_no_real_row_takes_are_told_with_their_places(usual: tuple[Recording, Path]) -> None:
    made, _ = usual
    assert "Status in ('Active'): null" in {f"{each.text}: {each.side}" for each in made.unexercised}
    assert all(each.place is not None and each.place.line > 1 for each in made.unexercised)
    assert "No real row exercises:" in made.text


def test_conditions_on_texts_see_the_same_in_the_masks(project: Path) -> None:
    write_files(
        project,
        {
            "datasets/records/company.csv": """
                Name,ExternalId,Status,Arr
                Alpha Inc,A-1,Active,1000
                Beta GmbH,B-1,Active,2000
                Company of C,C-1,Churn,3000
                """,
            "rules/kinds.yml": """
                rule: Kinds of companies
                tasks:
                  Companies:
                    type: fetch
                    object: company
                    show: [Gsid, Name]
                    where:
                      A: Name contains 'Inc'
                      B: Name ends with 'GmbH'
                      C: Name starts with 'Company'
                      logic: A or B or C
                actions:
                  - {action: load_to_company, from: Companies, operation: update, identifiers: [Gsid],
                     fields: {Gsid: Gsid, Industry: {value: Known}}}
                """,
        },
    )
    made = recorded(project, "kinds")
    assert made.real <= made.taken
    assert not any(name in made.text for name in ("Alpha", "Beta", "of C"))
    assert not made.kept_columns


def test_row_errors_are_recorded_one_of_each_code(project: Path) -> None:
    write_files(
        project,
        {
            USAGE: "Account ID,Logins\nA-1,12\nB-1,40\nX-9,1\nY-9,2\nZ-9,3\n",
            "datasets/records/company.csv": FILES["datasets/records/company.csv"].rstrip()
            + "\n        Delta,B-1,Active,1\n",
            "rules/found.yml": """
                rule: Usage of companies found by their ids
                tasks:
                  Usage file:
                    type: s3
                    path: input/usage-2026-11-22.csv
                    columns: {Account ID: string, Logins: {type: number, decimals: 0}}
                actions:
                  - action: load_to_object
                    id: Load
                    from: Usage file
                    object: usage__gc
                    operation: insert
                    fields:
                      Company__gc: {lookup: company, match: {ExternalId: Account ID}, multiple: error, none: error}
                      Logins__gc: Logins
                """,
        },
    )
    made = recorded(project, "found")
    assert "LOOKUP_NO_MATCH" in made.text
    assert "LOOKUP_MULTIPLE_MATCH" in made.text
    assert made.real <= made.taken
    assert made.rows <= 6


def test_records_that_an_action_meets_are_given(project: Path) -> None:
    write_files(project, {"datasets/records/usage__gc.csv": "Company__gc.Name,Logins__gc\nAlpha,20\nBeta,1\n"})
    made = recorded(project)
    assert {"updated: reached", "unchanged: reached"} <= sides(made, made.taken)
    assert "usage__gc" in made.given


def test_of_large_groups_only_what_the_branches_need_is_given(project: Path) -> None:
    lines = "".join(f"A-1,{n % 30}\n" for n in range(400)) + "".join(f"B-1,{n % 50}\n" for n in range(400))
    write_files(project, {USAGE: "Account ID,Logins\n" + lines})
    made = recorded(project)
    assert made.real <= made.taken
    assert made.rows <= 14


def test_branches_are_given_up_to_keep_the_test_small(project: Path) -> None:
    made = recorded(project, most_rows=2)
    assert made.rows <= 4
    assert made.lost
    assert made.given_up


def test_two_recordings_of_the_same_data_are_equal(usual: tuple[Recording, Path]) -> None:
    made, project = usual
    assert recorded(project).text == made.text


def test_a_rule_without_actions_expects_its_last_datasets(project: Path) -> None:
    write_files(project, {"datasets/records/usage__gc.csv": "Company__gc.Name,Logins__gc\nAlpha,20\n"})
    made = recorded(project, "again")
    assert made.taken
    assert "        Usage:\n          - {Logins__gc: 20}\n" in made.text


def test_the_rule_date_parameters_and_name_are_those_asked_for(project: Path) -> None:
    made = recorded(project, params={"least": "30"}, name="Little usage")
    assert "rule_date: 2026-11-23\n" in made.text
    assert "    params: {least: 30}\n" in made.text
    assert "  - name: Little usage\n" in made.text


def test_a_snapshot_test_holds_the_rows_and_expects_by_its_snapshot(project: Path) -> None:
    text = recorded(project, snapshot=True).text
    assert "    snapshot: true\n" in text
    assert "expect:" not in text


def test_a_run_that_fails_on_its_data_is_not_recorded(project: Path) -> None:
    (project / USAGE).unlink()
    with pytest.raises(RunError) as error:
        recorded(project)
    assert error.value.problems[0].code == "GS-FILE-MISSING"


def test_nothing_is_written_to_the_tenant(usual: tuple[Recording, Path]) -> None:
    made, project = usual
    assert made.taken
    assert not (project / ".gsrules").exists()
