"""What a run may do at most and must do at least, as written: `expect:` of a rule or an action."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import Field, PlainValidator, WithJsonSchema, model_validator

from gsrules.dataclass import dataclass
from gsrules.errors import Place
from gsrules.spec.base import Name, Spec, refusal

_BOUND = re.compile(r"(<=|>=|<|>|==|=|!=)?\s*([0-9]+(?:\.[0-9]+)?)\s*(%)?")
_EXAMPLE: Final = '40, "<= 40", ">= 1", "<= 5%", or several in a list'


@dataclass(frozen=True, slots=True)
class Bound:
    """A comparison with a number of rows, or, as a `share`, with a percentage of the matched rows."""

    operator: str
    number: Decimal
    share: bool
    text: str
    place: Place | None = None

    def holds(self, count: int, whole: int) -> bool:
        """Whether a count keeps within the bound; `whole` is that of which a share is meant."""
        left = Decimal(count) * 100 if self.share else Decimal(count)
        right = self.number * whole if self.share else self.number
        return {
            "<=": left <= right,
            ">=": left >= right,
            "<": left < right,
            ">": left > right,
            "=": left == right,
            "!=": left != right,
        }[self.operator]


def _bounds(value: Any) -> tuple[Bound, ...]:
    if isinstance(value, tuple) and all(isinstance(each, Bound) for each in value):
        return value
    many = value if isinstance(value, list) else [value]
    if not many:
        raise refusal("GS-SPEC-EMPTY", "no comparison", hint=f"write {_EXAMPLE}")
    places = getattr(value, "places", None) or [None] * len(many)
    return tuple(_bound(each, place) for each, place in zip(many, places, strict=True))


def _bound(value: Any, place: Place | None) -> Bound:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return Bound("=", Decimal(value), False, str(value), place)
    found = _BOUND.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        shown = str(value).lower() if isinstance(value, bool) else str(value)
        raise refusal("GS-SPEC-VALUE", f"`{shown}` is no comparison with a number of rows", hint=f"write {_EXAMPLE}")
    operator = {None: "=", "==": "="}.get(found[1], found[1] or "=")
    if found[3] and Decimal(found[2]) > 100:
        raise refusal("GS-SPEC-VALUE", f"`{value}` is more than all rows", hint="a share goes from 0% to 100%")
    return Bound(
        operator, Decimal(found[2]), bool(found[3]), str(value).strip(), getattr(value, "place", None) or place
    )


_ONE = {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": f"^\\s*{_BOUND.pattern}\\s*$"}]}

Bounds = Annotated[
    tuple[Bound, ...],
    PlainValidator(_bounds),
    WithJsonSchema({"anyOf": [*_ONE["anyOf"], {"type": "array", "items": _ONE, "minItems": 1}]}),
]
"""One comparison or several, all of which must hold."""

COUNTS: Final = ("matched", "created", "updated", "closed", "unchanged", "skipped", "failed", "records_written")


class GuardSpec(Spec):
    """Bounds for what a run does: if one is broken, nothing is applied."""

    matched: Bounds | None = Field(None, description="Rows that passed the criteria; a share is of the dataset's rows.")
    created: Bounds | None = Field(None, description="Rows that create a record; a share is of the matched rows.")
    updated: Bounds | None = Field(None, description="Rows that change a record.")
    closed: Bounds | None = Field(None, description="Rows that close a CTA.")
    unchanged: Bounds | None = Field(None, description="Rows whose record stays as it is.")
    skipped: Bounds | None = Field(None, description="Rows that deliberately do nothing.")
    failed: Bounds | None = Field(None, description="Rows that are refused.")
    records_written: Bounds | None = Field(None, description="Records that are written.")
    per: dict[Name, Bounds] = Field(
        default_factory=dict,
        description="A column, or a field of the target → how many rows of one value may be written.",
    )

    @model_validator(mode="after")
    def _check(self) -> GuardSpec:
        if not self.per and not any(getattr(self, count) for count in COUNTS):
            raise refusal(
                "GS-SPEC-EMPTY", "`expect` expects nothing", hint='for example: {created: "<= 40", failed: 0}'
            )
        return self

    @property
    def counts(self) -> dict[str, tuple[Bound, ...]]:
        """The bounds of each count that has some."""
        return {count: bounds for count in COUNTS if (bounds := getattr(self, count))}
