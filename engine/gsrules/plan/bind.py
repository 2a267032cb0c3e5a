"""From a rule's tasks to a plan (architecture.md "plan")."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gsrules.errors import InputError, Problem
from gsrules.expressions.scope import Context
from gsrules.plan.env import FileColumns, Findings, Skip, TaskEnv
from gsrules.plan.kinds import TASK_KINDS
from gsrules.plan.limits import exceeded
from gsrules.plan.nodes import DataPlan, Node, PlannedTask, TaskRef, walk
from gsrules.plan.order import order, unused
from gsrules.spec.rule import RuleSpec
from gsrules.spec.text import Text

if TYPE_CHECKING:
    from gsrules.catalogue import Catalogue
    from gsrules.spec.tasks import TaskSpec


def bind_data(rule: RuleSpec, catalogue: Catalogue, context: Context, files: FileColumns, exact: bool) -> DataPlan:
    """The plan of a rule's data setup.

    `exact`: the form in which no column but counts is kept as BIGINT, and no sum can overflow. Raises one InputError
    with the problems of all tasks.
    """
    problems: list[Problem] = []
    findings: list[Problem] = []
    for each in exceeded(rule, context):
        (problems if each.severity == "error" else findings).append(each)
    bound: dict[str, PlannedTask | None] = dict.fromkeys(str(name) for name in rule.tasks)
    ordered = order(rule.tasks, problems)
    for name in ordered:
        notes = Findings(str(name))
        env = TaskEnv(rule.id, str(name), catalogue, context, files, exact, notes, bound)
        bound[str(name)] = _bind_task(name, rule.tasks[name], env)
        problems += notes.errors
        findings += notes.others
    if problems:
        raise InputError([*problems, *findings])
    findings += unused(rule)
    tasks = {str(name): task for name in ordered if (task := bound[str(name)]) is not None}
    return DataPlan(tasks, (*findings, *context.findings), exact)


def _bind_task(name: Text, spec: TaskSpec, env: TaskEnv) -> PlannedTask | None:
    """The bound task; None after noting what is wrong, or if a task that it reads is wrong."""
    try:
        node = TASK_KINDS[spec.type].bind(spec, env)
    except InputError as error:
        env.findings.errors.extend(error.problems)
        return None
    except Skip:
        return None
    if env.findings.errors:
        return None
    return PlannedTask(str(name), spec.type, node, _parents(node), name.at(0, len(name)) or spec.place)


def _parents(node: Node) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each.task for each in walk(node) if isinstance(each, TaskRef)))
