"""The behaviours on which the datasets of a run depended."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
from sqlglot import exp

from gsrules.compile import Counter, prune
from gsrules.compile.relation import name
from gsrules.compile.warnings import spots
from gsrules.dataclass import dataclass
from gsrules.errors import GsrulesError
from gsrules.expressions.scope import Context
from gsrules.plan import bind_data
from gsrules.plan.nodes import ScanFile, ScanObject, walk
from gsrules.profile import Profile
from gsrules.run.behaviours.guide import Guide, alternatives, guides
from gsrules.run.behaviours.model import Behaviour
from gsrules.run.behaviours.probes import Probe, either, probes
from gsrules.run.behaviours.sides import Side
from gsrules.run.behaviours.statement import Statement
from gsrules.run.behaviours.watched import Seen
from gsrules.run.behaviours.words import behaviour
from gsrules.tenant.names import spell

if TYPE_CHECKING:
    from gsrules.run.datasets import Datasets
    from gsrules.run.prepare import BoundRule, RuleFiles

QUICK = 250_000
"""The most rows that a quick look reads for one spot."""


@dataclass(frozen=True, slots=True)
class DataRun:
    """Datasets just computed, with all that they came from; the tenant is still as they found it.

    `lost` are the values that could not be computed. `most`: the rows that one spot may read, None for any number.
    """

    bound: BoundRule
    files: RuleFiles
    sources: Mapping[str, Any]
    datasets: Datasets
    outputs: Collection[str]
    workdir: Path
    most: int | None


@dataclass(frozen=True, slots=True)
class _Asked:
    """One probe for one key, and the value of the key, with the form that the rule has under it."""

    key: Guide
    other: object
    probe: Probe
    side: Side


def data_behaviours(run: DataRun, seen: Seen) -> list[Behaviour]:
    """What the datasets depended on, of the keys `seen`."""
    plan = _needed(run)
    side = Side(run.bound.context, plan, run.sources, run.files.tenant)
    asked: list[_Asked] = []
    found: list[Behaviour] = []
    for key in guides():
        if key.name not in seen or not key.data:
            continue
        for other in alternatives(key.name, run.bound.context.profile):
            if key.files and not _read_otherwise(run, key, other):
                continue
            if key.files and run.most is not None and _rows_of_files(run) > run.most:
                found.append(behaviour(key, run.bound, other, None, "", task=next(iter(run.sources))))
                continue
            alternative = _alternative(run, side, key, other, seen)
            if alternative is None:
                continue
            if run.datasets.lost:
                found += _fatal(run, alternative, key, other)
            asked += [_Asked(key, other, probe, alternative) for probe in _all_probes(side, alternative)]
    return [*found, *_answers(run, side, asked)]


def _needed(run: DataRun) -> Any:
    """The plan of the tasks on which the outputs depend."""
    plan = run.bound.plan
    wanted: set[str] = set()
    for task in reversed(list(plan.tasks)):
        if task in run.outputs or not run.outputs or task in wanted:
            wanted |= {task, *plan.tasks[task].parents}
    outputs = tuple(run.outputs) or tuple(plan.tasks)
    pruned = prune(plan, outputs)
    return replace(pruned, tasks={each: task for each, task in pruned.tasks.items() if each in wanted})


def _alternative(run: DataRun, side: Side, key: Guide, other: object, seen: Seen) -> Side | None:
    """The rule under another value of the key; None if it would be refused."""
    context = run.bound.context
    assert isinstance(context.profile, Profile)
    profile = context.profile.overlaid({key.name: other})
    changed = Context(context.rule_date, context.params, profile, context.catalogue)
    if key.name not in seen.binding and not key.files:
        return replace(side, context=changed, _texts={})
    files = run.files
    try:
        sources: Mapping[str, Any] = run.sources
        if key.files:
            folder = run.workdir / f"{key.name}-{other}"
            folder.mkdir(parents=True, exist_ok=True)
            files = replace(files, profile=profile, workdir=folder, asked={}, _opened={})
            sources = files.open_all(run.bound.rule)
        plan = bind_data(run.bound.rule, files.workspace.catalogue, changed, files, run.bound.plan.exact)
    except GsrulesError:
        return None
    outputs = tuple(run.outputs) or tuple(plan.tasks)
    pruned = prune(plan, outputs)
    kept = {each: task for each, task in pruned.tasks.items() if each in side.plan.tasks}
    alike = key.name not in seen.since and not key.files
    return Side(changed, replace(pruned, tasks=kept), sources, run.files.tenant, same_spelling=alike)


def _read_otherwise(run: DataRun, key: Guide, other: object) -> bool:
    """Whether the files may be read otherwise; in a quick look at large ones that is not asked of the files."""
    if run.most is not None and _rows_of_files(run) > run.most:
        return bool(run.sources)
    if not run.sources:
        return False
    from gsrules.run.behaviours.files import files_differ

    return files_differ(run.bound.rule, run.files, run.bound.context.profile, key.name, other)


def _rows_of_files(run: DataRun) -> int:
    return sum(task.rows or 0 for task in run.datasets.reports if task.task in run.sources)


def _all_probes(side: Side, other: Side) -> Iterator[Probe]:
    for task in side.plan.tasks.values():
        yield from probes(side, other, task, other.plan.tasks[task.name])


def _fatal(run: DataRun, other: Side, key: Guide, value: object) -> Iterator[Behaviour]:
    """Values that are null here and would fail the run there: the run has counted them already."""
    for counter, rows in run.datasets.lost:
        task = other.plan.tasks.get(counter.task)
        if task is None or counter.fatal:
            continue
        visitor = other.visitor(dict.fromkeys(task.parents, exp.Table(this=name("nowhere"))))
        if any(_same(counter, spot) and spot.fatal for spot in spots(task, visitor, other.env)):
            where = f"{counter.column}: {counter.reason}" if counter.column else counter.reason
            yield behaviour(key, run.bound, value, rows, where, task=counter.task)


def _same(counter: Counter, spot: Any) -> bool:
    return (counter.column, counter.reason) == (spot.column, spot.reason)


def _answers(run: DataRun, side: Side, asked: Sequence[_Asked]) -> list[Behaviour]:
    sizes = _Sizes(run, side)
    small = [each for each in asked if run.most is None or sizes.of(each.probe) <= run.most]
    counts = dict(zip(map(id, small), _counted(run, side, small), strict=True))
    met = [each for each in asked if counts.get(id(each)) != 0]
    idle = _idle(run, {id(each.side): each.side for each in met if counts.get(id(each)) is not None}.values())
    return [
        behaviour(each.key, run.bound, each.other, counts.get(id(each)), each.probe.where, task=each.probe.task)
        for each in met
        if id(each.side) not in idle
    ]


def _idle(run: DataRun, sides: Iterable[Side]) -> set[int]:
    """The other forms of the rule (by identity) that give the same outputs for all that they do otherwise inside."""
    outputs = run.outputs or tuple(run.bound.plan.tasks)
    if not set(outputs) <= set(run.datasets.tables):
        return set()
    return {id(side) for side in sides if _same_outputs(run, outputs, side)}


def _same_outputs(run: DataRun, outputs: Collection[str], side: Side) -> bool:
    statement = Statement(side, {})
    counts = []
    for output in outputs:
        columns = [exp.Column(this=name(each.name)) for each in side.plan.tasks[output].columns]
        ends = (statement.task(output), exp.Table(this=name(run.datasets.tables[output])))
        one, two = (exp.Select(expressions=[each.copy() for each in columns]).from_(end) for end in ends)
        counts.append(either(statement, statement.add(one), statement.add(two)))
    try:
        ((found,),) = run.files.tenant.con.execute(statement.sql(counts)).fetchall()
    except duckdb.Error:
        return False
    return not any(found)


def _counted(run: DataRun, side: Side, asked: Sequence[_Asked]) -> list[int | None]:
    """The answer of each probe, all by one statement; one by one where that fails, None for those that fail then."""
    if not asked:
        return []
    try:
        statement = Statement(side, run.datasets.tables)
        counts = [each.probe.count(statement) for each in asked]
        ((found,),) = run.files.tenant.con.execute(statement.sql(counts)).fetchall()
    except duckdb.Error:
        if len(asked) == 1:
            return [None]
        return [_counted(run, side, [each])[0] for each in asked]
    return [int(each) for each in found]


class _Sizes:
    """How many rows are read to answer a probe."""

    def __init__(self, run: DataRun, side: Side) -> None:
        self._run = run
        self._side = side
        self._rows = {task.task: task.rows for task in run.datasets.reports}
        self._known: dict[str, int] = {}
        self._objects: dict[str, int] = {}

    def of(self, probe: Probe) -> int:
        own = self._scanned(probe.task)
        return own + sum(map(self._task, probe.reads))

    def _task(self, task: str) -> int:
        if task in self._run.datasets.tables:
            return self._rows.get(task) or 0
        if task not in self._known:
            parents = self._side.plan.tasks[task].parents
            self._known[task] = self._scanned(task) + sum(map(self._task, parents))
        return self._known[task]

    def _scanned(self, task: str) -> int:
        nodes = list(walk(self._side.plan.tasks[task].node))
        files = sum(self._rows.get(task) or 0 for node in nodes if isinstance(node, ScanFile))
        return files + sum(self._object(node) for node in nodes if isinstance(node, ScanObject))

    def _object(self, node: ScanObject) -> int:
        tenant = self._run.files.tenant
        if node.object not in self._objects:
            table = tenant.table(node.object) if node.source == "tenant" else tenant.salesforce(node.object)
            rows = exp.Select(expressions=[exp.Count(this=exp.Star())]).from_(table)
            ((count,),) = tenant.con.execute(spell(rows)).fetchall()
            self._objects[node.object] = int(count)
        return self._objects[node.object]
