"""Executes the statements of a tenant: as they come, or kept ready for those that come again and again.

DuckDB spends most of a tiny run on parsing and planning. A tenant of a session therefore keeps temporary tables and
prepared statements: a statement that is met again only runs, into the table that it made the first time. Values that
differ from run to run are parameters. Prepared statements are planned without the optimizer, which would build what
it knows of the rows into the plan: DuckDB 1.5 then gives wrong rows when others are there, 2.0 plans each time anew.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any, Literal, TypeVar

import duckdb
from sqlglot import exp

from gsrules.dataclass import dataclass
from gsrules.tenant.names import identifier, spell

Made = TypeVar("Made")
Passed = Literal["taken back", "kept", "broken"]


class Statements:
    """Executes each statement as it comes. `remembered` keeps what was made for statements that come again."""

    kept = False

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self._con = con
        self._memory: dict[Hashable, Any] = {}
        self._numbers = itertools.count(1)
        self._relations: dict[str, Literal["TABLE", "VIEW"]] = {}

    def remembered(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """What `make` gave for this key at first. The key holds everything that the result depends on."""
        found: Made
        if key in self._memory:
            found = self._memory[key]
        else:
            found = self._memory[key] = make()
        return found

    def spelled(self, key: Hashable, build: Callable[[], exp.Expression]) -> str:
        """The text of the tree that `build` gave for this key at first."""
        return self.remembered(key, lambda: spell(build()))

    def numbered(self, key: Hashable) -> int:
        """A number that stands for the key."""
        return self.remembered(("number", key), lambda: next(self._numbers))

    def rows(self, text: str, values: Sequence[Any] = (), *, anew: bool = False) -> list[tuple[Any, ...]]:
        """All rows of a query that gives few.

        `anew`: it must be planned each time, because it reads files, or takes values that are no whole numbers.
        """
        return self._run(text, values, anew=anew).fetchall()

    def write(self, text: str, values: Sequence[Any] = (), *, anew: bool = False) -> int:
        """Executes a statement that writes; the number of rows."""
        row = self._run(text, values, anew=anew).fetchone()
        return int(row[0]) if row else 0

    def table(self, name: str, select: str, values: Sequence[Any] = (), *, anew: bool = False) -> int:
        """Makes a temporary table of the rows of a query; their number."""
        self._relations[name] = "TABLE"
        row = self._at_once(f"CREATE OR REPLACE TEMPORARY TABLE {quoted(name)} AS {select}", values).fetchone()
        return int(row[0]) if row else 0

    def view(self, name: str, select: str) -> None:
        """Makes a temporary view, for what is read seldom or once."""
        self._relations[name] = "VIEW"
        self._con.execute(f"CREATE OR REPLACE TEMPORARY VIEW {quoted(name)} AS {select}")

    def change(self, text: str) -> None:
        """Executes a statement that changes what `table` has made."""
        self._con.execute(text)

    def drop(self, name: str) -> None:
        """Drops a table of `table`, if it is there."""
        self._con.execute(f"DROP TABLE IF EXISTS {_TEMP}.{quoted(name)}")

    def discard(self, prefix: str) -> None:
        """Drops all tables and views of which the names begin so."""
        for name in [each for each in self._relations if each.startswith(prefix)]:
            self._con.execute(f"DROP {self._relations.pop(name)} IF EXISTS {_TEMP}.{quoted(name)}")

    def columns(self, name: str) -> tuple[str, ...]:
        """The column names of a table or view."""
        described = self._con.execute(f"SELECT * FROM {_TEMP}.{quoted(name)} LIMIT 0").description
        return tuple(str(entry[0]) for entry in described or ())

    def spoil(self) -> None:
        """Told when somebody else begins to change the tables."""

    def outdated(self) -> None:
        """Told when somebody else has made a table."""

    def begin(self) -> None:
        """Begins a transaction."""
        self._con.execute("BEGIN TRANSACTION")

    def commit(self) -> None:
        """Keeps everything since `begin`; raises duckdb.Error if that fails."""
        self._con.execute("COMMIT")

    def rollback(self) -> None:
        """Takes everything since `begin` back."""
        with suppress(duckdb.Error):  # a failed commit has rolled back by itself
            self._con.execute("ROLLBACK")

    def rolled_back(self) -> None:
        """Told when everything since `begin` was taken back."""

    def _run(self, text: str, values: Sequence[Any], *, anew: bool) -> duckdb.DuckDBPyConnection:
        return self._at_once(text, values)

    def _at_once(self, text: str | duckdb.Statement, values: Sequence[Any]) -> duckdb.DuckDBPyConnection:
        return self._con.execute(text, list(values)) if values else self._con.execute(text)


_NEVER = -1


@dataclass(slots=True)
class _Prepared:
    """`prepare` is the parsed statement that makes it; it is up to date if `age` is that of the catalogue."""

    prepare: duckdb.Statement
    name: str
    age: int = _NEVER


class KeptStatements(Statements):
    """Keeps tables, views and prepared statements. What it is given by name is remade if its text is another one.

    Statements that read files must be planned `anew`: DuckDB looks at the files when it plans.
    """

    kept = True

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        super().__init__(con)
        con.execute("PRAGMA disable_optimizer")
        self._prepared: dict[str, _Prepared] = {}
        self._age = self._begun_at = 0
        self._parsed: dict[str, duckdb.Statement] = {}
        self._tables: dict[str, str] = {}
        self._views: dict[str, str] = {}
        self._filled: set[str] = set()
        self._fresh: list[str] = []
        self._passing = False
        self._broken = False
        self.spoiled = False

    def spoil(self) -> None:
        self.spoiled = True

    def table(self, name: str, select: str, values: Sequence[Any] = (), *, anew: bool = False) -> int:
        if self._tables.get(name) != select:
            return self._create(name, select, values)
        into = quoted(name)
        if name in self._filled:
            self._ready(f"DELETE FROM {into}", ())
        text = f"INSERT INTO {into} {select}"
        row = (self._run(text, values, anew=True) if anew else self._ready(text, values)).fetchone()
        return self._note(name, int(row[0]) if row else 0)

    def _create(self, name: str, select: str, values: Sequence[Any]) -> int:
        own = quoted(name)
        self._tables.pop(name, None)
        count = super().table(name, select, values)
        self.outdated()
        self._tables[name] = select
        self._fresh.append(name)
        self._views = {view: text for view, text in self._views.items() if own not in text}
        return self._note(name, count)

    def _note(self, name: str, count: int) -> int:
        if count:
            self._filled.add(name)
        else:
            self._filled.discard(name)
        return count

    def view(self, name: str, select: str) -> None:
        if self._views.get(name) != select:
            self._views.pop(name, None)
            super().view(name, select)
            self.outdated()
            self._views[name] = select
            self._fresh.append(name)

    def columns(self, name: str) -> tuple[str, ...]:
        text = self._tables.get(name) or self._views.get(name)
        return self.remembered(("columns", name, text), lambda: super(KeptStatements, self).columns(name))

    def drop(self, name: str) -> None:
        """Leaves the table: the next one of its name takes its place."""

    def discard(self, prefix: str) -> None:
        """Leaves tables and views: the next ones take their places."""

    def outdated(self) -> None:
        self._age += 1

    def begin(self) -> None:
        if self._passing:
            return
        if self._age != self._begun_at:
            self.outdated()  # what was prepared in the transaction that made tables is of no use after it
        self._begun_at = self._age
        self._fresh.clear()
        super().begin()

    def commit(self) -> None:
        if not self._passing:
            super().commit()

    def rollback(self) -> None:
        self._broken = True
        if not self._passing:
            super().rollback()

    def rolled_back(self) -> None:
        if self._passing:
            return
        self.outdated()
        for name in self._fresh:
            self._tables.pop(name, None)
            self._views.pop(name, None)
        self._fresh.clear()
        self._filled = set(self._tables)
        self._memory.clear()  # tables that were made on the way to a remembered text are gone

    def begin_passing(self) -> None:
        """Begins a transaction around all others until `end_passing`: nothing has to be deleted after it."""
        for name in tuple(self._filled):
            self._con.execute(self._statement(f"DELETE FROM {quoted(name)}"))
        self._filled.clear()
        self.begin()
        self._passing, self._broken = True, False

    def end_passing(self) -> Passed:
        """Takes everything back, unless tables were made, which stay.

        If a statement has failed, nothing that came after it counts.
        """
        self._passing = False
        try:
            self._con.execute("SELECT 1")  # refused after a failed statement
        except duckdb.Error:
            self._broken = True
        made = self._age != self._begun_at
        if made and not self._broken:
            super().commit()
            return "kept"
        super().rollback()
        if made:
            self.rolled_back()
        self._filled.clear()
        return "broken" if self._broken else "taken back"

    def _run(self, text: str, values: Sequence[Any], *, anew: bool) -> duckdb.DuckDBPyConnection:
        if anew:
            return self._at_once(self._statement(text), values)
        return self._ready(text, values)

    def _ready(self, text: str, values: Sequence[Any]) -> duckdb.DuckDBPyConnection:
        """Executes a prepared statement.

        In a transaction that has made tables an old plan is not renewed, which would be of no use after it: DuckDB
        plans such a statement for this once.
        """
        known = self._prepared.get(text)
        if known is None:
            name = f"gs_{len(self._prepared) + 1}"
            known = self._prepared[text] = _Prepared(self._statement(f"PREPARE {name} AS {text}"), name)
        of_use = known.age == _NEVER or self._age == self._begun_at
        if known.age != self._age and of_use:
            self._con.execute(known.prepare)
            known.age = self._age
        if values:
            return self._con.execute(f"EXECUTE {known.name}({', '.join(map(_literal, values))})")
        return self._con.execute(self._statement(f"EXECUTE {known.name}"))

    def _statement(self, text: str) -> duckdb.Statement:
        """The parsed text."""
        if text not in self._parsed:
            (self._parsed[text],) = self._con.extract_statements(text)
        return self._parsed[text]


_TEMP = "temp.main"


@lru_cache(4096)
def quoted(name: str) -> str:
    """A name of `table` or `view` as SQL."""
    return spell(identifier(name))


def _literal(value: int) -> str:
    """In the type of the parameter: with another one DuckDB would plan the statement anew."""
    return f"CAST({value:d} AS BIGINT)"
