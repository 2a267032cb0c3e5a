"""Which types combine (data-setup.md §2.1)."""

from __future__ import annotations

from enum import Enum, auto

from gsrules.catalogue.datatypes import DataType, Family

_LISTS = frozenset({Family.PICKLIST, Family.MULTI_PICKLIST})


class Mix(Enum):
    """How two types go together."""

    FREE = auto()
    DOUBTFUL = auto()
    """Text with Id: accepted with a warning."""
    OTHER_LIST = auto()
    """A picklist with one of another category, or with Text: a warning, as ids never equal labels."""
    REFUSED = auto()
    """INVALID_TYPE."""


def mix_of(one: DataType, other: DataType) -> Mix:
    """How values of two types combine, in keys and unions."""
    families = {one.family, other.family}
    if len(families) == 1:
        return Mix.OTHER_LIST if one.family in _LISTS and one.category != other.category else Mix.FREE
    if families == {Family.TEXT, Family.ID}:
        return Mix.DOUBTFUL
    if families == {Family.TEXT, Family.PICKLIST}:
        return Mix.OTHER_LIST
    return Mix.REFUSED


def conversion(one: DataType, other: DataType) -> str:
    """What to do about types that do not combine."""
    families = {one.family, other.family}
    if families == {Family.DATE, Family.DATETIME}:
        return "use datetime_to_date in a transform first"
    if Family.NUMBER in families and Family.TEXT in families:
        return "use to_string or to_number in a transform first"
    if Family.PICKLIST in families or Family.MULTI_PICKLIST in families:
        return "use to_string in a transform first, which gives the labels"
    return "convert one of them in a transform first"
