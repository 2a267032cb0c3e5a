"""YAML 1.2 with places, read by PyYAML's C parser.

Core schema only, and no surprises: `on`, `yes`, `no`, `off` and dates are texts, keys are always texts, two equal
keys, tags, merge keys, several documents and badly written numbers are problems. Whatever the text, only
`InputError` is raised.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import field
from pathlib import Path
from typing import Any, Final

import yaml

from gsrules.dataclass import dataclass
from gsrules.errors import InputError, Place, Problem
from gsrules.spec.numbers import read_plain
from gsrules.spec.text import Text, YamlList, YamlMapping

MOST_BYTES: Final = 20_000_000
MOST_DEPTH: Final = 60
MOST_REPEATED: Final = 100_000
"""The most nodes that aliases may add to those written."""

_BREAKS = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Document:
    """A loaded file: its content (mappings and lists with places, `Text`s, numbers, …), and what is wrong with it."""

    root: Any
    place: Place
    problems: tuple[Problem, ...]


def load_yaml(path: Path) -> Document:
    """Reads a YAML file. Raises `InputError` if it cannot be read or is no YAML at all."""
    name = shown(path)
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            message = f"the file has {size:,} bytes; more than {MOST_BYTES:,} are not read"
            raise InputError(Problem("GS-YAML-READ", message, Place(name, 1, 1), hint="split it into several files"))
        content = path.read_bytes()
    except OSError as error:
        raise InputError(_unreadable(error, name)) from error
    return parse_yaml(content, name)


def shown(path: Path) -> str:
    """The path as messages show it: from the current folder if it lies below it."""
    try:
        return path.resolve().relative_to(Path.cwd().resolve()).as_posix()
    except (OSError, ValueError, RuntimeError):
        return str(path)


def _unreadable(error: OSError, name: str) -> Problem:
    reasons = {
        FileNotFoundError: "the file does not exist",
        IsADirectoryError: "this is a folder, not a file",
        PermissionError: "the file may not be read",
    }
    reason = reasons.get(type(error), error.strerror or "unknown reason")
    return Problem("GS-YAML-READ", f"cannot read {name}: {reason}", Place(name, 1, 1))


def parse_yaml(content: bytes | str, file: str) -> Document:
    """Reads YAML from bytes (UTF-8) or a text. Raises `InputError` if it is no YAML at all."""
    text = _decoded(content, file) if isinstance(content, bytes) else content
    text = text.removeprefix("\ufeff")
    lines = _BREAKS.split(text)
    _refuse_characters(text, file)
    reader = _Reader(file, lines)
    try:
        root = reader.read(text)
    except yaml.MarkedYAMLError as error:
        from gsrules.spec.syntax_words import in_our_words

        _refuse_conflict(lines, file)
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line, mark.column) if mark else (0, 0)
        raise InputError([*reader.problems, in_our_words(error, file, lines, line, column)]) from error
    except yaml.YAMLError as error:
        raise InputError(Problem("GS-YAML-SYNTAX", "the file is not YAML", Place(file, 1, 1, lines[0]))) from error
    return Document(root, Place(file, 1, 1, lines[0]), tuple(reader.problems))


def _refuse_conflict(lines: list[str], file: str) -> None:
    """Tells of the marks that git leaves where two changes met."""
    for number, line in enumerate(lines, start=1):
        if line.startswith(("<<<<<<< ", ">>>>>>> ")):
            message = "the file has a merge conflict that was not resolved"
            hint = "keep one of the two versions, and remove the lines with <<<<<<<, ======= and >>>>>>>"
            raise InputError(Problem("GS-YAML-SYNTAX", message, Place(file, number, 1, line, 7), hint=hint))


def _decoded(content: bytes, file: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        if content.startswith((b"\xff\xfe", b"\xfe\xff")):
            message, hint = "the file is UTF-16, not UTF-8", "save it as UTF-8"
        else:
            byte = content[error.start]
            message = f"the byte 0x{byte:02X} is not UTF-8"
            hint = "save the file as UTF-8 (in the editor: Save with Encoding)"
        before = content[: error.start].decode("utf-8").removeprefix("\ufeff")
        rest = content[error.start : error.start + 80].decode("utf-8", "replace")
        raise InputError(Problem("GS-YAML-ENCODING", message, _place_after(before, rest, file), hint=hint)) from error


def _refuse_characters(text: str, file: str) -> None:
    found = _FORBIDDEN.search(text)
    if found:
        name = "NUL (0x00)" if found[0] == "\0" else f"U+{ord(found[0]):04X}"
        place = _place_after(text[: found.start()], "", file)
        message = f"the character {name} is not allowed in YAML"
        hint = "remove it; the file may be damaged, or not a text file"
        raise InputError(Problem("GS-YAML-ENCODING", message, place, hint=hint))


def _place_after(before: str, rest: str, file: str) -> Place:
    lines = _BREAKS.split(before)
    return Place(file, len(lines), len(lines[-1]) + 1, lines[-1] + _BREAKS.split(rest)[0])


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not come yet."""

    node: YamlMapping | YamlList
    anchor: str | None
    nodes_before: int
    key: Text | None = None
    ignored_key: bool = False


@dataclass(slots=True)
class _Anchored:
    value: Any
    place: Place
    nodes: int


@dataclass(slots=True)
class _Reader:
    """Builds nodes from parse events without recursion, and collects problems."""

    file: str
    lines: list[str]
    problems: list[Problem] = field(default_factory=list)
    stack: list[_Open] = field(default_factory=list)
    anchors: dict[str, _Anchored] = field(default_factory=dict)
    root: Any = None
    nodes: int = 0
    repeated: int = 0
    documents: int = 0

    def read(self, text: str) -> Any:
        for event in yaml.parse(text, Loader=yaml.CLoader):
            if isinstance(event, yaml.ScalarEvent):
                self._scalar(event)
            elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
                self._open(event)
            elif isinstance(event, yaml.CollectionEndEvent):
                self._close()
            elif isinstance(event, yaml.AliasEvent):
                self._alias(event)
            elif isinstance(event, yaml.DocumentStartEvent):
                self._document(event)
        return self.root

    def _place(self, mark: Any, length: int = 1) -> Place:
        line = self.lines[mark.line] if mark.line < len(self.lines) else ""
        return Place(self.file, mark.line + 1, mark.column + 1, line, max(length, 1))

    def _problem(self, code: str, message: str, place: Place, *, value: str = "", hint: str = "") -> None:
        self.problems.append(Problem(code, message, place, value=value, hint=hint))

    def _document(self, event: yaml.DocumentStartEvent) -> None:
        self.documents += 1
        if self.documents > 1:
            hint = "write each document into a file of its own"
            place = self._place(event.start_mark, 3)
            raise InputError(
                [*self.problems, Problem("GS-YAML-DOCUMENTS", "a second document begins", place, hint=hint)]
            )

    def _open(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        place = self._place(event.start_mark)
        if len(self.stack) >= MOST_DEPTH:
            message = f"lists and mappings are nested more than {MOST_DEPTH} deep"
            raise InputError([*self.problems, Problem("GS-YAML-DEPTH", message, place)])
        self._refuse_tag(event.tag, place)
        node = YamlMapping(place=place) if isinstance(event, yaml.MappingStartEvent) else YamlList(place=place)
        self.stack.append(_Open(node, event.anchor, self.nodes))
        self.nodes += 1

    def _close(self) -> None:
        done = self.stack.pop()
        place = done.node.place or Place(self.file, 1, 1)
        if done.anchor:
            self.anchors[done.anchor] = _Anchored(done.node, place, self.nodes - done.nodes_before)
        self._put(done.node, place)

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        self.nodes += 1
        start: Any = event.start_mark
        stop: Any = event.end_mark
        place = self._place(start, stop.column - start.column if stop.line == start.line else 1)
        self._refuse_tag(event.tag, place)
        plain = event.implicit[0] and event.style in (None, "")
        plain = plain and place.text[place.column - 1 : place.column] not in ("'", '"')
        value: Any
        if plain and not self._is_key():
            value, complaint = read_plain(event.value)
            if complaint:
                self._problem("GS-YAML-NUMBER", complaint.message, place, value=event.value, hint=complaint.hint)
            if value is None or isinstance(value, bool | int | float):
                self._finish(value, place, event.anchor)
                return
        if plain and self._is_key() and event.value == "<<":
            hint = "write the keys out: a rule says in one place what it does"
            self._problem("GS-YAML-MERGE", "merge keys (<<) are not part of the rule language", place, hint=hint)
        text = self._text(event, place)
        self._finish(text, text.place or place, event.anchor)

    def _finish(self, value: Any, place: Place, anchor: str | None) -> None:
        if anchor:
            self.anchors[anchor] = _Anchored(value, place, 1)
        self._put(value, place)

    def _text(self, event: yaml.ScalarEvent, place: Place) -> Text:
        """The text with the place of its first character; one written on several lines knows its lines."""
        start: Any = event.start_mark
        end: Any = event.end_mark
        opener = _opener(place)
        if opener in ("|", ">"):
            block = tuple(self._contents(start.line + 1, end.line, end.column))
            return Text(event.value, block[0] if block else place, block)
        quote = 1 if opener in ("'", '"') else 0
        ahead = _skipped(place) + quote
        if end.line == start.line:
            return Text(event.value, place.shifted(ahead, max(place.length - ahead - quote, 1)))
        first = place.shifted(ahead, max(len(place.text.rstrip()) - place.column + 1 - ahead, 1))
        return Text(event.value, first, (first, *self._contents(start.line + 1, end.line, end.column - quote)))

    def _contents(self, first: int, last: int, end: int) -> Iterator[Place]:
        """Where the content of each line stands, from `first` up to the column `end` of `last`; no blank lines."""
        for number in range(first, min(last + 1, len(self.lines))):
            line = self.lines[number]
            content = (line[:end] if number == last else line).rstrip()
            start = len(content) - len(content.lstrip(" \t"))
            if content:
                yield Place(self.file, number + 1, start + 1, line, len(content) - start)

    def _alias(self, event: yaml.AliasEvent) -> None:
        name = event.anchor or ""
        place = self._place(event.start_mark, len(name) + 1)
        found = self.anchors.get(name)
        if found is None:
            within = any(opened.anchor == name for opened in self.stack)
            message = f"*{name} stands inside of what &{name} names" if within else f"there is no anchor &{name} before"
            hint = f"a text that begins with * needs quotes: '*{name}'"
            self._problem("GS-YAML-ALIAS", message, place, value=f"*{name}", hint=hint)
            self._put(Text(f"*{name}", place), place)
            return
        self.repeated += found.nodes
        self.nodes += found.nodes
        if self.repeated > MOST_REPEATED:
            message = "the aliases of this file multiply it beyond measure"
            raise InputError([*self.problems, Problem("GS-YAML-ALIAS", message, place, value=f"*{name}")])
        self._put(found.value, found.place if isinstance(found.value, Text) else place)

    def _refuse_tag(self, tag: str | None, place: Place) -> None:
        if tag is not None:
            shown_tag = tag.replace("tag:yaml.org,2002:", "!!")
            hint = "a text that begins with ! needs quotes"
            self._problem("GS-YAML-TAG", f"tags ({shown_tag}) are not part of the rule language", place, hint=hint)

    def _is_key(self) -> bool:
        """Whether the next value is the key of a mapping."""
        if not self.stack:
            return False
        top = self.stack[-1]
        return isinstance(top.node, YamlMapping) and top.key is None and not top.ignored_key

    def _put(self, value: Any, place: Place) -> None:
        """Adds a finished value to the list or mapping that is open."""
        if not self.stack:
            self.root = value
            return
        top = self.stack[-1]
        node = top.node
        if isinstance(node, YamlList):
            node.append(value)
            node.places.append(place)
        elif self._is_key():
            self._begin_pair(top, node, value, place)
        elif top.ignored_key:
            top.ignored_key = False
        elif top.key is not None:
            node[top.key], node.places[top.key] = value, place
            node.key_places[top.key] = top.key.place
            top.key = None

    def _begin_pair(self, top: _Open, node: YamlMapping, key: Any, place: Place) -> None:
        if not isinstance(key, Text):
            top.ignored_key = True
            hint = "a text that begins with [ or { needs quotes"
            self._problem("GS-YAML-KEY", "a key must be a text, not a list or a mapping", place, hint=hint)
        elif key in node:
            top.ignored_key = True
            first = node.key_places.get(key)
            hint = f"the first stands in line {first.line}; remove or rename one of them" if first else ""
            self._problem("GS-YAML-DUPLICATE", f"the key `{_short(key)}` stands twice", place, value=key, hint=hint)
        else:
            top.key = Text(key, place, key.lines)
            top.ignored_key = key == "<<"
            if top.ignored_key:
                top.key = None


def _skipped(place: Place) -> int:
    """How many characters of anchor and tag stand before the scalar itself."""
    found = re.match(r"(?:[&!]\S*\s+)+", place.text[place.column - 1 :])
    return found.end() if found else 0


def _opener(place: Place) -> str:
    start = place.column - 1 + _skipped(place)
    return place.text[start : start + 1]


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "…"
