"""Call External API (actions.md §9.1): what is refused in callouts and actions, and with which words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlglot import exp

from gsrules.actions.changes.staging import select, spelled, text
from gsrules.actions.outgoing.callout import body_of, url_of
from gsrules.catalogue import Catalogue
from gsrules.catalogue.callouts import CalloutDef, Piece
from gsrules.errors import InputError, Problem
from gsrules.project import Project
from gsrules.run.check import validate_project
from gsrules.run.workspace import Workspace
from gsrules.tenant import Tenant
from tests.conftest import write_files

SECRET = "Bearer abc-123-secret"
GOOD = f"""
callouts:
  Notify:
    connection: Chat
    url: 'https://chat.example.com/${{channel}}'
    headers:
      Authorization: {SECRET}
    body: '{{"text": "${{text}}"}}'
    fields: [channel, text]
"""
RULE = """
rule: Call them
tasks:
  Rows: {type: fetch, object: company, show: [Gsid, Name, Industry]}
actions:
  - {action: call_external_api, id: Tell, from: Rows, callout: Notify, fields: {channel: Industry, text: Name}}
"""


def problems_of(folder: Path, callouts: str) -> list[Problem]:
    """What is wrong with callouts.yml, or doubtful."""
    write_files(folder, {"gsrules.toml": "", "datasets/callouts.yml": callouts})
    (folder / "rules").mkdir(exist_ok=True)
    try:
        return list(Catalogue.load(Project.find(folder, folder)).warnings)
    except InputError as error:
        return list(error.problems)


def rule_problems(folder: Path, rule: str, callouts: str = GOOD) -> list[Problem]:
    write_files(folder, {"gsrules.toml": "", "datasets/callouts.yml": callouts, "rules/call.yml": rule})
    return list(validate_project(Workspace.open(folder), ["call"]).problems)


@pytest.mark.parametrize(
    ("before", "after", "code", "line", "words"),
    [
        ("${text}", "${txt}", "GS-NAME", 7, "the body holds `txt`, which is no field"),
        ("${channel}", "{{ chanel }}", "GS-NAME", 4, "the URL holds `chanel`"),
        ("https:", "ftp:", "GS-PROJECT-CALLOUT", 4, "does not begin with http"),
        ("https://chat", "${channel}://chat", "GS-PROJECT-CALLOUT", 4, "does not begin with http"),
        (".com/", ".com/?api_key=word", "GS-PROJECT-CALLOUT", 4, "holds `api_key`, and the outbox shows URLs"),
        ("https://chat", "https://user:word@chat", "GS-PROJECT-CALLOUT", 4, "holds a user or password"),
        (".com/", ".com/a b", "GS-PROJECT-CALLOUT", 4, "must be percent-encoded"),
        (".com/", ".com:port/", "GS-PROJECT-CALLOUT", 4, "cannot be read"),
        (".com/", ".com/${env:TOKEN}", "GS-PROJECT-CALLOUT", 4, "takes a value from the environment"),
        ("Authorization", "Content-Length", "GS-PROJECT-CALLOUT", 6, "is set when a request is sent"),
        ("Authorization", "'My Header'", "GS-PROJECT-CALLOUT", 6, "is no name for a header"),
        (SECRET, "'Bearer ${env:MY TOKEN}'", "GS-PROJECT-CALLOUT", 6, "names no environment variable"),
        (SECRET, "Bearer ${who}", "GS-NAME", 6, "the header Authorization holds `who`"),
        (SECRET, "Bearér", "GS-PROJECT-CALLOUT", 6, "other characters than ASCII"),
        (SECRET, '"a\\r\\nX-Evil: 1"', "GS-PROJECT-CALLOUT", 6, "another control character"),
        ("[channel, text]", "[channel, text, more]", "GS-PROJECT-CALLOUT", 8, "nothing in the callout uses its field"),
        ("[channel, text]", "[channel, text, Text]", "GS-PROJECT-CALLOUT", 8, "differ only in letter case"),
        ("[channel, text]", "{channel: string, text: words}", "GS-SPEC-VALUE", 8, "words"),
        ('"${text}"', "${text", "GS-PROJECT-CALLOUT", 7, "the body is no JSON once its fields are filled"),
        ("connection: Chat", "conection: Chat", "GS-SPEC-KEY", 3, "conection"),
        ("url:", "method: SEND\n    url:", "GS-SPEC-VALUE", 4, "method"),
    ],
)
def test_what_is_wrong_with_a_callout_is_told_with_its_place(
    tmp_path: Path, before: str, after: str, code: str, line: int, words: str
) -> None:
    assert problems_of(tmp_path, GOOD) == []
    assert before in GOOD
    found = problems_of(tmp_path, GOOD.replace(before, after, 1))
    told = [problem for problem in found if problem.code == code and words in problem.message]
    assert told, found
    assert told[0].place is not None
    assert told[0].place.line == line


def test_no_problem_shows_a_header(tmp_path: Path) -> None:
    """Also where a whole callout stands on one line, or is no YAML."""
    flow = f"callouts:\n  N: {{connection: C, url: 'ftp://x', headers: {{Authorization: {SECRET}}}, body: '${{a}}'}}\n"
    for wrong in (flow, flow.replace("url: 'ftp://x',", ""), flow.replace("}}\n", "}\n"), flow.replace("body", "bdy")):
        found = problems_of(tmp_path, wrong)
        assert found
        assert not any("secret" in repr(problem) for problem in found), found


def test_the_nearest_field_is_named(tmp_path: Path) -> None:
    (problem, *_) = problems_of(tmp_path, GOOD.replace("${channel}", "${chanel}"))
    assert (problem.nearest, problem.hint) == ("channel", "its fields: channel, text")


@pytest.mark.parametrize(
    ("before", "after", "code", "words"),
    [
        (", text: Name", "", "GS-ACTION-CALLOUT", "no column for the fields text"),
        ("text: Name", "text: Name, txt: Name", "GS-NAME", "has no field `txt`"),
        ("text: Name", "text: Name, Text: Name", "GS-ACTION-DUPLICATE", "the field `text` is mapped twice"),
        ("text: Name", "text: Nme", "GS-NAME", "Nme"),
        ("text: Name", "text: {value: Hello}", "GS-SPEC-TYPE", "literals are not allowed"),
        ("text: Name", "text: 5", "GS-SPEC-TYPE", "literals are not allowed"),
        ("{channel: Industry, text: Name}", "{}", "GS-SPEC", "fields"),
        ("callout: Notify", "callout: Notfy", "GS-NAME", "there is no callout `Notfy`"),
        (
            "callout: Notify",
            "callout: Notify, connection: Mail",
            "GS-ACTION-CALLOUT",
            "belongs to the connection `Chat`",
        ),
        ("callout: Notify", f"callout: Notify, description: {'x' * 501}", "GS-SPEC-LENGTH", "501"),
    ],
)
def test_what_is_wrong_with_an_action_is_told_with_its_place(
    tmp_path: Path, before: str, after: str, code: str, words: str
) -> None:
    found = [p for p in rule_problems(tmp_path, RULE.replace(before, after)) if p.severity == "error"]
    told = [problem for problem in found if problem.code.startswith(code) and words in problem.message]
    assert told, found
    assert told[0].place is not None


def test_a_deleted_callout_is_refused_and_two_actions_may_share_one(tmp_path: Path) -> None:
    again = RULE.rstrip().rpartition("\n")[2].replace("id: Tell", "id: Again")
    assert [p for p in rule_problems(tmp_path, RULE + again + "\n") if p.severity == "error"] == []
    (problem,) = rule_problems(tmp_path, RULE, GOOD + "    active: false\n")
    assert (problem.code, problem.value) == ("GS-ACTION-CALLOUT", "Notify")


@pytest.fixture(scope="module")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> Tenant:
    folder = tmp_path_factory.mktemp("callouts")
    (folder / "rules").mkdir()
    project = Project.find(folder, folder)
    return Tenant.open(None, Catalogue.load(project), project)


def piece(kind: str, value: str) -> Piece:
    return Piece(kind, value)  # type: ignore[arg-type]


def spell_one(tenant: Tenant, made: exp.Expr) -> str:
    return str(tenant.con.execute(spelled(select(made))).fetchall()[0][0])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=30))
def test_any_value_comes_through_json_and_url_as_it_is(tenant: Tenant, value: str) -> None:
    from urllib.parse import parse_qs, urlsplit

    callout = CalloutDef(
        "C",
        "Chat",
        "POST",
        (piece("text", "https://x.example.com/a?q="), piece("field", "v"), piece("text", "&z=1")),
        {},
        (piece("text", '{"v": "'), piece("field", "v"), piece("text", '"}')),
        {"v": "string"},
        True,
    )
    values = {"v": text(value)}
    assert json.loads(spell_one(tenant, body_of(callout, values))) == {"v": value}
    url = spell_one(tenant, url_of(callout, values))
    assert url.isascii()
    found = parse_qs(urlsplit(url).query, keep_blank_values=True, strict_parsing=True)
    assert found == {"q": [value], "z": ["1"]}
