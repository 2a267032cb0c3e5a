"""Values that a test expects and values that came out, brought to one form."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from gsrules.catalogue import Catalogue
from gsrules.catalogue.datatypes import DataType, Family


class Forms:
    """Gives both sides the form in which they are compared and shown.

    Picklist values become labels, numbers exact decimals, date-times instants in UTC without a zone. A value that
    does not fit its column's type stays as it is, so that it shows as a difference.
    """

    def __init__(self, catalogue: Catalogue, profile: Mapping[str, Any]) -> None:
        self._catalogue = catalogue
        self._zone = ZoneInfo(str(profile["tenant.timezone"]))
        self._labels: dict[str, dict[str, str]] = {}

    def expected(self, value: Any, type_: DataType) -> Any:
        """A value as the test file has it."""
        if value is None:
            return None
        match type_.family:
            case Family.NUMBER:
                return _number(value)
            case Family.BOOLEAN:
                return {"true": True, "false": False}.get(str(value).lower(), value)
            case Family.DATE:
                return _parsed(dt.date.fromisoformat, value)
            case Family.DATETIME:
                return _parsed(self._instant, value)
            case Family.PICKLIST:
                return self._label(str(value), type_)
            case Family.MULTI_PICKLIST:
                items = value if isinstance(value, list) else [part.strip() for part in str(value).split(";")]
                return ";".join(sorted(self._label(str(item), type_) for item in items))
            case _:
                return str(value) if isinstance(value, int | float | Decimal) and not isinstance(value, bool) else value

    def actual(self, value: Any, type_: DataType) -> Any:
        """A value as DuckDB gave it."""
        if value is None:
            return None
        match type_.family:
            case Family.NUMBER:
                return _number(value)
            case Family.PICKLIST:
                return self._label(value, type_)
            case Family.MULTI_PICKLIST:
                return ";".join(sorted(self._label(item, type_) for item in value))
            case _:
                return value

    def _label(self, text: str, type_: DataType) -> str:
        category = type_.category or ""
        if category not in self._labels:
            found = self._catalogue.category(category)
            self._labels[category] = {item.gsid: item.name for item in found.items} if found else {}
        return self._labels[category].get(text, text)

    def _instant(self, text: str) -> dt.datetime:
        moment = dt.datetime.fromisoformat(text)
        aware = moment if moment.tzinfo else moment.replace(tzinfo=self._zone)
        return aware.astimezone(dt.UTC).replace(tzinfo=None)


def _number(value: Any) -> Any:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return value


def _parsed(parse: Any, value: Any) -> Any:
    try:
        return parse(str(value))
    except ValueError:
        return value
