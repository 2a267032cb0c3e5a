"""The standard objects and the seeds of the cockpit and of scorecard schemes, kept as data (platform.md §3).

The files are JSON, which every start reads in a moment. company.json holds the objects of §3.1 and §3.2, people.json
§3.3 and §3.4, cockpit.json §3.5 (the computed fields of a CTA, Age, DaysDue …, with their formulas: they follow from
the others and the rule date and are not stored), scorecards.json §3.6, others.json §3.7, seeds.json §3.5 and §3.6.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from gsrules.catalogue.fields import closing_fields, leading_field, standard_field
from gsrules.catalogue.model import ComputedDef, FieldDef, ObjectDef
from gsrules.profile import Profile

_FOLDER = Path(__file__).with_name("standard")
_FILES = ("company.json", "people.json", "cockpit.json", "scorecards.json", "others.json")


@cache
def _read(file: str) -> Mapping[str, Any]:
    data: Mapping[str, Any] = json.loads((_FOLDER / file).read_bytes())
    return data


def seeds() -> Mapping[str, Any]:
    """The cockpit picklists and scorecard schemes of a new tenant."""
    return _read("seeds.json")


def standard_objects(profile: Profile) -> dict[str, ObjectDef]:
    """Every standard object by name, in the order of the reference."""
    found: dict[str, ObjectDef] = {}
    closing = tuple(closing_fields(profile))
    for file in _FILES:
        for name, data in _read(file).items():
            found[name] = _object(name, data, closing, profile)
    return found


def standard_options() -> dict[str, tuple[str, ...]]:
    """The options of the standard dropdown lists, by category id."""
    return {
        f"{name}.{field}": tuple(entry["options"])
        for file in _FILES
        for name, data in _read(file).items()
        for field, entry in data["fields"].items()
        if "options" in entry
    }


def _object(name: str, data: Mapping[str, Any], closing: tuple[FieldDef, ...], profile: Profile) -> ObjectDef:
    own = (standard_field(name, field, entry, profile) for field, entry in data["fields"].items())
    configuration = data.get("configuration", False)
    loadable = data.get("loadable", not configuration)
    return ObjectDef(
        name=name,
        label=data["label"],
        family=data["family"],
        group=data.get("group", "STANDARD"),
        fields={field.name: field for field in (leading_field(), *own, *closing)},
        loadable=loadable,
        createable=loadable,
        loaded_by=tuple(data.get("loaded_by", ())),
        configuration=configuration,
        computed={
            field: ComputedDef(standard_field(name, field, {**entry, "read_only": True}, profile), entry["formula"])
            for field, entry in data.get("computed", {}).items()
        },
    )
