"""For every kind of action: runs that follow each other in one session come to what each comes to on its own.

A session remembers the texts of statements, so a temporary table that is not filled anew would keep the rows of the
run before.
"""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from gsrules.actions.registry import action_kinds
from gsrules.run.engine import RunOptions, run_rule
from gsrules.run.session import Session
from gsrules.run.workspace import Workspace
from gsrules.tenant import Tenant
from tests.actions.test_dry_and_live import decided, dump, opened
from tests.actions.test_every_kind import copied, day_of, every_case

pytestmark = pytest.mark.once


def varied(project: Path) -> dict[Path, tuple[str, str]]:
    """The files for rules, else the records that they fetch: as they are, and without the last row."""
    tasks = yaml.safe_load((project / "rules/rule.yml").read_text(encoding="utf-8"))["tasks"].values()
    fetched = [project / f"datasets/records/{task['object']}.csv" for task in tasks if "object" in task]
    found = {}
    for path in filter(Path.exists, sorted((project / "datasets/s3").rglob("*.csv")) or fetched):
        text = path.read_text(encoding="utf-8")
        rows = list(csv.reader(io.StringIO(text)))
        less = io.StringIO()
        csv.writer(less, lineterminator="\n").writerows(rows[:-1])
        if len(rows) > 1:
            found[path] = (text, less.getvalue())
    return found


def run(workspace: Workspace, tenant: Tenant, day: date) -> Any:
    """What a rule decides and leaves."""
    result = run_rule(workspace, "rule", RunOptions(rule_date=day), tenant)
    said = decided(tenant, result)
    return said, [repr(dump(tenant)).replace(result.report.run_id, "RUN")]


@pytest.mark.parametrize("kind", action_kinds())
def test_runs_of_one_session_come_to_what_they_come_to_alone(kind: str, tmp_path: Path) -> None:
    folder = next(each for each in every_case()[kind] if varied(each))
    project = copied(folder, tmp_path)
    files, day = varied(project), day_of(folder)
    alone, together = [], []
    with Session(Workspace.open(project, project)) as session:
        for side in (0, 1, 0):
            for path, texts in files.items():
                path.write_text(texts[side], encoding="utf-8")
            workspace = Workspace.open(project, project)
            with opened(workspace, "live") as tenant:
                alone.append(run(workspace, tenant, day))
            with session.tenant() as tenant:
                tenant.seed()
                together.append(run(session.workspace, tenant, day))
    assert together == alone
