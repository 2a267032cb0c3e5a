"""The behaviour profile: every doubtful behaviour is one key with allowed values and a default.

The keys are data (`profile.json`) and come from data-setup.md §18, then actions.md §13, then platform.md §1 and §11.
Of each key the file states `values`, the allowed words, or `type`: integer (`min`, `max`), timezone, tenant_id, gsid,
text, currency, number_pair or list (`of`: its members; ordered); `optional`: it also takes `none`; `ready: false`:
this version only has the default behaviour and refuses another; `project_only`: why one rule cannot have a value of
its own; `defaults_under`: another default while another key
has a value; `evidence`: as in the reference.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gsrules.dataclass import dataclass
from gsrules.errors import InputError, Place, Problem, nearest

PlaceOf = Callable[[str], Place | None]

_PATTERNS: Mapping[str, tuple[re.Pattern[str], str]] = {
    "tenant_id": (re.compile(r"[0-9A-Z]{14}"), "14 characters of 0-9 and A-Z"),
    "gsid": (re.compile(r"[0-9A-Z]{36}"), "a GSID: 36 characters of 0-9 and A-Z"),
    "currency": (re.compile(r"[A-Z]{3}"), "an ISO currency code such as EUR"),
    "text": (re.compile(r".*\S.*", re.DOTALL), "a text"),
}


@dataclass(frozen=True, slots=True)
class KeyDef:
    """One key of the profile: what it decides, which values it takes and where that is known from."""

    name: str
    decides: str
    default: Any
    evidence: tuple[str, ...]
    values: tuple[str | int | bool, ...] = ()
    type: str = "word"
    minimum: int | None = None
    maximum: int | None = None
    optional: bool = False
    members: tuple[str, ...] = ()
    defaults_under: Mapping[str, Mapping[Any, Any]] = field(default_factory=dict, hash=False)
    ready: bool = True
    project_only: str = ""

    @property
    def allowed(self) -> str:
        """The allowed values in words."""
        if self.values:
            words = ", ".join(_word(value) for value in self.values)
        elif self.type == "integer":
            words = _range_words(self.minimum, self.maximum)
        elif self.type == "list":
            words = "a list of " + (", ".join(self.members) if self.members else "names")
        elif self.type == "timezone":
            words = "an IANA time zone name such as Europe/Berlin"
        elif self.type == "number_pair":
            words = "a list of two numbers, the smaller one first"
        else:
            words = _PATTERNS[self.type][1]
        return f"{words}, or none" if self.optional else words

    def read(self, value: object) -> Any:
        """The value as the profile keeps it; raises ValueError if the key does not take it."""
        if self.optional and (value is None or value == "none"):
            return None
        if self.values:
            return self._read_word(value)
        reader = _READERS.get(self.type, _read_pattern)
        return reader(self, value)

    def _read_word(self, value: object) -> str | int | bool:
        for allowed in self.values:
            # True equals 1 in Python; a flag is not a number here
            if type(allowed) is type(value) and allowed == value:
                return allowed
            if isinstance(allowed, str) and (allowed == value or allowed == _SAME_WORD.get(str(value))):
                return allowed
        raise ValueError


# How YAML and TOML may hand over the words null, none, on and off.
_SAME_WORD: Mapping[str, str] = {"None": "null", "True": "on", "False": "off"}


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def word_of(value: object) -> str:
    """A value as settings and rule files write it."""
    if value is None:
        return "none"
    return "[" + ", ".join(map(str, value)) + "]" if isinstance(value, tuple) else _word(value)


def _range_words(minimum: int | None, maximum: int | None) -> str:
    if minimum is not None and maximum is not None:
        return f"a whole number from {minimum} to {maximum}"
    return "a whole number" if minimum is None else f"a whole number of at least {minimum}"


def _read_integer(key: KeyDef, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError
    if (key.minimum is not None and value < key.minimum) or (key.maximum is not None and value > key.maximum):
        raise ValueError
    return value


def _read_list(key: KeyDef, value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not value or not all(isinstance(item, str) for item in value):
        raise ValueError
    found = tuple(str(item) for item in value)
    if len(set(found)) != len(found) or (key.members and not set(found) <= set(key.members)):
        raise ValueError
    return found


def _read_pair(key: KeyDef, value: object) -> tuple[int | float, int | float]:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise ValueError
    low, high = value
    if not isinstance(low, int | float) or not isinstance(high, int | float) or not low < high:
        raise ValueError
    return (low, high)


def _read_timezone(key: KeyDef, value: object) -> str:
    if not isinstance(value, str):
        raise ValueError
    if value != "UTC":
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, OSError) as error:
            raise ValueError from error
    return str(value)


def _read_pattern(key: KeyDef, value: object) -> str:
    if not isinstance(value, str) or not _PATTERNS[key.type][0].fullmatch(value):
        raise ValueError
    return str(value)


_READERS: Mapping[str, Callable[[KeyDef, object], Any]] = {
    "integer": _read_integer,
    "list": _read_list,
    "number_pair": _read_pair,
    "timezone": _read_timezone,
}


@cache
def profile_keys() -> Mapping[str, KeyDef]:
    """Every key of the profile, in the order of the reference."""
    entries = json.loads(Path(__file__).with_name("profile.json").read_bytes())
    return MappingProxyType({name: _key(name, entry) for name, entry in entries.items()})


def _key(name: str, entry: Mapping[str, Any]) -> KeyDef:
    key = KeyDef(
        name=name,
        decides=entry["decides"],
        default=entry["default"],
        evidence=tuple(entry["evidence"]),
        values=tuple(entry.get("values", ())),
        type=entry.get("type", "word"),
        minimum=entry.get("min"),
        maximum=entry.get("max"),
        optional=entry.get("optional", False),
        members=tuple(entry.get("of", ())),
        defaults_under=entry.get("defaults_under", {}),
        ready=entry.get("ready", True),
        project_only=entry.get("project_only", ""),
    )
    default = key.read(key.default)
    return key if default is key.default else replace(key, default=default)


class Profile(Mapping[str, Any]):
    """An immutable mapping of every profile key to its value: `profile["filter.between"]`.

    Words are texts, flags are booleans, an absent optional value is None, lists are tuples.
    """

    __slots__ = ("_set", "_values")

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._set: Mapping[str, Any] = MappingProxyType(dict(settings))
        values = {name: key.default for name, key in profile_keys().items()} | dict(settings)
        for name, key in profile_keys().items():
            for other, defaults in key.defaults_under.items():
                if name not in settings and values[other] in defaults:
                    values[name] = defaults[values[other]]
        self._values: Mapping[str, Any] = MappingProxyType(values)

    @classmethod
    def default(cls) -> Profile:
        """The profile with every key at its default."""
        return _default()

    @property
    def settings(self) -> Mapping[str, Any]:
        """The keys that were set, apart from the defaults."""
        return self._set

    def overlaid(self, settings: Mapping[str, object], place_of: PlaceOf | None = None) -> Profile:
        """This profile with `settings` laid over it; raises InputError that lists every bad key and value.

        Nested mappings are read as dotted keys (TOML's `filter.between = …`). `place_of` finds the place of a key.
        """
        read: dict[str, Any] = {}
        problems: list[Problem] = []
        for name, value in _flat(settings):
            place = place_of(name) if place_of else None
            key = profile_keys().get(name)
            if key is None:
                near = nearest(name, profile_keys())
                problems.append(
                    Problem(
                        "GS-NAME",
                        f"“{name}” is no key of the behaviour profile",
                        place,
                        value=name,
                        nearest=near,
                        hint="" if near else "the keys are listed in the reference of the behaviour profile",
                    )
                )
                continue
            try:
                read[name] = key.read(value)
            except ValueError:
                problems.append(_bad_value(key, value, place))
                continue
            if not key.ready and read[name] != key.default:
                problems.append(_not_yet(key, value, place))
        if problems:
            raise InputError(problems)
        return Profile({**self._set, **read}) if read else self

    def for_rule(self, settings: Mapping[str, object], place_of: PlaceOf) -> Profile:
        """This profile with the keys that one rule sets; raises InputError as `overlaid`, also for keys no rule has."""
        refused = [
            _not_for_one_rule(key, place_of(name))
            for name in settings
            if (key := profile_keys().get(name)) is not None and key.project_only
        ]
        try:
            made = self.overlaid(settings, place_of)
        except InputError as error:
            raise InputError([*error.problems, *refused]) from error
        if refused:
            raise InputError(refused)
        return made

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __hash__(self) -> int:
        return hash(tuple(self._values.items()))

    def __eq__(self, other: object) -> bool:
        return self._values == other._values if isinstance(other, Profile) else NotImplemented

    def __repr__(self) -> str:
        return f"Profile({dict(self._set)!r})"


@cache
def _default() -> Profile:
    return Profile({})


def _flat(settings: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _not_yet(key: KeyDef, value: object, place: Place | None) -> Problem:
    message = f"{key.name} decides: {key.decides}; this version only behaves as {_default_word(key)}"
    return Problem("GS-NOT-YET", message, place, key.name, str(value), "remove the key, or set it to its default")


def _not_for_one_rule(key: KeyDef, place: Place | None) -> Problem:
    message = f"{key.name} cannot differ for one rule: {key.project_only}"
    return Problem("GS-PROJECT-KEY", message, place, key.name, hint="set it in gsrules.toml, below [profile]")


def _bad_value(key: KeyDef, value: object, place: Place | None) -> Problem:
    words = [str(item) for item in key.values if isinstance(item, str)] or list(key.members)
    near = nearest(value, words) if isinstance(value, str) else ""
    return Problem(
        "GS-PROJECT-VALUE",
        f"{key.name} does not take this value; it decides: {key.decides}",
        place,
        where=key.name,
        value=_word(value) if not isinstance(value, list | tuple) else ", ".join(map(str, value)),
        hint=f"allowed: {key.allowed}; the default is {_default_word(key)}",
        nearest=near,
    )


def _default_word(key: KeyDef) -> str:
    return word_of(key.default)
