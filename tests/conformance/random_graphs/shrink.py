"""A smaller graph on which both sides still disagree in the same way."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

from tests.conformance.random_graphs.compare import disagreement
from tests.conformance.random_graphs.computed import Both, rule_text
from tests.conformance.random_graphs.graph import Graph
from tests.conformance.random_graphs.world import World

Case = tuple[World, Graph]
_TRIES = 400


def shrunken(world: World, graph: Graph, why: str) -> tuple[World, Graph, str]:
    """Leaves out tasks, parts of tasks, settings, records and lines as long as the disagreement stays of its kind."""
    kind = _kind(why)
    tries = 0
    with Both() as both:

        def still(case: Case) -> str:
            with both.world(case[0]):
                found = disagreement(both, case[1])
            return found if _kind(found) == kind else ""

        smaller = True
        while smaller and tries < _TRIES:
            smaller = False
            for make in _steps(world, graph):
                tries += 1
                case = copy.deepcopy((world, graph))
                make(case)
                if found := still(case):
                    (world, graph), why, smaller = case, found, True
                    break
    return world, graph, why


def _kind(why: str) -> str:
    return why if "crashed" in why else why.split(":")[0]


def _steps(world: World, graph: Graph) -> Iterator[Callable[[Case], object]]:
    """Every way to leave out one thing, large ones first."""
    for name in graph.ends():
        if len(graph.tasks) > 1:
            yield lambda case, name=name: case[1].tasks.pop(name)
    for key in graph.profile:
        yield lambda case, key=key: case[1].profile.pop(key)
    for name, task in graph.tasks.items():
        for key in ("where", "formulas", "default", "group_by"):
            if key in task:
                yield lambda case, name=name, key=key: case[1].tasks[name].pop(key)
        for key in ("show", "join", "where", "columns", "from", "formulas"):
            given = task.get(key)
            if isinstance(given, (list, dict)) and len(given) > 1:
                for part in range(len(given)) if isinstance(given, list) else given:
                    yield lambda case, name=name, key=key, part=part: _without(case[1].tasks[name], key, part)
    for name, records in world.records.items():
        yield from _fewer(len(records), lambda case, name=name: case[0].records[name])
    for number, file in enumerate(world.files):
        yield from _fewer(len(file.rows), lambda case, number=number: case[0].files[number].rows)


def _fewer(count: int, of: Callable[[Case], list[Any]]) -> Iterator[Callable[[Case], object]]:
    if count > 1:
        yield lambda case: of(case).clear()
    for at in range(count):
        yield lambda case, at=at: of(case).pop(at)


def _without(task: dict[str, Any], key: str, part: Any) -> None:
    del task[key][part]


def shown(world: World, graph: Graph, why: str) -> str:
    """The rule with the rows and lines it reads."""
    lines = [why[:1500], f"profile {graph.profile}, rule date {graph.rule_date}, {'all' if graph.keep else 'ends'}"]
    lines.append(rule_text(graph))
    read = {str(task.get("object", "")).lower() for task in graph.tasks.values()}
    for name, records in world.records.items():
        for record in records if read else []:
            lines.append(f"{name} { ({k: v for k, v in record.items() if v is not None}) }")
    paths = {task.get("path") for task in graph.tasks.values()}
    lines += [f"{file.path}: {file.text()!r}" for file in world.files if file.path in paths]
    return "\n".join(lines)
