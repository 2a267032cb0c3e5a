"""Tenants in memory: each in a database of its own, all in one DuckDB instance of the process.

Starting an instance costs more than a whole rule test (20 ms of processor time; attaching a database 1 ms). What
a tenant writes is in its own database or temporary, so that no other one sees it, and is gone when it is closed.
"""

from __future__ import annotations

import atexit
import os
from functools import cache
from itertools import count
from threading import Lock

import duckdb
from sqlglot import exp

from gsrules.tenant.instance import connect, set_session
from gsrules.tenant.names import MEMORY, identifier, named, run

_taken: set[str] = set()
_taking = Lock()


@cache
def _instance(process: int) -> duckdb.DuckDBPyConnection:
    """The instance of a process; a forked one must not use its parent's, whose threads it has not."""
    con = connect()
    atexit.register(con.close)  # DuckDB then removes what it had written to its temporary folder
    return con


def open_memory() -> tuple[duckdb.DuckDBPyConnection, str]:
    """A connection whose default database is a new empty one, and that one's name."""
    con = _instance(os.getpid()).cursor()
    set_session(con)
    with _taking:
        # the lowest number again and again, so that statements that were spelled once are met again
        name = next(name for number in count(1) if (name := f"{MEMORY}_{number}") not in _taken)
        _taken.add(name)
    run(con, exp.Attach(this=named(exp.Literal.string(":memory:"), name)))
    run(con, exp.Use(this=exp.Table(this=identifier(name))))
    return con, name


def close_memory(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """Closes a connection of `open_memory` and forgets its database."""
    con.close()
    run(_instance(os.getpid()), exp.Detach(this=exp.Table(this=identifier(name))))
    _taken.discard(name)
