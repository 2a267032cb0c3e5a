"""Repairs every file of a project of which what is meant is certain."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gsrules.errors import GsrulesError
from gsrules.run.file_checks import ProjectCheck
from gsrules.run.repair.definitions import Definitions
from gsrules.run.repair.files import Repaired, replace_text, text_of
from gsrules.run.workspace import Workspace
from gsrules.spec.yaml12 import shown


def repair_project(start: Path, explicit: Path | None, names: Sequence[str], *, write: bool) -> list[Repaired]:
    """Repairs settings and definitions, then rules, chains and tests; what was done, or would be without `write`.

    While settings or definitions are wrong, nothing else can be judged, and is left alone.
    """
    done = Definitions(start, explicit).repaired()
    if write:
        _write(done)
    try:
        workspace = Workspace.open(start, explicit)
    except GsrulesError:
        return done
    more = _repaired_files(workspace, names)
    if write:
        _write(more)
    return [*done, *more]


def _repaired_files(workspace: Workspace, names: Sequence[str]) -> list[Repaired]:
    made: list[Repaired] = []
    with ProjectCheck.opened(workspace, names) as checks:
        for file in checks.files():
            if not file.problems():
                continue
            before = text_of(file.path)
            if before is None:
                continue
            after, fixes = checks.repairer(file).repaired(before)
            if after != before:
                made.append(Repaired(file.path, shown(file.path), before, after, fixes))
                file.take(after)
    return made


def _write(files: Sequence[Repaired]) -> None:
    for file in files:
        replace_text(file.path, file.after)
