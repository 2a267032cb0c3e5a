"""A project folder for the tests of the tenant."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tenant.support import Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    (tmp_path / "rules").mkdir()
    return Place(tmp_path)
