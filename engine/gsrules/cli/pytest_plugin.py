"""A pytest plugin: collects the rule tests of a gsrules project as pytest items.

It looks only at .yml files below the tests folder of a project that has a gsrules.toml, or [tool.gsrules] in its
pyproject.toml; until it meets one it loads nothing of gsrules. `-p no:gsrules` turns it off.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from gsrules.project import Project
    from gsrules.regress.collecting import Case
    from gsrules.regress.outcome import TestOutcome
    from gsrules.run.session import Session
    from gsrules.run.test_data import SharedFixtures


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A file of rule tests, if it is one."""
    if file_path.suffix != ".yml":
        return None
    root = _root_of(file_path.parent)
    if root is None:
        return None
    from gsrules.errors import GsrulesError
    from gsrules.run.test_data import is_test_file

    full = file_path.resolve()
    try:
        folder = _projects(parent.config).project(root).tests_dir.resolve()
    except GsrulesError:
        folder = full.parent  # the settings are wrong: the file says so when it is collected
    if not full.is_relative_to(folder) or not is_test_file(full.relative_to(folder)):
        return None
    collected: pytest.Collector = RuleTestFile.from_parent(parent, path=file_path, root=root)
    return collected


def pytest_unconfigure(config: pytest.Config) -> None:
    """Closes what was opened."""
    if _KEY in config.stash:
        config.stash[_KEY].close()


class RuleTestFile(pytest.File):
    """A file of rule tests."""

    def __init__(self, *, root: Path, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.root = root

    def collect(self) -> Iterable[pytest.Item]:
        """The tests of the file, in its order; what is wrong with the file is a collection error."""
        from gsrules.errors import GsrulesError
        from gsrules.regress.collecting import collect_file
        from gsrules.views.problems import as_text

        projects = _projects(self.config)
        try:
            cases = collect_file(projects.project(self.root), self.path, projects.shared(self.root))
        except GsrulesError as error:
            raise self.CollectError(as_text(error.problems)) from None
        return [RuleTest.from_parent(self, name=str(case.test.name), case=case, root=self.root) for case in cases]


class RuleTest(pytest.Item):
    """One rule test."""

    def __init__(self, *, case: Case, root: Path, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.case = case
        self.root = root
        self.extra_keyword_matches.update(case.rules)

    def runtest(self) -> None:
        """Runs the test in this process; the engine is kept for the next one."""
        from gsrules.regress.running import run_case
        from gsrules.views.problems import as_text

        session = _projects(self.config).session(self.root)
        outcome = run_case(session, session.workspace, self.case)
        if outcome.warnings:
            self.add_report_section("call", "gsrules", as_text(outcome.warnings))
        if not outcome.passed:
            raise RuleTestFailedError(outcome)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The failure as `gsrules test` shows it."""
        if isinstance(excinfo.value, RuleTestFailedError):
            from gsrules.views.test_results import difference_text

            return difference_text(excinfo.value.outcome)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the test stands."""
        return self.path, self.case.place.line - 1, f"{self.case.file.rule}: {self.name}"


class RuleTestFailedError(AssertionError):
    """A rule test that did not pass."""

    def __init__(self, outcome: TestOutcome) -> None:
        super().__init__(f"{outcome.rule}: {outcome.name}")
        self.outcome = outcome


class _Projects:
    """The projects of a pytest run, each opened once."""

    def __init__(self) -> None:
        self._known: dict[Path, Project] = {}
        self._shared: dict[Path, SharedFixtures] = {}
        self._sessions: dict[Path, Session] = {}

    def project(self, root: Path) -> Project:
        from gsrules.project import Project

        if root not in self._known:
            self._known[root] = Project.find(root, root)
        return self._known[root]

    def shared(self, root: Path) -> SharedFixtures:
        from gsrules.run.test_data import SharedFixtures

        if root not in self._shared:
            self._shared[root] = SharedFixtures.load(self.project(root))
        return self._shared[root]

    def session(self, root: Path) -> Session:
        from gsrules.run.session import Session
        from gsrules.run.workspace import Workspace

        if root not in self._sessions:
            self._sessions[root] = Session(Workspace.open(root, root))
        return self._sessions[root]

    def close(self) -> None:
        for session in self._sessions.values():
            session.close()
        self._sessions.clear()


_KEY = pytest.StashKey[_Projects]()


def _projects(config: pytest.Config) -> _Projects:
    return config.stash.setdefault(_KEY, _Projects())


@cache
def _root_of(folder: Path) -> Path | None:
    """The project's folder that holds `folder`, None outside of any."""
    if (folder / "gsrules.toml").is_file():
        return folder
    shared = folder / "pyproject.toml"
    if shared.is_file() and "tool.gsrules" in shared.read_text(encoding="utf-8", errors="replace"):
        return folder
    return _root_of(folder.parent) if folder.parent != folder else None
