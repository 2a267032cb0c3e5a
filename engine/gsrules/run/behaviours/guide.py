"""What the keys mean in words, and which of them a run looks at."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import gsrules
from gsrules.dataclass import dataclass
from gsrules.profile import Profile, profile_keys, word_of


@dataclass(frozen=True, slots=True)
class Guide:
    """One key explained (`profile_guide.json`).

    `values`: what each value means. `when`: the rows on which it matters, with `{rows}` and `{where}`. `look`: where a
    run looks for them; for actions `codes` tell them, or else they can occur only among rows of the `outcomes`.
    `files`: asked for when files are read. `kind`: behaviour, setting (a fact that the tenant's screens show) or
    limit.
    """

    name: str
    section: str
    values: Mapping[str, str]
    when: str
    verify: str
    kind: str
    look: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()
    files: bool = False

    @property
    def data(self) -> bool:
        return "data" in self.look

    @property
    def action(self) -> bool:
        return "action" in self.look


@cache
def guides() -> tuple[Guide, ...]:
    """Every key, in the order of the profile."""
    path = Path(gsrules.__file__).with_name("profile_guide.json")
    return tuple(_guide(name, entry) for name, entry in json.loads(path.read_bytes()).items())


def guide(name: str) -> Guide:
    """The key of that name."""
    return next(each for each in guides() if each.name == name)


def _guide(name: str, entry: Mapping[str, Any]) -> Guide:
    return Guide(
        name=name,
        section=entry["section"],
        values=entry.get("values", {}),
        when=entry.get("when", ""),
        verify=entry["verify"],
        kind=entry.get("kind", "behaviour"),
        look=tuple(entry.get("look", ())),
        codes=tuple(entry.get("codes", ())),
        outcomes=tuple(entry.get("outcomes", ())),
        files=entry.get("files", False),
    )


def alternatives(name: str, profile: Mapping[str, Any]) -> list[object]:
    """The other values that a key may have; of a list the one with all its members."""
    key = profile_keys()[name]
    current = Profile.__getitem__(profile, name) if isinstance(profile, Profile) else profile[name]
    if not key.ready:
        return []
    if key.type == "list":
        others: Collection[object] = (key.members,) if key.members else ()
    else:
        others = key.values
    return [value for value in others if value != current or type(value) is not type(current)]


def value_word(value: object) -> str:
    """A value as a rule file has it."""
    return word_of(value)
