"""Values in words: labels of picklists, names of records, numbers without trailing zeros, times of the tenant."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any, Final
from zoneinfo import ZoneInfo

from gsrules.catalogue import Catalogue
from gsrules.catalogue.datatypes import DataType, Family
from gsrules.catalogue.model import ObjectDef
from gsrules.expressions.printed import value_text
from gsrules.plan.nodes import Column
from gsrules.regress.why.model import Value
from gsrules.run.record_names import names_in_object, names_in_tenant
from gsrules.run.trace import Trace

_CUSTOM: Final = re.compile(r"__(gc|c)$", re.IGNORECASE)
EMPTY = "empty"
"""How a null is said."""


def said_name(column_: Column) -> str:
    """A column as people call it: a field by its label, a dataset's column by its name."""
    return column_.label if column_.label and _CUSTOM.search(column_.name) else column_.name


class Words:
    """Says values as people read them. Names of records are looked up when they are met first."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._catalogue = trace.tenant.catalogue
        self._zone = ZoneInfo(str(trace.bound.context.profile["tenant.timezone"]))
        self._names: dict[tuple[str, str], str] = {}

    def value(self, name: str, value: Any, type_: DataType) -> Value:
        """A named value of that type; a record by its name, with its GSID."""
        text = self.say(value, type_)
        return Value(name, text, id=str(value) if type_.family is Family.ID and text not in (EMPTY, value) else "")

    def say(self, value: Any, type_: DataType) -> str:
        """A value of that type; a record by its name."""
        if value is None:
            return EMPTY
        match type_.family:
            case Family.PICKLIST:
                return self._label(str(value), type_)
            case Family.MULTI_PICKLIST:
                return ", ".join(self._label(str(item), type_) for item in value) or "nothing selected"
            case Family.ID:
                return self.name(str(value), type_.target) or str(value)
            case Family.DATETIME if isinstance(value, dt.datetime):
                return self._instant(value)
        return "an empty text" if value == "" else value_text(value)

    def name(self, gsid: str, object_: str | None) -> str:
        """The name of the record of an object, or, where that is not known, of any; empty if it has none."""
        key = (object_ or "", gsid)
        if key not in self._names:
            tenant, definition = self._trace.tenant, self.object_of(object_ or "")
            found = (
                names_in_tenant(tenant, [gsid]) if definition is None else names_in_object(tenant, definition, [gsid])
            )
            self._names[key] = found.get(gsid, "")
        return self._names[key]

    @property
    def catalogue(self) -> Catalogue:
        return self._catalogue

    def object_of(self, name: str) -> ObjectDef | None:
        """The definition of an object."""
        return self._catalogue.object(name)

    def _label(self, gsid: str, type_: DataType) -> str:
        category = self._catalogue.category(type_.category) if type_.category else None
        return next((item.name for item in category.items if item.gsid == gsid), gsid) if category else gsid

    def _instant(self, value: dt.datetime) -> str:
        local = value.replace(tzinfo=dt.UTC).astimezone(self._zone).replace(tzinfo=None)
        return value_text(local)
