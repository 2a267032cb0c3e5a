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
        self._open()

    def _open(self) -> None:
        # rows are few here: a second thread costs more than it does
        self._con = connect(threads=1)
        self._statements = KeptStatements(self._con)
        self._tables = Tables(self._con, self._catalogue, MEMORY, empty_store(), self._statements.outdated)

    @contextmanager
    def tenant(self) -> Iterator[Tenant]:
        """An empty tenant; it must be closed before the next one is asked for."""
        tenant = Tenant(self._con, None, self._catalogue, self._project, "live", MEMORY)
        tenant.work_with(self._statements, self._tables)
        try:
            yield tenant
        finally:
            tenant.rollback()
            if self._statements.spoiled:
                self._con.close()
                self._open()
            else:
                self._con.execute("BEGIN TRANSACTION")
                self._tables.clear()
                self._con.execute("COMMIT")

    def close(self) -> None:
        self._con.close()
