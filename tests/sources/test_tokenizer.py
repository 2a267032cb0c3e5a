from __future__ import annotations

from pathlib import Path

import pytest

from gsrules.sources.dialect import Dialect
from gsrules.sources.tokenizer import FileFaultError, records

BACKSLASH = Dialect(",", '"', "\\")
SINGLE = Dialect(",", '"', "'")
DOUBLE = Dialect(",", '"', '"')


def cells(tmp_path: Path, text: str | bytes, dialect: Dialect = BACKSLASH) -> list[list[str | None]]:
    path = tmp_path / "file.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return [record.cells for record in records(path, dialect)]


@pytest.mark.parametrize("dialect", [BACKSLASH, SINGLE, DOUBLE])
def test_outside_qualified_cells_nothing_is_escaped(tmp_path: Path, dialect: Dialect) -> None:
    assert cells(tmp_path, "O'Brien,c\\d,5\" pipe,\\\\,''", dialect) == [["O'Brien", "c\\d", '5" pipe', "\\\\", "''"]]


@pytest.mark.parametrize("dialect", [BACKSLASH, SINGLE, DOUBLE])
def test_an_escape_is_literal_in_front_of_anything_else(tmp_path: Path, dialect: Dialect) -> None:
    assert cells(tmp_path, '"O\'Brien","c\\d"', dialect) == [["O'Brien", "c\\d"]]


@pytest.mark.parametrize("dialect", [BACKSLASH, SINGLE, DOUBLE])
def test_a_doubled_qualifier_stands_for_one(tmp_path: Path, dialect: Dialect) -> None:
    assert cells(tmp_path, '"5"" pipe",""""', dialect) == [['5" pipe', '"']]


def test_an_escape_acts_in_front_of_the_qualifier_and_of_itself(tmp_path: Path) -> None:
    assert cells(tmp_path, r'"a\"b","c\\","\\\"d"') == [['a"b', "c\\", '\\"d']]
    assert cells(tmp_path, '"a\'"b","it\'\'s"', SINGLE) == [['a"b', "it's"]]


def test_an_escaped_qualifier_does_not_close_the_cell(tmp_path: Path) -> None:
    with pytest.raises(FileFaultError, match="never closed") as caught:
        cells(tmp_path, 'a,b\n1,"x\\"\n2,3\n')
    assert caught.value.line == 2


def test_line_breaks_inside_qualified_cells_are_kept(tmp_path: Path) -> None:
    assert cells(tmp_path, 'a,"1\n2\r\n3\r4"\r\nb,c\rd,e\n') == [["a", "1\n2\r\n3\r4"], ["b", "c"], ["d", "e"]]


def test_blank_lines_are_skipped_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_text('\na,b\n\n1,"x\ny"\n\n3,4')
    assert [record.line for record in records(path, BACKSLASH)] == [2, 4, 7]


def test_an_empty_cell_is_null_and_a_qualified_one_an_empty_text(tmp_path: Path) -> None:
    assert cells(tmp_path, ',"",\n"",,""\n') == [[None, "", None], ["", None, ""]]


def test_a_byte_order_mark_is_dropped(tmp_path: Path) -> None:
    assert cells(tmp_path, b'\xef\xbb\xbf"a",b') == [["a", "b"]]


def test_text_behind_a_closed_cell_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(FileFaultError, match="text follows") as caught:
        cells(tmp_path, 'a,b\n"x" y,2\n')
    assert (caught.value.line, caught.value.value) == (2, " y,2")


def test_a_nul_byte_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(FileFaultError, match="NUL") as caught:
        cells(tmp_path, b"a,b\n1,2\n\0,3\n")
    assert caught.value.line == 3


def test_bytes_that_are_not_utf_8_are_a_fault_with_their_line(tmp_path: Path) -> None:
    with pytest.raises(FileFaultError, match="not UTF-8") as caught:
        cells(tmp_path, b"a,b\n" * 5000 + b"1,Caf\xe9\n" + b"a,b\n" * 5000)
    assert caught.value.line == 5001
    assert "Caf\\xe9" in caught.value.value


def test_text_behind_a_cell_names_each_way_of_writing_a_qualifier_once(tmp_path: Path) -> None:
    with pytest.raises(FileFaultError, match="follows the closing") as caught:
        cells(tmp_path, 'a\n"x"y\n')
    assert caught.value.hint == 'inside a qualified cell write "" or \\" for "'
    with pytest.raises(FileFaultError, match="follows the closing") as caught:
        cells(tmp_path, 'a\n"x"y\n', DOUBLE)
    assert caught.value.hint == 'inside a qualified cell write "" for "'


def test_a_cell_that_is_never_closed_costs_no_more_than_its_size(tmp_path: Path) -> None:
    # Reading every line anew from the open qualifier would take minutes.
    with pytest.raises(FileFaultError, match="never closed"):
        cells(tmp_path, 'a\n"' + "x\n" * 300_000)
