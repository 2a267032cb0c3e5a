"""Opens the store file: waits for a lock, and turns what can go wrong into problems."""

from __future__ import annotations

import os
import time
from pathlib import Path

import duckdb
from sqlglot import exp

from gsrules.errors import Problem, RunError
from gsrules.tenant.names import STORE, named

_WAIT_SETTING = "GSRULES_LOCK_SECONDS"
_DEFAULT_WAIT = 5.0
_POLL = 0.05
_REFUSED = "?\\"  # DuckDB 2.0 makes a slash of a backslash; what follows a ? is lost from the name of the log
_STORAGE_VERSION = "v1.4.0"  # a new store can be read by every DuckDB that the package works with


def attach(con: duckdb.DuckDBPyConnection, path: Path, *, read_only: bool) -> None:
    """Attaches the store as database `tenant`.

    Raises RunError: GS-TENANT-LOCKED when another process keeps the store longer than GSRULES_LOCK_SECONDS (5),
    GS-TENANT-ACCESS when the file cannot be read or written, GS-TENANT-NEWER and GS-TENANT-CORRUPT.
    """
    _check_access(path, read_only=read_only)
    statement = exp.Attach(
        this=named(exp.Literal.string(str(path)), STORE),
        expressions=_attach_options(path, read_only=read_only),
    ).sql(dialect="duckdb")
    deadline = time.monotonic() + wait_seconds()
    while True:
        try:
            con.execute(statement)
            return
        except duckdb.Error as error:
            if not _is_lock(error):
                raise RunError(problem_of(error, path)) from error
            if time.monotonic() >= deadline:
                raise RunError(_locked(path)) from error
        time.sleep(_POLL)


def _attach_options(path: Path, *, read_only: bool) -> list[exp.Expression]:
    if read_only:
        return [exp.AttachOption(this=exp.var("READ_ONLY"))]
    if path.exists():
        return []
    return [exp.AttachOption(this=exp.var("STORAGE_VERSION"), expression=exp.Literal.string(_STORAGE_VERSION))]


def wait_seconds() -> float:
    """How long to wait for another process."""
    try:
        return max(0.0, float(os.environ.get(_WAIT_SETTING, "")))
    except ValueError:
        return _DEFAULT_WAIT


def problem_of(error: duckdb.Error, path: Path | None) -> Problem:
    """What a DuckDB error on the store means to the user."""
    text = str(error)
    lowered = text.lower()
    value = str(path) if path else ""
    detail = text.splitlines()[0]
    if "no space left" in lowered or "file too large" in lowered or "disk quota" in lowered:
        return Problem(
            "GS-TENANT-FULL", "the disk is full; nothing was changed", value=value, hint=f"free some space ({detail})"
        )
    if "permission denied" in lowered or "read-only file system" in lowered:
        return _no_access(value, detail)
    if "newer version" in lowered or "higher version" in lowered or "serialization version" in lowered:
        return Problem(
            "GS-TENANT-NEWER",
            "the local tenant was written by a newer DuckDB",
            value=value,
            hint="update duckdb, or start over with gsrules reset",
        )
    if "out of memory" in lowered:
        return Problem("GS-TENANT-MEMORY", "memory ran out; nothing was changed", value=value, hint=detail)
    return Problem(
        "GS-TENANT-CORRUPT",
        "the local tenant cannot be read",
        value=value,
        hint=f"start over from the seed records: gsrules reset ({detail})",
    )


def _check_access(path: Path, *, read_only: bool) -> None:
    refused = next((letter for letter in _REFUSED if letter in path.as_posix()), "")
    if refused:
        raise RunError(_no_access(str(path), f"DuckDB cannot open a path with `{refused}` in it"))
    try:
        if path.is_dir():
            raise IsADirectoryError(21, "is a folder")
        if not read_only:
            path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(_no_access(str(path), error.strerror or str(error))) from error
    needed = os.R_OK if read_only else os.R_OK | os.W_OK
    if path.exists() and not os.access(path, needed):
        raise RunError(_no_access(str(path), "permission denied"))


def _no_access(path: str, detail: str) -> Problem:
    return Problem(
        "GS-TENANT-ACCESS",
        "the local tenant cannot be opened",
        value=path,
        hint=f"{detail}; check the folder and its rights, or set `store` to another place",
    )


def _is_lock(error: duckdb.Error) -> bool:
    text = str(error).lower()
    return "could not set lock" in text or "already attached" in text or "file is already open" in text


def _locked(path: Path) -> Problem:
    return Problem(
        "GS-TENANT-LOCKED",
        "another process is using the local tenant",
        value=str(path),
        hint=f"wait until it has ended, or end it; set {_WAIT_SETTING} to wait longer than {wait_seconds():g} s",
    )
