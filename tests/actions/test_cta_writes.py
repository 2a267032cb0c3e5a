"""What create_cta writes: names, comments, fields, playbooks, what a hit changes (actions.md §6.2, §6.3)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

import pytest

from tests.actions.cta_support import COLUMNS, create_cta, cta_id, one, stored
from tests.actions.support import World, company, user

Make = Callable[..., World]


def test_a_null_token_is_empty_and_warns(make: Make) -> None:
    world = make()
    world.dataset(COLUMNS, [[company(1), None, "u1@example.com", "x"]])
    assert world.act(create_cta()).warned == {"NULL_TOKEN": 1}
    assert world.records("call_to_action")[0]["Name"] == "Drop at "


def test_a_null_token_may_be_an_error(make: Make) -> None:
    world = make(cta__null_token="error")
    world.dataset(COLUMNS, [[company(1), None, "u1@example.com", "x"]])
    assert world.act(create_cta()).codes == ["REQUIRED_MISSING"]


def test_a_comment_that_no_longer_fits_tells_the_limit(make: Make) -> None:
    world = make()
    limit = world.catalogue.objects["call_to_action"].fields["Comments"].type.length
    stored(world, 1, CreatedDate=datetime(2026, 6, 1), Comments="c" * (limit or 0))
    one(world)
    done = world.act(create_cta())
    assert done.codes == ["STRING_TOO_LONG"]
    words = f"`comments`: with this comment they would have more than {limit} characters"
    assert done.effects[0]["message"] == words


def test_names_blank_long_and_too_long(make: Make) -> None:
    world = make()
    names = [" ", "n" * 81, "n" * 251, "n" * 80]
    world.dataset(COLUMNS, [[company(1), name, "u1@example.com", "x"] for name in names])
    done = world.act(create_cta(name="${N}"))
    assert done.codes == ["REQUIRED_MISSING", None, "STRING_TOO_LONG", None]
    assert done.effects[2]["message"] == f"`name`: '{'n' * 60}…' has 251 characters; at most 250 are allowed"
    assert done.warned == {"CTA_NAME_OVER_MAX": 1}


def test_name_overflow_cut_cuts_before_the_key(make: Make) -> None:
    world = make(cta__name_overflow="cut", cta__name_max=5)
    world.dataset(COLUMNS, [[company(1), name, "u1@example.com", "x"] for name in ("abcdefg", "abcdeZZ")])
    assert world.act(create_cta(name="${N}")).outcomes == ["created", "updated"]
    assert [r["Name"] for r in world.records("call_to_action")] == ["abcde"]


def test_comment_values_are_html_escaped(make: Make) -> None:
    world = make()
    world.dataset(COLUMNS, [[company(1), "C1", "u1@example.com", "<b>&'\"; DROP TABLE x"]])
    world.act(create_cta(comments='{text: "<i>${X}</i>"}'))
    comment = world.records("call_to_action")[0]["Comments"]
    assert comment.startswith("<i>&lt;b&gt;&amp;")
    assert comment.endswith("</i>")


def test_once_appends_once_even_in_later_runs(make: Make) -> None:
    world = make()
    stored(world, 1, CreatedDate=datetime(2026, 6, 1))
    world.dataset(COLUMNS, [[company(1), "C1", None, "a"], [company(1), "C1", None, "b"]])
    once = create_cta(comments='{text: "Said ${X}", repeat: once}')
    assert world.act(once).outcomes == ["updated", "unchanged"]
    world.dataset(COLUMNS, [[company(1), "C1", None, "c"]])
    assert world.act(once).outcomes == ["unchanged"]
    assert world.records("call_to_action")[0]["Comments"] == "old<br/>Said a"


def test_once_counts_the_creation(make: Make) -> None:
    world = make()
    world.dataset(COLUMNS, [[company(1), "C1", "u1@example.com", "a"], [company(1), "C1", None, "b"]])
    once = create_cta(comments='{text: "Said ${X}", repeat: once}')
    assert world.act(once).outcomes == ["created", "unchanged"]
    world.dataset(COLUMNS, [[company(1), "C1", None, "c"]])
    assert world.act(once).outcomes == ["unchanged"]


def test_once_does_not_append_what_a_cta_from_elsewhere_holds(make: Make) -> None:
    world = make()
    stored(world, 1, CreatedDate=datetime(2026, 6, 1), Comments="He: Said a!")
    world.dataset(COLUMNS, [[company(1), "C1", None, "a"]])
    assert world.act(create_cta(comments='{text: "Said ${X}", repeat: once}')).outcomes == ["unchanged"]


def test_never_writes_at_creation_unless_the_profile_says_so(make: Make) -> None:
    for include, wanted in ((False, "Said x"), (True, None)):
        world = make(cta__never_includes_create=include)
        one(world)
        world.act(create_cta(comments='{text: "Said ${X}", repeat: never}'))
        assert world.records("call_to_action")[0]["Comments"] == wanted


def test_fields_follow_the_value_pipeline_and_fold_in_row_order(make: Make) -> None:
    world = make()
    stored(world, 1, CreatedDate=datetime(2026, 6, 1), Note__gc="old")
    world.dataset(COLUMNS, [[company(1), "C1", None, x] for x in ("a", None, "b" * 21)])
    done = world.act(create_cta(comments="", fields="{Note__gc: {column: X, on_null: skip}}"))
    assert done.codes == [None, None, "STRING_TOO_LONG"]
    assert done.outcomes == ["updated", "unchanged", "failed"]
    assert world.records("call_to_action")[0]["Note__gc"] == "a"
    assert done.effects[0]["before"]["Note__gc"] == "old"
    assert done.effects[1]["before"]["Note__gc"] == "a"


def test_a_playbook_goes_where_none_is_and_brings_its_tasks(make: Make) -> None:
    world = make()
    stored(world, 1, CreatedDate=datetime(2026, 6, 1), DueDate=date(2026, 6, 8))
    world.dataset(COLUMNS, [[company(1), "C1", None, "x"], [company(2), "C2", "u2@example.com", "x"]])
    done = world.act(create_cta(playbook="Recovery", comments=""))
    assert done.outcomes == ["updated", "created"]
    # 2 and 8 days without weekends after Mon 2026-11-23
    assert [(t["Name"], t["DueDate"]) for t in world.records("cs_task")] == [
        ("Call", date(2026, 11, 25)),
        ("Meet", date(2026, 12, 3)),
    ] * 2
    found = world.records("call_to_action")
    assert [r["DueDate"] for r in found] == [date(2026, 12, 3)] * 2
    # what the tasks extend is DueDate only
    assert [r["OriginalDueDate"] for r in found] == [None, date(2026, 11, 30)]
    assert [r["TotalTaskCount"] for r in found] == [2, 2]
    # a task has its own priority, or else its CTA's
    low = world.catalogue.cockpit("CTA_PRIORITY", "Low")
    assert low is not None
    of_cta = {r["Gsid"]: r["PriorityId"] for r in found}
    assert low.gsid not in of_cta.values()
    for task in world.records("cs_task"):
        assert task["PriorityId"] == (low.gsid if task["Name"] == "Meet" else of_cta[task["CtaId"]])
    assert done.changes.counts.records_written == 6
    assert world.act(create_cta(playbook="Recovery", comments="")).outcomes == ["unchanged", "unchanged"]
    assert len(world.records("cs_task")) == 4


def test_playbook_due_date_keep_and_tasks_ignore(make: Make) -> None:
    world = make(cta__playbook_due_date="keep", cta__playbook_tasks="ignore")
    one(world)
    world.act(create_cta(playbook="Recovery"))
    assert world.records("call_to_action")[0]["DueDate"] == date(2026, 11, 30)
    assert world.records("cs_task") == []


def test_on_existing_may_change_priority_owner_and_due_date(make: Make) -> None:
    world = make(cta__on_existing=["priority", "owner", "due_date"])
    stored(world, 1, CreatedDate=datetime(2026, 6, 1), OwnerId=user(3), DueDate=date(2026, 6, 8))
    world.dataset(COLUMNS, [[company(1), "C1", o, "x"] for o in ("u1@example.com", None)])
    assert world.act(create_cta()).outcomes == ["updated", "unchanged"]
    found = world.records("call_to_action")[0]
    high = world.catalogue.cockpit("CTA_PRIORITY", "High")
    assert high is not None
    assert (found["OwnerId"], found["DueDate"], found["PriorityId"]) == (user(1), date(2026, 11, 30), high.gsid)
    assert found["Comments"] == "old"


def test_on_existing_status_may_close(make: Make) -> None:
    world = make(cta__on_existing=["status"])
    stored(world, 1, CreatedDate=datetime(2026, 6, 1))
    one(world)
    world.act(create_cta(status="Closed Success"))
    found = world.records("call_to_action")[0]
    assert (found["IsClosed"], found["ClosedDate"], found["CloseSource"]) == (True, datetime(2026, 11, 23), "Rules")


def test_a_relationship_rule_writes_both_entities(make: Make) -> None:
    world = make()
    kind, other = "1P0600000000LOCAL0" + "0" * 17 + "1", "1P0600000000LOCAL0" + "0" * 17 + "2"
    world.seed("relationship_type", [{"Gsid": kind, "Name": "Product"}, {"Gsid": other, "Name": "Other"}])
    ids = ["1P0500000000LOCAL0" + "0" * 17 + str(n) for n in (1, 2)]
    world.seed(
        "relationship",
        [
            {"Gsid": ids[0], "Name": "R1", "CompanyId": company(4), "TypeId": kind},
            {"Gsid": ids[1], "Name": "R2", "CompanyId": company(4), "TypeId": other},
        ],
    )
    world.dataset(COLUMNS, [[gsid, "R", "u1@example.com", "x"] for gsid in ids])
    head = "relationship_types: [Product]\n"
    done = world.act(create_cta(company="", relationship="C"), kind="relationship", head=head)
    assert done.codes == [None, "ENTITY_NOT_FOUND"]
    made = world.records("call_to_action")[0]
    assert (made["RelationshipId"], made["CompanyId"], made["EntityType"]) == (ids[0], company(4), "RELATIONSHIP")


def test_a_null_that_no_mapping_states_warns_where_it_replaces_a_value(make: Make) -> None:
    world = make()
    stored(world, 1, CreatedDate=datetime(2026, 6, 1), Note__gc="old")
    world.dataset(COLUMNS, [[company(1), "C1", None, None], [company(2), "C2", "u1@example.com", None]])
    done = world.act(create_cta(comments="", fields="{Note__gc: X}"))
    assert (done.outcomes, done.warned) == (["updated", "created"], {"NULL_WRITTEN": 1})
    assert world.act(create_cta(comments="", fields="{Note__gc: {column: X, on_null: write}}")).warned == {}


def test_further_fields_may_flag_the_cta_and_others_have_their_defaults(make: Make) -> None:
    world = make()
    one(world)
    world.act(create_cta(fields="{IsImportant: {value: true}}"))
    world.act(create_cta(name="Other", fields="{IsImportant: {value: null}}"))
    assert [r["IsImportant"] for r in world.records("call_to_action")] == [True, False]


def test_multi_selects_are_replaced_or_appended(make: Make) -> None:
    for mode, wanted in (("replace", {"Blue"}), ("append", {"Red", "Green", "Blue"})):
        world = make(load__multiselect=mode)
        world.dataset(COLUMNS, [[company(1), "C1", "u1@example.com", x] for x in ("Red", "Green;Red", "Blue", "Blue")])
        done = world.act(create_cta(comments="", fields="{Tags__gc: X}"))
        assert done.outcomes == ["created", "updated", "updated", "unchanged"]
        labels = {item.gsid: item.name for item in world.catalogue.category("call_to_action.Tags__gc").items}
        assert {labels[gsid] for gsid in world.records("call_to_action")[0]["Tags__gc"]} == wanted


def test_comments_fill_the_field_to_its_last_character(make: Make) -> None:
    for room, outcome in ((11, "updated"), (10, "failed")):
        world = make()
        stored(world, 1, CreatedDate=datetime(2026, 6, 1), Comments="c" * (150_000 - room))
        world.dataset(COLUMNS, [[company(1), "C1", None, "x"]])
        assert world.act(create_cta()).outcomes == [outcome]


# Linked records


def linked(world: World) -> list[tuple[object, ...]]:
    return [(r["CtaId"], r["ObjectName"], r["RecordId"]) for r in world.records("cta_linked_object")]


def test_records_are_linked_at_creation(make: Make) -> None:
    world = make()
    world.dataset(COLUMNS | {"U": "id"}, [
        [company(1), "C1", "u1@example.com", user(3), user(4)],
        [company(2), "C2", "u1@example.com", None, user(4)],
        [company(1), "C1", "u1@example.com", user(5), user(4)],
    ])  # fmt: skip
    done = world.act(create_cta(comments="", linked="{gsuser: X, company: C}"))
    assert done.outcomes == ["created", "created", "unchanged"]
    first, second = (record["Gsid"] for record in world.records("call_to_action"))
    assert linked(world) == [
        (first, "gsuser", user(3)),
        (first, "company", company(1)),
        (second, "company", company(2)),
    ]
    assert done.changes.counts.records_written == 5
    assert world.act(create_cta(comments="", linked="{gsuser: X, company: C}")).outcomes == ["unchanged"] * 3


def test_links_of_found_ctas_are_for_the_profile_to_say(make: Make) -> None:
    world = make(cta__on_existing=["linked"])
    stored(world, 1, CreatedDate=datetime(2026, 6, 1), ModifiedDate=datetime(2026, 6, 1))
    gsid = "1S0600000000LOCAL0" + "0" * 17 + "1"
    link = {"Gsid": gsid, "CtaId": cta_id(1), "ObjectName": "gsuser", "RecordId": user(1)}
    world.seed("cta_linked_object", [link])
    world.dataset(COLUMNS, [[company(1), "C1", None, user(n)] for n in (1, 2, 2, 3)])
    done = world.act(create_cta(linked="{gsuser: X}"))
    assert done.outcomes == ["unchanged", "updated", "unchanged", "updated"]
    assert [record for _, _, record in linked(world)] == [user(1), user(2), user(3)]
    # the CTA itself stays as it is
    assert world.records("call_to_action")[0]["ModifiedDate"] == datetime(2026, 6, 1)


def test_ids_of_no_record_warn_fail_or_pass(make: Make) -> None:
    for mode, code, warned in (
        ("warn", None, {"REFERENCE_NOT_FOUND": 1}),
        ("error", "REFERENCE_NOT_FOUND", {}),
        ("allow", None, {}),
    ):
        world = make(load__dangling_reference=mode)
        world.dataset(
            COLUMNS, [[company(1), "C1", "u1@example.com", user(77)], [company(2), "C2", "u1@example.com", "x"]]
        )
        done = world.act(create_cta(comments="", linked="{gsuser: X}"))
        assert (done.codes, done.warned) == ([code, "VALUE_INVALID"], warned)


@pytest.mark.parametrize(
    ("linked_to", "code"),
    [
        ("{gsusr: X}", "GS-NAME"),
        ("{gsuser: Nope}", "GS-NAME"),
        ("{gsuser: X, User: X}", "GS-ACTION-DUPLICATE"),
        ("{gsuser: M}", "GS-TYPE"),
    ],
)
@pytest.mark.once
def test_links_that_cannot_be_are_refused(make: Make, linked_to: str, code: str) -> None:
    world = make()
    world.dataset(COLUMNS | {"M": "number"}, [])
    assert [problem.code for problem in world.problems(create_cta(linked=linked_to))] == [code]


@pytest.mark.once
def test_mode_is_for_updates(make: Make) -> None:
    world = make()
    one(world)
    problems = world.problems(create_cta(comments="{text: x, mode: append}"))
    assert [problem.code for problem in problems] == ["GS-SPEC-ONE-OF"]
