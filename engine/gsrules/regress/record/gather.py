"""Gathering: from a traced run on the real data to the few source rows that exercise every branch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from sqlglot import exp

from gsrules.catalogue import Catalogue
from gsrules.dataclass import dataclass
from gsrules.plan.nodes import DataPlan, ScanFile, ScanObject
from gsrules.plan.unfold import Part
from gsrules.regress.branches import Branch, TracedTables, branches_of, taken_by
from gsrules.regress.branches.model import ROWS, effects_table
from gsrules.regress.record.book import Book, Unit, read_lines
from gsrules.regress.record.candidates import Candidate, chosen_candidates
from gsrules.regress.record.fields import wanted_fields
from gsrules.regress.record.meets import Match, matches, met_units
from gsrules.run.engine import RunResult
from gsrules.run.prepare import find_task
from gsrules.run.trace import Trace
from gsrules.spec import ActionSpec
from gsrules.tenant.names import GSID, column, named, run, select_from

_CODE: Final = "record: "


@dataclass(frozen=True, slots=True)
class Purpose:
    """Why rows are there: the branches that a chosen candidate takes, and the source rows it was made of.

    `levels`: at each level more rows of every group that it was made of; the last one has them all.
    """

    branches: tuple[Branch, ...]
    levels: tuple[frozenset[Unit], ...]


@dataclass(frozen=True, slots=True)
class Gathered:
    """What the real data exercises, and the rows chosen for it.

    `branches` are all of the rule, `taken` the ids of those that some real row takes. `met` and `matches` are what
    the actions met: records, and records that are yet to be looked up.
    """

    branches: tuple[Branch, ...]
    taken: frozenset[str]
    purposes: tuple[Purpose, ...]
    book: Book
    met: frozenset[Unit]
    matches: tuple[Match, ...]

    @property
    def units(self) -> frozenset[Unit]:
        return frozenset(unit for purpose in self.purposes for unit in purpose.levels[-1])


def is_code(branch: Branch) -> bool:
    """Whether the branch is that of a code of refused or left out rows."""
    return branch.id.startswith(_CODE)


def all_branches(trace: Trace, result: RunResult) -> tuple[Branch, ...]:
    """The branches of the rule, and one more for each code with which a row of this run was refused or left out."""
    found = branches_of(trace.bound, trace.unfolded)
    return (*found, *_codes(trace, result), *_results(trace))


def results_of(plan: DataPlan, actions: Iterable[tuple[ActionSpec, Any]]) -> list[str]:
    """The datasets that actions work on; of a rule without actions those that no other task reads."""
    read = {parent for task in plan.tasks.values() for parent in task.parents}
    acted_on = [find_task(plan, spec.from_, spec.id) for spec, _ in actions]
    return list(dict.fromkeys(acted_on)) or [name for name in plan.tasks if name not in read]


def gather(trace: Trace, result: RunResult, catalogue: Catalogue) -> Gathered:
    """Chooses the rows. What they hold of files is in the book; records are still to be loaded into it."""
    branches = all_branches(trace, result)
    taken = taken_by(result, branches)
    chosen = chosen_candidates(trace, [branch for branch in branches if branch.id in taken], TracedTables(result))
    book = Book(catalogue, wanted_fields(trace.bound, catalogue))
    rows: dict[str, set[int]] = {}
    for candidate in chosen:
        for level in candidate.levels:
            for part, numbers in level.items():
                rows.setdefault(part, set()).update(numbers)
    read_lines(trace, book, rows)
    names = {part.name: dict(_units(trace, part, rows.get(part.name, ()))) for part in trace.parts if not part.inputs}
    purposes = tuple(_purpose(candidate, branches, names) for candidate in chosen)
    acting = _acting_rows(trace, chosen)
    met = met_units(trace, result, catalogue, acting)
    return Gathered(branches, taken, purposes, book, frozenset(met), tuple(matches(trace, result, acting)))


def _purpose(candidate: Candidate, branches: Sequence[Branch], names: Mapping[str, Mapping[int, Unit]]) -> Purpose:
    own = tuple(branch for branch in branches if branch.id in candidate.branches)
    levels = tuple(
        frozenset(names[part][row] for part, rows in level.items() for row in rows if row in names.get(part, {}))
        for level in candidate.levels
    )
    return Purpose(own, levels)


def source_units(trace: Trace, sources: Mapping[str, Iterable[int]]) -> Iterator[Unit]:
    """The records and lines that rows of source parts are."""
    for part, rows in sources.items():
        for _, unit in _units(trace, trace.part(part), rows):
            yield unit


def _units(trace: Trace, part: Part, rows: Iterable[int]) -> Iterator[tuple[int, Unit]]:
    """The records or lines that rows of a source part are."""
    numbers = [exp.Literal.number(row) for row in sorted(rows)]
    if not numbers:
        return
    if isinstance(part.node, ScanObject):
        if part.node.source == "salesforce":
            return
        query = select_from(trace.rows(part.name), column("__row"), column(GSID))
        query = query.where(column("__row").isin(*numbers), copy=False)
        for row, gsid in run(trace.tenant.con, query).fetchall():
            yield row, (part.node.object, gsid)
    elif isinstance(part.node, ScanFile):
        key = str(trace.sources[part.task].files[0])
        query = trace.lines(part.name).where(column("__row", "l").isin(*numbers), copy=False)
        for row, line in run(trace.tenant.con, query).fetchall():
            yield row, (key, str(line))


def _acting_rows(trace: Trace, chosen: Sequence[Candidate]) -> dict[str, exp.Select]:
    """The rows of the datasets of actions that were made of the candidates."""
    rows: dict[str, list[int]] = {}
    for candidate in chosen:
        rows.setdefault(candidate.start.part, []).extend(candidate.start.rows)
    start: dict[str, exp.Query] = {}
    for part, numbers in rows.items():
        values = exp.Array(expressions=[exp.Literal.number(number) for number in numbers])
        unnested = exp.Anonymous(this="unnest", expressions=[values])
        start[part] = exp.Select(expressions=[named(exp.cast(unnested, "BIGINT"), "row")])
    found = trace.descendants(start)
    datasets = {find_task(trace.bound.plan, spec.from_, spec.id) for spec, _ in trace.bound.actions}
    return {name: query for name, query in found.items() if name in datasets}


def _results(trace: Trace) -> Iterator[Branch]:
    """Of a rule without actions: that its results have rows."""
    for name in () if trace.bound.actions else results_of(trace.bound.plan, ()):
        task = trace.bound.plan.tasks[name]
        words = f"rows of {name}"
        yield Branch(
            f"{_CODE}{words}", "task", name, "union", words, "rows", task.place, name, exp.true(), words, counted=False
        )


def _codes(trace: Trace, result: RunResult) -> Iterator[Branch]:
    """A branch for each code of refused and left out rows, so that each kind of row error is recorded."""
    reports = {action.id: action for action in result.report.actions}
    for spec, _ in trace.bound.actions:
        part = find_task(trace.bound.plan, spec.from_, spec.id)
        report = reports[str(spec.id)]
        for outcome, groups in (("failed", report.errors), ("skipped", report.skips)):
            for group in groups:
                effects = select_from(effects_table(str(spec.id), "e"), column("row", "e")).where(
                    column("code", "e").eq(exp.Literal.string(group.code)),
                    column("outcome", "e").eq(exp.Literal.string(outcome)),
                    copy=False,
                )
                met = exp.In(this=column("__row", ROWS), query=exp.Subquery(this=effects))
                yield Branch(
                    id=f"{_CODE}{spec.id}: {outcome} {group.code}",
                    owner="action",
                    name=str(spec.id),
                    kind="outcome",
                    text=f"{outcome} with {group.code}",
                    side=outcome,
                    place=spec.place,
                    part=part,
                    met=met,
                    need=f"a row that is {outcome} with {group.code}",
                    counted=False,
                )
