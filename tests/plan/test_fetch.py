from __future__ import annotations

from pathlib import Path

import pytest

from gsrules.catalogue import Catalogue
from gsrules.catalogue.cockpit import CockpitOptions, build_cockpit
from gsrules.plan.nodes import Matching, walk
from tests.plan.support import Lab

COMPANIES = [
    {"Gsid": "G1", "Name": "Acme", "Arr": 100, "Csm": "U1", "ParentCompany": "G2"},
    {"Gsid": "G2", "Name": "Beta", "Arr": None, "Csm": None, "ParentCompany": None},
    {"Gsid": "G3", "Name": "acme", "Arr": 50, "Csm": "U9", "ParentCompany": "G1"},
]
USERS = [{"Gsid": "U1", "Email": "ann@example.com", "Name": "Ann"}]


def lab(tasks: str, **more: object) -> Lab:
    return Lab(tasks, records={"company": COMPANIES, "gsuser": USERS}, **more)  # type: ignore[arg-type]


def test_fields_are_named_by_api_name_or_label_in_any_case() -> None:
    fetch = lab("Co: {type: fetch, object: COMPANY, show: [gsid, arr as Revenue, name]}")
    assert [column.name for column in fetch.plan().tasks["Co"].columns] == ["Gsid", "Revenue", "Name"]
    assert fetch.rows("Co") == [("G1", 100, "Acme"), ("G2", None, "Beta"), ("G3", 50, "acme")]


def test_a_lookup_path_joins_its_parts_and_never_drops_or_multiplies_rows() -> None:
    fetch = lab("Co: {type: fetch, object: company, show: [Gsid, Csm.Email, ParentCompany.Csm.Name as Over]}")
    assert [column.name for column in fetch.plan().tasks["Co"].columns] == ["Gsid", "Csm_Email", "Over"]
    assert fetch.rows("Co") == [("G1", "ann@example.com", None), ("G2", None, None), ("G3", None, "Ann")]


def test_one_lookup_followed_twice_is_one_join() -> None:
    fetch = lab("Co: {type: fetch, object: company, show: [Csm.Email, CSM.Name], where: \"[CSM].[Email] = 'x'\"}")
    assert fetch.text("Co").count("JOIN") == 1


def test_conditions_may_name_fields_and_paths_that_are_not_shown() -> None:
    where = "Csm.Email = 'ann@example.com' and Arr > 1"
    fetch = lab(f'Co: {{type: fetch, object: company, show: [Name], where: "{where}"}}')
    assert fetch.rows("Co") == [("Acme",)]


def test_without_show_all_readable_fields_are_shown() -> None:
    fetch = lab("Co: {type: fetch, object: company}")
    names = [column.name for column in fetch.plan().tasks["Co"].columns]
    assert names[:3] == ["Gsid", "Name", "ExternalId"]
    assert "GsExecutionId" not in names
    assert len(names) == len([f for f in fetch.catalogue.objects["company"].fields.values() if not f.hidden])


def test_no_show_counts_against_the_limit_of_shown_fields() -> None:
    problems = lab("Co: {type: fetch, object: company}", profile={"limits.show_fields": 10}).problems()
    assert problems[0][0] == "GS-LIMIT"


def test_aggregates_group_by_the_plain_fields_with_null_as_a_group() -> None:
    fetch = lab("Co: {type: fetch, object: company, show: [Csm, count(*), sum(Arr), count(Arr) as With ARR]}")
    columns = fetch.plan().tasks["Co"].columns
    assert [(c.name, c.label) for c in columns] == [
        ("Csm", "CSM"),
        ("count_of_records", "Number of Records"),
        ("sum_of_Arr", "ARR (SUM)"),
        ("With ARR", "With ARR"),
    ]
    assert fetch.rows("Co") == [("U1", 1, 100, 1), ("U9", 1, 50, 1), (None, 1, None, 0)]


def test_all_six_aggregations_over_no_row_give_one_row() -> None:
    fetch = Lab(
        "Co: {type: fetch, object: company, show: [count(*) as a, count(Arr) as b, count_distinct(Name) as c,"
        " sum(Arr) as d, avg(Arr) as e, min(Name) as f, max(RenewalDate) as g]}"
    )
    assert fetch.rows("Co") == [(0, 0, 0, None, None, None, None)]
    assert fetch.rows("Co", exact=True) == [(0, 0, 0, None, None, None, None)]


def test_text_is_counted_and_grouped_case_sensitively() -> None:
    names = lab("Co: {type: fetch, object: company, show: [count_distinct(Name) as n, min(Name) as a, max(Name) as b]}")
    assert names.rows("Co") == [(3, "Acme", "acme")]


def test_group_by_without_aggregate_gives_distinct_combinations() -> None:
    fetch = Lab(
        "Co: {type: fetch, object: company, show: [Industry], group_by: [Industry]}",
        records={"company": [{"Gsid": "G1", "Industry": "IT"}, {"Gsid": "G2", "Industry": "IT"}, {"Gsid": "G3"}]},
    )
    assert fetch.rows("Co") == [("IT",), (None,)]


def test_averages_round_half_away_from_zero_to_nine_decimals() -> None:
    fetch = Lab(
        "Co: {type: fetch, object: company, show: [avg(Arr) as a]}",
        records={"company": [{"Gsid": str(n), "Arr": arr} for n, arr in enumerate((1, 0, 0))]},
    )
    assert [str(value) for (value,) in fetch.rows("Co")] == ["0.333333333"]
    assert fetch.rows("Co", exact=True) == fetch.rows("Co")


@pytest.mark.parametrize(
    ("tasks", "code", "words"),
    [
        ("{type: fetch, object: compny}", "GS-NAME", "INVALID_FIELD"),
        ("{type: fetch, object: company, show: [Nme]}", "GS-NAME", "INVALID_FIELD"),
        ("{type: fetch, object: company, show: [Csm.Nme]}", "GS-NAME", "INVALID_FIELD"),
        ("{type: fetch, object: company, show: [Name.Email]}", "GS-NAME", "INVALID_FIELD"),
        ("{type: fetch, object: company, show: [sum(Name)]}", "GS-TYPE", "INVALID_TYPE"),
        ("{type: fetch, object: company, show: [min(Csm)]}", "GS-TYPE", "INVALID_TYPE"),
        ("{type: fetch, object: company, show: [Name, Arr], group_by: [Name]}", "GS-SYNTAX", "neither grouped"),
        ("{type: fetch, object: company, show: [count(*)], group_by: [Name]}", "GS-SYNTAX", "not shown"),
        ("{type: fetch, object: company, show: [Name, Arr as name]}", "GS-AMBIGUOUS", "letter case"),
        ("{type: fetch, object: company, show: [Name as __row]}", "GS-NAME", "kept for gsrules"),
        ("{type: fetch, object: company, show: [Csm.Manager.Manager.Manager.Name]}", "GS-LIMIT", "4 lookups"),
    ],
)
def test_what_cannot_be_fetched_is_refused(tasks: str, code: str, words: str) -> None:
    problems = Lab(f"Co: {tasks}").problems()
    assert [found for found, message in problems if words in message] == [code]


def test_three_lookups_pass_with_a_warning_and_two_silently() -> None:
    three = Lab("Co: {type: fetch, object: company, show: [ParentCompany.ParentCompany.Csm.Name]}")
    assert [code for code, _ in three.findings()] == ["GS-LIMIT"]
    assert Lab("Co: {type: fetch, object: company, show: [ParentCompany.Csm.Name]}").findings() == []


def test_all_problems_of_all_tasks_are_told_at_once() -> None:
    problems = Lab(
        """
        A: {type: fetch, object: company, show: [Nme, Arrr]}
        B: {type: fetch, object: compny}
        C: {type: transform, from: A, show: [Nothing]}
        """
    ).problems()
    assert [code for code, _ in problems] == ["GS-NAME", "GS-NAME", "GS-NAME"]


def test_colliding_names_may_be_suffixed() -> None:
    fetch = lab(
        "Co: {type: fetch, object: company, show: [Name, Csm.Name as name, Name as NAME]}",
        profile={"names.collision": "auto_suffix"},
    )
    assert [column.name for column in fetch.plan().tasks["Co"].columns] == ["Name", "name_1", "NAME_2"]


def test_blank_texts_become_null_where_the_profile_says_so() -> None:
    records = {"company": [{"Gsid": "G1", "Name": ""}]}
    tasks = "Co: {type: fetch, object: company, show: [Name]}"
    assert Lab(tasks, records=records).rows("Co") == [("",)]
    assert Lab(tasks, records=records, profile={"values.blank_is_null": True}).rows("Co") == [(None,)]


def test_customers_only_keeps_accounts_of_companies(tmp_path: Path) -> None:
    (tmp_path / "Account.csv").write_text("Id,Industry\n001000000000001,IT\n001000000000002,IT\n")
    standard = Catalogue.standard()
    catalogue = Catalogue(standard.objects, {}, build_cockpit(CockpitOptions(), "", []), standard.profile, tmp_path)
    fetch = lab("Ac: {type: fetch, source: salesforce, object: account, customers_only: true, show: [Industry]}")
    fetch.catalogue = catalogue
    (only,) = [node for node in walk(fetch.plan().tasks["Ac"].node) if isinstance(node, Matching)]
    assert (only.key, only.object, only.field) == ("Id", "company", "SfdcAccountId")
    text = fetch.text("Ac")
    assert 'FROM "salesforce_Account" AS "s1"' in text
    assert '"s1"."Id" IN' in text.replace("\n", " ")
