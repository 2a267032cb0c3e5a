"""The story of one record in plain words, a table for many, and what is said where nothing is found."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from gsrules.errors import InputError
from gsrules.regress.why import Why, explain
from gsrules.run.workspace import Workspace
from gsrules.views.paint import Painter
from gsrules.views.why import lines
from tests.conftest import write_files

PROJECT = {
    "gsrules.toml": "",
    "datasets/objects/company.yml": """
        object: company
        fields:
          Health__gc: {type: picklist, label: Health, options: [Green, Red]}
        """,
    "datasets/records/gsuser.csv": """
        Name,Email
        Ada,ada@example.com
        """,
    "datasets/records/company.csv": """
        Name,ExternalId,Status,Arr,Csm.Name,Health__gc
        Alpha,A-1,Active,1000,Ada,Green
        Beta,B-1,Active,,,
        Gamma,0C-1,Churn,3000,Ada,Green
        Delta,D-1 ,Active,3000,,Red
        Omega,Z-9,Active,10,,
        """,
    "datasets/s3/gainsight-managed/input/use.csv": """
        Account,Day,Logins
        A-1,2026-11-22,5
        A-1,2026-11-21,7
        b-1,2026-11-22,1
        D-1,2026-11-22,3
        Z-9,2026-01-01,9
        """,
    "rules/use.yml": """
        rule: Use
        params: {least: 10}
        tasks:
          File:
            type: s3
            path: input/use.csv
            date_format: yyyy-MM-dd
            columns: {Account: string, Day: date, Logins: {type: number, decimals: 0}}
          Recent:
            type: transform
            from: File
            where: Day in last 7 days
            show: [Account, Day, Logins]
          By account:
            type: pivot
            from: Recent
            group_by: [Account]
            columns:
              - {name: Total, where: Logins > 0, value: sum(Logins), default: 0}
              - {name: Big, where: Logins > 6, value: count(*), default: 0}
          Companies:
            type: fetch
            object: company
            show: [Gsid, Name, ExternalId, Arr, Csm.Email as Mail]
            where: Status in ('Active')
          Joined:
            type: merge
            from: Companies
            join:
              - {dataset: By account, keep: common, on: ExternalId = Account}
            show: [Companies.*, By account.Total, By account.Big]
          Judged:
            type: transform
            from: Joined
            formulas:
              Colour:
                expression: case when Total >= :least then 'Green' when Total > 100 then 'Grey' else 'Red' end
                type: string
        actions:
          - action: load_to_company
            id: Paint
            from: Judged
            operation: update
            identifiers: [Gsid]
            when: Total > 3 or Arr is null
            fields: {Gsid: Gsid, Health__gc: Colour}
        """,
}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.open(write_files(tmp_path / "why", PROJECT))


def ask(workspace: Workspace, condition: str, **options: object) -> Why:
    return explain(
        workspace,
        "use",
        condition,
        rule_date=date(2026, 11, 23),
        tenant_path=workspace.project.root / "s.duckdb",
        **options,
    )  # type: ignore[arg-type]


def text(why: Why) -> str:
    return "\n".join(lines(why, Painter(False)))


def test_a_record_that_acted_is_followed_from_its_source_to_its_fields(workspace: Workspace) -> None:
    why = ask(workspace, "Name = 'Alpha'")
    assert [(end.kind, end.place, end.outcome) for end in why.records[0].final] == [("action", "Paint", "unchanged")]
    told = text(why)
    assert "In short: unchanged by the action Paint." in told
    assert "Companies looks up gsuser by Csm Ada: Csm.Email ada@example.com." in told
    assert "Companies keeps it: Status is Active; wanted: Active, as wanted." in told
    assert "Joined merges it with By account where ExternalId = Account: 1 row found for ExternalId A-1." in told
    assert "By account says: Total 12, Big 1" in told
    assert "Colour is Green, because Total >= :least; Total is 12" in told
    assert "Total is 12; wanted: more than 3, as wanted  <-" not in told


def test_a_record_dropped_by_a_filter_is_told_with_actual_and_wanted_value(workspace: Workspace) -> None:
    told = text(ask(workspace, "Name = 'Gamma'"))
    assert "In short: dropped by the filter of Companies, which wants Status in ('Active'); Status is Churn." in told
    assert "Companies drops it: Status is Churn; wanted: Active, which it is not." in told


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Beta", "Nearest: 'b-1', which is the same but in upper and lower case."),
        ("Delta", "Nearest: 'D-1', which is the same but in spaces."),
    ],
)
def test_a_record_lost_at_a_merge_is_told_with_the_nearest_key(workspace: Workspace, name: str, said: str) -> None:
    told = text(ask(workspace, f"Name = '{name}'"))
    assert "In short: lost at the merge Joined: By account has no row with its key." in told
    assert said in told


def test_a_key_that_an_earlier_step_dropped_is_told_from_there(workspace: Workspace) -> None:
    told = text(ask(workspace, "Name = 'Omega'"))
    assert "1 row with that key came as far as File; the filter of Recent dropped it" in told
    assert "Day is 2026-01-01" in told


def test_rows_of_a_file_are_told_with_their_group_and_the_columns_that_they_feed(workspace: Workspace) -> None:
    why = ask(workspace, "Account = 'A-1' and Logins = 7")
    assert why.records[0].id == "row 2"
    told = text(why)
    assert "By account puts its row into the group for Account A-1, which has 2 rows." in told
    assert "Big is 1 (1 row feeds it, 1 of this record; they have Logins > 6)" in told
    assert "rows of the group: Logins 5; Logins 7" in told or "rows of the group: Logins 7; Logins 5" in told


def test_two_records_make_a_table_with_counts_first(workspace: Workspace) -> None:
    why = ask(workspace, "Arr >= 10")
    assert why.total == 4
    assert [(group.records, group.ends[0].kind) for group in why.groups] == [(2, "merge"), (1, "filter"), (1, "action")]
    told = text(why)
    assert "4 records have Arr >= 10: 4 in company." in told
    assert told.index("records    where they ended") < told.index("record    where it ended")


def test_a_change_is_told_before_and_after_in_labels(workspace: Workspace) -> None:
    why = ask(workspace, "Name = 'Alpha'", params={"least": "100"})
    told = text(why)
    assert "updated: company 'Alpha'" in told
    assert "Health: Green -> Red" in told
    assert "Colour is Red, because no condition before it was true; Total is 12" in told


def test_a_condition_may_follow_lookups(workspace: Workspace) -> None:
    why = ask(workspace, "Csm.Email = 'ada@example.com' and Status in ('Churn')")
    assert [record.title for record in why.records] == ["Gamma"]


def test_a_name_that_nobody_has_brings_near_ones(workspace: Workspace) -> None:
    told = text(ask(workspace, "Name = 'ALPHAA'"))
    assert "No record has Name = 'ALPHAA'." in told
    assert "Looked through company: 5 rows. Nearest: 'Alpha', which is almost the same text." in told


def test_rows_of_a_dataset_can_be_asked_about(workspace: Workspace) -> None:
    why = ask(workspace, "Total > 10", at="judged")
    assert (why.at, why.total) == ("Judged", 1)
    assert {each.place: each.found for each in why.made_of} == {
        "input/use.csv (task File)": 2,
        "company (task Companies)": 1,
    }


def test_a_condition_on_computed_columns_is_asked_where_they_are_computed(workspace: Workspace) -> None:
    why = ask(workspace, "Colour = 'Green'")
    assert [each.place for each in why.searched] == ["dataset Judged"]
    assert why.total == 1


def test_a_condition_that_fits_nowhere_says_where_was_looked(workspace: Workspace) -> None:
    with pytest.raises(InputError) as caught:
        ask(workspace, "Naem = 'Alpha'")
    (problem,) = caught.value.problems
    assert problem.code == "GS-NAME"
    assert problem.nearest == "Name"
    assert problem.hint == (
        "looked for in: input/use.csv, company, dataset File, dataset Recent, dataset By account, dataset Companies, "
        "dataset Joined, dataset Judged"
    )


def test_only_the_names_that_are_nowhere_are_told_and_a_text_without_quotes(workspace: Workspace) -> None:
    with pytest.raises(InputError) as caught:
        ask(workspace, "Name = Alpha")
    (problem,) = caught.value.problems
    assert (problem.value, str(problem.place)) == ("Alpha", "1:8")
    assert problem.hint.startswith("a text needs quotes: 'Alpha'; looked for in: ")


def test_an_unknown_parameter_is_told_as_one(workspace: Workspace) -> None:
    with pytest.raises(InputError) as caught:
        ask(workspace, "Arr > :lst")
    (problem,) = caught.value.problems
    assert problem.message == "there is no parameter :lst"
    assert (problem.value, str(problem.place)) == (":lst", "1:7")


def test_a_condition_of_wrong_types_is_refused_as_in_a_rule(workspace: Workspace) -> None:
    with pytest.raises(InputError) as caught:
        ask(workspace, "Name > 5")
    assert {problem.code for problem in caught.value.problems} <= {"GS-OPERATOR", "GS-TYPE"}


def test_the_json_holds_the_whole_story(workspace: Workspace) -> None:
    shown = json.loads(json.dumps(ask(workspace, "Arr >= 10", stories=20).as_json()))
    assert [record["title"] for record in shown["records"]] == ["Alpha", "Gamma", "Delta", "Omega"]
    (step,) = [step for step in shown["records"][1]["steps"] if step["kind"] == "filter"]
    assert step["checks"] == [
        {
            "condition": "Status in ('Active')",
            "actual": [{"name": "Status", "value": "Churn"}],
            "wanted": "Active",
            "result": "false",
            "decided": True,
        }
    ]


def test_nothing_is_written_by_asking(workspace: Workspace) -> None:
    ask(workspace, "Name = 'Alpha'", params={"least": "100"})
    with workspace.tenant("read", workspace.project.root / "s.duckdb") as tenant:
        found = tenant.con.execute("select Health__gc from company_labels where Name = 'Alpha'").fetchall()
    assert found == [("Green",)]
