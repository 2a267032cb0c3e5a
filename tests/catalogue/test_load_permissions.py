"""datasets/load_permissions.yml: read with the catalogue, refused with place and nearest name (actions.md §3.1)."""

from __future__ import annotations

from pathlib import Path

import pytest

from gsrules.catalogue import Catalogue
from gsrules.errors import InputError
from gsrules.project import Project
from tests.conftest import write_files


def load(folder: Path, text: str | None) -> Catalogue:
    files = {
        "gsrules.toml": "",
        "datasets/salesforce/Case.csv": "Id,Subject\n500A0000000abcd,Broken\n",
    }
    write_files(folder, files if text is None else {**files, "datasets/load_permissions.yml": text})
    return Catalogue.load(Project.find(folder, folder))


def test_without_a_list_there_is_none(tmp_path: Path) -> None:
    assert load(tmp_path, None).load_permissions is None


@pytest.mark.parametrize("text", ["", "permissions: {}\n"])
def test_an_empty_list_permits_nothing(tmp_path: Path, text: str) -> None:
    found = load(tmp_path, text).load_permissions
    assert found is not None
    assert found.fields_of("company") is None


def test_names_labels_and_salesforce_objects(tmp_path: Path) -> None:
    text = "permissions: {company: [name, 'SFDC Account Id'], Case: all, Relationship Type: all}\n"
    found = load(tmp_path, text).load_permissions
    assert found is not None
    assert found.fields_of("Company") == {"Name", "SfdcAccountId"}
    assert found.fields_of("Case") == frozenset()
    assert found.fields_of("gs_case") is None, "a Salesforce object comes before a label"
    assert found.fields_of("relationship_type") == frozenset()


@pytest.mark.parametrize(
    ("text", "code", "line", "near"),
    [
        ("permissions:\n  compny: all\n", "GS-NAME", 2, "company"),
        ("permissions:\n  company:\n    - Name\n    - Industri\n", "GS-NAME", 4, "Industry"),
        ("permissions:\n  company: all\n  Company: [Name]\n", "GS-PROJECT-OBJECT", 3, ""),
        ("permissions:\n  company: []\n", "GS-SPEC-*", 2, ""),
        ("permissions:\n  company: some\n", "GS-SPEC-*", 2, ""),
        ("permision: {}\n", "GS-SPEC-KEY", 1, ""),
    ],
)
def test_what_is_wrong_has_a_place(tmp_path: Path, text: str, code: str, line: int, near: str) -> None:
    with pytest.raises(InputError) as caught:
        load(tmp_path, text)
    (problem,) = caught.value.problems
    assert problem.code.startswith(code.removesuffix("*"))
    assert problem.place is not None
    assert (Path(problem.place.file).name, problem.place.line) == ("load_permissions.yml", line)
    assert problem.nearest == near or not near
