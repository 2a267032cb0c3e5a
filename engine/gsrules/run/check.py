"""Checks a project without touching data: rules, chains, objects and tests, every problem of all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from gsrules.dataclass import dataclass
from gsrules.errors import GsrulesError, InputError, Problem, nearest
from gsrules.run.options import RunOptions
from gsrules.run.prepare import bind_alone, s3_tasks
from gsrules.run.test_data import SharedFixtures, test_files
from gsrules.run.tested_names import Columns, TestedRules, check_file, check_given
from gsrules.run.workspace import Workspace
from gsrules.spec.chain import ChainSpec
from gsrules.spec.load import load_tests
from gsrules.tenant import Tenant


@dataclass(frozen=True, slots=True)
class Findings:
    """What was checked (how many of each kind) and everything that was found."""

    checked: dict[str, int]
    problems: tuple[Problem, ...]

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity == "error")


def validate_project(workspace: Workspace, names: Sequence[str]) -> Findings:
    """Checks the named rules and chains, or everything in the project when no name is given.

    The object files were read when the workspace was opened: what is wrong with them was raised there.
    """
    named = [workspace.resolve(name) for name in names]
    rules = [name for name in named if not workspace.is_chain(name)] if named else list(workspace.rule_ids())
    chains = [name for name in named if workspace.is_chain(name)] if named else list(workspace.chain_ids())
    tests = [] if named else test_files(workspace.project, [])
    problems: list[Problem] = []
    with Tenant.open(None, workspace.catalogue, workspace.project, "read") as tenant:
        columns: dict[str, Columns] = {}
        for rule in rules:
            problems.extend(_problems_of(lambda rule=rule: _check_rule(workspace, rule, tenant, columns)))  # type: ignore[misc]
    for chain in chains:
        problems.extend(_problems_of(lambda chain=chain: _check_chain(workspace, chain)))  # type: ignore[misc]
    shared = SharedFixtures()
    if not named:
        try:
            shared = SharedFixtures.load(workspace.project)
        except GsrulesError as error:
            problems.extend(error.problems)
    problems.extend(found for each in shared.fixtures.values() for found in check_given(workspace, each))
    known = TestedRules(workspace, columns)
    for path in tests:
        problems.extend(_problems_of(lambda path=path: _check_tests(path, known, shared)))  # type: ignore[misc]
    if not (rules or chains or named):
        hint = "write one to rules/, or begin with gsrules init"
        where = str(workspace.project.rules_dir)
        problems.append(Problem("GS-PROJECT-EMPTY", "the project has no rules", None, where, "", hint, "", "warning"))
    objects = 0 if named else sum(1 for _ in (workspace.project.datasets_dir / "objects").glob("*.yml"))
    checked = {"rules": len(rules), "chains": len(chains), "object files": objects, "test files": len(tests)}
    return Findings(checked, tuple(problems))


def _problems_of(check: Callable[[], Sequence[Problem]]) -> Sequence[Problem]:
    try:
        return check()
    except GsrulesError as error:
        return error.problems


def check_rule(
    workspace: Workspace, rule_id: str, tenant: Tenant, options: RunOptions | None = None
) -> tuple[Problem, ...]:
    """Loads and binds one rule; gives its warnings and notes, raises what is wrong with it."""
    return bind_alone(workspace, workspace.rule(rule_id), tenant, options or RunOptions()).findings


def _check_rule(workspace: Workspace, rule_id: str, tenant: Tenant, columns: dict[str, Columns]) -> tuple[Problem, ...]:
    """As `check_rule`; notes the columns of the rule's datasets unless they depend on the files of the run."""
    bound = bind_alone(workspace, workspace.rule(rule_id), tenant, RunOptions())
    if all(task.columns is not None for task in s3_tasks(bound.rule).values()):
        columns[rule_id] = {name: task.columns for name, task in bound.plan.tasks.items()}
    return bound.findings


def _check_chain(workspace: Workspace, chain_id: str) -> tuple[Problem, ...]:
    chain = workspace.chain(chain_id)
    known = workspace.rule_ids()
    unknown = [
        Problem(
            "GS-NAME",
            f"there is no rule '{rule}'",
            rule.place,
            f"chain '{chain.name}'",
            str(rule),
            "a rule's id is its path below rules/ without the ending",
            nearest(rule, known),
        )
        for link in chain.rules
        for rule in link.rules()
        if rule not in known
    ]
    own = [] if unknown else _own_schedules(workspace, chain)
    if unknown or own:
        raise InputError([*unknown, *own])
    return ()


def _own_schedules(workspace: Workspace, chain: ChainSpec) -> list[Problem]:
    """Rules of a chain have no time schedule of their own (platform.md §7, `chain.own_schedule`)."""
    if workspace.project.profile["chain.own_schedule"] == "ignore":
        return []
    found: list[Problem] = []
    for name in (name for link in chain.rules for name in link.rules()):
        schedule = workspace.rule(name).schedule
        if schedule is not None and (schedule.basic is not None or schedule.advanced is not None):
            message = f"the rule '{name}' has a schedule of its own and stands in the chain '{chain.name}'"
            hint = "Gainsight deletes a rule's own schedules when it joins a chain: remove one of the two"
            found.append(Problem("GS-SPEC-SCHEDULE", message, name.place, value=str(name), hint=hint))
    return found


def _check_tests(path: Path, rules: TestedRules, shared: SharedFixtures) -> tuple[Problem, ...]:
    return check_file(rules, load_tests(path), shared)
