"""Random files in every dialect: DuckDB, the exact reader and a small one made from data-setup.md §6.2 agree."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gsrules.errors import GsrulesError
from gsrules.profile import Profile
from gsrules.sources import SourceFile, open_source
from gsrules.sources.dialect import ESCAPES, QUALIFIERS, SEPARATORS
from gsrules.sources.sql import execute
from gsrules.spec.tasks import S3Task

CON = duckdb.connect()
Rows = list[tuple[str | None, ...]]


class WrongError(Exception):
    """The file breaks a rule of §6.2."""


def small_reader(text: str, separator: str, qualifier: str, escape: str) -> list[list[tuple[str, bool]]]:
    """The rows of a text, one character after the other; each cell with whether it was qualified."""
    rows: list[list[tuple[str, bool]]] = []
    cells: list[tuple[str, bool]] = []
    at = 0
    if "\0" in text:
        raise WrongError
    while at < len(text):
        if not cells and text[at] in "\r\n":
            at += 1  # a blank line, or the second half of a line break
            continue
        cell, is_qualified = "", text[at] == qualifier
        if is_qualified:
            at += 1
            while True:
                pair = text[at : at + 2]
                if not pair:
                    raise WrongError
                if pair == qualifier * 2 or (pair[0] == escape and pair[1:] and pair[1] in (qualifier, escape)):
                    cell, at = cell + pair[1], at + 2
                elif pair[0] == qualifier:
                    at += 1
                    break
                else:
                    cell, at = cell + pair[0], at + 1
        else:
            while at < len(text) and text[at] != separator and text[at] not in "\r\n":
                cell, at = cell + text[at], at + 1
        cells.append((cell, is_qualified))
        if at < len(text) and text[at] == separator:
            at += 1
            if at == len(text) or text[at] in "\r\n":
                cells.append(("", False))
            else:
                continue
        elif at < len(text) and text[at] not in "\r\n":
            raise WrongError
        rows.append(cells)
        cells = []
        at += 1
    if any(len(row) != len(rows[0]) for row in rows):
        raise WrongError
    return rows


def expected(text: str, dialect: dict[str, str], keep: bool) -> Rows | None:
    chars = SEPARATORS[dialect["separator"]], QUALIFIERS[dialect["qualifier"]], ESCAPES[dialect["escape"]]
    try:
        rows = small_reader(text, *chars)[1:]
    except WrongError:
        return None
    return [tuple(cell if cell or (keep and qualified) else None for cell, qualified in row) for row in rows]


def outcome(text: str, dialect: dict[str, str], keep: bool, *, exact: bool) -> Rows | None:
    profile = Profile.default().overlaid({"s3.empty_string": "keep_quoted" if keep else "null"})
    task = S3Task.model_validate({"path": "in/a.csv", "file": dialect, "columns": {"h": "string", "i": "string"}})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.csv")
        path.write_bytes(text.encode())
        file = SourceFile("bucket", "in/a.csv", path)
        try:
            source = open_source(CON, task, [file], profile, exact=exact, workdir=Path(folder), where="")
            return execute(CON, source.relation(["h", "i"])).fetchall()
        except (GsrulesError, duckdb.Error):
            return None


@st.composite
def files(draw: st.DrawFn) -> tuple[str, dict[str, str]]:
    dialect = {
        "separator": draw(st.sampled_from(list(SEPARATORS))),
        "qualifier": draw(st.sampled_from(list(QUALIFIERS))),
        "escape": draw(st.sampled_from(list(ESCAPES))),
    }
    separator = SEPARATORS[dialect["separator"]]
    qualifier, escape = QUALIFIERS[dialect["qualifier"]], ESCAPES[dialect["escape"]]
    header = f"h{separator}i"
    if draw(st.booleans()):
        # Anything at all.
        body = draw(st.text(alphabet=f"{separator}{qualifier}{escape}ab \n\r,;|\t'\"\\é", max_size=24))
        return f"{header}\n{body}", dialect
    end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    plain = st.text(alphabet="ab 'é5.\\\"", max_size=5).filter(lambda cell: not cell.startswith(qualifier))
    inside = st.text(alphabet=f"ab{separator}{qualifier}{escape}\n\r ", max_size=5)

    def qualified(cell: str) -> str:
        doubled = cell if escape == qualifier else cell.replace(escape, escape * 2)
        return qualifier + doubled.replace(qualifier, qualifier * 2) + qualifier

    cell = st.one_of(plain, inside.map(qualified)) if draw(st.booleans()) else plain
    rows = draw(st.lists(st.tuples(cell, cell), max_size=6))
    lines = [separator.join(row) for row in rows]
    return end.join([header, *lines]) + draw(st.sampled_from(["", end])), dialect


def test_all_three_readers_read_the_same() -> None:
    agreed: list[bool] = []

    @given(files(), st.booleans())
    @settings(max_examples=600, deadline=None)
    def check(made: tuple[str, dict[str, str]], keep: bool) -> None:
        text, dialect = made
        wanted = expected(text, dialect, keep)
        assert outcome(text, dialect, keep, exact=True) == wanted, repr(text)
        fast = outcome(text, dialect, keep, exact=False)
        assert fast is None or fast == wanted, repr(text)
        if wanted:
            agreed.append(fast is not None)

    check()
    # Files that can be read at all are nearly always read in the fast form.
    assert sum(agreed) / len(agreed) > 0.9


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ('h,i\n"a\\"b",c\\d\n', [[("h", False), ("i", False)], [('a"b', True), ("c\\d", False)]]),
        ("h,i\r\n\r\na,\r\n", [[("h", False), ("i", False)], [("a", False), ("", False)]]),
    ],
)
def test_the_small_reader_reads_the_examples_of_the_reference(text: str, rows: list[Any]) -> None:
    assert small_reader(text, ",", '"', "\\") == rows
