"""Objects and records: the standard ones, the project's, and the seeds (platform.md §2, §3; rule-language.md §2)."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.oracle import formats, standard
from tests.oracle.values import Context, FailedError, RefusedError, number_of_text, to_utc
from tests.oracle.yamlfile import load_rule_file

FAMILIES = {
    "string": "text", "email": "text", "url": "text", "rich_text": "text", "json": "text", "number": "number",
    "currency": "number", "percentage": "number", "boolean": "boolean", "date": "date", "datetime": "datetime",
    "picklist": "picklist", "multi_picklist": "multi", "gsid": "id", "lookup": "id", "sfdc_id": "id",
}  # fmt: skip
DATE_FORMS = ("yyyy-MM-dd", "MM/dd/yyyy", "MM-dd-yyyy")
DATETIME_FORMS = (
    *(f"yyyy-MM-dd{between}HH:mm[:ss['.'SSS]][{offset}]" for between in ("'T'", " ") for offset in ("XXX", "XX")),
    "MM/dd/yyyy HH:mm:ss",
)
GSID = re.compile("[0-9A-Z]{36}")
TENANT_ID = "00000000LOCAL0"
Record = dict[str, Any]


@dataclass
class Field:
    name: str
    type: str
    label: str
    target: str = ""
    required: bool = False
    decimals: int = 9
    length: int | None = None
    default: Any = None

    @property
    def family(self) -> str:
        return FAMILIES[self.type]


@dataclass
class Object:
    name: str
    family: str
    label: str
    custom: bool
    fields: dict[str, Field] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)

    def find(self, name: str) -> Field:
        hits = [f for f in self.fields.values() if name.lower() in (f.name.lower(), f.label.lower())]
        if len(hits) != 1:
            raise RefusedError("GS-AMBIGUOUS" if hits else "GS-NAME", f"{self.name} has {len(hits)} fields {name}")
        return hits[0]


def words(name: str) -> str:
    return standard.LABELS.get(name) or re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)


def base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[digit] + digits
    return digits.rjust(18, "0")


class Tenant:
    """All objects with their records; picklist values are kept by label."""

    def __init__(self, project: Path, context: Context) -> None:
        self.context = context
        self.objects: dict[str, Object] = {}
        self.items = dict(standard.ITEMS)
        self.playbook_tasks: dict[str, list[dict[str, Any]]] = {}
        self.samples: dict[str, Object] = {}
        datasets = project / "datasets"
        for name, (family, label, lines) in standard.STANDARD.items():
            self._add_standard(Object(name, family, label, False), lines)
        for path in sorted((datasets / "objects").glob("*.yml")):
            self._add_custom(load_rule_file(path))
        self._add_picklists(load_rule_file(datasets / "picklists.yml") or {})
        seeds = sorted((datasets / "records").glob("*.csv"))
        self._seed(seeds)
        for path in sorted((datasets / "salesforce").glob("*.csv")):
            self._add_sample(path)

    def _add_sample(self, path: Path) -> None:
        """A Salesforce object: as far as the cases need it, texts and ids."""
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            found = Object(path.stem, "", path.stem, False)
            found.fields = {name: Field(name, "string", name) for name in reader.fieldnames or []}
            found.records = [{name: text or None for name, text in row.items()} for row in reader]
        self.samples[found.name.lower()] = found

    # -- definitions ------------------------------------------------------------------------------------------------
    def _add_standard(self, found: Object, lines: tuple[str, ...]) -> None:
        for line in lines:
            kind, _, names = line.partition(": ")
            for part in names.split():
                name, _, target = part.partition(">")
                plain = name.rstrip("*")
                length = 250 if kind in ("string", "email") else None
                found.fields[plain] = Field(plain, kind, words(plain), target, name.endswith("*"), length=length)
        self._add_common(found)

    def _add_common(self, found: Object) -> None:
        for name, kind in (("Gsid", "gsid"), ("CreatedDate", "datetime"), ("ModifiedDate", "datetime")):
            label = {"Gsid": "GSID", "CreatedDate": "GS Created Date", "ModifiedDate": "GS Modified Date"}[name]
            found.fields[name] = Field(name, kind, label)
        self.objects[found.name.lower()] = found

    def _add_custom(self, page: dict[str, Any]) -> None:
        name = page["object"]
        found = self.objects.get(name.lower())
        if found is None:
            found = Object(name, "1Z02", page.get("label", name), True)
            self._add_common(found)
        for key, given in page["fields"].items():
            spec: dict[str, Any] = {"type": given} if isinstance(given, str) else given
            kind = spec["type"]
            length = spec.get("length", 500 if kind == "string" else None)
            found.fields[key] = Field(
                key, kind, spec.get("label", key), spec.get("to", ""), spec.get("required", False),
                int(spec.get("decimals", 9)), int(length) if length else None, spec.get("default"),
            )  # fmt: skip
            if kind in ("picklist", "multi_picklist"):
                self.items[f"{name}.{key}"] = list(spec["options"])

    def _add_picklists(self, page: dict[str, Any]) -> None:
        def add(category: str, name: str, cta_type: str | None = None, is_open: bool | None = None) -> Record:
            return self.create("cockpit_picklist", {"Category": category, "Name": name, "CtaType": cta_type,
                               "OpenStatusType": is_open, "IsActive": True})  # fmt: skip

        for name in standard.CTA_TYPES + page.get("cta_types", []):
            add("CTA_TYPE", name)
        for name, is_open in standard.CTA_STATUSES:
            add("CTA_STATUS", name, None, is_open)
        for status in page.get("cta_statuses", []):
            add("CTA_STATUS", status["name"], None, status["open"])
        for name in standard.CTA_PRIORITIES + page.get("cta_priorities", []):
            add("CTA_PRIORITY", name)
        for cta_type in [r["Name"] for r in self.records("cockpit_picklist") if r["Category"] == "CTA_TYPE"]:
            for name in [*page.get("cta_reasons", {}).get(cta_type, []), "Other"]:
                add("CTA_REASON", name, cta_type)
        for name, spec in page.get("playbooks", {}).items():
            cta_type = self.cockpit("CTA_TYPE", spec["type"])["Gsid"]
            self.create("playbook", {"Name": name, "CtaTypeId": cta_type, "IsActive": True})
            self.playbook_tasks[name] = spec.get("tasks", [])
        for category, items in page.get("fields", {}).items():
            self.items[category] = self.items.get(category, []) + items

    # -- access ---------------------------------------------------------------------------------------------------
    def object(self, name: str) -> Object:
        if name.lower() not in self.objects:
            raise RefusedError("GS-NAME", f"no object {name}")
        return self.objects[name.lower()]

    def salesforce(self, name: str) -> Object:
        if name.lower() not in self.samples:
            raise RefusedError("GS-NAME", f"no Salesforce object {name}")
        return self.samples[name.lower()]

    def records(self, name: str) -> list[Record]:
        return self.object(name).records

    def by_gsid(self, name: str, gsid: str | None) -> Record | None:
        return next((r for r in self.records(name) if r["Gsid"] == gsid), None) if gsid else None

    def create(self, name: str, values: Record) -> Record:
        """A new record with the next GSID of its object (platform.md §2.2)."""
        found = self.object(name)
        record: Record = dict.fromkeys(found.fields) | values
        prefix = found.family + TENANT_ID
        local = [r["Gsid"] for r in found.records if r["Gsid"].startswith(prefix)]
        record["Gsid"] = values.get("Gsid") or prefix + base36(max((int(g[18:], 36) for g in local), default=0) + 1)
        found.records.append(record)
        return record

    def label(self, category: str, text: Any) -> str:
        """The item meant by a label: exact first, then without regard to letter case (§2.5)."""
        items = self.items[category]
        hits = [i for i in items if i == text] or [i for i in items if i.lower() == str(text).lower()]
        if not hits:
            raise RefusedError("GS-*", f"{text} is no item of {category}")
        if len(hits) > 1:
            raise RefusedError("GS-AMBIGUOUS", f"{text} is several items of {category}")
        return hits[0]

    def cockpit(self, category: str, name: str, cta_type: str | None = None) -> Record:
        for record in self.records("cockpit_picklist"):
            if record["Category"] == category and record["Name"] == name and record["CtaType"] in (None, cta_type):
                return record
        raise RefusedError("GS-*", f"{name} is no {category}")

    # -- seeds ----------------------------------------------------------------------------------------------------
    def _seed(self, paths: list[Path]) -> None:
        waiting: list[tuple[Record, Object, Field, str, str]] = []
        for path in paths:
            found = self.object(path.stem)
            with path.open(encoding="utf-8", newline="") as file:
                for row in csv.DictReader(file):
                    waiting += self._seed_row(found, row)
        for record, _, lookup, key, text in waiting:
            hits = [r for r in self.records(lookup.target) if r[key] == text]
            if not hits:
                raise FailedError("GS-TENANT-*", f"{lookup.target} has no {text}")
            record[lookup.name] = min(r["Gsid"] for r in hits)

    def _seed_row(self, found: Object, row: dict[str, str]) -> list[tuple[Record, Object, Field, str, str]]:
        values: Record = {}
        waiting = []
        for header, text in row.items():
            name, _, key = header.partition(".")
            one = found.find(name)
            if text == "":
                continue
            if key:
                waiting.append((one, self.object(one.target).find(key).name, text))
            else:
                values[one.name] = self.read_text(text, one, f"{found.name}.{one.name}")
        for one in found.fields.values():
            if one.default is not None and one.name not in values:
                values[one.name] = one.default
        record = self.create(found.name, values)
        return [(record, found, one, key, text) for one, key, text in waiting]

    def read_text(self, text: str, target: Field, category: str) -> Any:
        """A text as a value of a field, or None when it does not fit (platform.md §2.4)."""
        family = target.family
        if family == "number":
            return number_of_text(text)
        if family == "boolean":
            return text.strip().lower() == "true"
        if family == "date":
            return next((d for form in DATE_FORMS if (d := formats.read_date(text, form))), None)
        if family == "datetime":
            return self._read_datetime(text)
        if family == "picklist":
            return self.label(category, text.strip())
        if family == "multi":
            return [self.label(category, part.strip()) for part in text.split(";")]
        return text

    def _read_datetime(self, text: str) -> datetime | None:
        for form in DATETIME_FORMS:
            found = formats.read_datetime(text, form, self.context.zone)
            if found is not None:
                return found
        return None

    # -- what is shown --------------------------------------------------------------------------------------------
    def shown(self, object_name: str, record: Record | None, path: str) -> Any:
        """A field or a dotted path of a record, lookups followed."""
        name, _, rest = path.partition(".")
        one = self.object(object_name).find(name)
        value = None if record is None else record[one.name]
        if not rest:
            return value
        return self.shown(one.target, self.by_gsid(one.target, value), rest)


def utc_midnight(context: Context) -> datetime:
    """The run instant of a manual run (platform.md §4)."""
    return to_utc(datetime(context.rule_date.year, context.rule_date.month, context.rule_date.day), context.zone)
