"""Field mappings of actions: where a value comes from, its conversion, its codes (actions.md §3)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.oracle.binding import bind_text, family_of
from tests.oracle.scopes import ColumnScope
from tests.oracle.shows import plain
from tests.oracle.tenant import GSID, Field, Object, Record, Tenant
from tests.oracle.values import BLANKS, LARGEST, Context, RefusedError, Row, number_of_text, text_of

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_URL = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*://\S+|www\.\S+)")
_SFDC = re.compile(r"[0-9A-Za-z]{15}([0-9A-Za-z]{3})?")
_FORMS = {"email": _EMAIL, "url": _URL, "sfdc_id": _SFDC}
# Column family to target families that pass under `load.coerce = strict` (§3.4).
_PASS = {
    "text": ("text", "boolean", "date", "datetime", "picklist", "multi", "id"),
    "number": ("text", "number"), "boolean": ("text", "boolean"), "date": ("text", "date"),
    "datetime": ("text", "datetime"), "picklist": ("text", "picklist", "multi"), "multi": ("text", "multi"),
    "id": ("text", "picklist", "id"), "": ("text", "number", "boolean", "date", "datetime", "picklist", "multi", "id"),
}  # fmt: skip


class RowError(Exception):
    """A row, or a value of it, is rejected."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass
class Staged:
    """The write set of a row, with its codes, warnings and outcome."""

    row: int
    source: Row
    values: Record = field(default_factory=dict)
    codes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    outcome: str = ""


@dataclass
class Mapping:
    target: Field
    family: str
    compute: Callable[[Row], Any]
    spec: dict[str, Any]


class Mapper:
    """Binds the `fields:` of an action to an object and applies them row by row."""

    def __init__(self, tenant: Tenant, target: Object, scope: ColumnScope, context: Context) -> None:
        self.tenant = tenant
        self.object = target
        self.scope = scope
        self.context = context

    def bind(self, fields: dict[str, Any]) -> list[Mapping]:
        mappings = [self._bind(name, given) for name, given in fields.items()]
        names = [m.target.name for m in mappings]
        if len(set(names)) != len(names):
            raise RefusedError("GS-*", "a field mapped twice")
        return mappings

    def _bind(self, name: str, given: Any) -> Mapping:
        target = self.object.find(name)
        if target.name in ("CreatedDate", "ModifiedDate", "GsIngestionSource"):
            raise RefusedError("GS-*", f"{name} is read-only")
        spec = {"column": given} if isinstance(given, str) else dict(given)
        family, compute = self._source(spec)
        strict = self.context.profile["load.coerce"] == "strict" and "value" not in spec
        if strict and target.family not in _PASS[family]:
            raise RefusedError("GS-TYPE", f"{family} does not go into {target.family} {name}")
        mapping = Mapping(target, family, compute, spec)
        if "value" in spec and target.family == "picklist":
            self.tenant.label(self._category(target), spec["value"])
        return mapping

    def _category(self, target: Field) -> str:
        return f"{self.object.name}.{target.name}"

    def _source(self, spec: dict[str, Any]) -> tuple[str, Callable[[Row], Any]]:
        if "column" in spec:
            bound = plain(spec["column"], self.scope)[2]
            return bound.family, bound.compute
        if "expression" in spec:
            bound = bind_text(spec["expression"], self.scope, self.context)
            return bound.family, bound.compute
        if "lookup" in spec:
            return "id", self._lookup(spec)
        value = spec["value"]
        return family_of(value), lambda row: value

    def _lookup(self, spec: dict[str, Any]) -> Callable[[Row], Any]:
        """§3.3: several match pairs, all must agree; text trimmed and without regard to letter case."""
        found = self.tenant.object(spec["lookup"])
        pairs = [(found.find(f), plain(c, self.scope)[2].compute) for f, c in spec["match"].items()]
        loose = self.context.profile["load.lookup_case"] == "insensitive"

        def alike(a: Any, b: Any, one: Field) -> bool:
            if isinstance(a, str) and isinstance(b, str) and one.type not in ("gsid", "lookup"):
                a, b = a.strip(BLANKS), b.strip(BLANKS)
                return bool(a.lower() == b.lower() if loose else a == b)
            return bool(a == b)

        def compute(row: Row) -> str | None:
            wanted = [(one, source(row)) for one, source in pairs]
            hits = [] if any(v is None for _, v in wanted) else list(found.records)
            hits = [r for r in hits if all(r[one.name] is not None and alike(r[one.name], v, one) for one, v in wanted)]
            if len(hits) > 1 and spec["multiple"] == "error":
                raise RowError("LOOKUP_MULTIPLE_MATCH")
            if not hits and spec["none"] == "error":
                if "default" in spec:
                    return None
                raise RowError("LOOKUP_NO_MATCH")
            return min((r["Gsid"] for r in hits), default=None)

        return compute

    # -- a row ----------------------------------------------------------------------------------------------------
    def stage(self, staged: Staged, mappings: list[Mapping]) -> None:
        for mapping in mappings:
            try:
                self._write(staged, mapping)
            except RowError as found:
                staged.codes.append(found.code)

    def _write(self, staged: Staged, mapping: Mapping) -> None:
        """The value pipeline of §3.2."""
        target, spec = mapping.target, mapping.spec
        warned: list[str] = []
        try:
            value = mapping.compute(staged.source)
            if value == "" and target.family != "text":
                value = None
            if value is not None and "map" in spec:
                value = self._mapped(value, spec["map"])
            if value is not None:
                value = self.convert(value, target, warned)
        except RowError:
            if "default" not in spec:
                raise
            value = None
            warned = []
        if value is None and "default" in spec:
            value = self.convert(spec["default"], target, warned)
        staged.warnings += warned
        if value is None:
            if target.required:
                raise RowError("REQUIRED_MISSING")
            if spec.get("on_null", self.context.profile["load.on_null"]) == "skip":
                return
        staged.values[target.name] = value

    @staticmethod
    def _mapped(value: Any, options: dict[str, str]) -> str:
        hits = [o for o in options if o == value] or [o for o in options if o.lower() == str(value).lower()]
        if not hits:
            raise RowError("PICKLIST_UNMAPPED")
        return options[hits[0]]

    def convert(self, value: Any, target: Field, warned: list[str]) -> Any:
        """§3.4, then the checks of platform.md §2.4."""
        family = target.family
        if family == "text":
            return self._text(text_of(value, self.context) or "", target)
        if family == "number":
            number = number_of_text(value) if isinstance(value, str) else value
            if number is None:
                raise RowError("TYPE_MISMATCH")
            if abs(number) >= LARGEST:
                raise RowError("NUMBER_OUT_OF_RANGE")
            return number
        if family == "boolean" and isinstance(value, str):
            if value.strip().lower() not in ("true", "false"):
                warned.append("BOOLEAN_COERCED")
            return value.strip().lower() == "true"
        if family in ("date", "datetime") and isinstance(value, str):
            found = self.tenant.read_text(value, target, "")
            if found is None:
                raise RowError("TYPE_MISMATCH")
            return found
        if family == "picklist":
            return self._item(value, target, warned)
        if family == "multi":
            parts = value.split(";") if isinstance(value, str) else value
            return sorted(self._item(part.strip(), target, warned) for part in parts)
        if family == "id":
            return self._reference(value, target, warned)
        return value

    def _text(self, text: str, target: Field) -> str:
        form = _FORMS.get(target.type)
        if form and text and not form.fullmatch(text):
            raise RowError("VALUE_INVALID")
        if target.length and len(text) > target.length:
            if self.context.profile["load.overlength"] == "truncate":
                return text[: target.length]
            raise RowError("STRING_TOO_LONG")
        return text

    def _item(self, value: str, target: Field, warned: list[str]) -> str:
        try:
            label = self.tenant.label(self._category(target), value)
        except RefusedError as unknown:
            raise RowError("PICKLIST_UNKNOWN") from unknown
        if label != value:
            warned.append("LABEL_CASE_DIFFERS")
        return label

    def _reference(self, value: str, target: Field, warned: list[str]) -> str:
        if not GSID.fullmatch(value):
            raise RowError("VALUE_INVALID")
        if target.target and self.tenant.by_gsid(target.target, value) is None:
            rule = self.context.profile["load.dangling_reference"]
            if rule == "error":
                raise RowError("REFERENCE_NOT_FOUND")
            if rule == "warn":
                warned.append("REFERENCE_NOT_FOUND")
        return value
