"""The tenant's own copies of Salesforce objects: tables that begin with the rows of the sample (actions.md §5.11).

A copy is made when a load first writes to the object, in the store with everything else; until then a rule reads the
sample. `Gsid` holds the record's Salesforce id.
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb
from sqlglot import exp

from gsrules.catalogue import Catalogue, ObjectDef
from gsrules.catalogue.salesforce import ID_LENGTH, sample_rows
from gsrules.catalogue.texts import from_text
from gsrules.errors import Problem, RunError
from gsrules.tenant.names import (
    GSID,
    SEQUENCE,
    STORE,
    column,
    column_types,
    create_table,
    insert_into,
    named,
    run,
    select_from,
    sql_type,
    table_of,
)
from gsrules.tenant.schema import add_columns, missing_columns, widened_copy


def typed_sample(catalogue: Catalogue, sample: str, definition: ObjectDef) -> exp.Select:
    """The rows of a sample file with the fields of the definition, typed as they are stored."""
    path = catalogue.salesforce_file(sample)
    if path is None:
        raise RunError(no_sample(catalogue, sample))
    zone = catalogue.profile["tenant.timezone"]
    fields = [found for found in definition.fields.values() if not found.system]
    values = [
        named(exp.Cast(this=from_text(each.type, column(each.name), zone), to=sql_type(each.type.storage)), each.name)
        for each in fields
    ]
    return exp.select(*values).from_(sample_rows(path))


def no_sample(catalogue: Catalogue, name: str) -> Problem:
    """What is wrong where an object has no sample."""
    known = ", ".join(catalogue.salesforce_names)
    hint = f"samples: {known}" if known else "datasets/salesforce/*.csv"
    return Problem(
        "GS-TENANT-SALESFORCE", f"there is no sample of the Salesforce object “{name}”", value=name, hint=hint
    )


def place_copy(con: duckdb.DuckDBPyConnection, catalogue: Catalogue, definition: ObjectDef, home: str) -> str:
    """The database with the copy of an object: the store if it has one that serves, else `home`, where it is made."""
    stored = stored_columns(con, definition.name)
    if stored is None:
        run(con, create_table(table_of(definition.name, home), column_types(definition)))
        fill_copy(con, catalogue, definition, home)
        return home
    missing = missing_columns(definition, stored)
    if not missing:
        return STORE
    if home == STORE:
        add_columns(con, definition.name, missing)
    else:
        widened_copy(con, definition, stored, home)
    return home


def stored_columns(con: duckdb.DuckDBPyConnection, name: str) -> Mapping[str, str] | None:
    """The columns of the copy in the attached store; None if there is no store, or no copy in it."""
    rows = con.execute(
        "SELECT column_name, data_type FROM duckdb_columns()"
        " WHERE database_name = ? AND schema_name = 'main' AND table_name = ?",
        [STORE, name],
    ).fetchall()
    return dict(rows) or None


def fill_copy(con: duckdb.DuckDBPyConnection, catalogue: Catalogue, definition: ObjectDef, home: str) -> None:
    """Puts the rows of the sample into a copy in the place of those there."""
    target = table_of(definition.name, home)
    run(con, exp.delete(target.copy()))
    names = [each.name for each in definition.fields.values() if not each.system]
    number = exp.Window(this=exp.RowNumber())
    rows = exp.Subquery(this=typed_sample(catalogue, definition.label, definition), alias="sample")
    select = select_from(rows, named(column("Id"), GSID), *(column(name) for name in names), named(number, SEQUENCE))
    run(con, insert_into(target, [GSID, *names, SEQUENCE], select))
    _check_ids(con, definition, target)


def _check_ids(con: duckdb.DuckDBPyConnection, definition: ObjectDef, table: exp.Table) -> None:
    key = exp.Left(this=column(GSID), expression=exp.Literal.number(ID_LENGTH))
    count = exp.Count(this=exp.Star())
    several = select_from(table.copy(), named(key, "id"), named(count, "n")).group_by(key.copy(), copy=False)
    wrong = several.having(
        exp.Or(this=exp.GT(this=count.copy(), expression=exp.Literal.number(1)), expression=key.copy().is_(exp.Null())),
        copy=False,
    )
    found = run(con, wrong.order_by(column("id"), copy=False).limit(1, copy=False)).fetchall()
    if found:
        value, rows = found[0]
        what = f"{rows} records with the Id {value}" if value else f"{rows} records without an Id"
        message = f"the sample of {definition.label} holds {what}"
        hint = "ids of 15 and 18 characters are one if the first 15 are equal" if value else "fill the column Id"
        raise RunError(Problem("GS-TENANT-SALESFORCE", message, value=value or "", hint=hint))
