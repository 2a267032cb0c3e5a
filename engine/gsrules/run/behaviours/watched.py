"""A profile that notes which of its keys are asked for."""

from __future__ import annotations

from typing import Any

from gsrules.dataclass import dataclass
from gsrules.profile import Profile


@dataclass(frozen=True, slots=True)
class Seen:
    """Keys that were read: while the rule was bound, and after that."""

    binding: frozenset[str]
    since: frozenset[str]

    def __contains__(self, key: object) -> bool:
        return key in self.binding or key in self.since


class Watched(Profile):
    """The same keys and values; notes which were read, while the rule was bound and since. Others decided nothing."""

    __slots__ = ("_binding", "_since")

    def __init__(self, profile: Profile) -> None:
        super().__init__(profile.settings)
        self._binding: set[str] = set()
        self._since: set[str] | None = None

    def bound(self) -> None:
        """The rule is bound; what is read from now on is read while expressions are spelled and actions decide."""
        self._since = set()

    @property
    def seen(self) -> Seen:
        """The keys that were read."""
        return Seen(frozenset(self._binding), frozenset(self._since or ()))

    def __getitem__(self, key: str) -> Any:
        (self._binding if self._since is None else self._since).add(key)
        return super().__getitem__(key)
