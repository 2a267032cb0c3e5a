"""Chooses what a recording gives: few rows that take, on an empty tenant, every branch that the real data takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from gsrules.dataclass import dataclass
from gsrules.regress.record.book import Book, Unit
from gsrules.regress.record.gather import Purpose

Takes = Callable[[frozenset[Unit]], frozenset[str]]
"""The ids of the branches that a closed set of units takes, when it is run as a test."""

MOST_TRIES: Final = 28
FEW: Final = 20
"""Up to so many rows nothing is left out: all of a small group tells more than half of it."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The units, closed over lookups; the branches they take; those given up to keep the test small."""

    units: frozenset[Unit]
    taken: frozenset[str]
    given_up: frozenset[str] = frozenset()


@dataclass(slots=True)
class Chooser:
    """Tries sets of units; each try is a run."""

    book: Book
    takes: Takes
    met: frozenset[Unit]
    tries: int = 0

    def choose(self, purposes: Sequence[Purpose], wanted: frozenset[str], most: int) -> Choice:
        """The smallest choice found; with more than `most` rows, purposes are given up, the least telling first."""
        kept = list(purposes)
        given_up: frozenset[str] = frozenset()
        while True:
            goal = wanted - given_up
            units, taken = self._enough(kept, goal)
            units = self._fewer(units, taken & goal, min(FEW, most))
            closed = self.book.closed(units)
            if len(closed) <= most or len(kept) == 1:
                return Choice(closed, self.takes(closed), given_up)
            least = min(kept, key=lambda each: (len(_own(each, kept)), -len(each.levels[-1])))
            given_up |= _own(least, kept)
            kept.remove(least)

    def _enough(self, purposes: Sequence[Purpose], wanted: frozenset[str]) -> tuple[frozenset[Unit], frozenset[str]]:
        """Of every group as many rows as its branches need: more of them, as long as that helps."""
        levels = [0] * len(purposes)
        while True:
            units = frozenset(unit for each, at in zip(purposes, levels, strict=True) for unit in each.levels[at])
            taken = self.takes(self.book.closed(units | self.met))
            lost = wanted - taken
            grown = [
                _next_level(each, at) if lost & _ids(each) else at for each, at in zip(purposes, levels, strict=True)
            ]
            if grown == levels:
                return units | self.met, taken
            levels = grown

    def _fewer(self, units: frozenset[Unit], goal: frozenset[str], few: int) -> frozenset[Unit]:
        """Leaves out lots of units, then single ones, as long as the goal is reached without them."""
        kept = sorted(units, key=lambda unit: (unit in self.met, unit))
        lot, tries = max(1, len(kept) // 3), 0
        while tries < MOST_TRIES and len(kept) > few:
            at, before = len(kept), len(kept)
            while at > 0 and tries < MOST_TRIES and len(kept) > few:
                start = max(0, at - lot)
                fewer = kept[:start] + kept[at:]
                tries += 1
                if fewer and goal <= self.takes(self.book.closed(fewer)):
                    kept = fewer
                at = start
            if lot == 1 and len(kept) == before:
                break
            lot = max(1, lot // 2)
        self.tries += tries
        return frozenset(kept)


def _ids(purpose: Purpose) -> set[str]:
    return {branch.id for branch in purpose.branches}


def _own(purpose: Purpose, others: Iterable[Purpose]) -> frozenset[str]:
    """The branches that only this purpose takes."""
    known = {branch for other in others if other is not purpose for branch in _ids(other)}
    return frozenset(_ids(purpose) - known)


def _next_level(purpose: Purpose, at: int) -> int:
    """The next level that has more units, or the same one."""
    for level in range(at + 1, len(purpose.levels)):
        if purpose.levels[level] != purpose.levels[at]:
            return level
    return at
