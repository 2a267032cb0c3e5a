"""DuckDB's reader and the exact one: the same rows, or the first one says that it cannot tell."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from gsrules.errors import GsrulesError
from gsrules.profile import Profile
from gsrules.sources import OpenSource, SourceFile, open_source
from gsrules.sources.dialect import Dialect
from gsrules.sources.parts import Part, direct_parts
from gsrules.sources.sql import execute
from gsrules.sources.survey import survey
from gsrules.sources.tokenizer import FileFaultError, records
from gsrules.spec.tasks import S3Task

CON = duckdb.connect()


def exactly(path: Path, dialect: Dialect) -> list[tuple[str, ...]] | None:
    """The rows below the header by the exact reader, empty cells as ''; None if it fails."""
    try:
        found = [record.cells for record in records(path, dialect)]
    except FileFaultError:
        return None
    if any(len(row) != len(found[0]) for row in found):
        return None
    return [tuple(cell or "" for cell in row) for row in found[1:]]


def directly(part: Part) -> list[tuple[str, ...]] | None:
    """The rows by DuckDB; None if it fails."""
    try:
        return execute(CON, exp.select("*").from_(part.table.copy())).fetchall()
    except duckdb.Error:
        return None


def bodies(alphabet: str, most: int) -> Iterator[str]:
    for length in range(most + 1):
        yield from ("".join(chars) for chars in itertools.product(alphabet, repeat=length))


@pytest.mark.parametrize(
    ("header", "alphabet", "most", "escape"),
    [
        ("h,i", 'a,\n"', 4, "\\"),
        ("h,i", 'a," ', 4, "\\"),
        ("h,i", 'a,"\\', 4, "\\"),
        ("h,i", ",\"'\n", 4, "'"),
        ("h,i", "a,\r\n", 4, "\\"),
        ("h,i\r", "a,\r\n", 4, "\\"),
        ("h", 'a,\n" ', 4, '"'),
        ("h,i,j", 'a,"\t', 4, "\\"),
    ],
)  # fmt: skip
def test_a_file_read_directly_reads_as_the_exact_reader_reads_it(
    tmp_path: Path, header: str, alphabet: str, most: int, escape: str
) -> None:
    dialect = Dialect(",", '"', escape)
    path = tmp_path / "file.csv"
    agreed = 0
    for body in bodies(alphabet, most):
        path.write_bytes(f"{header}\n{body}".encode())
        found = survey(path, dialect)
        if not found.direct:
            continue
        rows = directly(direct_parts([found], {})[0])
        if rows is not None:
            assert rows == exactly(path, dialect), repr(body)
            agreed += 1
    # Most files that can be read at all are read directly.
    assert agreed > 30


CELLS = st.one_of(
    st.sampled_from(["", " ", "a", "O'Brien", "c\\d", '5" pipe', "1_000", "ü", "日本", "\\", "''", '"', '""', "x\ty"]),
    st.text(alphabet="ab ,;'\"\\\n\r\té\x01_", max_size=6),
)
NUMBERS = st.sampled_from(
    [
        "", " ", "5", "-5", "+5", "007", "5.0", "2.5", "-2.5", "1e3", "1_000", "0x1F", "0b1", "inf", "nan", ".5", "5.",
        " 5 ", "\x0b5", "99999999999999999999", "123456789012345678", "1234567890123456789", "0.0000000005", "x",
        "5e-1", "1,5", "\t",
    ]
)  # fmt: skip


def in_file(cell: str, style: int) -> str:
    """A cell as files hold it: bare, qualified with doubled qualifiers, or qualified with escapes."""
    if style == 0:
        return cell
    if style == 1:
        return '"' + cell.replace("\\", "\\\\").replace('"', '""') + '"'
    return '"' + cell.replace("\\", "\\\\").replace('"', '\\"') + '"'


@st.composite
def files(draw: st.DrawFn) -> bytes:
    styles = st.integers(0, 2) if draw(st.booleans()) else st.just(0)
    rows = draw(st.lists(st.tuples(CELLS, NUMBERS, NUMBERS, CELLS), max_size=5))
    lines = [",".join(in_file(cell, draw(styles)) for cell in row) for row in rows]
    end = draw(st.sampled_from(["\n", "\r\n"]))
    return end.join(["T,W,N,U", *lines, ""]).encode()


TASK = S3Task.model_validate({
    "path": "in/file.csv",
    "columns": {"T": "string", "W": {"type": "number", "decimals": 0}, "N": "number", "U": "string"},
})  # fmt: skip


def opened(content: bytes, profile: Profile, folder: str, *, exact: bool) -> OpenSource:
    path = Path(folder, "file.csv")
    path.write_bytes(content)
    file = SourceFile("bucket", "in/file.csv", path)
    return open_source(CON, TASK, [file], profile, exact=exact, workdir=Path(folder), where="")


def outcome(content: bytes, profile: Profile, *, exact: bool) -> list[Any] | None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            source = opened(content, profile, folder, exact=exact)
            return execute(CON, source.relation(["T", "W", "N", "U"])).fetchall()
        except (GsrulesError, duckdb.Error):
            return None


@given(files(), st.sampled_from([{}, {"s3.on_bad_value": "null"}, {"s3.empty_string": "keep_quoted"}]))
@settings(max_examples=250, deadline=None)
def test_the_fast_form_gives_what_the_exact_form_gives_or_fails(content: bytes, settings_: dict[str, Any]) -> None:
    profile = Profile.default().overlaid(settings_)
    fast = outcome(content, profile, exact=False)
    if fast is not None:
        assert fast == outcome(content, profile, exact=True)


@given(st.lists(NUMBERS, min_size=1, max_size=4))
@settings(max_examples=100, deadline=None)
def test_numbers_read_directly_and_from_the_exact_reader_are_equal(numbers: list[str]) -> None:
    profile = Profile.default().overlaid({"s3.on_bad_value": "null"})
    rows = "".join(f'a,"{text}","{text}",b\n' for text in numbers)
    plain = outcome(f"T,W,N,U\n{rows}".encode(), profile, exact=True)
    # An escaped escape leaves the file to the exact reader.
    tokens = outcome(f'T,W,N,U\n{rows}"\\\\",,,\n'.encode(), profile, exact=True)
    assert plain is not None
    assert tokens is not None
    assert plain == tokens[:-1]


def test_large_files_with_line_breaks_in_cells_are_read_whole(tmp_path: Path) -> None:
    content = "T,W,N,U\n" + "".join(f'"line\none {i}",{i},{i}.5,"x,""y"""\n' for i in range(60_000))
    with tempfile.TemporaryDirectory() as folder:
        source = opened(content.encode(), Profile.default(), folder, exact=False)
        inner = source.relation(["T", "W", "N", "U"]).subquery("files")
        query = exp.select("count(*)", "sum(W)", "count(DISTINCT T)", "min(U)").from_(inner)
        assert execute(CON, query).fetchall() == [(60_000, 60_000 * 59_999 // 2, 60_000, 'x,"y"')]
        # It was DuckDB's reader, in parallel, that read it.
        assert not source.parts[0].tells_empty


@pytest.mark.parametrize("sequence", ['\n "x",1\n', '\n"x" ,1\n', '\n"a\\"b",1\n', '\n"a\\\\b",1\n'])
@pytest.mark.parametrize("shift", range(-8, 2))
def test_a_sequence_across_two_pieces_of_a_file_is_found(tmp_path: Path, sequence: str, shift: int) -> None:
    piece = 1 << 18
    path = tmp_path / "file.csv"
    start = b"h,i\nx,"
    path.write_bytes(start + b"y" * (piece + shift - len(start)) + sequence.encode() + b"1,2\n" * 10)
    assert not survey(path, Dialect(",", '"', "\\")).direct
