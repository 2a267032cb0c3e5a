"""Leads and opportunities that go to Salesforce, too: object.lead_sync, object.opportunity_sync (actions.md §5.6)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlglot import exp

from gsrules.actions.changes.staging import relation
from tests.actions.support import World, company

Make = Callable[..., World]

LEADS = (
    "  - {action: load_to_lead, from: Rows, operation: upsert, identifiers: [Email], "
    "fields: {Email: E, Name: N, Status: S, Amount: A}}\n"
)
OPPORTUNITIES = (
    "  - {action: load_to_opportunity, from: Rows, operation: upsert, identifiers: [CompanyId, Name], "
    "fields: {CompanyId: C, Name: N, TargetAmount: A, DueDate: D, SfdcOpportunityId: I}}\n"
)
COLUMNS = {"E": "text", "N": "text", "S": "text", "A": "number"}


def lead(number: int) -> str:
    return f"1G0200000000LOCAL0{number:018d}"


def entries(world: World, outbox: str | None) -> list[dict[str, Any]]:
    assert outbox is not None
    return world.query(exp.select("*").from_(relation(outbox)).order_by(exp.column("row", quoted=True)))


def test_each_written_lead_has_an_entry_while_lead_sync_is_on(make: Make) -> None:
    world = make(object__lead_sync="on")
    leads = [
        {"Gsid": lead(1), "Name": "A", "Email": "a@example.com", "SfdcLeadId": "00Q000000000001"},
        {"Gsid": lead(2), "Name": "B", "Email": "b@example.com", "SfdcLeadId": None},
        {"Gsid": lead(3), "Name": "C", "Email": "c@example.com", "SfdcLeadId": None},
    ]
    world.seed("gs_lead", leads)
    rows = [(f"{one}@example.com", one.upper(), "working" if one != "c" else None, 12.5) for one in "abcd"]
    world.dataset(COLUMNS, [*rows, (None, "E", None, None)])
    made = world.act(LEADS)
    assert made.outcomes == ["updated", "updated", "updated", "created", "failed"]
    found = entries(world, made.changes.outbox)
    assert [(e["row"], e["kind"], e["method"], e["url"].rpartition("sobjects/")[2]) for e in found] == [
        (1, "lead_sync", "PATCH", "Lead/00Q000000000001"),
        (2, "lead_sync", "POST", "Lead"),
        (3, "lead_sync", "POST", "Lead"),
        (4, "lead_sync", "POST", "Lead"),
    ]
    body = {"Email": "a@example.com", "Name": "A", "Status": "Working", "Amount": 12.5}
    assert json.loads(found[0]["body"]) == body
    assert json.loads(found[2]["body"])["Status"] is None


@pytest.mark.parametrize("action", [LEADS, OPPORTUNITIES])
def test_nothing_goes_to_salesforce_by_default(make: Make, action: str) -> None:
    world = make()
    world.dataset(
        {**COLUMNS, "C": "id", "D": "date", "I": "text"}, [("a@example.com", "A", None, 1, company(1), None, None)]
    )
    made = world.act(action)
    assert made.outcomes == ["created"]
    assert made.changes.outbox is None


def test_opportunities_go_to_salesforce_while_opportunity_sync_is_on(make: Make) -> None:
    world = make(object__opportunity_sync="on")
    world.dataset(
        {"C": "id", "N": "text", "A": "number", "D": "date", "I": "text"},
        [(company(1), "Big", 100, "2026-12-31", "006000000000001")],
    )
    first = world.act(OPPORTUNITIES)
    (entry,) = entries(world, first.changes.outbox)
    assert (entry["kind"], entry["method"]) == ("opportunity_sync", "POST")
    body = {"CompanyId": company(1), "Name": "Big", "TargetAmount": 100, "DueDate": "2026-12-31"}
    assert json.loads(entry["body"]) == body
    assert world.act(OPPORTUNITIES).changes.outbox is None
    world.dataset(
        {"C": "id", "N": "text", "A": "number", "D": "date", "I": "text"},
        [(company(1), "Big", 200, "2026-12-31", "006000000000001")],
    )
    (entry,) = entries(world, world.act(OPPORTUNITIES).changes.outbox)
    assert entry["url"].endswith("/sobjects/Opportunity/006000000000001")


def test_cases_and_forecasts_are_loaded_by_their_identifiers(make: Make) -> None:
    world = make()
    world.dataset(
        {"N": "text", "C": "id", "S": "text", "D": "date", "A": "number"},
        [
            ("1", company(1), "Open", "2026-12-31", 5),
            ("2", None, "Closed", None, None),
            ("1", company(2), "x", None, 1),
        ],
    )
    cases = (
        "  - {action: load_to_cases, from: Rows, operation: upsert, identifiers: [CaseNumber], "
        "fields: {CaseNumber: N, CompanyId: C, Status: S}}\n"
    )
    assert world.act(cases).codes == [None, "REQUIRED_MISSING", "PICKLIST_UNKNOWN"]
    forecasts = (
        "  - {action: load_to_forecast, from: Rows, operation: upsert, identifiers: [CompanyId, RenewalDate], "
        "fields: {CompanyId: C, RenewalDate: D, ForecastAmount: A}}\n"
    )
    assert world.act(forecasts).codes == [None, "REQUIRED_MISSING", "IDENTIFIER_NULL"]
    assert [p.code for p in world.problems(forecasts, "relationship", "relationship_types: [Product]\n")] == [
        "GS-ACTION-ENTITY"
    ]
