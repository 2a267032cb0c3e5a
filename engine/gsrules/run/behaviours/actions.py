"""The behaviours on which the effects of an action depended.

Where an effect carries a code that only one behaviour gives, the report has counted the rows already. Everything else
is decided once more under the other value, on the same state of the tenant, and the effects are compared row by row.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import duckdb
from sqlglot import exp

from gsrules.actions.kind import ActionRun, BindEnv, BoundAction
from gsrules.actions.registry import bind_action
from gsrules.actions.staging import discard, scratch_prefix
from gsrules.dataclass import dataclass
from gsrules.errors import GsrulesError
from gsrules.expressions.scope import Context
from gsrules.expressions.tree import Expr
from gsrules.plan.nodes import Column
from gsrules.profile import Profile
from gsrules.run.behaviours.guide import Guide, alternatives, guides
from gsrules.run.behaviours.leaves import differing, shown
from gsrules.run.behaviours.model import Behaviour
from gsrules.run.behaviours.sides import Side
from gsrules.run.behaviours.watched import Seen
from gsrules.run.behaviours.words import behaviour
from gsrules.spec import ActionSpec
from gsrules.tenant.changes import ChangeList, Write
from gsrules.tenant.names import column, identifier, select_from, spell, temp_table

if TYPE_CHECKING:
    from gsrules.run.prepare import BoundRule
    from gsrules.tenant.counters import CounterState

_COMPARED = ("outcome", "codes", "warnings", "key", "object", "before", "after")


@dataclass(frozen=True, slots=True)
class Acted:
    """An action that has decided; nothing of it is written yet.

    `reserved` are the counters before it decided. `most`: the rows that are decided once more, None for any number.
    """

    bound: BoundRule
    spec: ActionSpec
    action: BoundAction
    columns: tuple[Column, ...]
    run: ActionRun
    made: ChangeList
    reserved: CounterState
    most: int | None


def action_behaviours(acted: Acted, seen: Seen) -> list[Behaviour]:
    """What the effects depended on, of the keys `seen`."""
    found: list[Behaviour] = []
    for key in guides():
        if key.name not in seen or not key.action:
            continue
        others = alternatives(key.name, acted.bound.context.profile)
        if key.codes:
            rows = _coded(acted.made, key.codes)
            if rows:
                found += [behaviour(key, acted.bound, each, rows, "", action=str(acted.spec.id)) for each in others]
        elif _possible(acted, key):
            found += [one for other in others for one in _decided_again(acted, key, other)]
    return found


def _coded(made: ChangeList, codes: Collection[str]) -> int:
    """The rows with one of the codes; a code stands among skips and warnings for the same rows."""
    counts: dict[str, int] = {}
    for group in (*made.errors, *made.skips, *made.warnings):
        if group.code in codes:
            counts[group.code] = max(counts.get(group.code, 0), group.rows)
    return sum(counts.values())


def _possible(acted: Acted, key: Guide) -> bool:
    """Whether any row had an outcome at which the key is looked at."""
    counts = acted.made.counts
    if not counts.received:
        return False
    return not key.outcomes or any(getattr(counts, outcome) for outcome in key.outcomes)


def _decided_again(acted: Acted, key: Guide, other: object) -> list[Behaviour]:
    context = acted.bound.context
    assert isinstance(context.profile, Profile)
    profile = context.profile.overlaid({key.name: other})
    changed = Context(context.rule_date, context.params, profile, context.catalogue)
    env = BindEnv(acted.run.tenant.catalogue, changed, acted.bound.rule)
    try:
        action = bind_action(acted.spec, acted.columns, env)
    except GsrulesError:
        return []
    where = _criteria(acted, changed, action)
    if acted.most is not None and acted.made.counts.received > acted.most:
        rows: int | None = None
    else:
        rows = _rows(acted, action, profile)
    return [] if rows == 0 else [behaviour(key, acted.bound, other, rows, where, action=str(acted.spec.id))]


def _criteria(acted: Acted, changed: Context, action: BoundAction) -> str:
    """The parts of the criteria that say something else."""
    one, two = acted.action.criteria, action.criteria
    if one is None or two is None:
        return ""
    return shown(_differing(acted, changed, one, two))


def _differing(acted: Acted, changed: Context, one: Expr, two: Expr) -> list[Expr]:
    sides = [Side(each, acted.bound.plan, {}, acted.run.tenant) for each in (acted.bound.context, changed)]
    return differing(sides[0], sides[1], one, two)


def _rows(acted: Acted, action: BoundAction, profile: Profile) -> int | None:
    """The rows whose effects differ; None where the action cannot decide under the other value."""
    tenant = acted.run.tenant
    run = replace(acted.run, profile=profile, prefix=scratch_prefix(), texts={})
    other: ChangeList | None = None
    with tenant.supposing(acted.reserved):
        try:
            other = action.plan(run)
            return _other_effects(acted, other) or _other_writes(acted, acted.made.writes, other.writes)
        except duckdb.Error:
            return None
        finally:
            if other is not None:
                discard(tenant.statements, other.effects)


def _other_effects(acted: Acted, other: ChangeList) -> int:
    one, two = (temp_table(each, alias) for each, alias in ((acted.made.effects, "a"), (other.effects, "b")))
    differs: list[exp.Expression] = [_unlike(_text(name, "a"), _text(name, "b")) for name in _COMPARED]
    # New records get other ids under another value, if another row got one before them.
    old = exp.And(this=column("outcome", "a").neq("created"), expression=column("outcome", "b").neq("created"))
    differs.append(exp.And(this=old, expression=_unlike(column("gsid", "a"), column("gsid", "b"))))
    differs.append(_unlike(_length("a"), _length("b")))
    rows = select_from(one, exp.Count(this=exp.Star()))
    met = exp.EQ(this=column("row", "a"), expression=column("row", "b"))
    rows = rows.join(exp.Join(this=two, side="FULL", on=met), copy=False).where(exp.or_(*differs), copy=False)
    return _number(acted, rows)


def _text(name: str, side: str) -> exp.Expression:
    return exp.Cast(this=column(name, side), to=exp.DataType.build("VARCHAR"))


def _length(side: str) -> exp.Expression:
    return exp.Anonymous(this="len", expressions=[column("gsids", side)])


def _unlike(one: exp.Expression, two: exp.Expression) -> exp.Expression:
    return exp.NullSafeNEQ(this=one, expression=two)


def _other_writes(acted: Acted, one: Sequence[Write], two: Sequence[Write]) -> int:
    """Records that are written otherwise though the effects do not tell."""
    rows = 0
    others = {(each.object, each.kind): each for each in two}
    for write in one:
        twin = others.pop((write.object, write.kind), None)
        rows = max(rows, _size(acted, write) if twin is None else _difference(acted, write, twin))
    return max([rows, *(_size(acted, each) for each in others.values())])


def _size(acted: Acted, write: Write) -> int:
    return _number(acted, select_from(temp_table(write.staging), exp.Count(this=exp.Star())))


def _difference(acted: Acted, one: Write, two: Write) -> int:
    if set(one.fields) != set(two.fields):
        return max(_size(acted, one), _size(acted, two))
    names = [*one.fields] if one.kind == "insert" else ["Gsid", *one.fields]
    sides = [select_from(temp_table(each.staging), *(column(name) for name in names)) for each in (one, two)]
    counts = []
    for first, second in (sides, reversed(sides)):
        rest = exp.Except(this=first.copy(), expression=second.copy(), distinct=False)
        source = exp.Subquery(this=rest, alias=exp.TableAlias(this=identifier("rest")))
        counts.append(_number(acted, exp.Select(expressions=[exp.Count(this=exp.Star())]).from_(source)))
    return max(counts)


def _number(acted: Acted, query: exp.Select) -> int:
    ((found,),) = acted.run.tenant.con.execute(spell(query)).fetchall()
    return int(found)
