"""From the data of a field (standard YAML, object files) to its definition: types, lengths, common fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gsrules.catalogue.datatypes import DATETIME, GSID, DataType, Kind
from gsrules.catalogue.model import FieldDef, label_of
from gsrules.profile import Profile

# platform.md §2.4; the text lengths of strings are profile keys
_LENGTHS: Mapping[Kind, int] = {
    Kind.RICH_TEXT: 150_000,
    Kind.JSON: 150_000,
    Kind.EMAIL: 250,
    Kind.URL: 500,
    Kind.SFDC_ID: 18,
}


def text_length(kind: Kind, profile: Profile, *, standard: bool) -> int | None:
    """The most characters that a field of this type takes where its definition is silent."""
    if kind is Kind.STRING:
        return int(profile["object.string_length_standard" if standard else "object.string_length_custom"])
    return _LENGTHS.get(kind)


def standard_field(object_name: str, name: str, data: Mapping[str, Any], profile: Profile) -> FieldDef:
    """A field of a standard object as its YAML data states it."""
    kind = Kind(data.get("type", "string"))
    is_list = kind in (Kind.PICKLIST, Kind.MULTI_PICKLIST)
    return FieldDef(
        name=name,
        label=data.get("label") or label_of(name),
        type=DataType(
            kind,
            category=data.get("category", f"{object_name}.{name}") if is_list else None,
            target=data.get("to"),
            length=data.get("length") or text_length(kind, profile, standard=True),
        ),
        required=data.get("required", False),
        read_only=data.get("read_only", False),
        name_field=name == "Name",
        default=data.get("default"),
        values=tuple(data.get("values", ())),
        cockpit_category=data.get("picklist"),
        unique=data.get("unique", False),
        unique_always=data.get("unique", False),
    )


def leading_field() -> FieldDef:
    """`Gsid`, the first field of every object (platform.md §2.3)."""
    return FieldDef("Gsid", "GSID", GSID, read_only=True, unique=True, unique_always=True, system=True)


def closing_fields(profile: Profile) -> Iterator[FieldDef]:
    """The stamps and audit fields of every object (platform.md §2.3)."""
    user = DataType(Kind.LOOKUP, target="gsuser")
    text = DataType(Kind.STRING, length=text_length(Kind.STRING, profile, standard=True))
    for name, label, data_type in (
        ("CreatedDate", "GS Created Date", DATETIME),
        ("ModifiedDate", "GS Modified Date", DATETIME),
        ("CreatedBy", "GS Created By", user),
        ("ModifiedBy", "GS Modified By", user),
    ):
        yield FieldDef(name, label, data_type, read_only=True, system=True)
    if profile["tenant.currency"]:
        yield FieldDef("CurrencyIsoCode", "Currency ISO Code", text, default=profile["tenant.currency"])
    for name in ("GsIngestionSource", "GsExecutionId"):
        yield FieldDef(name, label_of(name), text, read_only=True, system=True, audit=True)
