"""Checks a project without touching data: rules, chains, objects and tests, every problem of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gsrules.dataclass import dataclass
from gsrules.errors import InputError, Problem
from gsrules.run.file_checks import FileCheck, ProjectCheck
from gsrules.run.options import RunOptions
from gsrules.run.prepare import bind_alone
from gsrules.run.workspace import Workspace
from gsrules.tenant import Tenant


@dataclass(frozen=True, slots=True)
class Findings:
    """What was checked (how many of each kind) and everything that was found."""

    checked: dict[str, int]
    problems: tuple[Problem, ...]

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity == "error")


def validate_all(start: Path, explicit: Path | None, names: Sequence[str]) -> Findings:
    """As `validate_project`; what is wrong with settings and definitions is found as well, instead of raised.

    Raises InputError GS-PROJECT-NONE where there is no project, GS-NAME for an unknown rule.
    """
    try:
        workspace = Workspace.open(start, explicit)
    except InputError as error:
        if all(problem.place is None for problem in error.problems):
            raise
        from gsrules.run.repair.definitions import Definitions

        return Findings({}, Definitions(start, explicit).problems() or error.problems)
    return validate_project(workspace, names)


def validate_project(workspace: Workspace, names: Sequence[str]) -> Findings:
    """Checks the named rules and chains, or everything in the project when no name is given.

    The object files were read when the workspace was opened: what is wrong with them was raised there, what is doubtful
    is told with everything else. Problems of which the repair is certain carry it.
    """
    problems = [] if names else list(workspace.catalogue.warnings)
    with ProjectCheck.opened(workspace, names) as checks:
        for file in checks.files():
            found = file.problems()
            problems.extend(_with_fixes(checks, file, found) if found else ())
        problems.extend(checks.problems)
    if not (checks.rules or checks.chains or names):
        hint = "write one to rules/, or begin with gsrules init"
        where = str(workspace.project.rules_dir)
        problems.append(Problem("GS-PROJECT-EMPTY", "the project has no rules", None, where, "", hint, "", "warning"))
    return Findings(checks.counted, tuple(problems))


def _with_fixes(checks: ProjectCheck, file: FileCheck, problems: Sequence[Problem]) -> Sequence[Problem]:
    from gsrules.run.repair.files import text_of

    text = text_of(file.path)
    return problems if text is None else checks.repairer(file).with_fixes(text, problems)


def check_rule(
    workspace: Workspace, rule_id: str, tenant: Tenant, options: RunOptions | None = None
) -> tuple[Problem, ...]:
    """Loads and binds one rule; gives its warnings and notes, raises what is wrong with it."""
    return bind_alone(workspace, workspace.rule(rule_id), tenant, options or RunOptions()).findings
