"""One of the two rules as a live run, through the library, on a copy of the store: every row, its writes, the journal.

    python gsrules_volume.py FOLDER load|ctas [hash]

Prints the seconds of the run; with `hash` also a hash of the object's records. Imports are made before.
"""

from __future__ import annotations

import datetime as dt
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "pipeline"))

from gsrules_library import import_all
from result import result_hash

from gsrules.run.engine import RunOptions, run_rule
from gsrules.run.workspace import Workspace

RULE_DATE = dt.date(2026, 11, 23)


def main() -> None:
    import_all()
    project, rule = Path(sys.argv[1]) / "project", sys.argv[2]
    with tempfile.TemporaryDirectory(dir=project) as scratch:
        store = Path(scratch) / "tenant.duckdb"
        shutil.copyfile(project / ".gsrules" / "tenant.duckdb", store)
        start = time.perf_counter()
        workspace = Workspace.open(project, project)
        with workspace.tenant("live", store) as tenant:
            result = run_rule(workspace, rule, RunOptions(rule_date=RULE_DATE), tenant)
        print(time.perf_counter() - start)
        if result.report.status != "SUCCESS":
            raise SystemExit(f"the run is {result.report.status}: {result.report.as_json()}")
        if len(sys.argv) > 3:
            print(result_hash(store, rule), {**result.report.actions[0].counts.of_outcomes()})


if __name__ == "__main__":
    main()
