"""Goes through the values of a parameter: from one run where that can be, else one run a value."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from gsrules.dataclass import dataclass
from gsrules.regress.sweep.bench import Bench
from gsrules.regress.sweep.hits import moved, subset
from gsrules.regress.sweep.margins import hits_of, margins_of
from gsrules.regress.sweep.merging import OneRunCannotTell, merged
from gsrules.regress.sweep.model import ActionSweep, Margin, Point, SweepReport
from gsrules.regress.sweep.repeated import repeated
from gsrules.regress.sweep.values import as_typed, swept
from gsrules.run.datasets import ExactNeeded
from gsrules.run.options import RunOptions
from gsrules.run.prepare import rule_profile
from gsrules.run.workspace import Workspace
from gsrules.tenant.changes import Counts


@dataclass(frozen=True, slots=True)
class SweepOptions:
    """`params`: texts as typed, one of them with several values. `limit`: the most records named at each margin."""

    params: Mapping[str, str]
    rule_date: dt.date | None = None
    tenant: Path | None = None
    limit: int = 1000


def sweep(workspace: Workspace, name: str, options: SweepOptions) -> SweepReport:
    """What the rule would do with each value, on a copy of the tenant that is thrown away.

    Raises InputError when the rule, the parameter or a value is wrong, RunError when the datasets cannot be computed.
    """
    rule = workspace.rule(name)
    profile = rule_profile(workspace, rule)
    rule_date = RunOptions(rule_date=options.rule_date).date_in(profile)
    asked = swept(rule, options.params)
    with workspace.tenant("dry_run", options.tenant) as tenant, tempfile.TemporaryDirectory(prefix="gsrules-") as work:
        for exact in (False, True):
            made = Bench.of(workspace, rule, profile, rule_date, asked, tenant, Path(work), exact=exact)
            try:
                return _report(made, options.limit)
            except ExactNeeded:
                continue
    raise AssertionError("the exact form never asks for itself")


def _report(bench: Bench, limit: int) -> SweepReport:
    reason = ""
    try:
        actions = _from_one_run(bench, limit)
    except OneRunCannotTell as error:
        reason = str(error)
        actions = repeated(bench, limit)
    current: Any = next(value for key, value in bench.rule.params.items() if str(key) == bench.swept.name)
    runs = len(bench.swept.values) if reason else 1
    return SweepReport(
        rule=bench.rule.id,
        param=bench.swept.name,
        current=as_typed(current),
        rule_date=bench.rule_date.isoformat(),
        values=bench.swept.values,
        runs=runs,
        reason=reason,
        actions=actions,
    )


def _from_one_run(bench: Bench, limit: int) -> tuple[ActionSweep, ...]:
    """The datasets computed once, with every row that some value keeps."""
    plan = merged([bound.plan for bound in bench.bounds], bench.used)
    every = replace(bench.bounds[0], plan=plan.plan)
    datasets = bench.datasets(every, trace=bool(plan.filters))
    trace = datasets.trace
    moving = {name: moved(bench, plan, trace, name) if trace is not None else None for name in bench.used}
    counts: list[tuple[Counts, ...]] = []
    for at in range(len(bench.swept.values)):
        tables = {
            name: datasets.tables[name] if hits is None else subset(bench, datasets.tables[name], hits, at)
            for name, hits in moving.items()
        }
        counts.append(bench.counts(at, tables))
    made = []
    for position in range(len(bench.bounds[0].actions)):
        name = bench.dataset_of(position)
        table, deciders = hits_of(bench, position, datasets.tables[name], moving[name])
        _, margins = margins_of(bench, position, table, deciders, limit)
        made.append(action_sweep(bench, position, [each[position] for each in counts], margins))
    return tuple(made)


def action_sweep(bench: Bench, position: int, counts: list[Counts], margins: tuple[Margin, ...]) -> ActionSweep:
    """The figures of one action beside its margins."""
    spec, _ = bench.bounds[0].actions[position]
    points = tuple(Point(value, each) for value, each in zip(bench.swept.values, counts, strict=True))
    return ActionSweep(str(spec.id), spec.action, points, margins)
