"""Replays: a draft run as a test runs, on a tenant and buckets that hold only what it gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from gsrules.dataclass import dataclass
from gsrules.errors import GsrulesError
from gsrules.project import BucketSettings
from gsrules.regress.branches import Branch, branches_of
from gsrules.regress.record.draft import Draft
from gsrules.regress.record.gather import taken_by
from gsrules.run.engine import RunOptions, RunResult, run_rule
from gsrules.run.session import Session
from gsrules.run.workspace import Workspace
from gsrules.tenant import Tenant

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Replays:
    """Runs drafts of one rule, one after the other."""

    workspace: Workspace
    session: Session
    rule: str
    options: RunOptions
    codes: tuple[Branch, ...] = ()
    """Branches that are no part of the rule itself, such as codes of row errors."""

    def look(self, draft: Draft, look: Callable[[RunResult, Tenant], Found]) -> Found:
        """What `look` finds in the finished run of a draft. Raises what the run raises."""
        with self.session.tenant() as tenant, self.session.folder() as folder:
            tenant.seed_records(draft.given_records())
            own = self._with_files(draft, folder)
            options = replace(self.options, mode="live", trace=True, keep_all_tasks=True, artifacts=False)
            return look(run_rule(own, self.rule, options, tenant), tenant)

    def taken(self, draft: Draft) -> frozenset[str]:
        """The ids of the branches that the draft takes; none if it cannot be run."""
        try:
            return self.look(draft, self._taken)
        except GsrulesError:
            return frozenset()

    def _taken(self, result: RunResult, _tenant: Tenant) -> frozenset[str]:
        if result.trace is None:
            return frozenset()
        branches: Sequence[Branch] = branches_of(result.trace.bound, result.trace.unfolded)
        return taken_by(result.trace, result, (*branches, *self.codes))

    def _with_files(self, draft: Draft, folder: Path) -> Workspace:
        """The workspace with buckets that hold only the draft's files."""
        project = self.workspace.project
        files = draft.given_files()
        names = {*project.buckets, *(key.partition("/")[0] for key in files)}
        for name in names:
            (folder / name).mkdir(parents=True, exist_ok=True)
        for key, content in files.items():
            path = folder / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8", newline="")
        buckets = {name: BucketSettings(name, path=folder / name) for name in sorted(names)}
        return replace(self.workspace, project=replace(project, buckets=buckets))
