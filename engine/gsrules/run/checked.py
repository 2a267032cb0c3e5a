"""One rule checked as far as it can be: what is wrong in one place does not hide what is wrong in another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from gsrules.dataclass import dataclass
from gsrules.errors import GsrulesError, Problem, nearest
from gsrules.run.options import RunOptions
from gsrules.run.prepare import BoundRule, bind_alone
from gsrules.run.workspace import Workspace
from gsrules.spec.load import parse_partly
from gsrules.spec.partly import without_tasks
from gsrules.spec.rule import RuleSpec
from gsrules.tenant import Tenant


@dataclass(frozen=True, slots=True)
class CheckedRule:
    """Everything that was found, and the bound rule if nothing of it is an error."""

    problems: tuple[Problem, ...]
    bound: BoundRule | None = None


def checked_text(workspace: Workspace, rule_id: str, text: str | bytes, file: str, tenant: Tenant) -> CheckedRule:
    """Loads and binds the rule in a text."""
    found = parse_partly(text, file, rule_id, workspace.kinds)
    if found.rule is None:
        return CheckedRule(found.problems)
    checked = checked_rule(workspace, found.rule, tenant)
    if not found.problems:
        return checked
    errors = (_among(problem, found.tasks) for problem in checked.problems if problem.severity == "error")
    return CheckedRule(_in_order([*found.problems, *_beyond(found.problems, errors)]))


def checked_rule(workspace: Workspace, rule: RuleSpec, tenant: Tenant) -> CheckedRule:
    """Binds a loaded rule; where a task is wrong, also what does not read that task."""
    try:
        bound = bind_alone(workspace, rule, tenant, RunOptions())
    except GsrulesError as error:
        problems = error.problems
    else:
        return CheckedRule(bound.findings, bound)
    rest = without_tasks(rule, _wrong_tasks(rule, problems))
    if rest is None or len(rest.tasks) == len(rule.tasks):
        return CheckedRule(problems)
    try:
        bind_alone(workspace, rest, tenant, RunOptions())
    except GsrulesError as error:
        more = (_among(problem, list(rule.tasks)) for problem in error.problems if problem.severity == "error")
        return CheckedRule(_in_order([*problems, *_beyond(problems, more)]))
    return CheckedRule(problems)


def _among(problem: Problem, tasks: Sequence[str]) -> Problem:
    """An unknown dataset is looked for among all of the rule's, also those that are wrong."""
    if problem.code != "GS-NAME" or not problem.message.startswith("there is no dataset"):
        return problem
    hint = f"the datasets are: {', '.join(tasks)}"
    return replace(problem, hint=hint, nearest=nearest(problem.value, tasks))


def _wrong_tasks(rule: RuleSpec, problems: tuple[Problem, ...]) -> list[str]:
    """The tasks in which the errors stand."""
    lines = sorted((name.place.line, str(name)) for name in rule.tasks if name.place is not None)
    end = min((action.place.line for action in rule.actions if action.place is not None), default=1 << 31)
    if lines and end < lines[0][0]:
        end = 1 << 31  # the actions stand before the tasks
    wrong = [problem for problem in problems if problem.severity == "error"]
    found = {problem.where for problem in wrong if problem.where in rule.tasks}
    for problem in wrong:
        line = problem.place.line if problem.place is not None else 0
        above = [name for first, name in lines if first <= line < end]
        found.update(above[-1:])
    return sorted(found)


def _beyond(first: tuple[Problem, ...], more: Iterable[Problem]) -> list[Problem]:
    """What is not told yet: neither the same, nor at the same spot."""
    told = {(p.place.line, p.place.column) for p in first if p.place is not None}
    return [p for p in more if p not in first and (p.place is None or (p.place.line, p.place.column) not in told)]


def _in_order(problems: list[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(problems, key=lambda p: (p.place.line, p.place.column) if p.place else (0, 0)))
