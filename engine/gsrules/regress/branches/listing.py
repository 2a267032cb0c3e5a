"""All branches of a bound rule, and where a traced run keeps the rows that take them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from sqlglot import exp

from gsrules.dataclass import dataclass
from gsrules.plan.unfold import Unfolded, unfold
from gsrules.regress.branches.actions import ActionContext, of_action
from gsrules.regress.branches.model import Branch, count_of
from gsrules.regress.branches.nulls import columns_of
from gsrules.regress.branches.tasks import TaskContext, of_part
from gsrules.run.engine import RunResult
from gsrules.run.prepare import BoundRule, find_task
from gsrules.tenant.names import run, temp_table


def branches_of(bound: BoundRule, unfolded: Unfolded | None = None) -> tuple[Branch, ...]:
    """The branches of a rule: task by task in the order of the file, then action by action.

    With the `unfolded` plan of a traced run their SQL fits that run; without, they can only be listed.
    """
    made = unfolded or unfold(bound.plan)
    return tuple(_unique(_branches(bound, made)))


def _branches(bound: BoundRule, unfolded: Unfolded) -> Iterator[Branch]:
    catalogue = bound.context.catalogue
    nulls = columns_of(bound.plan, catalogue)  # type: ignore[arg-type]
    context = TaskContext(bound, nulls)
    for name in bound.plan.tasks:
        for part in unfolded.parts.get(name, ()):
            yield from of_part(part, context)
    for spec, action in bound.actions:
        task = find_task(bound.plan, spec.from_, spec.id)
        yield from of_action(ActionContext(bound, spec, action, nulls[task]))


def _unique(found: Iterator[Branch]) -> Iterator[Branch]:
    """Branches of which the same text stands twice are told apart by a number."""
    seen: dict[str, int] = {}
    for branch in found:
        seen[branch.id] = seen.get(branch.id, 0) + 1
        at = seen[branch.id]
        yield branch if at == 1 else replace(branch, id=f"{branch.id} ({at})")


@dataclass(frozen=True, slots=True)
class TracedTables:
    """The tables of a finished run with a trace, for `rows_of` and `count_of`."""

    result: RunResult

    def part(self, name: str) -> exp.Table:
        assert self.result.trace is not None
        return self.result.trace.rows(name)

    def links(self, name: str) -> exp.Table:
        assert self.result.trace is not None
        return self.result.trace.links_table(name)

    def effects(self, action: str) -> exp.Table:
        return temp_table(self.result.effects[action])


def taken_by(result: RunResult, branches: Iterable[Branch]) -> frozenset[str]:
    """The ids of the branches that rows of a traced run take: one statement a part."""
    assert result.trace is not None
    tables = TracedTables(result)
    by_part: dict[str, list[Branch]] = {}
    for branch in branches:
        by_part.setdefault(branch.part, []).append(branch)
    taken: set[str] = set()
    for part, own in by_part.items():
        counts = run(result.trace.tenant.con, count_of(own, part, tables)).fetchone() or ()
        taken |= {branch.id for branch, count in zip(own, counts, strict=True) if count}
    return frozenset(taken)
