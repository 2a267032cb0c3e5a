"""Show items, names without brackets, join pairs, templates."""

from __future__ import annotations

from typing import Any

import pytest

from gsrules.catalogue.datatypes import NUMBER, STRING
from gsrules.errors import InputError, Place
from gsrules.expressions.scope import Scope
from gsrules.expressions.show import parse_join, parse_show_item, split_path
from gsrules.expressions.spell import spell
from gsrules.expressions.template import bind_html_template, bind_template, null_tokens
from gsrules.expressions.tree import ColumnRef
from gsrules.plan.nodes import Column
from gsrules.spec.text import Text
from tests.expressions.worlds import World, context, evaluate, item

FIRST = (Column("Name", "Name", STRING), Column("ARR", "ARR", NUMBER))
SECOND = (Column("Name", "Name", STRING), Column("Login.Count", "Login Count", NUMBER))
JOINED = Scope.of_datasets(
    {
        "Active companies": [(column, column.name) for column in FIRST],
        "Usage file": [(SECOND[0], "Name_1"), (SECOND[1], "Login.Count")],
    }
)


@pytest.mark.parametrize(
    ("text", "kind", "name", "function", "alias"),
    [
        ("Name", "field", "Name", "", None),
        ("Renewal Date as Renews", "field", "Renewal Date", "", "Renews"),
        ("Csm.Email AS CSM Email", "field", "Csm.Email", "", "CSM Email"),
        ("sum(Logins) as Total Logins", "aggregate", "Logins", "sum", "Total Logins"),
        ("COUNT_DISTINCT( [Account ID] )", "aggregate", "[Account ID]", "count_distinct", None),
        ("count(*) as Records", "count_all", "*", "count", "Records"),
        ("*", "all", "*", "", None),
        ("Usage file.*", "all_of", "Usage file", "", None),
        ("Sold as New as Sale", "field", "Sold as New", "", "Sale"),
        ("[Sold as New]", "field", "[Sold as New]", "", None),
        ("max(Sold as New)", "aggregate", "Sold as New", "max", None),
        ("Amount (EUR) as Amount", "field", "Amount (EUR)", "", "Amount"),
    ],
)
def test_show_items(text: str, kind: str, name: str, function: str, alias: str | None) -> None:
    found = parse_show_item(text)
    assert (found.kind, found.name, found.function, found.alias) == (kind, name, function, alias)


def test_default_aliases_follow_the_reference() -> None:
    given = ["max(Arr)", "Csm.Email", "[Csm].[Email]", "Logins"]
    assert [parse_show_item(text).default_alias for text in given] == ["max_of_Arr", "Csm_Email", "Csm_Email", "Logins"]


@pytest.mark.parametrize(
    ("text", "hint"), [("median(ARR)", "aggregates: "), ("sum(*)", "only count"), ("Name as ", ""), ("sum()", "")]
)
def test_broken_show_items_are_refused(text: str, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_show_item(text)
    assert caught.value.problems[0].code == "GS-SYNTAX"
    assert caught.value.problems[0].hint.startswith(hint)


def test_aliases_know_their_place() -> None:
    line = "    show: [Renewal Date as Renews]"
    found = parse_show_item(Text("Renewal Date as Renews", Place("a.yml", 3, 12, line)))
    assert found.alias is not None
    assert found.alias.place is not None
    assert (found.alias.place.column, line[found.alias.place.column - 1 :]) == (28, "Renews]")


def test_the_longest_dataset_name_before_a_dot_is_tried() -> None:
    assert parse_show_item("Usage file.Login.Count as Logins").resolve(JOINED).name == "Login.Count"
    assert parse_show_item("[usage FILE].[Login Count]").resolve(JOINED).name == "Login.Count"
    assert parse_show_item("Usage file.Name").resolve(JOINED).name == "Name_1"
    assert parse_show_item("ARR").resolve(JOINED).name == "ARR"


def test_a_name_of_two_datasets_is_ambiguous() -> None:
    with pytest.raises(InputError) as caught:
        parse_show_item("Name").resolve(JOINED)
    problem = caught.value.problems[0]
    assert (problem.code, problem.hint) == ("GS-AMBIGUOUS", "write the dataset before it: Dataset.Field")
    assert "Active companies.Name" in problem.message
    assert "Usage file.Name" in problem.message


def test_a_wrong_dataset_or_column_names_the_nearest() -> None:
    for text, near in (("Usage fil.Name", "Usage file"), ("Usage file.Login Coun", "Login Count")):
        with pytest.raises(InputError) as caught:
            parse_show_item(text).resolve(JOINED)
        assert caught.value.problems[0].nearest == near


def test_lookups_are_followed_by_the_callback() -> None:
    def via(parts: tuple[str, ...], place: Place | None) -> ColumnRef | None:
        return ColumnRef("Csm_Email", STRING, place) if parts == ("Csm", "Email") else None

    scope = Scope.of_columns(FIRST, via)
    assert parse_show_item("Csm.Email").resolve(scope).name == "Csm_Email"
    with pytest.raises(InputError) as caught:
        parse_show_item("Arrr.Email").resolve(scope)
    assert caught.value.problems[0].nearest == "ARR"


def test_paths_split_at_dots_outside_of_brackets() -> None:
    assert split_path("[A.B]. C .[D]]E]") == ("A.B", "C", "D]E")


def test_join_pairs() -> None:
    pairs = parse_join("ExternalId = Account ID and [Black and White] ~ Usage file.Colour")
    assert [(pair.left, pair.right, pair.ignore_case) for pair in pairs] == [
        ("ExternalId", "Account ID", False),
        ("[Black and White]", "Usage file.Colour", True),
    ]
    for text in ("a > b", "a", "a = ", "a = b = c", "a != b"):
        with pytest.raises(InputError):
            parse_join(text)


def filled(text: str, **row: Any) -> Any:
    world = World()
    return evaluate(spell(bind_template(text, world.scope, world.context), world.env), [row])[0]


def test_tokens_hold_columns_or_expressions() -> None:
    text = "Usage fell ${round(ARR, 0)} % at ${Name} (${Renewal Date}, ${Status})"
    row = {"ARR": 40.4, "Name": "Acme", "RenewalDate": "2024-07-01", "Status": item("company.Status", "On Hold")}
    assert filled(text, **row) == "Usage fell 40 % at Acme (2024-07-01, On Hold)"


def test_a_null_token_is_empty_and_found() -> None:
    assert filled("<${Name}>") == "<>"
    world = World(context(formula__null_concat="as_empty"))
    template = bind_template("${Name} ${ARR}", world.scope, world.context)
    rows: list[dict[str, Any]] = [{"Name": "x"}, {"Name": "x", "ARR": 1}]
    assert evaluate(null_tokens(template, world.env), rows) == [True, False]
    assert evaluate(null_tokens(bind_template("plain", world.scope, world.context), world.env), rows[:1]) == [False]


def test_token_signs_can_be_written_plainly() -> None:
    assert filled("$${Name} costs $5, ${Name + '}'}", Name="x") == "${Name} costs $5, x}"
    assert filled("") == ""


def test_only_token_values_are_escaped() -> None:
    world = World()
    template = bind_html_template("<b>${Name}</b>", world.scope, world.context)
    assert evaluate(spell(template, world.env), [{"Name": "<A & 'B'>"}]) == ["<b>&lt;A &amp; &#x27;B&#x27;&gt;</b>"]


@pytest.mark.parametrize(
    ("text", "code"),
    [("a ${Name", "GS-SYNTAX"), ("${}", "GS-SYNTAX"), ("${Nme}", "GS-NAME"), ("${ARR *}", "GS-SYNTAX")],
)
def test_broken_tokens_are_refused(text: str, code: str) -> None:
    world = World()
    with pytest.raises(InputError) as caught:
        bind_template(text, world.scope, world.context)
    assert caught.value.problems[0].code == code
