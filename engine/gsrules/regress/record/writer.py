"""The test file of a recording, as a person would write it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any, Final

from gsrules.dataclass import dataclass
from gsrules.regress.branches import Branch
from gsrules.regress.record.expectations import Expectation
from gsrules.regress.record.yaml_text import block, comment, row, rows, text

_MOST_SAID: Final = 3
_RANK: Final = {
    kind: at
    for at, kind in enumerate(
        (
            "outcome",
            "map",
            "lookup",
            "null",
            "owner",
            "case",
            "condition",
            "criteria",
            "filter",
            "join",
            "union",
            "pivot",
            "window",
        )
    )
}

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class TestText:
    """What the file of one recorded test says. `notes`: by object or file the comments of its rows, by position."""

    __test__ = False  # not a class of tests, whatever its name

    rule: str
    name: str
    rule_date: dt.date
    params: Mapping[str, Any]
    records: Mapping[str, Rows]
    files: Mapping[str, str]
    notes: Mapping[str, Mapping[int, str]]
    expect: Expectation | None
    heading: Sequence[str] = field(default=())

    def yaml(self) -> str:
        """The whole file."""
        return "".join(self._lines())

    def _lines(self) -> Iterator[str]:
        for words in self.heading:
            yield from comment(words, 0, before=" " * (len(words) - len(words.lstrip())))
        yield f"rule: {text(self.rule)}\n"
        yield f"rule_date: {self.rule_date.isoformat()}\n"
        yield "tests:\n"
        yield f"  - name: {text(self.name)}\n"
        if self.params:
            yield row(self.params, 4, "params: ")
        if self.records or self.files:
            yield "    given:\n"
        yield from self._given()
        if self.expect is None:
            yield "    snapshot: true\n"
        else:
            yield "    expect:\n"
            yield from _expect(self.expect)

    def _given(self) -> Iterator[str]:
        if self.records:
            yield "      records:\n"
            for name, values in self.records.items():
                yield rows(name, values, 8, self.notes.get(name, {}))
        if self.files:
            yield "      files:\n"
            for key, content in self.files.items():
                for line, said in sorted(self.notes.get(key, {}).items()):
                    yield from comment(f"line {line + 2}: {said}", 8)
                yield block(key, content, 8)


def _expect(expect: Expectation) -> Iterator[str]:
    yield f"      status: {expect.status}\n"
    for title, found in (("tasks", expect.tasks), ("actions", expect.actions), ("records", expect.records)):
        if not found:
            continue
        yield f"      {title}:\n"
        for name, values in found.items():
            yield row(values, 8, f"{text(name)}: ") if isinstance(values, Mapping) else rows(name, values, 8, {})
    for title, groups in (("errors", expect.errors), ("skips", expect.skips)):
        yield rows(title, groups, 6, {})


def said(branches: Iterable[Branch]) -> str:
    """In a few words what rows are there for; the most telling branches first."""
    own = sorted((branch for branch in branches if branch.kind in _RANK), key=lambda branch: _RANK[branch.kind])
    words = list(dict.fromkeys(_words(branch) for branch in own))
    shown = "; ".join(words[:_MOST_SAID])
    more = len(words) - _MOST_SAID
    return f"{shown}; and {more} more" if more > 0 else shown


def _words(branch: Branch) -> str:
    one_line = " ".join(branch.text.split())
    if branch.kind == "outcome":
        return f"{branch.name}: {one_line}"
    if branch.side in ("taken", "used", "rows"):
        return one_line
    return f"{one_line}: {branch.side}"
