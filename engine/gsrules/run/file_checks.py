"""The files of a project, each with what is wrong with it: as it is, and with another text in its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from gsrules.dataclass import dataclass
from gsrules.errors import GsrulesError, InputError, Problem, nearest
from gsrules.run.checked import CheckedRule, checked_rule, checked_text
from gsrules.run.prepare import s3_tasks
from gsrules.run.test_data import SharedFixtures, fixture_files, test_files
from gsrules.run.tested_names import Columns, TestedRules, check_file, check_given
from gsrules.run.workspace import Workspace
from gsrules.spec.chain import ChainSpec
from gsrules.spec.load import load_chain, load_fixtures, load_tests, parse_chain, parse_fixtures, parse_tests
from gsrules.spec.yaml12 import shown
from gsrules.tenant import Tenant

if TYPE_CHECKING:
    from gsrules.run.repair.certain import Repairer
    from gsrules.spec.rule_tests import FixtureFile


def _nothing(_text: str) -> None:
    """No other file looks at this one."""


@dataclass(frozen=True, slots=True)
class FileCheck:
    """One file: what is wrong with it as it is, and what would be with another text in its place.

    `take`: makes the files that are checked later see this text. `declares`: names that its expressions use may be
    declared in the file itself.
    """

    path: Path
    as_it_is: Callable[[], Sequence[Problem]]
    with_text: Callable[[str], Sequence[Problem]]
    take: Callable[[str], None] = _nothing
    declares: bool = False

    def problems(self) -> tuple[Problem, ...]:
        return tuple(_problems_of(self.as_it_is))

    def with_other(self, text: str) -> tuple[Problem, ...]:
        return tuple(_problems_of(lambda: self.with_text(text)))


@dataclass(slots=True)
class ProjectCheck:
    """The files to check, with what their checks share."""

    workspace: Workspace
    tenant: Tenant
    rules: Sequence[str]
    chains: Sequence[str]
    tests: Sequence[Path]
    fixtures: Sequence[Path]
    shared: SharedFixtures
    problems: list[Problem]
    """What is wrong with several files together."""
    columns: dict[str, Columns] = field(default_factory=dict)
    _known: frozenset[str] | None = None

    @classmethod
    @contextmanager
    def opened(cls, workspace: Workspace, names: Sequence[str]) -> Iterator[ProjectCheck]:
        """The named rules and chains, or everything."""
        project = workspace.project
        named = [workspace.resolve(name) for name in names]
        rules = [name for name in named if not workspace.is_chain(name)] if named else list(workspace.rule_ids())
        chains = [name for name in named if workspace.is_chain(name)] if named else list(workspace.chain_ids())
        tests = [] if named else test_files(project, [])
        fixtures = [] if named else fixture_files(project)
        problems: list[Problem] = []
        shared = SharedFixtures()
        if not named:
            try:
                shared = SharedFixtures.load(project)
            except GsrulesError as error:
                told = {problem for path in fixtures for problem in _problems_of(partial(_loaded, path))}
                problems.extend(problem for problem in error.problems if problem not in told)
        with Tenant.open(None, workspace.catalogue, project, "read") as tenant:
            yield cls(workspace, tenant, rules, chains, tests, fixtures, shared, problems)

    @property
    def counted(self) -> dict[str, int]:
        everything = bool(self.tests or self.fixtures) or not (self.rules or self.chains)
        folder = self.workspace.project.datasets_dir / "objects"
        objects = sum(1 for _ in folder.glob("*.yml")) if everything else 0
        return {
            "rules": len(self.rules),
            "chains": len(self.chains),
            "object files": objects,
            "test files": len(self.tests),
        }

    def files(self) -> Iterator[FileCheck]:
        """Every file; those of rules first, because tests name what rules declare."""
        for rule in self.rules:
            path = self.workspace.project.rule_path(rule)
            name = shown(path)
            yield FileCheck(
                path,
                partial(self._rule, rule),
                partial(self._rule_text, rule, name),
                partial(self._take_rule, rule, name),
                declares=True,
            )
        for chain in self.chains:
            path = self.workspace.chain_path(chain)
            yield FileCheck(path, partial(self._chain, path), partial(self._chain_text, shown(path)))
        for path in self.fixtures:
            yield FileCheck(path, partial(self._fixtures, path), partial(self._fixtures_text, shown(path)))
        for path in self.tests:
            yield FileCheck(path, partial(self._tests, path), partial(self._tests_text, shown(path)))

    def repairer(self, file: FileCheck) -> Repairer:
        """What looks for repairs of a file."""
        from gsrules.run.repair.certain import Repairer
        from gsrules.run.repair.known import known_names

        if self._known is None:
            self._known = known_names(self.workspace)
        return Repairer(file.with_other, self._known, declares=file.declares)

    def _rule(self, rule_id: str) -> Sequence[Problem]:
        """Notes the columns of the rule's datasets, unless they depend on the files of the run."""
        try:
            checked = checked_rule(self.workspace, self.workspace.rule(rule_id), self.tenant)
        except GsrulesError as error:
            if any(problem.code in ("GS-YAML-READ", "GS-USAGE") for problem in error.problems):
                return error.problems
            path = self.workspace.project.rule_path(rule_id)
            checked = checked_text(self.workspace, rule_id, path.read_bytes(), shown(path), self.tenant)
        self._note_columns(rule_id, checked)
        return self._advised(checked)

    def _note_columns(self, rule_id: str, checked: CheckedRule) -> None:
        bound = checked.bound
        if bound is not None and all(task.columns is not None for task in s3_tasks(bound.rule).values()):
            self.columns[rule_id] = {name: task.columns for name, task in bound.plan.tasks.items()}

    def _take_rule(self, rule_id: str, name: str, text: str) -> None:
        checked = checked_text(self.workspace, rule_id, text, name, self.tenant)
        if checked.bound is not None:
            self.workspace = self.workspace.with_rule(rule_id, checked.bound.rule)
        self._note_columns(rule_id, checked)

    def _rule_text(self, rule_id: str, name: str, text: str) -> Sequence[Problem]:
        return self._advised(checked_text(self.workspace, rule_id, text, name, self.tenant))

    def _advised(self, checked: CheckedRule) -> Sequence[Problem]:
        """What was found, and the advice on a rule that has no errors."""
        if checked.bound is None:
            return checked.problems
        from gsrules.run.advice.registry import advice_on

        return (*checked.problems, *advice_on(checked.bound, self.workspace.catalogue))

    def _chain(self, path: Path) -> Sequence[Problem]:
        return check_chain(self.workspace, load_chain(path))

    def _chain_text(self, name: str, text: str) -> Sequence[Problem]:
        return check_chain(self.workspace, parse_chain(text, name))

    def _fixtures(self, path: Path) -> Sequence[Problem]:
        return self._given(load_fixtures(path))

    def _fixtures_text(self, name: str, text: str) -> Sequence[Problem]:
        return self._given(parse_fixtures(text, name))

    def _given(self, file: FixtureFile) -> Sequence[Problem]:
        return [found for each in file.fixtures.values() for found in check_given(self.workspace, each)]

    def _tests(self, path: Path) -> Sequence[Problem]:
        return check_file(self._tested, load_tests(path), self.shared)

    def _tests_text(self, name: str, text: str) -> Sequence[Problem]:
        return check_file(self._tested, parse_tests(text, name), self.shared)

    @property
    def _tested(self) -> TestedRules:
        return TestedRules(self.workspace, self.columns)


def _problems_of(check: Callable[[], Sequence[Problem]]) -> Sequence[Problem]:
    try:
        return check()
    except GsrulesError as error:
        return error.problems


def _loaded(path: Path) -> Sequence[Problem]:
    """What is wrong with a file of fixtures alone."""
    load_fixtures(path)
    return ()


def check_chain(workspace: Workspace, chain: ChainSpec) -> tuple[Problem, ...]:
    """What is wrong with the rules that a chain names."""
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
