"""Field mappings of actions: where a value comes from, its conversion, its codes (actions.md §3)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from tests.oracle.binding import Bound, bind_text, family_of
from tests.oracle.conversion import Converter, RowError
from tests.oracle.scopes import ColumnScope
from tests.oracle.shows import plain
from tests.oracle.tenant import GSID, Field, Object, Record, Tenant
from tests.oracle.values import BLANKS, Context, RefusedError, Row

__all__ = ["Mapper", "Mapping", "RowError", "Staged"]
# Column family to target families that pass under `load.coerce = strict` (§3.4).
_PASS = {
    "text": ("text", "boolean", "date", "datetime", "picklist", "multi", "id"),
    "number": ("text", "number"), "boolean": ("text", "boolean"), "date": ("text", "date"),
    "datetime": ("text", "datetime"), "picklist": ("text", "picklist", "multi"), "multi": ("text", "multi"),
    "id": ("text", "picklist", "id"), "": ("text", "number", "boolean", "date", "datetime", "picklist", "multi", "id"),
}  # fmt: skip
_LENIENT = {("text", "number"), ("date", "datetime"), ("datetime", "date")}
SYSTEM = ("CreatedDate", "ModifiedDate", "CreatedBy", "ModifiedBy", "GsIngestionSource", "GsExecutionId")


@dataclass
class Staged:
    """The write set of a row, with its codes, warnings, touched records and outcome."""

    row: int
    source: Row
    values: Record = field(default_factory=dict)
    codes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    outcome: str = ""
    gsids: list[str] = field(default_factory=list)
    extra: Record = field(default_factory=dict)

    def fail(self, code: str, outcome: str = "failed") -> None:
        self.codes.append(code)
        self.outcome = outcome


@dataclass
class Mapping:
    target: Field
    bound: Bound
    spec: dict[str, Any]
    warned: list[str] = field(default_factory=list)


class Mapper:
    """Binds the `fields:` of an action to an object and applies them row by row."""

    def __init__(
        self, tenant: Tenant, target: Object, scope: ColumnScope, context: Context, *, creating: bool = True
    ) -> None:
        self.tenant = tenant
        self.object = target
        self.scope = scope
        self.context = context
        self.creating = creating
        self.converter = Converter(tenant, context)
        self.inserts = False  # every row creates: what is left out is null

    def bind(self, fields: dict[str, Any], refused: Collection[str] = (), gsid: bool = False) -> list[Mapping]:
        mappings = [self.one(name, given, refused, gsid) for name, given in fields.items()]
        names = [m.target.name for m in mappings]
        if len(set(names)) != len(names):
            raise RefusedError("GS-*", "a field mapped twice")
        return mappings

    def one(self, name: str, given: Any, refused: Collection[str] = (), gsid: bool = False) -> Mapping:
        target = self.object.find(name)
        if target.read_only or target.name in refused or target.name in SYSTEM or (target.name == "Gsid" and not gsid):
            raise RefusedError("GS-*", f"{name} is read-only")
        return self.mapping(target, given)

    def mapping(self, target: Field, given: Any) -> Mapping:
        """A mapping of a parameter that is no field of the object, too."""
        spec = {"column": given} if isinstance(given, str) else dict(given)
        warned: list[str] = []
        bound = self._source(spec, warned)
        self._check_types(bound, target, spec)
        self._check_options(bound, target, spec)
        if "lookup" in spec and target.family != "id":
            raise RefusedError("GS-*", f"{target.name} takes no lookup")
        return Mapping(target, bound, spec, warned)

    def _check_types(self, bound: Bound, target: Field, spec: dict[str, Any]) -> None:
        if "value" in spec or "map" in spec:
            return
        family = "text" if target.type == "sfdc_id" else target.family
        lenient = self.context.profile["load.coerce"] == "lenient" and (bound.family, family) in _LENIENT
        if family not in _PASS[bound.family] and not lenient:
            raise RefusedError("GS-TYPE", f"{bound.family} does not go into {target.family} {target.name}")

    def _check_options(self, bound: Bound, target: Field, spec: dict[str, Any]) -> None:
        if target.family not in ("picklist", "multi"):
            return
        category = self.category(target)
        texts = [spec[key] for key in ("value", "default") if key in spec] + list(spec.get("map", {}).values())
        for text in texts:
            for part in str(text).split(";") if target.family == "multi" else [text]:
                self.tenant.label(category, part.strip())
        if bound.family in ("picklist", "multi") and bound.category != category and "map" not in spec:
            raise RefusedError("GS-TYPE", f"{target.name} is of another category")

    def category(self, target: Field) -> str:
        return f"{self.object.name}.{target.name}"

    def _source(self, spec: dict[str, Any], warned: list[str]) -> Bound:
        if "column" in spec:
            return plain(spec["column"], self.scope)[2]
        if "expression" in spec:
            return bind_text(spec["expression"], self.scope, self.context)
        if "lookup" in spec:
            return Bound("id", self._lookup(spec, warned))
        value = spec["value"]
        return Bound(family_of(value), lambda row: value, constant=True)

    def _lookup(self, spec: dict[str, Any], warned: list[str]) -> Callable[[Row], Any]:
        """§3.3: several match pairs, all must agree; text trimmed and without regard to letter case."""
        found = self.tenant.object(spec["lookup"])
        pairs = [(found.find(f), plain(c, self.scope)[2].compute) for f, c in spec["match"].items()]
        if not spec.get("multiple") or not spec.get("none"):
            raise RefusedError("GS-*", "a lookup says what several matches and none mean")
        loose = self.context.profile["load.lookup_case"] == "insensitive"

        def comparable(value: Any, one: Field) -> Any:
            if value is None:
                return None
            try:
                value = self.converter.lookup_value(value, one, f"{found.name}.{one.name}")
            except RowError:
                return None
            if isinstance(value, str) and one.type not in ("gsid", "lookup"):
                value = value.strip(BLANKS)
                return value.lower() if loose else value
            return value

        def compute(row: Row) -> str | None:
            wanted = [comparable(source(row), one) for one, source in pairs]
            hits = [] if None in wanted else list(found.records)
            hits = [r for r in hits if [comparable(r[one.name], one) for one, _ in pairs] == wanted]
            if len(hits) > 1 and spec["multiple"] == "error":
                raise RowError("LOOKUP_MULTIPLE_MATCH")
            if not hits and spec["none"] == "error":
                raise RowError("LOOKUP_NO_MATCH")
            if len(hits) > 1:
                warned.append("LOOKUP_ANY_ONE")
            return min((r["Gsid"] for r in hits), default=None)

        return compute

    # -- a row ----------------------------------------------------------------------------------------------------
    def stage(self, staged: Staged, mappings: list[Mapping]) -> None:
        for mapping in mappings:
            try:
                self._write(staged, mapping)
            except RowError as found:
                staged.codes.append(found.code)

    @staticmethod
    def warn_of_nulls(staged: Staged, record: Record, mappings: list[Mapping]) -> None:
        """A null that replaces a value, where the mapping does not say what nulls do (§3.2 step 5)."""
        silent = [m.target.name for m in mappings if "on_null" not in m.spec]
        if any(n in staged.values and staged.values[n] is None and record.get(n) is not None for n in silent):
            staged.warnings.append("NULL_WRITTEN")

    def value(self, staged: Staged, mapping: Mapping) -> Any:
        """Steps 1 to 4 of the value pipeline of §3.2."""
        target, spec = mapping.target, mapping.spec
        warned: list[str] = []
        mapping.warned.clear()
        try:
            value = mapping.bound.compute(staged.source)
            if value == "" and (target.family != "text" or target.type == "sfdc_id"):
                value = None
            if value is not None and "map" in spec:
                value = self._mapped(value, spec["map"], target, warned)
            if value is not None:
                value = self.converter.convert(value, target, self.category(target), warned)
            warned += mapping.warned
        except RowError as found:
            if "default" not in spec or found.code == "LOOKUP_MULTIPLE_MATCH":
                raise
            value, warned = None, []
        if value is None and "default" in spec:
            value = self.converter.convert(spec["default"], target, self.category(target), warned)
        staged.warnings += warned
        return value

    def _write(self, staged: Staged, mapping: Mapping) -> None:
        """Steps 5 and 6: what a null means."""
        target, spec = mapping.target, mapping.spec
        value = self.value(staged, mapping)
        needed = value is None and target.required and target.default is None
        skips = spec.get("on_null", self.context.profile["load.on_null"]) == "skip"
        if needed and (self.inserts or not skips):
            raise RowError("REQUIRED_MISSING")
        if value is None and skips:
            return
        staged.values[target.name] = value

    def _mapped(self, value: Any, options: dict[str, Any], target: Field, warned: list[str]) -> Any:
        """A customise mapping; for multi-selects value by value."""
        parts = [value] if target.family != "multi" else value.split(";") if isinstance(value, str) else value
        found = []
        for part in parts:
            part = part.strip() if isinstance(part, str) else part
            hits = [o for o in options if o == part]
            if not hits and self.context.profile["object.picklist_case"] == "insensitive":
                hits = [o for o in options if o.lower() == str(part).lower()]
                warned += ["LABEL_CASE_DIFFERS"] if hits else []
            if not hits:
                raise RowError("PICKLIST_UNMAPPED")
            found.append(options[hits[0]])
        return found if target.family == "multi" else found[0]


def attempt(staged: Staged, work: Callable[..., Any], *given: Any) -> Any:
    """What `work` gives; a RowError leaves its code with the row, beside all its others (§3.2)."""
    try:
        return work(*given)
    except RowError as found:
        staged.codes.append(found.code)
        return None


def gsid_of(value: Any) -> str:
    """An id that an action acts on (§1.11)."""
    if value is None or value == "":
        raise RowError("IDENTIFIER_NULL")
    if not GSID.fullmatch(value):
        raise RowError("VALUE_INVALID")
    return str(value)
