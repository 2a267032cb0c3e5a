"""The outbox (actions.md §1.9, §9): requests of calls, where they are kept, to whom they are delivered."""

from __future__ import annotations

import datetime as dt
import json
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from gsrules.cli.main import main
from gsrules.errors import InputError
from gsrules.run.check import validate_project
from gsrules.run.engine import RunOptions, RunResult, run_rule
from gsrules.run.workspace import Workspace
from tests.conftest import write_files

DATE = dt.date(2026, 11, 23)
SECRET = "s3cret-Token"
CALLOUTS = """
callouts:
  Notify:
    connection: Chat
    url: '{url}/hooks/${{channel}}?q={{{{text}}}}'
    headers: {{Authorization: 'Bearer ${{env:GSRULES_TEST_TOKEN}}', Content-Type: application/json, X-Who: '${{text}}'}}
    body: '{{"text": "${{text}}", "size": "${{size}}"}}'
    fields: {{channel: string, text: string, size: number}}
"""
RULE = """
rule: Call them
tasks:
  Rows: {type: fetch, object: company, show: [Name, Industry, Employees]}
actions:
  - {action: call_external_api, id: Tell, from: Rows, callout: Notify,
     fields: {channel: Industry, text: Name, size: Employees}}
"""
RECORDS = 'Name,Industry,Employees\n"A ""quoted"" & Co",é/x,12.5\nBeta,,\n'


def made(tmp_path: Path, url: str = "http://127.0.0.1:9", *, rule: str = RULE, toml: str = "") -> Workspace:
    write_files(
        tmp_path,
        {
            "gsrules.toml": toml,
            "datasets/callouts.yml": CALLOUTS.format(url=url),
            "datasets/records/company.csv": RECORDS,
            "rules/call.yml": rule,
        },
    )
    return Workspace.open(tmp_path)


def ran(workspace: Workspace, mode: Any = "live", **options: Any) -> RunResult:
    with workspace.tenant(mode) as tenant:
        return run_rule(workspace, "call", RunOptions(rule_date=DATE, mode=mode, artifacts=True, **options), tenant)


def entries(workspace: Workspace) -> list[dict[str, Any]]:
    with workspace.tenant("read") as tenant:
        found = tenant.con.execute("SELECT * FROM outbox ORDER BY run, n")
        names = [each[0] for each in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def lines(workspace: Workspace, result: RunResult) -> list[dict[str, Any]]:
    path = workspace.project.root / str(result.report.artifacts) / "outbox.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def files_below(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]


def test_each_row_becomes_a_request_with_encoded_values_and_masked_headers(tmp_path: Path) -> None:
    workspace = made(tmp_path)
    result = ran(workspace)
    (action,) = result.report.actions
    assert (action.counts.created, action.outbox) == (2, {"api_call": 2})
    first, second = entries(workspace)
    assert first["url"] == "http://127.0.0.1:9/hooks/%C3%A9%2Fx?q=A%20%22quoted%22%20%26%20Co"
    assert json.loads(first["body"]) == {"text": 'A "quoted" & Co', "size": "12.5"}
    assert json.loads(first["headers"]) == {"Authorization": "***", "Content-Type": "application/json", "X-Who": "***"}
    assert (first["connection"], first["method"], first["kind"], first["row"], first["n"]) == (
        "Chat",
        "POST",
        "api_call",
        1,
        1,
    )
    assert (second["url"], json.loads(second["body"])) == (
        "http://127.0.0.1:9/hooks/?q=Beta",
        {"text": "Beta", "size": ""},
    )
    one, two = lines(workspace, result)
    wanted = ["run", "n", "rule", "action", "row", "at", "kind", "connection", "method", "url", "headers", "body"]
    assert list(one) == wanted
    assert (one["rule"], one["action"], one["headers"]["Authorization"]) == ("call", "Tell", "***")
    assert (two["row"], two["at"]) == (2, "2026-11-23 00:00:00")


def test_a_dry_run_counts_the_requests_and_keeps_none(tmp_path: Path) -> None:
    workspace = made(tmp_path)
    result = ran(workspace, "dry_run")
    assert result.report.actions[0].outbox == {"api_call": 2}
    assert entries(workspace) == lines(workspace, result) == []


def test_each_run_numbers_its_own_entries_and_the_outbox_keeps_all(tmp_path: Path) -> None:
    second = "  - {action: call_external_api, id: Again, from: Rows, callout: Notify,\n"
    second += "     fields: {channel: Name, text: Name, size: Employees}, when: Employees is not null}\n"
    workspace = made(tmp_path, rule=RULE + second)
    first, other = ran(workspace), ran(workspace)
    assert [each["n"] for each in lines(workspace, first)] == [1, 2, 3]
    assert [(each["action"], each["row"]) for each in lines(workspace, other)] == [
        ("Tell", 1),
        ("Tell", 2),
        ("Again", 1),
    ]
    assert len(entries(workspace)) == 6


# -- delivery --


@dataclass
class Receiver:
    """A real HTTP server on this machine, which notes what it gets."""

    url: str = ""
    status: int = 204
    requests: list[tuple[str, str, dict[str, str], str]] = field(default_factory=list)


@contextmanager
def receiving(status: int = 204, location: str = "") -> Iterator[Receiver]:
    noted = Receiver(status=status)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            noted.requests.append((self.command, self.path, dict(self.headers.items()), body))
            self.send_response(noted.status)
            if location:
                self.send_header("Location", location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    noted.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield noted
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GSRULES_TEST_TOKEN", SECRET)


def test_delivery_sends_the_requests_with_their_real_headers_in_order(tmp_path: Path, token: None) -> None:
    with receiving(200) as receiver:
        workspace = made(tmp_path, receiver.url)
        result = ran(workspace, deliver=True)
    (one, other) = receiver.requests
    assert one[:2] == ("POST", "/hooks/%C3%A9%2Fx?q=A%20%22quoted%22%20%26%20Co")
    assert (one[2]["Authorization"], one[2]["X-Who"]) == (f"Bearer {SECRET}", 'A "quoted" & Co')
    assert json.loads(one[3]) == {"text": 'A "quoted" & Co', "size": "12.5"}
    assert json.loads(other[3])["text"] == "Beta"
    assert result.report.actions[0].delivered == {"200": 2}
    assert [each["response"] for each in lines(workspace, result)] == [{"status": 200}, {"status": 200}]
    assert not any(SECRET.encode() in content for content in files_below(tmp_path))


def test_without_delivery_nothing_is_sent(tmp_path: Path, token: None) -> None:
    with receiving() as receiver:
        ran(made(tmp_path, receiver.url))
    assert receiver.requests == []


def test_a_redirect_is_an_answer_and_is_not_followed(tmp_path: Path, token: None) -> None:
    with receiving(200) as other, receiving(302, location=other.url) as receiver:
        result = ran(made(tmp_path, receiver.url), deliver=True)
    assert (len(receiver.requests), other.requests) == (2, [])
    assert result.report.actions[0].delivered == {"302": 2}
    (warning,) = result.report.warnings
    assert warning.code == "GS-DELIVER"
    assert "2 of 2 requests were not taken: status 302 (2)" in warning.message
    assert result.report.status == "SUCCESS"


def test_a_receiver_that_is_not_there_is_told_of_and_the_run_stays(tmp_path: Path, token: None) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    workspace = made(tmp_path, f"http://127.0.0.1:{port}")
    result = ran(workspace, deliver=True)
    assert result.report.actions[0].delivered == {"no answer": 2}
    assert [each["not_delivered"].partition(":")[0] for each in lines(workspace, result)] == ["no answer"] * 2
    assert len(entries(workspace)) == 2


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.com",
        "http://10.0.0.1",
        "http://0.0.0.0:8000",
        "http://127.1:8000",
        "http://2130706433",
        "http://[::ffff:127.0.0.1]:8000",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://[fe80::1]:80",
    ],
)
def test_only_this_machine_is_sent_to(tmp_path: Path, token: None, url: str) -> None:
    workspace = made(tmp_path, url)
    report = ran(workspace, deliver=True).report
    assert (report.status, [problem.code for problem in report.problems]) == ("FAILURE", ["GS-DELIVER"])
    assert entries(workspace) == []


def test_one_foreign_address_keeps_everything_from_being_sent(tmp_path: Path, token: None) -> None:
    with receiving() as receiver:
        workspace = made(tmp_path, receiver.url)
        foreign = CALLOUTS.format(url="http://192.0.2.1").replace("Notify", "Foreign").replace("callouts:\n", "")
        (tmp_path / "datasets/callouts.yml").write_text(CALLOUTS.format(url=receiver.url) + foreign)
        second = "  - {action: call_external_api, id: Away, from: Rows, callout: Foreign,\n"
        second += "     fields: {channel: Name, text: Name, size: Employees}}\n"
        (tmp_path / "rules/call.yml").write_text(RULE + second)
        report = ran(Workspace.open(tmp_path), deliver=True).report
    assert receiver.requests == []
    assert [(problem.code, problem.where) for problem in report.problems] == [("GS-DELIVER", "Away")]
    assert "192.0.2.1 is not this machine" in report.problems[0].message
    assert entries(workspace) == []


def test_localhost_is_this_machine(tmp_path: Path, token: None) -> None:
    with receiving() as receiver:
        result = ran(made(tmp_path, receiver.url.replace("127.0.0.1", "LocalHost")), deliver=True)
    assert (len(receiver.requests), result.report.actions[0].delivered) == (2, {"204": 2})


def test_a_missing_secret_stops_the_run_before_anything_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GSRULES_TEST_TOKEN", raising=False)
    with receiving() as receiver:
        workspace = made(tmp_path, receiver.url)
        report = ran(workspace, deliver=True).report
    (problem,) = report.problems
    assert (problem.code, problem.value, receiver.requests) == ("GS-DELIVER", "GSRULES_TEST_TOKEN", [])
    assert entries(workspace) == []


def test_values_of_rows_cannot_add_headers_or_read_the_environment(tmp_path: Path, token: None) -> None:
    evil = "a\r\nX-Evil: 1 ${env:GSRULES_TEST_TOKEN} \x01GSRULES_TEST_TOKEN\x02"
    spelled = r"\u0001NOWHERE\u0002"
    with receiving() as receiver:
        workspace = made(tmp_path, receiver.url)
        with workspace.tenant() as tenant:
            tenant.con.execute("UPDATE tenant.main.company SET Name = ? WHERE Name = 'Beta'", [evil])
            tenant.con.execute("UPDATE tenant.main.company SET Name = ? WHERE Industry IS NOT NULL", [spelled])
        ran(workspace, deliver=True)
    headers = next(each[2] for each in receiver.requests if each[2]["X-Who"].startswith("a"))
    assert any(each[2]["X-Who"] == spelled for each in receiver.requests)
    assert headers["X-Who"] == "aX-Evil: 1 ${env:GSRULES_TEST_TOKEN} GSRULES_TEST_TOKEN"
    assert "X-Evil" not in headers


# -- notifications --

NOTIFY = '[notify]\nsuccess = ["good@example.com"]\nfailure = ["bad@example.com", "worse@example.com"]\n'
FAILING = "\n  - {action: load_to_company, id: Load, from: Rows, operation: update, identifiers: [Name],\n"
FAILING += "     fields: {Name: Industry, Employees: Employees}}\n"


def test_a_success_is_told_to_the_success_list(tmp_path: Path) -> None:
    workspace = made(tmp_path, toml=NOTIFY)
    result = ran(workspace)
    assert result.report.notified == ("good@example.com",)
    *_, told = entries(workspace)
    assert (told["kind"], told["n"], told["action"], told["row"]) == ("notification", 3, None, None)
    assert told["url"] == "mailto:good@example.com"
    body = json.loads(told["body"])
    assert (body["status"], body["subject"]) == ("SUCCESS", "Call them: SUCCESS")
    assert (body["counts"]["Tell"]["created"], body["counts"]["Tell"]["failed"]) == (2, 0)
    assert [each["kind"] for each in lines(workspace, result)] == ["api_call", "api_call", "notification"]


def test_a_partial_success_is_told_to_the_failure_list(tmp_path: Path) -> None:
    workspace = made(tmp_path, rule=RULE + FAILING, toml=NOTIFY)
    result = ran(workspace)
    assert result.report.status == "PARTIAL_SUCCESS"
    assert entries(workspace)[-1]["url"] == "mailto:bad@example.com,worse@example.com"


def test_a_rule_has_lists_of_its_own_and_a_failed_run_is_told_of(tmp_path: Path) -> None:
    own = "notify: {failure: own@example.com}\nexpect: {failed: 0, created: 0}\n"
    workspace = made(tmp_path, rule=RULE + own, toml=NOTIFY)
    result = ran(workspace)
    (told,) = entries(workspace)
    assert (told["url"], json.loads(told["body"])["status"]) == ("mailto:own@example.com", "FAILURE")
    assert json.loads(told["body"])["problems"][0].startswith("GS-GUARD")
    assert [each["kind"] for each in lines(workspace, result)] == ["notification"]
    assert ran(workspace, "dry_run").report.notified == ("own@example.com",)
    assert len(entries(workspace)) == 1


def test_without_lists_nobody_is_told(tmp_path: Path) -> None:
    workspace = made(tmp_path)
    assert ran(workspace).report.notified == ()
    assert [each["kind"] for each in entries(workspace)] == ["api_call", "api_call"]


def test_no_object_of_a_project_takes_the_place_of_the_outbox(tmp_path: Path) -> None:
    made(tmp_path)
    write_files(tmp_path, {"datasets/objects/outbox.yml": "object: outbox\nfields:\n  A__gc: {type: string}\n"})
    with pytest.raises(InputError, match="GS-PROJECT-OBJECT"):
        Workspace.open(tmp_path)


def test_the_command_delivers_and_says_so(
    tmp_path: Path, token: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def command(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["gsrules", *arguments, "--project", str(tmp_path)])
        with pytest.raises(SystemExit) as left:
            main()
        printed = capsys.readouterr()
        return int(left.value.code or 0), printed.out, printed.err

    with receiving(201) as receiver:
        made(tmp_path, receiver.url)
        code, out, _ = command("run", "call", "--rule-date", "2026-11-23", "--deliver")
    assert (code, len(receiver.requests)) == (0, 2)
    assert "in the outbox: 2 API calls of Tell\n" in out
    assert "delivered: 2 of Tell, status 201" in out
    assert "in the outbox: 2 API calls of Tell; nothing was sent" in command("run", "call")[1]
    assert "would go to the outbox: 2 API calls of Tell; nothing was sent" in command("run", "call", "--dry-run")[1]
    code, _, error = command("run", "call", "--deliver", "--dry-run")
    assert (code, "GS-USAGE" in error) == (2, True)
    assert SECRET not in out + error


def test_validating_a_project_tells_what_is_doubtful_in_its_callouts(tmp_path: Path) -> None:
    url = "https://hooks.example.com/in?token=word"
    callouts = f"callouts:\n  Tell: {{connection: C, method: POST, url: '{url}', body: 'x', fields: []}}\n"
    write_files(tmp_path, {"gsrules.toml": "", "rules/.keep": "", "datasets/callouts.yml": callouts})
    found = validate_project(Workspace.open(tmp_path), []).problems
    (told,) = (problem for problem in found if problem.code == "GS-PROJECT-CALLOUT")
    assert (told.severity, "holds `token`" in told.message) == ("warning", True)
    assert told.place is not None
    assert (told.place.line, told.place.text) == (2, "")
