"""The rule bound once for each value, and what its actions would do on given datasets."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Mapping
from pathlib import Path

from gsrules.actions.kind import ActionRun
from gsrules.dataclass import dataclass
from gsrules.profile import Profile
from gsrules.regress.sweep.values import Swept
from gsrules.run.datasets import Datasets, compute
from gsrules.run.options import run_instant
from gsrules.run.prepare import BoundRule, RuleFiles, bind_rule, find_task
from gsrules.run.workspace import Workspace
from gsrules.spec import RuleSpec
from gsrules.tenant import Tenant
from gsrules.tenant.changes import Counts

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Bench:
    """What stays the same during a sweep; `bounds` are the rule with each value, in their order."""

    workspace: Workspace
    rule: RuleSpec
    profile: Profile
    rule_date: dt.date
    tenant: Tenant
    files: RuleFiles
    swept: Swept
    bounds: tuple[BoundRule, ...]
    exact: bool

    @classmethod
    def of(
        cls,
        workspace: Workspace,
        rule: RuleSpec,
        profile: Profile,
        rule_date: dt.date,
        swept: Swept,
        tenant: Tenant,
        workdir: Path,
        *,
        exact: bool,
    ) -> Bench:
        """Binds the rule with every value. Raises InputError when the rule or a value is wrong."""
        files = RuleFiles(workspace, tenant, profile, rule_date, workdir, exact)
        given = ({**swept.others, swept.name: value} for value in swept.values)
        bounds = tuple(bind_rule(workspace, rule, profile, rule_date, each, files, exact=exact) for each in given)
        return cls(workspace, rule, profile, rule_date, tenant, files, swept, bounds, exact)

    @property
    def used(self) -> tuple[str, ...]:
        """The datasets that actions work on, each once."""
        first = self.bounds[0]
        return tuple(dict.fromkeys(find_task(first.plan, spec.from_, spec.id) for spec, _ in first.actions))

    def dataset_of(self, position: int) -> str:
        spec, _ = self.bounds[0].actions[position]
        return find_task(self.bounds[0].plan, spec.from_, spec.id)

    def datasets(self, bound: BoundRule, *, trace: bool) -> Datasets:
        """Computes the datasets that actions use."""
        sources = self.files.open_all(self.rule)
        outputs = dict.fromkeys(self.used, True)
        return compute(bound, outputs, sources, self.tenant, exact=self.exact, trace=trace)

    def counts(self, at: int, tables: Mapping[str, str]) -> tuple[Counts, ...]:
        """What each action would do with value number `at` on these datasets; taken back at once."""
        actions = self.bounds[at].actions
        found: list[Counts] = []
        self.tenant.begin()
        try:
            for position, (_, action) in enumerate(actions, start=1):
                made = action.plan(self._run(position, tables[self.dataset_of(position - 1)]))
                found.append(made.counts)
                if position < len(actions):
                    for write in made.writes:
                        self.tenant.apply(write)
        finally:
            self.tenant.rollback()
        return tuple(found)

    def _run(self, position: int, dataset: str) -> ActionRun:
        return ActionRun(
            tenant=self.tenant,
            dataset=dataset,
            rule_date=self.rule_date,
            instant=run_instant(self.rule_date, self.profile),
            run_id="sweep",
            rule_id=self.rule.id,
            position=position,
            profile=self.profile,
        )


def temporary() -> str:
    """A name for a table of a sweep."""
    return f"gs_sweep_{next(_numbers)}"
