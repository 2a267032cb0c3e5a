"""Settings, object files and picklists: what stops a project from being opened, and repairs of it.

These files are read together, so a repair is tried on a copy of them in a temporary folder.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from gsrules.catalogue import Catalogue
from gsrules.dataclass import dataclass
from gsrules.errors import GsrulesError, Problem
from gsrules.project import Project
from gsrules.run.repair.certain import Repairer
from gsrules.run.repair.files import Repaired, text_of
from gsrules.spec.yaml12 import shown


@dataclass(frozen=True, slots=True)
class Definitions:
    """The project around `start`, or the one in the folder `explicit`."""

    start: Path
    explicit: Path | None = None

    def problems(self) -> tuple[Problem, ...]:
        """Why the project cannot be opened; problems with a certain repair carry it."""
        found = self._plain()
        for path, repairer in self._repairers(found):
            text = text_of(path)
            found = repairer.with_fixes(text, found) if text is not None else found
        return tuple(found)

    def repaired(self) -> list[Repaired]:
        """The files that can be repaired, with their new texts; nothing is written."""
        made = []
        for path, repairer in self._repairers(self._plain()):
            before = text_of(path)
            if before is None:
                continue
            after, fixes = repairer.repaired(before)
            if after != before:
                made.append(Repaired(path, shown(path), before, after, fixes))
        return made

    def _plain(self) -> Sequence[Problem]:
        try:
            Catalogue.load(Project.find(self.start, self.explicit))
        except GsrulesError as error:
            return error.problems
        return ()

    def _repairers(self, problems: Sequence[Problem]) -> Iterator[tuple[Path, Repairer]]:
        """One for each file that is named; names of the language are all that such files may misspell."""
        try:
            project = Project.find(self.start, self.explicit)
        except GsrulesError:
            project = None
        for name in dict.fromkeys(problem.place.file for problem in problems if problem.place is not None):
            path = Path(name)
            if not path.is_file():
                continue
            check = partial(_settings_with, path, name) if project is None else partial(_objects_with, project, path)
            known = frozenset(problem.nearest.lower() for problem in problems if problem.nearest)
            yield path, Repairer(check, known, declares=False)


def _settings_with(path: Path, name: str, text: str) -> Sequence[Problem]:
    """What is wrong with settings of this text."""
    with tempfile.TemporaryDirectory(prefix="gsrules-") as folder:
        other = Path(folder) / path.name
        other.write_bytes(text.encode("utf-8"))
        try:
            Project.find(other.parent, other)
        except GsrulesError as error:
            return [_moved(problem, other, name) for problem in error.problems]
    return ()


def _objects_with(project: Project, path: Path, text: str) -> Sequence[Problem]:
    """What is wrong with the object files and picklists, if one of them had this text."""
    with tempfile.TemporaryDirectory(prefix="gsrules-") as folder:
        datasets = Path(folder)
        for part in ("objects", *(file.name for file in project.datasets_dir.glob("*.yml"))):
            source = project.datasets_dir / part
            if source.is_dir():
                shutil.copytree(source, datasets / part)
            elif source.is_file():
                shutil.copy(source, datasets / part)
        other = datasets / path.resolve().relative_to(project.datasets_dir.resolve())
        other.write_bytes(text.encode("utf-8"))
        try:
            Catalogue.load(replace(project, datasets_dir=datasets))
        except GsrulesError as error:
            return [
                _moved(problem, datasets / one, shown(project.datasets_dir / one))
                for problem in error.problems
                for one in [_below(problem, datasets)]
            ]
    return ()


def _below(problem: Problem, folder: Path) -> str:
    """The file of a problem, below the folder."""
    name = problem.place.file if problem.place is not None else ""
    try:
        return Path(name).resolve().relative_to(folder.resolve()).as_posix()
    except ValueError:
        return name


def _moved(problem: Problem, file: Path, name: str) -> Problem:
    """The problem as if its file were the one of the project."""
    place = problem.place
    if place is None or Path(place.file).resolve() != file.resolve():
        return problem
    return replace(problem, place=replace(place, file=name))
