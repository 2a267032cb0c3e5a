"""Puts the names that people know in the place of GSIDs, all through a difference."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from gsrules.catalogue import Catalogue
from gsrules.run.record_names import gsids_in, names_in_tenant, option_names, with_names
from gsrules.tenant import Tenant

Made = TypeVar("Made")
_TAIL = 6


def with_record_names(made: Made, tenant: Tenant, catalogues: Iterable[Catalogue]) -> Made:
    """`made`, any of the dataclasses of the model, with the names of records and options instead of their GSIDs.

    Two records of one name keep the end of their GSID, so that they can still be told apart.
    """
    gsids = gsids_in(_texts(made))
    if not gsids:
        return made
    names: dict[str, str] = {}
    for catalogue in catalogues:
        options = option_names(catalogue)
        names |= {gsid: options[gsid] for gsid in gsids if gsid in options}
    names |= names_in_tenant(tenant, sorted(gsids - names.keys()))
    found: Made = _renamed(made, _distinct(names))
    return found


def _distinct(names: Mapping[str, str]) -> dict[str, str]:
    count: dict[str, int] = {}
    for name in names.values():
        count[name] = count.get(name, 0) + 1
    return {gsid: name if count[name] == 1 else f"{name} (…{gsid[-_TAIL:]})" for gsid, name in names.items()}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
    elif is_dataclass(value):
        for each in fields(value):
            yield from _texts(getattr(value, each.name))


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return "".join(shown for _, shown in with_names(value, names))
    if isinstance(value, Mapping):
        return {key: _renamed(item, names) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_renamed(item, names) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        new = {each.name: _renamed(getattr(value, each.name), names) for each in fields(value)}
        return replace(value, **new)
    return value
