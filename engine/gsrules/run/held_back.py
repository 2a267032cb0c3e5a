"""The effects of a run that broke a guard: what its actions would have done, kept while the run is taken back."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from sqlglot import exp

from gsrules.actions.changes.staging import scratch_prefix
from gsrules.run.artifacts import copy_parquet
from gsrules.run.kept import parquet
from gsrules.tenant import Tenant
from gsrules.tenant.names import create_temp, run, select_from, temp_table


def rolled_back(tenant: Tenant, effects: Mapping[str, str]) -> dict[str, str]:
    """Takes the transaction back, with which the effects would go; gives the tables that hold them then.

    They go through files, for a run may have more rows than memory.
    """
    with tempfile.TemporaryDirectory(prefix="gsrules-") as folder:
        files = {action: Path(folder) / f"{at}.parquet" for at, action in enumerate(effects)}
        for action, file in files.items():
            copy_parquet(tenant.con, select_from(temp_table(effects[action]), exp.Star()), file)
        tenant.rollback()
        kept = {action: f"{scratch_prefix()}held_back" for action in effects}
        for action, table in kept.items():
            source = select_from(parquet(files[action]), exp.Star())
            run(tenant.con, create_temp(table, source))
        tenant.statements.outdated()
    return kept
