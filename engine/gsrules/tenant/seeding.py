"""Seeds: starting records of files or tests, checked and inserted set-based (rule-language.md §2, platform.md §2).

Every object is staged first, with GSIDs; then lookups by a field of the target are resolved over stored and
staged records alike; then everything is checked; then inserted. Problems are reported all at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from pathlib import Path

import duckdb
from sqlglot import exp

from gsrules.catalogue import Catalogue, FieldDef, ObjectDef
from gsrules.catalogue.model import DefaultValue
from gsrules.catalogue.texts import call
from gsrules.dataclass import dataclass
from gsrules.errors import InputError, Place, Problem
from gsrules.tenant.counters import Counters
from gsrules.tenant.names import (
    GSID,
    SEQUENCE,
    column,
    create_temp,
    drop,
    identifier,
    insert_into,
    named,
    run,
    select_from,
    sql_type,
    temp_table,
)
from gsrules.tenant.seed_checks import Checks
from gsrules.tenant.seed_derived import derived_values
from gsrules.tenant.seed_headers import SeedColumn, bind_headers
from gsrules.tenant.seed_input import FILE_ENDINGS, OWN_GSID, ROW, SeedInput, given_rows, read_file, read_rows
from gsrules.tenant.seed_lookups import resolve_lookups
from gsrules.tenant.seed_values import CellReader
from gsrules.tenant.tables import Tables


@dataclass(slots=True)
class Staged:
    """The records of one object on their way in: `typed` holds `__row` and a column a field.

    `complete` selects what is stored; `spent` are tables that are no longer needed.
    """

    input: SeedInput
    columns: tuple[SeedColumn, ...]
    typed: str
    fields: list[str] = field(default_factory=list)
    spent: list[str] = field(default_factory=list)
    complete: exp.Expression = field(default_factory=exp.Null)

    @property
    def definition(self) -> ObjectDef:
        return self.input.definition


class Seeding:
    """One load of seed records into the tables of a tenant."""

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        catalogue: Catalogue,
        counters: Counters,
        tables: Tables,
    ) -> None:
        self._con = con
        self._catalogue = catalogue
        self._counters = counters
        self._tables = tables
        self._problems: list[Problem] = []
        self._inputs: list[SeedInput] = []

    def add_files(self, files: Mapping[str, Path]) -> None:
        """Reads the seed file of each object. Raises InputError with the problems of every unreadable file."""
        con = self._con
        for name, path in files.items():
            try:
                definition = self._catalogue.objects[name]
                self._inputs.append(read_file(con, path, definition, f"__seed_{len(self._inputs)}"))
            except InputError as error:
                self._problems.extend(error.problems)
                con = self._con.cursor()  # the transaction takes no more statements: the others are only looked at
        if self._problems:
            raise InputError(self._problems)

    def add_rows(self, name: str, rows: Sequence[Mapping[str, object]], place: Place | None = None) -> None:
        """Adds rows that a test gives for an object."""
        definition = _definition(name, self._catalogue, place, self._problems)
        if definition is not None and rows:
            self._inputs.append(read_rows(self._con, rows, definition, f"__seed_{len(self._inputs)}"))

    def load(self) -> dict[str, int]:
        """Checks and inserts everything; gives the number of records by object. Raises InputError with all problems."""
        staged: list[Staged] = []
        checks = Checks(self._con, self._catalogue, self._problems)
        try:
            for given in self._inputs:
                columns = bind_headers(given, self._catalogue, self._problems)
                if columns is not None:
                    staged.append(self._stage(given, columns, checks))
            if not self._problems:
                resolve_lookups(self._con, staged, self._tables.table, self._catalogue, self._problems)
            if not self._problems:
                for one in staged:
                    self._complete(one)
                    own_gsids = any(c.field.name == GSID for c in one.columns)
                    unique = [name for name in one.fields if name != GSID or own_gsids]
                    stored = self._tables.table(one.definition.name)
                    headers = {c.field.name: c.header for c in one.columns}
                    checks.records(one.input, one.complete, one.fields, headers, unique, stored)
            if self._problems:
                raise InputError(self._problems)
            return {one.definition.name: self._insert(one) for one in staged}
        finally:
            used = [table for one in staged for table in (one.typed, *one.spent)]
            for table in [*(given.table for given in self._inputs), *used]:
                run(self._con, drop(temp_table(table)))

    def _stage(self, given: SeedInput, columns: tuple[SeedColumn, ...], checks: Checks) -> Staged:
        """Makes the typed table and checks every cell."""
        reader = CellReader(self._catalogue)
        cta_type = self._cta_type(columns, reader)
        typed = f"{given.table}_typed"
        values: list[exp.Expression] = []
        names: list[str] = [GSID]
        own: exp.Expression | None = None
        for one in columns:
            cell = column(one.cell)
            if one.via is not None:
                values.append(named(cell, one.key))
                continue
            reading = reader.read(one.field, cell, cta_type)
            value = exp.Cast(this=reading.value, to=sql_type(one.field.type.storage))
            if one.field.name == GSID:
                own = value
                values.append(named(value.copy(), OWN_GSID))
            else:
                values.append(named(value, one.field.name))
                names.append(one.field.name)
            checks.expect(one, reading)
        gsid = named(self._gsids(given, own), GSID)
        cells = [column(one.cell) for one in columns if one.via is None]
        run(self._con, create_temp(typed, select_from(temp_table(given.table), column(ROW), gsid, *values, *cells)))
        checks.cells(given, typed)
        return Staged(given, columns, typed, names)

    def _cta_type(self, columns: Iterable[SeedColumn], reader: CellReader) -> exp.Expression | None:
        found = next((c for c in columns if c.field.cockpit_category == "CTA_TYPE" and c.via is None), None)
        return reader.read(found.field, column(found.cell), None).value if found else None

    def _complete(self, staged: Staged) -> None:
        """Adds GSIDs, default values and what follows from other fields."""
        definition = staged.definition
        given = set(staged.fields)
        derived = derived_values(definition, given, self._catalogue)
        values: dict[str, exp.Expression] = {}
        for one in definition.fields.values():
            value: exp.Expression | None = column(one.name) if one.name in given else None
            fallback = derived.get(one.name)
            if fallback is None and one.default is not None:
                fallback = self._default(one)
            if fallback is not None:
                stored = exp.Cast(this=fallback, to=sql_type(one.type.storage))
                value = stored if value is None else exp.Coalesce(this=value, expressions=[stored])
            if value is not None:
                values[one.name] = value
        values["GsIngestionSource"] = exp.Literal.string("SEED")
        items = [named(value, name) for name, value in values.items()]
        select = select_from(temp_table(staged.typed), column(ROW), *items)
        staged.complete = exp.Subquery(this=select, alias=exp.TableAlias(this=identifier("complete")))
        staged.fields = list(values)

    def _gsids(self, given: SeedInput, own: exp.Expression | None) -> exp.Expression:
        """The given GSID, else the next one in the order of the rows."""
        definition = given.definition
        others = None
        number: exp.Expression = exp.Window(this=exp.RowNumber(), order=_by_row())
        if own is not None:
            others = exp.select(named(own.copy(), GSID)).from_(temp_table(given.table))
            missing = exp.Case(ifs=[exp.If(this=own.copy().is_(exp.Null()), true=exp.Literal.number(1))])
            number = exp.Window(this=exp.Count(this=missing), order=_by_row())
        first = self._counters.allocate(definition, given.rows, others)
        counter = exp.Add(this=exp.Literal.number(first - 1), expression=number)
        made = self._counters.gsid(definition, exp.Paren(this=counter))
        return made if own is None else call("coalesce", own, made)

    def _default(self, one: FieldDef) -> exp.Expression | None:
        if one.type.category:
            item = self._catalogue.category(one.type.category).default
            return exp.Literal.string(item.gsid) if item else None
        return _literal(one.default)

    def _insert(self, staged: Staged) -> int:
        name = staged.definition.name
        count = staged.input.rows
        last = self._counters.next_sequence(name, count)
        target = self._tables.writable(name)
        number = exp.Add(this=exp.Literal.number(last), expression=exp.Window(this=exp.RowNumber(), order=_by_row()))
        select = select_from(staged.complete, *(column(one) for one in staged.fields), number)
        select.set("order", _by_row())
        run(self._con, insert_into(target, [*staged.fields, SEQUENCE], select))
        return count


def check_names(records: Mapping[str, Sequence[Mapping[str, object]]], catalogue: Catalogue) -> tuple[Problem, ...]:
    """What is wrong with the names of the objects and fields of given records; their values are not looked at."""
    problems: list[Problem] = []
    for name, rows in records.items():
        definition = _definition(name, catalogue, getattr(name, "place", None), problems)
        if definition is not None:
            bind_headers(given_rows(rows, definition, ""), catalogue, problems)
    return tuple(problems)


def _definition(name: str, catalogue: Catalogue, place: Place | None, problems: list[Problem]) -> ObjectDef | None:
    """The object whose records can be given."""
    definition = catalogue.object(name)
    if definition is None:
        near = catalogue.nearest_object(name)
        problems.append(Problem("GS-NAME", f"there is no object “{name}”", place, value=str(name), nearest=near))
    elif definition.configuration:
        problems.append(_configured(definition, place))
        return None
    return definition


def seed_files(folder: Path, catalogue: Catalogue) -> dict[str, Path]:
    """The seed file of each object; raises InputError for a file of no object, or two files of one."""
    found: dict[str, Path] = {}
    problems: list[Problem] = []
    if not folder.is_dir():
        return found
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in FILE_ENDINGS or not path.is_file():
            continue
        definition = catalogue.objects.get(path.stem.lower())
        place = Place(str(path), 1, 1)
        if definition is None:
            near = catalogue.nearest_object(path.stem)
            hint = "a seed file is named after its object: company.csv"
            problems.append(
                Problem("GS-NAME", f"there is no object “{path.stem}”", place, value=path.name, hint=hint, nearest=near)
            )
        elif definition.configuration:
            problems.append(_configured(definition, place))
        elif definition.name in found:
            message = f"{definition.name} has two seed files: {found[definition.name].name} and {path.name}"
            problems.append(Problem("GS-TENANT-SEED", message, place, hint="keep one of them"))
        else:
            found[definition.name] = path
    if problems:
        raise InputError(problems)
    return {name: found[name] for name in catalogue.objects if name in found}


def _configured(definition: ObjectDef, place: Place | None) -> Problem:
    return Problem(
        "GS-TENANT-SEED",
        f"the records of {definition.name} are configuration, not seed records",
        place,
        value=definition.name,
        hint="declare them in datasets/picklists.yml",
    )


def _by_row() -> exp.Order:
    return exp.Order(expressions=[exp.Ordered(this=column(ROW))])


def _literal(value: DefaultValue) -> exp.Expression:
    if isinstance(value, bool):
        return exp.true() if value else exp.false()
    return exp.Literal.string(str(value))
