"""What `gsrules diff` asks for, and the differences that answer it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from gsrules.errors import InputError, Problem
from gsrules.regress.difference.model import RuleDifference
from gsrules.regress.difference.rules import compare_rules, compare_runs, pairs_changed, pairs_named
from gsrules.regress.difference.sides import DiffOptions
from gsrules.regress.difference.table import DEFAULT_LIMITS, Limits
from gsrules.regress.difference.versions import Version, earlier, now, with_profile
from gsrules.run.workspace import Workspace
from gsrules.tenant import Tenant


@dataclass(frozen=True, slots=True)
class Request:
    """What is compared: `rules` then (`base`) and now, or two `runs`, or two behaviour profiles."""

    rules: tuple[str, ...] = ()
    base: str | None = None
    runs: tuple[str, str] | None = None
    profile: Mapping[str, object] = field(default_factory=dict)
    key: tuple[str, ...] = ()
    rule_date: dt.date | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    tenant: Path | None = None
    rows: int = DEFAULT_LIMITS.rows
    on_step: Callable[[str], None] = lambda _step: None


def differences(workspace: Workspace, asked: Request) -> tuple[RuleDifference, ...]:
    """The difference of each rule asked for, or of the two runs. Raises InputError, RunError."""
    limits = Limits(rows=max(asked.rows, DEFAULT_LIMITS.rows))
    if asked.runs is not None:
        return (compare_runs(workspace, *asked.runs, key=asked.key, limits=limits),)
    with _versions(workspace, asked) as (before, after), _store(workspace, asked.tenant) as store:
        pairs = pairs_named(asked.rules, before, after) if asked.rules else pairs_changed(before, after)
        options = DiffOptions(asked.rule_date, asked.params, store, asked.key, limits, asked.on_step)
        return compare_rules(before, after, pairs, options)


@contextmanager
def _versions(workspace: Workspace, asked: Request) -> Iterator[tuple[Version, Version]]:
    if asked.profile:
        words = ", ".join(f"{key}={value}" for key, value in asked.profile.items())
        yield now(workspace), with_profile(workspace, asked.profile, words)
        return
    only = _only_rule(workspace, asked)
    with earlier(workspace, asked.base or "HEAD", only) as before:
        yield before, now(workspace)


def _only_rule(workspace: Workspace, asked: Request) -> str | None:
    """The one rule that a base of one file is compared with."""
    if len(asked.rules) != 1:
        return None
    try:
        found = workspace.resolve(asked.rules[0])
    except InputError:
        return None
    return None if workspace.is_chain(found) else found


@contextmanager
def _store(workspace: Workspace, given: Path | None) -> Iterator[Path]:
    """The store that both sides read: the one given, the project's, or, where there is none yet, one of the seeds."""
    if given is not None and not given.exists():
        hint = "without --tenant the project's store is used, or, before the first run, its seed records"
        raise InputError(Problem("GS-USAGE", "there is no store there", value=str(given), hint=hint))
    path = given or workspace.project.store
    if path.exists():
        yield path
        return
    with TemporaryDirectory(prefix="gsrules-diff-") as folder:
        made = Path(folder) / "tenant.duckdb"
        Tenant.open(made, workspace.catalogue, workspace.project, "live").close()
        yield made
