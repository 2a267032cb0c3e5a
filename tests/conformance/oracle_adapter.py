"""A case folder run by the oracle, in the form that expectations compare."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.conformance.expectation import Result, Row
from tests.oracle.run import Outcome, run_case


def run(folder: Path) -> list[Result]:
    return [_result(outcome) for outcome in run_case(folder)]


def _result(outcome: Outcome) -> Result:
    code = outcome.refused or outcome.code

    def records(name: str, paths: Sequence[str]) -> list[Row]:
        return [{p: outcome.tenant.shown(name, record, p) for p in paths} for record in outcome.tenant.records(name)]

    effects: dict[str, list[dict[str, Any]]] = outcome.effects
    return Result(
        status=outcome.status,
        refused=bool(outcome.refused),
        problems=[(code, "")] if code else [],
        tasks={name: table.rows for name, table in outcome.tasks.items()},
        actions=outcome.actions,
        effects=effects,
        records=records,
    )
