"""actions.md §5.8: entries of the timeline."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

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


def test_an_insert_creates_an_activity_for_each_good_row(make: Make) -> None:
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


def test_an_upsert_finds_activities_by_their_external_id(make: Make) -> None:
    world = make()
    world.dataset(COLUMNS, [row(Id="1"), row(Id="2", Who="u1@example.com; nobody@x.co;" + user(3)), row(Id=None)])
    text = activity("upsert", InternalAttendees="Who")
    done = world.act(text)
    assert done.outcomes == ["created", "created", "failed"], done.effects
    assert done.codes[2] == "IDENTIFIER_NULL"
    assert world.records("activity_timeline")[1]["InternalAttendees"] == f"{user(1)};{user(3)}"
    assert done.warned == {"REFERENCE_NOT_FOUND": 1}
    assert world.act(text, instant=datetime(2027, 1, 1)).outcomes == ["unchanged", "unchanged", "failed"]


def test_the_default_author_serves_where_the_column_finds_nobody(make: Make) -> None:
    world = make()
    world.dataset(COLUMNS, [row(Author=None), row(Author="x@y.z"), row(Author="u3@example.com")])
    done = world.act(activity(AuthorId="{column: Author, default: U2@example.com}"))
    assert done.outcomes == ["created"] * 3
    assert [r["AuthorId"] for r in world.records("activity_timeline")] == [user(2), user(2), user(3)]
    lookup = "{lookup: gsuser, match: {Email: Author}, multiple: error, none: error}"
    world.dataset(COLUMNS, [row(Author="u4@example.com"), row(Author="x@y.z")])
    assert world.act(activity(AuthorId=lookup)).codes == [None, "LOOKUP_NO_MATCH"]


def test_the_context_may_be_a_cta_or_a_success_plan(make: Make) -> None:
    world = make()
    cta, plan = f"1S0100000000LOCAL0{1:018d}", f"1S0300000000LOCAL0{1:018d}"
    world.seed("call_to_action", [{"Gsid": cta, "Name": "C"}])
    world.seed("cta_group", [{"Gsid": plan, "Name": "P"}])
    pairs = [("CTA", cta), ("SuccessPlan", plan), ("CTA", plan), ("SuccessPlan", cta), (None, cta), ("Elsewhere", cta)]
    world.dataset(COLUMNS, [row(Who=who, Id=id_) for who, id_ in pairs])
    done = world.act(activity(ExternalId="", ContextName="Who", ContextId="Id"))
    assert done.codes == [None, None, "CTA_NOT_FOUND", "PLAN_NOT_FOUND", None, "VALUE_INVALID"]
    found = [(r["ContextName"], r["ContextId"], r["GsCompanyId"]) for r in world.records("activity_timeline")]
    assert found == [("CTA", cta, company(1)), ("SuccessPlan", plan, company(1)), ("Company", company(1), company(1))]


def test_a_relationship_brings_its_company(make: Make) -> None:
    world = make()
    related = f"1P0500000000LOCAL0{1:018d}"
    world.seed("relationship", [{"Gsid": related, "Name": "East", "CompanyId": company(4)}])
    world.dataset(COLUMNS, [row(Company=related), row(Company=None)])
    done = world.act(activity(GsCompanyId="", GsRelationshipId="Company"))
    assert done.codes == [None, "IDENTIFIER_NULL"]
    (found,) = world.records("activity_timeline")
    assert (found["ContextName"], found["ContextId"], found["GsCompanyId"]) == ("Relationship", related, company(4))
    world.dataset(COLUMNS, [row(Company=None, Who=related), row(Company=None), row(Company=company(2))])
    done = world.act(activity(GsRelationshipId="Who"))
    assert done.codes == [None, "IDENTIFIER_NULL", None]


def test_what_is_wrong_with_the_rule_is_told(make: Make) -> None:
    world = make()
    world.dataset(COLUMNS, [])

    def codes(action: str) -> list[str]:
        return sorted(problem.code for problem in world.problems(action))

    assert codes(activity(AuthorId="")) == ["GS-ACTION-REQUIRED"]
    assert codes(activity(GsCompanyId="")) == ["GS-ACTION-ENTITY"]
    assert codes(activity("upsert", ExternalId="")) == ["GS-ACTION-IDENTIFIER"]
    assert codes(activity(ContextName="Who")) == ["GS-ACTION-REQUIRED"]
    assert codes(activity(TypeName="{value: Chat}")) == ["GS-ACTION-PICKLIST"]
    [misspelt] = world.problems(activity(TypeName="{value: Emial}"))
    assert (misspelt.nearest, misspelt.hint) == ("Email", "options: Update, Call, Meeting, Email, Milestone")
    assert codes(activity(Subject="")) == ["GS-ACTION-REQUIRED"]
