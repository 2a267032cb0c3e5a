"""Every case folder holds a rule, its data and the result worked out by hand from the reference.

The oracle and the engine must both give that result; see `tests/oracle` for the first.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.conformance import engine_adapter, oracle_adapter
from tests.conformance.expectation import Result, assert_run
from tests.oracle.yamlfile import load_expected

CASES = sorted(path.parent for path in Path(__file__).parent.glob("*/case.yml"))
cases = pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)


def expected_runs(folder: Path) -> list[dict[str, Any]]:
    page: dict[str, Any] = load_expected(folder / "expected.yml")
    return page.get("runs") or [page]


def check(results: Iterable[Result], folder: Path, words: bool) -> None:
    for result, wanted in zip(results, expected_runs(folder), strict=True):
        assert_run(result, wanted, words)


@pytest.mark.once  # it does without DuckDB
@cases
def test_oracle_gives_the_expected_result(folder: Path) -> None:
    check(oracle_adapter.run(folder), folder, words=False)


@cases
def test_engine_gives_the_expected_result(folder: Path, tmp_path: Path) -> None:
    check(engine_adapter.run(folder, tmp_path), folder, words=True)


def test_every_case_names_its_evidence() -> None:
    assert len(CASES) >= 60
    for folder in CASES:
        page = load_expected(folder / "case.yml")
        assert page["title"], folder.name
        assert page["evidence"], folder.name
