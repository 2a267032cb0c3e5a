"""What tells the rows of a relation apart: keys, and columns that others depend on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Final, Literal

from gsrules.dataclass import dataclass

Names = frozenset[str]
Verdict = Literal["yes", "maybe", "no"]

_MOST: Final = 24
"""Keys and dependencies that are followed in one relation; more never matter in practice."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A merge that has repeated the values of a column.

    `sure`: the other side is known to have several rows of a key, not only not known to have one. `side` names that
    side's datasets, `keys` its key columns, `task` the merge.
    """

    task: str
    side: tuple[str, ...]
    keys: tuple[str, ...]
    sure: bool


@dataclass(frozen=True, slots=True)
class Rows:
    """What is known of a relation's rows.

    No two rows agree in all columns of any of `keys`; nothing speaks against the same for `maybe`. A dependency
    (X, Y) says that rows that agree in X agree in Y. `marks` tells which columns a merge has repeated, `sources` from
    which datasets each column comes.
    """

    columns: Names
    keys: tuple[Names, ...] = ()
    maybe: tuple[Names, ...] = ()
    depends: tuple[tuple[Names, Names], ...] = ()
    marks: Mapping[str, tuple[Mark, ...]] = field(default_factory=dict)
    sources: Mapping[str, Names] = field(default_factory=dict)

    def determined(self, names: Iterable[str]) -> Names:
        """All columns in which rows agree that agree in `names`."""
        found = set(names)
        while True:
            more = {name for left, right in self.depends if left <= found for name in right} - found
            if not more:
                return frozenset(found)
            found |= more

    def unique(self, names: Iterable[str]) -> Verdict:
        """Whether no two rows agree in all of `names`."""
        known = self.determined(names)
        if any(key <= known for key in self.keys):
            return "yes"
        return "maybe" if any(key <= known for key in self.maybe) else "no"

    def renamed(self, names: Mapping[str, str]) -> Rows:
        """The columns `names` (new → old) of these rows."""
        new: dict[str, str] = {}
        for name, old in names.items():
            new.setdefault(old, name)
        kept = frozenset(new)

        def moved(old: Iterable[str]) -> Names:
            return frozenset(new[name] for name in old if name in new)

        depends = [(moved(left), moved(self.determined(left) & kept)) for left, _ in self.depends if left <= kept]
        depends += [(frozenset({new[old]}), frozenset({name})) for name, old in names.items() if new[old] != name]
        starts = [*self.keys, *(left for left, _ in self.depends)]
        keys = [moved(start) for start in starts if start <= kept and self.unique(start) == "yes"]
        maybe = [moved(key) for key in self.maybe if key <= kept]
        return Rows(
            frozenset(names),
            least(keys),
            least(maybe),
            tuple(dict.fromkeys(depends))[:_MOST],
            {name: self.marks[old] for name, old in names.items() if old in self.marks},
            {name: self.sources.get(old, frozenset()) for name, old in names.items()},
        )


def least(keys: Iterable[Names]) -> tuple[Names, ...]:
    """The keys that hold no other of them."""
    found = sorted(set(keys), key=lambda key: (len(key), sorted(key)))
    return tuple(key for at, key in enumerate(found) if not any(other <= key for other in found[:at]))[:_MOST]
