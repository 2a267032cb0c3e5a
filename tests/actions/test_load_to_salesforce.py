"""load_to_salesforce: the tenant's copy, ids of 15 and 18 characters, the outbox, permissions
(load.require_sfdc_permission; actions.md §5.11)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlglot import exp

from gsrules.actions.changes.staging import relation
from gsrules.errors import RunError
from tests.actions.support import Outcome, World

Make = Callable[..., World]
Sample = Callable[..., World]

ACCOUNTS = """Id,Name,Rating__c,Arr__c,Active__c,Since__c,Owner
001A0000000abcdIAA,Acme,Hot,100.5,true,2026-01-31,x
001A0000000ABCD,Beta,,20,false,2026-02-28,y
"""
FIELDS = "Name: N, Rating__c: R, Arr__c: A"
COLUMNS = {"I": "text", "N": "text", "R": "text", "A": "number"}


@pytest.fixture
def sample(make: Make, tmp_path: Path) -> Sample:
    """A world with a sample of Account; `permissions` is the load permission list."""

    def build(rows: str = ACCOUNTS, permissions: str | None = None, **settings: object) -> World:
        folder = tmp_path / "w0" / "datasets" / "salesforce"
        folder.mkdir(parents=True)
        (folder / "Account.csv").write_text(rows)
        if permissions is not None:
            (folder.parent / "load_permissions.yml").write_text(permissions)
        return make(**settings)

    return build


def load(operation: str = "update", fields: str = "Id: I, " + FIELDS, identifiers: str = "[Id]") -> str:
    keys = f"identifiers: {identifiers}, " if operation != "insert" else ""
    return (
        f"  - {{action: load_to_salesforce, from: Rows, object: Account, operation: {operation}, {keys}"
        f"fields: {{{fields}}}}}\n"
    )


def accounts(world: World) -> list[dict[str, Any]]:
    return world.query(exp.select("*").from_(world.tenant.salesforce("Account")).order_by(exp.column("gs_sequence")))


def requests(world: World, made: Outcome) -> list[tuple[int, str, str, dict[str, Any]]]:
    assert made.changes.outbox is not None
    rows = world.query(exp.select("*").from_(relation(made.changes.outbox)).order_by(exp.column("row", quoted=True)))
    assert {(row["kind"], row["connection"]) for row in rows} <= {("salesforce_write", "Salesforce")}
    return [(row["row"], row["method"], row["url"].rpartition("sobjects/")[2], json.loads(row["body"])) for row in rows]


def test_fifteen_characters_match_the_first_fifteen_of_eighteen(sample: Sample) -> None:
    world = sample()
    world.dataset(
        COLUMNS,
        [
            ("001A0000000abcd", "Acme 2", None, 1),
            ("001A0000000ABCDXYZ", "Beta", None, 20),
            ("001a0000000abcd", "Case counts", None, 1),
            ("001", "Ill-formed", None, 1),
            (None, "None", None, 1),
        ],
    )
    made = world.act(load())
    assert made.outcomes == ["updated", "unchanged", "failed", "failed", "failed"]
    assert made.codes[2:] == ["NO_RECORD_TO_UPDATE", "VALUE_INVALID", "IDENTIFIER_NULL"]
    assert made.effects[0]["gsids"] == ["001A0000000abcdIAA"]
    assert [(r["Id"], r["Name"], r["Owner"]) for r in accounts(world)] == [
        ("001A0000000abcdIAA", "Acme 2", "x"), ("001A0000000ABCD", "Beta", "y"),
    ]  # fmt: skip
    body = {"Name": "Acme 2", "Rating__c": None, "Arr__c": 1}
    assert requests(world, made) == [(1, "PATCH", "Account/001A0000000abcdIAA", body)]


def test_ids_of_both_lengths_are_one_key_of_the_batch(sample: Sample) -> None:
    world = sample()
    world.dataset(COLUMNS, [("001A0000000abcd", "A", None, 1), ("001A0000000abcdIAA", "B", None, 1)])
    assert world.act(load()).codes == ["DUPLICATE_IN_BATCH", None]
    assert accounts(world)[0]["Name"] == "B"


def test_new_records_get_an_id_and_a_request(sample: Sample) -> None:
    world = sample()
    world.dataset(COLUMNS, [(None, "Acme", "Cold", 7), (None, "New", "Hot", 2.5), (None, "Newer", None, None)])
    made = world.act(load("upsert", FIELDS, "[Name]"))
    assert made.outcomes == ["updated", "created", "created"]
    assert [(r["Id"], r["Name"]) for r in accounts(world)][2:] == [
        ("001LOCAL0000001", "New"), ("001LOCAL0000002", "Newer"),
    ]  # fmt: skip
    assert [(row, method, url) for row, method, url, _ in requests(world, made)] == [
        (1, "PATCH", "Account/001A0000000abcdIAA"), (2, "POST", "Account"), (3, "POST", "Account"),
    ]  # fmt: skip
    assert world.act(load("insert", FIELDS)).outcomes == ["created"] * 3
    assert accounts(world)[-1]["Id"] == "001LOCAL0000005"


def test_no_request_where_nothing_was_written(sample: Sample) -> None:
    world = sample()
    world.dataset(COLUMNS, [("001A0000000ABCD", "Beta", None, 20)])
    assert world.act(load()).changes.outbox is None


@pytest.mark.parametrize(
    ("action", "code"),
    [
        (load("upsert"), "GS-ACTION-READ-ONLY"),
        (load("insert", "Id: I"), "GS-ACTION-READ-ONLY"),
        (load("update", "Id: I, Name: N", "[Name]"), "GS-ACTION-READ-ONLY"),
        (load("update", "Id: I, Nome: N"), "GS-NAME"),
        (load().replace("object: Account", "object: Acount"), "GS-NAME"),
        (load("update", "Id: I, Arr__c: N"), "GS-TYPE"),
    ],
)
def test_what_the_load_refuses(sample: Sample, action: str, code: str) -> None:
    world = sample()
    world.dataset(COLUMNS, [])
    assert [p.code for p in world.problems(action)] == [code]


def test_load_to_object_points_to_it(sample: Sample) -> None:
    world = sample()
    world.dataset(COLUMNS, [])
    action = (
        load().replace("load_to_salesforce", "load_to_object").replace("object: Account", "object: salesforce_Account")
    )
    (problem,) = world.problems(action)
    assert "load_to_salesforce" in problem.hint


@pytest.mark.parametrize("rows", ["Name\nAcme\n", ACCOUNTS + "001A0000000abcd,Twin,,,,,\n", ACCOUNTS + ",None,,,,,\n"])
def test_samples_in_which_records_cannot_be_told_apart(sample: Sample, rows: str) -> None:
    world = sample(rows)
    world.dataset(COLUMNS, [])
    if "Id" not in rows:
        assert [p.code for p in world.problems(load("upsert", "Name: N", "[Name]"))] == ["GS-ACTION-TARGET"]
        return
    with pytest.raises(RunError, match="Id"):
        world.act(load())


def test_a_permission_list_holds_for_every_load(sample: Sample) -> None:
    world = sample(permissions="permissions: {Account: [Id, Name], company: all, plain__gc: [K__gc, V__gc]}\n")
    world.dataset(COLUMNS, [])
    assert [p.value for p in world.problems(load())] == ["Rating__c", "Arr__c"]
    assert world.problems(load(fields="Id: I, Name: N")) == []
    plain = (
        "  - {action: load_to_object, from: Rows, object: OBJECT, operation: insert, fields: {K__gc: N, M__gc: N}}\n"
    )
    assert [(p.code, p.value) for p in world.problems(plain.replace("OBJECT", "plain__gc"))] == [
        ("GS-ACTION-PERMISSION", "M__gc")
    ]
    user = "  - {action: load_to_user, from: Rows, identifiers: [Email], fields: {Email: N}}\n"
    assert [(p.code, p.value) for p in world.problems(user)] == [("GS-ACTION-PERMISSION", "gsuser")]
    company = "  - {action: load_to_company, from: Rows, operation: update, identifiers: [Name], fields: {Name: N}}\n"
    assert world.problems(company) == []


@pytest.mark.parametrize("permissions", [None, "permissions: {company: all}\n", "permissions: {Account: [Name, Id]}\n"])
def test_without_the_needed_permission_the_run_fails(sample: Sample, permissions: str | None) -> None:
    world = sample(permissions=permissions, load__require_sfdc_permission=True)
    world.dataset(COLUMNS, [("001A0000000abcd", "Acme 2", None, 1)])
    bound = world.bind(load())
    assert next((p.code, p.severity) for p in bound.findings) == ("GS-ACTION-PERMISSION", "warning")
    with pytest.raises(RunError, match="PERMISSION_DENIED"):
        world.act(load())


def test_a_needed_permission_that_is_there(sample: Sample) -> None:
    world = sample(permissions="permissions: {Account: all}\n", load__require_sfdc_permission=True)
    world.dataset(COLUMNS, [("001A0000000abcd", "Acme 2", None, 1)])
    assert world.act(load()).outcomes == ["updated"]


def test_a_permission_list_holds_for_people_and_activities(sample: Sample) -> None:
    world = sample(permissions="permissions: {person: [Email]}\n")
    world.dataset(COLUMNS, [])
    people = "  - {action: load_to_people, from: Rows, operation: upsert, person: {Email: N, Name: N}}\n"
    assert [(p.code, p.value) for p in world.problems(people)] == [("GS-ACTION-PERMISSION", "Name")]
    survey = (
        "  - {action: load_to_survey, from: Rows, survey: Spring, kind: nps, company: N, person_email: N, score: A}\n"
    )
    assert ("GS-ACTION-PERMISSION", "survey_response") in [(p.code, p.value) for p in world.problems(survey)]
