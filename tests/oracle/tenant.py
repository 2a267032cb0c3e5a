"""Objects and records: the standard ones, the project's, and the seeds (platform.md §2, §3; rule-language.md §2)."""

from __future__ import annotations

import copy
import csv
import re
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.oracle import configuration, formats, standard
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
COMPUTED = (
    "Age", "DaysDue", "DaysPastDueDate", "DaysUntilClose", "DueDateVariance", "ClosedOverdue", "TotalTaskCount",
    "ClosedTaskCount",
)  # fmt: skip
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
    read_only: bool = False
    unique: bool = False

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
        self.templates: dict[str, tuple[str | None, list[Any]]] = {}
        self.callouts: dict[str, Any] = {}
        self.permissions: dict[str, Any] = {}
        self.samples: dict[str, Object] = {}
        self.counters: dict[str, int] = {}
        self.outbox: list[Record] = []
        self.files: dict[str, str] = {}
        datasets = project / "datasets"
        buckets = datasets / "s3"
        self.files |= {p.relative_to(buckets).as_posix(): "" for p in buckets.rglob("*") if p.is_file()}
        for name, (family, label, lines) in standard.STANDARD.items():
            self._add_standard(Object(name, family, label, False), lines)
        for path in sorted((datasets / "objects").glob("*.yml")):
            self._add_custom(load_rule_file(path))
        configuration.configure(self, datasets)
        seeds = sorted((datasets / "records").glob("*.csv"))
        self._seed(seeds)
        for path in sorted((datasets / "salesforce").glob("*.csv")):
            self._add_sample(path)

    def __deepcopy__(self, memo: Any) -> Tenant:
        """Records of its own; definitions are shared, as nothing changes them."""
        twin = copy.copy(self)
        twin.objects = {
            name: replace(one, fields=dict(one.fields), records=[dict(r) for r in one.records])
            for name, one in self.objects.items()
        }
        twin.samples = {n: replace(one, records=[dict(r) for r in one.records]) for n, one in self.samples.items()}
        twin.counters, twin.outbox, twin.files = dict(self.counters), list(self.outbox), dict(self.files)
        return twin

    def take_back(self, other: Tenant) -> None:
        """Becomes what another one is."""
        self.objects, self.samples = other.objects, other.samples
        self.counters, self.outbox, self.files = other.counters, other.outbox, other.files

    def _add_sample(self, path: Path) -> None:
        """A Salesforce object: as far as the cases need it, texts, ids, and columns of numbers alone."""
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            found = Object(path.stem, "", path.stem, False)
            found.records = [{name: text or None for name, text in row.items()} for row in reader]
        for name in reader.fieldnames or []:
            texts = [row[name] for row in found.records if row[name] is not None]
            numbers = bool(texts) and all(number_of_text(text) is not None for text in texts)
            found.fields[name] = Field(name, "number" if numbers else "string", name)
            for row in found.records if numbers else ():
                row[name] = None if row[name] is None else number_of_text(row[name])
        self.samples[found.name.lower()] = found

    # -- definitions ------------------------------------------------------------------------------------------------
    def _add_standard(self, found: Object, lines: tuple[str, ...]) -> None:
        lengths = {"string": self.context.profile["object.string_length_standard"], "email": 250, "url": 500}
        for line in lines:
            kind, _, names = line.partition(": ")
            for part in names.split():
                name, _, target = part.partition(">")
                plain = name.rstrip("*=")
                length = lengths.get(kind, 150_000 if kind == "rich_text" else None)
                one = Field(plain, kind, words(plain), target, name.endswith("*"), length=length)
                one.read_only = name.endswith("=")
                one.default = standard.DEFAULTS.get((found.name, plain))
                found.fields[plain] = one
        self._add_common(found)

    def _add_common(self, found: Object) -> None:
        found.fields["Gsid"] = Field("Gsid", "gsid", "GSID")
        for name, kind in standard.COMMON:
            target = "gsuser" if kind == "lookup" else ""
            found.fields[name] = Field(name, kind, words(name), target, read_only=True)
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
            usual = {"string": self.context.profile["object.string_length_custom"], "email": 250, "url": 500}
            length = spec.get("length", usual.get(kind, 150_000 if kind == "rich_text" else None))
            found.fields[key] = Field(
                key, kind, spec.get("label", key), spec.get("to", ""), spec.get("required", False),
                int(spec.get("decimals", 9)), int(length) if length else None, spec.get("default"),
                unique=spec.get("unique", False),
            )  # fmt: skip
            if kind in ("picklist", "multi_picklist"):
                self.items[f"{name}.{key}"] = list(spec["options"])

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
        number = max([self.counters.get(found.name, 0), *(int(gsid[18:], 36) for gsid in local)]) + 1
        if not values.get("Gsid"):
            record["Gsid"] = prefix + base36(number)
            self.counters[found.name] = number
        found.records.append(record)
        return record

    def insert(self, name: str, values: Record) -> Record:
        """A record made by an action: field defaults where nothing is given, and stamps (actions.md §4)."""
        found, instant = self.object(name), utc_midnight(self.context)
        defaults = {f.name: f.default for f in found.fields.values() if f.default is not None}
        given = {k: v for k, v in values.items() if v is not None or k not in defaults}
        stamps = {"CreatedDate": instant, "ModifiedDate": instant, "GsIngestionSource": "RULES_ENGINE"}
        return self.create(name, defaults | given | stamps)

    def delete(self, name: str, record: Record) -> None:
        """Takes a record out and keeps it in the log of deletions (platform.md §2.6)."""
        found = self.object(name)
        found.records = [r for r in found.records if r is not record]
        self.create("record_delete_log", {
            "RecordId": record["Gsid"], "ObjectName": found.name, "DeletedOn": utc_midnight(self.context),
        })  # fmt: skip

    def place(self, name: str, record: Record) -> int:
        """How far down the record stands: the later, the newer."""
        return next(i for i, r in enumerate(self.records(name)) if r is record)

    def label(self, category: str, text: Any) -> str:
        """The item meant by a label: exact first, then without regard to letter case (§2.5)."""
        items = self.items.get(category, [])
        hits = [i for i in items if i == text]
        if not hits and self.context.profile["object.picklist_case"] == "insensitive":
            hits = [i for i in items if i.lower() == str(text).lower()]
        if not hits:
            raise RefusedError("GS-*", f"{text} is no item of {category}")
        if len(hits) > 1:
            raise RefusedError("GS-AMBIGUOUS", f"{text} is several items of {category}")
        return hits[0]

    def find_cockpit(self, category: str, name: Any, cta_type: str | None = None) -> Record | None:
        """An item by label or GSID: that of the type first; `cta_type` None stands for items of every type."""
        every = [r for r in self.records("cockpit_picklist") if r["Category"] == category]
        every = [r for r in every if r["CtaType"] in (None, "", cta_type)]
        every.sort(key=lambda r: r["CtaType"] is None)
        hits = [r for r in every if name in (r["Name"], r["Gsid"])]
        loose = self.context.profile["object.picklist_case"] == "insensitive"
        hits = hits or [r for r in every if loose and r["Name"].lower() == str(name).lower()]
        return next(iter(hits), None)

    def cockpit(self, category: str, name: str, cta_type: str | None = None) -> Record:
        found = self.find_cockpit(category, name, cta_type)
        if found is None or found["IsActive"] is False:
            raise RefusedError("GS-*", f"{name} is no {category}")
        return found

    # -- seeds ----------------------------------------------------------------------------------------------------
    def _seed(self, paths: list[Path]) -> None:
        waiting: list[tuple[Record, Object, Field, str, str]] = []
        for path in paths:
            found = self.object(path.stem)
            with path.open(encoding="utf-8", newline="") as file:
                for row in csv.DictReader(file):
                    waiting += self._seed_row(found, row)
        self._resolve(waiting)

    def seed_row(self, name: str, row: dict[str, str]) -> None:
        """One further record, written as in a seed file."""
        self._resolve(self._seed_row(self.object(name), row))

    def _resolve(self, waiting: list[tuple[Record, Object, Field, str, str]]) -> None:
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
        if found.name == "gsuser":
            values.setdefault("SFDCUserName", values.get("Email"))
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
        value = None if record is None else self.value(object_name, record, one.name)
        if not rest:
            return value
        return self.shown(one.target, self.by_gsid(one.target, value), rest)

    def value(self, object_name: str, record: Record, name: str) -> Any:
        """A field of a record; those of a CTA that are computed are computed when they are read (§3.5)."""
        if object_name != "call_to_action" or name not in COMPUTED:
            return record.get(name)
        day = self.context.local_date
        today, due, original = self.context.rule_date, record["DueDate"], record["OriginalDueDate"]
        created = day(record["CreatedDate"]) if record["CreatedDate"] else None
        closed = day(record["ClosedDate"]) if record["ClosedDate"] else None
        tasks = [t for t in self.records("cs_task") if t["CtaId"] == record["Gsid"]]
        if name == "ClosedOverdue":
            return None if closed is None or due is None else closed > due
        if name in ("TotalTaskCount", "ClosedTaskCount"):
            return Decimal(len([t for t in tasks if name == "TotalTaskCount" or t["IsClosed"]]))
        ends: dict[str, tuple[date | None, date | None]] = {
            "Age": (closed or today, created), "DaysDue": (original, created), "DueDateVariance": (due, original),
            "DaysPastDueDate": (today, due), "DaysUntilClose": (due, today),
        }  # fmt: skip
        later, earlier = ends[name]
        if later is None or earlier is None or (name == "DaysPastDueDate" and record["IsClosed"]):
            return None
        days = (later - earlier).days
        return Decimal(max(0, days) if name == "DaysPastDueDate" else days)


def utc_midnight(context: Context) -> datetime:
    """The run instant of a manual run (platform.md §4)."""
    return to_utc(datetime(context.rule_date.year, context.rule_date.month, context.rule_date.day), context.zone)
