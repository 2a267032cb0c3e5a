"""One side of a difference: the rule run dry, or a kept run, with its rows where the comparison can read them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlglot import exp

from gsrules.catalogue import Catalogue
from gsrules.errors import GsrulesError
from gsrules.regress.difference.columns import Table
from gsrules.regress.difference.effects import Effects, new_records
from gsrules.regress.difference.model import DiffSide
from gsrules.regress.difference.row_keys import Keys, row_keys, stated_keys
from gsrules.regress.difference.sql import text
from gsrules.regress.difference.table import DEFAULT_LIMITS, Limits
from gsrules.regress.difference.versions import Version
from gsrules.run.engine import RunOptions, RunResult, run_rule
from gsrules.run.kept import KeptRun, parquet
from gsrules.spec import RuleSpec
from gsrules.tenant import Tenant
from gsrules.tenant.names import column, select_from, spell, temp_table


@dataclass(frozen=True, slots=True)
class DiffOptions:
    """How both sides are run: same rule date, same parameters, same store; `key` as the user gave it."""

    rule_date: dt.date | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    tenant: Path | None = None
    key: tuple[str, ...] = ()
    limits: Limits = DEFAULT_LIMITS
    on_step: Callable[[str], None] = lambda _step: None


@dataclass(frozen=True, slots=True)
class Ran:
    """What one side came to. `tasks` are its datasets in order, `actions` the effects of its actions by id."""

    side: DiffSide
    rule: RuleSpec | None = None
    tasks: Mapping[str, Table] = field(default_factory=dict)
    keys: Mapping[str, Keys] = field(default_factory=dict)
    actions: Mapping[str, Effects] = field(default_factory=dict)

    @property
    def rows(self) -> dict[str, int | None]:
        """The rows of each dataset, as reported."""
        report = self.side.report
        return {task.task: task.rows for task in report.tasks} if report else {}


def absent(version: Version) -> Ran:
    """A side that does not have the rule."""
    return Ran(DiffSide(version.label, absent=True))


def run_side(version: Version, rule_id: str, options: DiffOptions, tenant: Tenant) -> Ran:
    """Runs the rule dry on an open copy of the tenant; a side that cannot be run says why."""
    workspace = version.workspace
    rule: RuleSpec | None = None
    try:
        rule = version.rule(rule_id)
        own = {str(name).lower() for name in rule.params}
        asked = RunOptions(
            rule_date=options.rule_date,
            params={name: value for name, value in options.params.items() if name.lower() in own},
            mode="dry_run",
            keep_all_tasks=True,
            on_step=lambda step: options.on_step(f"{version.label}: {step}"),
        )
        result = run_rule(workspace, rule_id, asked, tenant)
    except GsrulesError as error:
        return Ran(DiffSide(version.label, problems=tuple(version.problem(each) for each in error.problems)), rule)
    report = result.report
    problems, warnings = (tuple(map(version.problem, each)) for each in (report.problems, report.warnings))
    side = DiffSide(version.label, replace(report, problems=problems, warnings=warnings), problems)
    if result.plan is None:
        return Ran(side, rule)
    return Ran(side, rule, _datasets(result), row_keys(result.plan, rule), _effects(result, workspace.catalogue))


def _datasets(result: RunResult) -> dict[str, Table]:
    made = {}
    for task, table in result.datasets.items():
        columns = result.columns[task]
        types = {each.name: str(each.type) for each in columns}
        made[task] = Table(select_from(temp_table(table), *(column(each.name) for each in columns)), types)
    return made


def _effects(result: RunResult, catalogue: Catalogue) -> dict[str, Effects]:
    sources = {action: temp_table(table) for action, table in result.effects.items()}
    new = new_records(list(sources.values()))
    reports = {report.id: report for report in result.report.actions}
    return {action: Effects(reports[action], rows, new, catalogue) for action, rows in sources.items()}


def kept_side(kept: KeptRun, tenant: Tenant) -> Ran:
    """A run that was kept: its report, and the rows that it left as Parquet files."""
    report = kept.report
    side = DiffSide(f"run {report.run_id}", report, report.problems)
    tasks = {}
    for task in report.tasks:
        file = kept.dataset_file(task.task)
        if file.is_file():
            hidden = exp.Star(except_=[exp.to_identifier("__row", quoted=True)])
            tasks[task.task] = Table(select_from(parquet(file), hidden))
    files = {
        action.id: kept.effects_file(position, action.id) for position, action in enumerate(report.actions, start=1)
    }
    sources = {action: parquet(file) for action, file in files.items() if file.is_file()}
    new = new_records(list(sources.values()))
    effects = {
        action.id: Effects(action, sources[action.id], new, tenant.catalogue)
        for action in report.actions
        if action.id in sources
    }
    return Ran(side, kept.rule, tasks, stated_keys(kept.rule) if kept.rule else {}, effects)


def set_down(ran: Ran, tenant: Tenant, folder: Path, wanted: Callable[[str], bool]) -> Ran:
    """The same side with its rows in Parquet files, so that another connection can read them.

    `wanted` tells of which datasets the rows are needed.
    """
    made: dict[str, Table] = {}
    for position, (task, table) in enumerate(ran.tasks.items()):
        if wanted(task):
            made[task] = replace(table, rows=_copied(tenant, table.rows, folder / f"dataset-{position}.parquet"))
    files = {
        action: _written(tenant, select_from(effects.rows, exp.Star()), folder / f"effects-{position}.parquet")
        for position, (action, effects) in enumerate(ran.actions.items())
    }
    new = new_records(list(files.values()))
    actions = {action: replace(ran.actions[action], rows=rows, new=new) for action, rows in files.items()}
    return replace(ran, tasks=made, actions=actions)


def _copied(tenant: Tenant, rows: Any, path: Path) -> exp.Select:
    return select_from(_written(tenant, rows, path), exp.Star())


def _written(tenant: Tenant, rows: Any, path: Path) -> exp.Expression:
    """Writes rows to a file; gives what reads it."""
    tenant.con.execute(f"COPY ({spell(rows)}) TO {text(str(path)).sql('duckdb')} (FORMAT parquet)")
    return parquet(path)
