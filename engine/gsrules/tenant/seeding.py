"""Seeds: starting records of files or tests, checked and inserted set-based (rule-language.md §2, platform.md §2).

Every object is staged first, with GSIDs; then lookups by a field of the target are resolved over stored and
staged records alike; then everything is checked; then inserted. Problems are reported all at once.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import field, replace
from functools import cache
from pathlib import Path

import duckdb
from sqlglot import exp

from gsrules.catalogue import Catalogue, FieldDef, ObjectDef
from gsrules.catalogue.cockpit import CTA_TYPE
from gsrules.catalogue.model import DefaultValue
from gsrules.catalogue.texts import call, trimmed, with_trimmed
from gsrules.dataclass import dataclass
from gsrules.errors import InputError, Place, Problem
from gsrules.tenant.counters import Counters
from gsrules.tenant.names import (
    GSID,
    SEQUENCE,
    column,
    identifier,
    insert_into,
    named,
    select_from,
    sql_type,
    temp_table,
)
from gsrules.tenant.seed_checks import Checks, ReadColumn, bad_cell
from gsrules.tenant.seed_derived import derived_values
from gsrules.tenant.seed_headers import SeedColumn, bind_headers
from gsrules.tenant.seed_input import FILE_ENDINGS, OWN_GSID, ROW, SeedInput, given_rows, read_file, read_rows
from gsrules.tenant.seed_lookups import report_unresolved, resolve_lookups, unresolved
from gsrules.tenant.seed_values import CellReader, Reading
from gsrules.tenant.statements import Statements
from gsrules.tenant.tables import Tables

_COUNTER = "__n"
_CTA_TYPE = "__cta_type"


@dataclass(slots=True)
class Staged:
    """The records of one object on their way in: `typed` holds `__row` and a column a field.

    `spent` are tables that are no longer needed. `expected` are the columns of values with the way they are read,
    worked out when somebody asks.
    """

    input: SeedInput
    columns: tuple[SeedColumn, ...]
    typed: str
    expected: Callable[[], tuple[ReadColumn, ...]]
    fields: list[str] = field(default_factory=list)
    spent: list[str] = field(default_factory=list)

    @property
    def lookups(self) -> list[SeedColumn]:
        """The columns that name records of another object."""
        return [one for one in self.columns if one.via is not None]

    @property
    def definition(self) -> ObjectDef:
        return self.input.definition


class Seeding:
    """One load of seed records into the tables of a tenant."""

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        statements: Statements,
        catalogue: Catalogue,
        counters: Counters,
        tables: Tables,
    ) -> None:
        self._con = con
        self._statements = statements
        self._catalogue = catalogue
        self._counters = counters
        self._tables = tables
        self._problems: list[Problem] = []
        self._inputs: list[SeedInput] = []

    def add_files(self, files: Mapping[str, Path]) -> None:
        """Reads the seed file of each object. Raises InputError with the problems of every unreadable file."""
        con, statements = self._con, self._statements
        for name, path in files.items():
            try:
                table = f"__seed_file_{self._statements.numbered(('seed file', str(path)))}"
                self._inputs.append(read_file(con, statements, path, self._catalogue.objects[name], table))
            except InputError as error:
                self._problems.extend(error.problems)
                con = self._con.cursor()  # the transaction takes no more statements: the others are only looked at
                statements = Statements(con)
        if self._problems:
            raise InputError(self._problems)

    def add_rows(self, name: str, rows: Sequence[Mapping[str, object]], place: Place | None = None) -> None:
        """Adds rows that a test gives for an object."""
        definition = _definition(name, self._catalogue, place, self._problems)
        if definition is not None and rows:
            given = given_rows(rows, definition, "")
            again = sum(each.definition is definition for each in self._inputs)
            number = self._statements.numbered(("seed shape", definition.name, given.headers, again))
            given = replace(given, table=f"__seed_{number}")
            read_rows(self._statements, rows, given)
            self._inputs.append(given)

    def load(self) -> dict[str, int]:
        """Checks and inserts everything; gives the number of records by object. Raises InputError with all problems."""
        staged: list[Staged] = []
        try:
            for given in self._inputs:
                columns = self._columns(given)
                if columns is not None:
                    staged.append(self._stage(given, columns))
            if not self._problems:
                timezone = self._catalogue.profile["tenant.timezone"]
                resolve_lookups(self._statements, staged, self._tables.table, timezone)
            if self._problems or any(self._is_wrong(one) for one in staged):
                self._explain(staged)
                raise InputError(self._problems)
            return {one.definition.name: self._insert(one) for one in staged}
        finally:
            used = [table for one in staged for table in (one.typed, *one.spent)]
            for table in [*(given.table for given in self._inputs), *used]:
                self._statements.drop(table)

    def _columns(self, given: SeedInput) -> tuple[SeedColumn, ...] | None:
        """The bound headers; None if one is wrong."""
        known: dict[Hashable, tuple[SeedColumn, ...]] = self._statements.remembered("seed columns", dict)
        key = (given.table, given.headers)
        if key not in known or not self._statements.kept:
            found = bind_headers(given, self._catalogue, self._problems)
            if found is None:
                return None
            known[key] = found
        return known[key]

    def _stage(self, given: SeedInput, columns: tuple[SeedColumn, ...]) -> Staged:
        """Makes the typed table."""
        reader = CellReader(self._catalogue)
        values = [one for one in columns if one.via is None]

        @cache
        def expected() -> tuple[ReadColumn, ...]:
            cta_type = column(_CTA_TYPE) if any(map(_is_cta_type, values)) else None
            return tuple((one, reader.read(one.field, _cell(one), cta_type)) for one in values)

        own = next((one for one in values if one.field.name == GSID), None)
        others = None
        if own is not None:
            reading = reader.read(own.field, column(own.cell), None)
            others = exp.select(named(_typed(own, reading), GSID)).from_(temp_table(given.table))
        first = self._counters.allocate(given.definition, given.rows, others)
        typed = f"__seed_typed_{self._statements.numbered(('seed typed', given.table, given.headers))}"
        text = self._statements.spelled(("seed typed", typed), lambda: self._typed_rows(given, columns, expected()))
        self._statements.table(typed, text, [first - 1])
        names = [one.field.name for one in values if one is not own]
        return Staged(given, columns, typed, expected, [GSID, *names])

    def _typed_rows(
        self, given: SeedInput, columns: tuple[SeedColumn, ...], expected: tuple[ReadColumn, ...]
    ) -> exp.Expression:
        readings = dict(expected)
        values: list[exp.Expression] = []
        own: exp.Expression | None = None
        more: list[exp.Expression] = []
        for one in columns:
            if one.via is not None:
                values.append(named(column(one.cell), one.key))
                continue
            value = _typed(one, readings[one])
            if _is_cta_type(one):  # reasons are read by it
                more.append(named(value, _CTA_TYPE))
                value = column(_CTA_TYPE)
            if one.field.name == GSID:
                own = value
            values.append(named(value.copy(), OWN_GSID if one.field.name == GSID else one.field.name))
        made = self._counters.gsid(given.definition, column(_COUNTER))
        gsid = named(made if own is None else call("coalesce", own, made), GSID)
        cells = [column(one.cell) for one in readings]
        trims = [named(trimmed(column(one.cell)), _trimmed_cell(one)) for one in readings]
        cleaned = select_from(temp_table(given.table), exp.Star(), *trims).subquery("cleaned")
        numbered = select_from(cleaned, exp.Star(), named(_counter(own), _COUNTER), *more)
        return select_from(numbered.subquery("numbered"), column(ROW), gsid, *values, *cells)

    def _is_wrong(self, one: Staged) -> bool:
        """Whether anything at all is wrong with the staged records, in one statement."""

        def query() -> exp.Expression:
            cells = [bad_cell(*each) for each in one.expected()]
            wrong = exp.or_(exp.false(), *cells, *(unresolved(each) for each in one.lookups))
            count = exp.Anonymous(this="count_if", expressions=[wrong])
            counts: exp.Query = select_from(temp_table(one.typed), named(count, "n"))
            stored = self._tables.table(one.definition.name)
            complete = self._complete(one)
            checks = Checks(self._con, self._catalogue, [])
            for each in checks.wrong_records(one.definition, complete.rows, complete.fields, complete.unique, stored):
                counts = exp.union(counts, each, distinct=False)
            return exp.select(exp.Sum(this=column("n"))).from_(counts.subquery("counts"))

        return bool(self._statements.rows(self._statements.spelled(("seed wrong", one.typed), query))[0][0])

    def _explain(self, staged: Sequence[Staged]) -> None:
        """Finds the problems: of the cells, or else of the lookups, or else of whole records."""
        checks = Checks(self._con, self._catalogue, self._problems)
        for one in staged:
            checks.cells(one.input, one.typed, one.expected())
        if not self._problems:
            report_unresolved(self._con, staged, self._problems)
        if not self._problems:
            for one in staged:
                complete = self._complete(one)
                stored = self._tables.table(one.definition.name)
                headers = {c.field.name: c.header for c in one.columns}
                checks.records(one.input, complete.rows, complete.fields, headers, complete.unique, stored)

    def _complete(self, staged: Staged) -> _Complete:
        """Adds GSIDs, default values and what follows from other fields."""
        return self._statements.remembered(("seed complete", staged.typed), lambda: self._completed(staged))

    def _completed(self, staged: Staged) -> _Complete:
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
        rows = exp.Subquery(this=select, alias=exp.TableAlias(this=identifier("complete")))
        own_gsids = any(c.field.name == GSID for c in staged.columns)
        return _Complete(rows, tuple(values), tuple(name for name in values if name != GSID or own_gsids))

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

        def query() -> exp.Expression:
            complete = self._complete(staged)
            before = exp.Cast(this=exp.Placeholder(), to=sql_type("BIGINT"))
            number = exp.Add(this=before, expression=column(ROW))
            select = select_from(complete.rows.copy(), *(column(one) for one in complete.fields), number)
            select.set("order", _by_row())
            return insert_into(target, [*complete.fields, SEQUENCE], select)

        self._statements.write(self._statements.spelled(("seed insert", target.catalog, staged.typed), query), [last])
        return count


@dataclass(frozen=True, slots=True)
class _Complete:
    """What is stored: a source of rows with these fields, of which those in `unique` can be there already."""

    rows: exp.Expression
    fields: tuple[str, ...]
    unique: tuple[str, ...]


def _counter(own: exp.Expression | None) -> exp.Expression:
    """The counter of a row without a given GSID, in the order of the rows; the last one used is a value."""
    number: exp.Expression = column(ROW)
    if own is not None:
        missing = exp.Case(ifs=[exp.If(this=own.copy().is_(exp.Null()), true=exp.Literal.number(1))])
        number = exp.Window(this=exp.Count(this=missing), order=_by_row())
    return exp.Add(this=exp.Cast(this=exp.Placeholder(), to=sql_type("BIGINT")), expression=number)


def _cell(one: SeedColumn) -> exp.Expression:
    return with_trimmed(column(one.cell), column(_trimmed_cell(one)))


def _trimmed_cell(one: SeedColumn) -> str:
    return f"{one.cell} trimmed"


def _is_cta_type(one: SeedColumn) -> bool:
    return one.field.cockpit_category == CTA_TYPE and one.via is None


def _typed(one: SeedColumn, reading: Reading) -> exp.Expression:
    return exp.Cast(this=reading.value, to=sql_type(one.field.type.storage))


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
