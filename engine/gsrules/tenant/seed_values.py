"""Typed values of seed cells as SQL, and what a cell may hold (platform.md §2.4, §2.5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlglot import exp

from gsrules.catalogue import Catalogue, FieldDef
from gsrules.catalogue.cockpit import CTA_REASON, CTA_TYPE
from gsrules.catalogue.datatypes import Family, Kind
from gsrules.catalogue.gsids import PATTERN
from gsrules.catalogue.texts import ACCEPTED, call, from_text, full_match, trimmed, when
from gsrules.errors import nearest
from gsrules.tenant.names import identifier

_SEPARATOR = "\x1f"
_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Reading:
    """How a cell is read: the typed value, the condition of a bad cell, and what is accepted in words."""

    value: exp.Expression
    bad: exp.Expression
    accepted: str
    known: tuple[str, ...] = ()

    def nearest(self, text: str) -> str:
        """The accepted word most like a bad cell's text."""
        return nearest(text, self.known) if self.known else ""


class CellReader:
    """Reads cells of one object's seeds; cells are SQL expressions of type VARCHAR."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._timezone: str = catalogue.profile["tenant.timezone"]
        self._any_case = catalogue.profile["object.picklist_case"] == "insensitive"

    def read(self, field: FieldDef, cell: exp.Expression, cta_type: exp.Expression | None) -> Reading:
        """The reading of a cell as a value of `field`; `cta_type` is the GSID of the row's CTA type, if it has one."""
        if field.cockpit_category:
            return self._cockpit(field.cockpit_category, cell, cta_type)
        family = field.type.family
        if family is Family.PICKLIST:
            return self._picklist(field, cell)
        if family is Family.MULTI_PICKLIST:
            return self._multi_picklist(field, cell)
        if field.type.kind in (Kind.STRING, Kind.RICH_TEXT):
            return self._text(field, cell)
        value = from_text(field.type, cell, self._timezone)
        bad = _filled_but(cell, value)
        accepted = ACCEPTED[field.type.kind]
        if field.type.length and family is Family.TEXT:
            bad = exp.Or(this=bad, expression=_longer(value, field.type.length))
            accepted = f"{accepted}, at most {field.type.length} characters"
        return Reading(value, bad, accepted)

    def _text(self, field: FieldDef, cell: exp.Expression) -> Reading:
        if field.values:
            value = self._choice({name: name for name in field.values}, cell)
            return Reading(value, _filled_but(cell, value), _listed(field.values), field.values)
        length = field.type.length or 0
        bad = _longer(cell, length) if length else exp.false()
        return Reading(cell.copy(), bad, f"at most {length} characters")

    def _picklist(self, field: FieldDef, cell: exp.Expression) -> Reading:
        keys, names = self._items(field)
        value = self._choice(keys, cell)
        return Reading(value, _filled_but(cell, value), _listed(names), names)

    def _multi_picklist(self, field: FieldDef, cell: exp.Expression) -> Reading:
        keys, names = self._items(field)
        item = exp.column("item")
        parts = call("string_split", cell, ";")
        filled = _lambda(
            "list_filter", _lambda("list_transform", parts, trimmed(item)), exp.Not(this=item.is_(exp.Null()))
        )
        found = _lambda("list_transform", filled, self._choice(keys, item))
        value = when(exp.GT(this=call("len", filled), expression=exp.Literal.number(0)), found)
        bad = call("list_contains", _lambda("list_transform", found, item.is_(exp.Null())), exp.true())
        return Reading(value, call("coalesce", bad, exp.false()), f"{_listed(names)}; several joined by ;", names)

    def _items(self, field: FieldDef) -> tuple[dict[str, str], tuple[str, ...]]:
        category = self._catalogue.category(field.type.category or "")
        keys: dict[str, str] = {}
        for item in sorted(category.items, key=lambda item: (not item.active, item.order)):
            keys.setdefault(item.name, item.gsid)
            keys.setdefault(item.gsid, item.gsid)
        return keys, tuple(item.name for item in category.items)

    def _cockpit(self, category: str, cell: exp.Expression, cta_type: exp.Expression | None) -> Reading:
        options = self._catalogue.cockpit_options(category)
        names = tuple(dict.fromkeys(option.name for option in options))
        if category != CTA_REASON or cta_type is None:
            keys = {key: option.gsid for option in reversed(options) for key in (option.name, option.gsid)}
            value = self._choice(keys, cell)
            return Reading(value, _filled_but(cell, value), _listed(names), names)
        keys = {}
        for cta in self._catalogue.cockpit_options(CTA_TYPE):
            allowed = self._catalogue.cockpit_options(category, cta.gsid)
            for option in sorted(allowed, key=lambda option: option.cta_type is None):
                for key in (option.name, option.gsid):
                    keys.setdefault(f"{cta.gsid}{_SEPARATOR}{key}", option.gsid)
        typed = exp.DPipe(
            this=exp.DPipe(this=cta_type.copy(), expression=exp.Literal.string(_SEPARATOR)), expression=trimmed(cell)
        )
        value = self._choice(keys, typed)
        return Reading(value, _filled_but(cell, value), f"{_listed(names)}; it must belong to the CTA type", names)

    def _choice(self, keys: Mapping[str, str], cell: exp.Expression) -> exp.Expression:
        """The entry of a cell: exact first, then without regard to case if the profile says so."""
        exact = _entry(keys, trimmed(cell))
        if not self._any_case:
            return exact
        lowered: dict[str, str] = {}
        for key, value in keys.items():
            lowered.setdefault(key.lower(), value)
        return call("coalesce", exact, _entry(lowered, call("lower", trimmed(cell))))


def well_formed_gsid(value: exp.Expression) -> exp.Expression:
    """Whether a text has the form of a GSID."""
    return full_match(value, PATTERN)


def _lambda(function: str, values: exp.Expression, body: exp.Expression) -> exp.Expression:
    return call(function, values, exp.Lambda(this=body.copy(), expressions=[identifier("item")], colon=True))


def _entry(keys: Mapping[str, str], cell: exp.Expression) -> exp.Expression:
    """`MAP {…}[cell]`, NULL where there is no entry."""
    if not keys:
        return exp.Cast(this=exp.Null(), to=exp.DataType.build("VARCHAR"))
    names, values = (exp.Array(expressions=[exp.Literal.string(t) for t in side]) for side in (keys, keys.values()))
    lookup = call("map", names, values)
    return call("list_extract", call("map_extract", lookup, cell), 1)


def _filled_but(cell: exp.Expression, value: exp.Expression) -> exp.Expression:
    """The cell holds something, and it is no value."""
    return exp.And(this=exp.Not(this=trimmed(cell).is_(exp.Null())), expression=value.copy().is_(exp.Null()))


def _longer(value: exp.Expression, length: int) -> exp.Expression:
    longer = exp.GT(this=exp.Length(this=value.copy()), expression=exp.Literal.number(length))
    return call("coalesce", longer, exp.false())


def _listed(names: Iterable[str]) -> str:
    words = list(names)
    more = f" … ({len(words)} in all)" if len(words) > _SHOWN else ""
    return "one of: " + ", ".join(words[:_SHOWN]) + more
