"""load_to_relationship: the type is set and part of the match, the company never changes (actions.md §5.3)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.actions.support import World, company

Make = Callable[..., World]


def rel(number: int) -> str:
    return f"1P0500000000LOCAL0{number:018d}"


def kind(number: int) -> str:
    return f"1P0600000000LOCAL0{number:018d}"


def load(operation: str = "upsert", identifiers: str = "[ExternalId]", type_: str = "Product", more: str = "") -> str:
    return (
        f"  - {{action: load_to_relationship, from: Rows, relationship_type: {type_}, operation: {operation}, "
        f"identifiers: {identifiers}, fields: {{CompanyId: C, ExternalId: X, Name: N{more}}}}}\n"
    )


@pytest.fixture
def stored(make: Make) -> World:
    world = make()
    world.seed("relationship_type", [{"Gsid": kind(1), "Name": "Product"}, {"Gsid": kind(2), "Name": "Service"}])
    world.seed(
        "relationship",
        [
            {"Gsid": rel(1), "Name": "P1", "ExternalId": "X1", "CompanyId": company(1), "TypeId": kind(1)},
            {"Gsid": rel(2), "Name": "S1", "ExternalId": "X1", "CompanyId": company(1), "TypeId": kind(2)},
        ],
    )
    return world


def test_the_type_is_part_of_the_match_and_set_on_creation(stored: World) -> None:
    stored.dataset(
        {"C": "id", "X": "text", "N": "text"},
        [(company(1), "X1", "New name"), (company(2), "X2", "Other"), (company(1), "X1 ", "Third")],
    )
    made = stored.act(load(type_="product"))
    assert made.outcomes == ["updated", "created", "created"]
    found = [(r["Name"], r["TypeId"], r["CompanyId"]) for r in stored.records("relationship")]
    assert found == [
        ("New name", kind(1), company(1)),
        ("S1", kind(2), company(1)),
        ("Other", kind(1), company(2)),
        ("Third", kind(1), company(1)),
    ]


def test_a_company_never_changes_and_must_exist(stored: World) -> None:
    stored.dataset(
        {"C": "text", "X": "text", "N": "text"},
        [(company(2), "X1", "Moved"), (company(77), "X3", "Nobody's"), (None, "X4", "Without"), ("x", "X5", "Ill")],
    )
    made = stored.act(load())
    assert made.codes == ["VALUE_INVALID", "ENTITY_NOT_FOUND", "REQUIRED_MISSING", "VALUE_INVALID"]
    assert made.warned == {}
    assert "cannot be changed" in made.effects[0]["message"]
    assert company(77) in made.effects[1]["message"]


def test_updates_find_relationships_of_the_type_alone(stored: World) -> None:
    stored.dataset({"C": "id", "X": "text", "N": "text", "G": "id"}, [(company(1), "X1", "A", rel(2))])
    action = load("update", "[Gsid]", more=", Gsid: G")
    assert stored.act(action).codes == ["NO_RECORD_TO_UPDATE"]
    assert stored.act(load("update", "[Gsid]", "Service", ", Gsid: G")).outcomes == ["updated"]


def test_a_type_that_does_not_exist_creates_nothing(stored: World) -> None:
    stored.dataset({"C": "id", "X": "text", "N": "text"}, [(company(1), "X1", "A")])
    made = stored.act(load(type_="Nothing"))
    assert made.codes == ["REQUIRED_MISSING"]
    assert made.warned == {"REFERENCE_NOT_FOUND": 0}
    assert "Nothing" in made.effects[0]["message"]
    assert stored.act(load(type_=kind(1))).outcomes == ["updated"]


def test_first_of_several_matches_counts_the_type_alone(make: Make) -> None:
    world = make(load__multi_match="error")
    world.seed("relationship_type", [{"Gsid": kind(1), "Name": "Product"}, {"Gsid": kind(2), "Name": "Service"}])
    for number, type_ in ((1, 2), (2, 1), (3, 2)):
        record = {"Name": "R", "ExternalId": "X1", "CompanyId": company(1), "TypeId": kind(type_)}
        world.seed("relationship", [{"Gsid": rel(number), **record}])
    world.dataset({"C": "id", "X": "text", "N": "text"}, [(company(1), "X1", "A")])
    assert world.act(load()).effects[0]["gsids"] == [rel(2)]
    refused = world.act(load(type_="Service")).effects[0]
    assert (refused["code"], refused["gsids"]) == ("MULTIPLE_RECORDS_MATCHED", [rel(1), rel(3)])


@pytest.mark.parametrize(
    ("action", "code"),
    [
        (load(more=", TypeId: C"), "GS-ACTION-READ-ONLY"),
        (load().replace("CompanyId: C, ", ""), "GS-ACTION-REQUIRED"),
        (load(identifiers="[]"), "GS-ACTION-IDENTIFIER"),
    ],
)
def test_what_the_load_refuses(stored: World, action: str, code: str) -> None:
    stored.dataset({"C": "id", "X": "text", "N": "text"}, [])
    assert [p.code for p in stored.problems(action)] == [code]
