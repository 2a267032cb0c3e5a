"""The store file as a whole: made with its seeds, brought up to the catalogue, made anew."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import duckdb

from gsrules.catalogue import Catalogue
from gsrules.tenant.names import STORE, drop, run, table_of
from gsrules.tenant.schema import (
    INTERNAL_TABLES,
    SCHEMA_VERSION,
    StoredTables,
    add_columns,
    create_internal,
    create_object,
    fill_configuration,
    fill_picklists,
    missing_columns,
    stored_tables,
    write_meta,
)


def make_store(con: duckdb.DuckDBPyConnection, catalogue: Catalogue, seeds: Path) -> None:
    """Creates every table of an empty store; records are seeded by the caller."""
    for name in INTERNAL_TABLES:
        create_internal(con, name, STORE)
    for name, definition in catalogue.objects.items():
        create_object(con, definition, STORE)
        fill_configuration(con, catalogue, name, STORE)
    fill_picklists(con, catalogue, STORE)
    write_meta(
        con,
        {
            "schema_version": str(SCHEMA_VERSION),
            "catalogue": catalogue.fingerprint,
            "seeds": seeds_fingerprint(seeds),
        },
    )


def grow_store(con: duckdb.DuckDBPyConnection, catalogue: Catalogue, stored: StoredTables) -> frozenset[str]:
    """Adds the objects and fields that are new in the catalogue; gives the new objects. Nothing is taken away."""
    created: set[str] = set()
    for name in INTERNAL_TABLES:
        if name not in stored.columns:
            create_internal(con, name, STORE)
    for name, definition in catalogue.objects.items():
        columns = stored.columns.get(name)
        if columns is None:
            create_object(con, definition, STORE)
            created.add(name)
        else:
            add_columns(con, name, missing_columns(definition, columns))
        fill_configuration(con, catalogue, name, STORE)
    fill_picklists(con, catalogue, STORE)
    write_meta(con, {"schema_version": str(SCHEMA_VERSION), "catalogue": catalogue.fingerprint})
    return frozenset(created)


def clear_store(con: duckdb.DuckDBPyConnection) -> None:
    """Drops every table of the store."""
    for name in stored_tables(con).columns:
        run(con, drop(table_of(name, STORE)))


def seeds_fingerprint(folder: Path) -> str:
    """Changes when a seed file is added, changed or removed."""
    digest = hashlib.blake2b(digest_size=16)
    if folder.is_dir():
        for path in sorted(folder.iterdir()):
            found = path.stat()
            digest.update(f"{path.name}\x1f{found.st_size}\x1f{found.st_mtime_ns}\x1e".encode())
    return digest.hexdigest()


def remove_store(path: Path) -> None:
    """Deletes a store file and its log."""
    for file in (path, path.with_name(path.name + ".wal")):
        file.unlink(missing_ok=True)


def replace_store(new: Path, path: Path) -> None:
    """Puts a finished store in the place of another one."""
    path.with_name(path.name + ".wal").unlink(missing_ok=True)
    os.replace(new, path)
