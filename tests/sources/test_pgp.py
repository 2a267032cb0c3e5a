from __future__ import annotations

import gzip
import os
import sys
from pathlib import Path
from typing import Any

import pysequoia
import pytest

from gsrules.errors import InputError, Problem, RunError
from gsrules.profile import Profile
from gsrules.project import Project
from gsrules.sources.packed import Room
from gsrules.sources.pgp import PgpKey, decrypt
from gsrules.sources.resolve import resolve
from gsrules.spec.tasks import S3Task

from .conftest import Desk

CONTENT = b"a,b\n1,x\n2,y\n"

# Made for these tests only; the passphrase is correct-horse.
PROTECTED = """-----BEGIN PGP PRIVATE KEY BLOCK-----

lIYEawSPBhYJKwYBBAHaRw8BAQdASiBzHcmtvw8rpIUARlpX/Qgfgj65WdSwUFCz
j4gx/aD+BwMCS+KlZKT5pbL/SwUdpuPFrclis/Wv8uZ9bXExK38MSLDd0xj+bOPc
D1z1jheSsHxhwGs3PcaQ9PQO20sdDzOwqfIxEHAvelMnYYwguY8/Q7QbVGVzdCBr
ZXkgPHRlc3RAZXhhbXBsZS5jb20+iJAEExYIADgWIQQGyU0xJ5MpBPIKyUabFRXg
n1Z0CgUCawSPBgIbAwULCQgHAgYVCgkICwIEFgIDAQIeAQIXgAAKCRCbFRXgn1Z0
ClzzAQC/wmJg56FUi69CmDpaX9kDwZUS73HGodHWsXJdZXdRRQEA0f4EBe4cKnhq
nmNOGvKNtnsvQG+U9zybYQnTUvdB3QuciwRrBI8KEgorBgEEAZdVAQUBAQdA8/wm
G7uqOLwCRyR/9Kijwi/ertnDKg5gIZV2bas/I1QDAQgH/gcDApr8+JyKMzid/+ae
TSgw464XSVHC0GnzlSkF40z2MgWC/JaU+8KvkRGaWnXTzdoaOD/RgGCSFyktBebM
JY1oz2fTJcLLjyNp5dZuXgRTJ/aIeAQYFggAIBYhBAbJTTEnkykE8grJRpsVFeCf
VnQKBQJrBI8KAhsMAAoJEJsVFeCfVnQKVGgA/3UGxNaZx1AsIWzPGKBEELaTwdIA
b1f9MahJE/xOCT2WAP4jsYecKUhjfhJ7dqYuxeCKdyPFbL81Y++R0aNypob+DQ==
=om/A
-----END PGP PRIVATE KEY BLOCK-----
"""
VARIABLE = "GSRULES_PGP_MAIN_KEY_PASSPHRASE"


@pytest.fixture
def secret() -> pysequoia.Tsk:
    return pysequoia.Tsk.generate(user_id="Test key <test@example.com>")


@pytest.fixture
def project(tmp_path: Path, secret: pysequoia.Tsk) -> Project:
    (tmp_path / "rules").mkdir()
    (tmp_path / "gsrules.toml").write_text('[pgp_keys.main-key]\npath = "keys/main.asc"\n')
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys/main.asc").write_text(str(secret))
    (tmp_path / "datasets/s3/gainsight-managed/in").mkdir(parents=True)
    return Project.find(tmp_path)


def encrypted(content: bytes, key: pysequoia.Tsk, *, armor: bool = False) -> bytes:
    return pysequoia.encrypt(content, recipients=[key.extract_certificate()], armor=armor)


def read(desk: Desk, project: Project, content: bytes, key: str = "in/a.csv.pgp", **task: Any) -> list[Any]:
    import datetime

    from gsrules.sources import open_source

    (project.datasets_dir / "s3/gainsight-managed" / key).write_bytes(content)
    made = S3Task.model_validate({
        "path": key, "pgp_key": "main-key", "columns": {"a": "number", "b": "string"}, **task,
    })  # fmt: skip
    files = resolve(made, datetime.date(2024, 5, 15), project)
    workdir = desk.folder / "work"
    workdir.mkdir(exist_ok=True)
    return desk.rows(open_source(desk.con, made, files, project.profile, exact=False, workdir=workdir, where="t"))


def problem(desk: Desk, project: Project, content: bytes, **task: Any) -> Problem:
    with pytest.raises(RunError) as caught:
        read(desk, project, content, **task)
    (found,) = caught.value.problems
    assert "Stack backtrace" not in f"{found.message}{found.hint}{found.value}"
    return found


def test_an_encrypted_file_is_read_as_what_it_holds(desk: Desk, project: Project, secret: pysequoia.Tsk) -> None:
    for armor in (False, True):
        for key in ("in/a.csv.pgp", "in/a.csv.GPG", "in/a.csv"):
            assert read(desk, project, encrypted(CONTENT, secret, armor=armor), key) == [(1, "x"), (2, "y")]


def test_a_packed_file_is_decrypted_and_then_unpacked(desk: Desk, project: Project, secret: pysequoia.Tsk) -> None:
    content = encrypted(gzip.compress("a\tb\n1\tü\n".encode("utf-16")), secret)
    task = {"file": {"compression": "gzip", "encoding": "UTF-16"}}
    assert read(desk, project, content, "in/a.tsv.gz.pgp", **task) == [(1, "ü")]


def test_an_unknown_key_is_refused_with_the_known_ones(desk: Desk, project: Project) -> None:
    with pytest.raises(InputError) as caught:
        read(desk, project, b"", pgp_key="main_key")
    (found,) = caught.value.problems
    assert (found.code, found.value, found.nearest) == ("GS-NAME", "main_key", "main-key")


def test_a_file_for_another_key_is_told(desk: Desk, project: Project) -> None:
    other = pysequoia.Tsk.generate(user_id="Other key <other@example.com>")
    found = problem(desk, project, encrypted(CONTENT, other))
    assert (found.code, found.value) == ("GS-FILE-PGP", "gainsight-managed/in/a.csv.pgp")
    assert found.message == "the file is not encrypted for the PGP key main-key"


def test_a_damaged_file_is_told(desk: Desk, project: Project, secret: pysequoia.Tsk) -> None:
    content = encrypted(CONTENT * 1000, secret)
    flipped = bytearray(content)
    flipped[len(content) - 30] ^= 1
    for wrong in (content[: len(content) // 2], bytes(flipped), CONTENT, b"", str(secret).encode()):
        found = problem(desk, project, wrong)
        assert found.code == "GS-FILE-PGP"
        assert found.message.startswith("the file cannot be decrypted: ")


def test_a_key_that_cannot_be_used_is_told(desk: Desk, project: Project, secret: pysequoia.Tsk) -> None:
    content, path = encrypted(CONTENT, secret), project.root / "keys/main.asc"
    path.write_text(str(secret.extract_certificate()))
    assert problem(desk, project, content).code == "GS-FILE-PGP"
    path.write_text("no key")
    assert problem(desk, project, content).message == "the file of the PGP key main-key holds no secret key"
    path.unlink()
    assert problem(desk, project, content).message.startswith("the PGP key main-key cannot be read: ")


def test_the_passphrase_comes_from_the_environment(
    desk: Desk, project: Project, secret: pysequoia.Tsk, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project.root / "keys/main.asc").write_text(PROTECTED)
    content = encrypted(CONTENT, pysequoia.Tsk.from_bytes(PROTECTED.encode()))
    monkeypatch.delenv(VARIABLE, raising=False)
    missing = problem(desk, project, content)
    assert VARIABLE in missing.hint
    monkeypatch.setenv(VARIABLE, "wrong-horse")
    wrong = problem(desk, project, content)
    assert wrong.message == "the passphrase of the PGP key main-key is wrong"
    assert "horse" not in f"{wrong}"
    monkeypatch.setenv(VARIABLE, "correct-horse")
    assert read(desk, project, content) == [(1, "x"), (2, "y")]
    # A key without passphrase does not mind one.
    (project.root / "keys/main.asc").write_text(str(secret))
    assert read(desk, project, encrypted(CONTENT, secret)) == [(1, "x"), (2, "y")]


def test_a_passphrase_in_the_settings_is_refused(project: Project) -> None:
    (project.root / "gsrules.toml").write_text('[pgp_keys.main]\npath = "k"\npassphrase = "geheim"\n[pgp_keys.b]\n')
    with pytest.raises(InputError) as caught:
        Project.find(project.root)
    assert [p.code for p in caught.value.problems] == ["GS-PROJECT-SECRET", "GS-PROJECT-SETTINGS"]
    assert "GSRULES_PGP_<NAME>_PASSPHRASE" in caught.value.problems[0].hint
    assert "geheim" not in str(caught.value.problems)


def test_an_encrypted_file_without_a_key_is_recognised(desk: Desk, project: Project, secret: pysequoia.Tsk) -> None:
    found = problem(desk, project, encrypted(CONTENT, secret, armor=True), key="in/a.csv", pgp_key=None)
    assert (found.code, found.message) == ("GS-FILE-ENCRYPTED", "the file is encrypted")


def test_without_the_package_the_command_to_install_it_is_told(
    desk: Desk, project: Project, secret: pysequoia.Tsk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pysequoia", None)
    found = problem(desk, project, encrypted(CONTENT, secret))
    assert (found.code, found.hint) == ("GS-FILE-PGP", "pip install 'gsrules[pgp]'")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of files")
def test_an_encrypted_file_that_holds_too_much_is_stopped(
    tmp_path: Path, project: Project, secret: pysequoia.Tsk
) -> None:
    room = Room(tmp_path, Profile.default(), "")
    room.left = 1 << 20
    source, target = tmp_path / "a.pgp", tmp_path / "a"
    source.write_bytes(encrypted(bytes(3 << 20), secret))
    room.begin("a.pgp", source.stat().st_size)
    with pytest.raises(RunError, match="GS-LIMIT"):
        decrypt(source, PgpKey("main-key", project.root / "keys/main.asc"), target, room)
    assert target.stat().st_size <= 1 << 20
    # Other files may grow as before.
    (tmp_path / "b").write_bytes(bytes(3 << 20))
    assert os.path.getsize(tmp_path / "b") == 3 << 20
