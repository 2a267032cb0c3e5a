"""Rules that were bound once and are run again, as rule tests do: what does not depend on the rows is not made anew."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any

from gsrules.compile import CompiledPlan
from gsrules.dataclass import dataclass
from gsrules.run.prepare import BoundRule, RuleFiles, bind_rule
from gsrules.run.workspace import Workspace
from gsrules.spec import RuleSpec

if TYPE_CHECKING:
    from gsrules.sources import OpenSource
    from gsrules.spec.tasks import S3Task

_numbers = itertools.count(1)


PLAIN = "gs"
"""What begins the names of tables that are not kept."""
_WAYS_AT_MOST = 8
"""In how many ways the statements of a rule are kept: files are read in one way or another, as their contents ask."""


@dataclass(frozen=True, slots=True)
class _Compiled:
    sources: Mapping[str, OpenSource]
    plan: CompiledPlan


@dataclass(slots=True)
class ReadyRule:
    """A bound rule, and the texts of the statements that were spelled for it.

    `prefix` begins the names of its temporary tables. `texts` are those of its actions, by what they depend on
    besides the rule. `asked` holds the columns of files on which the binding relied.
    """

    bound: BoundRule
    workspace: Workspace
    prefix: str
    asked: Mapping[str, tuple[S3Task, Sequence[Any]]]
    texts: dict[Hashable, dict[Hashable, Any]] = field(default_factory=dict)
    _compiled: dict[Hashable, list[_Compiled]] = field(default_factory=dict)

    def fits(self, workspace: Workspace, rule: RuleSpec, files: RuleFiles) -> bool:
        """Whether binding the rule now would give the same: same rule, catalogue, settings and columns of files."""
        return (
            self.bound.rule is rule
            and self.workspace.catalogue is workspace.catalogue
            and self.workspace.project.profile is workspace.project.profile
            and all(files.columns(name, task) == known for name, (task, known) in self.asked.items())
        )

    def compiled(
        self, outputs: Mapping[str, bool], sources: Mapping[str, OpenSource], compile_it: Callable[[str], CompiledPlan]
    ) -> CompiledPlan:
        """The statements for these outputs and sources; `compile_it` is told what begins the names of their tables."""
        known = self._compiled.setdefault(tuple(outputs.items()), [])
        found = next((each.plan for each in known if each.sources == sources), None)
        if found is None:
            if len(known) == _WAYS_AT_MOST:
                known.pop()
            found = compile_it(f"{self.prefix}_{len(known)}" if self.prefix != PLAIN else PLAIN)
            known.append(_Compiled(sources, found))
        return found


def ready_rule(
    workspace: Workspace, rule: RuleSpec, files: RuleFiles, params: Mapping[str, Any], *, exact: bool, turn: int
) -> ReadyRule:
    """The bound rule; the one of an earlier run on the same kept tables if it fits.

    `turn`: how many runs of the tenant went before; their tables are not written over. Raises as `bind_rule`.
    """
    statements = files.tenant.statements
    known: dict[Hashable, ReadyRule] = statements.remembered("rules", dict)
    given = tuple((name, type(value).__name__, str(value)) for name, value in sorted(params.items()))
    key = (rule.id, files.rule_date, given, exact, turn)
    found = known.get(key)
    if found is None or not found.fits(workspace, rule, files):
        bound = bind_rule(workspace, rule, files.profile, files.rule_date, params, files, exact=exact)
        prefix = f"gs_k{next(_numbers)}" if statements.kept else PLAIN
        found = ReadyRule(bound, workspace, prefix, dict(files.asked))
        if statements.kept:
            known[key] = found
    return found
