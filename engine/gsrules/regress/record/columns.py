"""Which columns of a recording are masked, and as what: by type, by name, by what their values look like."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final, Literal

from gsrules.catalogue import FieldDef, ObjectDef
from gsrules.catalogue.datatypes import DataType, Family, Kind
from gsrules.dataclass import dataclass
from gsrules.regress.record.mask_forms import MaskKind, Needs

Treatment = MaskKind | Literal["keep", "as it is", "within"]
"""A kind: masked. `keep`: never touched, at the user's wish. `as it is`: only values that are masked elsewhere are
masked here. `within`: masked values are replaced inside of the text, too."""

_FEW: Final = 60
_PEOPLE: Final = ("person", "gsuser", "company_person", "relationship_person")

EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_URL: Final = re.compile(r"([a-z][a-z0-9+.-]*://\S+)|((www\.)?[\w-]+(\.[\w-]+)*\.[a-z]{2,}(/\S*)?)", re.IGNORECASE)
_PHONE: Final = re.compile(r"[+(]?[\d\s()./-]{5,}\d")
_WORDS: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_FREE: Final = _words(
    "subject comment comments note notes description message body text feedback summary remark remarks address "
    "billingaddress answer question details"
)
_PHONES: Final = _words("phone mobile fax tel telephone cell")
_ADDRESSES: Final = _words("url website web site domain link homepage linkedin")
_COMPANIES: Final = _words("company account customer organisation organization client business tenant")
_PERSONS: Final = _words(
    "person contact user owner csm sponsor manager employee author requester reporter assignee full respondent"
)
_IDENTIFIERS: Final = _words("id ids gsid key number no code uuid guid ref reference externalid")


@dataclass(frozen=True, slots=True)
class TextColumn:
    """A text column of a recording: `owner` is an object or a file's key.

    `values` are those of the recording, `rows` and `distinct` tell of the whole source.
    """

    owner: str
    name: str
    type: DataType
    values: tuple[str, ...]
    rows: int
    distinct: int
    field: FieldDef | None = None
    definition: ObjectDef | None = None
    needs: Needs = Needs()
    composed: bool = False
    """Whether the rule itself makes such texts of other values, and finds records by them."""
    target: DataType | None = None
    """The type of the field to which an action writes the values, if one does."""

    @property
    def path(self) -> str:
        """The column with its owner, as `--keep` takes it."""
        return f"{self.owner}.{self.name}"

    @property
    def title(self) -> str:
        return f"{self.owner}.{self.name}" if self.field is not None else f"{self.owner}: {self.name}"

    @property
    def thing(self) -> str:
        """What the records of the column's object are called in short."""
        if self.definition is None:
            return ""
        return "CTA" if self.owner == "call_to_action" else self.definition.label

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(word.lower() for word in _WORDS.findall(re.sub(r"__(gc|c)$", "", self.name)))

    @property
    def few(self) -> bool:
        """Whether the column says a few things again and again: a category, not a name."""
        return self.distinct <= _FEW and self.distinct * 3 <= self.rows


_WORDS_OF_TYPES: Final = frozenset(
    (Family.NUMBER, Family.BOOLEAN, Family.DATE, Family.DATETIME, Family.PICKLIST, Family.MULTI_PICKLIST, Family.ID)
)


def treatment(column: TextColumn, masked: Sequence[str], kept: Sequence[str]) -> Treatment:
    """What is done with the values of a column; `masked` and `kept` are the names that the user gave."""
    if _is_named(column, kept):
        return "keep"
    found = _by_type(column) or _by_values(column) or _by_name(column)
    if _is_named(column, masked) and not isinstance(found, MaskKind):
        return MaskKind.TEXT
    return found


def unknown_names(columns: Iterable[TextColumn], names: Sequence[str]) -> tuple[str, ...]:
    """The names given by the user that no column has."""
    known = list(columns)
    return tuple(name for name in names if not any(_is_named(column, (name,)) for column in known))


def _is_named(column: TextColumn, names: Sequence[str]) -> bool:
    label = column.field.label if column.field is not None else column.name
    own = {column.name, label, f"{column.owner}.{column.name}", f"{column.owner}.{label}"}
    lowered = {name.lower() for name in own}
    return any(name.strip().strip("[]").lower() in lowered for name in names)


def _by_type(column: TextColumn) -> Treatment | None:
    field = column.field
    if field is not None and field.values:
        return "as it is"
    if field is not None and column.composed:
        return "within"
    if column.target is not None and column.target.family in _WORDS_OF_TYPES:
        return "as it is"  # a day, a flag or an option as a text: another text would not be one
    match (column.target or column.type).kind:
        case Kind.EMAIL:
            return MaskKind.EMAIL
        case Kind.URL:
            return MaskKind.URL
        case Kind.SFDC_ID:
            return MaskKind.ID
        case Kind.RICH_TEXT | Kind.JSON:
            return MaskKind.TEXT
        case _:
            return None


def _by_values(column: TextColumn) -> Treatment | None:
    """What most values look like; phone numbers and web addresses also need a name that says so."""
    filled = [value.strip() for value in column.values if value.strip()]
    if not filled:
        return None
    words = set(column.words)

    def most(pattern: re.Pattern[str]) -> bool:
        return sum(bool(pattern.fullmatch(value)) for value in filled) * 2 > len(filled)

    if most(EMAIL):
        return MaskKind.EMAIL
    if words & _ADDRESSES and most(_URL):
        return MaskKind.URL
    if words & _PHONES and most(_PHONE):
        return MaskKind.PHONE
    return None


def _by_name(column: TextColumn) -> Treatment:
    words = column.words
    if "name" in words or "names" in words or (column.field is not None and column.field.name_field):
        return _name_kind(column, words)
    if set(words) & _FREE:
        return MaskKind.TEXT
    if words and words[-1] in _IDENTIFIERS and not column.few:
        return MaskKind.ID
    if set(words) & _COMPANIES and not column.few:
        return MaskKind.COMPANY
    if set(words) & _PERSONS and not column.few:
        return MaskKind.PERSON
    return "as it is" if column.few else MaskKind.TEXT


def _name_kind(column: TextColumn, words: Sequence[str]) -> Treatment:
    if "first" in words or "given" in words:
        return MaskKind.FIRST_NAME
    if "last" in words or "family" in words or "sur" in words:
        return MaskKind.LAST_NAME
    others = set(words) - {"name", "names"}
    if others & _COMPANIES or (not others and column.owner in ("company", "relationship")):
        return MaskKind.COMPANY
    if others & _PERSONS or column.owner in _PEOPLE:
        return MaskKind.PERSON
    if others and column.few:
        return "as it is"
    return MaskKind.COMPANY if not others and column.definition is None else MaskKind.NAME


def is_text(type_: DataType) -> bool:
    """Whether values of the type may say something about people."""
    return type_.family is Family.TEXT or type_.kind is Kind.SFDC_ID
