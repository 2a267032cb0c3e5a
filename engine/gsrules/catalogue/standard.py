"""The standard objects and the seeds of the cockpit and of scorecard schemes, kept as YAML data (platform.md §3)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import yaml

from gsrules.catalogue.fields import closing_fields, leading_field, standard_field
from gsrules.catalogue.model import FieldDef, ObjectDef
from gsrules.profile import Profile

_FILES = ("company.yml", "people.yml", "cockpit.yml", "scorecards.yml", "others.yml")


@cache
def _read(file: str) -> Mapping[str, Any]:
    text = resources.files("gsrules.catalogue").joinpath("standard", file).read_text(encoding="utf-8")
    data: Mapping[str, Any] = yaml.load(text, yaml.CSafeLoader)
    return data


def seeds() -> Mapping[str, Any]:
    """The cockpit picklists and scorecard schemes of a new tenant."""
    return _read("seeds.yml")


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
    )
