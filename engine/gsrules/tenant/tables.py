"""Where each table lives: in the store file, or, for what may not be written there, in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import duckdb
from sqlglot import exp

from gsrules.catalogue import Catalogue, ObjectDef
from gsrules.catalogue.salesforce import STORED
from gsrules.tenant.names import STORE, create_as, run, table_of
from gsrules.tenant.samples import fill_copy, place_copy, stored_columns
from gsrules.tenant.schema import (
    INTERNAL_TABLES,
    PICKLIST_TABLE,
    StoredTables,
    create_internal,
    create_object,
    fill_configuration,
    fill_picklists,
    missing_columns,
    widened_copy,
)

TablesState = tuple[dict[str, str], frozenset[str]]


class Tables:
    """The tables of one open tenant.

    `home` is the database that is written: the store, or memory over a store that is only read. In memory tables
    are made when they are asked for first; an object that is read from the store is copied before it is written.
    `made` is told of each table.
    """

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        catalogue: Catalogue,
        home: str,
        stored: StoredTables,
        made: Callable[[], None] = lambda: None,
    ) -> None:
        self._con = con
        self._made = made
        self._catalogue = catalogue
        self.home = home
        self._stored: Mapping[str, Mapping[str, str]] = stored.columns
        self._places: dict[str, str] = {}
        self._new: set[str] = set()
        self._configured: set[str] = set()
        self._written: set[str] = set()
        self._current = stored.meta.get("catalogue") == catalogue.fingerprint

    def state(self) -> TablesState:
        """What `restore` takes after a rollback."""
        return dict(self._places), frozenset(self._new)

    def restore(self, state: TablesState) -> None:
        self._places, self._new = dict(state[0]), set(state[1])

    def taken_back(self, state: TablesState) -> None:
        """Told when everything since `state` was rolled back, by which the tables were as `clear` leaves them."""
        self.restore(state)
        self._written.clear()

    def is_new(self, name: str) -> bool:
        """Whether the table was made empty here and has not been given out for writing since."""
        self._place(name)
        return name in self._new

    def table(self, name: str) -> exp.Table:
        """The table of an object or an internal one, to read; made if it is not there."""
        return table_of(name, self._place(name))

    def writable(self, name: str) -> exp.Table:
        """The table, to write: copied first if it is in a store that is only read."""
        if self._place(name) != self.home:
            select = exp.select("*").from_(table_of(name, self._place(name)))
            run(self._con, create_as(table_of(name, self.home), select))
            self._places[name] = self.home
        self._new.discard(name)
        self._written.add(name)
        return table_of(name, self.home)

    def own(self, name: str) -> exp.Table:
        """The table as it will be in the database that is written, which need not hold it yet."""
        self._new.discard(name)
        self._written.add(name)
        return table_of(name, self.home)

    def moved(self, name: str) -> None:
        """Notes that the database that is written holds the table now."""
        self._places[name] = self.home

    def make_all(self) -> None:
        """Makes every table that is not there."""
        for name in (*INTERNAL_TABLES, *self._catalogue.objects):
            self._place(name)

    def clear(self) -> None:
        """Takes a tenant that lives in memory alone back to its beginning; empty tables stay."""
        if not self._written:
            return
        self._con.execute("BEGIN TRANSACTION")
        for name in self._written & self._places.keys():
            if name.startswith(STORED):
                fill_copy(self._con, self._catalogue, self._definition(name), self.home)
            elif name not in self._configured:
                run(self._con, exp.delete(table_of(name, self.home)))
            elif name == PICKLIST_TABLE:
                fill_picklists(self._con, self._catalogue, self.home)
            else:
                run(self._con, exp.delete(table_of(name, self.home)))
                fill_configuration(self._con, self._catalogue, name, self.home)
            if name in self._catalogue.objects and name not in self._configured:
                self._new.add(name)
        self._con.execute("COMMIT")
        self._written.clear()

    def _place(self, name: str) -> str:
        place = self._places.get(name)
        if place is None:
            place = self._places[name] = self._find(name)
            self._made()
        return place

    def holds(self, name: str) -> bool:
        """Whether the copy of a Salesforce object is there already."""
        return name in self._places or stored_columns(self._con, name) is not None

    def _definition(self, name: str) -> ObjectDef:
        found = self._catalogue.object(name)
        if found is None:
            raise KeyError(name)
        return found

    def _find(self, name: str) -> str:
        stored = self._stored.get(name)
        if stored is not None and not name.startswith(STORED) and (self._current or self._fits(name, stored)):
            return STORE
        if name in INTERNAL_TABLES:
            create_internal(self._con, name, self.home)
            if name == PICKLIST_TABLE:
                fill_picklists(self._con, self._catalogue, self.home)
                self._configured.add(name)
            return self.home
        definition = self._definition(name)
        if name.startswith(STORED):
            return place_copy(self._con, self._catalogue, definition, self.home)
        if stored is not None and not definition.configuration:
            widened_copy(self._con, definition, stored, self.home)
        else:
            create_object(self._con, definition, self.home)
            self._new.add(name)
        if fill_configuration(self._con, self._catalogue, name, self.home):
            self._new.discard(name)
            self._configured.add(name)
        return self.home

    def _fits(self, name: str, stored: Mapping[str, str]) -> bool:
        """Whether a stored table serves although the catalogue has changed since."""
        if self.home == STORE:
            return True
        if name in INTERNAL_TABLES:
            return name != PICKLIST_TABLE
        definition = self._definition(name)
        return not definition.configuration and not missing_columns(definition, stored)


def empty_store() -> StoredTables:
    """What a tenant without a store file starts from."""
    return StoredTables({}, {})
