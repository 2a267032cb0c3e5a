"""What a bound action tells about itself, so that why, record, coverage and advice need not know its kind.

Every bound action has `traits`. Who looks at what:

- coverage counts `decisions`, `choices`, the entries, defaults and lookups of `mappings`, and the arms of the case
  expressions in `mappings` and `texts`;
- why says `Decision.because` of the outcome that a row came to;
- record leaves `words` as they are, which are values of a fixed list; it keeps the stored records that the action
  meets: the fields `meets` of them, those that `mappings` fill, and those found by `searches`, by the import lookups of
  `mappings` or by `identifiers`; a field in `composed` is masked piece by piece;
- advice looks at `entity`, the company or relationship, and at a load's own parts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Final, Literal

from gsrules.dataclass import dataclass
from gsrules.tenant.changes import Outcome

if TYPE_CHECKING:
    from gsrules.actions.ctas.owner import BoundOwner
    from gsrules.actions.mappings.entity import BoundEntity
    from gsrules.actions.mappings.mapping import BoundMapping
    from gsrules.catalogue import Catalogue, FieldDef
    from gsrules.expressions.tree import Expr


@dataclass(frozen=True, slots=True)
class Decision:
    """An outcome that the action can reach with what the rule says.

    `need` says what a row must be for it ("a row without an open CTA of its key"), `because` why a row came to it
    ("no open CTA has its type and reason"); a row with a code has the code's message instead. `code`: only rows with
    that code. `counted`: a test can reach it whatever the behaviour profile says; `failed` never is.
    """

    outcome: Outcome
    need: str
    because: str = ""
    counted: bool = True
    code: str = ""


VALUE_CODES: Final = (
    "REQUIRED_MISSING",
    "TYPE_MISMATCH",
    "NUMBER_OUT_OF_RANGE",
    "VALUE_INVALID",
    "STRING_TOO_LONG",
    "PICKLIST_UNKNOWN",
    "PICKLIST_INACTIVE",
    "PICKLIST_UNMAPPED",
    "LOOKUP_NO_MATCH",
    "LOOKUP_MULTIPLE_MATCH",
    "REFERENCE_NOT_FOUND",
)
"""The codes of field mappings (actions.md §3.2–§3.4)."""

ENTITY_CODES: Final = ("IDENTIFIER_NULL", "VALUE_INVALID", "ENTITY_NOT_FOUND")
"""The codes of `company` and `relationship` (actions.md §1.11)."""

LOAD_CODES: Final = (
    *VALUE_CODES,
    "IDENTIFIER_NULL",
    "DUPLICATE_IN_BATCH",
    "NO_RECORD_TO_UPDATE",
    "MULTIPLE_RECORDS_MATCHED",
    "DUPLICATE_VALUE",
)
"""The codes of the load algorithm (actions.md §4)."""

FAILED: Final = Decision(
    "failed", "a row that the action refuses; which rows it refuses is for the behaviour profile to say", counted=False
)
"""The decision that every kind has."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What the author chose for a value that may be missing: `given` where the row has one, else `missing`.

    Both are the words for the side ("column", "default"); `outcome` limits the rows to those that came to it.
    """

    kind: Literal["owner", "null"]
    name: str
    value: Expr
    given: str
    missing: str
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class Search:
    """Records of `object` that the action finds by a value of the row, or a word, in any of `fields`."""

    object: str
    fields: tuple[str, ...]
    source: Expr | None = None
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Traits:
    """See the module.

    `target` is the object that `mappings` fill, `identifiers` the fields by which it is found; `beside` are mappings
    of further objects, whose fields effects name `object.Field`. `composed`: object and field of texts put
    together of values, with the fields of the record that they consist of; none where a template makes them.
    """

    decisions: tuple[Decision, ...]
    target: str = ""
    mappings: tuple[BoundMapping, ...] = ()
    identifiers: tuple[str, ...] = ()
    beside: Mapping[str, tuple[BoundMapping, ...]] = field(default_factory=dict)
    texts: tuple[tuple[str, Expr], ...] = ()
    entity: BoundEntity | None = None
    choices: tuple[Choice, ...] = ()
    searches: tuple[Search, ...] = ()
    words: tuple[Expr, ...] = ()
    meets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    composed: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)


def effect_field(catalogue: Catalogue, object_: str | None, name: str) -> FieldDef | None:
    """What a field of an effect is: one of its object, or `object.Field` of another; None for what is no field."""
    other, _, field_name = name.rpartition(".")
    definition = catalogue.object(other or object_ or "")
    return definition.field(field_name) if definition is not None else None


def owner_traits(owner: BoundOwner | None) -> tuple[tuple[Choice, ...], tuple[Search, ...], dict[str, tuple[str, ...]]]:
    """The choices, searches and meetings of an owner (actions.md §6.5), for a Traits of the action that has one."""
    if owner is None:
        return (), (), {}
    choices: tuple[Choice, ...] = ()
    if owner.source is not None and owner.default is not None:
        choices = (Choice("owner", "owner", owner.source, "column", "default", "created"),)
    words = () if owner.default is None else (owner.default,)
    meets: dict[str, tuple[str, ...]] = {"gsuser": ("Name", "Email", "IsActiveUser")}
    return choices, (Search("gsuser", ("Email", "Gsid"), owner.source, words),), meets


def listed(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(part for part in (", ".join(words[:-1]), words[-1] if words else "") if part)
