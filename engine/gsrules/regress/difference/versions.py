"""The two forms of the rules that a difference compares: as they were, and as they are; the data is the present one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from gsrules.catalogue import Catalogue
from gsrules.catalogue.project_files import DEFINITIONS
from gsrules.errors import GsrulesError, InputError, Place, Problem, nearest
from gsrules.project import SETTINGS_FILE, Project
from gsrules.regress.difference.git import Revision, find_revision
from gsrules.run.workspace import Workspace, kinds
from gsrules.spec import RuleSpec
from gsrules.spec.load import load_rule

_SETTINGS = (SETTINGS_FILE, "pyproject.toml")
_DATA = ("records", "salesforce", "s3")


@dataclass(frozen=True, slots=True)
class Version:
    """The rules at one time. `folder` is where their files lie for now, `shown` what stands for it in messages."""

    label: str
    workspace: Workspace
    folder: Path | None = None
    shown: str = ""

    def has(self, rule_id: str) -> bool:
        return rule_id in self.workspace.rule_ids()

    def text(self, rule_id: str) -> bytes:
        """The rule's file as it is."""
        return self.workspace.project.rule_path(rule_id).read_bytes()

    def rule(self, rule_id: str) -> RuleSpec:
        """The rule. Raises InputError with its problems, at places as they are shown."""
        try:
            return self.workspace.rule(rule_id)
        except GsrulesError as error:
            raise InputError(self.problem(each) for each in error.problems) from error

    def place(self, place: Place | None) -> Place | None:
        """A place of this version's files, as it is shown: without the temporary folder."""
        if place is None or self.folder is None:
            return place
        try:
            file = (Path.cwd() / place.file).resolve().relative_to(self.folder.resolve()).as_posix()
        except (OSError, ValueError):
            return place
        return replace(place, file=f"{self.shown}{file}")

    def problem(self, problem: Problem) -> Problem:
        """A problem of this version's files, at the place as it is shown."""
        return replace(problem, place=self.place(problem.place))


def now(workspace: Workspace) -> Version:
    """The rules as they are in the project's folder."""
    return Version("now", workspace)


@contextmanager
def earlier(workspace: Workspace, base: str, rule_id: str | None = None) -> Iterator[Version]:
    """The rules as they were: at a git revision, in another project's folder, or, for one rule, in another file.

    Objects, options and settings are those of the base; records, files and the store those of `workspace`. Raises
    InputError: GS-DIFF-GIT, GS-DIFF-BASE, or what is wrong with the base's own files.
    """
    path = Path(base)
    if path.suffix in (".yml", ".yaml") and not path.is_dir():
        if not path.exists():
            raise InputError(_no_file(workspace, path))
        yield _other_file(workspace, path, rule_id)
        return
    if base.startswith((".", "/", "~")) and path.expanduser().is_dir():
        yield _other_folder(workspace, path.expanduser())
        return
    try:
        revision = find_revision(workspace.project.root, base)
    except InputError:
        if not path.is_dir():
            raise
        yield _other_folder(workspace, path)
        return
    with TemporaryDirectory(prefix="gsrules-diff-") as folder:
        yield _at_revision(workspace, revision, base, Path(folder).resolve())


def _no_file(workspace: Workspace, path: Path) -> Problem:
    """There is no such rule file; the ids of the project's rules may look like the one that is meant."""
    beside = [other.as_posix() for other in path.parent.glob("*.y*ml")] if path.parent.is_dir() else []
    known = [*beside, *(f"{rule}.yml" for rule in workspace.rule_ids())]
    hint = "a base is a git revision, a project folder, or a rule file that exists"
    near = nearest(path.as_posix(), known)
    return Problem("GS-DIFF-BASE", f"there is no file {path}", value=str(path), hint=hint, nearest=near)


def _other_file(workspace: Workspace, path: Path, rule_id: str | None) -> Version:
    if rule_id is None:
        hint = "gsrules diff --base OTHER.yml RULE"
        raise InputError(
            Problem("GS-USAGE", "a base that is one file needs exactly one rule", value=str(path), hint=hint)
        )
    other = workspace.with_rules({rule_id: load_rule(path, rule_id, workspace.kinds)})
    return Version(path.as_posix(), other)


def _other_folder(workspace: Workspace, folder: Path) -> Version:
    project = Project.find(folder, folder)
    return Version(folder.as_posix(), _with_data_of(workspace, project, Catalogue.load(project)))


def _at_revision(workspace: Workspace, revision: Revision, name: str, folder: Path) -> Version:
    """Extracts rules, objects, options and settings, and opens them over the present data."""
    root = folder / revision.prefix
    (root / "rules").mkdir(parents=True)
    prefix = PurePosixPath(revision.prefix)
    revision.extract(revision.files(prefix / each for each in _SETTINGS), folder)
    shown = f"{name}:"
    version = Version(f"{name} ({revision.short})" if name != revision.short else name, workspace, root, shown)
    try:
        project = Project.find(root, root)
        rules, datasets = (_inside(each, folder) for each in (project.rules_dir, project.datasets_dir))
        wanted = (rules, datasets / "objects", *(datasets / name for name in DEFINITIONS))
        revision.extract(revision.files(wanted), folder)
        _link(workspace.project.datasets_dir / "salesforce", project.datasets_dir / "salesforce")
        catalogue = Catalogue.load(project)
    except GsrulesError as error:
        raise type(error)(version.problem(problem) for problem in error.problems) from error
    return replace(version, workspace=_with_data_of(workspace, project, catalogue))


def _inside(path: Path, folder: Path) -> PurePosixPath:
    """A folder of the extracted project as a path from the repository's top."""
    relative = os.path.relpath(os.path.normpath(path), folder)
    return PurePosixPath(Path(relative).as_posix())


def _link(source: Path, target: Path) -> None:
    if not source.is_dir() or target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        target.symlink_to(source, target_is_directory=True)
    except OSError:  # a system without links
        shutil.copytree(source, target)


def _with_data_of(workspace: Workspace, project: Project, catalogue: Catalogue) -> Workspace:
    """The rules and the catalogue of another project over the data of `workspace`."""
    present = workspace.project
    same_data = replace(
        project, root=present.root, datasets_dir=present.datasets_dir, store=present.store, buckets=present.buckets
    )
    return Workspace(same_data, catalogue, kinds())


def with_profile(workspace: Workspace, settings: Mapping[str, Any], label: str) -> Version:
    """The same rules under another behaviour profile; also where a rule sets a key itself. Raises InputError."""
    return Version(label, workspace.under(settings))
