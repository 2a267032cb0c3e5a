"""The callouts of a project, checked: what `call_external_api` may send (actions.md §9.1)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import parse_qsl, urlsplit

from gsrules.dataclass import dataclass
from gsrules.errors import Place, Problem, nearest
from gsrules.spec.text import Text

if TYPE_CHECKING:
    from gsrules.spec.callouts import CalloutSpec, FieldType

CODE: Final = "GS-PROJECT-CALLOUT"
SHOWN_HEADER: Final = "content-type"
"""The one header of which the value is no secret."""

_TOKEN = re.compile(r"\$\{\s*([^{}]*?)\s*\}|\{\{\s*([^{}]*?)\s*\}\}")
_ENVIRONMENT = re.compile(r"env:\s*(.*)")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SECRET = re.compile(r"token|secret|passw|api[-_]?key|^sig(nature)?$", re.IGNORECASE)
"""Names of a URL's parameters whose values are secrets as a rule."""

_OF_THE_CONNECTION: Final = ("host", "content-length", "transfer-encoding", "connection")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a template: text as it is, the value of a field, or that of an environment variable."""

    kind: Literal["text", "field", "env"]
    value: str
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class CalloutDef:
    """A callout. `fields` has the type of each; templates are in pieces."""

    name: str
    connection: str
    method: str
    url: tuple[Piece, ...]
    headers: Mapping[str, tuple[Piece, ...]]
    body: tuple[Piece, ...] | None
    fields: Mapping[str, FieldType]
    active: bool
    place: Place | None = None

    @property
    def is_json(self) -> bool:
        """Whether the body is JSON: by its Content-Type, else by how it begins."""
        stated = next((value for name, value in self.headers.items() if name.lower() == SHOWN_HEADER), None)
        if stated is not None:
            return "json" in "".join(piece.value for piece in stated if piece.kind == "text").lower()
        return bool(self.body) and sample(self.body or ()).lstrip()[:1] in ("{", "[")


def pieces(text: Text) -> tuple[Piece, ...]:
    """The template in pieces. `${env:NAME}` is a variable, every other `${…}` and `{{…}}` a field."""
    made: list[Piece] = []
    end = 0
    for token in _TOKEN.finditer(text):
        if token.start() > end:
            made.append(Piece("text", text[end : token.start()], text.at(end)))
        name = token[1] if token[1] is not None else token[2]
        place = text.at(token.start(), len(token[0]))
        variable = _ENVIRONMENT.fullmatch(name) if token[1] is not None else None
        made.append(Piece("env", variable[1], place) if variable else Piece("field", name, place))
        end = token.end()
    if end < len(text):
        made.append(Piece("text", text[end:], text.at(end)))
    return tuple(made)


def sample(parts: Iterable[Piece]) -> str:
    """The template with 0 for every field: how it looks once it is filled."""
    return "".join(piece.value if piece.kind == "text" else "0" for piece in parts)


def callouts_of(specs: Mapping[Text, CalloutSpec], problems: list[Problem]) -> dict[str, CalloutDef]:
    """The callouts by name; what is wrong with them is added to `problems`."""
    made: dict[str, CalloutDef] = {}
    for name, spec in specs.items():
        twin = next((other for other in made if other.lower() == name.lower()), None)
        if twin is not None:
            message = f"two callouts are named `{name}` and `{twin}`, which differ only in letter case"
            problems.append(Problem(CODE, message, name.place, value=name))
        check = _Check(str(name), spec)
        made[str(name)] = check.callout()
        problems.extend(replace(each, place=_unread(each.place, spec)) for each in check.problems)
    return made


@dataclass(slots=True)
class _Check:
    """Reads one callout and tells what is wrong with it."""

    name: str
    spec: CalloutSpec
    problems: list[Problem] = field(default_factory=list)
    used: set[str] = field(default_factory=set)

    def callout(self) -> CalloutDef:
        spec = self.spec
        made = CalloutDef(
            name=self.name,
            connection=str(spec.connection),
            method=spec.method,
            url=self._template(spec.url, "the URL"),
            headers={str(name): self._header(name, value) for name, value in spec.headers.items()},
            body=None if spec.body is None else self._template(spec.body, "the body"),
            fields={str(name): kind for name, kind in spec.fields.items()},
            active=spec.active,
            place=spec.place,
        )
        self._check_fields()
        self._check_headers()
        self._check_url(made)
        self._check_body(made)
        return made

    def _template(self, text: Text, what: str) -> tuple[Piece, ...]:
        made = pieces(text)
        for piece in made:
            if piece.kind == "env":
                hint = "values from the environment stand in headers only, where they are masked"
                self._refuse(f"{what} takes a value from the environment", piece.place, piece.value, hint)
        self._check_tokens(made, what)
        return made

    def _header(self, name: Text, text: Text) -> tuple[Piece, ...]:
        made = pieces(text)
        for piece in made:
            if piece.kind == "env" and not _VARIABLE.fullmatch(piece.value):
                hint = "write ${env:SLACK_TOKEN}"
                self._refuse(f"the header {name} names no environment variable", piece.place, piece.value, hint)
            if piece.kind == "text" and _CONTROL.search(piece.value):
                self._refuse(
                    f"the value of the header {name} holds a line break or another control character", text.place
                )
        if not text.isascii():
            self._refuse(f"the value of the header {name} holds other characters than ASCII", text.place)
        self._check_tokens(made, f"the header {name}")
        return made

    def _check_tokens(self, made: Iterable[Piece], what: str) -> None:
        """Every token is a field (actions.md §9.1)."""
        known = [str(name) for name in self.spec.fields]
        for piece in made:
            if piece.kind != "field":
                continue
            if piece.value in known:
                self.used.add(piece.value)
                continue
            message = f"{what} holds `{piece.value}`, which is no field of the callout"
            hint = "its fields: " + ", ".join(known) if known else "it has none: add fields: [name, …]"
            like = nearest(piece.value, known)
            self.problems.append(Problem("GS-NAME", message, piece.place, self.name, piece.value, hint, like))

    def _check_fields(self) -> None:
        for name, twin in _twins(self.spec.fields):
            self._refuse(f"the fields `{name}` and `{twin}` differ only in letter case", name.place, name)
        for name in self.spec.fields:
            if str(name) not in self.used and not any(mark in name for mark in "${}"):
                self._warn(f"nothing in the callout uses its field `{name}`", name.place, "remove it, or write ${…}")
            elif any(mark in name for mark in "${}"):
                self._refuse(f"`{name}` is no name for a field", name.place, name, "write it without brackets")

    def _check_headers(self) -> None:
        for name, twin in _twins(self.spec.headers):
            self._refuse(f"the headers `{name}` and `{twin}` are one", name.place, name)
        for name in self.spec.headers:
            place = name.place
            if not _HEADER.fullmatch(name):
                self._refuse(f"`{name}` is no name for a header", place, name)
            elif name.lower() in _OF_THE_CONNECTION:
                self._refuse(f"the header {name} is set when a request is sent", place, name, "remove it")

    def _check_url(self, made: CalloutDef) -> None:
        url, place = sample(made.url), self.spec.url.place
        first = made.url[0].value if made.url and made.url[0].kind == "text" else ""
        if not re.match(r"https?://", first, re.IGNORECASE):
            self._refuse("the URL does not begin with http:// or https://", place, self.spec.url)
            return
        if re.search(r"[\s\x00-\x1f\x7f<>\"\\^`{|}]", url):
            self._refuse("the URL holds a character that must be percent-encoded", place, self.spec.url)
            return
        try:
            found = urlsplit(url)
            found.port  # noqa: B018  # raises for a port that is no number
        except ValueError as error:
            self._refuse(f"the URL cannot be read: {error}", place, self.spec.url)
            return
        if not found.hostname:
            self._refuse("the URL names no host", place, self.spec.url)
        if "@" in found.netloc:
            hint = "secrets stand in headers, where they are masked: Authorization: Basic ${env:NAME}"
            self._refuse("the URL holds a user or password", place and replace(place, text=""), "", hint)
        for name, _ in parse_qsl(found.query):
            if _SECRET.search(name):
                hint = "put it into a header, where it is masked: Authorization: Bearer ${env:NAME}"
                shown = place and replace(place, text="")
                self._warn(f"the URL holds `{name}`, and the outbox shows URLs as they are", shown, hint)

    def _check_body(self, made: CalloutDef) -> None:
        if made.body is None:
            return
        place = self.spec.place_of("body")
        if made.method == "GET":
            self._warn("a GET request has no body", place, "remove it, or use another method")
        if made.is_json:
            try:
                json.loads(sample(made.body))
            except ValueError as error:
                self._warn(f"the body is no JSON once its fields are filled: {error}", place, "texts need quotes")

    def _refuse(self, message: str, place: Place | None, value: str = "", hint: str = "") -> None:
        self.problems.append(Problem(CODE, message, place or self.spec.place, self.name, value, hint))

    def _warn(self, message: str, place: Place | None, hint: str) -> None:
        found = Problem(CODE, message, place or self.spec.place, self.name, hint=hint, severity="warning")
        self.problems.append(found)


def _unread(place: Place | None, spec: CalloutSpec) -> Place | None:
    """The place without the text of its line if a header stands on it, which may be a secret."""
    if place is None:
        return None
    lines = {(where.file, where.line) for text in spec.headers.values() for where in (text.place, *text.lines) if where}
    return replace(place, text="") if (place.file, place.line) in lines else place


def _twins(names: Iterable[Text]) -> Iterator[tuple[Text, Text]]:
    seen: dict[str, Text] = {}
    for name in names:
        twin = seen.setdefault(name.lower(), name)
        if twin is not name:
            yield name, twin
