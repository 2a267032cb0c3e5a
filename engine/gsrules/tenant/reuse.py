"""Tenants in memory that follow each other: tables and prepared statements stay, rows go."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gsrules.catalogue import Catalogue
from gsrules.project import Project
from gsrules.tenant.instance import connect
from gsrules.tenant.names import MEMORY
from gsrules.tenant.statements import KeptStatements
from gsrules.tenant.tables import Tables, empty_store
from gsrules.tenant.tenant import Tenant


class ReusedTenants:
    """Opens one empty tenant in memory after the other, in a DuckDB instance of its own."""

    def __init__(self, catalogue: Catalogue, project: Project) -> None:
        self._catalogue = catalogue
        self._project = project
        self.held = True
        self._open()

    def _open(self) -> None:
        # rows are few here: a second thread costs more than it does
        self._con = connect(threads=1)
        self._statements = KeptStatements(self._con)
        self._tables = Tables(self._con, self._catalogue, MEMORY, empty_store(), self._statements.outdated)

    @contextmanager
    def tenant(self) -> Iterator[Tenant]:
        """An empty tenant; it must be closed before the next one is asked for."""
        tenant = self._empty()
        try:
            yield tenant
        finally:
            tenant.rollback()
            self._clear()

    @contextmanager
    def passing(self) -> Iterator[Tenant]:
        """An empty tenant all of whose transactions are one, which is quicker.

        Where one of them fails, what happens then is not what would have happened otherwise: `held` is false after it.
        """
        tenant = self._empty()
        before = self._tables.state()
        self.held = False
        self._statements.begin_passing()
        try:
            yield tenant
        finally:
            passed = self._statements.end_passing()
            self.held = passed != "broken" and not self._statements.spoiled
            if passed != "kept":
                self._tables.taken_back(before)
            self._clear()

    def _empty(self) -> Tenant:
        tenant = Tenant(self._con, None, self._catalogue, self._project, "live", MEMORY)
        tenant.work_with(self._statements, self._tables)
        return tenant

    def _clear(self) -> None:
        if self._statements.spoiled:
            self._con.close()
            self._open()
        else:
            self._tables.clear()

    def close(self) -> None:
        self._con.close()
