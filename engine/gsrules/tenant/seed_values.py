"""Typed values of seed cells as SQL, and what a cell may hold (platform.md §2.4, §2.5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlglot import exp

from gsrules.catalogue import Catalogue, FieldDef
from gsrules.catalogue.cockpit import CTA_REASON, CTA_TYPE
from gsrules.catalogue.datatypes import Family, Kind
from gsrules.catalogue.texts import ACCEPTED, call, from_text, trimmed, when
from gsrules.dataclass import dataclass
from gsrules.errors import nearest
from gsrules.tenant.names import identifier

_SEPARATOR = "\x1f"
_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Reading:
    """How a cell is read: the typed value, and what is accepted in words.

    A filled cell is bad if it has no value, a text if it is longer than `length`, a list if an entry has no value.
    A `plain` text is taken as it is.
    """

    value: exp.Expression
    accepted: str
    known: tuple[str, ...] = ()
    length: int | None = None
    is_list: bool = False
    plain: bool = False

    def bad(self, cell: exp.Expression, value: exp.Expression) -> exp.Expression:
        """The condition of a bad cell, over the columns that hold the text and the value read from it."""
        if self.is_list:
            return call("coalesce", exp.GT(this=_nulls(value), expression=exp.Literal.number(0)), exp.false())
        longer = exp.false() if self.length is None else _longer(value, self.length)
        if self.plain:
            return longer
        filled = exp.Not(this=trimmed(cell).is_(exp.Null()))
        unread = exp.And(this=filled, expression=value.copy().is_(exp.Null()))
        return unread if self.length is None else exp.Or(this=unread, expression=longer)

    def nearest(self, text: str) -> str:
        """The accepted word most like a bad cell's text."""
        if not self.known:
            return ""
        if self.is_list:
            known = {name.lower() for name in self.known}
            text = next((part for part in map(str.strip, text.split(";")) if part.lower() not in known), text)
        return nearest(text, self.known)


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
        accepted = ACCEPTED[field.type.kind]
        length = field.type.length if family is Family.TEXT else None
        if length is not None:
            accepted = f"{accepted}, at most {length} characters"
        return Reading(from_text(field.type, cell, self._timezone), accepted, length=length)

    def _text(self, field: FieldDef, cell: exp.Expression) -> Reading:
        if field.values:
            value = self._choice({name: name for name in field.values}, cell)
            return Reading(value, _listed(field.values), field.values)
        length = field.type.length
        return Reading(cell.copy(), f"at most {length} characters", length=length, plain=True)

    def _picklist(self, field: FieldDef, cell: exp.Expression) -> Reading:
        keys, names = self._items(field)
        value = self._choice(keys, cell)
        return Reading(value, _listed(names), names)

    def _multi_picklist(self, field: FieldDef, cell: exp.Expression) -> Reading:
        keys, names = self._items(field)
        item = exp.column("item")
        parts = call("string_split", cell, ";")
        filled = _lambda(
            "list_filter", _lambda("list_transform", parts, trimmed(item)), exp.Not(this=item.is_(exp.Null()))
        )
        found = _lambda("list_transform", filled, self._choice(keys, item))
        value = when(exp.GT(this=call("len", filled), expression=exp.Literal.number(0)), found)
        return Reading(value, f"{_listed(names)}; several joined by ;", names, is_list=True)

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
            return Reading(value, _listed(names), names)
        types = {cta.name: cta.gsid for cta in self._catalogue.cockpit_options(CTA_TYPE)}
        own = {
            f"{types[option.cta_type]}{_SEPARATOR}{key}": option.gsid
            for option in options
            for key in (option.name, option.gsid)
            if option.cta_type is not None
        }
        shared = {key: o.gsid for o in options if o.cta_type is None for key in (o.name, o.gsid)}
        prefix = exp.DPipe(this=cta_type.copy(), expression=exp.Literal.string(_SEPARATOR))
        typed = exp.DPipe(this=prefix, expression=trimmed(cell))
        value = call("coalesce", self._choice(own, typed), self._choice(shared, cell))
        return Reading(value, f"{_listed(names)}; it must belong to the CTA type", names)

    def _choice(self, keys: Mapping[str, str], cell: exp.Expression) -> exp.Expression:
        """The entry of a cell: exact first, then without regard to case if the profile says so."""
        exact = _entry(keys, trimmed(cell))
        if not self._any_case:
            return exact
        lowered: dict[str, str] = {}
        for key, value in keys.items():
            lowered.setdefault(key.lower(), value)
        if all(key.isascii() and lowered[key.lower()] == value for key, value in keys.items()):
            return _entry(lowered, call("lower", trimmed(cell)))  # what is found exactly is found so, too
        return call("coalesce", exact, _entry(lowered, call("lower", trimmed(cell))))


def _lambda(function: str, values: exp.Expression, body: exp.Expression) -> exp.Expression:
    return call(function, values, exp.Lambda(this=body.copy(), expressions=[identifier("item")], colon=True))


def _entry(keys: Mapping[str, str], cell: exp.Expression) -> exp.Expression:
    """`MAP {…}[cell]`, NULL where there is no entry."""
    if not keys:
        return exp.Cast(this=exp.Null(), to=exp.DataType.build("VARCHAR"))
    names, values = (exp.Array(expressions=[exp.Literal.string(t) for t in side]) for side in (keys, keys.values()))
    lookup = call("map", names, values)
    return call("list_extract", call("map_extract", lookup, cell), 1)


def _nulls(values: exp.Expression) -> exp.Expression:
    item = exp.column("item")
    return call("len", _lambda("list_filter", values, item.is_(exp.Null())))


def _longer(value: exp.Expression, length: int) -> exp.Expression:
    longer = exp.GT(this=exp.Length(this=value.copy()), expression=exp.Literal.number(length))
    return call("coalesce", longer, exp.false())


def _listed(names: Iterable[str]) -> str:
    words = list(names)
    more = f" … ({len(words)} in all)" if len(words) > _SHOWN else ""
    return "one of: " + ", ".join(words[:_SHOWN]) + more
