"""For every kind of action: a dry run decides what a live run does, changes nothing, and the live run can be undone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlglot import exp

from gsrules.actions.registry import action_kinds
from gsrules.run.engine import RunOptions, RunResult, run_rule
from gsrules.run.report import Mode
from gsrules.run.undo.undo import UndoOptions, undo_run
from gsrules.run.workspace import Workspace
from gsrules.tenant import Tenant
from gsrules.tenant.schema import INTERNAL_TABLES
from tests.actions.test_every_kind import cases, copied, day_of
from tests.conformance.engine_adapter import filled

pytestmark = pytest.mark.once
KEPT = {"gs_run_history", "gs_journal", "gs_journal_run", "gs_store"}


@contextmanager
def opened(workspace: Workspace, mode: Mode) -> Iterator[Tenant]:
    """A tenant in memory with the project's records."""
    with Tenant.open(None, workspace.catalogue, workspace.project, mode) as tenant:
        tenant.seed()
        yield tenant


def dump(tenant: Tenant) -> dict[str, list[str]]:
    """Every table that a run may write and that holds something, by record."""
    tables = {name: tenant.internal(name) for name in INTERNAL_TABLES if name not in KEPT}
    tables |= {name: tenant.table(name) for name in filled(tenant)}
    found = {name: content(tenant, table) for name, table in tables.items()}
    return {name: rows for name, rows in found.items() if rows}


def content(tenant: Tenant, table: exp.Table) -> list[str]:
    cursor = tenant.con.execute(exp.select("*").from_(table).sql("duckdb"))
    names = [entry[0] for entry in cursor.description or ()]
    return sorted(repr(dict(zip(names, row, strict=True))) for row in cursor.fetchall())


def decided(tenant: Tenant, result: RunResult) -> dict[str, Any]:
    """The counts and the effects of every action, without the id of the run."""
    effects = {
        action: [
            repr(row).replace(result.report.run_id, "RUN")
            for row in tenant.con.execute(f'SELECT * FROM "{table}" ORDER BY ALL').fetchall()
        ]
        for action, table in result.effects.items()
    }
    shown = [{**each.as_json(), "exports": None, "outbox": None} for each in result.report.actions]
    return {"status": result.report.status, "actions": shown, "effects": effects}


@pytest.mark.parametrize("kind", action_kinds())
def test_a_dry_run_decides_what_a_live_run_does_and_the_live_run_can_be_undone(kind: str, tmp_path: Path) -> None:
    assert cases()[kind], "no conformance case runs this kind"
    folder = cases()[kind][0]
    project = copied(folder, tmp_path)
    workspace = Workspace.open(project, project)
    day = day_of(folder)
    with opened(workspace, "dry_run") as tenant:
        result = run_rule(workspace, "rule", RunOptions(rule_date=day, mode="dry_run"), tenant)
        dry = decided(tenant, result)
        assert dry["effects"], "the case decides nothing"
        assert tenant.runs.latest() == ()
    with opened(workspace, "live") as tenant:
        before = dump(tenant)
        result = run_rule(workspace, "rule", RunOptions(rule_date=day), tenant)
        assert decided(tenant, result) == dry
        report = undo_run(workspace, tenant, "last", UndoOptions())
        assert report.status == "SUCCESS", report.as_json()
        assert dump(tenant) == before
