"""A rule made ready to run: its files opened, its tasks and actions bound."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from gsrules.actions.kind import BindEnv, BoundAction
from gsrules.actions.registry import bind_action
from gsrules.dataclass import dataclass
from gsrules.errors import GsrulesError, InputError, Problem, RunError, nearest
from gsrules.expressions import Context, SpellEnv
from gsrules.plan import bind_data
from gsrules.plan.nodes import DataPlan
from gsrules.profile import Profile
from gsrules.run.options import RunOptions, parameters
from gsrules.run.workspace import Workspace
from gsrules.spec import ActionSpec, RuleSpec
from gsrules.spec.text import Text
from gsrules.tenant import Tenant
from gsrules.tenant.names import column

if TYPE_CHECKING:
    from gsrules.run.guards import Guard
    from gsrules.sources import OpenSource, SourceFile
    from gsrules.spec.tasks import S3Task


@dataclass(slots=True)
class RuleFiles:
    """The files of a rule's S3 dataset tasks, each found and opened once, when first asked for."""

    workspace: Workspace
    tenant: Tenant
    profile: Profile
    rule_date: dt.date
    workdir: Path
    exact: bool
    asked: dict[str, tuple[S3Task, Sequence[Any]]] = field(default_factory=dict)
    """The tasks of which the columns were asked for, with what was said."""
    _opened: dict[str, OpenSource] = field(default_factory=dict)
    _found: dict[str, tuple[SourceFile, ...]] = field(default_factory=dict)

    def files(self, name: str, task: S3Task) -> tuple[SourceFile, ...]:
        """The files that the task reads on this rule date. Raises RunError GS-FILE-…"""
        if name not in self._found:
            from gsrules.sources.resolve import resolve

            self._found[name] = resolve(task, self.rule_date, self.workspace.project)
        return self._found[name]

    def opened(self, name: str, task: S3Task) -> OpenSource:
        """The opened source of the task. Raises RunError GS-FILE-…"""
        if name not in self._opened:
            from gsrules.sources import open_source

            self._opened[name] = open_source(
                self.tenant.con,
                task,
                self.files(name, task),
                self.profile,
                exact=self.exact,
                workdir=self.workdir,
                where=f"task '{name}'",
            )
        return self._opened[name]

    def columns(self, name: str, task: S3Task) -> Sequence[Any]:
        """The columns of the task's files, for a task that does not declare them all."""
        found = self.opened(name, task).columns
        self.asked[name] = (task, found)
        return found

    def open_all(self, rule: RuleSpec) -> Mapping[str, OpenSource]:
        """All sources of the rule; RunError with the problems of every file that is wrong."""
        problems: list[Problem] = []
        for name, task in s3_tasks(rule).items():
            try:
                self.opened(name, task)
            except RunError as error:
                problems.extend(error.problems)
        if problems:
            raise RunError(problems)
        return dict(self._opened)


def s3_tasks(rule: RuleSpec) -> dict[str, S3Task]:
    """The rule's S3 dataset tasks by name."""
    return {str(name): cast("S3Task", task) for name, task in rule.tasks.items() if task.type == "s3"}


@dataclass(frozen=True, slots=True)
class BoundRule:
    """A rule of which every name is resolved and every type checked; `findings` are warnings and notes."""

    rule: RuleSpec
    context: Context
    plan: DataPlan
    actions: tuple[tuple[ActionSpec, BoundAction], ...]
    findings: tuple[Problem, ...]
    guards: tuple[Guard, ...] = ()

    def spelling(self, alias: str) -> SpellEnv:
        """How expressions are spelled over rows that stand under an alias."""
        context = self.context
        return SpellEnv(lambda name: column(name, alias), context.rule_date, context.profile, context.catalogue)


def rule_profile(workspace: Workspace, rule: RuleSpec) -> Profile:
    """The project's behaviour profile with the rule's own keys laid over, and over both what a command was told.

    Raises InputError for what the rule sets wrongly.
    """
    places = {str(key): key.place for key in rule.profile if isinstance(key, Text)}
    own = {str(key): value for key, value in rule.profile.items()}
    return workspace.project.profile.for_rule(own, places.get).overlaid(workspace.told)


def bind_rule(
    workspace: Workspace,
    rule: RuleSpec,
    profile: Profile,
    rule_date: dt.date,
    params: Mapping[str, Any],
    files: Any,
    *,
    exact: bool = False,
) -> BoundRule:
    """Binds the data setup, then every action. Raises one InputError with all problems of the rule."""
    context = Context(rule_date, parameters(rule, params), profile, workspace.catalogue)
    plan = bind_data(rule, workspace.catalogue, context, files, exact)
    env = BindEnv(workspace.catalogue, context, rule)
    problems: list[Problem] = []
    bound: list[tuple[ActionSpec, BoundAction]] = []
    findings = list(plan.findings)
    for action in rule.actions:
        try:
            made = _bind_action(action, plan, env)
        except GsrulesError as error:
            problems.extend(error.problems)
        else:
            bound.append((action, made))
            findings.extend(made.findings)
    guards: tuple[Guard, ...] = ()
    try:
        guards = _bind_guards(rule, bound, plan, workspace)
    except InputError as error:
        problems.extend(error.problems)
    if problems:
        raise InputError(problems)
    findings.extend(problem for problem in context.findings if problem not in findings)
    return BoundRule(rule, context, plan, tuple(bound), tuple(findings), guards)


def _bind_guards(
    rule: RuleSpec, bound: Sequence[tuple[ActionSpec, BoundAction]], plan: DataPlan, workspace: Workspace
) -> tuple[Guard, ...]:
    if rule.expect is None and all(spec.expect is None for spec in rule.actions):
        return ()
    from gsrules.run.guards import Grouped, bind_guards  # few rules have them

    over = [Grouped(spec, action, plan.tasks[find_task(plan, spec.from_, spec.id)].columns) for spec, action in bound]
    return bind_guards(rule, over, workspace.catalogue)


def bind_alone(workspace: Workspace, rule: RuleSpec, tenant: Tenant, options: RunOptions) -> BoundRule:
    """Binds a rule that is not run; files are opened only where a task does not declare all their columns.

    Raises InputError with all problems of the rule, RunError for such a file.
    """
    profile = rule_profile(workspace, rule)
    rule_date = options.date_in(profile)
    with tempfile.TemporaryDirectory(prefix="gsrules-") as workdir:
        files = RuleFiles(workspace, tenant, profile, rule_date, Path(workdir), exact=False)
        return bind_rule(workspace, rule, profile, rule_date, options.params, files)


def _bind_action(action: ActionSpec, plan: DataPlan, env: BindEnv) -> BoundAction:
    task = find_task(plan, action.from_, f"action '{action.id}'", action.place_of("from"))
    return bind_action(action, plan.tasks[task].columns, env)


def find_task(plan: DataPlan, name: str, where: str, place: Any = None) -> str:
    """The task of that name in any letter case; InputError GS-NAME otherwise."""
    found = next((task for task in plan.tasks if task.lower() == name.strip().lower()), None)
    if found is None:
        raise InputError(
            Problem(
                "GS-NAME",
                f"there is no dataset '{name}' (INVALID_FIELD)",
                place,
                where,
                name,
                f"the datasets are: {', '.join(plan.tasks)}",
                nearest(name, plan.tasks),
            )
        )
    return found
