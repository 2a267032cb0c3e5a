"""What masks look like: `Company 001`, `person.001@example.com`, identifiers and phone numbers in their shape."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

SPACES: Final = " \t\r\n\u00a0"


class MaskKind(StrEnum):
    """What a text is, and so what its mask looks like. A value that is of several kinds has the first one's mask."""

    EMAIL = "e-mail addresses"
    URL = "web addresses"
    COMPANY = "company names"
    PERSON = "person names"
    FIRST_NAME = "first names"
    LAST_NAME = "last names"
    PHONE = "phone numbers"
    NAME = "names"
    ID = "identifiers"
    TEXT = "texts"


_WORDS: Final = {
    MaskKind.COMPANY: "Company",
    MaskKind.PERSON: "Person",
    MaskKind.FIRST_NAME: "First",
    MaskKind.LAST_NAME: "Last",
    MaskKind.NAME: "Name",
    MaskKind.TEXT: "Text",
}
_OTHER_WORDS: Final = ("Sample", "Entry", "Xx", "Qq")
_DOMAINS: Final = ("example.com", "example.org", "example.net")
_FILLER: Final = " and so on"
_LONG: Final = 250
"""Up to here lengths are not kept: no usual limit of a text field is smaller."""

_ADDRESS: Final = re.compile(
    r"^(?P<scheme>[a-z][a-z0-9+.-]*://)?(?P<www>www\.)?(?P<host>[^/?#\s]+)(?P<rest>.*)$", re.IGNORECASE | re.DOTALL
)


def folded(text: str) -> str:
    """The form in which two texts are the same value: without spaces around it and regard to letter case."""
    return text.strip(SPACES).lower()


@dataclass(frozen=True, slots=True)
class Needs:
    """What conditions of the rule look for inside a text; a mask has it if the value has it, and else has it not."""

    contains: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()

    def __or__(self, other: Needs) -> Needs:
        return Needs(
            tuple(dict.fromkeys(self.contains + other.contains)),
            tuple(dict.fromkeys(self.starts + other.starts)),
            tuple(dict.fromkeys(self.ends + other.ends)),
        )

    def answers(self, text: str) -> tuple[bool, ...]:
        """For each condition, with and without regard to case, whether the text fulfils it."""
        low = text.lower()
        return (
            *(answer for word in self.contains for answer in (word in text, word.lower() in low)),
            *(answer for word in self.starts for answer in (text.startswith(word), low.startswith(word.lower()))),
            *(answer for word in self.ends for answer in (text.endswith(word), low.endswith(word.lower()))),
        )


@dataclass(frozen=True, slots=True)
class Value:
    """A text to be masked: its kind, what conditions need of it, the most letters that its field takes."""

    text: str
    kind: MaskKind
    needs: Needs = field(default_factory=Needs)
    length: int | None = None
    word: str = ""
    """What the thing is called that the text names, if not as its kind says."""


def name_mask(number: int, width: int, original: str, value: Value) -> str:
    """`Company 001`, with what the conditions look for put around it."""
    wanted = value.needs.answers(original)
    tried = ""
    for word in (value.word or _WORDS[value.kind], *_OTHER_WORDS, ""):
        core = f"{word} {number:0{width}}".strip()
        tried = _with_needs(core, original, value.needs)
        if value.length is not None and len(tried) > value.length:
            tried = _with_needs(f"{word[:1]}{number:0{width}}", original, value.needs)
        if value.needs.answers(tried) == wanted:
            break
    if len(original) > _LONG:
        tried = (tried + _FILLER * (len(original) // len(_FILLER) + 1))[: len(original)]
        tried = tried[:-1] + "." if tried.endswith(" ") else tried
    return tried


def _with_needs(core: str, original: str, needs: Needs) -> str:
    low = original.lower()
    for word in needs.contains:
        at = low.find(word.lower())
        if at >= 0 and word.lower() not in core.lower():
            core = f"{core} {original[at : at + len(word)].strip(SPACES)}"
            core = core if word.lower() in core.lower() else core + original[at : at + len(word)]
    for word in needs.starts:
        if low.startswith(word.lower()) and not core.lower().startswith(word.lower()):
            core = f"{original[: len(word)]} {core}".strip(SPACES)
    for word in needs.ends:
        if word and low.endswith(word.lower()) and not core.lower().endswith(word.lower()):
            core = f"{core} {original[-len(word) :]}".strip(SPACES)
    return core


@dataclass(frozen=True, slots=True)
class Shape:
    """An identifier: letters that stay, and places that are filled with a number."""

    text: str
    places: tuple[int, ...]

    @classmethod
    def of(cls, original: str) -> Shape:
        """A word before the first separator or digit stays (`A-0009`); what follows are places."""
        head = re.match(r"[^\W\d_]+(?=[\W\d_])", original)
        start = head.end() if head is not None else 0
        return cls(original, tuple(i for i, letter in enumerate(original) if i >= start and letter.isalnum()))

    def fill(self, number: int) -> str:
        """The identifier with that number in it, right-aligned; it grows where the places do not do."""
        digits = f"{number:0{len(self.places)}}"
        extra = len(digits) - len(self.places)
        made = list(self.text)
        for at, digit in zip(self.places, digits[extra:], strict=True):
            made[at] = digit
        first = self.places[0] if self.places else len(made)
        return "".join(made[:first]) + digits[:extra] + "".join(made[first:])


@dataclass(frozen=True, slots=True)
class Address:
    """An e-mail or web address in parts; `scheme` and `www` are kept, `domain` and `local` have masks of their own."""

    kind: MaskKind
    local: str
    domain: str
    scheme: str = ""
    www: str = ""

    @classmethod
    def of(cls, kind: MaskKind, text: str) -> Address:
        if kind is MaskKind.EMAIL:
            local, _, domain = text.rpartition("@")
            return cls(kind, local.lower(), domain.lower())
        found = _ADDRESS.match(text)
        if found is None:
            return cls(kind, text.lower(), "")
        rest = found["rest"].strip("/").lower()
        return cls(kind, rest, found["host"].lower(), (found["scheme"] or "").lower(), (found["www"] or "").lower())

    def mask(self, local: str, domain: str) -> str:
        """The address with another local part and domain."""
        if self.kind is MaskKind.EMAIL:
            return f"{local}@{domain}"
        return f"{self.scheme}{self.www}{domain}" + (f"/{local}" if local else "")

    def local_mask(self, number: int, width: int) -> str:
        if self.kind is MaskKind.EMAIL:
            return f"person.{number:0{width}}"
        return f"page-{number:0{width}}" if self.local else ""


def domain_masks(domains: Iterable[str], kept: frozenset[str]) -> Mapping[str, str]:
    """A domain for each domain; the most frequent one becomes example.com."""
    found = list(domains)
    order = sorted(set(found), key=lambda domain: (-found.count(domain), domain))
    taken = {*order, *kept} - {order[0] if order else ""}
    free = (name for name in _domain_names() if name not in taken)
    return {domain: domain if domain in kept or not domain else next(free) for domain in order}


def _domain_names() -> Iterator[str]:
    yield from _DOMAINS
    number = len(_DOMAINS)
    while True:
        number += 1
        yield f"d{number:03}.example.com"


def spellings(texts: Iterable[str], mask: str) -> dict[str, str]:
    """The masks of texts that differ only in letter case: as different, and alike in case where that can be."""
    found = sorted(texts, key=lambda text: (not text.islower(), not text.isupper(), text))
    if len(found) == 1:
        return {found[0]: mask}
    while 2 ** sum(letter.isalpha() for letter in mask) < len(found):
        mask += "x"
    made: dict[str, str] = {}
    used: set[str] = set()
    for text in found:
        tried = mask.upper() if text.isupper() else mask.lower() if text.islower() else mask
        number = 0
        while tried in used:
            number += 1
            tried = _cased(mask, number)
        used.add(tried)
        made[text] = tried
    return made


def _cased(mask: str, number: int) -> str:
    """`mask` with the case of its letters switched after the binary digits of `number`."""
    letters = [i for i, letter in enumerate(mask) if letter.isalpha()]
    made = list(mask)
    for bit, at in enumerate(letters):
        if number >> bit & 1:
            made[at] = made[at].swapcase()
    return "".join(made)
