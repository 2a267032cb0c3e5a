"""What validation refuses (actions.md §1.1, §3.1, §5.1, §5.2, §6.1, §6.7), each with its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import pytest

from gsrules.actions.registry import action_kinds
from gsrules.errors import InputError
from gsrules.spec import ACTION_NAMES
from tests.actions.cta_support import create_cta as cta
from tests.actions.support import World
from tests.actions.test_loads import load, usage

Make = Callable[..., World]

COLUMNS = {
    "K": "text", "V": "text", "N": "number", "D": "date", "T": "datetime", "B": "boolean", "I": "id", "O": "text",
    "X": "text", "C": "id",
}  # fmt: skip


@pytest.fixture
def bound(make: Make) -> World:
    world = make()
    world.dataset(COLUMNS, [])
    return world


def only(world: World, action: str, **more: str) -> tuple[str, str, str]:
    """Code, value and nearest name of the one problem; it must have a place."""
    found = world.problems(action, **more)
    assert [problem.code for problem in found] == [found[0].code]
    assert found[0].place is not None
    return found[0].code, found[0].value, found[0].nearest


def test_good_actions_bind(bound: World) -> None:
    assert bound.problems(load()) == []
    assert bound.problems(usage(Month__gc="D", Owner__gc="I")) == []
    assert bound.problems(cta()) == []


def test_unknown_names_have_a_nearest_name(bound: World) -> None:
    assert only(bound, load(object="plaine__gc")) == ("GS-NAME", "plaine__gc", "plain__gc")
    assert only(bound, load(K__gc="K", Vv__gc="V")) == ("GS-NAME", "Vv__gc", "V__gc")
    assert only(bound, load(K__gc="K", V__gc="Vee"))[0] == "GS-NAME"
    assert only(bound, cta(name="Drop at ${Nein}"))[0] == "GS-NAME"


def test_all_problems_come_at_once(bound: World) -> None:
    found = bound.problems(load("upsert", "Nope", K__gc="Nada", V__gc="{column: D, default: x}", N__gc="V"))
    assert sorted(problem.code for problem in found) == ["GS-NAME", "GS-NAME", "GS-TYPE"]


@pytest.mark.parametrize("field", ["CreatedDate", "ModifiedBy", "GsIngestionSource", "GsExecutionId", "Gsid"])
def test_system_fields_are_refused(bound: World, field: str) -> None:
    found = bound.problems(load(**{"K__gc": "K", field: "V"}))
    assert [problem.code for problem in found] == ["GS-ACTION-READ-ONLY"]


def test_a_field_mapped_twice(bound: World) -> None:
    found = bound.problems(load(K__gc="K", k__gc="V"))
    assert [problem.code for problem in found] == ["GS-ACTION-DUPLICATE"]


def test_identifiers(bound: World) -> None:
    assert [p.code for p in bound.problems(load("update", ""))] == ["GS-ACTION-IDENTIFIER"]
    assert [p.code for p in bound.problems(load("update", "N__gc"))] == ["GS-ACTION-IDENTIFIER"]
    many = ", ".join(f"F{n}" for n in range(11))
    assert "GS-LIMIT" in [p.code for p in bound.problems(load("update", many))]
    assert "GS-ACTION-DUPLICATE" in [p.code for p in bound.problems(load("update", "K__gc, k__gc"))]


@pytest.mark.parametrize(
    ("field", "column", "code"),
    [
        ("Logins__gc", "V", "GS-TYPE"),
        ("Month__gc", "T", "GS-TYPE"),
        ("Seen__gc", "D", "GS-TYPE"),
        ("Flag__gc", "N", "GS-TYPE"),
        ("Tier__gc", "D", "GS-TYPE"),
        ("Owner__gc", "N", "GS-TYPE"),
        ("Note__gc", "D", None),
        ("Tier__gc", "I", None),
    ],
)
def test_static_types(bound: World, field: str, column: str, code: str | None) -> None:
    assert [p.code for p in bound.problems(usage(**{field: column}))] == ([code] if code else [])


def test_lenient_allows_three_more_pairs(make: Make) -> None:
    world = make(load__coerce="lenient")
    world.dataset(COLUMNS, [])
    assert world.problems(usage(Logins__gc="V", Month__gc="T", Seen__gc="D")) == []


@pytest.mark.parametrize(
    ("mapping", "code"),
    [
        ("{value: Golden}", "GS-ACTION-PICKLIST"),
        ("{column: V, default: Golden}", "GS-ACTION-PICKLIST"),
        ("{column: V, map: {a: Golden}}", "GS-ACTION-PICKLIST"),
        ("{column: V, map: {a: Gold}}", None),
    ],
)
def test_picklist_constants(bound: World, mapping: str, code: str | None) -> None:
    found = bound.problems(usage(Tier__gc=mapping))
    assert [p.code for p in found] == ([code] if code else [])
    assert not found or found[0].nearest == "Gold"


def test_constants_must_fit(bound: World) -> None:
    bad = usage(Month__gc="{value: 2026-02-30}", Note__gc="{value: 12345678901}", Logins__gc="{value: five}")
    assert [p.code for p in bound.problems(bad)] == ["GS-ACTION-VALUE"] * 3


def test_a_map_needs_a_picklist(bound: World) -> None:
    assert [p.code for p in bound.problems(usage(Note__gc="{column: V, map: {a: b}}"))] == ["GS-ACTION-MAP"]


def test_lookups_must_fit_their_field(bound: World) -> None:
    wrong = "{lookup: company, match: {Name: V}, multiple: error, none: 'null'}"
    assert [p.code for p in bound.problems(usage(Owner__gc=wrong))] == ["GS-ACTION-LOOKUP"]
    assert [p.code for p in bound.problems(usage(Note__gc=wrong))] == ["GS-ACTION-LOOKUP"]
    nameless = "{lookup: gsuser, match: {Emial: V}, multiple: error, none: 'null'}"
    assert only(bound, usage(Owner__gc=nameless)) == ("GS-NAME", "Emial", "Email")


def test_required_fields_must_be_mapped(bound: World) -> None:
    found = bound.problems(load("upsert", "Key__gc", "usage__gc", Key__gc="K"))
    assert [(p.code, p.value) for p in found] == [("GS-ACTION-REQUIRED", "Company__gc")]
    assert bound.problems(load("update", "Key__gc", "usage__gc", Key__gc="K")) == []


def test_objects_with_an_action_of_their_own_point_to_it(bound: World) -> None:
    found = bound.problems(load(object="company", K__gc="K"))
    assert [(p.code, p.hint) for p in found] == [("GS-ACTION-TARGET", "use load_to_company")]


def test_load_to_company_upsert_must_map_name_and_hints_at_lookups(bound: World) -> None:
    action = (
        "  - action: load_to_company\n    from: Rows\n    operation: {0}\n    identifiers: [ExternalId]\n"
        "    fields: {{ExternalId: K, Csm: V}}\n"
    )
    found = bound.problems(action.format("upsert"))
    assert [(p.code, p.value) for p in found] == [("GS-ACTION-REQUIRED", "Name")]
    assert [p.code for p in bound.bind(action.format("update")).findings] == ["GS-ACTION-HINT"]


@pytest.mark.parametrize(
    ("key", "value", "near"),
    [
        ("type", "Rsik", "Risk"),
        ("reason", "Usage Drops", "Usage Drop"),
        ("reason", "Renewal", ""),
        ("priority", "Hihg", "High"),
        ("status", "Nwe", "New"),
        ("playbook", "Recover", "Recovery"),
    ],
)
def test_cockpit_names(bound: World, key: str, value: str, near: str) -> None:
    code, _, found = only(bound, cta(**{key: value}))
    assert (code, found) == ("GS-ACTION-CTA", near)


def test_playbooks_are_of_the_type(bound: World) -> None:
    assert only(bound, cta(playbook="Nurture"))[0] == "GS-ACTION-CTA"


@pytest.mark.parametrize("field", ["Name", "StatusId", "OwnerId", "PlaybookId", "Comments"])
def test_fields_with_a_parameter_are_refused(bound: World, field: str) -> None:
    found = bound.problems(cta(fields=f"{{{field}: V}}"))
    assert [p.code for p in found] == ["GS-ACTION-READ-ONLY"]


def test_the_entity_fits_the_rule(bound: World) -> None:
    assert only(bound, cta(company="", relationship="C"))[0] == "GS-ACTION-ENTITY"
    assert only(bound, cta(company="N"))[0] == "GS-TYPE"


def test_negative_days_and_unknown_identifiers(bound: World) -> None:
    with pytest.raises(InputError):
        bound.rule(cta(due="{days: -1}"))
    assert only(bound, cta(due="{days: 36501}"))[0] == "GS-LIMIT"
    assert only(bound, cta(identifiers="[type, colour]"))[0] == "GS-ACTION-IDENTIFIER"


def test_closing_needs_a_closed_status_and_known_sources(bound: World) -> None:
    close = (
        "  - {{action: close_cta, from: Rows, company: C, type: Risk, reason: Usage Drop, "
        "sources: [{0}], status: {1}}}\n"
    )
    assert bound.problems(close.format("rules", "Closed Success")) == []
    assert [p.code for p in bound.problems(close.format("rules", "New"))] == ["GS-ACTION-CTA"]
    assert only(bound, close.format("Ruels", "Closed Success"))[2] == "Rules"


def test_every_kind_of_the_language_is_registered() -> None:
    kinds = action_kinds()
    assert tuple(kinds) == ACTION_NAMES
    for name, kind in kinds.items():
        assert get_args(kind.model.model_fields["action"].annotation) == (name,)
        assert kind.description
        assert kind.evidence


@pytest.mark.parametrize("name", ACTION_NAMES)
def test_examples_load(bound: World, name: str) -> None:
    kind = action_kinds()[name]
    entity = kind.entities[0]
    head = "relationship_types: [Product]\n" if entity == "relationship" else ""
    example = "".join(f"  {line}\n" for line in kind.example.splitlines())
    rule = bound.rule(example, entity, head)
    assert rule.actions[0].action == name


def test_bionic_lacks_some_kinds(make: Make) -> None:
    world = make(engine="bionic")
    world.dataset(COLUMNS, [])
    example = "  - {action: load_to_lead, from: Rows, operation: upsert, identifiers: [Name], fields: {Name: K}}\n"
    assert "GS-ACTION-TARGET" in [p.code for p in world.problems(example)]


def test_expression_mappings_are_an_extension(bound: World) -> None:
    action = bound.bind(load(K__gc="K", V__gc="{expression: upper(V)}"))
    assert "GS-EXT" in [p.code for p in action.findings]
    assert action.reads == {"K", "V"}
    assert action.writes_to == ("plain__gc",)


@pytest.mark.parametrize(("setting", "codes"), [("on", [None, None, "DUPLICATE_VALUE"]), ("off", [None] * 3)])
def test_a_unique_field_takes_a_value_once_while_uniqueness_is_on(
    make: Make, setting: str, codes: list[str | None]
) -> None:
    world = make(object__unique=setting)
    world.dataset({"K": "text", "V": "text"}, [("k1", "a"), ("k2", None), ("k3", "a")])
    made = world.act(load("insert", K__gc="K", U__gc="V"))
    assert made.codes == codes
    again = world.act(load("upsert", "K__gc", K__gc="K", U__gc="V"))
    assert again.codes == codes
    assert again.outcomes[:2] == ["unchanged", "unchanged"]
