"""`gsrules run --deliver`: the API calls of an outbox sent to a receiver on this machine, and nowhere else.

What may not be sent is refused before anything is applied or sent: only 127.0.0.0/8, ::1 and localhost, where that is
one of them, are this machine. The address that was checked is the one that is connected to; redirects are not
followed, proxies not used.
"""

from __future__ import annotations

import json
import os
import re
import socket
import ssl
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from ipaddress import ip_address, ip_network
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from sqlglot import exp

from gsrules.actions.changes.staging import (
    aliased,
    all_of,
    column,
    fragment,
    left_join,
    named,
    relation,
    select,
    spelled,
    sub,
    text,
)
from gsrules.actions.outgoing.callout import AFTER_VARIABLE, BEFORE_VARIABLE
from gsrules.dataclass import dataclass
from gsrules.errors import Problem
from gsrules.run.underway import DeliveryError
from gsrules.tenant import Tenant
from gsrules.tenant.changes import ChangeList
from gsrules.tenant.schema import OUTBOX_TABLE

ANSWERS: Final = "gs_run_answers"
SECONDS: Final = 10.0
"""How long a receiver may take to be reached, and to answer."""

_NO_ANSWER: Final = "no answer"
_NOT_TRIED: Final = "not tried"
_TRIES_AT_MOST: Final = 3
_HERE: Final = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
_VARIABLE = re.compile(f"{BEFORE_VARIABLE}(.*?){AFTER_VARIABLE}")
_SHOWN_AT_MOST: Final = 5


@dataclass(frozen=True, slots=True)
class Receiver:
    """Where requests to a host and port go: `address` is one of this machine."""

    scheme: str
    host: str
    port: int
    address: str


@dataclass(frozen=True, slots=True)
class Cleared:
    """What may be sent: the receiver of each scheme and host of the URLs, the values of environment variables."""

    receivers: Mapping[tuple[str, str], Receiver]
    variables: Mapping[str, str]


def clear(changes: Mapping[str, ChangeList], tenant: Tenant) -> Cleared:
    """Looks at every request of a run. Raises one DeliveryError GS-DELIVER with all that may not be sent."""
    problems: list[Problem] = []
    receivers: dict[tuple[str, str], Receiver] = {}
    variables: dict[str, str] = {}
    for action, made in changes.items():
        for url in _first_urls(made, tenant):
            try:
                found = urlsplit(url)
                receivers[(found.scheme, found.netloc)] = _receiver(found)
            except ValueError as error:
                hint = "only this machine is sent to: http://127.0.0.1:8000/…, http://localhost:8000/…; nothing was"
                problems.append(Problem("GS-DELIVER", str(error), None, action, url, f"{hint} applied"))
        for name in _variables(made, tenant):
            value = os.environ.get(name)
            if value is None or not (value.isascii() and value.isprintable()):
                wrong = "is not set" if value is None else "holds characters that no header can hold"
                message = f"the environment variable {name}, which a header needs, {wrong}"
                problems.append(Problem("GS-DELIVER", message, None, action, name, "nothing was applied or sent"))
            else:
                variables[name] = value
    if problems:
        raise DeliveryError(problems)
    return Cleared(receivers, variables)


def _first_urls(made: ChangeList, tenant: Tenant) -> list[str]:
    """One URL of each scheme and host."""
    if made.outbox is None:
        return []
    origin = fragment("REGEXP_EXTRACT(:u, '^[^:]*://[^/?#]*')", u=column("url"))
    calls = exp.EQ(this=column("kind"), expression=text("api_call"))
    query = select(exp.Min(this=column("url"))).from_(relation(made.outbox), copy=False).where(calls, copy=False)
    return sorted(url for (url,) in tenant.statements.rows(spelled(query.group_by(origin, copy=False)), anew=True))


def _variables(made: ChangeList, tenant: Tenant) -> list[str]:
    if made.sealed is None:
        return []
    marked = fragment("REGEXP_EXTRACT_ALL(:h, '\\\\u0001([A-Za-z0-9_]+)\\\\u0002', 1)", h=column("headers"))
    each = select(named(fragment("UNNEST(:m)", m=marked), "name")).from_(relation(made.sealed), copy=False)
    query = select(column("name")).distinct(copy=False).from_(sub(each, "v"), copy=False)
    return sorted(name for (name,) in tenant.statements.rows(spelled(query), anew=True))


def _receiver(url: SplitResult) -> Receiver:
    """Raises ValueError for everything that is not surely this machine."""
    host = url.hostname or ""
    if url.scheme.lower() not in ("http", "https"):
        raise ValueError(f"'{url.scheme}' is not sent to: http and https are")
    port = url.port if url.port is not None else {"http": 80, "https": 443}[url.scheme.lower()]
    return Receiver(url.scheme.lower(), host, port, _address(host, port))


def _address(host: str, port: int) -> str:
    """The address of this machine that a host means."""
    if host == "localhost":
        try:
            found = [str(each[4][0]) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
        except OSError as error:
            raise ValueError(f"localhost has no address: {error}") from error
    else:
        found = [host]
    for each in found:
        if not _is_here(each):
            means = f"{host}, which means {each}," if each != host else host
            raise ValueError(f"{means} is not this machine")
    return found[0]


def _is_here(address: str) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return any(found.version == network.version and found in network for network in _HERE)


class _Plain(HTTPConnection):
    """Connects to the address that was checked, whatever the name of the host means by now."""

    def __init__(self, receiver: Receiver) -> None:
        super().__init__(receiver.host, receiver.port, timeout=SECONDS)
        self._address = receiver.address

    def connect(self) -> None:
        self.sock = socket.create_connection((self._address, self.port), SECONDS)


class _Secure(HTTPSConnection):
    """As `_Plain`; the certificate must be that of the host."""

    def __init__(self, receiver: Receiver) -> None:
        self._own_context = ssl.create_default_context()
        super().__init__(receiver.host, receiver.port, timeout=SECONDS, context=self._own_context)
        self._address = receiver.address

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self.port), SECONDS)
        self.sock = self._own_context.wrap_socket(plain, server_hostname=self.host)


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a request: the status of its answer, or why there is none."""

    n: int
    status: int | None
    error: str | None

    @property
    def word(self) -> str:
        return str(self.status) if self.status is not None else (self.error or "").partition(":")[0]

    @property
    def good(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def deliver(
    run_id: str, changes: Mapping[str, ChangeList], cleared: Cleared, tenant: Tenant
) -> tuple[dict[str, dict[str, int]], tuple[Problem, ...]]:
    """Sends the API calls of a run that has committed, in their order.

    Gives for each action how many got which answer, and warnings; the table ANSWERS tells it of each request.
    """
    sender = _Sender(cleared)
    by_action: dict[str, dict[str, int]] = {}
    problems: list[Problem] = []
    answers: list[Answer] = []
    for action, made in changes.items():
        if made.outbox is None:
            continue
        got = [sender.send(*request) for request in _requests(run_id, action, made, tenant)]
        if not got:
            continue
        answers += got
        by_action[action] = dict(sorted(Counter(answer.word for answer in got).items()))
        problems += _doubts(action, got)
    sender.close()
    _keep(answers, tenant)
    return by_action, tuple(problems)


def _doubts(action: str, got: Sequence[Answer]) -> Iterator[Problem]:
    bad = [answer for answer in got if not answer.good]
    if not bad:
        return
    words = Counter(answer.error or f"status {answer.status}" for answer in bad)
    shown = ", ".join(f"{word} ({count})" for word, count in words.most_common(_SHOWN_AT_MOST))
    message = f"{len(bad)} of {len(got)} requests were not taken: {shown}"
    yield Problem("GS-DELIVER", message, None, action, hint="the tenant holds the run all the same", severity="warning")


def _requests(run_id: str, action: str, made: ChangeList, tenant: Tenant) -> list[tuple[Any, ...]]:
    """Number, method, URL, headers that are not masked, body; in the order of the numbers."""
    own = {"run": run_id, "action": action, "kind": "api_call"}
    query = select(*(column(name, "o") for name in ("n", "method", "url")))
    query = query.from_(aliased(tenant.internal(OUTBOX_TABLE), "o"), copy=False)
    if made.sealed is None:
        query = query.select(exp.Null(), copy=False)
    else:
        on = exp.EQ(this=column("row", "s"), expression=column("row", "o"))
        query = query.join(left_join(relation(made.sealed, "s"), on), copy=False)
        query = query.select(column("headers", "s"), copy=False)
    query = query.select(column("body", "o"), copy=False)
    query = query.where(
        all_of(exp.EQ(this=column(name, "o"), expression=text(value)) for name, value in own.items()), copy=False
    )
    return tenant.statements.rows(spelled(query.order_by(column("n", "o"), copy=False)), anew=True)


def _keep(answers: Iterable[Answer], tenant: Tenant) -> None:
    """A temporary table with what became of each request."""
    listed = list(answers)
    response = "CASE WHEN status IS NOT NULL THEN {'status': status} END AS response"
    tenant.con.execute(
        f"CREATE OR REPLACE TEMP TABLE {ANSWERS} AS SELECT n, {response}, error AS not_delivered"
        " FROM (SELECT UNNEST(?::BIGINT[]) AS n, UNNEST(?::INTEGER[]) AS status, UNNEST(?::VARCHAR[]) AS error)",
        [[each.n for each in listed], [each.status for each in listed], [each.error for each in listed]],
    )


@dataclass(slots=True)
class _Sender:
    """Sends one request after the other; a receiver that does not answer at all is left alone after a few tries."""

    cleared: Cleared
    _open: dict[Receiver, HTTPConnection] = field(default_factory=dict)
    _silent: Counter[Receiver] = field(default_factory=Counter)

    def send(self, n: int, method: str, url: str, headers: str | None, body: str | None) -> Answer:
        found = urlsplit(url)
        receiver = self.cleared.receivers[(found.scheme, found.netloc)]
        if self._silent[receiver] >= _TRIES_AT_MOST:
            return Answer(n, None, f"{_NOT_TRIED}: {_TRIES_AT_MOST} requests before it had no answer")
        target = (found.path or "/") + (f"?{found.query}" if found.query else "")
        try:
            status = self._exchange(receiver, method, target, self._headers(headers), body)
        except (OSError, HTTPException, ValueError) as error:
            self._close(receiver)
            self._silent[receiver] += 1
            return Answer(n, None, f"{_NO_ANSWER}: {str(error) or type(error).__name__}")
        self._silent[receiver] = 0
        return Answer(n, status, None)

    def _exchange(
        self, receiver: Receiver, method: str, target: str, headers: Mapping[str, str], body: str | None
    ) -> int:
        kept = receiver in self._open
        try:
            return self._once(receiver, method, target, headers, body)
        except ConnectionError:
            # the receiver had closed a connection that was kept
            self._close(receiver)
            if not kept:
                raise
            return self._once(receiver, method, target, headers, body)

    def _once(self, receiver: Receiver, method: str, target: str, headers: Mapping[str, str], body: str | None) -> int:
        if receiver not in self._open:
            self._open[receiver] = (_Secure if receiver.scheme == "https" else _Plain)(receiver)
        connection = self._open[receiver]
        connection.request(method, target, None if body is None else body.encode("utf-8"), dict(headers))
        response = connection.getresponse()
        response.read(1 << 20)
        if not response.isclosed():
            self._close(receiver)  # an answer without end is not read to its end
        return response.status

    def _headers(self, headers: str | None) -> dict[str, str]:
        """The headers with the values of environment variables in their places."""
        found: dict[str, str] = json.loads(headers) if headers else {}
        return {name: _VARIABLE.sub(self._variable, value) for name, value in found.items()}

    def _variable(self, mark: re.Match[str]) -> str:
        return self.cleared.variables[mark[1]]

    def _close(self, receiver: Receiver) -> None:
        connection = self._open.pop(receiver, None)
        if connection is not None:
            connection.close()

    def close(self) -> None:
        for receiver in tuple(self._open):
            self._close(receiver)
