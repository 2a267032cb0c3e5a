"""The local tenant: every object as a DuckDB table, with GSIDs, seeds, transactions and copies for dry runs."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self

import duckdb
from sqlglot import exp

from gsrules.catalogue import Catalogue, ObjectDef
from gsrules.catalogue.salesforce import STORED
from gsrules.errors import Problem, RunError
from gsrules.project import Project
from gsrules.tenant import applying
from gsrules.tenant.changes import Write
from gsrules.tenant.connect import attach, problem_of
from gsrules.tenant.counters import Counters, CounterState
from gsrules.tenant.history import RunHistory
from gsrules.tenant.instance import connect
from gsrules.tenant.journal import Journal
from gsrules.tenant.labels import create_label_views
from gsrules.tenant.memory import close_memory, open_memory
from gsrules.tenant.names import (
    MEMORY,
    STORE,
    column,
    insert_into,
    run,
    spell,
    temp_table,
)
from gsrules.tenant.samples import no_sample, typed_sample
from gsrules.tenant.schema import INTERNAL_TABLES, StoredTables, current_tables, is_current, stored_tables
from gsrules.tenant.statements import Statements
from gsrules.tenant.store import (
    clear_store,
    grow_store,
    make_store,
    remove_store,
    replace_store,
    seeds_fingerprint,
)
from gsrules.tenant.tables import Tables, TablesState, empty_store

if TYPE_CHECKING:
    from gsrules.tenant.seeding import Seeding

TenantMode = Literal["live", "dry_run", "read"]


class Tenant:
    """An open tenant. Use `Tenant.open(…)` in a `with` statement.

    `con` is its DuckDB connection, in which all temporary tables live. After `begin` everything that the
    transaction wrote is taken back by `rollback`, temporary tables included.
    """

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        path: Path | None,
        catalogue: Catalogue,
        project: Project,
        mode: TenantMode,
        home: str = MEMORY,
    ) -> None:
        self.con = con
        self.path = path
        self.catalogue = catalogue
        self.mode: TenantMode = mode
        self._project = project
        self._in_memory = path is None
        self.statements = Statements(con)
        self.turns = itertools.count()
        """Numbers the runs on this tenant."""
        self._tables = Tables(con, catalogue, home, empty_store())
        self._counters = Counters(self.statements, catalogue.profile, self._tables)
        self._before: tuple[TablesState, tuple[dict[str, int], dict[str, int]]] | None = None
        self._salesforce: dict[str, str] = {}
        self._seeds_when_stored: str | None = None
        self._journal: Journal | None = None

    @classmethod
    def open(cls, path: Path | None, catalogue: Catalogue, project: Project, mode: TenantMode = "live") -> Tenant:
        """Opens a tenant; None for an empty one in memory.

        `live` writes the store; it is made and seeded when it is opened first, and grown when the catalogue has
        grown. `dry_run` reads the store and keeps every write in memory. `read` only looks, and has the label
        views. Where there is no store yet, the last two seed one in memory.
        Raises RunError GS-TENANT-… (locked, corrupt, newer, no access), InputError for bad seeds.
        """
        if path is None:
            con, home = open_memory()
            return cls(con, path, catalogue, project, mode, home)
        tenant = cls(connect(), path, catalogue, project, mode)
        try:
            tenant._open(path)
        except duckdb.Error as error:
            tenant.con.close()
            raise RunError(problem_of(error, path)) from error
        except BaseException:
            tenant.con.close()
            raise
        return tenant

    @classmethod
    def start_over(cls, path: Path, catalogue: Catalogue, project: Project) -> Tenant:
        """Replaces the store, whatever state it is in, by a newly seeded one, and opens it.

        The old store stays as it was if the seeds are wrong or another process uses it.
        """
        if path.exists():
            with connect() as con:
                try:
                    attach(con, path, read_only=False)
                except RunError as error:
                    if any(p.code in ("GS-TENANT-LOCKED", "GS-TENANT-ACCESS") for p in error.problems):
                        raise
        new = path.with_name(path.name + ".new")
        remove_store(new)
        try:
            cls.open(new, catalogue, project, "live").close()
            replace_store(new, path)
        finally:
            remove_store(new)
        return cls.open(path, catalogue, project, "live")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connection; what was not committed is gone, and everything of a tenant in memory."""
        if self._in_memory:
            close_memory(self.con, self._tables.home)
            self._in_memory = False
        self.con.close()

    # -- tables and rows

    def table(self, name: str) -> exp.Table:
        """The table of an object (API name, any case) as a quoted sqlglot table."""
        return self._tables.table(self._name(name))

    def internal(self, name: str) -> exp.Table:
        """One of the tables that belong to no object: gs_cta_comment_log, gs_run_history, gs_picklist_item."""
        if name not in INTERNAL_TABLES:
            raise KeyError(name)
        return self._tables.table(name)

    def salesforce(self, name: str) -> exp.Table:
        """The records of a Salesforce object: the tenant's copy, or the sample while no load has written to it.

        Raises RunError if there is no sample.
        """
        definition = self.catalogue.salesforce_object(name)
        if definition is None:
            raise RunError(no_sample(self.catalogue, name))
        copy = STORED + definition.name
        if self._tables.holds(copy):
            return self._tables.table(copy)
        table = f"__salesforce_{definition.name}"
        if definition.name not in self._salesforce:
            self.statements.table(table, spell(typed_sample(self.catalogue, definition.name, definition)), anew=True)
            self._salesforce[definition.name] = table
        return temp_table(table)

    def summary(self) -> dict[str, int]:
        """The number of records of every object."""
        counts = [
            exp.select(exp.Literal.string(name), exp.Count(this=exp.Star())).from_(self._tables.table(name))
            for name in self.catalogue.objects
        ]
        return dict(run(self.con, exp.union(*counts, distinct=False)).fetchall())

    # -- transactions

    def begin(self) -> None:
        """Begins the transaction of a run."""
        self._before = (self._tables.state(), self._counters.state())
        self.statements.begin()

    def keep_journal(self, run_id: str, rule: str) -> None:
        """From here to the end of the transaction, what a live run overwrites is kept, so that it can be undone.

        Nothing is kept where the project's setting `runs.undo` is 0, and by the tenants of rule tests.
        """
        kept = self._project.runs_to_undo
        if kept and self.mode == "live" and not self.statements.kept:
            self._journal = self.journal()
            self._journal.begin(run_id, rule, kept)

    def journal(self) -> Journal:
        """What the runs on this tenant have overwritten."""
        return Journal(self.con, self._tables)

    @property
    def runs(self) -> RunHistory:
        """The execution history."""
        return RunHistory(self.statements, self._tables)

    def commit(self) -> None:
        """Keeps everything since `begin`, or, if that fails, nothing: then raises RunError."""
        try:
            if self._journal is not None:
                self._journal.close()
            self.statements.commit()
        except duckdb.Error as error:
            self._forget()
            raise RunError(problem_of(error, self.path)) from error
        self._before = self._journal = None

    def rollback(self) -> None:
        """Takes everything since `begin` back; does nothing outside a transaction."""
        if self._before is None:
            return
        self.statements.rollback()
        self._forget()

    def _forget(self) -> None:
        if self._before is not None:
            self._tables.restore(self._before[0])
            self._counters.restore(self._before[1])
            self.statements.rolled_back()
        self._salesforce = {}
        self._before = self._journal = None

    # -- writes

    def apply(self, write: Write) -> int:
        """Writes the staged rows and gives their number. Raises RunError GS-TENANT-… if the store cannot take them."""
        if self.mode == "read":
            raise RunError(Problem("GS-TENANT-READ", "the tenant is open for reading only"))
        try:
            return self._apply(write)
        except duckdb.IOException as error:
            raise RunError(problem_of(error, self.path)) from error

    def _apply(self, write: Write) -> int:
        definition = self._definition(write.object)
        name = definition.name
        if write.kind == "insert":
            last = self._counters.next_sequence(name, 0)
            written = applying.insert(self.statements, definition, self._tables.writable(name), write, last)
            self._counters.next_sequence(name, written)
            if self._journal is not None:
                self._journal.created(name, last, written)
            return written
        if self._journal is not None:
            self._journal.keeping(definition, self._tables.table(name), write)
        if write.kind == "delete":
            return applying.delete(self.statements, self._tables.writable(name), write)
        source, target = self._tables.table(name), self._tables.own(name)
        if source != target or self._strategy(definition, source, write) == "rewrite":
            # a table that has to be copied anyway is written anew in the same go
            written = applying.rewrite(self.statements, definition, source, target, write)
            self._tables.moved(name)
            return written
        return applying.update(self.statements, definition, target, write)

    def _strategy(self, definition: ObjectDef, source: exp.Table, write: Write) -> applying.Strategy:
        stored = self._count(source)
        if not applying.is_big(stored):
            return "in_place"
        written = self._count(temp_table(write.staging))
        return applying.choose_strategy(stored, written, len(write.fields), len(definition.fields))

    def allocate(self, name: str, count: int) -> int:
        """Reserves `count` counters for new records of an object and returns the first."""
        return self._counters.allocate(self._definition(name), count)

    def gsid(self, name: str, counter: exp.Expression) -> exp.Expression:
        """SQL for the GSID that belongs to a counter of `allocate`."""
        return self._counters.gsid(self._definition(name), counter)

    def reserved(self) -> CounterState:
        """Which counters are handed out, for `supposing`."""
        return self._counters.state()

    @contextmanager
    def supposing(self, state: CounterState) -> Iterator[None]:
        """Counters go on from an earlier state, for what is only tried; afterwards they are as they were."""
        present = self._counters.state()
        self._counters.restore(state)
        try:
            yield
        finally:
            self._counters.restore(present)

    def append_internal(self, name: str, staging: str) -> int:
        """Appends the rows of a temporary table to an internal table; columns by name."""
        if name not in INTERNAL_TABLES:
            raise KeyError(name)
        columns = [one for one, _ in INTERNAL_TABLES[name]]
        target = self._tables.writable(name)
        if self._journal is not None:
            self._journal.appending(name, staging)

        def build() -> exp.Expression:
            select = exp.select(*(column(one) for one in columns)).from_(temp_table(staging))
            return insert_into(target, columns, select)

        return self.statements.write(self.statements.spelled(("append", target.catalog, name, staging), build))

    def forget_counters(self) -> None:
        """Told when records were changed by others than `apply`: what is handed out next is looked up anew."""
        self._counters.restore(({}, {}))

    # -- seeds

    @property
    def seeds_changed(self) -> bool:
        """Whether the seed files have changed since the store was made; `reset` takes them over."""
        return self._seeds_when_stored not in (None, seeds_fingerprint(self._records_dir))

    def seed(self) -> dict[str, int]:
        """Loads the project's seed files; numbers of records by object. Raises InputError with all problems."""
        return self._seed_files(frozenset(self.catalogue.objects))

    def seed_rows(self, name: str, rows: Sequence[Mapping[str, object]]) -> dict[str, int]:
        """Loads given rows of one object; see `seed_records`."""
        return self.seed_records({name: rows})

    def seed_records(self, records: Mapping[str, Sequence[Mapping[str, object]]]) -> dict[str, int]:
        """Loads given rows, which may refer to each other, checked like seed files; numbers by object."""
        with self._transaction():
            seeding = self._seeding()
            for name, rows in records.items():
                seeding.add_rows(name, rows, getattr(name, "place", None))
            return seeding.load()

    def reset(self) -> None:
        """Takes the tenant back to its seed records: all or nothing. Raises InputError when the seeds are wrong."""
        if self._tables.home != STORE:
            raise RunError(Problem("GS-TENANT-READ", "only a tenant that is open for writing can be reset"))
        with self._transaction():
            clear_store(self.con)
            self._make()

    # -- opening

    def _open(self, path: Path) -> None:
        if self.mode == "live":
            self._open_to_write(path)
            return
        stored = empty_store()
        if path.exists():
            attach(self.con, path, read_only=True)
            stored = current_tables(self.con, self.catalogue) or stored_tables(self.con)
            self.con.execute("SET search_path = 'memory.main,tenant.main'")
        self._use(MEMORY, stored)
        new = frozenset(name for name in self.catalogue.objects if name not in stored.columns)
        if new:
            self._seed_files(new)
        if self.mode == "read":
            self._tables.make_all()
            create_label_views(self.con, self.catalogue, self._tables.table)

    def _open_to_write(self, path: Path) -> None:
        existed = path.exists()
        try:
            attach(self.con, path, read_only=False)
        except RunError as error:
            if not existed and any(problem.code == "GS-TENANT-FULL" for problem in error.problems):
                remove_store(path)  # the beginning of a file, of no use to anyone
            raise
        try:
            stored = current_tables(self.con, self.catalogue) or stored_tables(self.con)
            self._use(STORE, stored)
            if stored.is_empty:
                with self._transaction():
                    self._make()
            elif not is_current(stored.meta, self.catalogue):
                with self._transaction():
                    new = grow_store(self.con, self.catalogue, stored)
                    self._use(STORE, stored_tables(self.con))
                    self._seed_files(new)
        except BaseException:
            self.con.close()
            if not existed:
                remove_store(path)
            raise

    def _make(self) -> None:
        """Makes and seeds all tables of an empty store; the caller has begun a transaction."""
        make_store(self.con, self.catalogue, self._records_dir)
        self._use(STORE, stored_tables(self.con))
        self._seed_files(frozenset(self.catalogue.objects))

    def work_with(self, statements: Statements, tables: Tables) -> None:
        """Takes over statements and empty tables of the tenant's connection that outlive it."""
        self.statements, self._tables = statements, tables
        self._counters = Counters(statements, self.catalogue.profile, tables)

    def plainly(self) -> Statements:
        """Statements for callers that change what these have made; from now on the tenant uses them, too."""
        if self.statements.kept:
            self.statements.spoil()
            self.statements = Statements(self.con)
        return self.statements

    def _use(self, home: str, stored: StoredTables) -> None:
        self._tables = Tables(self.con, self.catalogue, home, stored)
        self._counters = Counters(self.statements, self.catalogue.profile, self._tables)
        self._seeds_when_stored = stored.meta.get("seeds")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """A transaction of its own, or a part of the one under way."""
        if self._before is not None:
            yield
            return
        self.begin()
        try:
            yield
            self.commit()
        except BaseException:
            self.rollback()
            raise

    def _seeding(self) -> Seeding:
        from gsrules.tenant.seeding import Seeding

        return Seeding(self.con, self.statements, self.catalogue, self._counters, self._tables)

    def _seed_files(self, names: frozenset[str]) -> dict[str, int]:
        from gsrules.tenant.seeding import seed_files

        files = seed_files(self._records_dir, self.catalogue)
        wanted = {name: path for name, path in files.items() if name in names}
        if not wanted:
            return {}
        with self._transaction():
            seeding = self._seeding()
            seeding.add_files(wanted)
            return seeding.load()

    @property
    def _records_dir(self) -> Path:
        return self._project.datasets_dir / "records"

    def _definition(self, name: str) -> ObjectDef:
        """The object of that name, also a copy of a Salesforce object; raises KeyError if there is none."""
        found = self.catalogue.objects.get(name) or self.catalogue.object(name)
        if found is None:
            raise KeyError(name)
        return found

    def _name(self, name: str) -> str:
        """The catalogue's spelling; raises KeyError for an object it does not hold."""
        return name if name in self.catalogue.objects else self._definition(name).name

    def _count(self, table: exp.Table) -> int:
        key = ("count", table.catalog, table.name)
        text = self.statements.spelled(key, lambda: exp.select(exp.Count(this=exp.Star())).from_(table))
        return int(self.statements.rows(text)[0][0])
