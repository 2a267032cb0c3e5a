"""Masks of values: the same value has the same mask wherever it stands, and two values never share one.

Values that differ only in letter case or in the spaces around them have masks that differ in the same way, because
joins and conditions may tell them apart or may not. Masks of one kind follow the order of the values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count

from gsrules.regress.record.mask_forms import (
    SPACES,
    Address,
    MaskKind,
    Shape,
    Value,
    domain_masks,
    folded,
    name_mask,
    spellings,
)

_ADDRESSES = (MaskKind.EMAIL, MaskKind.URL)
_RANK = {kind: rank for rank, kind in enumerate(MaskKind)}


@dataclass(slots=True)
class Masks:
    """The masks of one recording: `spelled` by value as it stands (without spaces around), `plain` by folded value.

    `unmasked` are the values for which no mask does what the rule's conditions need; they stay as they are.
    """

    plain: dict[str, str] = field(default_factory=dict)
    spelled: dict[str, str] = field(default_factory=dict)
    unmasked: tuple[str, ...] = ()
    _pattern: re.Pattern[str] | None = None

    @classmethod
    def of(cls, values: Iterable[Value], kept: Iterable[str] = ()) -> Masks:
        """The masks of all values of a recording; those of `kept` stay as they are, wherever they stand."""
        return _Maker(frozenset(folded(text) for text in kept)).made(values)

    def mask(self, text: str) -> str:
        """The mask of a value, or the text itself if it has none."""
        core = text.strip(SPACES)
        found = self.spelled.get(core) or self.plain.get(core.lower())
        return text if found is None else text.replace(core, found, 1)

    def knows(self, text: str) -> bool:
        """Whether the value has a mask."""
        return folded(text) in self.plain

    def within(self, text: str) -> str:
        """The text with every value in it that has a mask replaced: the longest first, whole words only."""
        if not self.plain or self.knows(text):
            return self.mask(text)
        if self._pattern is None:
            words = "|".join(re.escape(word) for word in sorted(self.plain, key=len, reverse=True))
            self._pattern = re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE)
        return self._pattern.sub(lambda found: self.mask(found[0]), text)


class _Maker:
    """Makes all masks at once, so that they follow the order of the values."""

    def __init__(self, kept: frozenset[str]) -> None:
        self._kept = kept
        self._values: dict[str, Value] = {}
        self._texts: dict[str, set[str]] = {}
        self._taken: set[str] = set()

    def made(self, values: Iterable[Value]) -> Masks:
        for value in values:
            self._learn(value)
        self._taken = {*self._values, *self._kept}
        groups: dict[MaskKind, list[str]] = {kind: [] for kind in MaskKind}
        for key, value in sorted(self._values.items()):
            groups[value.kind].append(key)
        found: dict[str, str] = dict(self._addresses(groups))
        for kind, keys in groups.items():
            if kind not in _ADDRESSES:
                found |= self._shapes(keys) if kind in (MaskKind.ID, MaskKind.PHONE) else self._names(keys)
        good = {key: mask for key, mask in found.items() if self._does(key, mask)}
        spelled = {
            text: mask for key, plain in good.items() for text, mask in spellings(self._texts[key], plain).items()
        }
        return Masks(good, spelled, tuple(self._original(key) for key in found if key not in good))

    def _learn(self, value: Value) -> None:
        key = folded(value.text)
        if not key or key in self._kept:
            return
        known = self._values.get(key)
        self._values[key] = value if known is None else _joined(known, value)
        self._texts.setdefault(key, set()).add(value.text.strip(SPACES))

    def _does(self, key: str, mask: str) -> bool:
        needs = self._values[key].needs
        return needs.answers(mask) == needs.answers(self._original(key))

    def _original(self, key: str) -> str:
        return min(self._texts[key], key=lambda text: (text.islower() or text.isupper(), text))

    def _names(self, keys: Sequence[str]) -> dict[str, str]:
        numbers, width = count(1), max(3, len(str(len(keys))))
        return {
            key: self._free(name_mask(number, width, self._original(key), self._values[key]) for number in numbers)
            for key in keys
        }

    def _shapes(self, keys: Sequence[str]) -> dict[str, str]:
        counters: dict[str, Iterator[int]] = {}
        made: dict[str, str] = {}
        for key in keys:
            shape = Shape.of(self._original(key))
            numbers = counters.setdefault(folded(shape.fill(0)), count(1))
            made[key] = self._free(shape.fill(number) for number in numbers)
        return made

    def _free(self, masks: Iterator[str]) -> str:
        """The first mask that nothing else has or is."""
        mask = next(mask for mask in masks if folded(mask) not in self._taken)
        self._taken.add(folded(mask))
        return mask

    def _addresses(self, groups: Mapping[MaskKind, Sequence[str]]) -> Iterator[tuple[str, str]]:
        """Addresses: equal domains stay equal over both kinds, equal local parts within one kind."""
        parts = {key: Address.of(kind, self._original(key)) for kind in _ADDRESSES for key in groups[kind]}
        domains = domain_masks([part.domain for part in parts.values()], self._kept)
        for kind in _ADDRESSES:
            own = {key: parts[key] for key in groups[kind]}
            locals_ = self._locals(own, domains)
            for key, part in own.items():
                yield key, part.mask(locals_[part.local], self._host(key, part, domains))

    def _locals(self, parts: Mapping[str, Address], domains: Mapping[str, str]) -> dict[str, str]:
        made: dict[str, str] = {}
        by_local: dict[str, list[tuple[str, Address]]] = {}
        for key, part in parts.items():
            by_local.setdefault(part.local, []).append((key, part))
        numbers, width = count(1), max(3, len(str(len(by_local))))
        for local, own in sorted(by_local.items()):
            for number in numbers if local else (0,):
                mask = own[0][1].local_mask(number, width)
                wanted = {folded(part.mask(mask, self._host(key, part, domains))) for key, part in own}
                if not wanted & self._taken:
                    break
            made[local] = mask
            self._taken |= wanted
        return made

    def _host(self, key: str, part: Address, domains: Mapping[str, str]) -> str:
        """The mask of the domain, or the domain itself where a condition looks for it."""
        needs = self._values[key].needs
        words = [word.lower() for word in (*needs.ends, *needs.contains)]
        looked_for = any(word in key and word in f"@{part.domain}" for word in words)
        return part.domain if looked_for else domains[part.domain]


def _joined(one: Value, other: Value) -> Value:
    """One value that stands in two places."""
    kind = min(one.kind, other.kind, key=_RANK.__getitem__)
    lengths = [value.length for value in (one, other) if value.length is not None]
    word = one.word if one.kind is kind else other.word
    return Value(one.text, kind, one.needs | other.needs, min(lengths, default=None), word)
