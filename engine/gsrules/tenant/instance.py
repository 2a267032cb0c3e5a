"""Starts DuckDB; on request ahead of time, beside the loading of everything else, for it needs no Python."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from threading import Thread

import duckdb

_ahead: list[_Ahead] = []


def connect(threads: int | None = None) -> duckdb.DuckDBPyConnection:
    """A connection to nothing but memory; what does not fit there spills into the system's temporary folder.

    `threads`: None is one for each processor. Takes the connection that `connect_ahead` has begun, if there is one.
    """
    begun = _ahead.pop() if threads is None and _ahead else None
    return (begun and begun.taken()) or _connect(threads)


def _connect(threads: int | None = None) -> duckdb.DuckDBPyConnection:
    spill = Path(tempfile.gettempdir()) / f"gsrules-spill-{os.getpid()}"
    config: dict[str, str | bool | int | float | list[str]] = {"temp_directory": str(spill)}
    if threads is not None:
        config["threads"] = threads
    con = duckdb.connect(config=config)
    set_session(con)
    return con


def set_session(con: duckdb.DuckDBPyConnection) -> None:
    """Sets what the results depend on, and that nothing but them is printed: DuckDB shows progress on standard output.

    DuckDB 2.0.0 mixes up the tables of joins that two parts of a statement begin with in common; it is told not to
    look for such parts.
    """
    con.execute("SET TimeZone = 'UTC'")
    con.execute("SET enable_progress_bar = false")
    with suppress(duckdb.ParserException):  # a version that has no such step
        con.execute("SET disabled_optimizers = 'common_subplan'")


def connect_ahead() -> None:
    """Begins to make the connection that `connect` will be asked for, in a thread."""
    _ahead[:] = [_Ahead()]


class _Ahead:
    """A connection in the making, for this process only: a forked one has not its parent's threads."""

    def __init__(self) -> None:
        self._process = os.getpid()
        self._made: duckdb.DuckDBPyConnection | None = None
        self._thread = Thread(target=self._make, daemon=True)
        self._thread.start()

    def _make(self) -> None:
        with suppress(duckdb.Error, OSError):  # `connect` will meet it again, where it can be told
            self._made = _connect()

    def taken(self) -> duckdb.DuckDBPyConnection | None:
        if self._process != os.getpid():
            return None
        self._thread.join()
        return self._made
