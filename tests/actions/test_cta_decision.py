"""Which row creates, updates, is skipped or fails (actions.md §6.3, §6.5)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

import pytest

from tests.actions.cta_support import COLUMNS, create_cta, one, stored
from tests.actions.support import World, company, user

Make = Callable[..., World]


def test_none_stored_creates(make: Make) -> None:
    world = make()
    one(world)
    done = world.act(create_cta())
    assert done.outcomes == ["created"]
    made = world.records("call_to_action")[0]
    assert (made["Name"], made["CompanyId"], made["OwnerId"], made["Comments"]) == (
        "Drop at C1",
        company(1),
        user(1),
        "Said x",
    )
    assert (made["EntityType"], made["Source"], made["IsClosed"], made["IsImportant"]) == (
        "COMPANY",
        "Rules",
        False,
        False,
    )
    assert made["DueDate"] == made["OriginalDueDate"] == date(2026, 11, 30)
    assert made["CreatedDate"] == made["ModifiedDate"] == datetime(2026, 11, 23)
    assert (made["GsIngestionSource"], made["GsExecutionId"]) == ("RULES_ENGINE", "run-1")


def test_two_rows_of_a_key_create_then_update(make: Make) -> None:
    world = make()
    world.dataset(COLUMNS, [[company(1), "C1", "u1@example.com", "a"], [company(1), "C1", "u2@example.com", "b"]])
    done = world.act(create_cta())
    assert done.outcomes == ["created", "updated"]
    made = world.records("call_to_action")
    assert [(r["Comments"], r["OwnerId"]) for r in made] == [("Said a<br/>Said b", user(1))]
    assert done.effects[1]["before"]["Comments"] == "Said a"
    assert done.effects[1]["after"]["Comments"] == "Said a<br/>Said b"


def test_an_open_cta_is_updated(make: Make) -> None:
    world = make()
    stored(world, 1, CreatedDate=datetime(2026, 6, 1))
    one(world)
    assert world.act(create_cta()).outcomes == ["updated"]
    assert world.records("call_to_action")[0]["Comments"] == "old<br/>Said x"


def test_an_open_cta_is_unchanged_with_repeat_never_and_no_fields(make: Make) -> None:
    world = make()
    stored(world, 1, CreatedDate=datetime(2026, 6, 1), ModifiedDate=datetime(2026, 6, 1))
    one(world)
    done = world.act(create_cta(comments="{text: x, repeat: never}"))
    assert done.outcomes == ["unchanged"]
    assert world.records("call_to_action")[0]["ModifiedDate"] == datetime(2026, 6, 1)
    assert done.changes.writes == ()


def test_of_two_open_ones_the_newer_is_updated(make: Make) -> None:
    world = make()
    stored(world, 1, CreatedDate=datetime(2026, 6, 2))
    stored(world, 2, CreatedDate=datetime(2026, 6, 1))
    one(world)
    done = world.act(create_cta())
    assert (done.outcomes, done.warned) == (["updated"], {"CTA_OPEN_TWINS": 1})
    assert done.effects[0]["gsid"].endswith("1")


@pytest.mark.parametrize(
    ("closed", "basis", "outcome", "code"),
    [
        (date(2026, 11, 16), "closed", "skipped", "CTA_RECENT"),
        (date(2026, 11, 16), "created", "created", None),
        (date(2026, 11, 15), "closed", "created", None),
    ],
)
def test_time_frame(make: Make, closed: date, basis: str, outcome: str, code: str | None) -> None:
    world = make(cta__time_frame_basis=basis)
    stored(world, 1, CreatedDate=datetime(2026, 10, 1), ClosedDate=datetime(closed.year, closed.month, closed.day, 23))
    one(world)
    done = world.act(create_cta())
    assert (done.outcomes, done.codes) == ([outcome], [code])


def test_the_time_frame_names_the_newest_such_cta(make: Make) -> None:
    world = make()
    stored(world, 1, CreatedDate=datetime(2026, 10, 1), ClosedDate=datetime(2026, 11, 20))
    stored(world, 2, CreatedDate=datetime(2026, 9, 1), ClosedDate=datetime(2026, 11, 21))
    one(world)
    effect = world.act(create_cta()).effects[0]
    assert effect["gsid"].endswith("1")
    assert effect["gsid"] in effect["message"]


def test_without_time_frame_a_closed_cta_does_not_count(make: Make) -> None:
    world = make()
    stored(world, 1, CreatedDate=datetime(2026, 10, 1), ClosedDate=datetime(2026, 11, 23))
    one(world)
    assert world.act(create_cta(time_frame="false")).outcomes == ["created"]


@pytest.mark.parametrize(("basis", "outcome"), [("closed", "created"), ("created", "skipped")])
def test_open_not_checked(make: Make, basis: str, outcome: str) -> None:
    world = make(cta__time_frame_basis=basis)
    stored(world, 1, CreatedDate=datetime(2026, 11, 20))
    one(world)
    assert world.act(create_cta(check_open="false")).outcomes == [outcome]
    assert len(world.records("call_to_action")) == (2 if outcome == "created" else 1)


def test_no_owner_fails_where_it_would_create(make: Make) -> None:
    world = make()
    one(world, None)
    done = world.act(create_cta())
    assert (done.outcomes, done.codes) == (["failed"], ["CTA_OWNER_UNRESOLVED"])
    done = world.act(create_cta(owner="{column: O, default: nobody@example.com}"))
    assert done.effects[0]["message"] == "no owner: no user is found for 'nobody@example.com'"


def test_no_owner_does_not_matter_for_an_update(make: Make) -> None:
    world = make()
    stored(world, 1, CreatedDate=datetime(2026, 6, 1))
    one(world, None)
    assert world.act(create_cta()).outcomes == ["updated"]


def test_ownerless_rows_before_the_creator_fail_and_those_after_update(make: Make) -> None:
    world = make()
    rows = [[company(1), "C1", owner, word] for owner, word in ((None, "a"), ("u1@example.com", "b"), (None, "c"))]
    world.dataset(COLUMNS, rows)
    assert world.act(create_cta()).outcomes == ["failed", "created", "updated"]
    assert world.records("call_to_action")[0]["Comments"] == "Said b<br/>Said c"


def test_after_a_closed_creation_later_rows_fall_into_the_time_frame(make: Make) -> None:
    world = make()
    world.dataset(COLUMNS, [[company(1), "C1", "u1@example.com", "a"]] * 2)
    done = world.act(create_cta(status="Closed Success"))
    assert (done.outcomes, done.codes) == (["created", "skipped"], [None, "CTA_RECENT"])
    made = world.records("call_to_action")
    assert [(r["IsClosed"], r["ClosedDate"]) for r in made] == [(True, datetime(2026, 11, 23))]


def test_without_checks_every_row_creates(make: Make) -> None:
    world = make()
    world.dataset(COLUMNS, [[company(1), "C1", o, "a"] for o in ("u1@example.com", None, "u2@example.com")])
    done = world.act(create_cta(check_open="false", time_frame="false"))
    assert done.outcomes == ["created", "failed", "created"]
    assert [r["OwnerId"] for r in world.records("call_to_action")] == [user(1), user(2)]


def test_max_count_stops_creation_and_what_would_follow(make: Make) -> None:
    world = make(cta__max_count=1)
    world.dataset(
        COLUMNS,
        [
            [company(1), "C1", "u1@example.com", "a"],
            [company(2), "C2", "u1@example.com", "a"],
            [company(2), "C2", None, "a"],
            [company(1), "C1", None, "b"],
        ],
    )
    done = world.act(create_cta())
    assert done.outcomes == ["created", "failed", "failed", "updated"]
    assert done.codes == [None, "CTA_LIMIT_REACHED", "CTA_OWNER_UNRESOLVED", None]


def test_the_name_may_be_left_out_of_the_key(make: Make) -> None:
    world = make()
    world.dataset(COLUMNS, [[company(1), "One", "u1@example.com", "a"], [company(1), "Two", "u1@example.com", "b"]])
    done = world.act(create_cta(identifiers="[type, reason]"))
    assert done.outcomes == ["created", "updated"]
    assert [r["Name"] for r in world.records("call_to_action")] == ["Drop at One"]


@pytest.mark.parametrize(
    ("value", "code"),
    [(None, "IDENTIFIER_NULL"), ("nope", "VALUE_INVALID"), (company(77), "ENTITY_NOT_FOUND"), (" ", "IDENTIFIER_NULL")],
)
def test_entity_codes(make: Make, value: object, code: str) -> None:
    world = make()
    world.dataset(COLUMNS | {"C": "text"}, [[value, "C1", "u1@example.com", "x"]])
    done = world.act(create_cta())
    assert (done.outcomes, done.codes) == (["failed"], [code])


def test_an_unknown_owner_warns_and_the_default_steps_in(make: Make) -> None:
    world = make()
    one(world, "nobody@example.com")
    done = world.act(create_cta(owner="{column: O, default: U2@Example.com}"))
    assert (done.outcomes, done.warned) == (["created"], {"REFERENCE_NOT_FOUND": 1})
    assert world.records("call_to_action")[0]["OwnerId"] == user(2)


def test_an_inactive_owner_is_kept_with_a_warning(make: Make) -> None:
    world = make()
    one(world, user(9))
    done = world.act(create_cta())
    assert (done.outcomes, done.warned) == (["created"], {"USER_INACTIVE": 1})


def test_owner_missing_none_creates_without_owner(make: Make) -> None:
    world = make(cta__owner_missing="none")
    one(world, None)
    done = world.act(create_cta())
    assert (done.outcomes, done.warned) == (["created"], {"OWNER_UNRESOLVED": 1})
    assert world.records("call_to_action")[0]["OwnerId"] is None


def test_a_company_rule_does_not_see_relationship_ctas_unless_told(make: Make) -> None:
    for scope, outcome in (("own_entity", "created"), ("all", "updated")):
        world = make(cta__company_scope=scope)
        stored(world, 1, CreatedDate=datetime(2026, 6, 1), EntityType="RELATIONSHIP")
        one(world)
        assert world.act(create_cta()).outcomes == [outcome]


def test_a_relationship_of_another_type_is_told_from_one_that_does_not_exist(make: Make) -> None:
    world = make()
    kind = "1P0600000000LOCAL0" + "0" * 17 + "1"
    world.seed("relationship_type", [{"Gsid": kind, "Name": "Product"}])
    ids = ["1P0500000000LOCAL0" + "0" * 17 + str(n) for n in (1, 2)]
    world.seed("relationship", [{"Gsid": ids[0], "Name": "R1", "CompanyId": company(4), "TypeId": kind}])
    world.dataset(COLUMNS, [[gsid, "R", "u1@example.com", "x"] for gsid in ids])
    close = (
        "  - {action: close_cta, from: Rows, relationship: C, type: Risk, reason: Usage Drop, sources: [Rules], "
        "status: Closed Success}\n"
    )
    for action in (create_cta(company="", relationship="C"), close):
        done = world.act(action, kind="relationship", head="relationship_types: [Nope, product]\n")
        assert done.codes[1] == "ENTITY_NOT_FOUND"
        done = world.act(action, kind="relationship", head="relationship_types: [Nope]\n")
        assert done.codes == ["ENTITY_NOT_FOUND"] * 2
        assert [effect["message"] for effect in done.effects] == [
            "`relationship`: the relationship's type is not one of the rule's: Nope",
            f"`relationship`: no record has the GSID '{ids[1]}'",
        ]


def test_a_relationship_type_that_does_not_exist_warns(make: Make) -> None:
    world = make()
    world.seed("relationship_type", [{"Gsid": "1P0600000000LOCAL0" + "0" * 17 + "1", "Name": "Product"}])
    world.dataset(COLUMNS, [])
    head = "relationship_types: [product, Nope]\n"
    warnings = world.act(create_cta(company="", relationship="C"), kind="relationship", head=head).changes.warnings
    assert [(found.code, found.rows, found.example) for found in warnings if found.code != "NO_DATA"] == [
        ("REFERENCE_NOT_FOUND", 0, "the rule's relationship type `Nope` does not exist")
    ]


def test_zone_decides_the_day_of_closing(make: Make) -> None:
    # 2026-11-16T07:30Z is still 2026-11-15 in Los Angeles
    for zone, outcome in (("UTC", "skipped"), ("America/Los_Angeles", "created")):
        world = make(tenant__timezone=zone)
        stored(world, 1, CreatedDate=datetime(2026, 10, 1), ClosedDate=datetime(2026, 11, 16, 7, 30))
        one(world)
        assert world.act(create_cta()).outcomes == [outcome]


def test_counts_add_up_and_nothing_matched_is_no_data(make: Make) -> None:
    world = make()
    world.dataset(COLUMNS, [[company(1), "C1", "u1@example.com", None], [company(2), "C2", "u1@example.com", "x"]])
    counts = world.act(create_cta(more="    when: X = 'x'\n")).changes.counts
    assert (counts.received, counts.matched, counts.filtered_null, counts.created) == (2, 1, 1, 1)
    done = world.act(create_cta(more="    when: X = 'nothing'\n"))
    assert (done.changes.counts.matched, done.warned) == (0, {"NO_DATA": 0})


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "the dataset has no rows"),
        (["a", "b"], "no row matched the criteria: 0 of 2"),
        (["a", None], "no row matched the criteria: 0 of 2, 1 of them only because of a null"),
    ],
)
def test_no_data_says_whether_rows_came_at_all(make: Make, rows: list[str | None], words: str) -> None:
    world = make()
    world.dataset(COLUMNS, [[company(1), "C1", "u1@example.com", word] for word in rows])
    done = world.act(create_cta(more="    when: X = 'x'\n"))
    assert [(found.code, found.example) for found in done.changes.warnings] == [("NO_DATA", words)]


def test_newest_is_by_record_sequence_when_created_at_once(make: Make) -> None:
    world = make()
    stored(world, 2, CreatedDate=datetime(2026, 6, 1))
    stored(world, 1, CreatedDate=datetime(2026, 6, 1))
    one(world)
    assert world.act(create_cta()).effects[0]["gsid"].endswith("1")
