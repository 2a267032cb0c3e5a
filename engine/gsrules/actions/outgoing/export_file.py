"""The content of an exported file: CSV by DuckDB, then recoded and compressed where that is asked for."""

from __future__ import annotations

import bz2
import gzip
import shutil
import zipfile
from pathlib import Path
from typing import BinaryIO, Final

import duckdb
from sqlglot import exp

from gsrules.dataclass import dataclass
from gsrules.errors import Problem, RunError
from gsrules.sources.dialect import Dialect, bare_key

_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class CsvFile:
    """A file with a header and the texts of a query; `key` names it in a bucket, `where` the rule."""

    query: str
    dialect: Dialect
    codec: str
    compression: str
    key: str
    where: str

    def make(self, connection: duckdb.DuckDBPyConnection, target: Path) -> None:
        """Writes the file. Null is an empty cell, an empty text a qualified one (actions.md §9.2).

        Raises RunError GS-FILE-ENCODING for a character that the encoding does not have, GS-OUTPUT if there is no
        space.
        """
        plain = target.with_name(f"{target.name}.csv")
        try:
            self._copy(connection, plain)
            if self.codec != "utf-8":
                plain = self._recoded(plain)
            self._pack(plain, target)
        except (OSError, duckdb.IOException) as error:
            message, hint = "the file for the export cannot be made", str(error).splitlines()[0]
            raise RunError(Problem("GS-OUTPUT", message, where=self.where, value=self.key, hint=hint)) from error
        finally:
            plain.unlink(missing_ok=True)

    def _copy(self, connection: duckdb.DuckDBPyConnection, plain: Path) -> None:
        values = {"DELIMITER": self.dialect.separator, "QUOTE": self.dialect.qualifier, "ESCAPE": self.dialect.escape}
        options = ", ".join(f"{name} {_quoted(value)}" for name, value in {**values, "NULLSTR": ""}.items())
        target = _quoted(str(plain))
        connection.execute(f"COPY ({self.query}) TO {target} (FORMAT csv, HEADER true, {options})")

    def _recoded(self, plain: Path) -> Path:
        coded = plain.with_name(f"{plain.name}.coded")
        line = 1
        with plain.open(encoding="utf-8", newline="") as source, coded.open("w", encoding=self.codec, newline="") as to:
            try:
                while chunk := source.read(_CHUNK):
                    to.write(chunk)
                    line += chunk.count("\n")
            except UnicodeEncodeError as error:
                wrong = error.object[error.start : error.end][:10]
                line += error.object.count("\n", 0, error.start)
                message = f"{self.codec.upper()} has no “{wrong}” (line {line} of the file)"
                hint = "write encoding: UTF-8 under file"
                problem = Problem("GS-FILE-ENCODING", message, where=self.where, value=self.key, hint=hint)
                raise RunError(problem) from error
        return coded.replace(plain)

    def _pack(self, plain: Path, target: Path) -> None:
        """Packs without the time of day: equal rows make equal files."""
        if self.compression == "none":
            plain.replace(target)
        elif self.compression == "zip":
            name = bare_key(self.key, "zip").rpartition("/")[2]
            with zipfile.ZipFile(target, "w") as archive, plain.open("rb") as source:
                entry = zipfile.ZipInfo(name)
                entry.compress_type = zipfile.ZIP_DEFLATED
                with archive.open(entry, "w", force_zip64=True) as packed:
                    shutil.copyfileobj(source, packed, _CHUNK)
        else:
            with plain.open("rb") as source, target.open("wb") as file, self._packing(file) as packed:
                shutil.copyfileobj(source, packed, _CHUNK)

    def _packing(self, file: BinaryIO) -> gzip.GzipFile | bz2.BZ2File:
        return gzip.GzipFile("", "wb", 6, file, mtime=0) if self.compression == "gzip" else bz2.BZ2File(file, "wb")


def _quoted(value: str) -> str:
    return exp.Literal.string(value).sql("duckdb")
