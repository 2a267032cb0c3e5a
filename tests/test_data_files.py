"""The data files of the package: JSON keeps the last of two equal keys without a word."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

PACKAGE = Path(__file__).parent.parent / "engine" / "gsrules"
FILES = sorted(PACKAGE.rglob("*.json"))


def without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    doubled = [key for key, count in Counter(key for key, _ in pairs).items() if count > 1]
    assert not doubled
    return dict(pairs)


def test_the_profile_and_the_standard_objects_are_data() -> None:
    names = {path.relative_to(PACKAGE).as_posix() for path in FILES}
    assert {"profile.json", "catalogue/standard/company.json", "catalogue/standard/seeds.json"} <= names


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_key_stands_twice(path: Path) -> None:
    json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=without_doubles)
