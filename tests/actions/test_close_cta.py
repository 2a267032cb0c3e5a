"""actions.md §6.7."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from tests.actions.cta_support import cta_id, stored
from tests.actions.support import World, company

Make = Callable[..., World]
BY_KEY = (
    "  - {action: close_cta, from: Rows, company: C, type: Risk, reason: Usage Drop, sources: [RULES, manual], "
    "status: Closed No Action, comments: {text: 'Done ${X}'%s}}\n"
)
BY_ID = "  - {action: close_cta, from: Rows, cta: C, comments: 'Done ${X}'}\n"
COLUMNS = {"C": "id", "X": "text"}


@pytest.mark.parametrize(
    ("repeat", "comment"), [("", "old<br/>Done a"), (", repeat: once", "old<br/>Done a"), (", repeat: never", "old")]
)
def test_by_key_closes_all_open_ones_of_the_sources(make: Make, repeat: str, comment: str) -> None:
    world = make()
    stored(world, 1)
    stored(world, 2, Source="Manual", Name="Another")
    stored(world, 3, Source="Import")
    stored(world, 4, ClosedDate=datetime(2026, 1, 1))
    world.dataset(COLUMNS, [[company(1), "a"], [company(1), "b"], [company(2), "c"], [None, "d"], [company(77), "e"]])
    done = world.act(BY_KEY % repeat)
    assert done.outcomes == ["closed", "skipped", "skipped", "failed", "failed"]
    assert done.codes == [None, "NO_OPEN_CTA", "NO_OPEN_CTA", "IDENTIFIER_NULL", "ENTITY_NOT_FOUND"]
    assert done.effects[0]["gsids"] == [cta_id(1), cta_id(2)]
    assert (done.changes.counts.closed, done.changes.counts.records_written) == (1, 2)
    found = world.records("call_to_action")
    assert [record["IsClosed"] for record in found] == [True, True, False, True]
    assert (found[0]["Comments"], found[0]["ClosedDate"], found[0]["CloseSource"]) == (
        comment,
        datetime(2026, 11, 23),
        "Rules",
    )
    assert found[3]["ClosedDate"] == datetime(2026, 1, 1)


def test_by_id_closes_once(make: Make) -> None:
    world = make()
    stored(world, 1)
    stored(world, 2, ClosedDate=datetime(2026, 1, 1))
    rows = [[cta_id(1), "a"], [cta_id(1), "b"], [cta_id(2), "c"], [cta_id(9), "d"], [None, "e"]]
    world.dataset(COLUMNS, rows)
    done = world.act(BY_ID)
    assert done.outcomes == ["closed", "unchanged", "unchanged", "failed", "failed"]
    assert done.codes == [None, None, None, "CTA_NOT_FOUND", "IDENTIFIER_NULL"]
    found = world.records("call_to_action")
    success = world.catalogue.cockpit("CTA_STATUS", "Closed Success")
    assert success is not None
    assert (found[0]["StatusId"], found[0]["Comments"]) == (success.gsid, "old<br/>Done a")
    assert found[1]["ClosedDate"] == datetime(2026, 1, 1)


def test_tasks_stay_open_unless_told(make: Make) -> None:
    for setting in (False, True):
        world = make(cta__close_tasks=setting)
        stored(world, 1, TotalTaskCount=1)
        world.seed(
            "cs_task", [{"Gsid": "1S0200000000LOCAL0" + "0" * 18, "Name": "t", "CtaId": cta_id(1), "IsClosed": False}]
        )
        world.dataset(COLUMNS, [[cta_id(1), "a"]])
        world.act(BY_ID)
        assert world.records("cs_task")[0]["IsClosed"] is setting
        assert world.records("call_to_action")[0]["ClosedTaskCount"] == (1 if setting else None)


def test_a_relationship_cta_is_out_of_a_company_rules_scope(make: Make) -> None:
    world = make()
    stored(world, 1, EntityType="RELATIONSHIP")
    world.dataset(COLUMNS, [[company(1), "a"]])
    assert world.act(BY_KEY % "").codes == ["NO_OPEN_CTA"]


@pytest.mark.parametrize("action", [BY_KEY % "", BY_ID])
def test_a_null_token_in_the_comment_warns_or_fails_the_row(make: Make, action: str) -> None:
    entity = cta_id(1) if action == BY_ID else company(1)
    world = make()
    stored(world, 1)
    world.dataset(COLUMNS, [[entity, None]])
    done = world.act(action)
    assert (done.outcomes, done.warned) == (["closed"], {"NULL_TOKEN": 1})
    assert world.records("call_to_action")[0]["Comments"] == "old<br/>Done "
    world = make(cta__null_token="error")
    stored(world, 1)
    world.dataset(COLUMNS, [[entity, None]])
    done = world.act(action)
    assert (done.outcomes, done.codes, done.warned) == (["failed"], ["REQUIRED_MISSING"], {})
    words = "`comments`: a ${…} token is null, which `cta.null_token: error` refuses"
    assert done.effects[0]["message"] == words
    assert world.records("call_to_action")[0]["IsClosed"] is False


def test_a_comment_that_is_not_written_has_no_null_tokens(make: Make) -> None:
    world = make(cta__null_token="error")
    stored(world, 1)
    world.dataset(COLUMNS, [[company(1), None]])
    assert world.act(BY_KEY % ", repeat: never").outcomes == ["closed"]


def test_a_comment_that_fits_no_more_fails_its_row(make: Make) -> None:
    world = make()
    stored(world, 1, Comments="c" * 149_990)
    stored(world, 2)
    world.dataset(COLUMNS, [[company(1), "x"], [company(1), ""], [company(2), "x"]])
    done = world.act(BY_KEY.replace("Done ", "") % "")
    # ten characters are left: a break and five more
    assert done.outcomes == ["closed", "skipped", "skipped"]
    world = make()
    stored(world, 1, Comments="c" * 149_990)
    stored(world, 2)
    world.dataset(COLUMNS, [[company(1), "x" * 6], [company(1), "y"], [company(1), "z" * 150_001]])
    done = world.act(BY_KEY.replace("Done ", "") % "")
    assert done.codes == ["STRING_TOO_LONG", None, "STRING_TOO_LONG"]
    words = "`comments`: with this comment they would have more than 150000 characters"
    assert done.effects[0]["message"] == words
    assert [record["Comments"][-6:] for record in world.records("call_to_action")] == ["<br/>y"] * 2
    world = make(load__overlength="truncate")
    stored(world, 1, Comments="c" * 149_990)
    world.dataset(COLUMNS, [[cta_id(1), "x" * 6]])
    assert world.act(BY_ID.replace("Done ", "")).outcomes == ["closed"]
    assert world.records("call_to_action")[0]["Comments"] == "c" * 149_990 + "<br/>xxxxx"
