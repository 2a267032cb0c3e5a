"""Files that are broken, enormous or no files at all: each gives its own clear error, or the documented result."""

from __future__ import annotations

import datetime as dt
import os
import socket
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from gsrules.errors import Problem, RunError
from gsrules.project import Project
from gsrules.sources import OpenSource, open_source
from gsrules.sources.resolve import resolve
from gsrules.spec.tasks import S3Task

from .conftest import Desk

COLUMNS: dict[str, Any] = {"a": "string", "b": "string"}
DAY = dt.date(2024, 5, 15)


def problems(
    desk: Desk, content: bytes, columns: Mapping[str, Any] | None = COLUMNS, **how: Any
) -> tuple[Problem, ...]:
    """What is wrong with the file: the exact form tells it, and the fast one gives no rows of it either."""
    with pytest.raises(RunError) as caught:
        desk.open(content, columns, **how)
    assert all(problem.code.startswith("GS-FILE-") for problem in caught.value.problems)
    first = caught.value.problems[0]
    assert first.place is not None or first.value
    fast = _fast(desk, content, columns, **how)
    assert fast is None, fast
    return caught.value.problems


def _fast(desk: Desk, content: bytes, columns: Mapping[str, Any] | None, **how: Any) -> list[Any] | None:
    import duckdb

    try:
        return desk.read(content, columns, exact=False, **how)
    except (RunError, duckdb.Error):
        return None


def both(desk: Desk, content: bytes, columns: Mapping[str, Any] = COLUMNS, **how: Any) -> list[Any]:
    """The rows of the exact form; those of the fast one are the same, or it says that it cannot tell."""
    exact = desk.read(content, columns, **how)
    fast = _fast(desk, content, columns, **how)
    assert fast is None or fast == exact
    return exact


def told(found: tuple[Problem, ...]) -> list[tuple[str, int | None, str]]:
    return [(each.code, each.place.line if each.place else None, each.message) for each in found]


def test_ragged_lines_are_all_named_with_their_numbers(desk: Desk) -> None:
    content = b'a,b\n1\n1,2\n1,2,3\n\n"x\ny",2\n"x\ny"\n'
    assert told(problems(desk, content)) == [
        ("GS-FILE-ROW", 2, "the row has 1 cells, the header has 2"),
        ("GS-FILE-ROW", 4, "the row has 3 cells, the header has 2"),
        ("GS-FILE-ROW", 8, "the row has 1 cells, the header has 2"),
    ]


def test_many_ragged_lines_are_counted(desk: Desk) -> None:
    found = problems(desk, b"a,b\n" + b"1\n" * 1000)
    assert len(found) == 21
    assert found[-1].message == "980 more rows have a wrong number of cells"


@pytest.mark.parametrize("content", [b'a,b\n1,"x\n2,y\n', b'a,b\n1,"', b'a,b\n1,"x""', b'a,b\n1,"x\\"\n'])
def test_an_unclosed_qualifier_is_told_where_it_opens(desk: Desk, content: bytes) -> None:
    (code, line, message) = told(problems(desk, content))[0]
    assert (code, line, message) == ("GS-FILE-FORMAT", 2, 'the " that opens a cell here is never closed')


def test_an_unclosed_qualifier_in_a_large_file_is_told_soon(desk: Desk) -> None:
    content = b'a,b\n1,"x\n' + b"some,ordinary line\n" * 1_000_000
    started = time.process_time()
    assert told(problems(desk, content))[0][:2] == ("GS-FILE-FORMAT", 2)
    assert time.process_time() - started < 30


def test_an_unclosed_qualifier_in_the_header_is_told(desk: Desk) -> None:
    assert told(problems(desk, b'a,"b\n1,2\n'))[0][:2] == ("GS-FILE-FORMAT", 1)


@pytest.mark.parametrize("content", [b"a,b\n1,\0\n", b"a,b\0\n1,2\n", b'a,b\n1,"x\n\0"\n', b"a,b\n1,2\n\0\0\0\0"])
def test_a_nul_byte_is_told_with_its_line(desk: Desk, content: bytes) -> None:
    (code, line, message) = told(problems(desk, content))[0]
    assert (code, message) == ("GS-FILE-FORMAT", "the line holds a NUL byte")
    assert line == content[: content.index(b"\0")].count(b"\n") + 1


@pytest.mark.parametrize("quote", [b"", b'"'])
def test_a_cell_of_10_megabytes_is_read_whole(desk: Desk, quote: bytes) -> None:
    big = b"x" * (10 << 20)
    rows = both(desk, b"a,b\n1,2\n" + quote + big + quote + b",3\n4,5\n")
    assert [(len(a), b) for a, b in rows] == [(1, "2"), (10 << 20, "3"), (1, "5")]


def test_a_qualified_cell_of_many_lines_and_megabytes_is_read_whole(desk: Desk) -> None:
    big = "line, one\n" * 300_000
    assert both(desk, f'a,b\n"{big}",2\n'.encode()) == [(big, "2")]


@pytest.mark.once
def test_a_line_without_end_is_refused(desk: Desk) -> None:
    for start, line in ((b"a,b\n1,2\n3,4\n", 4), (b"", 1)):
        (found,) = told(problems(desk, start + b"x" * (66 << 20)))
        assert found == ("GS-FILE-FORMAT", line, "the line is longer than 64 MB")


def test_a_header_that_stands_twice_in_the_header_line_is_refused(desk: Desk) -> None:
    (found,) = problems(desk, b"a,b,a\n1,2,3\n")
    assert (found.code, found.value) == ("GS-FILE-HEADER", "a")


def test_a_header_line_that_comes_again_is_a_row_and_recognised_where_it_does_not_fit(desk: Desk) -> None:
    content = b"a,b\n1,2\na,b\n3,4\n"
    assert both(desk, content) == [("1", "2"), ("a", "b"), ("3", "4")]
    (found,) = problems(desk, content, {"a": "number", "b": "string"})
    assert (found.place.line if found.place else None, found.value) == (3, "a")
    assert found.hint == "the line repeats the header: were two files put together?"


def test_mixed_line_ends_all_end_a_line(desk: Desk) -> None:
    assert both(desk, b"a,b\r\n1,2\n3,4\r5,6\r\n7,8") == [("1", "2"), ("3", "4"), ("5", "6"), ("7", "8")]
    assert both(desk, b"a,b\n1,2\r\n3,4\r5,6\n") == [("1", "2"), ("3", "4"), ("5", "6")]
    assert both(desk, b"a,b\r1,2\r3,4\r") == [("1", "2"), ("3", "4")]
    assert both(desk, b'a,b\r\n"1\r2","3\n4"\r\n"5\r\n6",7') == [("1\r2", "3\n4"), ("5\r\n6", "7")]


def test_a_file_cut_in_the_middle_of_a_row_is_told(desk: Desk) -> None:
    assert told(problems(desk, b"a,b\n1,2\n3"))[0][:2] == ("GS-FILE-ROW", 3)
    assert told(problems(desk, b'a,b\n1,2\n3,"4'))[0][:2] == ("GS-FILE-FORMAT", 3)


def test_a_file_cut_in_the_middle_of_a_character_is_told(desk: Desk) -> None:
    content = "a,b\n1,日本".encode()[:-1]
    for columns in (COLUMNS, {"a": "string"}):
        (found,) = problems(desk, content, columns)
        assert (found.code, found.place.line if found.place else None) == ("GS-FILE-ENCODING", 2)
        assert f"at offset {len(content) - 2}" in found.message


@pytest.mark.parametrize("rows", [10, pytest.param(600_000, marks=pytest.mark.once)])
def test_a_byte_that_is_no_utf_8_is_told_wherever_it_stands(desk: Desk, rows: int) -> None:
    # Also in a column that nobody asks for, in a large file too, which is looked over in another way.
    filler = "日本,ü,some more text in a row\n".encode() * rows
    for wrong in (b"\xe6\x97", b"\xff", b"\xed\xa0\x80", b"\xc0\x80")[: 4 if rows == 10 else 1]:
        (found,) = problems(desk, b"a,b,c\n" + filler + b"x," + wrong + b",y\n" + filler, {"a": "string"})
        assert (found.code, found.place.line if found.place else None) == ("GS-FILE-ENCODING", rows + 2)
    assert len(desk.read(b"a,b,c\n" + filler, {"a": "string"}, exact=False)) == rows


@pytest.mark.parametrize("content", [b"", b"\n", b"\r\n\r\n\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n\n"])
def test_a_file_without_a_header_is_empty(desk: Desk, content: bytes) -> None:
    assert told(problems(desk, content)) == [("GS-FILE-FORMAT", 1, "the file is empty")]


@pytest.mark.parametrize("content", [b"a,b", b"a,b\n", b"\n\na,b\r\n\r\n", b"\xef\xbb\xbfa,b\n"])
def test_a_file_with_only_a_header_has_no_rows(desk: Desk, content: bytes) -> None:
    assert both(desk, content) == []


def test_a_header_line_of_a_million_columns_is_refused(desk: Desk) -> None:
    content = b",".join(b"c%d" % at for at in range(1_000_000)) + b"\n1\n"
    started = time.process_time()
    (found,) = problems(desk, content, {"c1": "string"})
    assert (found.code, found.message) == (
        "GS-FILE-FORMAT", "the header has 1,000,000 columns; at most 10,000 are read"
    )  # fmt: skip
    assert time.process_time() - started < 20


@pytest.mark.once
def test_a_file_of_many_columns_is_read(desk: Desk) -> None:
    count = 2_000
    content = b",".join(b"c%d" % at for at in range(count)) + b"\n" + b",".join(b"%d" % at for at in range(count))
    assert both(desk, content, {"c1999": "number", "c7": "string"}) == [(1999, "7")]


@pytest.mark.parametrize(
    ("content", "row"),
    [
        (b'a,b\n5" pipe,x\n', ('5" pipe', "x")),
        (b'a,b\nsay "hi",x"\n', ('say "hi"', 'x"')),
        (b'a,b\n "x",y\n', (' "x"', "y")),
        (b"a,b\n'x',y\n", ("'x'", "y")),
        (b'a,b\n"""",""""""\n', ('"', '""')),
    ],
)
def test_a_qualifier_inside_a_cell_that_does_not_begin_with_one_is_text(
    desk: Desk, content: bytes, row: tuple[str, str]
) -> None:
    assert both(desk, content) == [row]


@pytest.mark.parametrize("content", [b'a,b\n"x"y,1\n', b'a,b\n"x" ,1\n', b'a,b\n"x""y"z,1\n'])
def test_text_behind_a_closing_qualifier_is_told(desk: Desk, content: bytes) -> None:
    assert told(problems(desk, content)) == [("GS-FILE-FORMAT", 2, 'text follows the closing " of a cell')]


@pytest.mark.parametrize(
    ("header", "shown"),
    [
        ("Account\u00a0ID", r"Account\u00A0ID"),
        ("Account ID\u200b", r"Account ID\u200B"),
        ("\ufeffAccount ID", r"\uFEFFAccount ID"),
        ("Account\u202f\u00adID", r"Account\u202F\u00ADID"),
        ("Account ID\x7f", r"Account ID\u007F"),
    ],
)
def test_characters_that_do_not_show_in_a_header_are_named(desk: Desk, header: str, shown: str) -> None:
    (found,) = problems(desk, f"x,{header}\n1,2\n".encode(), {"Account ID": "string"})
    assert (found.code, found.value) == ("GS-FILE-HEADER", "Account ID")
    assert found.hint == f"the header of the file, or of the rule, holds characters that do not show: {shown}"


def test_an_accent_written_apart_is_named(desk: Desk) -> None:
    (found,) = problems(desk, "x,Gru\u0308n\n1,2\n".encode(), {"Grün": "string"})
    assert found.hint.endswith(r"do not show: Gru\u0308n")


def test_cells_keep_what_does_not_show(desk: Desk) -> None:
    assert both(desk, "a,b\n x\u200b, \u00a0\n".encode()) == [(" x\u200b", " \u00a0")]
    # No blank of a number either: data-setup.md §2.2 trims spaces, tabs, CR and LF.
    (found,) = problems(desk, "a,b\n\u00a05,x\n".encode(), {"a": "number"})
    assert found.code == "GS-FILE-VALUE"


def test_a_cell_is_not_taken_for_what_stands_for_null_inside(desk: Desk) -> None:
    assert both(desk, b"a,b\n\x01,NULL\n\\N,null\n") == [("\x01", "NULL"), ("\\N", "null")]


# what is no file -------------------------------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "rules").mkdir()
    (tmp_path / "datasets/s3/gainsight-managed/in").mkdir(parents=True)
    return Project.find(tmp_path)


def looked_up(desk: Desk, project: Project, **more: Any) -> Problem:
    made = S3Task.model_validate({"path": "in/a.csv", "columns": COLUMNS, **more})
    workdir = desk.folder / "work"
    workdir.mkdir(exist_ok=True)

    def opened() -> OpenSource:
        files = resolve(made, DAY, project)
        return open_source(desk.con, made, files, project.profile, exact=False, workdir=workdir, where="t")

    with pytest.raises(RunError) as caught:
        opened()
    (found,) = caught.value.problems
    return found


PREFIX = {"path": "in/a${pattern}", "match": "starts_with", "pattern": {"format": "'.c'"}}


def _folder(path: Path) -> None:
    path.mkdir()
    (path / "inner.csv").write_text("a,b\n")


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.path.relpath(path))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither pipes nor sockets among files")
def test_what_is_no_ordinary_file_is_told_and_never_waited_for(
    desk: Desk, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = project.datasets_dir / "s3/gainsight-managed/in/a.csv"
    monkeypatch.chdir(path.parent)
    kinds = [(os.mkfifo, "is no ordinary file"), (_socket, "is no ordinary file"), (_folder, "is a folder, not a file")]
    for make, what in kinds:
        make(path)
        found = looked_up(desk, project)
        assert (found.code, found.message, found.value) == ("GS-FILE-PATH", f"“in/a.csv” {what}", "in/a.csv")
        if not path.is_dir():
            path.unlink()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such links")
def test_a_link_out_of_the_bucket_is_not_followed(desk: Desk, project: Project, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("a,b\n1,2\n")
    folder = project.datasets_dir / "s3/gainsight-managed/in"
    for target in (secret, Path("/dev/zero"), Path("/etc/passwd"), tmp_path):
        (folder / "a.csv").symlink_to(target)
        found = looked_up(desk, project)
        assert found.code == "GS-FILE-PATH"
        (folder / "a.csv").unlink()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such links")
def test_a_link_to_nowhere_or_itself_is_no_file(desk: Desk, project: Project) -> None:
    folder = project.datasets_dir / "s3/gainsight-managed/in"
    for target in ("nowhere.csv", "a.csv"):
        (folder / "a.csv").symlink_to(folder / target)
        assert looked_up(desk, project).code in ("GS-FILE-MISSING", "GS-FILE-PATH")
        (folder / "a.csv").unlink()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_may_not_be_read_is_told(desk: Desk, project: Project) -> None:
    path = project.datasets_dir / "s3/gainsight-managed/in/a.csv"
    path.write_text("a,b\n1,2\n")
    path.chmod(0)
    found = looked_up(desk, project)
    assert (found.code, found.hint) == ("GS-FILE-READ", "see to the rights of the file")


def test_a_file_that_went_away_is_told(desk: Desk, project: Project) -> None:
    path = project.datasets_dir / "s3/gainsight-managed/in/a.csv"
    path.write_text("a,b\n1,2\n")
    made = S3Task.model_validate({"path": "in/a.csv", "columns": COLUMNS})
    files = resolve(made, DAY, project)
    path.unlink()
    with pytest.raises(RunError) as caught:
        open_source(desk.con, made, files, project.profile, exact=False, workdir=desk.folder, where="t")
    assert caught.value.problems[0].code == "GS-FILE-READ"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows writes out holes")
def test_a_file_over_one_gigabyte_fails_the_run_or_warns(desk: Desk, project: Project) -> None:
    path = project.datasets_dir / "s3/gainsight-managed/in/a.csv"
    path.write_bytes(b"a,b\n1,2\n")
    os.truncate(path, (1 << 30) + 1)
    found = looked_up(desk, project)
    assert (found.code, found.value) == ("GS-LIMIT", "gainsight-managed/in/a.csv")
    assert found.message == "the file has 1.0 GB; at most 1 GB is allowed"
