"""load_to_company_team and load_to_relationship_team: users put into a team and taken out of it (actions.md §5.7)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from tests.actions.support import World, company, user

Make = Callable[..., World]

COLUMNS = {"C": "text", "U": "text", "R": "text", "D": "text"}


def team(number: int) -> str:
    return f"1E0100000000LOCAL0{number:018d}"


def load(fields: str = "CompanyId: C, UserId: U, Role: R, Delete: D", kind: str = "company") -> str:
    return f"  - {{action: load_to_{kind}_team, from: Rows, fields: {{{fields}}}}}\n"


@pytest.fixture
def stored(make: Make) -> World:
    world = make()
    for number, role in ((1, "CSM"), (2, "Sponsor")):
        member = {"CompanyId": company(number), "UserId": user(number), "Role": role}
        world.seed("company_team", [{"Gsid": team(number), **member}])
    return world


def test_members_are_added_changed_and_taken_out(stored: World) -> None:
    stored.dataset(
        COLUMNS,
        [
            (company(1), user(1), "Lead", "false"),
            (company(2), user(2), None, "TRUE"),
            (company(3), user(3), "CSM", None),
            (company(4), user(4), "CSM", "true"),
        ],
    )
    made = stored.act(load())
    assert made.outcomes == ["updated", "updated", "created", "skipped"]
    assert made.codes[3] == "NOTHING_TO_DELETE"
    assert made.changes.counts.records_written == 3
    assert [(r["CompanyId"], r["Role"]) for r in stored.records("company_team")] == [
        (company(1), "Lead"), (company(3), "CSM"),
    ]  # fmt: skip
    gone = made.effects[1]
    assert (gone["gsid"], gone["before"]["Role"], gone["after"]) == (team(2), "Sponsor", None)
    assert made.warned == {}
    (logged,) = stored.records("record_delete_log")
    assert (logged["RecordId"], logged["ObjectName"]) == (team(2), "company_team")
    assert logged["DeletedOn"] == datetime(2026, 11, 23)


def test_ids_that_name_nobody(stored: World) -> None:
    stored.dataset(
        COLUMNS,
        [
            (None, user(1), "A", None),
            (company(1), None, "A", "true"),
            (company(77), user(1), "A", None),
            (company(1), user(77), "A", None),
            ("ill", user(1), "A", None),
        ],
    )
    codes = ["IDENTIFIER_NULL", "IDENTIFIER_NULL", "ENTITY_NOT_FOUND", "ENTITY_NOT_FOUND", "VALUE_INVALID"]
    assert stored.act(load()).codes == codes


def test_constants_and_defaults(stored: World) -> None:
    stored.dataset(COLUMNS, [(company(5), None, None, None)])
    fields = f"CompanyId: C, UserId: {{column: U, default: {user(5)}}}, Role: {{value: Helper}}"
    made = stored.act(load(fields))
    assert made.outcomes == ["created"]
    assert stored.records("company_team")[-1]["UserId"] == user(5)
    again = stored.act(load(fields.replace("Role: {value: Helper}", "Delete: {value: true}")))
    assert again.outcomes == ["updated"]
    assert len(stored.records("company_team")) == 2


def test_the_last_row_of_a_member_counts_also_if_it_deletes(stored: World) -> None:
    stored.dataset(COLUMNS, [(company(1), user(1), "Lead", None), (company(1), user(1), None, "true")])
    made = stored.act(load())
    assert made.codes == ["DUPLICATE_IN_BATCH", None]
    assert [r["Gsid"] for r in stored.records("company_team")] == [team(2)]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ("CompanyId: C, Role: R", "GS-ACTION-IDENTIFIER"),
        ("CompanyId: C, UserId: U, CreatedBy: U", "GS-ACTION-READ-ONLY"),
        ("CompanyId: C, UserId: U, Gsid: C", "GS-ACTION-READ-ONLY"),
    ],
)
def test_what_the_load_refuses(stored: World, fields: str, code: str) -> None:
    stored.dataset(COLUMNS, [])
    assert code in [p.code for p in stored.problems(load(fields))]


def test_relationship_teams_take_relationships_of_the_rule_s_types(make: Make) -> None:
    world = make()
    kinds = {name: f"1P0600000000LOCAL0{n:018d}" for n, name in enumerate(("Product", "Service"), 1)}
    world.seed("relationship_type", [{"Gsid": gsid, "Name": name} for name, gsid in kinds.items()])
    found = {name: f"1P0500000000LOCAL0{n:018d}" for n, name in enumerate(kinds, 1)}
    for name, gsid in found.items():
        world.seed("relationship", [{"Gsid": gsid, "Name": name, "CompanyId": company(1), "TypeId": kinds[name]}])
    world.dataset(COLUMNS, [(found["Product"], user(1), "A", None), (found["Service"], user(1), "A", None)])
    action = load("RelationshipId: C, UserId: U, Role: R", "relationship")
    made = world.act(action, "relationship", "relationship_types: [Product]\n")
    assert made.outcomes == ["created", "failed"]
    assert made.codes[1] == "ENTITY_NOT_FOUND"
    assert "not one of the rule's" in made.effects[1]["message"]
    (member,) = world.records("relationship_team")
    assert (member["RelationshipId"], member["UserId"]) == (found["Product"], user(1))
    assert [p.code for p in world.problems(action)] == ["GS-ACTION-ENTITY"]
