"""The limits of data-setup.md §17, each as an error and, with limits.strict off, as a warning."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gsrules.errors import InputError
from tests.plan.support import Lab

FETCH = "T1: {type: fetch, object: company, show: [Name]}\n"
FILE = "F: {type: s3, path: a.csv, columns: {k: string, n: number, m: number}}\n"


def both_ways(tasks: str, **profile: object) -> str:
    """The message of the one limit that is exceeded: an error, and only a warning when limits are not strict."""
    keys = {key.replace("__", "."): value for key, value in profile.items()}
    ((code, message),) = Lab(tasks, profile=keys).problems()
    loose = Lab(tasks, profile={**keys, "limits.strict": False}).findings()
    assert (code, loose) == ("GS-LIMIT", [("GS-LIMIT", message)])
    return message


def at_the_limit(tasks: str, **profile: object) -> None:
    keys = {key.replace("__", "."): value for key, value in profile.items()}
    assert Lab(tasks, profile=keys).findings() == []


def tasks(count: int) -> str:
    return "".join(FETCH.replace("T1", f"T{number}") for number in range(count))


def fields(count: int) -> str:
    return ", ".join(f"Name as c{number}" for number in range(count))


def test_a_rule_has_15_tasks() -> None:
    at_the_limit(tasks(15))
    assert both_ways(tasks(16)) == "16 tasks; a rule has at most 15"
    both_ways(tasks(2), limits__tasks=1)


@pytest.mark.parametrize(
    "task",
    [
        "T: {{type: fetch, object: company, show: [{}]}}\n",
        FETCH + "T: {{type: transform, from: T1, show: [{}]}}\n",
        FETCH + FILE + "T: {{type: merge, from: T1, join: [{{dataset: F, keep: left, on: Name = k}}], show: [{}]}}\n",
    ],
)
def test_a_task_shows_50_fields(task: str) -> None:
    text = task.replace(
        "{type: fetch, object: company, show: [Name]}", "{{type: fetch, object: company, show: [Name]}}"
    )
    text = text.replace(FILE, FILE.replace("{", "{{").replace("}", "}}"))
    at_the_limit(text.format(fields(50)))
    assert both_ways(text.format(fields(51))) == "51 fields are shown; at most 50 are allowed"


def test_a_union_shows_50_fields() -> None:
    union = FETCH + FETCH.replace("T1", "T2") + "U: {type: union, from: [T1, T2], columns: {%s}}\n"
    columns = [f"c{number}: {{T1: Name, T2: Name}}" for number in range(51)]
    at_the_limit(union % ", ".join(columns[:50]))
    assert both_ways(union % ", ".join(columns)) == "51 fields are shown; at most 50 are allowed"


def test_a_task_groups_by_10_fields() -> None:
    at_the_limit(f"T: {{type: fetch, object: company, show: [{fields(10)}, count(*)]}}")
    assert both_ways(f"T: {{type: fetch, object: company, show: [{fields(11)}, count(*)]}}").startswith("11 group-by")
    keys = ", ".join(f"Name as c{number}" for number in range(11))
    pivot = FETCH + f"P: {{type: pivot, from: T1, group_by: [{keys}], pivot_on: Name, value: count(*), columns: [a]}}"
    assert both_ways(pivot).startswith("11 group-by")
    assert both_ways(FETCH + f"T: {{type: transform, from: T1, show: [{keys}, count(*)]}}").startswith("11 group-by")


def test_a_task_has_26_filters() -> None:
    conditions = [f"Name != 'n{number}'" for number in range(27)]
    at_the_limit('T: {{type: fetch, object: company, show: [Name], where: "{}"}}'.format(" and ".join(conditions[:26])))
    assert "27 conditions" in both_ways(
        'T: {{type: fetch, object: company, show: [Name], where: "{}"}}'.format(" and ".join(conditions))
    )


def pivot(columns: int, conditions: int) -> str:
    where = " or ".join(f"n = {number}" for number in range(conditions))
    listed = ", ".join(f"{{name: c{number}, where: {where}}}" for number in range(columns))
    return FILE + f"P: {{type: pivot, from: F, value: count(*), columns: [{listed}]}}"


def test_a_pivot_has_50_columns_and_200_conditions_joined_or_not() -> None:
    at_the_limit(pivot(50, 4))
    assert both_ways(pivot(51, 1)) == "51 pivot columns; at most 50 are allowed"
    assert both_ways(pivot(41, 5)) == "205 conditions in one pivot; at most 200 are allowed"


def test_a_column_of_a_pivot_has_letters_of_its_own() -> None:
    at_the_limit(pivot(7, 26))
    assert "27 conditions" in both_ways(pivot(1, 27))


def test_lookups_are_followed_twice_silently_three_times_with_a_warning() -> None:
    path = "T: {type: fetch, object: company, show: [%sName as n]}"
    at_the_limit(path % ("ParentCompany." * 2))
    ((code, message),) = Lab(path % ("ParentCompany." * 3)).findings()
    assert (code, "3 lookups" in message) == ("GS-LIMIT", True)
    assert "4 lookups are followed" in both_ways(path % ("ParentCompany." * 4))


def test_task_names_have_80_characters() -> None:
    long = Lab(FETCH.replace("T1", "x" * 80)).findings()
    assert [(code, "cut at 60" in message) for code, message in long] == [("GS-LIMIT", True)]
    ((code, message),) = Lab(FETCH.replace("T1", "x" * 81)).problems()
    assert (code, message) == ("GS-LIMIT", "the task name has 81 characters; at most 80 are allowed")
    loose = Lab(FETCH.replace("T1", "x" * 81), profile={"limits.strict": False})
    assert ("GS-LIMIT", message) in loose.findings()


def test_datasets_whose_names_are_cut_to_one_are_warned_of() -> None:
    at_the_limit(FETCH.replace("T1", "x" * 60))
    two = FETCH.replace("T1", "x" * 60 + "a") + FETCH.replace("T1", "X" * 60 + "b")
    plan = Lab(two).plan()
    assert [problem.severity for problem in plan.findings] == ["note", "warning"]
    assert "have one name in Gainsight" in plan.findings[1].message


def test_task_descriptions_have_200_characters() -> None:
    described = FETCH.replace("type", "description: %s, type")
    at_the_limit(described % ("x" * 200))
    assert both_ways(described % ("x" * 201)).startswith("the task's description has 201 characters")


@pytest.mark.parametrize(("name", "said"), [("ab", "2 characters"), ("x" * 121, "121 characters"), ("1 rule", "digit")])
def test_rule_names_have_3_to_120_characters_and_begin_with_no_digit(name: str, said: str) -> None:
    lab = _named(name)
    with pytest.raises(InputError) as caught:
        lab.plan()
    (problem,) = caught.value.problems
    assert (problem.code, said in problem.message) == ("GS-LIMIT", True)
    assert problem.place is not None
    (warned,) = _named(name, {"limits.strict": False}).plan().findings
    assert warned == replace(problem, severity="warning")


@pytest.mark.parametrize("name", ["abc", "x" * 120, "Ünï no"])
def test_other_rule_names_are_fine(name: str) -> None:
    assert _named(name).plan().findings == ()


def _named(name: str, profile: dict[str, object] | None = None) -> Lab:
    return Lab(FETCH, profile=profile or {}, name=name)
