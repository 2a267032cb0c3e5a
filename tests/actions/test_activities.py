"""actions.md §5.8: entries of the timeline."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from tests.actions.support import World, company, user

Make = Callable[..., World]
COLUMNS = {"Subject": "text", "Notes": "text", "Type": "text", "Author": "text", "Company": "text", "Id": "text",
           "At": "datetime", "Who": "text"}  # fmt: skip


def row(**given: object) -> list[object]:
    defaults = {"Subject": "S", "Notes": "N", "Type": "Call", "Author": "U1@example.com", "Company": company(1)}
    return [{**defaults, **given}.get(name) for name in COLUMNS]


def activity(operation: str = "insert", **more: str) -> str:
    fields = {"Subject": "Subject", "Notes": "Notes", "TypeName": "Type", "AuthorId": "Author",
              "GsCompanyId": "Company", "ExternalId": "Id", **more}  # fmt: skip
    listed = ", ".join(f"{name}: {value}" for name, value in fields.items() if value)
    return f"  - {{action: load_to_activity, from: Rows, operation: {operation}, fields: {{{listed}}}}}\n"


def test_insert(make: Make) -> None:
    world = make()
    world.dataset(COLUMNS, [
        row(Id="1"), row(Id="1"), row(), row(Type="update", Author=user(2)), row(Type="Chat"), row(Author="x@y.z"),
        row(Author=None), row(Company=None), row(Company=company(1)[:-1] + "Z"), row(Subject=None),
    ])  # fmt: skip
    done = world.act(activity())
    assert done.codes == [None, "DUPLICATE_VALUE", None, None, "PICKLIST_UNKNOWN", "LOOKUP_NO_MATCH",
                          "REQUIRED_MISSING", "IDENTIFIER_NULL", "ENTITY_NOT_FOUND", "REQUIRED_MISSING"]  # fmt: skip
    found = world.records("activity_timeline")
    assert [(r["TypeName"], r["AuthorId"], r["ContextName"], r["ContextId"], r["GsCompanyId"]) for r in found] == [
        ("Call", user(1), "Company", company(1), company(1)),
        ("Call", user(1), "Company", company(1), company(1)),
        ("Update", user(2), "Company", company(1), company(1)),
    ]
    assert {r["ActivityDate"] for r in found} == {datetime(2026, 11, 23)}
    assert done.warned == {"LABEL_CASE_DIFFERS": 1}
    again = world.act(activity())
    assert again.codes[:2] == ["DUPLICATE_VALUE"] * 2


def test_upsert(make: Make) -> None:
    world = make()
    world.dataset(COLUMNS, [row(Id="1"), row(Id="2", Who="u1@example.com; nobody@x.co;" + user(3)), row(Id=None)])
    text = activity("upsert", InternalAttendees="Who")
    done = world.act(text)
    assert done.outcomes == ["created", "created", "failed"], done.effects
    assert done.codes[2] == "IDENTIFIER_NULL"
    assert world.records("activity_timeline")[1]["InternalAttendees"] == f"{user(1)};{user(3)}"
    assert done.warned == {"REFERENCE_NOT_FOUND": 1}
    assert world.act(text, instant=datetime(2027, 1, 1)).outcomes == ["unchanged", "unchanged", "failed"]
