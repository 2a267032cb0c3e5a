"""The branches of a rule: which there are, which count, and which rows take them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from gsrules.regress.branches import Branch, TracedTables, branches_of, count_of, rows_of
from gsrules.regress.coverage import CoverageObserver
from gsrules.run.engine import RunOptions, RunResult, run_rule
from gsrules.run.workspace import Workspace
from gsrules.tenant import Tenant
from gsrules.tenant.names import run
from tests.conftest import dedented


@contextmanager
def traced(project: Path, rule: str, records: Mapping[str, list[dict[str, object]]]) -> Iterator[RunResult]:
    (project / "rules/branched.yml").write_text(dedented(rule), encoding="utf-8")
    workspace = Workspace.open(project, project)
    with Tenant.open(None, workspace.catalogue, workspace.project, "live") as tenant:
        tenant.seed_records(dict(records))
        options = RunOptions(dt.date(2026, 11, 23), mode="live", keep_all_tasks=True, trace=True)
        yield run_rule(workspace, "branched", options, tenant)


def taken(result: RunResult) -> dict[str, int]:
    """The number of rows of each branch, by its id without the name of its task."""
    return {shown(branch): count for branch, count in counted(result)}


def shown(branch: Branch) -> str:
    return f"{branch.kind} {branch.text}: {branch.side}"


def counted(result: RunResult) -> list[tuple[Branch, int]]:
    assert result.trace is not None
    found = branches_of(result.trace.bound, result.trace.unfolded)
    tables = TracedTables(result)
    made = []
    for branch in found:
        (count,) = run(result.trace.tenant.con, count_of([branch], branch.part, tables)).fetchone() or (None,)
        assert count == len(run(result.trace.tenant.con, rows_of(branch, tables)).fetchall())
        made.append((branch, count))
    return made


def uncounted(result: RunResult) -> set[str]:
    return {shown(branch) for branch, _ in counted(result) if not branch.counted}


COMPANIES = {
    "company": [
        {"Name": "One", "ExternalId": "1", "Status": "Active", "Arr": 10},
        {"Name": "Two", "ExternalId": "2", "Status": "Active", "Arr": 200},
        {"Name": "Three", "ExternalId": "3", "Status": "Churn", "Arr": 30},
        {"Name": "Four", "ExternalId": "4", "Status": None, "Arr": 400},
        {"Name": "Five", "ExternalId": "5", "Status": "Churn", "Arr": None},
    ]
}


def test_each_condition_counts_as_true_false_and_null_and_the_whole_as_true_and_not_true(project: Path) -> None:
    rule = """
        rule: Branched
        tasks:
          Companies:
            type: fetch
            object: company
            show: [Gsid, Name]
            where: {A: Status in ('Active'), B: Arr > 100, C: Name != 'Nobody', logic: A and (B or C)}
        """
    with traced(project, rule, COMPANIES) as result:
        assert taken(result) == {
            "condition Status in ('Active'): true": 2,
            "condition Status in ('Active'): false": 2,
            "condition Status in ('Active'): null": 1,
            "condition Arr > 100: true": 2,
            "condition Arr > 100: false": 2,
            "condition Arr > 100: null": 1,
            "condition Name != 'Nobody': true": 5,  # Name is required: it has no null
            "condition Name != 'Nobody': false": 0,
            "filter all conditions together: true": 2,
            "filter all conditions together: not true": 3,
        }
        assert uncounted(result) == set()


def test_an_arm_is_taken_by_the_rows_that_come_to_it_and_a_missing_else_is_an_arm(project: Path) -> None:
    rule = """
        rule: Branched
        tasks:
          Companies: {type: fetch, object: company, show: [Gsid, Arr, Status]}
          Sized:
            type: transform
            from: Companies
            formulas:
              Size: {expression: "case when Arr > 100 then 'big' when Arr > 20 then 'middle' end", type: string}
        """
    with traced(project, rule, COMPANIES) as result:
        assert taken(result) == {
            "case Size: when Arr > 100: taken": 2,
            "case Size: when Arr > 20: taken": 1,
            "case Size: else: taken": 2,  # 10, and the null
        }


MERGE = """
    rule: Branched
    tasks:
      Companies: {{type: fetch, object: company, show: [Gsid, Name, Arr]}}
      Usage: {{type: fetch, object: usage__gc, show: [Company as Company GSID, sum(Logins) as Logins]}}
      Both:
        type: merge
        from: Companies
        join: [{{dataset: Usage, keep: {keep}, on: Gsid = Company GSID}}]
    """
USAGE = {
    "company": COMPANIES["company"][:3],
    "usage__gc": [
        {"Company__gc.ExternalId": "1", "Logins__gc": 1},
        {"Company__gc.ExternalId": "1", "Logins__gc": 2},
        {"Company__gc.ExternalId": "3", "Logins__gc": None},
    ],
}


@pytest.mark.parametrize(
    ("keep", "left", "right"),
    [
        ("common", "dropped", "dropped"),
        ("left", "kept", "dropped"),
        ("right", "dropped", "kept"),
        ("all", "kept", "kept"),
    ],
)
def test_a_merge_counts_matched_rows_and_both_sides_alone_kept_or_dropped(
    project: Path, keep: str, left: str, right: str
) -> None:
    with traced(project, MERGE.format(keep=keep), USAGE) as result:
        found = taken(result)
        assert found["join Usage: Gsid = Company GSID: matched"] == 2
        assert found[f"join Usage: Gsid = Company GSID: left alone, {left}"] == 1
        assert found[f"join Usage: Gsid = Company GSID: right alone, {right}"] == 0
        assert found["group [Company GSID]: one row"] == 1
        assert found["group [Company GSID]: several rows"] == 2
        assert uncounted(result) == {"group [Company GSID]: one row"}


def test_sides_made_of_the_same_rows_always_meet_so_being_alone_does_not_count(project: Path) -> None:
    rule = """
        rule: Branched
        tasks:
          Companies: {type: fetch, object: company, show: [Status, ExternalId, Arr], where: ExternalId is not null}
          Sums: {type: transform, from: Companies, show: [ExternalId, sum(Arr) as Arr]}
          Large: {type: transform, from: Companies, where: Arr > 100, show: [ExternalId, count(*) as N]}
          Both:
            type: merge
            from: Sums
            join:
              - {dataset: Companies, keep: left, on: ExternalId = ExternalId}
              - {dataset: Large, keep: left, on: Sums.ExternalId = ExternalId}
            show: [Sums.ExternalId, Sums.Arr, Companies.Status, Large.N]
        """
    with traced(project, rule, COMPANIES) as result:
        joins = {name for name in uncounted(result) if name.startswith("join")}
        # Every company is in Sums and every sum is of a company; only some are in Large, all of which are companies.
        assert joins == {
            "join Companies: ExternalId = ExternalId: left alone, kept",
            "join Companies: ExternalId = ExternalId: right alone, dropped",
            "join Large: Sums.ExternalId = ExternalId: right alone, dropped",
        }


def test_a_lookup_that_may_be_empty_counts_as_found_and_as_none(project: Path) -> None:
    rule = """
        rule: Branched
        tasks:
          Companies: {type: fetch, object: company, show: [Name, Csm.Email as Mail]}
          Usage: {type: fetch, object: usage__gc, show: [Company.Name as Name]}
        """
    records = {
        "gsuser": [{"Name": "Owner", "Email": "owner@example.com"}],
        "company": [{"Name": "One", "ExternalId": "1", "Csm.Email": "owner@example.com"}, {"Name": "Two"}],
        "usage__gc": [{"Company__gc.ExternalId": "1"}],
    }
    with traced(project, rule, records) as result:
        found = taken(result)
        assert found["lookup Csm → gsuser: found"] == 1
        assert found["lookup Csm → gsuser: none"] == 1
        assert found["lookup Company__gc → company: found"] == 1
        assert uncounted(result) == {"lookup Company__gc → company: none"}  # the lookup is required


def test_a_pivot_column_is_fed_or_not_and_a_union_has_rows_of_each_input(project: Path) -> None:
    rule = """
        rule: Branched
        tasks:
          Companies: {type: fetch, object: company, show: [Name, Status, Arr]}
          By status:
            type: pivot
            from: Companies
            group_by: [Name]
            columns:
              - {name: Active, where: Status in ('Active'), value: sum(Arr), default: 0}
              - {name: Lost, where: "Status in ('Churn') and Arr > 5", value: sum(Arr), default: 0}
          Nobody: {type: fetch, object: person, show: [Name]}
          Names: {type: transform, from: Companies, show: [Name]}
          All: {type: union, from: [Names, Nobody]}
        """
    with traced(project, rule, COMPANIES) as result:
        found = taken(result)
        assert found["pivot Active: fed"] == 2
        assert found["pivot Active: not fed"] == 3
        assert found["pivot Lost: fed"] == 1  # Five has no Arr
        assert found["pivot Lost: not fed"] == 4
        assert found["condition Arr > 5: null"] == 1  # a column with several conditions has them one by one, too
        assert found["union Names: rows"] == 5
        assert found["union Nobody: rows"] == 0


def test_a_null_only_from_a_division_is_told_but_does_not_count(project: Path) -> None:
    rule = """
        rule: Branched
        tasks:
          Companies: {type: fetch, object: company, show: [Gsid, Name, Arr], where: Arr >= 0}
          Shares:
            type: transform
            from: Companies
            formulas: {Share: {expression: 100 / Arr, type: number}}
          Many: {type: transform, from: Shares, where: Share > 1}
        """
    with traced(project, rule, COMPANIES) as result:
        assert taken(result)["condition Share > 1: null"] == 0
        assert uncounted(result) == {"condition Share > 1: null"}  # Arr itself is never null after the filter


LOAD = """
    rule: Branched
    tasks:
      Companies: {type: fetch, object: company, show: [Gsid, Name, Status, Arr, ExternalId]}
    actions:
      - action: load_to_object
        id: Load
        from: Companies
        when: Arr > 20
        object: usage__gc
        operation: upsert
        identifiers: [Company__gc]
        fields:
          Company__gc: {lookup: company, match: {ExternalId: ExternalId}, multiple: error, none: error}
          Logins__gc: {column: Arr, default: 1}
      - action: create_cta
        id: Open
        from: Companies
        company: Gsid
        name: "${Name} is here"
        type: Risk
        reason: Usage Drop
        priority: High
        status: New
        owner: {default: owner@example.com}
        comments: {text: "case", repeat: once}
      - action: close_cta
        id: Close
        from: Companies
        company: Gsid
        type: Risk
        reason: Usage Drop
        sources: [Rules]
        status: Closed Success
    """


def test_an_action_has_its_criteria_its_choices_and_the_outcomes_that_it_can_reach(project: Path) -> None:
    records = {
        "gsuser": [{"Name": "Owner", "Email": "owner@example.com"}],
        "company": [
            {"Name": "One", "ExternalId": "1", "Arr": 30},
            {"Name": "Two", "ExternalId": "2", "Arr": 10},
            {"Name": "Three", "ExternalId": "3", "Arr": None},
            {"Name": "Twin", "ExternalId": "4", "Arr": 40},
            {"Name": "Other twin", "ExternalId": "4", "Arr": 40},
            {"Name": "Nothing", "Arr": 50},
        ],
        "usage__gc": [{"Company__gc.ExternalId": "1", "Logins__gc": 30}],
    }
    with traced(project, LOAD, records) as result:
        found = {branch.id: count for branch, count in counted(result)}
        assert found["action Load/condition/Arr > 20/true"] == 4
        assert found["action Load/condition/Arr > 20/false"] == 1
        assert found["action Load/condition/Arr > 20/null"] == 1
        text = "Company__gc: company by ExternalId"
        assert found[f"action Load/lookup/{text}/found"] == 1
        assert found[f"action Load/lookup/{text}/none: error"] == 1
        assert found[f"action Load/lookup/{text}/multiple: error"] == 2
        assert found["action Load/null/Logins__gc: default/used"] == 0
        outcomes = {name: count for name, count in found.items() if "/outcome/" in name}
        assert outcomes == {
            "action Load/outcome/created/reached": 0,
            "action Load/outcome/updated/reached": 0,
            "action Load/outcome/unchanged/reached": 1,
            "action Load/outcome/skipped/reached": 0,
            "action Load/outcome/failed/reached": 3,
            "action Open/outcome/created/reached": 6,
            "action Open/outcome/updated/reached": 0,
            "action Open/outcome/unchanged/reached": 0,
            "action Open/outcome/skipped/reached": 0,
            "action Open/outcome/failed/reached": 0,
            "action Close/outcome/closed/reached": 6,
            "action Close/outcome/skipped/reached": 0,
            "action Close/outcome/failed/reached": 0,
        }
        names = {branch.id for branch, _ in counted(result) if not branch.counted and "/outcome/" in branch.id}
        assert names == {
            "action Load/outcome/skipped/reached",
            "action Load/outcome/failed/reached",
            "action Open/outcome/failed/reached",
            "action Close/outcome/failed/reached",
        }


def test_entries_of_a_mapping_the_owner_s_default_and_a_stated_null_count() -> None:

    example = Workspace.open(Path(__file__).parents[3], Path(__file__).parents[3])
    report = CoverageObserver().report(example, example.rule_ids())
    branches = {branch.id for rule in report.rules for branch in rule.branches if branch.counted}
    assert "action Load tickets/map/Severity__gc: P2 → High/used" in branches
    assert "action Load tickets/null/Subject__gc: default/used" in branches
    assert "action Write health/null/Nps_90_Days__gc: on_null: write/used" in branches
    assert "action Open a risk CTA/owner/owner/default" in branches
    assert "action Open a risk CTA/outcome/unchanged/reached" not in branches  # it always adds a comment


def test_branches_have_the_place_where_the_user_wrote_them(project: Path) -> None:
    with traced(project, LOAD, COMPANIES) as result:
        criteria = next(branch for branch, _ in counted(result) if branch.kind == "condition")
        assert criteria.place is not None
        assert criteria.place.line == 8
        assert criteria.place.file.endswith("rules/branched.yml")
        assert criteria.need == "needs a row for which `Arr > 20` is true"


def test_branches_can_be_listed_without_a_run_and_are_the_same(project: Path) -> None:
    with traced(project, MERGE.format(keep="left"), USAGE) as result:
        assert result.trace is not None
        listed = branches_of(result.trace.bound)
        assert [branch.id for branch in listed] == [branch.id for branch, _ in counted(result)]
