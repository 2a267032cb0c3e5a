"""Values brought to the type of a field (actions.md §3.4, platform.md §2.4)."""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from typing import Any

from tests.oracle.tenant import GSID, Field, Tenant
from tests.oracle.values import BLANKS, LARGEST, Context, RefusedError, number_of_text, text_of

_FORMS = {
    "email": re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+"),
    "url": re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*://\S+|www\.\S+)"),
    "sfdc_id": re.compile(r"[0-9A-Za-z]{15}([0-9A-Za-z]{3})?"),
}


class RowError(Exception):
    """A row, or a value of it, is rejected."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Converter:
    def __init__(self, tenant: Tenant, context: Context) -> None:
        self.tenant = tenant
        self.context = context

    def convert(self, value: Any, target: Field, category: str, warned: list[str]) -> Any:
        """The value in the target's type, checked; a RowError with the code otherwise."""
        family = target.family
        if family == "text" or target.type == "sfdc_id":
            return self._text(text_of(value, self.context) or "", target)
        if family == "picklist":
            return self._item(value, category, warned)
        if family == "multi":
            parts = value.split(";") if isinstance(value, str) else value
            return sorted({self._item(part.strip(), category, warned) for part in parts if part.strip()})
        if family == "id":
            return self.reference(value, target, warned)
        if family == "boolean" and isinstance(value, str):
            if value.strip().lower() not in ("true", "false"):
                warned.append("BOOLEAN_COERCED")
            return value.strip().lower() == "true"
        return self._plain(value, target)

    def _plain(self, value: Any, target: Field) -> Any:
        """Numbers, dates and instants."""
        family = target.family
        if family == "number":
            number = number_of_text(value) if isinstance(value, str) else value
            if number is None:
                raise RowError("TYPE_MISMATCH")
            if abs(number) >= LARGEST:
                raise RowError("NUMBER_OUT_OF_RANGE")
            return number
        if family in ("date", "datetime") and isinstance(value, str):
            found = self.tenant.read_text(value.strip(), target, "")
            if found is None:
                raise RowError("TYPE_MISMATCH")
            return found
        if family == "date" and isinstance(value, datetime):
            return self.context.local_date(value)
        if family == "datetime" and isinstance(value, date) and not isinstance(value, datetime):
            return self.context.start_of(value)
        return value

    def lookup_value(self, value: Any, target: Field, category: str) -> Any:
        """A value as a lookup compares it: only converted, not checked (§3.3)."""
        if target.family in ("text", "id"):
            return text_of(value, self.context)
        if target.family == "picklist":
            return self._item(value, category, [])
        return self.convert(value, target, category, [])

    def _text(self, text: str, target: Field) -> str:
        form = _FORMS.get(target.type)
        if form:
            text = text.strip(BLANKS)
        if form and text and not form.fullmatch(text):
            raise RowError("VALUE_INVALID")
        if target.type == "json":
            try:
                json.loads(text)
            except ValueError as wrong:
                raise RowError("VALUE_INVALID") from wrong
        if target.length and len(text) > target.length:
            if self.context.profile["load.overlength"] == "truncate":
                return text[: target.length]
            raise RowError("STRING_TOO_LONG")
        return text

    def _item(self, value: str, category: str, warned: list[str]) -> str:
        try:
            label = self.tenant.label(category, value.strip())
        except RefusedError as unknown:
            raise RowError("PICKLIST_UNKNOWN") from unknown
        if label != value.strip():
            warned.append("LABEL_CASE_DIFFERS")
        return label

    def reference(self, value: str, target: Field, warned: list[str]) -> str:
        value = value.strip(BLANKS)
        if not GSID.fullmatch(value):
            raise RowError("VALUE_INVALID")
        if target.target and self.tenant.by_gsid(target.target, value) is None:
            rule = self.context.profile["load.dangling_reference"]
            if rule == "error":
                raise RowError("REFERENCE_NOT_FOUND")
            if rule == "warn":
                warned.append("REFERENCE_NOT_FOUND")
        return value
