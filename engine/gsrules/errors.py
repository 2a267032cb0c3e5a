"""The one family of errors: problems with a code, a place, the value and what to do.

A `Problem` is data. Rooms collect problems and raise one `InputError` or `RunError` that holds them all,
so that a user sees everything that is wrong at once.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Literal

from gsrules.dataclass import dataclass

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Place:
    """A spot in a file: `line` and `column` count from 1; `text` is the whole source line."""

    file: str
    line: int
    column: int
    text: str = ""
    length: int = 1

    def shifted(self, offset: int, length: int = 1) -> Place:
        """The place `offset` characters further on the same line."""
        return Place(self.file, self.line, self.column + offset, self.text, length)

    def __str__(self) -> str:
        file = f"{self.file}:" if self.file else ""  # what was typed on the command line stands in no file
        return f"{file}{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Fix:
    """A certain repair: `text` replaces `length` characters at `place`; `title` says what that does."""

    place: Place
    length: int
    text: str
    title: str


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, or doubtful.

    `code` is stable (`GS-…` for what the validator finds). `where` names task, column, action or row when
    there is more to say than `place`; `value` is the offending value as the user wrote it; `hint` says what to
    do; `nearest` is the nearest known name; `fix` is there only where what is meant is certain.
    """

    code: str
    message: str
    place: Place | None = None
    where: str = ""
    value: str = ""
    hint: str = ""
    nearest: str = ""
    severity: Severity = "error"
    fix: Fix | None = None


class GsrulesError(Exception):
    """Base of everything that gsrules raises on purpose; holds one or more problems."""

    exit_code = 1

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("; ".join(f"{p.code}: {p.message}" for p in self.problems))


class InputError(GsrulesError):
    """What the user gave is wrong: usage, rule, object file, settings. Nothing was run."""

    exit_code = 2


class RunError(GsrulesError):
    """A run failed: a file, a value, the tenant. Nothing was changed."""

    exit_code = 1


class Near(str):
    """A known name that is like an unknown one; `only`: so like it that no other known name can be meant."""

    __slots__ = ("only",)

    only: bool

    def __new__(cls, name: str, only: bool = False) -> Near:
        made = super().__new__(cls, name)
        made.only = only
        return made


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name most like `name` (letter case aside) as a `Near`, or an empty text."""
    by_lower: dict[str, str] = {}
    for candidate in known:
        by_lower.setdefault(candidate.lower(), candidate)
    word = name.lower()[:200]
    found = difflib.get_close_matches(word, list(by_lower)[:5000], n=3, cutoff=0.6)
    if not found:
        return ""
    slips = 1 if len(word) < 6 else 2
    near = [candidate for candidate in found if distance(word, candidate, slips) <= slips]
    return Near(by_lower[found[0]], near == found[:1] or word == found[0])


def distance(one: str, other: str, most: int) -> int:
    """How many letters were left out, added, changed, or swapped with the next; `most` + 1 for more than that."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for at, letter in enumerate(one, 1):
        earlier, before, row = before, row, [at]
        for to, own in enumerate(other, 1):
            least = min(before[to] + 1, row[to - 1] + 1, before[to - 1] + (letter != own))
            if at > 1 and to > 1 and letter == other[to - 2] and one[at - 2] == own:
                least = min(least, earlier[to - 2] + 1)
            row.append(least)
    return min(row[-1], most + 1)
