"""What the catalogue knows about an object, a field, a picklist, the cockpit (platform.md §2, §3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from functools import cached_property
from typing import Literal

from gsrules.catalogue.datatypes import DataType
from gsrules.dataclass import dataclass
from gsrules.errors import Place

Group = Literal["STANDARD", "CUSTOM", "SYSTEM", "SALESFORCE"]
DefaultValue = str | bool | int | float | None

_WORD_BREAK = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|_+")
_CUSTOM_SUFFIX = re.compile(r"__(gc|c)$")


def label_of(name: str) -> str:
    """The label of a field or object without one: its name split into words (`RenewalDate` → Renewal Date)."""
    words = [word for word in _WORD_BREAK.split(_CUSTOM_SUFFIX.sub("", name)) if word]
    return " ".join(word[:1].upper() + word[1:] for word in words) or name


@dataclass(frozen=True, slots=True)
class FieldDef:
    """A field of an object.

    `required`: on creation. `read_only`: computed or written by the system; seeds may give it, loads may not.
    `system`: GSID and stamps; `audit`: GsIngestionSource and GsExecutionId, hidden from load targets.
    `values`: the texts that a text field takes, empty for any. `cockpit_category`: for lookups to
    cockpit_picklist, the category of the records it points at. `unique`: `unique_always` for the fields that
    Gainsight keeps unique, else an extension that the profile key object.unique turns on.
    """

    name: str
    label: str
    type: DataType
    required: bool = False
    read_only: bool = False
    name_field: bool = False
    default: DefaultValue = None
    values: tuple[str, ...] = ()
    cockpit_category: str | None = None
    unique: bool = False
    unique_always: bool = False
    system: bool = False
    audit: bool = False
    standard: bool = True
    description: str = ""
    place: Place | None = None

    @property
    def hidden(self) -> bool:
        """Whether the field is kept out of lists of fields."""
        return self.audit

    @property
    def lookup_name(self) -> str | None:
        """The name that walks the lookup in Gainsight: `Csm__gr`; None for other fields."""
        if self.type.target is None:
            return None
        return re.sub(r"__gc$", "", self.name) + "__gr"


@dataclass(frozen=True, slots=True)
class ComputedDef:
    """A field that is not stored: `formula` over stored fields of the record, computed by each run that reads it."""

    field: FieldDef
    formula: str


@dataclass(frozen=True)
class ObjectDef:
    """An object with its fields in order; `family` are the first four characters of its GSIDs.

    `loadable`: may be the target of a load. `loaded_by`: the actions that write it instead of load_to_object.
    `configuration`: its records come from the project's picklists.yml, not from seed files. `computed`: fields that
    tasks may read, beside the stored `fields`.
    """

    name: str
    label: str
    family: str
    group: Group
    fields: Mapping[str, FieldDef]
    loadable: bool = True
    createable: bool = True
    loaded_by: tuple[str, ...] = ()
    configuration: bool = False
    description: str = ""
    place: Place | None = field(default=None, compare=False)
    computed: Mapping[str, ComputedDef] = field(default_factory=dict)

    @cached_property
    def _by_key(self) -> Mapping[str, tuple[FieldDef, ...]]:
        found: dict[str, tuple[FieldDef, ...]] = {}
        for definition in self.fields.values():
            for key in {definition.name.lower(), definition.label.lower()}:
                found[key] = (*found.get(key, ()), definition)
        return found

    def find(self, name: str) -> tuple[FieldDef, ...]:
        """The fields whose API name or label is `name` in any letter case; more than one means ambiguous."""
        return self._by_key.get(name.lower(), ())

    def readable(self, name: str) -> tuple[FieldDef, ...]:
        """As `find`, with the computed fields."""
        lowered = name.lower()
        more = (one.field for one in self.computed.values())
        return (*self.find(name), *(one for one in more if lowered in (one.name.lower(), one.label.lower())))

    def field(self, name: str) -> FieldDef | None:
        """The field of that API name in any letter case."""
        exact = self.fields.get(name)
        if exact:
            return exact
        return next((f for f in self._by_key.get(name.lower(), ()) if f.name.lower() == name.lower()), None)

    @cached_property
    def name_field(self) -> FieldDef | None:
        """The field that names a record to people, if the object has one."""
        return next((f for f in self.fields.values() if f.name_field), None)

    @cached_property
    def known_names(self) -> tuple[str, ...]:
        """API names and labels, for suggestions."""
        return tuple(dict.fromkeys(text for f in self.fields.values() for text in (f.name, f.label)))


@dataclass(frozen=True, slots=True)
class Item:
    """An option of a dropdown list."""

    gsid: str
    name: str
    active: bool = True
    order: int = 0
    default: bool = False


@dataclass(frozen=True, slots=True)
class Category:
    """A dropdown list; its id is `object.Field` of the field that defines it (`company.Status`)."""

    id: str
    items: tuple[Item, ...]

    @property
    def default(self) -> Item | None:
        """The option that new records get."""
        return next((item for item in self.items if item.default), None)


@dataclass(frozen=True, slots=True)
class ItemMatch:
    """How a label or GSID met a dropdown list: the item or None, and whether only the letter case differed."""

    item: Item | None
    case_differs: bool = False
    nearest: str = ""


@dataclass(frozen=True, slots=True)
class CockpitItem:
    """A record of cockpit_picklist; `cta_type` names the type it belongs to, None for all types.

    `open` tells whether a status counts as open; None for what is no status.
    """

    gsid: str
    name: str
    category: str
    cta_type: str | None = None
    cta_type_gsid: str | None = None
    open: bool | None = None
    active: bool = True
    order: int = 0


@dataclass(frozen=True, slots=True)
class PlaybookTask:
    """A task of a playbook: due `days` after the rule date; `priority` names a CTA priority, None for none stated."""

    name: str
    days: int
    priority: str | None = None


@dataclass(frozen=True, slots=True)
class PlaybookDef:
    """A playbook; `cta_type` None for every type."""

    gsid: str
    name: str
    cta_type: str | None
    cta_type_gsid: str | None
    tasks: tuple[PlaybookTask, ...] = ()
    active: bool = True


@dataclass(frozen=True, slots=True)
class SchemeRange:
    """A range of a scorecard scheme: numbers from `low` to `high`, both included, carry the label.

    `score` is the figure that the label stands for; None in the NUMERIC scheme.
    """

    gsid: str
    scheme: str
    name: str
    low: int
    high: int
    score: int | None
    color: str
    order: int
    label: str
