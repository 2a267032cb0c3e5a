"""Every function says where a wrong number or type of arguments stands, and what to write (data-setup.md §11.1)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gsrules.catalogue.datatypes import Family
from gsrules.errors import InputError, Problem
from gsrules.expressions.functions import FUNCTIONS, Function
from tests.expressions.worlds import World, context

ENTRIES = [entry for entry in FUNCTIONS.values() if entry.params]
COLUMN_OF = {
    Family.BOOLEAN: "Active",
    Family.NUMBER: "ARR",
    Family.TEXT: "Name",
    Family.DATE: "Start",
    Family.DATETIME: "CreatedDate",
    Family.PICKLIST: "Status",
    Family.MULTI_PICKLIST: "Tags",
}


def refusal(text: str) -> Problem:
    with pytest.raises(InputError) as caught:
        World(replace(context(), over_rows=True)).bind(text)
    return caught.value.problems[0]


def fitting(entry: Function) -> list[str]:
    """Arguments that the function takes."""
    found = []
    for param in entry.params:
        if param.constant:
            found.append(f"'{param.choices[0]}'" if param.choices else "'yyyy-MM-dd'")
        else:
            found.append(next(name for family, name in COLUMN_OF.items() if family in param.families))
    return found


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_a_wrong_number_of_arguments_is_refused_at_the_call(entry: Function) -> None:
    wrong = [[]] if not all(param.optional for param in entry.params) else []
    if not any(param.repeated for param in entry.params):
        wrong.append([*fitting(entry), "ARR"])
    for args in wrong:
        text = f"{entry.name}({', '.join(args)})"
        problem = refusal(f"1 + {text}")
        assert problem.code == "GS-SYNTAX"
        assert f"not {len(args)} (MALFORMED_QUERY)" in problem.message
        assert problem.hint
        assert problem.place is not None
        assert (problem.place.column, problem.place.length) == (5, len(text))


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_a_wrong_type_is_refused_at_the_argument(entry: Function) -> None:
    for at, param in enumerate(entry.params):
        bad = "ARR" if param.constant else next((n for f, n in COLUMN_OF.items() if f not in param.families), None)
        if bad is None:
            continue
        args = fitting(entry)
        args[at] = bad
        text = f"{entry.name}({', '.join(args)})"
        problem = refusal(text)
        assert problem.code == "GS-TYPE", text
        assert "(INVALID_TYPE)" in problem.message
        assert problem.hint, text
        assert problem.place is not None
        assert text[problem.place.column - 1 :].startswith(bad), text


@pytest.mark.parametrize("name", ["coalesce", "nullif", "greatest", "least", "if"])
def test_values_of_two_families_are_refused(name: str) -> None:
    problem = refusal("if(Active, ARR, Start)" if name == "if" else f"{name}(ARR, Start)")
    assert problem.code == "GS-TYPE"
    assert "(INVALID_TYPE)" in problem.message
    assert problem.place is not None


def test_function_names_are_read_in_any_letter_case() -> None:
    assert World().value("UPPER(Left(Name, '@'))", Name="a@b") == "A"


def test_extensions_warn_once_for_each_use() -> None:
    extensions = {entry.name for entry in FUNCTIONS.values() if entry.extension}
    assert extensions == {
        *("coalesce", "nullif", "round", "mod", "replace", "greatest", "least", "if", "add_months", "add_years")
    }
    world = World()
    world.bind("round(ARR) + round(MRR)")
    warned = [problem for problem in world.context.findings if problem.code == "GS-EXT"]
    assert [problem.message for problem in warned] == ["Gainsight has no function round"] * 2
    assert [problem.place.column for problem in warned if problem.place] == [1, 14]
