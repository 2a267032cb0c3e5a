from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from gsrules.profile import Profile
from gsrules.sources import OpenSource, SourceFile, open_source
from gsrules.sources.sql import execute
from gsrules.spec.tasks import S3Task


@dataclass
class Desk:
    """Writes files, opens them as an S3 dataset task would, and reads the rows."""

    con: duckdb.DuckDBPyConnection
    folder: Path

    def open(
        self,
        contents: bytes | Sequence[bytes],
        columns: Mapping[str, Any] | None,
        *,
        exact: bool = True,
        profile: Mapping[str, Any] | None = None,
        **task: Any,
    ) -> OpenSource:
        files = []
        for index, content in enumerate([contents] if isinstance(contents, bytes) else contents):
            path = self.folder / f"{index}.csv"
            path.write_bytes(content)
            files.append(SourceFile("bucket", f"in/{index}.csv", path))
        made = S3Task.model_validate({"path": "in/0.csv", "columns": columns, **task})
        workdir = self.folder / "work"
        workdir.mkdir(exist_ok=True)
        behaviour = Profile.default().overlaid(profile or {})
        return open_source(self.con, made, files, behaviour, exact=exact, workdir=workdir, where="task 'Usage'")

    def rows(self, source: OpenSource, needed: Sequence[str] | None = None) -> list[tuple[Any, ...]]:
        names = [column.name for column in source.columns] if needed is None else needed
        return execute(self.con, source.relation(names)).fetchall()

    def read(self, contents: bytes | Sequence[bytes], columns: Mapping[str, Any] | None, **how: Any) -> list[Any]:
        return self.rows(self.open(contents, columns, **how))

    def read_both(self, contents: bytes, columns: Mapping[str, Any], **how: Any) -> list[Any]:
        """The rows of the fast form, which must be those of the exact form."""
        fast = self.read(contents, columns, exact=False, **how)
        exact = self.read(contents, columns, exact=True, **how)
        assert fast == exact
        return fast


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with duckdb.connect() as con:
        yield Desk(con, tmp_path)


@pytest.fixture
def value(desk: Desk) -> Callable[[str, Any], Any]:
    """The value of one cell, under a column of the given type, in both forms."""

    def read(text: str, column: Any, **how: Any) -> Any:
        rows = desk.read_both(f"a,b\n{text},x\n".encode(), {"a": column}, **how)
        return rows[0][0]

    return read
