"""Looks over the shoulder of a run: notes on which behaviours its datasets and effects depend."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from gsrules.actions.kind import ActionRun, BoundAction
from gsrules.profile import profile_keys
from gsrules.run.behaviours.actions import AGAIN, Acted, action_behaviours
from gsrules.run.behaviours.data import QUICK, DataRun, data_behaviours
from gsrules.run.behaviours.guide import alternatives, guide
from gsrules.run.behaviours.model import Behaviour, Counting
from gsrules.run.behaviours.watched import Seen, Watched
from gsrules.run.behaviours.words import behaviour, merged
from gsrules.run.datasets import Datasets
from gsrules.run.prepare import BoundRule, RuleFiles, find_task
from gsrules.run.report import ActionReport
from gsrules.spec import ActionSpec
from gsrules.tenant.changes import ChangeList
from gsrules.tenant.counters import CounterState

_ZERO_ROWS = "run.zero_rows"


class LookError(Exception):
    """Looking at an action failed, and with it the transaction in which it was done."""


class Watch:
    """Looks at a run that is under way; what it tries leaves no trace in the tenant."""

    def __init__(self, bound: BoundRule, files: RuleFiles, counting: Counting) -> None:
        self._bound = bound
        self._files = files
        self._most = QUICK if counting == "quick" else None
        self._found: list[Behaviour] = []
        self._blind = False

    def look_at_data(self, datasets: Datasets) -> None:
        """Notes what the datasets depended on, before any action changes what they were computed from."""
        sources = self._files.open_all(self._bound.rule)
        specs = [spec for spec, _ in self._bound.actions]
        outputs = {find_task(self._bound.plan, spec.from_, spec.id) for spec in specs}
        run = DataRun(self._bound, self._files, sources, datasets, outputs, Path(self._files.workdir), self._most)
        self._found += data_behaviours(run, self._seen())
        if isinstance(self._files.profile, Watched):
            self._files.profile.bound()

    def look_at_action(
        self, spec: ActionSpec, action: BoundAction, run: ActionRun, made: ChangeList, reserved: CounterState
    ) -> None:
        """Notes what the effects of an action depended on, before they are written.

        Raises LookError where the database cannot do it (out of memory, say); no action is looked at from then on.
        """
        if self._blind:
            return
        columns = self._bound.plan.tasks[find_task(self._bound.plan, spec.from_, spec.id)].columns
        acted = Acted(self._bound, spec, action, columns, run, made, reserved, self._most and AGAIN)
        try:
            self._found += action_behaviours(acted)
        except duckdb.Error as error:
            self._blind = True
            raise LookError from error
        if isinstance(run.profile, Watched):
            run.profile.bound()  # what is read from now on, the next action reads

    def found(self, actions: Sequence[ActionReport]) -> tuple[Behaviour, ...]:
        """All that was noted, one line a spot."""
        if actions and not any(action.counts.matched for action in actions):
            key = guide(_ZERO_ROWS)
            others = alternatives(key.name, self._bound.context.profile)
            self._found += [behaviour(key, self._bound, other, 0, "", action=actions[0].id) for other in others]
        return merged(self._found)

    def _seen(self) -> Seen:
        """The keys that were asked for; all of them where the rule was bound by an earlier run."""
        profile = self._files.profile
        if isinstance(profile, Watched) and self._bound.context.profile is profile:
            return profile.seen
        every = frozenset(profile_keys())
        return Seen(every, every)
