"""The task graph: parents that exist, no cycles, an order of binding, tasks that nobody uses (data-setup.md §1.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from gsrules.errors import Problem, nearest
from gsrules.spec.rule import RuleSpec
from gsrules.spec.text import Text

if TYPE_CHECKING:
    from gsrules.spec.tasks import TaskSpec


def order(tasks: Mapping[Text, TaskSpec], problems: list[Problem]) -> list[Text]:
    """The tasks, each after those it reads and otherwise as written.

    Adds a problem for each unknown parent and for a cycle; tasks that cannot be bound for it are left out.
    """
    by_key: dict[str, Text] = {}
    for name in tasks:
        by_key.setdefault(name.lower(), name)
    parents: dict[Text, list[Text]] = {name: [] for name in by_key.values()}
    unknown: set[Text] = set()
    for name in parents:
        for parent in tasks[name].inputs:
            found = by_key.get(parent.strip().lower())
            if found is None:
                problems.append(_unknown(name, parent, list(parents)))
                unknown.add(name)
            else:
                parents[name].append(found)
    return [name for name in _sorted(parents, problems) if name not in unknown]


def _unknown(task: Text, parent: Text, known: Sequence[Text]) -> Problem:
    others = [name for name in known if name != task]
    message = f"there is no task {parent!r} (INVALID_FIELD)"
    hint = f"tasks: {', '.join(others)}" if others else "the rule has no other task"
    near = nearest(parent, others)
    return Problem("GS-NAME", message, parent.at(0, len(parent)), str(task), str(parent), hint, near)


def _sorted(parents: Mapping[Text, Sequence[Text]], problems: list[Problem]) -> list[Text]:
    """A topological order that keeps the written order wherever it may; nothing if there is a cycle."""
    try:
        TopologicalSorter(parents).prepare()
    except CycleError as error:
        circle = [str(name) for name in reversed(error.args[1])]
        first = next(name for name in parents if name == circle[0])
        message = f"the tasks read one another in a circle: {' → '.join(circle)}"
        hint = "a task reads tasks that do not depend on it"
        problems.append(Problem("GS-NAME", message, first.at(0, len(first)), circle[0], hint=hint))
        return []
    made: dict[Text, None] = {}

    def add(name: Text) -> None:
        for parent in parents[name]:
            if parent not in made:
                add(parent)
        made.setdefault(name)

    for name in parents:
        add(name)
    return list(made)


def unused(rule: RuleSpec) -> list[Problem]:
    """A warning for each task that neither a task nor an action reads; none while a rule has no actions."""
    if not rule.actions:
        return []
    used = {parent.strip().lower() for task in rule.tasks.values() for parent in task.inputs}
    used |= {str(source).strip().lower() for action in rule.actions if (source := getattr(action, "from_", None))}
    return [
        Problem(
            "GS-NAME",
            f"nothing uses the task {name!r}; it is computed all the same",
            name.at(0, len(name)),
            str(name),
            str(name),
            "remove it, or use it in a task or an action",
            severity="warning",
        )
        for name in rule.tasks
        if name.lower() not in used
    ]
