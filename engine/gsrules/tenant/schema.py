"""The tables of the store: created from the catalogue, and grown when the catalogue grows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import duckdb
from sqlglot import exp

from gsrules.catalogue import Catalogue, ObjectDef
from gsrules.catalogue.gsids import SUFFIX_LENGTH
from gsrules.catalogue.scorecards import CARDS, ENTITY_TYPES, MEASURES
from gsrules.dataclass import dataclass
from gsrules.errors import Problem, RunError
from gsrules.tenant.changes import OUTBOX_COLUMNS
from gsrules.tenant.names import (
    SEQUENCE,
    STORE,
    column,
    column_types,
    create_as,
    create_table,
    identifier,
    insert_into,
    named,
    run,
    spell,
    sql_type,
    table_of,
    typed_null,
)

SCHEMA_VERSION = 2
META_TABLE = "gs_store"
OUTBOX_TABLE = "outbox"
MARKS_TABLE = "gs_deactivated_rule"
PICKLIST_TABLE = "gs_picklist_item"
RUNS_TABLE = "gs_journal_run"
ENTRIES_TABLE = "gs_journal"
SCHEME_OBJECT = "scorecard_scheme_definition"

INTERNAL_TABLES: Mapping[str, Sequence[tuple[str, str]]] = {
    META_TABLE: [("key", "VARCHAR"), ("value", "VARCHAR")],
    PICKLIST_TABLE: [
        ("category", "VARCHAR"),
        ("gsid", "VARCHAR"),
        ("name", "VARCHAR"),
        ("active", "BOOLEAN"),
        ("display_order", "INTEGER"),
        ("is_default", "BOOLEAN"),
    ],
    "gs_cta_comment_log": [("cta", "VARCHAR"), ("rule", "VARCHAR"), ("action", "VARCHAR")],
    "gs_run_history": [
        ("run_id", "VARCHAR"),
        ("rule", "VARCHAR"),
        ("status", "VARCHAR"),
        ("mode", "VARCHAR"),
        ("rule_date", "DATE"),
        ("started", "TIMESTAMP"),
        ("report", "VARCHAR"),
    ],
    OUTBOX_TABLE: [
        ("run", "VARCHAR"),
        ("n", "BIGINT"),
        ("rule", "VARCHAR"),
        ("action", "VARCHAR"),
        ("at", "TIMESTAMP"),
        *OUTBOX_COLUMNS.items(),
    ],
    MARKS_TABLE: [("rule", "VARCHAR"), ("fingerprint", "VARCHAR"), ("reason", "VARCHAR")],
    RUNS_TABLE: [("number", "BIGINT"), ("run_id", "VARCHAR"), ("rule", "VARCHAR"), ("undone_by", "VARCHAR")],
    ENTRIES_TABLE: [
        ("run", "BIGINT"),
        ("position", "BIGINT"),
        ("object", "VARCHAR"),
        ("kind", "VARCHAR"),
        ("place", "VARCHAR"),
        ("fields", "VARCHAR"),
        ("first", "BIGINT"),
        ("last", "BIGINT"),
        ("rows", "BIGINT"),
    ],
}


@dataclass(frozen=True, slots=True)
class StoredTables:
    """The tables that a store holds, with their columns' types."""

    columns: Mapping[str, Mapping[str, str]]
    meta: Mapping[str, str]

    @property
    def is_empty(self) -> bool:
        return not self.columns


def is_current(meta: Mapping[str, str], catalogue: Catalogue) -> bool:
    """Whether a store that says this of itself has the tables of this program and catalogue."""
    return meta.get("catalogue") == catalogue.fingerprint and meta.get("schema_version") == str(SCHEMA_VERSION)


def current_tables(con: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> StoredTables | None:
    """What the attached store holds if it was written with this very catalogue; None if it has to be looked up.

    DuckDB needs 25 ms to list the columns of a database for the first time, which a store that fits does not need.
    """
    select = exp.select(column("key"), column("value")).from_(table_of(META_TABLE, STORE))
    try:
        meta: dict[str, str] = dict(run(con, select).fetchall())
    except (duckdb.CatalogException, duckdb.BinderException):  # an empty store, or a file of another program
        return None
    if not is_current(meta, catalogue):
        return None
    columns = {name: dict(columns) for name, columns in INTERNAL_TABLES.items()}
    columns |= {name: dict(column_types(definition)) for name, definition in catalogue.objects.items()}
    return StoredTables(columns, meta)


def stored_tables(con: duckdb.DuckDBPyConnection) -> StoredTables:
    """What the attached store holds; raises RunError if it is no store of this program, or of a newer one."""
    rows = con.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns()"
        " WHERE database_name = 'tenant' AND schema_name = 'main' AND NOT internal"
    ).fetchall()
    found: dict[str, dict[str, str]] = {}
    for table, name, data_type in rows:
        found.setdefault(table, {})[name] = data_type
    if not found:
        return StoredTables({}, {})
    if META_TABLE not in found:
        raise RunError(
            Problem(
                "GS-TENANT-FOREIGN",
                "this DuckDB file is no local tenant of gsrules",
                hint="set `store` to another file; nothing was changed",
            )
        )
    select = exp.select(column("key"), column("value")).from_(table_of(META_TABLE, STORE))
    meta: dict[str, str] = dict(run(con, select).fetchall())
    _check_version(meta.get("schema_version", ""))
    return StoredTables(found, meta)


def _check_version(version: str) -> None:
    if not version.isdigit() or int(version) > SCHEMA_VERSION:
        raise RunError(
            Problem(
                "GS-TENANT-NEWER",
                f"the local tenant has the layout {version or '?'} of a newer gsrules; this one knows {SCHEMA_VERSION}",
                value=version,
                hint="update gsrules, or start over with gsrules reset",
            )
        )


def missing_columns(definition: ObjectDef, stored: Mapping[str, str]) -> list[tuple[str, str]]:
    """The columns that an object's stored table lacks; raises RunError if a column has another type now."""
    present = {name.lower(): data_type for name, data_type in stored.items()}
    problems = [
        Problem(
            "GS-TENANT-SCHEMA",
            f"{definition.name}.{name} is stored as {present[name.lower()]}, but its type is now kept as {kind}",
            definition.fields[name].place if name in definition.fields else None,
            where=definition.name,
            hint="give the field its old type back, or start over with gsrules reset",
        )
        for name, kind in column_types(definition)
        if name.lower() in present and present[name.lower()].replace(" ", "") != kind.replace(" ", "")
    ]
    if problems:
        raise RunError(problems)
    return [(name, kind) for name, kind in column_types(definition) if name.lower() not in present]


def create_object(con: duckdb.DuckDBPyConnection, definition: ObjectDef, database: str) -> None:
    """Creates the empty table of an object."""
    con.execute(_creation(definition.name, database, tuple(column_types(definition))))


@lru_cache(512)
def _creation(name: str, database: str, columns: tuple[tuple[str, str], ...]) -> str:
    """The statement that creates a table; every tenant in memory needs the same ones."""
    return spell(create_table(table_of(name, database), columns))


def create_internal(con: duckdb.DuckDBPyConnection, name: str, database: str) -> None:
    """Creates one of the tables that belong to no object."""
    run(con, create_table(table_of(name, database), INTERNAL_TABLES[name]))


def add_columns(con: duckdb.DuckDBPyConnection, name: str, columns: Sequence[tuple[str, str]]) -> None:
    """Adds columns to a table of the store; the records there get NULL."""
    for column_name, kind in columns:
        definition = exp.ColumnDef(this=identifier(column_name), kind=sql_type(kind))
        run(con, exp.Alter(this=table_of(name, STORE), kind="TABLE", actions=[definition]))


def widened_copy(con: duckdb.DuckDBPyConnection, definition: ObjectDef, stored: Mapping[str, str], target: str) -> None:
    """Copies a stored table into another database, with the columns that it lacks as NULL."""
    missing = {name for name, _ in missing_columns(definition, stored)}
    select = exp.select(
        *(named(typed_null(kind) if name in missing else column(name), name) for name, kind in column_types(definition))
    ).from_(table_of(definition.name, STORE))
    run(con, create_as(table_of(definition.name, target), select))


def write_meta(con: duckdb.DuckDBPyConnection, values: Mapping[str, str]) -> None:
    """Sets what the store keeps about itself."""
    target = table_of(META_TABLE, STORE)
    for key, value in values.items():
        run(con, exp.delete(target.copy(), column("key").eq(exp.Literal.string(key))))
        select = exp.select(exp.Literal.string(key), exp.Literal.string(value))
        run(con, insert_into(target.copy(), ("key", "value"), select))


def fill_picklists(con: duckdb.DuckDBPyConnection, catalogue: Catalogue, database: str) -> None:
    """Brings the table of dropdown options up to date."""
    target = table_of(PICKLIST_TABLE, database)
    run(con, exp.delete(target.copy()))
    rows = [
        (category.id, item.gsid, item.name, item.active, item.order, item.default)
        for category in catalogue.categories.values()
        for item in category.items
    ]
    insert_rows(con, target, INTERNAL_TABLES[PICKLIST_TABLE], rows)


def fill_configuration(con: duckdb.DuckDBPyConnection, catalogue: Catalogue, name: str, database: str) -> bool:
    """Brings the records that the catalogue itself defines up to date; False if it defines none of this object."""
    rows = _configuration_rows(catalogue, name)
    if rows is None:
        return False
    columns, values = rows
    definition = catalogue.objects[name]
    target = table_of(name, database)
    own = None if definition.configuration else _of_configuration(catalogue, definition, values)
    run(con, exp.delete(target.copy(), own))
    types = dict(column_types(definition))
    typed = [(column_name, types[column_name]) for column_name in (*columns, "GsIngestionSource", SEQUENCE)]
    numbered = [(*row, "SEED", number) for number, row in enumerate(values, start=1)]
    insert_rows(con, target, typed, numbered)
    return True


def configured_names(catalogue: Catalogue, name: str) -> dict[str, str]:
    """By GSID the names of the records of an object that the catalogue itself defines."""
    columns, values = _configuration_rows(catalogue, name) or ((), [])
    at = columns.index("Name") if "Name" in columns else 0
    return {str(row[0]): str(row[at]) for row in values}


def insert_rows(
    con: duckdb.DuckDBPyConnection,
    target: exp.Table,
    columns: Sequence[tuple[str, str]],
    rows: Sequence[tuple[object, ...]],
) -> None:
    """Inserts a few rows that the catalogue holds, in one statement."""
    if not rows:
        return
    lists = [
        exp.Anonymous(
            this="unnest",
            expressions=[exp.Cast(this=exp.Placeholder(), to=sql_type(f"{kind}[]"))],
        )
        for _, kind in columns
    ]
    run(
        con,
        insert_into(target, [name for name, _ in columns], exp.select(*lists)),
        [list(c) for c in zip(*rows, strict=True)],
    )


def _of_configuration(
    catalogue: Catalogue, definition: ObjectDef, values: Sequence[tuple[object, ...]]
) -> exp.Expression:
    """Whether a record was defined by this or an earlier catalogue: its GSID is made of a name, not of a counter."""
    if catalogue.profile["object.gsid_suffix"] == "random":
        return column("Gsid").isin(*(exp.Literal.string(str(row[0])) for row in values))
    prefix = definition.family + catalogue.profile["tenant.id"]
    own = exp.Anonymous(this="starts_with", expressions=[column("Gsid"), exp.Literal.string(prefix)])
    beyond = prefix + "0" * (SUFFIX_LENGTH - 13) + "1"  # counters are below it
    return exp.And(this=own, expression=exp.GTE(this=column("Gsid"), expression=exp.Literal.string(beyond)))


def _configuration_rows(catalogue: Catalogue, name: str) -> tuple[tuple[str, ...], list[tuple[object, ...]]] | None:
    if name == "cockpit_picklist":
        return (
            ("Gsid", "Category", "Name", "CtaType", "DisplayOrder", "OpenStatusType", "IsActive", "EntityType"),
            [
                (i.gsid, i.category, i.name, i.cta_type_gsid, i.order, i.open, i.active, "both")
                for i in catalogue.cockpit_items
            ],
        )
    if name == "playbook":
        return (
            ("Gsid", "Name", "CtaTypeId", "IsActive"),
            [(p.gsid, p.name, p.cta_type_gsid, p.active) for p in catalogue.playbooks.values()],
        )
    if name == "cockpit_template":
        return _TEMPLATE_COLUMNS, _template_rows(catalogue)
    if name == SCHEME_OBJECT:
        return (
            ("Gsid", "SchemeType", "Name", "Label", "Score", "RangeFrom", "RangeTo", "Color"),
            [(r.gsid, r.scheme, r.name, r.label, r.score, r.low, r.high, r.color) for r in catalogue.schemes],
        )
    if name == CARDS:
        return (
            ("Gsid", "Name", "EntityType", "SchemeType", "IsActive"),
            [(c.gsid, c.name, ENTITY_TYPES[c.entity], c.scheme, c.active) for c in catalogue.scorecards.cards],
        )
    if name == MEASURES:
        return (
            ("Gsid", "Name", "LevelType", "ScorecardId", "ParentId", "Weight", "InputType"),
            [
                (m.gsid, m.name, m.level, card.gsid, m.parent, m.weight, m.input_type)
                for card in catalogue.scorecards.cards
                for m in card.rows
            ],
        )
    return None


_TEMPLATE_COLUMNS = (
    "Gsid",
    "Name",
    "TemplateType",
    "PlaybookId",
    "ParentId",
    "ContextId",
    "IsActive",
    "DisplayOrder",
    "Deleted",
)


def _template_rows(catalogue: Catalogue) -> list[tuple[object, ...]]:
    """Templates of success plans, of a plan type (ContextId) or of all, and their objectives as templates of CTAs."""
    rows: list[tuple[object, ...]] = []
    for order, template in enumerate(catalogue.templates.values(), start=1):
        kind = template.type.gsid if template.type else None
        rows.append((template.gsid, template.name, "SUCCESS_PLAN", None, None, kind, template.active, order, False))
        for place, each in enumerate(template.objectives, start=1):
            playbook = each.playbook.gsid if each.playbook else None
            rows.append((each.gsid, each.name, "CTA", playbook, template.gsid, each.type.gsid, True, place, False))
    return rows
