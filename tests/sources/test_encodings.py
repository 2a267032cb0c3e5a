from __future__ import annotations

from pathlib import Path

import pytest

from gsrules.errors import InputError, RunError
from gsrules.sources.encodings import ENCODINGS, codec_of, recode

from .conftest import Desk

TEXTS = {
    "UTF-8": "Zürich 日本",
    "UTF-16": "Zürich 日本 😀",
    "UTF-16LE": "Zürich 日本",
    "UTF-16BE": "Zürich 日本",
    "UTF-32": "Zürich 😀",
    "ASCII": "plain",
    "ISO-8859-1": "Zürich",
    "ISO-8859-2": "Łódź",
    "ISO-8859-3": "Ħ",
    "ISO-8859-4": "ģ",
    "ISO-8859-5": "Москва",
    "ISO-8859-6": "سلام",
    "ISO-8859-7": "Αθήνα",
    "ISO-8859-8": "שלום",
    "ISO-8859-9": "Iğdır",
    "ISO-8859-10": "Þ",
    "ISO-8859-11": "ไทย",
    "ISO-8859-13": "Rīga",
    "ISO-8859-14": "Ŵ",
    "ISO-8859-15": "5 €",
    "ISO-8859-16": "Ș",
    "Windows-1250": "Łódź",
    "Windows-1251": "Москва",
    "Windows-1252": "“5 €”",
    "Windows-1253": "Αθήνα",
    "Windows-1254": "Iğdır",
    "Windows-1255": "שלום",
    "Windows-1256": "سلام",
    "Windows-1257": "Rīga",
    "Windows-1258": "Đà",
    "Shift_JIS": "東京表",
    "Windows-31J": "東京①",
    "EUC-JP": "東京",
    "ISO-2022-JP": "東京",
    "GB18030": "北京😀",
    "GBK": "北京",
    "GB2312": "北京",
    "Big5": "台北",
    "Big5-HKSCS": "台北",
    "EUC-KR": "서울",
    "KOI8-R": "Москва",
    "KOI8-U": "Київ",
    "TIS-620": "ไทย",
    "Mac-Roman": "Zürich",
    "CP437": "Zürich",
    "CP850": "Zürich",
    "CP852": "Łódź",
    "CP866": "Москва",
    "CP932": "東京",
    "CP949": "서울",
}


def test_every_encoding_that_is_named_is_read(desk: Desk) -> None:
    assert set(TEXTS) == set(ENCODINGS)
    for encoding, text in TEXTS.items():
        codec = codec_of(encoding)
        assert codec is not None, encoding
        content = f"a,b\r\n{text},1\r\n".encode(codec)
        rows = desk.read(content, {"a": "string", "b": "number"}, exact=False, file={"encoding": encoding})
        assert rows == [(text, 1)], encoding


@pytest.mark.parametrize("encoding", ["hex", "rot13", "zlib", "base64", "idna", "punycode", "unicode_escape", "EBCDIC"])
def test_what_is_no_encoding_of_text_files_is_refused(encoding: str) -> None:
    assert codec_of(encoding) is None


@pytest.mark.parametrize(
    ("wrong", "near"), [("Windows-12520", "Windows-1252"), ("Shift-JSI", "Shift_JIS"), ("UTF9", "UTF-8")]
)
def test_an_unknown_encoding_names_the_nearest(desk: Desk, wrong: str, near: str) -> None:
    with pytest.raises(InputError) as caught:
        desk.open(b"a\n1\n", {"a": "string"}, file={"encoding": wrong})
    assert [(p.code, p.value, p.nearest) for p in caught.value.problems] == [("GS-FILE-ENCODING", wrong, near)]


@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        ("UTF-16", "a\nü\n".encode("utf-16-le")),
        ("UTF-16", "a\nü\n".encode("utf-16-be")),
        ("UTF-16", b"\xff\xfe" + "a\nü\n".encode("utf-16-le")),
        ("UTF-16", b"\xfe\xff" + "a\nü\n".encode("utf-16-be")),
        ("UTF-16LE", b"\xff\xfe" + "a\nü\n".encode("utf-16-le")),
        ("UTF-16BE", b"\xfe\xff" + "a\nü\n".encode("utf-16-be")),
        ("UTF-32", b"\xff\xfe\0\0" + "a\nü\n".encode("utf-32-le")),
        ("UTF-32", "a\nü\n".encode("utf-32-be")),
        ("UTF-8", "\ufeffa\nü\n".encode()),
        ("UTF-8-SIG", "\ufeffa\nü\n".encode()),
    ],
)
def test_byte_order_marks_are_dropped_and_not_needed(desk: Desk, encoding: str, content: bytes) -> None:
    for exact in (False, True):
        assert desk.read(content, {"a": "string"}, exact=exact, file={"encoding": encoding}) == [("ü",)]


@pytest.mark.parametrize(
    ("encoding", "content", "offset", "line"),
    [
        ("ASCII", b"a\nb\nC\xe9\n", 5, 3),
        ("UTF-8", b"a\nb\nC\xe9\n", 5, 3),
        ("Windows-1252", b"a\r\nb\r\n\x81\r\n", 6, 3),
        ("Shift_JIS", b"a\n\x93\x8c\xff\xff\n", 4, 2),
        ("EUC-JP", b"a\nb\x8f", 3, 2),
        ("UTF-16LE", "a\nb\n".encode("utf-16-le") + b"\x00\xdcx\x00", 8, 3),
        ("UTF-16LE", "a\nb\n".encode("utf-16-le") + b"x", 8, 3),
        ("GB18030", b"a\n\x81\x30\n", 2, 2),
    ],
)
def test_an_undecodable_byte_is_told_with_its_place(
    desk: Desk, encoding: str, content: bytes, offset: int, line: int
) -> None:
    with pytest.raises(RunError) as caught:
        desk.open(content, {"a": "string"}, file={"encoding": encoding})
    (problem,) = caught.value.problems
    assert problem.code == "GS-FILE-ENCODING"
    assert f"at offset {offset}" in problem.message
    assert problem.place is not None
    assert (problem.place.file, problem.place.line) == ("bucket/in/0.csv", line)


def test_a_mark_of_the_other_byte_order_is_told(desk: Desk) -> None:
    with pytest.raises(RunError, match="the byte-order mark is that of the other byte order"):
        desk.open(b"\xfe\xff" + "a\nü\n".encode("utf-16-be"), {"a": "string"}, file={"encoding": "UTF-16LE"})


def test_a_file_in_utf_16_that_is_read_as_utf_8_is_recognised(desk: Desk) -> None:
    with pytest.raises(RunError) as caught:
        desk.open("a\nü\n".encode("utf-16"), {"a": "string"})
    (problem,) = caught.value.problems
    assert "encoding: UTF-16" in problem.hint


def test_characters_across_two_pieces_of_a_file_are_read_whole(tmp_path: Path) -> None:
    piece = 1 << 20
    for shift in range(4):
        text = "x" * (piece - shift) + "東京\r\n" * 3
        source, target = tmp_path / "a", tmp_path / "b"
        taken: list[int] = []
        for codec in ("shift_jis", "euc_jp", "gb18030", "utf-16-le"):
            source.write_bytes(text.encode(codec))
            recode(source, codec, target, taken.append)
            assert target.read_bytes().decode() == text
    assert sum(taken) > piece


def test_an_error_far_into_a_file_is_counted_right(tmp_path: Path) -> None:
    from gsrules.sources.encodings import NotDecodableError

    rows = b"ab\r\n" * 600_000
    source = tmp_path / "a"
    source.write_bytes(rows + b"\x81")
    with pytest.raises(NotDecodableError) as caught:
        recode(source, "cp1252", tmp_path / "b", lambda size: None)
    assert (caught.value.offset, caught.value.line, caught.value.wrong) == (len(rows), 600_001, b"\x81")
