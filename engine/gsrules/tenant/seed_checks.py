"""Checks of seed records, set-based: cells, required fields, unique fields. Problems name row, column and value."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import duckdb
from sqlglot import exp

from gsrules.catalogue import Catalogue, FieldDef, ObjectDef
from gsrules.catalogue.datatypes import Kind
from gsrules.errors import Problem
from gsrules.tenant.names import GSID, column, identifier, named, run, select_from, temp_table
from gsrules.tenant.seed_headers import SeedColumn
from gsrules.tenant.seed_input import OWN_GSID, ROW, SeedInput
from gsrules.tenant.seed_values import Reading

_SHOWN = 10
_SHOWN_LETTERS = 80
_PERSON_NAMES = ("Email", "Name", "ExternalRecordID")


ReadColumn = tuple[SeedColumn, Reading]
"""A column, and how its cells are read."""


def bad_cell(one: SeedColumn, reading: Reading) -> exp.Expression:
    """Whether the cell of a row is bad, over the table with texts and values."""
    return reading.bad(column(one.cell), column(_value_column(one)))


class Checks:
    """Collects problems of all objects of one seeding."""

    def __init__(self, con: duckdb.DuckDBPyConnection, catalogue: Catalogue, problems: list[Problem]) -> None:
        self._con = con
        self._unique_extension = catalogue.profile["object.unique"] == "on"
        self._problems = problems

    def cells(self, given: SeedInput, typed: str, expected: Sequence[ReadColumn]) -> None:
        """Reports the bad cells of columns; `typed` holds texts and values."""
        if not expected:
            return
        bad = [bad_cell(one, reading) for one, reading in expected]
        counts = [exp.Anonymous(this="count_if", expressions=[condition.copy()]) for condition in bad]
        found = run(self._con, select_from(temp_table(typed), *counts)).fetchone() or ()
        for count, condition, (one, reading) in zip(found, bad, expected, strict=True):
            if count:
                self._bad_cells(given, typed, one, reading, condition)
                self._more(given, one.header, int(count))

    def records(
        self,
        given: SeedInput,
        rows: exp.Expression,
        fields: Sequence[str],
        headers: Mapping[str, str],
        unique: Collection[str],
        stored: exp.Table,
    ) -> None:
        """Reports missing required values, values that are there already, and persons without a name.

        `rows` is the source of the complete records; `headers` are those of the fields that a column gives; only
        the fields `unique` can hold a value twice.
        """
        definition = given.definition
        required = _required(definition)
        conditions = {one.name: column(one.name).is_(exp.Null()) for one in required if one.name in fields}
        missing = self._counts(rows, conditions)
        for one in definition.fields.values():
            if one in required and one.name not in fields:
                self._no_column(given, one)
            elif missing.get(one.name):
                header = headers.get(one.name)
                hint = _needs(one) if header is None else f"give every row a value in the column {header}"
                self._required(given, rows, one.name, hint, missing[one.name])
            if one in self._unique_fields(definition, unique):
                self._unique(given, rows, one, stored)
        if definition.name == "person":
            self._person(given, rows, fields)

    def wrong_records(
        self,
        definition: ObjectDef,
        rows: exp.Expression,
        fields: Sequence[str],
        unique: Collection[str],
        stored: exp.Table,
    ) -> list[exp.Select]:
        """Queries of one number each, which are all 0 where `records` has nothing to report."""
        required = _required(definition)
        if any(one.name not in fields for one in required):
            return [exp.select(exp.Literal.number(1))]
        missing: list[exp.Expression] = [column(one.name).is_(exp.Null()) for one in required]
        missing += [_nameless(fields)] if definition.name == "person" else []
        wrong = exp.Paren(this=exp.or_(exp.false(), *missing))
        doubles = [_doubles(rows, one, stored) for one in self._unique_fields(definition, unique)]
        return [
            select_from(rows.copy(), exp.Anonymous(this="count_if", expressions=[wrong])),
            *(select_from(one.subquery("doubles"), exp.Count(this=exp.Star())) for one in doubles),
        ]

    def _unique_fields(self, definition: ObjectDef, unique: Collection[str]) -> list[FieldDef]:
        """Those of the fields that may not hold a value twice."""
        found = (one for one in definition.fields.values() if one.name in unique)
        return [one for one in found if one.unique_always or (one.unique and self._unique_extension)]

    def _counts(self, rows: exp.Expression, conditions: Mapping[str, exp.Expression]) -> dict[str, int]:
        """How many rows meet each condition, in one statement."""
        if not conditions:
            return {}
        counts = [exp.Anonymous(this="count_if", expressions=[condition]) for condition in conditions.values()]
        found = run(self._con, select_from(rows.copy(), *counts)).fetchone() or ()
        return dict(zip(conditions, found, strict=True))

    def _bad_cells(
        self, given: SeedInput, typed: str, one: SeedColumn, reading: Reading, condition: exp.Expression
    ) -> None:
        select = select_from(temp_table(typed), column(ROW), column(one.cell))
        select.where(condition, copy=False).order_by(column(ROW), copy=False).limit(_SHOWN, copy=False)
        for row, text in run(self._con, select).fetchall():
            message = f"“{_short(text)}” is no {one.field.type} for {one.field.label}"
            if reading.length is not None and len(text) > reading.length:
                message = f"{one.field.label} takes {reading.length:,} characters; this text has {len(text):,}"
            self._add(
                given,
                row,
                one.header,
                message,
                value=_short(text),
                hint=f"accepted: {reading.accepted}",
                near=reading.nearest(text),
            )

    def _no_column(self, given: SeedInput, one: FieldDef) -> None:
        message = f"{given.definition.name} needs {one.name}, which no column gives"
        self._add(given, 1, one.name, message, hint=_needs(one))

    def _required(self, given: SeedInput, rows: exp.Expression, name: str, hint: str, count: int) -> None:
        missing = column(name).is_(exp.Null())
        select = exp.select(column(ROW)).from_(rows).where(missing).order_by(column(ROW)).limit(_SHOWN)
        for (row,) in run(self._con, select).fetchall():
            self._add(given, row, name, f"{name} is required", hint=hint)
        self._more(given, name, count)

    def _unique(self, given: SeedInput, rows: exp.Expression, one: FieldDef, stored: exp.Table) -> None:
        select = _doubles(rows, one, stored).order_by(exp.Literal.number(3)).limit(_SHOWN)
        for text, first, last in run(self._con, select).fetchall():
            other = f"row {first} has it, too" if first else "a stored record has it, too"
            message = f"{one.name} must be unique: {other}"
            self._add(given, last, one.name, message, value=_short(text), hint="give every record its own")

    def _person(self, given: SeedInput, rows: exp.Expression, fields: Sequence[str]) -> None:
        select = exp.select(column(ROW)).from_(rows).where(_nameless(fields)).order_by(column(ROW)).limit(_SHOWN)
        for (row,) in run(self._con, select).fetchall():
            self._add(given, row, "Email", "a person needs an Email, a Name or an ExternalRecordID")

    def _more(self, given: SeedInput, header: str, count: int) -> None:
        if count > _SHOWN:
            self._add(given, 1, header, f"… and {count - _SHOWN} more rows like these in column {header}")

    def _add(
        self, given: SeedInput, row: int, header: str, message: str, *, value: str = "", hint: str = "", near: str = ""
    ) -> None:
        where = f"{given.definition.name}, {given.source}, row {row}, column {header}"
        self._problems.append(Problem("GS-TENANT-SEED", message, given.place_of(row, header), where, value, hint, near))


def _required(definition: ObjectDef) -> list[FieldDef]:
    return [one for one in definition.fields.values() if one.required and not one.read_only]


def _nameless(fields: Sequence[str]) -> exp.Expression:
    """Whether a person has nothing to be known by."""
    present = [column(name) for name in _PERSON_NAMES if name in fields]
    return exp.Paren(this=exp.and_(exp.true(), *(one.is_(exp.Null()) for one in present)))


def _doubles(rows: exp.Expression, one: FieldDef, stored: exp.Table) -> exp.Select:
    """Values that several records have, staged or stored, with the first and last row; a stored one is row 0."""
    value: exp.Expression = column(one.name)
    if one.type.kind is Kind.EMAIL:
        value = exp.Lower(this=value)
    key = named(value, "k")
    staged = exp.select(key, named(column(ROW), "r")).from_(rows)
    present = exp.select(key.copy(), named(exp.Literal.number(0), "r")).from_(stored.copy())
    both = exp.Subquery(this=exp.union(staged, present, distinct=False), alias=exp.TableAlias(this=identifier("both")))
    return (
        exp.select(column("k"), named(exp.Min(this=column("r")), "first"), named(exp.Max(this=column("r")), "last"))
        .from_(both)
        .where(exp.Not(this=column("k").is_(exp.Null())))
        .group_by(column("k"))
        .having(exp.GT(this=exp.Count(this=exp.Star()), expression=exp.Literal.number(1)))
    )


def _value_column(one: SeedColumn) -> str:
    return OWN_GSID if one.field.name == GSID else one.field.name


def _needs(one: FieldDef) -> str:
    if one.type.target and not one.cockpit_category:
        return f"a GSID, or a column such as {one.name}.Name"
    return f"add a column {one.name}" if one.name != GSID else ""


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN_LETTERS else f"{text[:_SHOWN_LETTERS]}…"
