"""The page of a difference: what changed in the rule, in its datasets and in what its actions do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gsrules.errors import GsrulesError
from gsrules.regress.difference.model import EffectsDifference, RuleDifference, TableDifference
from gsrules.run.graph import action_key, rule_graph, task_key
from gsrules.run.record_names import gsids_in, record_names
from gsrules.spec import RuleSpec
from gsrules.tenant.changes import OUTCOMES
from gsrules.views.pages.cells import texts_of
from gsrules.views.pages.drawing import Badge, Drawings, draw
from gsrules.views.pages.rendering import render
from gsrules.views.pages.words import compact, counted

if TYPE_CHECKING:
    from gsrules.run.workspace import Workspace


@dataclass(frozen=True, slots=True)
class RulePart:
    """A rule on the page: how many datasets differ, and the records of which the effects do."""

    difference: RuleDifference
    drawings: Drawings | None
    datasets: int
    gained: int
    lost: int
    turned: int


def diff_page(
    differences: Sequence[RuleDifference],
    rules: Mapping[str, RuleSpec] | None = None,
    workspace: Workspace | None = None,
) -> str:
    """One self-contained page of differences.

    `rules` are the rules of the after side by id, of which the page has the graphs; without them they are those of
    the `workspace`, if that is given. It also knows the names behind GSIDs.
    """
    if rules is None:
        rules = _rules(differences, workspace) if workspace else {}
    parts = [_part(found, rules.get(found.rule)) for found in differences]
    names = record_names(workspace, gsids_in(_texts(differences))) if workspace else {}
    return render(
        "diff.html.j2",
        names,
        differences=differences,
        rules=parts,
        drawings=[part.drawings for part in parts],
        outcomes=OUTCOMES,
        title=differences[0].name if len(differences) == 1 else counted(len(differences), "rule"),
    )


def _rules(differences: Sequence[RuleDifference], workspace: Workspace) -> dict[str, RuleSpec]:
    """The rules that the project has now and that can be read; a compared run may be of one that is gone."""
    found: dict[str, RuleSpec] = {}
    for each in differences:
        with suppress(GsrulesError):
            found[each.rule] = workspace.rule(each.rule)
    return found


def _part(found: RuleDifference, rule: RuleSpec | None) -> RulePart:
    return RulePart(
        difference=found,
        drawings=draw(rule_graph(rule, found.after.report), dict(_badges(found))) if rule else None,
        datasets=sum(each.state != "same" for each in found.datasets),
        gained=sum(each.gained for each in found.effects),
        lost=sum(each.lost for each in found.effects),
        turned=sum(_turned(each) for each in found.effects),
    )


def _turned(effect: EffectsDifference) -> int:
    """Records with another outcome that were created on neither side, and those with other values."""
    other = sum(turn.rows for turn in effect.turns if "created" not in (turn.before, turn.after))
    return other + (effect.table.changed if effect.table else 0)


def _badges(found: RuleDifference) -> Iterable[tuple[str, Badge]]:
    """What differs at each node of the graph, in a few signs and in words."""
    for dataset in found.datasets:
        if dataset.state == "only_after":
            yield task_key(dataset.task), Badge("new", "good", "only after")
        elif dataset.state == "differs" and dataset.table:
            yield task_key(dataset.task), _badge(dataset.table)
    for effect in found.effects:
        if effect.state == "only_after":
            yield action_key(effect.action), Badge("new", "good", "only after")
        elif effect.state == "differs":
            signs = [f"+{compact(effect.gained)}"] * bool(effect.gained) + [f"−{compact(effect.lost)}"] * bool(
                effect.lost
            )
            signs += [f"~{compact(_turned(effect))}"] * bool(_turned(effect))
            title = f"{effect.gained:,} gained, {effect.lost:,} lost, {_turned(effect):,} turned"
            yield action_key(effect.action), Badge(" ".join(signs) or "differs", "changed", title)


def _badge(table: TableDifference) -> Badge:
    signs = [f"{sign}{compact(n)}" for sign, n in (("+", table.new), ("−", table.gone), ("~", table.changed)) if n]
    title = f"{table.new:,} new, {table.gone:,} gone, {table.changed:,} changed"
    return Badge(" ".join(signs) or "columns", "changed", title)


def _texts(differences: Sequence[RuleDifference]) -> Iterable[str]:
    """Every text that may hold a GSID."""
    for found in differences:
        for effect in found.effects:
            yield from (sample for turn in effect.turns for sample in turn.samples)
        for table in (*(each.table for each in found.datasets), *(each.table for each in found.effects)):
            yield from texts_of(_rows(table)) if table else ()


def _rows(table: TableDifference) -> Iterable[Iterable[Any]]:
    for change in table.changes:
        yield from ((turn.before, turn.after, *turn.samples) for turn in change.transitions)
    for row in table.changed_rows:
        yield (*row.key, *(cell.before for cell in row.cells), *(cell.after for cell in row.cells))
    for side in (*table.new_rows, *table.gone_rows):
        yield (*side.key, *side.values.values())
