from __future__ import annotations

import bz2
import datetime as dt
import gzip
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from gsrules.errors import Problem, RunError
from gsrules.profile import Profile
from gsrules.sources import SourceFile, infer_columns, open_source
from gsrules.spec.tasks import S3Task

from .conftest import Desk


def problems(desk: Desk, contents: Any, columns: Any, **how: Any) -> tuple[Problem, ...]:
    with pytest.raises(RunError) as caught:
        desk.open(contents, columns, **how)
    return caught.value.problems


def test_only_configured_columns_are_read_in_any_order(desk: Desk) -> None:
    assert desk.read_both(b"x,b,a\n9,2,1\n", {"a": "number", "b": {"type": "string", "as": "Bee"}}) == [(1, "2")]


def test_only_needed_columns_are_in_the_relation(desk: Desk) -> None:
    source = desk.open(b"a,b\n1,2\n3,4\n", {"a": "number", "b": "string"}, exact=False)
    assert desk.rows(source, ["B"]) == [("2",), ("4",)]
    assert len(desk.rows(source, [])) == 2


def test_headers_that_differ_in_case_only_are_two_columns(desk: Desk) -> None:
    columns = {"a": {"type": "string", "as": "x"}, "A": {"type": "string", "as": "y"}}
    assert desk.read_both(b"a,A\n1,2\n", columns) == [("1", "2")]


def test_a_header_in_another_case_is_pointed_out(desk: Desk) -> None:
    (problem,) = problems(desk, b"account id,n\nA,1\n", {"Account ID": "string"})
    assert (problem.code, problem.value, problem.nearest) == ("GS-FILE-HEADER", "Account ID", "account id")
    assert problem.hint == "headers are case-sensitive"
    assert problem.place is not None
    assert (problem.place.file, problem.place.line, problem.place.text) == ("bucket/in/0.csv", 1, "account id,n")


def test_another_separator_is_suspected(desk: Desk) -> None:
    found = problems(desk, b"a;b\n1;2\n", {"a": "string"})
    assert "separator: semicolon" in found[0].hint


def test_another_separator_is_suspected_once_whatever_the_number_of_columns(desk: Desk) -> None:
    (problem,) = problems(desk, b"a;b;c\n1;2;3\n", {"a": "string", "b": "string", "c": "string"})
    assert problem.message == "the file has none of the 3 headers that the task reads"
    assert problem.value == "a;b;c"
    assert "separator: semicolon" in problem.hint


def test_the_line_of_headers_is_shown_with_its_own_spaces(desk: Desk) -> None:
    (problem,) = problems(desk, b"a ,b\n1,2\n", {"a": "string"})
    assert problem.place is not None
    assert problem.place.text == "a ,b"


def test_every_file_must_have_the_headers(desk: Desk) -> None:
    (problem,) = problems(desk, [b"a,b\n1,2\n", b"a,c\n1,2\n"], {"a": "string", "b": "string"})
    assert problem.place is not None
    assert (problem.place.file, problem.value) == ("bucket/in/1.csv", "b")


def test_a_header_that_stands_twice_is_refused(desk: Desk) -> None:
    (problem,) = problems(desk, b"a,b,a\n1,2,3\n", {"b": "string"})
    assert (problem.code, problem.value) == ("GS-FILE-HEADER", "a")


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused(desk: Desk, content: bytes) -> None:
    (problem,) = problems(desk, content, {"a": "string"})
    assert problem.message == "the file is empty"


def test_a_file_with_a_header_only_has_no_rows(desk: Desk) -> None:
    assert desk.read_both(b"a,b", {"a": "number"}) == []


def test_files_are_concatenated_whatever_their_column_order(desk: Desk) -> None:
    contents = [b"a,b\n1,x\n", b"b,a\r\ny,2\r\n", b'a,b\n3,"z ""\\\\"\n']
    for exact in (False, True):
        rows = desk.read(contents, {"a": "number", "b": "string"}, exact=exact)
        assert sorted(rows) == [(1, "x"), (2, "y"), (3, 'z "\\')]


@pytest.mark.parametrize(
    ("properties", "content"),
    [
        ({"separator": "tab"}, b"a\tb\n1\tx,y\n"),
        ({"separator": "pipe"}, b"a|b\n1|x,y\n"),
        ({"separator": "semicolon"}, b"a;b\n1;x,y\n"),
        ({"qualifier": "single_quote"}, b"a,b\n1,'x,y'\n"),
        ({"qualifier": "single_quote", "escape": "single_quote"}, b"a,b\n'1','x,y'\n"),
    ],
)
def test_separator_and_qualifier_are_as_stated(desk: Desk, properties: dict[str, str], content: bytes) -> None:
    assert desk.read_both(content, {"a": "number", "b": "string"}, file=properties) == [(1, "x,y")]


def test_a_tsv_file_is_separated_by_tabs(desk: Desk) -> None:
    assert desk.read_both(b"a\tb\n1\tx,y\n", {"b": "string"}, path="in/0.tsv") == [("x,y",)]


@pytest.mark.parametrize(
    ("escape", "cell", "expected"),
    [
        ("backslash", r'"say \"hi\" c\d O\\K"', r'say "hi" c\d O\K'),
        ("single_quote", "\"say '\"hi'\" O'Brien it''s\"", "say \"hi\" O'Brien it's"),
        ("double_quote", r'"say ""hi"" c\d"', r'say "hi" c\d'),
    ],
)
def test_escapes_are_as_stated(desk: Desk, escape: str, cell: str, expected: str) -> None:
    content = f"a,b\n{cell},1\n".encode()
    assert desk.read_both(content, {"a": "string"}, file={"escape": escape}) == [(expected,)]
    assert desk.read_both(content, {"a": "string"}, profile={"s3.escape_default": escape}) == [(expected,)]


@pytest.mark.parametrize(("name", "pack"), [("gzip", gzip.compress), ("bzip", bz2.compress)])
def test_compressed_files_are_unpacked(desk: Desk, name: str, pack: Any) -> None:
    path = {"gzip": "in/0.csv.gz", "bzip": "in/0.csv.bz2"}[name]
    packed = pack(b"a,b\n1,x\n")
    assert desk.read_both(packed, {"a": "number"}, file={"compression": name}, path=path) == [(1,)]
    (problem,) = problems(desk, packed, {"a": "number"})
    assert (problem.code, problem.hint) == ("GS-FILE-COMPRESSION", f"write compression: {name} under file")
    (problem,) = problems(desk, b"a\n1\n", {"a": "number"}, file={"compression": name}, path=path)
    assert problem.code == "GS-FILE-COMPRESSION"
    (problem,) = problems(desk, packed[:-6], {"a": "number"}, file={"compression": name}, path=path)
    assert "cannot be unpacked" in problem.message


@pytest.mark.parametrize("encoding", ["UTF-16", "ISO-8859-1", "Windows-1252", "UTF-8"])
def test_other_encodings_are_read(desk: Desk, encoding: str) -> None:
    content = "a,b\nCafé,1\n".encode(encoding)
    assert desk.read_both(content, {"a": "string"}, file={"encoding": encoding}) == [("Café",)]


def test_bytes_of_another_encoding_are_told(desk: Desk) -> None:
    (problem,) = problems(desk, "a,b\nCafé,1\n".encode("latin-1"), {"a": "string"})
    assert (problem.code, problem.message) == ("GS-FILE-ENCODING", "the line is not UTF-8: E9 at offset 7")
    assert problem.place is not None
    assert problem.place.line == 2
    (problem,) = problems(desk, "a,b\nCafé,1\n".encode(), {"a": "string"}, file={"encoding": "ASCII"})
    assert problem.code == "GS-FILE-ENCODING"


def test_a_file_name_is_never_taken_for_a_pattern(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "usage-1.csv").write_text("a\nwrong\n")
    path = tmp_path / "usage-[1]*?.csv"
    path.write_text("a\nright\n")
    task = S3Task.model_validate({"path": "in/a.csv", "columns": {"a": "string"}})
    file = SourceFile("bucket", "in/a.csv", path)
    source = open_source(desk.con, task, [file], Profile.default(), exact=False, workdir=tmp_path)
    assert desk.rows(source) == [("right",)]


def test_rows_with_a_wrong_number_of_cells_are_told_with_their_lines(desk: Desk) -> None:
    content = b"a,b\n1,2\n\n3\n4,5,6\n7,8,\n"
    found = problems(desk, content, {"a": "number"})
    assert [(p.code, p.place.line if p.place else 0) for p in found] == [("GS-FILE-ROW", line) for line in (4, 5, 6)]
    assert found[0].message == "the row has 1 cells, the header has 2"


@pytest.mark.parametrize("row", ["3", "4,5,6", "7,8,", "7,8,,", '7,8,""'])
def test_the_fast_form_fails_for_a_row_with_a_wrong_number_of_cells(desk: Desk, row: str) -> None:
    with pytest.raises((duckdb.Error, RunError)):
        desk.read(f"a,b\n1,2\n{row}\n".encode(), {"a": "number"}, exact=False)


def test_bad_values_are_told_with_file_line_column_and_value(desk: Desk) -> None:
    content = b'Name,Logins,Day\n"two\nlines",5,01/31/2026\nx,five,2026-01-31\n'
    found = problems(desk, content, {"Name": "string", "Logins": "number", "Day": "date"})
    assert [(p.code, str(p.place), p.value, p.where) for p in found] == [
        ("GS-FILE-VALUE", "bucket/in/0.csv:4:1", "five", "task 'Usage'"),
        ("GS-FILE-VALUE", "bucket/in/0.csv:4:1", "2026-01-31", "task 'Usage'"),
    ]
    assert found[0].message == "“five” in the column “Logins” is no number"
    assert found[1].message == "“2026-01-31” in the column “Day” is no date of the format MM/dd/yyyy"


def test_many_bad_values_are_shown_in_part_and_counted(desk: Desk) -> None:
    content = b"a,b\n" + b"x,y\n" * 1000
    found = problems(desk, content, {"a": "number", "b": "number"})
    assert len(found) == 21
    assert found[-1].message == "1,980 more cells do not fit their column's type (in all a: 1,000, b: 1,000)"


def test_a_file_over_one_gigabyte_is_refused(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "big.csv"
    with path.open("wb") as file:
        file.truncate((1 << 30) + 1)
    task = S3Task.model_validate({"path": "in/big.csv", "columns": {"a": "string"}})
    big = SourceFile("bucket", "in/big.csv", path)
    with pytest.raises(RunError, match="GS-LIMIT"):
        open_source(desk.con, task, [big], Profile.default(), exact=False, workdir=tmp_path)


def test_equal_names_get_numbers_when_the_profile_says_so(desk: Desk) -> None:
    columns = {"a": "string", "b": {"type": "string", "as": "A"}}
    source = desk.open(b"a,b\n1,2\n", columns, profile={"names.collision": "auto_suffix"})
    assert [column.name for column in source.columns] == ["a", "A_1"]


def inferred(desk: Desk, tmp_path: Path, content: bytes, **task: Any) -> dict[str, str]:
    path = tmp_path / "file.csv"
    path.write_bytes(content)
    made = S3Task.model_validate({"path": "in/file.csv", **task})
    file = SourceFile("bucket", "in/file.csv", path)
    found = infer_columns(desk.con, made, [file], Profile.default(), workdir=tmp_path)
    assert all(column.reason for column in found)
    return {column.header: column.type_text for column in found}


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["true", "FALSE", ""], "boolean"), (["true", "yes"], "string"), (["1", "-2.5", "0", "0.5", ""], "number"),
        (["1", "007"], "string"), (["1", "1_0"], "string"), (["01/31/2026", ""], "date"),
        (["01/31/2026", "02/30/2026"], "string"), (["01/31/2026 10:00:00"], "datetime"),
        (["01/31/2026", "01/31/2026 10:00:00"], "string"), (["1P02" + "A" * 32], "gsid"),
        (["1p02" + "a" * 32], "string"), (["", ""], "string"), (["1", "1" * 40], "string"),
    ],
)  # fmt: skip
def test_types_are_inferred_over_the_whole_file(desk: Desk, tmp_path: Path, cells: list[str], expected: str) -> None:
    content = "a,b\n" + "".join(f"{cell},x\n" for cell in cells)
    assert inferred(desk, tmp_path, content.encode()) == {"a": expected, "b": "string"}
    # The same from the exact reader, which an escape asks for.
    assert inferred(desk, tmp_path, (content + ',"\\\\"\n').encode()) == {"a": expected, "b": "string"}


def test_the_last_row_decides_too(desk: Desk, tmp_path: Path) -> None:
    assert inferred(desk, tmp_path, b"a\n" + b"1\n" * 50_000 + b"x\n") == {"a": "string"}


def test_a_stated_type_wins_over_what_would_be_inferred(desk: Desk) -> None:
    source = desk.open(b"a,b\n1,01/31/2026\n", {"a": "string", "b": {}})
    assert [(column.header, column.type_text) for column in source.inferred] == [("b", "date")]
    assert desk.rows(source) == [("1", dt.date(2026, 1, 31))]


def test_without_columns_all_headers_are_columns(desk: Desk) -> None:
    source = desk.open([b"a,b\n1,x\n", b"b,a\ny,2\n"], None, exact=False)
    assert [column.name for column in source.columns] == ["a", "b"]
    assert sorted(desk.rows(source)) == [(Decimal(1), "x"), (Decimal(2), "y")]
