"""actions.md §5.4: persons, and what they are in companies and relationships."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.actions.support import World, company

Make = Callable[..., World]

COLUMNS = {"Mail": "text", "Id": "text", "Name": "text", "First": "text", "Last": "text", "Company": "text",
           "Role": "text", "Primary": "boolean", "Rel": "text"}  # fmt: skip


def row(**given: object) -> list[object]:
    return [given.get(name) for name in COLUMNS]


def people(
    person: str = "Email: Mail, Name: Name",
    operation: str = "upsert",
    member: str = "",
    related: str = "",
    more: str = "",
) -> str:
    parts = f", company_person: {{company: Company, fields: {{{member}}}}}" if member != "" else ""
    parts += f", relationship_person: {{relationship: Rel, fields: {{{related}}}}}" if related != "" else ""
    return (
        f"  - {{action: load_to_people, from: Rows, operation: {operation}, person: {{{person}}}{parts}{more}}}\n"
    )


def person(n: int) -> str:
    return f"1C0000000000LOCAL0{n:018d}"


def persons(world: World) -> list[tuple[object, object]]:
    return [(each["Email"], each["Name"]) for each in world.records("person")]


def seeded(world: World, *rows: tuple[str | None, str | None]) -> None:
    for n, (mail, name) in enumerate(rows, 1):
        world.seed("person", [{"Gsid": person(n), "Email": mail, "Name": name}])


def test_creates_updates_and_leaves(make: Make) -> None:
    world = make()
    seeded(world, ("a@x.co", "A"), ("b@x.co", "B"))
    world.dataset(COLUMNS, [row(Mail="A@x.co ", Name="A"), row(Mail="b@x.co", Name="B2"), row(Mail="c@x.co", Name="C")])
    done = world.act(people())
    assert done.outcomes == ["updated", "updated", "created"]
    assert persons(world) == [("A@x.co", "A"), ("b@x.co", "B2"), ("c@x.co", "C")]
    assert done.changes.counts.records_written == 3
    assert world.act(people()).outcomes == ["unchanged"] * 3


def test_members(make: Make) -> None:
    world = make()
    seeded(world, ("a@x.co", "A"))
    world.dataset(COLUMNS, [
        row(Mail="a@x.co", Name="A", Company=company(1), Role="Boss"),
        row(Mail="n@x.co", Name="N", Company=company(2), Role="Aid"),
        row(Mail="n@x.co", Name="N", Company=company(3), Role="Aid"),
        row(Mail="n@x.co", Name="N", Company=None, Role="Aid"),
        row(Mail="m@x.co", Name="N", Company=company(5)[:-1] + "X", Role="Aid"),
    ])  # fmt: skip
    done = world.act(people(member="Role: Role"))
    assert done.outcomes == ["created", "created", "created", "unchanged", "failed"], done.effects
    assert done.codes[4] == "ENTITY_NOT_FOUND"
    found = [(r["Person_ID"][-1], r["Company_ID"][-1], r["Role"], r["IsPrimaryCompany"], r["Active"])
             for r in world.records("company_person")]  # fmt: skip
    assert found == [("1", "1", "Boss", True, True), ("2", "2", "Aid", True, True), ("2", "3", "Aid", False, True)]
    assert done.warned == {"ASSOCIATION_SKIPPED": 1}


def test_primary(make: Make) -> None:
    world = make()
    seeded(world, ("a@x.co", "A"))
    for n in (1, 2):
        world.seed("company_person", [{"Gsid": f"1C0100000000LOCAL0{n:018d}", "Person_ID": person(1),
                                       "Company_ID": company(n), "IsPrimaryCompany": n == 1}])  # fmt: skip
    world.dataset(COLUMNS, [
        row(Mail="a@x.co", Company=company(2), Primary=True),
        row(Mail="a@x.co", Company=company(3), Primary=True),
        row(Mail="a@x.co", Company=company(4), Primary=False),
    ])  # fmt: skip
    done = world.act(people("Email: Mail", member="IsPrimaryCompany: Primary"))
    assert done.outcomes == ["updated", "created", "created"], done.effects
    found = {r["Company_ID"][-1]: r["IsPrimaryCompany"] for r in world.records("company_person")}
    assert found == {"1": False, "2": False, "3": True, "4": False}
    assert len(done.effects[0]["gsids"]) == 3
    assert done.changes.counts.records_written == 4
    assert world.act(people("Email: Mail", member="IsPrimaryCompany: Primary")).outcomes[2] == "unchanged"


def test_chain(make: Make) -> None:
    world = make(people__match_criteria=["Email", "ExternalRecordID"])
    rows = []
    for n in range(300):
        rows += [row(Mail=f"p{n}@x.co", Id=f"i{n}"), row(Mail=f"p{n + 1}@x.co", Id=f"i{n}")]
    world.dataset(COLUMNS, rows)
    done = world.act(people("Email: Mail, ExternalRecordID: Id"))
    assert len(world.records("person")) == 1
    assert set(done.outcomes) == {"created", "updated"}
    assert done.outcomes.count("created") == 1
