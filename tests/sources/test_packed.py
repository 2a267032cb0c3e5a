from __future__ import annotations

import bz2
import gzip
import io
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest

from gsrules.errors import Problem, RunError
from gsrules.profile import Profile
from gsrules.sources.packed import Room

from .conftest import Desk

CONTENT = b"a,b\n1,x\n2,y\n"


def zipped(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


PACKED = {"gzip": gzip.compress(CONTENT), "bzip": bz2.compress(CONTENT), "zip": zipped({"a.csv": CONTENT})}
ENDINGS = {"none": "", "gzip": ".gz", "bzip": ".bz2", "zip": ".zip"}
COLUMNS = {"a": "number", "b": "string"}


def how(compression: str) -> dict[str, Any]:
    return {"path": f"in/0.csv{ENDINGS[compression]}", "file": {"compression": compression}}


def problem(desk: Desk, content: bytes, compression: str, **more: Any) -> Problem:
    with pytest.raises(RunError) as caught:
        desk.open(content, COLUMNS, **how(compression), **more)
    (found,) = caught.value.problems
    return found


@pytest.mark.parametrize("compression", PACKED)
def test_a_packed_file_is_read_as_what_it_holds(desk: Desk, compression: str) -> None:
    for exact in (False, True):
        assert desk.read(PACKED[compression], COLUMNS, exact=exact, **how(compression)) == [(1, "x"), (2, "y")]


def test_a_packed_file_of_several_streams_is_read_whole(desk: Desk) -> None:
    two = {
        "gzip": gzip.compress(CONTENT) + gzip.compress(b"3,z\n"),
        "bzip": bz2.compress(CONTENT) + bz2.compress(b"3,z\n"),
    }
    for compression, content in two.items():
        assert len(desk.read(content, COLUMNS, exact=False, **how(compression))) == 3


@pytest.mark.parametrize("declared", ["none", "gzip", "bzip", "zip"])
@pytest.mark.parametrize("true", ["none", "gzip", "bzip", "zip"])
def test_a_file_that_is_not_packed_as_declared_is_refused(desk: Desk, declared: str, true: str) -> None:
    content = CONTENT if true == "none" else PACKED[true]
    if declared == true:
        assert len(desk.read(content, COLUMNS, **how(declared))) == 2
        return
    found = problem(desk, content, declared)
    assert (found.code, found.value, found.hint) == (
        "GS-FILE-COMPRESSION", "bucket/in/0.csv", f"write compression: {true} under file"
    )  # fmt: skip


@pytest.mark.parametrize("declared", ["none", "zip"])
@pytest.mark.parametrize(
    "content",
    [zipped({"[Content_Types].xml": b"", "xl/workbook.xml": b""}), b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(80)],
    ids=["xlsx", "xls"],
)
def test_an_excel_workbook_is_told_from_a_file(desk: Desk, content: bytes, declared: str) -> None:
    with pytest.raises(RunError) as caught:
        desk.open(content, COLUMNS, **how(declared))
    (problem,) = caught.value.problems
    assert (problem.code, problem.message) == ("GS-FILE-FORMAT", "the file is an Excel workbook")
    assert "save it as CSV" in problem.hint


def test_a_header_that_begins_as_bzip_does_is_no_bzip(desk: Desk) -> None:
    assert desk.read(b"BZh1,b\n5,x\n", {"BZh1": "number"}) == [(5,)]


@pytest.mark.parametrize("compression", PACKED)
def test_a_file_cut_in_the_middle_is_told(desk: Desk, compression: str) -> None:
    found = problem(desk, PACKED[compression][: len(PACKED[compression]) * 2 // 3], compression)
    assert found.code == "GS-FILE-COMPRESSION"
    assert found.message.startswith("the file cannot be unpacked: ")


@pytest.mark.parametrize("compression", ["gzip", "bzip", "zip"])
def test_a_damaged_file_is_told(desk: Desk, compression: str) -> None:
    # Varied digits, so that a changed byte is one of the data in each of the three.
    rows = b"a,b\n" + b"".join(b"%d,%x\n" % (n, zlib.crc32(b"%d" % n)) for n in range(3000))
    packed = {"gzip": gzip.compress(rows), "bzip": bz2.compress(rows), "zip": zipped({"a.csv": rows})}[compression]
    damaged = bytearray(packed)
    damaged[len(packed) // 2] ^= 0xFF
    assert problem(desk, bytes(damaged), compression).code == "GS-FILE-COMPRESSION"


def test_an_empty_packed_file_is_empty(desk: Desk) -> None:
    for compression in ("gzip", "bzip", "zip"):
        packed = {"gzip": gzip.compress(b""), "bzip": bz2.compress(b""), "zip": zipped({"a.csv": b""})}[compression]
        assert problem(desk, packed, compression).message == "the file is empty"
        assert problem(desk, b"", compression).message == "the file is empty"


def test_zip_is_an_extension(desk: Desk) -> None:
    (warning,) = desk.open(PACKED["zip"], COLUMNS, **how("zip")).findings
    assert (warning.code, warning.severity) == ("GS-EXT", "warning")


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({}, "the zip archive holds no file instead of one"),
        ({"a.csv": CONTENT, "b.csv": CONTENT}, "the zip archive holds 2 files instead of one: a.csv, b.csv"),
    ],
)
def test_a_zip_archive_holds_exactly_one_file(desk: Desk, files: dict[str, bytes], says: str) -> None:
    assert problem(desk, zipped(files), "zip").message == says


def test_folders_and_what_a_mac_adds_do_not_count(desk: Desk) -> None:
    content = zipped({"in/": b"", "in/a.csv": CONTENT, "__MACOSX/in/._a.csv": b"\0\5"})
    assert len(desk.read(content, COLUMNS, **how("zip"))) == 2


def test_a_zip_archive_with_a_password_is_told(desk: Desk) -> None:
    content = bytearray(PACKED["zip"])
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    found = problem(desk, bytes(content), "zip")
    assert (found.code, found.hint) == ("GS-FILE-ENCRYPTED", "zip it without one")


def test_a_name_in_a_zip_archive_leads_nowhere(desk: Desk) -> None:
    desk.read(zipped({"../../escaped.csv": CONTENT}), COLUMNS, **how("zip"))
    assert not (desk.folder.parent / "escaped.csv").exists()
    assert {path.name for path in desk.folder.iterdir()} == {"0.csv", "work"}


BOMB = 150 << 20


@pytest.mark.once
@pytest.mark.parametrize("compression", ["gzip", "bzip", "zip"])
def test_a_file_made_to_fill_disks_is_refused_early(desk: Desk, compression: str) -> None:
    rows = b"1,x\n" * (1 << 20)
    if compression == "gzip":
        # Many short streams, one after the other, as good as one long one.
        content = gzip.compress(b"a,b\n") + gzip.compress(rows, 9) * (BOMB // len(rows) + 1)
    elif compression == "bzip":
        content = bz2.compress(b"a,b\n") + bz2.compress(rows) * (BOMB // len(rows) + 1)
    else:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a.csv", "w") as member:
            member.write(b"a,b\n")
            for _ in range(BOMB // len(rows) + 1):
                member.write(rows)
        content = packed.getvalue()
    found = problem(desk, content, compression)
    assert (found.code, found.value) == ("GS-LIMIT", "bucket/in/0.csv")
    assert "limits.s3_uncompressed_ratio" in found.hint
    assert sum(path.stat().st_size for path in (desk.folder / "work").iterdir()) <= BOMB


@pytest.mark.once
def test_the_ratio_is_a_key_of_the_profile(desk: Desk) -> None:
    rows = b"1,x\n" * (1 << 20)
    content = gzip.compress(b"a,b\n") + gzip.compress(rows, 9) * 33
    source = desk.open(content, COLUMNS, exact=False, profile={"limits.s3_uncompressed_ratio": 2000}, **how("gzip"))
    assert source.files[0].path.stat().st_size * 200 < 33 * len(rows)


def test_a_nearly_full_disk_is_left_alone(tmp_path: Path) -> None:
    room = Room(tmp_path, Profile.default(), "", free=lambda folder: 1 << 28)
    room.begin("bucket/a.csv", 100)
    with pytest.raises(RunError, match="GS-FILE-DISK: the disk is nearly full; the file is not unpacked further"):
        room.take(1)


def test_the_size_of_all_files_of_a_task_is_a_key_of_the_profile(tmp_path: Path) -> None:
    for gigabytes in (1, 3):
        room = Room(tmp_path, Profile.default().overlaid({"limits.s3_uncompressed_gb": gigabytes}), "")
        for _ in range(gigabytes):
            room.begin("bucket/a.csv", 1 << 28)
            room.take(1 << 30)
        with pytest.raises(RunError, match=f"GS-LIMIT: the files of the task unpack to more than {gigabytes} GB"):
            room.take(1)
