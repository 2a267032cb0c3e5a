"""actions.md §5.4: persons, and what they are in companies and relationships."""

from __future__ import annotations

from collections.abc import Callable

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
    return f"  - {{action: load_to_people, from: Rows, operation: {operation}, person: {{{person}}}{parts}{more}}}\n"


def person(n: int) -> str:
    return f"1C0000000000LOCAL0{n:018d}"


def persons(world: World) -> list[tuple[object, object]]:
    return [(each["Email"], each["Name"]) for each in world.records("person")]


def seeded(world: World, *rows: tuple[str | None, str | None]) -> None:
    for n, (mail, name) in enumerate(rows, 1):
        world.seed("person", [{"Gsid": person(n), "Email": mail, "Name": name}])


def test_persons_are_created_updated_and_left(make: Make) -> None:
    world = make()
    seeded(world, ("a@x.co", "A"), ("b@x.co", "B"))
    world.dataset(COLUMNS, [row(Mail="A@x.co ", Name="A"), row(Mail="b@x.co", Name="B2"), row(Mail="c@x.co", Name="C")])
    done = world.act(people())
    assert done.outcomes == ["updated", "updated", "created"]
    assert persons(world) == [("A@x.co", "A"), ("b@x.co", "B2"), ("c@x.co", "C")]
    assert done.changes.counts.records_written == 3
    assert world.act(people()).outcomes == ["unchanged"] * 3


def test_a_person_is_put_into_each_company_once(make: Make) -> None:
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


def test_a_primary_company_takes_the_flag_from_the_others(make: Make) -> None:
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


def test_a_long_chain_of_shared_keys_is_one_person(make: Make) -> None:
    world = make(people__match_criteria=["Email", "ExternalRecordID"])
    rows = []
    for n in range(300):
        rows += [row(Mail=f"p{n}@x.co", Id=f"i{n}"), row(Mail=f"p{n + 1}@x.co", Id=f"i{n}")]
    world.dataset(COLUMNS, rows)
    done = world.act(people("Email: Mail, ExternalRecordID: Id"))
    assert len(world.records("person")) == 1
    assert set(done.outcomes) == {"created", "updated"}
    assert done.outcomes.count("created") == 1


MANY = "Email: Mail, ExternalRecordID: {column: Id, on_null: skip}"
CRITERIA = ["Email", "ExternalRecordID"]


def test_an_ambiguous_row_names_the_persons(make: Make) -> None:
    world = make(people__match_criteria=CRITERIA)
    for n in (1, 2):
        world.seed("person", [{"Gsid": person(n), "Email": f"p{n}@x.co", "ExternalRecordID": f"i{n}"}])
    world.dataset(COLUMNS, [row(Mail="p1@x.co", Id="i2"), row(Mail="n@x.co", Id="i9"), row()])
    done = world.act(people(MANY))
    assert done.codes == ["PERSON_AMBIGUOUS", None, "IDENTIFIER_NULL"]
    assert done.effects[0]["message"] == (
        f"`person`: its match criteria point to several persons, such as {person(1)} and {person(2)}"
    )
    assert done.effects[0]["gsids"] == [person(1), person(2)]
    assert done.effects[2]["message"] == "the identifier `Email`, `ExternalRecordID` is null"
    assert done.effects[1]["key"] == "n@x.co, i9"
    assert done.effects[1]["after"]["Email"] == "n@x.co"


def test_a_row_that_leads_to_an_ambiguous_row_is_ambiguous(make: Make) -> None:
    world = make(people__match_criteria=["Email", "ExternalRecordID", "Location"])
    for n in (1, 2):
        world.seed("person", [{"Gsid": person(n), "Email": f"p{n}@x.co", "ExternalRecordID": f"i{n}"}])
    world.dataset(COLUMNS, [row(Mail="p1@x.co", Id="i2", Role="L"), row(Role="L")])
    done = world.act(people(MANY.replace("Email: Mail", "Email: {column: Mail, on_null: skip}") + ", Location: Role"))
    assert done.codes == ["PERSON_AMBIGUOUS", "PERSON_AMBIGUOUS"]


def test_a_new_person_needs_a_name_or_an_address(make: Make) -> None:
    world = make(people__match_criteria=["Location"])
    world.dataset(COLUMNS, [row(Role="L"), row(Role="L", Mail="a@x.co"), row(Role="L"), row(Role="M")])
    done = world.act(people("Email: {column: Mail, on_null: skip}, Location: Role"))
    assert [each["code"] or each["outcome"] for each in done.effects] == [
        "REQUIRED_MISSING", "created", "unchanged", "REQUIRED_MISSING",
    ]  # fmt: skip
    assert [p.code for p in world.problems(people("Location: Role"))] == ["GS-ACTION-REQUIRED"]


def test_the_composed_name_fits_its_field(make: Make) -> None:
    world = make()
    long = "x" * 200
    world.dataset(COLUMNS, [row(Mail="a@x.co", First=long, Last=long), row(Mail="b@x.co", First="B", Last=None)])
    done = world.act(people("Email: Mail, FirstName: First, LastName: Last"))
    assert done.codes == ["STRING_TOO_LONG", None]
    assert persons(world) == [("b@x.co", "B")]
    world.dataset(COLUMNS, [row(Mail="b@x.co", First="Bo", Last="Boe", Name="Own")])
    world.act(people("Email: Mail, FirstName: First, LastName: Last, Name: Name"))
    assert persons(world) == [("b@x.co", "Own")]


def test_unchanged_people_are_stamped_if_the_profile_says_so(make: Make) -> None:
    world = make(load__touch_unchanged=True)
    seeded(world, ("a@x.co", "A"))
    world.dataset(COLUMNS, [row(Mail="a@x.co", Name="A")])
    done = world.act(people())
    assert done.outcomes == ["unchanged"]
    assert world.records("person")[0]["ModifiedDate"] is not None


def test_nobody_is_their_own_manager(make: Make) -> None:
    world = make()
    seeded(world, ("a@x.co", "A"), ("b@x.co", "B"))
    world.dataset(COLUMNS, [row(Mail="a@x.co", Company=company(1), Id=person(1)),
                            row(Mail="b@x.co", Company=company(1), Id=person(1))])  # fmt: skip
    done = world.act(people("Email: Mail", member="Manager: Id"))
    assert done.codes == ["VALUE_INVALID", None]
    assert done.effects[0]["message"] == "`company_person.Manager`: the person would be their own Manager"


def test_what_is_wrong_with_the_rule_is_told_at_once(make: Make) -> None:
    world = make()
    world.dataset(COLUMNS, [])

    def codes(action: str) -> list[str]:
        return [problem.code for problem in world.problems(action)]

    assert codes(people("Name: Name, Gsid: Id")) == ["GS-ACTION-READ-ONLY", "GS-ACTION-IDENTIFIER"]
    assert codes(people("Email: Mail", more=", identifiers: [Name]")) == ["GS-ACTION-IDENTIFIER"]
    assert codes(people("Email: Mail", member="Person_ID: Id, Company_ID: Id")) == ["GS-ACTION-READ-ONLY"] * 2
    assert codes(people("Email: Mail", related="Nobody: Id")) == ["GS-NAME"]


def test_match_criteria_are_fields_of_person(make: Make) -> None:
    world = make(people__match_criteria=["Emial"])
    world.dataset(COLUMNS, [])
    (problem,) = [p for p in world.problems(people("Email: Mail")) if p.code == "GS-NAME"]
    assert problem.nearest == "Email"
