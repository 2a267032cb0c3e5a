"""Data types of fields and columns (platform.md §2.4, data-setup.md §2.1)."""

from __future__ import annotations

from enum import StrEnum

from gsrules.dataclass import dataclass


class Family(StrEnum):
    """Types of one family combine freely; any other mix is INVALID_TYPE (Text with Id: a warning)."""

    TEXT = "Text"
    NUMBER = "Number"
    BOOLEAN = "Boolean"
    DATE = "Date"
    DATETIME = "DateTime"
    PICKLIST = "Picklist"
    MULTI_PICKLIST = "MultiPicklist"
    ID = "Id"


class Kind(StrEnum):
    """A type as rule files and object files spell it."""

    STRING = "string"
    EMAIL = "email"
    URL = "url"
    RICH_TEXT = "rich_text"
    JSON = "json"
    NUMBER = "number"
    CURRENCY = "currency"
    PERCENTAGE = "percentage"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    PICKLIST = "picklist"
    MULTI_PICKLIST = "multi_picklist"
    GSID = "gsid"
    LOOKUP = "lookup"
    SFDC_ID = "sfdc_id"


_FAMILIES: dict[Kind, Family] = {
    **dict.fromkeys((Kind.STRING, Kind.EMAIL, Kind.URL, Kind.RICH_TEXT, Kind.JSON), Family.TEXT),
    **dict.fromkeys((Kind.NUMBER, Kind.CURRENCY, Kind.PERCENTAGE), Family.NUMBER),
    Kind.BOOLEAN: Family.BOOLEAN,
    Kind.DATE: Family.DATE,
    Kind.DATETIME: Family.DATETIME,
    Kind.PICKLIST: Family.PICKLIST,
    Kind.MULTI_PICKLIST: Family.MULTI_PICKLIST,
    **dict.fromkeys((Kind.GSID, Kind.LOOKUP, Kind.SFDC_ID), Family.ID),
}

_STORAGE: dict[Family, str] = {
    Family.TEXT: "VARCHAR",
    Family.NUMBER: "DECIMAL(38,9)",
    Family.BOOLEAN: "BOOLEAN",
    Family.DATE: "DATE",
    Family.DATETIME: "TIMESTAMP",
    Family.PICKLIST: "VARCHAR",
    Family.MULTI_PICKLIST: "VARCHAR[]",
    Family.ID: "VARCHAR",
}


@dataclass(frozen=True, slots=True)
class DataType:
    """The type of a field or column.

    `decimals`: 0–9 for numbers, None for up to 9. `category`: the dropdown category of a picklist.
    `target`: the object that a lookup points at. `length`: the most characters a text field takes.
    `whole`: the column is kept as BIGINT in DuckDB (the fast form of whole numbers; never true of a stored
    field). A date-time is a TIMESTAMP in UTC, a picklist the item's GSID, a multi-picklist a list of GSIDs.
    """

    kind: Kind
    decimals: int | None = None
    category: str | None = None
    target: str | None = None
    length: int | None = None
    whole: bool = False

    @property
    def family(self) -> Family:
        return _FAMILIES[self.kind]

    @property
    def storage(self) -> str:
        """The DuckDB type that holds it."""
        return "BIGINT" if self.whole else _STORAGE[self.family]

    def __str__(self) -> str:
        return self.kind.value


STRING = DataType(Kind.STRING)
NUMBER = DataType(Kind.NUMBER)
WHOLE = DataType(Kind.NUMBER, decimals=0, whole=True)
BOOLEAN = DataType(Kind.BOOLEAN)
DATE = DataType(Kind.DATE)
DATETIME = DataType(Kind.DATETIME)
GSID = DataType(Kind.GSID)
