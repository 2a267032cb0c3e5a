"""Files of a project as they were at a git revision."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from gsrules.errors import InputError, Problem, nearest

_LINK, _MODULE = "120000", "160000"


@dataclass(frozen=True, slots=True)
class Revision:
    """A commit of the repository that holds `root`. `prefix` is the project's folder in it (`` or `sub/`)."""

    root: Path
    commit: str
    prefix: str

    @property
    def short(self) -> str:
        return self.commit[:7]

    def files(self, folders: Iterable[PurePosixPath]) -> list[str]:
        """The paths, from the repository's top, of the plain files in `folders` (or that are named there)."""
        wanted = [str(folder) for folder in folders]
        listed = _git(self.root, "ls-tree", "-r", "-z", "--full-tree", self.commit, "--", *wanted)
        paths = []
        for entry in listed.decode("utf-8", "surrogateescape").split("\0"):
            about, _, path = entry.partition("\t")
            if path and about.split(" ")[0] not in (_LINK, _MODULE):
                paths.append(path)
        return paths

    def extract(self, paths: Sequence[str], target: Path) -> None:
        """Writes files below `target`, at their paths from the repository's top."""
        if not paths:
            return
        asked = "".join(f"{self.commit}:{path}\n" for path in paths if "\n" not in path)
        given = asked.encode("utf-8", "surrogateescape")
        found = _git(self.root, "cat-file", "--batch", stdin=given)
        at = 0
        for path in (path for path in paths if "\n" not in path):
            end = found.index(b"\n", at)
            size = int(found[at:end].rsplit(b" ", 1)[1])
            file = target / path
            if file.resolve().is_relative_to(target.resolve()):  # a backslash is a letter to git, not to Windows
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(found[end + 1 : end + 1 + size])
            at = end + size + 2


def find_revision(root: Path, name: str) -> Revision:
    """The commit that `name` means in the repository of a project.

    Raises InputError GS-DIFF-GIT where there is no git or no repository, GS-DIFF-BASE for an unknown revision.
    """
    try:
        prefix = _git(root, "rev-parse", "--show-prefix").decode().strip()
    except subprocess.CalledProcessError as error:
        raise InputError(
            Problem(
                "GS-DIFF-GIT",
                f"the project is not in a git repository: {_said(error)}",
                value=str(root),
                hint="compare with a folder or a file instead: gsrules diff --base OTHER_PROJECT RULE",
            )
        ) from error
    try:
        commit = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    except subprocess.CalledProcessError as error:
        raise InputError(_unknown(root, name)) from error
    return Revision(root, commit.decode().strip(), prefix)


def _unknown(root: Path, name: str) -> Problem:
    try:
        known = _git(root, "for-each-ref", "--format=%(refname:short)").decode("utf-8", "replace").split()
        empty = not _git(root, "rev-list", "--all", "--max-count=1").strip()
    except subprocess.CalledProcessError:
        known, empty = [], False
    message = "the repository has no commit yet" if empty else f"git knows no revision '{name}'"
    hint = (
        "commit the rules first" if empty else "a branch, a tag, a commit, HEAD~3; or a project folder, or a rule file"
    )
    return Problem("GS-DIFF-BASE", message, value=name, nearest=nearest(name, known), hint=hint)


def _git(root: Path, *arguments: str, stdin: bytes | None = None) -> bytes:
    """What git prints. Raises CalledProcessError where it fails, and InputError where there is no git."""
    # Git's own variables name the repository of a hook that runs us, and would win over `-C`.
    clean = {key: value for key, value in os.environ.items() if key not in ("GIT_DIR", "GIT_WORK_TREE", "GIT_PREFIX")}
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments],
            input=stdin,
            stdin=None if stdin is not None else subprocess.DEVNULL,
            capture_output=True,
            check=True,
            env={**clean, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"},
        )
    except FileNotFoundError as error:
        hint = "install git, or compare with a folder or a file: gsrules diff --base OTHER_PROJECT RULE"
        raise InputError(Problem("GS-DIFF-GIT", "git is not installed", hint=hint)) from error
    return done.stdout


def _said(error: subprocess.CalledProcessError) -> str:
    lines = (error.stderr or b"").decode("utf-8", "replace").strip().splitlines()
    return lines[0].removeprefix("fatal: ") if lines else f"git ended with {error.returncode}"
