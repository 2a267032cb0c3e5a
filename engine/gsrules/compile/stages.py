"""Which tasks become tables of their own: the outputs, and what several of them read.

Everything else is a materialised CTE of the one statement that needs it, which costs next to nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from gsrules.dataclass import dataclass
from gsrules.plan.nodes import DataPlan


@dataclass(frozen=True, slots=True)
class Stage:
    """One statement: it computes `tasks` in this order; the last is `table`, kept as a table.

    `extra` are tasks that nobody reads, computed on the way because their rows are counted all the same; a stage
    without a table does nothing else.
    """

    table: str | None
    tasks: tuple[str, ...]
    extra: tuple[str, ...] = ()


def stages(plan: DataPlan, outputs: Collection[str]) -> tuple[Stage, ...]:
    """The statements that compute `outputs` and every other task of the plan exactly once, in order."""
    tabled = set(outputs)
    while True:
        home = _homes(plan, tabled)
        found = [_stage_of(plan, name, home) for name in plan.tasks if home.get(name) == name]
        placed, conflict = _place_unread(plan, found)
        if not conflict:
            return _with_extras(found, placed)
        tabled |= conflict


def _homes(plan: DataPlan, tabled: Collection[str]) -> dict[str, str]:
    """For each task that leads to a table: the tabled task whose statement computes it (itself, if tabled)."""
    readers: dict[str, set[str]] = {name: set() for name in plan.tasks}
    for name, task in plan.tasks.items():
        for parent in task.parents:
            readers[parent].add(name)
    home: dict[str, str] = {}
    for name in reversed(list(plan.tasks)):
        users = {home[reader] for reader in readers[name] if reader in home}
        if name in tabled or len(users) > 1:
            home[name] = name
        elif users:
            home[name] = users.pop()
    return home


def _stage_of(plan: DataPlan, table: str, home: Mapping[str, str]) -> Stage:
    return Stage(table, tuple(name for name in plan.tasks if home.get(name) == table))


def _place_unread(plan: DataPlan, found: Sequence[Stage]) -> tuple[dict[str, int], set[str]]:
    """The statement (by index; one past the end: a last one) for each task that leads to no table.

    Also the tasks that must become tables first, because an unread task reads from several statements.
    """
    table_at = {stage.table: index for index, stage in enumerate(found)}
    inner_at = {name: index for index, stage in enumerate(found) for name in stage.tasks if name != stage.table}
    last = len(found)
    placed: dict[str, int] = {}
    for name in plan.tasks:
        if name in table_at or name in inner_at:
            continue
        parents = plan.tasks[name].parents
        inner = {parent: (inner_at | placed)[parent] for parent in parents if parent not in table_at}
        earliest = max((table_at[parent] + 1 for parent in parents if parent in table_at), default=0)
        homes = set(inner.values()) or {last}
        if len(homes) > 1 or min(homes) < earliest:
            return placed, set(inner)
        placed[name] = homes.pop()
    return placed, set()


def _with_extras(found: Sequence[Stage], placed: Mapping[str, int]) -> tuple[Stage, ...]:
    last = [Stage(None, ())] if len(found) in placed.values() else []
    return tuple(
        replace(stage, extra=tuple(name for name, at in placed.items() if at == index))
        for index, stage in enumerate([*found, *last])
    )
