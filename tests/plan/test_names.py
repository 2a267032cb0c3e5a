"""Names of columns: aliases, labels, collisions, reserved words (data-setup.md §1.2)."""

from __future__ import annotations

import pytest

from tests.plan.support import Lab

FETCH = "T: {type: fetch, object: company, show: [%s]}\n"


def names(show: str, **profile: object) -> list[tuple[str, str]]:
    keys = {key.replace("__", "."): value for key, value in profile.items()}
    return [(column.name, column.label) for column in Lab(FETCH % show, profile=keys).plan().tasks["T"].columns]


def test_a_field_is_named_by_its_name_and_labelled_by_its_label() -> None:
    assert names("arr, Renewal Date") == [("Arr", "ARR"), ("RenewalDate", "Renewal Date")]


def test_a_path_is_named_by_its_parts_joined() -> None:
    assert [name for name, _ in names("csm.email, ParentCompany.Csm.Name")] == ["Csm_Email", "ParentCompany_Csm_Name"]


def test_an_aggregate_is_named_by_function_and_field_and_labelled_in_gainsights_way() -> None:
    assert names("MAX(arr), count(*), count_distinct(Csm.Email)") == [
        ("max_of_Arr", "ARR (MAX)"),
        ("count_of_records", "Number of Records"),
        ("count_distinct_of_Csm_Email", "CSM Email (COUNT_DISTINCT)"),
    ]


def test_an_alias_is_name_and_label() -> None:
    assert names("Arr as Revenue, sum(Arr) as Total") == [("Revenue", "Revenue"), ("Total", "Total")]


def test_collisions_are_refused_in_any_letter_case() -> None:
    assert [code for code, _ in Lab(FETCH % "Name, Arr as NAME").problems()] == ["GS-AMBIGUOUS"]


def test_or_numbered_in_column_order_around_names_that_are_taken() -> None:
    suffixed = names("Name, Arr as name, Gsid as name_1, Csm as NAME", names__collision="auto_suffix")
    assert [name for name, _ in suffixed] == ["Name", "name_2", "name_1", "NAME_3"]


def test_a_name_means_an_alias_before_a_label() -> None:
    tasks = (
        FETCH % "Name, Arr as name, Csm as x" + "U: {type: transform, from: T, show: [name, name_1], where: name_1 = 5}"
    )
    lab = Lab(
        tasks,
        records={"company": [{"Gsid": "1", "Name": "Acme", "Arr": 5}, {"Gsid": "2", "Name": "Bolt", "Arr": 6}]},
        profile={"names.collision": "auto_suffix"},
    )
    assert lab.rows("U") == [("Acme", 5)]


def test_labels_may_repeat_and_then_only_the_alias_tells() -> None:
    tasks = """
    A: {type: fetch, object: company, show: [Csm.Name as n, Name]}
    B: {type: fetch, object: gsuser, show: [Name as m]}
    M: {type: merge, from: A, join: [{dataset: B, keep: left, on: n = m}], show: [A.Name, B.m]}
    T: {type: transform, from: M, show: [Name, m]}
    """
    assert [column.name for column in Lab(tasks).plan().tasks["T"].columns] == ["Name", "m"]


def test_two_labels_alike_are_ambiguous() -> None:
    same = """
    A: {type: fetch, object: company, show: [Name, max(Arr)]}
    B: {type: fetch, object: company, show: [Name, max(Arr)]}
    M: {type: merge, from: A, join: [{dataset: B, keep: left, on: Name = Name}], show: ["ARR (MAX)"]}
    """
    ((code, message),) = Lab(same).problems()
    assert (code, "A.max_of_Arr (ARR (MAX)), B.max_of_Arr (ARR (MAX))" in message) == ("GS-AMBIGUOUS", True)


def test_a_child_may_not_use_what_its_parent_does_not_show() -> None:
    tasks = FETCH % "Name" + "U: {type: transform, from: T, show: [Name], where: Arr > 1}"
    ((code, message),) = Lab(tasks).problems()
    assert (code, "INVALID_FIELD" in message) == ("GS-NAME", True)


def test_a_filter_of_a_fetch_names_fields_never_aliases() -> None:
    tasks = "T: {type: fetch, object: company, show: [Arr as Revenue], where: Revenue > 1}"
    ((code, message),) = Lab(tasks).problems()
    assert (code, "INVALID_FIELD" in message) == ("GS-NAME", True)
    assert Lab(tasks.replace("where: Revenue", "where: Arr")).findings() == []


@pytest.mark.parametrize("word", ["Order", "LIMIT", "case"])
def test_reserved_words_draw_a_warning(word: str) -> None:
    assert [code for code, _ in Lab(FETCH % f"Name as {word}").findings()] == ["GS-NAME"]
    assert Lab(FETCH % f"Name as {word}er").findings() == []
