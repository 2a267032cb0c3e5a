"""Which repairs are certain: each is tried on the text in memory, and what the check then says decides."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final

from gsrules.errors import Fix, Problem
from gsrules.run.repair.candidates import is_near, meanings
from gsrules.run.repair.edits import apart, edited

Check = Callable[[str], Sequence[Problem]]

MOST_TRIED: Final = 60
"""Problems of one file for which repairs are looked for."""

_MOST_ROUNDS = 12
_QUOTED_FIELD = re.compile(r"\[([^\[\]]*)\]$")


class Repairer:
    """Finds the certain repairs of one file.

    `check` says what is wrong with a text in the place of the file's; `known` are the names that other files and the
    language declare, in lower case. A name that only this file declares may itself be the misspelt one: then the other
    spelling must be the rarer one, and alone.
    """

    def __init__(self, check: Check, known: frozenset[str], *, declares: bool) -> None:
        self._check = check
        self._known = known
        self._least = 2 if declares else 1

    def with_fixes(self, text: str, problems: Sequence[Problem]) -> tuple[Problem, ...]:
        """The problems, those with a certain repair carrying it."""
        made = []
        for at, problem in enumerate(problems):
            fix = self._certain(text, problem, problems) if at < MOST_TRIED and problem.fix is None else problem.fix
            made.append(replace(problem, fix=fix) if fix is not None else problem)
        return tuple(made)

    def repaired(self, text: str) -> tuple[str, tuple[Fix, ...]]:
        """The text with all certain repairs, also of what shows only then."""
        done: list[Fix] = []
        for _ in range(_MOST_ROUNDS):
            problems = self._check(text)
            found = (problem.fix for problem in self.with_fixes(text, problems))
            fixes = apart(text, list(dict.fromkeys(fix for fix in found if fix is not None)))
            if not fixes:
                break
            new = edited(text, fixes)
            if new is None or not _loads_no_worse(problems, self._check(new)):
                fixes = fixes[:1]
                new = edited(text, fixes)
            if new is None:
                break
            text = new
            done += fixes
        return text, tuple(done)

    def _certain(self, text: str, problem: Problem, problems: Sequence[Problem]) -> Fix | None:
        found: list[Fix] = []
        for meaning in meanings(problem):
            for fix in meaning:
                if self._is_evident(text, problem, fix) and self._helps(text, problem, problems, fix):
                    found.append(fix)
                    break
        return found[0] if len({edited(text, [fix]) for fix in found}) == 1 else None

    def _is_evident(self, text: str, problem: Problem, fix: Fix) -> bool:
        """Whether a name is sure to be right as it is put in."""
        field = _QUOTED_FIELD.search(fix.text)
        if field is not None and _is_unread(problem):
            return field[1].lower() in self._known or _count(text, field[1]) > 1
        near = str(problem.nearest)
        if not is_near(problem) or fix.text.strip("[]") != near or problem.code.startswith(("GS-SPEC-", "GS-SYNTAX")):
            return True
        if near.lower() in self._known:
            return True
        wrong = fix.place.text[fix.place.column - 1 :][: fix.length]
        return _count(text, near) >= max(self._least, _count(text, wrong) + self._least - 1)

    def _helps(self, text: str, problem: Problem, before: Sequence[Problem], fix: Fix) -> bool:
        new = edited(text, [fix])
        if new is None:
            return False
        after = self._check(new)
        gained = _told(after) - _told(before)
        lost = _told(before) - _told(after)
        if not lost[_key(problem)]:
            return False
        return not any(_counts(one, problem, fix) for one in after if gained[_key(one)])


def _counts(new: Problem, repaired: Problem, fix: Fix) -> bool:
    """Whether a problem that was not told before speaks against the repair; others were only hidden by the old one."""
    if new.severity != "error":
        return False
    if repaired.severity != "error":
        return True
    if _stage(new) > _stage(repaired):
        return False
    # A reader goes from left to right: what lies behind the repair was not looked at before.
    if _is_unread(repaired) and new.code == "GS-SYNTAX" and not _is_unread(new):
        return False
    if repaired.code == "GS-SYNTAX" and new.code == "GS-NAME" and new.place is not None:
        # Names are looked up once the whole expression reads; what is replaced holds none of these.
        on_line = new.place.line == fix.place.line
        return on_line and fix.place.column <= new.place.column < fix.place.column + len(fix.text)
    end = fix.place.column + max(len(fix.text), 1)
    if fix.text.startswith("["):
        end += 2  # a field is followed by an operator
    return new.place is None or (new.place.line == fix.place.line and new.place.column < end)


def _is_unread(problem: Problem) -> bool:
    """Whether a character starts nothing that an expression may hold; nothing of the expression was looked at then."""
    return problem.code == "GS-SYNTAX" and "means nothing here" in problem.message


def _stage(problem: Problem) -> int:
    if problem.code == "GS-YAML-SYNTAX":
        return 0
    return 1 if problem.code.startswith(("GS-YAML-", "GS-SPEC-")) else 2


def _key(problem: Problem) -> tuple[str, str, int]:
    return (problem.code, problem.message, problem.place.line if problem.place else 0)


def _told(problems: Iterable[Problem]) -> Counter[tuple[str, str, int]]:
    return Counter(_key(problem) for problem in problems)


def _loads_no_worse(before: Sequence[Problem], after: Sequence[Problem]) -> bool:
    def broken(problems: Sequence[Problem]) -> int:
        return sum(_stage(problem) < 2 and problem.severity == "error" for problem in problems)

    return broken(after) <= broken(before)


def _count(text: str, name: str) -> int:
    """How often the name stands in the text as a whole word."""
    return len(re.findall(rf"(?<!\w){re.escape(name)}(?!\w)", text))
