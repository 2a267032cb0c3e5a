"""A draft: units of a book as the `given` of a test: records by labels and paths, files as texts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from gsrules.catalogue import ObjectDef
from gsrules.catalogue.datatypes import Family
from gsrules.dataclass import dataclass
from gsrules.regress.record.book import Book, FileForm, Line, Record, Unit, plain
from gsrules.regress.record.fields import key_fields
from gsrules.regress.record.masking import Masking
from gsrules.sources.dialect import dialect_of
from gsrules.tenant.names import GSID

_FIRST: Final = ("gsuser", "company", "person", "company_person", "relationship")
_UNFIT: Final = (Family.PICKLIST, Family.MULTI_PICKLIST, Family.ID, Family.BOOLEAN)


@dataclass(frozen=True, slots=True)
class Draft:
    """What a recorded test gives. `units` are closed over lookups."""

    book: Book
    units: frozenset[Unit]
    masking: Masking
    profile: Mapping[str, Any]

    @property
    def records(self) -> dict[str, list[Record]]:
        """The records by object, those first that others point at; each object's in the tenant's order."""
        found: dict[str, list[Record]] = {}
        for unit in self.units:
            if unit in self.book.records:
                found.setdefault(unit[0], []).append(self.book.records[unit])
        order = [*_FIRST, *self.book.catalogue.objects]
        names = sorted(found, key=order.index)
        return {name: sorted(found[name], key=lambda record: record.sequence) for name in names}

    @property
    def lines(self) -> dict[str, list[Line]]:
        """The lines by file, also of files without any."""
        found: dict[str, list[Line]] = {key: [] for key in self.book.forms}
        for unit in self.units:
            if unit in self.book.lines:
                found[unit[0]].append(self.book.lines[unit])
        return {key: sorted(lines, key=lambda line: line.number) for key, lines in found.items()}

    def given_records(self) -> dict[str, list[dict[str, Any]]]:
        """The records as a test gives them, in the order of `records`."""
        return _Records(self).given()

    def given_files(self) -> dict[str, str]:
        """The files as a test gives them."""
        return {key: self._file(self.book.forms[key], lines) for key, lines in self.lines.items()}

    def _file(self, form: FileForm, lines: Sequence[Line]) -> str:
        dialect = dialect_of(form.task, self.profile)
        special = {dialect.separator, dialect.qualifier, dialect.escape, "\n", "\r"}

        def cell(text: str) -> str:
            if text and not special & set(text) and text == text.strip():
                return text
            inside = text.replace(dialect.escape, dialect.escape * 2) if dialect.escape != dialect.qualifier else text
            inside = inside.replace(dialect.qualifier, dialect.escape + dialect.qualifier)
            return f"{dialect.qualifier}{inside}{dialect.qualifier}"

        def shown(line: Line, header: str) -> str:
            text = line.cells.get(header)
            return "" if text is None else cell(self.masking.text(line.key, header, text))

        rows = [[cell(header) for header in form.headers]]
        rows += [[shown(line, header) for header in form.headers] for line in lines]
        return "".join(dialect.separator.join(row) + "\n" for row in rows)

    def rows(self) -> int:
        """How many records and lines the test gives."""
        return len(self.units)


class _Records:
    """Writes records: lookups by a telling field of their target where that tells them apart, else by Gsid."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._book = draft.book
        self._records = draft.records
        self._keys: dict[str, str] = {}
        self._looked_up = {target for target, _ in self._pointed_at()}
        lost = {target for target, gsid in self._pointed_at() if (target, gsid) not in draft.units}
        for name in self._looked_up & set(self._records):
            definition = self._book.catalogue.objects[name]
            self._keys[name] = GSID if name in lost else self._key(definition, self._records[name])
        self._with_gsid = {name for name, key in self._keys.items() if key == GSID} | set(self._named_by_gsid())

    def _pointed_at(self) -> Iterator[Unit]:
        for records in self._records.values():
            for record in records:
                yield from self._book.looked_up(record)

    def given(self) -> dict[str, list[dict[str, Any]]]:
        return {name: [self._row(record) for record in records] for name, records in self._records.items()}

    def _key(self, definition: ObjectDef, records: Sequence[Record]) -> str:
        for name in key_fields(definition):
            values = [record.values.get(name) for record in records]
            if definition.fields[name].type.family in _UNFIT or not all(values):
                continue
            if len({str(value).strip().lower() for value in values}) == len(values):
                return name
        return GSID

    def _named_by_gsid(self) -> Iterator[str]:
        """Objects of which a file or a text field holds GSIDs of the records."""
        known = {record.gsid: name for name, records in self._records.items() for record in records}
        texts = [text for lines in self._draft.lines.values() for line in lines for text in line.cells.values()]
        for name, records in self._records.items():
            fields = self._book.catalogue.objects[name].fields
            texts += [
                value
                for record in records
                for field, value in record.values.items()
                if isinstance(value, str) and fields[field].type.family is Family.TEXT
            ]
        yield from (known[text] for text in (*texts, *self._draft.masking.gsids) if text in known)

    def _row(self, record: Record) -> dict[str, Any]:
        definition = self._book.catalogue.objects[record.object]
        shown = {GSID: record.gsid} if record.object in self._with_gsid else {}
        return shown | dict(self._cells(record, definition))

    def _cells(self, record: Record, definition: ObjectDef) -> Iterable[tuple[str, Any]]:
        needed = {*self._book.wanted.of(record.object), self._keys.get(record.object)}
        for name, value in record.values.items():
            field = definition.fields[name]
            if not (field.required or name in needed) or self._goes_without_saying(record, name, value):
                continue
            if field.type.target is not None:
                yield self._lookup(name, field.type.target, value)
            else:
                yield name, self._value(record.object, name, value, field.type.family)

    def _goes_without_saying(self, record: Record, name: str, value: Any) -> bool:
        """Whether a new record has the value by itself (see `tenant/seed_derived.py`, and field defaults)."""
        field = self._book.catalogue.objects[record.object].fields[name]
        if field.default is not None and field.type.category is None and value == field.default:
            return True
        if (record.object, name) == ("gsuser", "SFDCUserName"):
            return bool(value == record.values.get("Email"))
        if record.object != "call_to_action":
            return False
        if name == "EntityType":
            return bool(value == "COMPANY" and "RelationshipId" not in record.values)
        return name == "IsClosed" and value is self._is_closed(record)

    def _is_closed(self, record: Record) -> bool:
        items = self._book.catalogue.cockpit_items
        return any(item.gsid == record.values.get("StatusId") and item.open is False for item in items)

    def _lookup(self, name: str, target: str, value: str) -> tuple[str, Any]:
        if self._book.is_configured(target, value):
            return self._configured(name, target, value)
        key = self._keys.get(target, GSID)
        found = self._book.records.get((target, value))
        if key == GSID or found is None:
            return name, value
        family = self._book.catalogue.objects[target].fields[key].type.family
        return f"{name}.{key}", self._value(target, key, found.values[key], family)

    def _configured(self, name: str, target: str, value: str) -> tuple[str, Any]:
        """A record of the project's own files by its name, if that tells it."""
        if self._book.catalogue.objects[target].configuration:
            return (f"{name}.Name", self._book.labels[value]) if value in self._book.labels else (name, value)
        names = list(self._book.configured[target].values())
        label = self._book.configured[target][value]
        return (f"{name}.Name", label) if names.count(label) == 1 else (name, value)

    def _value(self, owner: str, name: str, value: Any, family: Family) -> Any:
        if family is Family.PICKLIST:
            return self._book.labels.get(value, value)
        if family is Family.MULTI_PICKLIST:
            return [self._book.labels.get(item, item) for item in value]
        if isinstance(value, str):
            return self._draft.masking.text(owner, name, value)
        if isinstance(value, dt.datetime) and self._draft.profile["tenant.timezone"] != "UTC":
            return f"{plain(value)}Z"
        return plain(value)
