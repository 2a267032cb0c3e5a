"""actions.md §6.6."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

import pytest

from tests.actions.cta_support import cta_id, gsid_of, stored, task_id
from tests.actions.support import Outcome, World, company, user

Make = Callable[..., World]
COLUMNS = {"K": "text", "O": "text", "X": "text", "S": "text"}


def rows(world: World, *found: Sequence[object]) -> None:
    world.dataset(COLUMNS, [[*row, *([None] * (4 - len(row)))] for row in found])


def update(world: World, **keys: str) -> Outcome:
    return world.act(text(**keys))


def text(**keys: str) -> str:
    body = "".join(f"    {key}: {value}\n" for key, value in {"cta": "K", **keys}.items())
    return f"  - action: update_cta\n    from: Rows\n{body}"


def of(world: World, number: int = 1) -> dict[str, Any]:
    return next(row for row in world.records("call_to_action") if row["Gsid"] == cta_id(number))


def test_only_what_is_stated_changes(make: Make) -> None:
    world = make()
    stored(world, 1, OwnerId=user(2), ModifiedDate=datetime(2026, 6, 1))
    before = of(world)
    rows(world, [cta_id(1)])
    done = update(world, type="Lifecycle", reason="Renewal", priority="High")
    assert done.outcomes == ["updated"]
    after = of(world)
    assert {name for name in after if after[name] != before[name]} == {
        "TypeId",
        "ReasonId",
        "PriorityId",
        "ModifiedDate",
        "GsIngestionSource",
        "GsExecutionId",
    }
    assert after["ReasonId"] == gsid_of(world, "CTA_REASON", "Renewal", "Lifecycle")
    assert done.effects[0]["before"]["TypeId"] == before["TypeId"]
    assert done.effects[0]["after"]["TypeId"] == after["TypeId"]
    assert update(world, type="Lifecycle", reason="Renewal", priority="High").outcomes == ["unchanged"]


def test_ids_fail_as_null_ill_formed_and_unknown(make: Make) -> None:
    world = make()
    stored(world, 1)
    rows(world, [None], [" "], ["nope"], [cta_id(9)], [f" {cta_id(1)} "])
    done = update(world, comments="x")
    assert done.codes == ["IDENTIFIER_NULL", "IDENTIFIER_NULL", "VALUE_INVALID", "CTA_NOT_FOUND", None]
    assert done.effects[3]["message"] == f"no CTA has the GSID '{cta_id(9)}'"


def test_a_lookup_finds_the_cta(make: Make) -> None:
    world = make()
    stored(world, 1, Name="One")
    stored(world, 2, Name="Two")
    stored(world, 3, Name="Two")
    rows(world, ["one"], ["Two"], ["Three"], [None])
    lookup = "{lookup: call_to_action, match: {Name: K}, multiple: error, none: 'null'}"
    done = update(world, cta=lookup, comments="x")
    assert done.codes == [None, "LOOKUP_MULTIPLE_MATCH", "IDENTIFIER_NULL", "IDENTIFIER_NULL"]
    strict = "{lookup: call_to_action, match: {Name: K}, multiple: any_one, none: error}"
    done = update(world, cta=strict, comments="x")
    assert done.codes == [None, None, "LOOKUP_NO_MATCH", "LOOKUP_NO_MATCH"]
    assert done.warned == {"LOOKUP_ANY_ONE": 1}
    assert [of(world, n)["Comments"] for n in (1, 2, 3)] == ["old<br/>x<br/>x", "old<br/>x", "old"]


def test_status_sets_and_clears_the_closing(make: Make) -> None:
    world = make()
    stored(world, 1)
    stored(world, 2, ClosedDate=datetime(2026, 7, 1), CloseSource="Manual")
    rows(world, [cta_id(1)], [cta_id(2)])
    update(world, type="Risk", status="Closed Invalid")
    # the second one was closed already: it keeps its date
    assert [(of(world, n)["IsClosed"], of(world, n)["ClosedDate"], of(world, n)["CloseSource"]) for n in (1, 2)] == [
        (True, datetime(2026, 11, 23), "Rules"),
        (True, datetime(2026, 7, 1), "Manual"),
    ]
    update(world, type="Risk", status="New")
    assert [(of(world, n)["IsClosed"], of(world, n)["ClosedDate"], of(world, n)["CloseSource"]) for n in (1, 2)] == [
        (False, None, None)
    ] * 2


def test_rows_of_one_cta_apply_in_row_order(make: Make) -> None:
    world = make()
    stored(world, 1)
    rows(
        world,
        [cta_id(1), "u1@example.com", "a", "Closed Success"],
        [cta_id(1), None, "b", "New"],
        [cta_id(1), "u2@example.com", "c", "Closed Invalid"],
        [cta_id(1), "u2@example.com", None, "Closed Invalid"],
    )
    done = update(world, type="Risk", status="{column: S}", owner="O", comments='"${X}"')
    assert done.outcomes == ["updated", "updated", "updated", "unchanged"]
    assert done.warned == {"NULL_TOKEN": 1, "OWNER_UNRESOLVED": 1}
    assert [effect["after"]["IsClosed"] for effect in done.effects] == [True, False, True, True]
    assert done.effects[1]["before"]["Comments"] == "old<br/>a"
    found = of(world)
    assert (found["OwnerId"], found["Comments"]) == (user(2), "old<br/>a<br/>b<br/>c")
    assert found["StatusId"] == gsid_of(world, "CTA_STATUS", "Closed Invalid")
    assert done.changes.counts.records_written == 1


def test_replaced_comments_hold_the_last_row(make: Make) -> None:
    world = make()
    stored(world, 1)
    rows(world, [cta_id(1), None, "<a>"], [cta_id(1), None, "b"], [cta_id(1), None, "b"])
    done = update(world, comments='{text: "${X}", mode: replace}')
    assert done.outcomes == ["updated", "updated", "unchanged"]
    assert done.effects[0]["after"]["Comments"] == "&lt;a&gt;"
    assert of(world)["Comments"] == "b"


def test_a_comment_that_does_not_fit_fails_its_row(make: Make) -> None:
    world = make()
    stored(world, 1, Comments="c" * 149_990)
    rows(world, [cta_id(1), None, "x" * 6], [cta_id(1), None, "y"])
    done = update(world, comments='"${X}"')
    assert done.codes[0] == "STRING_TOO_LONG"
    world = make(load__overlength="truncate")
    stored(world, 1, Comments="c" * 149_990)
    rows(world, [cta_id(1), None, "x" * 6])
    assert update(world, comments='"${X}"').outcomes == ["updated"]
    assert of(world)["Comments"] == "c" * 149_990 + "<br/>xxxxx"


def test_an_owner_who_is_not_found_leaves_the_present_one(make: Make) -> None:
    world = make()
    stored(world, 1, OwnerId=user(3))
    rows(world, [cta_id(1), "nobody@example.com"])
    done = update(world, owner="O")
    assert (done.outcomes, done.warned) == (["unchanged"], {"OWNER_UNRESOLVED": 1, "REFERENCE_NOT_FOUND": 1})
    assert of(world)["OwnerId"] == user(3)
    assert update(world, owner="{default: u4@example.com}").outcomes == ["updated"]
    assert of(world)["OwnerId"] == user(4)
    assert update(world, owner="{column: O, default: u9@example.com}").warned == {
        "REFERENCE_NOT_FOUND": 1,
        "USER_INACTIVE": 1,
    }


def test_open_tasks_follow_the_owner_if_told(make: Make) -> None:
    world = make()
    stored(world, 1, OwnerId=user(1))
    stored(world, 2, OwnerId=user(1))
    for number, cta, owner, closed in ((1, 1, 1, False), (2, 1, 1, True), (3, 1, 2, False), (4, 2, 1, False)):
        task = {"Gsid": task_id(number), "Name": "T", "CtaId": cta_id(cta), "OwnerId": user(owner), "IsClosed": closed}
        world.seed("cs_task", [task])
    rows(world, [cta_id(1), "u2@example.com"])
    assert update(world, owner="O").changes.counts.records_written == 1
    owners = {row["Gsid"]: row["OwnerId"] for row in world.records("cs_task")}
    assert owners[task_id(1)] == user(1)
    done = update(world, owner="O", reassign_tasks="true")
    # the CTA has its owner already, but an open task follows
    assert (done.outcomes, done.changes.counts.records_written) == (["updated"], 1)
    owners = {row["Gsid"]: row["OwnerId"] for row in world.records("cs_task")}
    assert [owners[task_id(n)] for n in (1, 2, 3, 4)] == [user(2), user(1), user(2), user(1)]
    assert update(world, owner="O", reassign_tasks="true").outcomes == ["unchanged"]
    rows(world, [cta_id(1), "u3@example.com"], [cta_id(1), "u2@example.com"], [cta_id(1), "u2@example.com"])
    assert update(world, owner="O", reassign_tasks="true").outcomes == ["updated", "updated", "unchanged"]


def test_a_playbook_replaces_the_present_one_and_old_tasks_stay(make: Make) -> None:
    world = make()
    stored(world, 1, PlaybookId=gsid_of(world, "PLAYBOOK", "Nurture"), DueDate=date(2026, 6, 8), TotalTaskCount=1)
    world.seed("cs_task", [{"Gsid": task_id(1), "Name": "Old", "CtaId": cta_id(1)}])
    rows(world, [cta_id(1)])
    done = update(world, type="Risk", playbook="Recovery")
    assert (done.outcomes, done.changes.counts.records_written) == (["updated"], 3)
    found = of(world)
    assert (found["DueDate"], found["TotalTaskCount"]) == (date(2026, 12, 3), 3)
    assert [t["Name"] for t in world.records("cs_task")] == ["Old", "Call", "Meet"]
    assert update(world, type="Risk", playbook="Recovery").outcomes == ["unchanged"]
    assert len(world.records("cs_task")) == 3


def test_playbook_keys_of_the_profile(make: Make) -> None:
    for settings, due, tasks in (
        ({"cta__playbook_due_date": "keep"}, date(2026, 6, 8), 2),
        ({"cta__playbook_tasks": "ignore"}, date(2026, 6, 8), 0),
    ):
        world = make(**settings)
        stored(world, 1, DueDate=date(2026, 6, 8))
        rows(world, [cta_id(1)])
        update(world, type="Risk", playbook="Recovery")
        assert (of(world)["DueDate"], len(world.records("cs_task"))) == (due, tasks)


def test_playbooks_from_a_column(make: Make) -> None:
    world = make()
    stored(world, 1, DueDate=date(2026, 6, 8), OwnerId=user(1))
    stored(world, 2)
    rows(
        world,
        [cta_id(1), None, "recovery"],
        [cta_id(1), None, "Recovery"],
        [cta_id(1), None, None],
        [cta_id(2), None, "Nurture"],
    )
    done = update(world, type="Risk", playbook="{column: X}")
    assert done.codes == [None, None, None, "PICKLIST_UNKNOWN"]
    assert done.outcomes[:3] == ["updated", "unchanged", "unchanged"]
    assert done.warned == {"LABEL_CASE_DIFFERS": 1}
    assert [(t["Name"], t["OwnerId"]) for t in world.records("cs_task")] == [("Call", user(1)), ("Meet", user(1))]


def test_options_from_columns_are_those_of_the_row_s_type(make: Make) -> None:
    world = make()
    for number in range(1, 7):
        stored(world, number)
    risk = gsid_of(world, "CTA_TYPE", "Risk")
    rows(
        world,
        [cta_id(1), "Risk", "Usage Drop"],
        [cta_id(2), risk, gsid_of(world, "CTA_REASON", "Other")],
        [cta_id(3), "Lifecycle", "Usage Drop"],
        [cta_id(4), "Nothing", "Usage Drop"],
        [cta_id(5), None, "Renewal"],
        [cta_id(6), "lifecycle", None],
    )
    done = update(world, type="{column: O}", reason="{column: X}")
    assert done.codes == [None, None, "PICKLIST_UNKNOWN", "PICKLIST_UNKNOWN", "REQUIRED_MISSING", "REQUIRED_MISSING"]
    # a fixed reason under a type that differs by row
    done = update(world, type="{column: O}", reason="Renewal")
    assert done.codes[:3] == ["PICKLIST_UNKNOWN", "PICKLIST_UNKNOWN", None]
    assert of(world, 3)["ReasonId"] == gsid_of(world, "CTA_REASON", "Renewal", "Lifecycle")


def test_the_due_date_is_an_extension(make: Make) -> None:
    world = make()
    stored(world, 1, DueDate=date(2026, 6, 8), OriginalDueDate=date(2026, 6, 8))
    rows(world, [cta_id(1)])
    done = update(world, due="{days: 5, skip: weekends}")
    assert [finding.code for finding in done.action.findings] == ["GS-EXT"]
    assert (of(world)["DueDate"], of(world)["OriginalDueDate"]) == (date(2026, 11, 30), date(2026, 6, 8))
    done = update(world, due="{days: 0}", type="Risk", playbook="Recovery")
    assert of(world)["DueDate"] == date(2026, 12, 3)


def test_fields_follow_the_pipeline(make: Make) -> None:
    world = make()
    stored(world, 1, Note__gc="old", IsImportant=False)
    rows(world, [cta_id(1), None, "a"], [cta_id(1), None, None], [cta_id(1), None, "b" * 21])
    done = update(world, fields="{Note__gc: X, IsImportant: {value: true}, Name: {value: New name}}")
    assert done.codes == [None, None, "STRING_TOO_LONG"]
    assert done.warned == {"NULL_WRITTEN": 1}
    found = of(world)
    assert (found["Note__gc"], found["IsImportant"], found["Name"]) == (None, True, "New name")
    rows(world, [cta_id(1), None, None])
    assert update(world, fields="{Name: X}").codes == ["REQUIRED_MISSING"]
    assert update(world, fields="{Name: {column: X, on_null: skip}}").outcomes == ["unchanged"]


@pytest.mark.parametrize(
    ("keys", "code", "words"),
    [
        ({"status": "New"}, "GS-SPEC-MISSING", "`status` needs `type`"),
        ({"playbook": "Recovery"}, "GS-SPEC-MISSING", "`playbook` needs `type`"),
        ({"reassign_tasks": "true", "comments": "x"}, "GS-SPEC-MISSING", "`reassign_tasks` needs `owner`"),
        ({"comments": "{text: x, repeat: once}"}, "GS-SPEC-ONE-OF", "`repeat` is for creating"),
        ({}, "GS-SPEC-MISSING", "nothing to change"),
        ({"type": "Risk", "reason": "Renewal"}, "GS-ACTION-CTA", "no reason 'Renewal' of the CTA type Risk"),
        ({"type": "Risk", "playbook": "Nurture"}, "GS-ACTION-CTA", "is for CTAs of the type Lifecycle"),
        ({"type": "{column: O}", "reason": "Nope"}, "GS-ACTION-CTA", "no reason 'Nope'"),
        ({"fields": "{StatusId: X}"}, "GS-ACTION-READ-ONLY", "StatusId"),
        ({"fields": "{Comments: X}"}, "GS-ACTION-READ-ONLY", "Comments"),
        ({"fields": "{Gsid: K}"}, "GS-ACTION-READ-ONLY", "Gsid"),
        ({"fields": "{OwnerId: K}", "owner": "O"}, "GS-ACTION-DUPLICATE", "`owner` and by `fields`"),
        ({"cta": "{value: x}", "comments": "x"}, "GS-ACTION-IDENTIFIER", "a column with GSIDs of call_to_action"),
        ({"cta": "{column: K, default: x}", "comments": "x"}, "GS-ACTION-IDENTIFIER", "does not take `default`"),
        ({"due": "{days: 40000}"}, "GS-LIMIT", "36500"),
        ({"type": "Risk", "status": "{column: Nope}"}, "GS-NAME", "Nope"),
    ],
)
@pytest.mark.once
def test_what_cannot_be_is_refused(make: Make, keys: dict[str, str], code: str, words: str) -> None:
    world = make()
    rows(world, [cta_id(1)])
    found = [problem for problem in world.problems(text(**keys)) if problem.severity == "error"]
    assert [problem.code for problem in found] == [code]
    assert words in found[0].message


def test_a_number_column_is_no_id_and_no_option(make: Make) -> None:
    world = make()
    world.dataset({"K": "number", "S": "number"}, [])
    problems = world.problems(text(type="Risk", status="{column: S}"))
    assert [problem.code for problem in problems] == ["GS-TYPE", "GS-TYPE"]


def test_bionic_does_not_know_it(make: Make) -> None:
    world = make(engine="bionic")
    rows(world, [company(1)])
    assert [problem.code for problem in world.problems(text(comments="x"))] == ["GS-ACTION-TARGET"]
