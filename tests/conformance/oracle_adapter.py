"""A case folder run by the oracle, in the form that expectations compare."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.conformance.expectation import Result, Row
from tests.oracle.run import Outcome, run_case


def run(folder: Path) -> list[Result]:
    results: list[Result] = []
    sent = 0
    for outcome in run_case(folder):
        entries = outcome.tenant.outbox if outcome.tenant is not None else []
        results.append(_result(outcome, entries[sent:]))
        sent = len(entries)
    return results


def _result(outcome: Outcome, entries: Sequence[Row]) -> Result:
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
        outbox=[
            {**entry, "headers": [f"{n}: {v}" for n, v in (entry.get("headers") or {}).items()]} for entry in entries
        ],
    )
