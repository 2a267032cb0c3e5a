"""Objects, fields, data types and picklists of the tenant: the standard ones, with the project's laid over."""

from gsrules.catalogue.catalogue import Catalogue
from gsrules.catalogue.model import (
    Category,
    CockpitItem,
    FieldDef,
    Item,
    ItemMatch,
    ObjectDef,
    PlaybookDef,
    PlaybookTask,
    SchemeRange,
)

__all__ = [
    "Catalogue",
    "Category",
    "CockpitItem",
    "FieldDef",
    "Item",
    "ItemMatch",
    "ObjectDef",
    "PlaybookDef",
    "PlaybookTask",
    "SchemeRange",
]
