"""Replays: a draft run as a test runs, on a tenant and buckets that hold only what it gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import TypeVar

from gsrules.dataclass import dataclass
from gsrules.errors import GsrulesError
from gsrules.regress.branches import Branch, branches_of, taken_by
from gsrules.regress.record.draft import Draft
from gsrules.regress.sandbox import sandbox
from gsrules.run.engine import RunOptions, RunResult, run_rule
from gsrules.run.session import Session
from gsrules.run.test_data import GivenData
from gsrules.run.workspace import Workspace
from gsrules.spec.text import Text
from gsrules.tenant import Tenant

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Replays:
    """Runs drafts of one rule, one after the other."""

    workspace: Workspace
    session: Session
    rule: str
    rule_date: date
    options: RunOptions
    codes: tuple[Branch, ...] = ()
    """Branches that are no part of the rule itself, such as codes of row errors."""

    def look(self, draft: Draft, look: Callable[[RunResult, Tenant], Found]) -> Found:
        """What `look` finds in the finished run of a draft. Raises what the run raises."""
        with sandbox(self.session, self.workspace) as box:
            records = {Text(name): tuple(rows) for name, rows in draft.given_records().items()}
            files = {Text(key): Text(content) for key, content in draft.given_files().items()}
            workspace, _ = box.give(GivenData(records, files), self.rule, self.rule_date)
            options = replace(self.options, mode="live")
            return look(run_rule(workspace, self.rule, options, box.tenant), box.tenant)

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
        return taken_by(result, (*branches, *self.codes))
