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


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name most like `name` (letter case aside), or an empty text."""
    by_lower: dict[str, str] = {}
    for candidate in known:
        by_lower.setdefault(candidate.lower(), candidate)
    found = difflib.get_close_matches(name.lower()[:200], list(by_lower)[:5000], n=1, cutoff=0.6)
    return by_lower[found[0]] if found else ""
