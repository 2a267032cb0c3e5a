"""The rule `pipeline` as a dry run, through the library: every row through the action, nothing kept.

    python gsrules_library.py FOLDER [RESULT.parquet]

The tenant's store exists already (the benchmark makes it once), as the stored object does for the others.
As with the others, imports are not part of the timed work: those that a run makes on its way are made before it.
"""

from __future__ import annotations

import datetime as dt
import importlib
import pkgutil
import sys
import time
from pathlib import Path

import gsrules.actions
import gsrules.expressions
import gsrules.plan
import gsrules.sources
import gsrules.spec
from gsrules.run.engine import RunOptions, RunResult, run_rule
from gsrules.run.workspace import Workspace
from gsrules.tenant import Tenant

RULE_DATE = dt.date(2026, 11, 23)


def import_all() -> None:
    """Imports what a run imports only when it gets there."""
    for package in (gsrules.actions, gsrules.expressions, gsrules.plan, gsrules.sources, gsrules.spec):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)


def main() -> None:
    import_all()
    start = time.perf_counter()
    project = Path(sys.argv[1]) / "project"
    workspace = Workspace.open(project, project)
    with workspace.tenant(mode="dry_run") as tenant:
        result = run_rule(workspace, "pipeline", RunOptions(rule_date=RULE_DATE, mode="dry_run"), tenant)
        print(time.perf_counter() - start)
        if result.report.status != "SUCCESS":
            raise SystemExit(f"the run is {result.report.status}: {result.report.problems}")
        if len(sys.argv) > 2:
            _write_result(tenant, result, sys.argv[2])


def _write_result(tenant: Tenant, result: RunResult, path: str) -> None:
    """The decisions in the form of the other contestants: the dataset's values beside each row's outcome."""
    names = {"Account ID": "Account_ID__gc", "Active Features": "Active_Features__gc"}
    names |= {"Logins per Seat": "Logins_per_Seat__gc"}
    [dataset], [effects] = result.datasets.values(), result.effects.values()
    columns = [row[0] for row in tenant.con.execute(f'DESCRIBE "{dataset}"').fetchall()]
    shown = ", ".join(f'd."{name}" AS "{names.get(name, name + "__gc")}"' for name in columns if name != "__row")
    rows = f'SELECT e.outcome, {shown} FROM "{dataset}" AS d JOIN "{effects}" AS e ON e."row" = d.__row'
    tenant.con.execute(f"COPY ({rows}) TO '{path}'")


if __name__ == "__main__":
    main()
