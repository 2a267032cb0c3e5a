"""What a rule test expects of the outbox: the requests that would have left the machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import write_files
from tests.regress.support import outcome

CALL = {
    "datasets/callouts.yml": """
        callouts:
          Chat:
            connection: Team chat
            method: POST
            url: https://chat.example.com/hooks/${room}
            headers: {Authorization: Bearer secret}
            body: '{"text": "${text}"}'
            fields: [room, text]
        """,
    "rules/call.yml": """
        rule: Call the team
        tasks:
          Companies:
            type: fetch
            object: company
            show: [Name, ExternalId]
        actions:
          - action: call_external_api
            id: Call
            from: Companies
            callout: Chat
            connection: Team chat
            fields: {room: ExternalId, text: Name}
        """,
}
HEAD = """
        rule: call
        rule_date: 2026-11-23
        fixtures:
          two:
            records:
              company: [{Name: Acme, ExternalId: A-1}, {Name: Bolt, ExternalId: A-2}]
        tests:
"""
TEST = """
        - name: The team is called
          given: {fixtures: [two]}
          expect:
            outbox: @
"""


@pytest.fixture
def calling(project: Path) -> Path:
    return write_files(project, CALL)


def expecting(rows: str) -> str:
    return TEST.replace("@", rows)


@pytest.mark.parametrize(
    ("rows", "passed"),
    [
        ("""[{row: 1, body: '{"text": "Acme"}'}, {row: 2, body: '{"text": "Bolt"}'}]""", True),
        ("""[{row: 1, body: '{"text": "Acme"}'}]""", False),
        ("""{contains: [{url: 'https://chat.example.com/hooks/A-2', method: POST, kind: api_call}]}""", True),
        ("""{contains: [{url: 'https://chat.example.com/hooks/A-3'}]}""", False),
        ("{rows: 2}", True),
        ("{rows: 3}", False),
        ("""{contains: [{action: Call, connection: Team chat}]}""", True),
    ],
)
def test_requests_are_compared_by_the_columns_that_a_test_names(calling: Path, rows: str, passed: bool) -> None:
    assert outcome(calling, expecting(rows), head=HEAD).passed == passed


def test_an_expected_request_that_differs_is_shown_without_its_secret(calling: Path) -> None:
    found = outcome(calling, expecting("[{headers: none}, {headers: none}]"), head=HEAD)
    assert not found.passed
    assert "***" in repr(found)
    assert "secret" not in repr(found)


def test_a_column_that_the_outbox_does_not_have_is_wrong_input(calling: Path) -> None:
    found = outcome(calling, expecting("[{boddy: x}]"), head=HEAD)
    (problem,) = found.problems
    assert (problem.code, problem.value, problem.nearest) == ("GS-NAME", "boddy", "body")
    assert problem.place is not None


def test_each_step_sees_its_own_requests(calling: Path) -> None:
    steps = """
        - name: Every night anew
          given: {fixtures: [two]}
          steps:
            - {rule_date: 2026-11-23, expect: {outbox: {rows: 2}}}
            - {rule_date: 2026-11-24, expect: {outbox: {rows: 2}}}
"""
    assert outcome(calling, steps, head=HEAD).passed
