"""actions.md §8."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime

import pytest

from tests.actions.cta_support import gsid_of
from tests.actions.support import World, company, user

Make = Callable[..., World]
COLUMNS = {"C": "id", "N": "text", "O": "text", "X": "text"}


def create(**keys: str) -> str:
    lines = {"company": "C", "name": "Plan of ${N}", "type": "Objectives", "status": "Draft", "owner": "O"} | keys
    body = "".join(f"    {key}: {value}\n" for key, value in lines.items() if value)
    return f"  - action: create_success_plan\n    from: Rows\n{body}"


def update(**keys: str) -> str:
    lines = {"plan": "X", "type": "Objectives", "status": "Active"} | keys
    body = "".join(f"    {key}: {value}\n" for key, value in lines.items() if value)
    return f"  - action: update_success_plan\n    from: Rows\n{body}"


def plan_id(number: int) -> str:
    return f"1S0300000000LOCAL0{number:018d}"


def rows(world: World, *found: Sequence[object]) -> None:
    world.dataset(COLUMNS, [[*row, *([None] * (4 - len(row)))] for row in found])


def one(world: World, owner: object = "u1@example.com") -> None:
    rows(world, [company(1), "C1", owner])


def stored(world: World, number: int, **values: object) -> None:
    """A plan of company 1 with the key of `create()`."""
    row = {
        "Gsid": plan_id(number),
        "Name": "Plan of C1",
        "CompanyId": company(1),
        "SuccessPlanTypeId": gsid_of(world, "SUCCESS_PLAN_TYPE", "Objectives"),
        "StatusId": gsid_of(world, "SUCCESS_PLAN_STATUS", "Draft"),
        "IsClosed": False,
    } | values
    world.seed("cta_group", [row])


def template(world: World, name: str) -> str:
    found = world.catalogue.template(name)
    assert found is not None
    return found.gsid


def test_without_a_plan_of_the_key_one_is_created(make: Make) -> None:
    world = make()
    rows(world, [company(1), "C1", "u1@example.com"], [company(2), "C2", "u2@example.com"])
    done = world.act(create(due="{days: 1, skip: nothing}"))
    assert done.outcomes == ["created", "created"]
    assert done.effects[0]["key"] == f"{company(1)}, Plan of C1"
    assert (done.effects[0]["before"], done.effects[0]["after"]["Name"]) == (None, "Plan of C1")
    made = world.records("cta_group")[0]
    assert (made["Name"], made["CompanyId"], made["RelationshipId"], made["OwnerId"]) == (
        "Plan of C1",
        company(1),
        None,
        user(1),
    )
    assert (made["DueDate"], made["IsClosed"], made["ClosedDate"]) == (date(2026, 11, 24), False, None)
    assert made["StatusId"] == gsid_of(world, "SUCCESS_PLAN_STATUS", "Draft")
    assert (made["CreatedDate"], made["GsExecutionId"]) == (datetime(2026, 11, 23), "run-1")
    assert done.changes.counts.records_written == 2
    assert world.act(create()).outcomes == ["unchanged", "unchanged"]


def test_a_closed_status_closes_the_new_plan(make: Make) -> None:
    world = make()
    one(world)
    world.act(create(status="Cancelled"))
    made = world.records("cta_group")[0]
    assert (made["IsClosed"], made["ClosedDate"]) == (True, datetime(2026, 11, 23))


def test_the_status_is_part_of_the_key_and_closed_plans_count(make: Make) -> None:
    world = make()
    stored(world, 1, StatusId=gsid_of(world, "SUCCESS_PLAN_STATUS", "Active"))
    one(world)
    done = world.act(create())
    assert done.outcomes == ["created"]
    assert [finding.code for finding in done.action.findings] == ["GS-ACTION-HINT"]
    world = make()
    stored(world, 1, StatusId=gsid_of(world, "SUCCESS_PLAN_STATUS", "Closed"), IsClosed=True)
    one(world)
    done = world.act(create(identifiers="[type, name]"))
    assert (done.outcomes, done.action.findings) == (["unchanged"], ())
    assert world.act(create(status="Closed")).outcomes == ["unchanged"]


def test_of_several_plans_the_newest_is_updated(make: Make) -> None:
    world = make()
    stored(world, 1, CreatedDate=datetime(2026, 6, 2))
    stored(world, 2, CreatedDate=datetime(2026, 6, 1))
    stored(world, 3, CreatedDate=datetime(2026, 6, 2))
    one(world)
    done = world.act(create(template="Onboarding"))
    assert (done.outcomes, done.effects[0]["gsid"]) == (["updated"], plan_id(3))


def test_two_rows_of_one_key_create_then_update(make: Make) -> None:
    world = make(plan__on_existing=["template", "fields", "owner", "due_date"])
    rows(
        world,
        [company(1), "C1", "u1@example.com"],
        [company(1), "C1", "u2@example.com"],
        [company(1), "C1", None],
        [company(1), "C9", None],
    )
    done = world.act(create(identifiers="[type, status]"))
    assert done.outcomes == ["created", "updated", "unchanged", "unchanged"]
    assert [(p["Name"], p["OwnerId"]) for p in world.records("cta_group")] == [("Plan of C1", user(2))]
    assert done.effects[1]["before"]["OwnerId"] == user(1)


def test_on_existing_says_what_a_hit_changes(make: Make) -> None:
    for members, owner, due, gets in (
        (["template", "fields"], user(3), date(2026, 6, 8), True),
        (["owner", "due_date"], user(1), date(2026, 11, 30), False),
        (["fields"], user(3), date(2026, 6, 8), False),
    ):
        world = make(plan__on_existing=members)
        stored(world, 1, OwnerId=user(3), DueDate=date(2026, 6, 8))
        one(world)
        done = world.act(create(template="Onboarding"))
        found = world.records("cta_group")[0]
        assert done.outcomes == ["updated" if len(members) > 1 else "unchanged"]
        assert (found["OwnerId"], found["DueDate"]) == (owner, due)
        assert found["TemplateId"] == (template(world, "Onboarding") if gets else None)
        assert bool(world.records("call_to_action")) == gets


def test_a_template_goes_only_where_none_is(make: Make) -> None:
    world = make()
    stored(world, 1, TemplateId=template(world, "Any"))
    one(world)
    assert world.act(create(template="Onboarding")).outcomes == ["unchanged"]
    assert world.records("call_to_action") == []


def test_objectives_become_ctas_with_tasks_of_their_playbooks(make: Make) -> None:
    world = make()
    one(world)
    done = world.act(create(template="onboarding", due="{days: 5, skip: weekends}"))
    # a plan, two CTAs, one task
    assert (done.outcomes, done.changes.counts.records_written) == (["created"], 4)
    plan = world.records("cta_group")[0]
    assert plan["TemplateId"] == template(world, "Onboarding")
    first, second = world.records("call_to_action")
    # 2 working days after Mon 2026-11-23 are Wed 25; 10 are Mon 2026-12-07
    assert (first["Name"], first["OriginalDueDate"], first["DueDate"]) == (
        "Go live",
        date(2026, 11, 25),
        date(2026, 12, 7),
    )
    assert (second["Name"], second["OriginalDueDate"], second["DueDate"]) == (
        "First value",
        date(2026, 11, 30),
        date(2026, 11, 30),
    )
    for cta, priority in ((first, "High"), (second, "Medium")):
        assert cta["TypeId"] == gsid_of(world, "CTA_TYPE", "Objective")
        assert cta["ReasonId"] == gsid_of(world, "CTA_REASON", "Other")
        assert cta["StatusId"] == gsid_of(world, "CTA_STATUS", "New")
        assert cta["PriorityId"] == gsid_of(world, "CTA_PRIORITY", priority)
        assert (cta["CtaGroupId"], cta["CompanyId"], cta["OwnerId"]) == (plan["Gsid"], company(1), user(1))
        assert (cta["EntityType"], cta["Source"], cta["IsClosed"]) == ("COMPANY", "Success Plan", False)
    (task,) = world.records("cs_task")
    assert (task["Name"], task["CtaId"], task["DueDate"], task["OwnerId"]) == (
        "Agenda",
        first["Gsid"],
        date(2026, 12, 7),
        user(1),
    )
    assert first["TotalTaskCount"] == 1
    # the template is there now: nothing comes again
    assert world.act(create(template="onboarding")).outcomes == ["unchanged"]
    assert len(world.records("call_to_action")) == 2


def test_objectives_state_type_reason_and_status(make: Make) -> None:
    world = make()
    one(world)
    world.act(create(type="Retention Plan", template="Any"))
    (made,) = world.records("call_to_action")
    assert made["TypeId"] == gsid_of(world, "CTA_TYPE", "Risk")
    assert made["ReasonId"] == gsid_of(world, "CTA_REASON", "Usage Drop", "Risk")
    assert made["StatusId"] == gsid_of(world, "CTA_STATUS", "Work In Progress")
    assert made["DueDate"] == date(2026, 11, 23)


def test_objectives_playbooks_and_due_dates_as_the_profile_says(make: Make) -> None:
    for settings, ctas, due, tasks in (
        ({"plan__template_objectives": "ignore"}, 0, None, 0),
        ({"cta__playbook_tasks": "ignore"}, 2, date(2026, 11, 25), 0),
        ({"cta__playbook_due_date": "keep"}, 2, date(2026, 11, 25), 1),
    ):
        world = make(**settings)
        one(world)
        world.act(create(template="Onboarding"))
        made = world.records("call_to_action")
        assert (len(made), len(world.records("cs_task"))) == (ctas, tasks)
        assert world.records("cta_group")[0]["TemplateId"] == template(world, "Onboarding")
        assert (made[0]["DueDate"] if made else None) == due


def test_a_plan_without_owner_is_created_or_not_as_the_profile_says(make: Make) -> None:
    world = make()
    one(world, None)
    done = world.act(create())
    assert (done.outcomes, done.warned) == (["created"], {"OWNER_UNRESOLVED": 1})
    world = make(plan__owner_missing="error")
    rows(
        world,
        [company(1), "C1", None],
        [company(1), "C1", "u1@example.com"],
        [company(1), "C1", None],
        [company(2), "C2", "nobody@example.com"],
    )
    done = world.act(create())
    assert done.outcomes == ["failed", "created", "unchanged", "failed"]
    assert done.codes == ["ENTITY_NOT_FOUND", None, None, "ENTITY_NOT_FOUND"]
    assert done.effects[3]["message"] == "`owner`: no user is found, and there is no default"


def test_names_and_entities_that_fail(make: Make) -> None:
    world = make()
    rows(world, [company(1), " "], [company(1), "n" * 300], [None, "a"], [company(77), "a"], [company(2), None])
    done = world.act(create(name="${N}", owner=""))
    assert done.codes == [
        "REQUIRED_MISSING",
        "STRING_TOO_LONG",
        "IDENTIFIER_NULL",
        "ENTITY_NOT_FOUND",
        "REQUIRED_MISSING",
    ]
    assert world.act(create(owner="")).warned["NULL_TOKEN"] == 1


def test_a_relationship_rule_makes_plans_of_relationships(make: Make) -> None:
    world = make()
    kind, relationship = "1P0600000000LOCAL0" + "0" * 17 + "1", "1P0500000000LOCAL0" + "0" * 17 + "1"
    world.seed("relationship_type", [{"Gsid": kind, "Name": "Product"}])
    world.seed("relationship", [{"Gsid": relationship, "Name": "R", "CompanyId": company(4), "TypeId": kind}])
    rows(world, [relationship, "R", "u1@example.com"])
    action = create(company="", relationship="C", template="Onboarding")
    done = world.act(action, kind="relationship", head="relationship_types: [Product]\n")
    assert done.outcomes == ["created"]
    for record in (*world.records("cta_group"), *world.records("call_to_action")):
        assert (record["RelationshipId"], record["CompanyId"]) == (relationship, company(4))
    assert world.records("call_to_action")[0]["EntityType"] == "RELATIONSHIP"
    assert world.act(action, kind="relationship", head="relationship_types: [Product]\n").outcomes == ["unchanged"]
    # a company rule does not see it
    rows(world, [company(4), "R", "u1@example.com"])
    assert world.act(create()).outcomes == ["created"]


# Update


def test_a_plan_gets_type_status_template_and_owner(make: Make) -> None:
    world = make()
    stored(world, 1, DueDate=date(2026, 6, 8), OwnerId=user(3), TemplateId=template(world, "Any"))
    rows(world, [None, None, "u2@example.com", plan_id(1)])
    done = world.act(update(owner="O", template="Onboarding"))
    assert (done.outcomes, done.changes.counts.records_written) == (["updated"], 4)
    found = world.records("cta_group")[0]
    assert found["StatusId"] == gsid_of(world, "SUCCESS_PLAN_STATUS", "Active")
    assert (found["TemplateId"], found["OwnerId"]) == (template(world, "Onboarding"), user(2))
    assert (found["DueDate"], found["Name"]) == (date(2026, 6, 8), "Plan of C1")
    # an objective without days is due with its plan
    assert [(c["Name"], c["OriginalDueDate"], c["OwnerId"]) for c in world.records("call_to_action")] == [
        ("Go live", date(2026, 11, 25), user(2)),
        ("First value", date(2026, 6, 8), user(2)),
    ]
    done = world.act(update(owner="O", template="Onboarding"))
    assert (done.outcomes, done.changes.writes) == (["unchanged"], ())


def test_the_status_class_closes_and_reopens_plans(make: Make) -> None:
    world = make()
    stored(world, 1)
    stored(world, 2, IsClosed=True, ClosedDate=datetime(2026, 7, 1))
    rows(world, [None, None, None, plan_id(1)], [None, None, None, plan_id(2)])
    world.act(update(status="Closed"))
    assert [(p["IsClosed"], p["ClosedDate"]) for p in world.records("cta_group")] == [
        (True, datetime(2026, 11, 23)),
        (True, datetime(2026, 7, 1)),
    ]
    world.act(update(status="Active"))
    assert [(p["IsClosed"], p["ClosedDate"]) for p in world.records("cta_group")] == [(False, None)] * 2


def test_updates_of_plans_fail_and_warn(make: Make) -> None:
    world = make()
    stored(world, 1, OwnerId=user(3))
    ids = [None, "x", plan_id(9), plan_id(1)]
    rows(world, *([None, None, None, one] for one in ids), [None, None, "u1@example.com", plan_id(1)])
    done = world.act(update(owner="O"))
    assert done.codes == ["IDENTIFIER_NULL", "VALUE_INVALID", "PLAN_NOT_FOUND", None, None]
    assert done.effects[2]["message"] == f"no success plan has the GSID '{plan_id(9)}'"
    assert done.outcomes[3:] == ["updated", "updated"]
    assert done.warned == {"OWNER_UNRESOLVED": 1}
    assert world.records("cta_group")[0]["OwnerId"] == user(1)
    rows(world, [None, "Plan of C1"])
    lookup = "{lookup: cta_group, match: {Name: N}, multiple: error, none: error}"
    assert world.act(update(plan=lookup)).outcomes == ["unchanged"]


@pytest.mark.parametrize(
    ("action", "code", "words"),
    [
        (create(status="Nope"), "GS-ACTION-CTA", "no status 'Nope' of the plan type Objectives"),
        (create(type="Risk"), "GS-ACTION-CTA", "no success plan type 'Risk'"),
        (create(template="Onbording"), "GS-ACTION-CTA", "no success plan template 'Onbording'"),
        (create(template="Rescue"), "GS-ACTION-CTA", "is for plans of the type Retention Plan"),
        (create(identifiers="[reason]"), "GS-ACTION-IDENTIFIER", "`reason` is no part of a plan's key"),
        (create(identifiers="[name, Name]"), "GS-ACTION-DUPLICATE", "named twice"),
        (create(due="{days: 40000}"), "GS-LIMIT", "36500"),
        (create(company=""), "GS-ACTION-ENTITY", "`company` is missing"),
        (create(fields="{TemplateId: X}"), "GS-ACTION-READ-ONLY", "TemplateId"),
        (update(template="Rescue"), "GS-ACTION-CTA", "is for plans of the type Retention Plan"),
        (update(status="New"), "GS-ACTION-CTA", "no status 'New'"),
        (update(plan="{value: x}"), "GS-ACTION-IDENTIFIER", "a column with GSIDs of cta_group"),
    ],
)
@pytest.mark.once
def test_what_cannot_be_is_refused(make: Make, action: str, code: str, words: str) -> None:
    world = make()
    one(world)
    found = [problem for problem in world.problems(action) if problem.severity == "error"]
    assert [problem.code for problem in found] == [code]
    assert words in found[0].message
