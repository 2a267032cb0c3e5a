"""Values in words: labels of picklists, names of records, numbers without trailing zeros, times of the tenant."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlglot import exp

from gsrules.actions.staging import select, spelled, text
from gsrules.catalogue.datatypes import DataType, Family
from gsrules.catalogue.model import ObjectDef
from gsrules.expressions.printed import value_text
from gsrules.plan.nodes import Column
from gsrules.regress.why.model import Value
from gsrules.run.trace import Trace
from gsrules.tenant.names import GSID, column

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
        self._families = {found.family: found for found in self._catalogue.objects.values()}
        self._names: dict[str, str] = {}

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
                return self.name(str(value)) or str(value)
            case Family.DATETIME if isinstance(value, dt.datetime):
                return self._instant(value)
        return "an empty text" if value == "" else value_text(value)

    def name(self, gsid: str) -> str:
        """The name of the record with that GSID; empty if there is none, or it has no name."""
        if gsid not in self._names:
            self._names[gsid] = self._look_up(gsid)
        return self._names[gsid]

    def _look_up(self, gsid: str) -> str:
        found = self._families.get(gsid[:4])
        if found is None or found.name_field is None:
            return ""
        query = select(column(found.name_field.name)).from_(self._trace.tenant.table(found.name), copy=False)
        query = query.where(exp.EQ(this=column(GSID), expression=text(gsid)), copy=False).limit(1, copy=False)
        row = self._trace.tenant.con.execute(spelled(query)).fetchone()
        return str(row[0]) if row and row[0] is not None else ""

    def object_of(self, name: str) -> ObjectDef | None:
        """The definition of an object."""
        return self._catalogue.object(name)

    def _label(self, gsid: str, type_: DataType) -> str:
        category = self._catalogue.category(type_.category) if type_.category else None
        return next((item.name for item in category.items if item.gsid == gsid), gsid) if category else gsid

    def _instant(self, value: dt.datetime) -> str:
        local = value.replace(tzinfo=dt.UTC).astimezone(self._zone).replace(tzinfo=None)
        return value_text(local)
