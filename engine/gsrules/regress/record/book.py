"""The records and file lines that a recording may give, as the tenant and the files hold them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from decimal import Decimal
from typing import Any, Final

from sqlglot import exp

from gsrules.catalogue import Catalogue
from gsrules.catalogue.datatypes import Family, Kind
from gsrules.dataclass import dataclass
from gsrules.plan.nodes import ScanFile
from gsrules.regress.record.columns import is_text
from gsrules.regress.record.fields import Wanted, key_fields
from gsrules.run.trace import Trace
from gsrules.sources.columns import FileColumn
from gsrules.spec import Text
from gsrules.spec.tasks import S3Task
from gsrules.tenant import Tenant
from gsrules.tenant.names import GSID, SEQUENCE, column, named, run, select_from
from gsrules.tenant.schema import configured_names

Unit = tuple[str, str]
"""A record (`object`, Gsid) or a line of a file (`bucket/key`, its number): what a recording gives or leaves out."""

_AT_ONCE: Final = 1000


@dataclass(frozen=True, slots=True)
class Record:
    """A record of the tenant; `values` are those of its wanted fields that are not null, as DuckDB gives them."""

    object: str
    gsid: str
    sequence: int
    values: Mapping[str, Any]

    @property
    def unit(self) -> Unit:
        return (self.object, self.gsid)


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a file: by header the text of its cell, None for an empty one."""

    key: str
    number: int
    cells: Mapping[str, str | None]

    @property
    def unit(self) -> Unit:
        return (self.key, str(self.number))


@dataclass(frozen=True, slots=True)
class FileForm:
    """How a file of the rule is written: its columns over all tasks that read it, and a task that does."""

    key: str
    task: S3Task
    columns: tuple[FileColumn, ...]

    @property
    def headers(self) -> tuple[str, ...]:
        return tuple(each.header for each in self.columns)


@dataclass(slots=True)
class Book:
    """What was looked up so far. `labels`: by GSID the names of picklist items, cockpit items and playbooks."""

    catalogue: Catalogue
    wanted: Wanted
    records: dict[Unit, Record] = field(default_factory=dict)
    lines: dict[Unit, Line] = field(default_factory=dict)
    forms: dict[str, FileForm] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    configured: dict[str, dict[str, str]] = field(default_factory=dict)
    """By object and GSID the names of records that the project's files define, as far as they were asked for."""
    sizes: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    """Of text columns, by object or file and by name, how many values and how many different ones the source has."""

    def fields_of(self, name: str) -> tuple[str, ...]:
        """The fields that records of an object show: the wanted ones, and the required and telling ones."""
        definition = self.catalogue.objects[name]
        needed = {*self.wanted.of(name), *key_fields(definition)}
        needed |= {each.name for each in definition.fields.values() if each.required}
        return tuple(field for field in definition.fields if field in needed and field != GSID)

    def load(self, tenant: Tenant, units: Iterable[Unit]) -> None:
        """Reads the records, and those that their lookups point at, and so on."""
        known = (unit for unit in units if unit not in self.records and unit[0] in self.catalogue.objects)
        missing = {unit for unit in known if not self.is_configured(*unit)}
        seen = set(missing)
        while missing:
            for name in sorted({unit[0] for unit in missing}):
                gsids = sorted(gsid for object_, gsid in missing if object_ == name)
                for record in self._read(tenant, name, gsids):
                    self.records[record.unit] = record
            found = {unit for given in missing if given in self.records for unit in self.looked_up(self.records[given])}
            missing = found - seen
            seen |= missing
        self._label(tenant)
        self._measure(tenant)

    def looked_up(self, record: Record) -> Iterator[Unit]:
        """The records that a record points at, those of the project's configuration left out."""
        definition = self.catalogue.objects[record.object]
        for name, value in record.values.items():
            target = definition.fields[name].type.target
            if target is not None and not self.is_configured(target, value):
                yield (target, value)

    def is_configured(self, name: str, gsid: str) -> bool:
        """Whether a record is there in every tenant of the project: its files define it, and no test gives it."""
        if name not in self.configured:
            self.configured[name] = configured_names(self.catalogue, name)
        return self.catalogue.objects[name].configuration or gsid in self.configured[name]

    def closed(self, units: Iterable[Unit]) -> frozenset[Unit]:
        """The units with every record that they point at, as far as it exists."""
        found: set[Unit] = set()
        pending = list(units)
        while pending:
            unit = pending.pop()
            if unit in found or not (unit in self.records or unit in self.lines):
                continue
            found.add(unit)
            if unit in self.records:
                pending.extend(self.looked_up(self.records[unit]))
        return frozenset(found)

    def _read(self, tenant: Tenant, name: str, gsids: Sequence[str]) -> Iterator[Record]:
        fields = self.fields_of(name)
        columns = [column(each) for each in (GSID, SEQUENCE, *fields)]
        for start in range(0, len(gsids), _AT_ONCE):
            some = [exp.Literal.string(gsid) for gsid in gsids[start : start + _AT_ONCE]]
            query = select_from(tenant.table(name), *columns).where(column(GSID).isin(*some), copy=False)
            for gsid, sequence, *values in run(tenant.con, query).fetchall():
                given = {each: value for each, value in zip(fields, values, strict=True) if value is not None}
                yield Record(name, gsid, sequence, given)

    def _label(self, tenant: Tenant) -> None:
        """Names of what records point at in the project's configuration."""
        named: set[str] = set()
        for record in self.records.values():
            definition = self.catalogue.objects[record.object]
            for name in record.values:
                type_ = definition.fields[name].type
                if type_.category:
                    self.labels |= {item.gsid: item.name for item in self.catalogue.category(type_.category).items}
                elif type_.target is not None and self.catalogue.objects[type_.target].configuration:
                    named.add(type_.target)
        for target in sorted(named):
            query = select_from(tenant.table(target), column(GSID), column("Name"))
            self.labels |= dict(run(tenant.con, query).fetchall())

    def _measure(self, tenant: Tenant) -> None:
        for name in sorted({record.object for record in self.records.values()}):
            definition = self.catalogue.objects[name]
            texts = [each for each in self.fields_of(name) if is_text(definition.fields[each].type)]
            if texts and (name, texts[0]) not in self.sizes:
                self._note_sizes(name, texts, _sizes(tenant, tenant.table(name), texts))

    def _note_sizes(self, owner: str, names: Sequence[str], sizes: Sequence[tuple[int, int]]) -> None:
        self.sizes |= {(owner, name): size for name, size in zip(names, sizes, strict=True)}

    def measure_file(self, tenant: Tenant, key: str, rows: exp.Expression, columns: Sequence[FileColumn]) -> None:
        """Notes the sizes of a file's text columns."""
        texts = [each for each in columns if is_text(each.type)]
        if texts:
            sizes = _sizes(tenant, rows, [each.name for each in texts])
            self._note_sizes(key, [each.header for each in texts], sizes)


def _sizes(tenant: Tenant, rows: exp.Expression, names: Sequence[str]) -> list[tuple[int, int]]:
    """How many values, and about how many different ones, each column has."""
    items: list[exp.Expression] = []
    for name in names:
        items += [exp.Count(this=column(name)), exp.ApproxDistinct(this=column(name))]
    found = run(tenant.con, select_from(rows, *items)).fetchone() or ()
    return list(zip(found[::2], found[1::2], strict=True))


def read_lines(trace: Trace, book: Book, wanted: Mapping[str, Iterable[int]]) -> None:
    """Puts the lines of source parts into the book, as texts; `wanted`: part → row numbers.

    A file that several tasks read has the columns of all of them.
    """
    numbers: dict[str, set[int]] = {}
    parts = [part for part in trace.parts if isinstance(part.node, ScanFile)]
    for part in parts:
        source = trace.sources[part.task]
        task = trace.bound.rule.tasks[Text(part.task)]
        assert isinstance(task, S3Task)
        key = str(source.files[0])
        known = book.forms.get(key)
        others = known.columns if known else ()
        own = tuple(each for each in source.columns if each.header not in {other.header for other in others})
        book.forms[key] = FileForm(key, known.task if known else task, others + own)
        rows = sorted(set(wanted.get(part.name, ())))
        found = trace.lines(part.name).where(column("__row", "l").isin(*map(exp.Literal.number, rows)), copy=False)
        numbers.setdefault(key, set()).update(line for _, line in run(trace.tenant.con, found).fetchall())
    for part in parts:
        _read_cells(trace, book, part.name, part.task, numbers)


def _read_cells(trace: Trace, book: Book, part: str, task_name: str, numbers: Mapping[str, set[int]]) -> None:
    source, task = trace.sources[task_name], trace.bound.rule.tasks[Text(task_name)]
    assert isinstance(task, S3Task)
    key = str(source.files[0])
    book.measure_file(trace.tenant, key, trace.rows(part), source.columns)
    if not numbers[key]:
        return
    cells = [named(_text_of(each, task), f"c{n}") for n, each in enumerate(source.columns)]
    line = column("__line", "l")
    query = select_from(trace.rows(part, "p"), named(line, "line"), *cells)
    query = query.join(trace.links_table(part, "l"), on=column("__row", "l").eq(column("__row", "p")), copy=False)
    query = query.where(line.copy().isin(*map(exp.Literal.number, sorted(numbers[key]))), copy=False)
    for number, *texts in run(trace.tenant.con, query).fetchall():
        unit = (key, str(number))
        known = book.lines[unit].cells if unit in book.lines else {}
        own = dict(zip((each.header for each in source.columns), texts, strict=True))
        book.lines[unit] = Line(key, number, {**known, **own})


def _text_of(each: FileColumn, task: S3Task) -> exp.Expression:
    """The value of a file's column as the text that the task reads as that value."""
    value = column(each.name, "p")
    if each.format is not None:
        zone = str(task.timezone) if each.type.kind is Kind.DATETIME else "UTC"
        return exp.cast(each.format.write(value, zone), "VARCHAR")
    if each.type.family is Family.NUMBER and not each.type.whole:
        text = exp.cast(value, "VARCHAR")
        bare = exp.Anonymous(this="regexp_replace", expressions=[text, exp.Literal.string(r"\.?0+$"), _EMPTY.copy()])
        dotted = exp.Anonymous(this="contains", expressions=[text.copy(), exp.Literal.string(".")])
        return exp.Case(ifs=[exp.If(this=dotted, true=bare)], default=text.copy())
    return exp.cast(value, "VARCHAR")


_EMPTY: Final = exp.Literal.string("")


def plain(value: Any) -> Any:
    """A value of DuckDB as a YAML file holds it."""
    if isinstance(value, Decimal):
        whole = value.to_integral_value()
        return int(whole) if whole == value else value.normalize()
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ", timespec="seconds" if not value.microsecond else "milliseconds")
    if isinstance(value, dt.date):
        return value.isoformat()
    return value
