"""Whether `gsrules diff` shows the mutants that do something else with the example's own data.

What a mutant does is found out without `diff`: both rules run on the same store, and all rows of all datasets and
effects are compared as they are.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlglot import exp

from gsrules.regress.difference.rules import RulePair, compare_rules
from gsrules.regress.difference.sides import DiffOptions
from gsrules.regress.difference.versions import Version
from gsrules.run.batch import run_all
from gsrules.run.engine import RunOptions, run_rule
from gsrules.run.workspace import Workspace
from gsrules.tenant import Tenant
from gsrules.tenant.names import run, select_from, temp_table
from tests.mutation.mutants import HEALTH, Mutant

DAY = dt.date(2026, 11, 23)
LOADS = ["adoption/usage_rollup", "support/ticket_load", "voice/nps_detractor"]
NOT_SAID = {"gsid", "gsids", "message", "row"}
"""Columns of effects that depend on numbers given in passing."""


@dataclass(frozen=True, slots=True)
class Shown:
    """`differs`: the mutant does something else with the example's data. `seen`: diff says so. `worded`: diff says
    what changed in the rule."""

    mutant: Mutant
    differs: bool
    seen: bool
    worded: bool


@dataclass(frozen=True, slots=True)
class Stores:
    """The example's tenant as it is seeded, and after a night of loads, which company health builds on."""

    seeded: Path
    loaded: Path

    def of(self, rule: str) -> Path:
        return self.loaded if rule == HEALTH else self.seeded


@contextmanager
def stores(workspace: Workspace) -> Iterator[Stores]:
    with tempfile.TemporaryDirectory(prefix="gsrules-stores-") as folder:
        made = Stores(Path(folder) / "seeded.duckdb", Path(folder) / "loaded.duckdb")
        for path in (made.seeded, made.loaded):
            Tenant.open(path, workspace.catalogue, workspace.project, "live").close()
        run_all(workspace, LOADS, RunOptions(rule_date=DAY), made.loaded)
        yield made


def outcome_of(workspace: Workspace, rule: str, store: Path) -> dict[str, Counter[Any]]:
    """All rows of all datasets, and all effects, of a dry run."""
    with workspace.tenant("dry_run", store) as tenant:
        result = run_rule(workspace, rule, RunOptions(DAY, mode="dry_run", keep_all_tasks=True), tenant)
        assert not result.report.problems, (rule, result.report.problems)
        found: dict[str, Counter[Any]] = {}
        for kind, tables in (("dataset", result.datasets), ("effects", result.effects)):
            for name, table in tables.items():
                cursor = run(tenant.con, select_from(temp_table(table), exp.Star()))
                kept = [at for at, each in enumerate(cursor.description or ()) if each[0] not in {*NOT_SAID, "__row"}]
                found[f"{kind} {name}"] = Counter(str([row[at] for at in kept]) for row in cursor.fetchall())
        return found


def shown(workspace: Workspace, changed: Workspace, mutant: Mutant, all_stores: Stores) -> Shown:
    store = all_stores.of(mutant.rule)
    before, after = (outcome_of(each, mutant.rule, store) for each in (workspace, changed))
    pair = RulePair(mutant.rule, mutant.rule)
    sides = (Version("example", workspace), Version("mutant", changed))
    (difference,) = compare_rules(*sides, [pair], DiffOptions(rule_date=DAY, tenant=store))
    return Shown(mutant, before != after, difference.differs_in_effect, bool(difference.structure))
