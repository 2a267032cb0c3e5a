"""Salesforce objects of the sample: one CSV file an object, typed by what the file holds (rule-language.md §1)."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from gsrules.catalogue.datatypes import DataType, Kind
from gsrules.catalogue.model import FieldDef, ObjectDef, label_of
from gsrules.catalogue.paths import glob_safe
from gsrules.catalogue.texts import call, from_text, trimmed
from gsrules.errors import InputError, Problem

if TYPE_CHECKING:
    import duckdb

# The first type that every filled cell of a column spells is the column's type; else it is text.
_CANDIDATES = (
    DataType(Kind.BOOLEAN),
    DataType(Kind.NUMBER),
    DataType(Kind.DATE),
    DataType(Kind.DATETIME),
)


STORED: Final = "salesforce_"
"""What begins the name of the tenant's own copy of a Salesforce object."""
ID_LENGTH: Final = 15
"""Ids of 15 and of 18 characters mean the same record if these are equal (actions.md §5.11)."""
_KEY_PREFIXES: Final = {
    "account": "001", "contact": "003", "user": "005", "opportunity": "006", "lead": "00Q", "task": "00T",
    "event": "00U", "case": "500", "campaign": "701",
}  # fmt: skip
_CUSTOM_PREFIX: Final = "a00"


class SalesforceObjects:
    """The sample files of a folder; a file is read when its object is asked for first."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._known: dict[str, ObjectDef] = {}

    @cached_property
    def _files(self) -> dict[str, Path]:
        if self._folder is None or not self._folder.is_dir():
            return {}
        return {path.stem.lower(): path for path in sorted(self._folder.iterdir()) if path.suffix.lower() == ".csv"}

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(path.stem for path in self._files.values())

    def file(self, name: str) -> Path | None:
        return self._files.get(name.lower())

    def object(self, name: str) -> ObjectDef | None:
        path = self.file(name)
        if path is None:
            return None
        key = name.lower()
        if key not in self._known:
            self._known[key] = _infer(path)
        return self._known[key]

    def stored(self, name: str) -> ObjectDef | None:
        """The tenant's own copy of an object, by its name in the tenant: salesforce_Account."""
        if not name.lower().startswith(STORED):
            return None
        found = self.object(name[len(STORED) :])
        return _stored(found) if found is not None else None


def _stored(found: ObjectDef) -> ObjectDef:
    gsid = FieldDef("Gsid", "GSID", DataType(Kind.GSID), system=True, audit=True, standard=False)
    return replace(
        found,
        name=STORED + found.name,
        label=found.name,
        family=_KEY_PREFIXES.get(found.name.lower(), _CUSTOM_PREFIX),
        fields={gsid.name: gsid, **found.fields},
        loaded_by=("load_to_salesforce",),
    )


def sample_rows(path: Path) -> exp.Expression:
    """`read_csv` of a sample file, every column as text."""
    options = [
        exp.EQ(this=exp.column("header"), expression=exp.true()),
        exp.EQ(this=exp.column("all_varchar"), expression=exp.true()),
        exp.EQ(this=exp.column("delim"), expression=exp.Literal.string(",")),
        exp.EQ(this=exp.column("quote"), expression=exp.Literal.string('"')),
        exp.EQ(this=exp.column("escape"), expression=exp.Literal.string('"')),
    ]
    return exp.Anonymous(this="read_csv", expressions=[exp.Literal.string(glob_safe(path)), *options])


def _infer(path: Path) -> ObjectDef:
    import duckdb  # kept out of start-up: most runs read no Salesforce sample

    with duckdb.connect() as con:
        try:
            names, types = _columns(con, path)
        except duckdb.Error as error:
            raise InputError(
                Problem("GS-TENANT-FILE", f"{path.name} cannot be read", value=str(path), hint=_first_line(error))
            ) from error
    fields = {
        name: FieldDef(name, label_of(name), data_type, name_field=name == "Name", standard=False)
        for name, data_type in zip(names, types, strict=True)
    }
    return ObjectDef(path.stem, label_of(path.stem), "", "SALESFORCE", fields, place=None)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]


def _columns(con: duckdb.DuckDBPyConnection, path: Path) -> tuple[list[str], list[DataType]]:
    rows = sample_rows(path)
    header = con.execute(exp.select("*").from_(rows.copy()).limit(0).sql(dialect="duckdb")).description or []
    names = [str(column[0]) for column in header]
    counts = exp.Select()
    for position, name in enumerate(names):
        cell = exp.column(exp.to_identifier(name, quoted=True))
        counts = counts.select(exp.alias_(call("count", trimmed(cell)), f"n{position}"))
        for index, candidate in enumerate(_CANDIDATES):
            fits = call("count", from_text(candidate, cell, "UTC"))
            counts = counts.select(exp.alias_(fits, f"c{position}_{index}"))
        sfdc = call("count", from_text(DataType(Kind.SFDC_ID), cell, "UTC"))
        counts = counts.select(exp.alias_(sfdc, f"s{position}"))
    found = con.execute(counts.from_(rows).sql(dialect="duckdb")).fetchone()
    width = len(_CANDIDATES) + 2
    return names, [
        _type_of(name, (found or ())[position * width : (position + 1) * width]) for position, name in enumerate(names)
    ]


def _type_of(name: str, counts: tuple[int, ...]) -> DataType:
    filled, *fits, sfdc = counts
    if name == "Id" or (name.endswith("Id") and filled and sfdc == filled):
        return DataType(Kind.SFDC_ID)
    if filled:
        for candidate, count in zip(_CANDIDATES, fits, strict=True):
            if count == filled:
                return candidate
    return DataType(Kind.STRING)
