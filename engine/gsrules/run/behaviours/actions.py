"""The behaviours on which the effects of an action depended.

Where an effect carries a code that only one behaviour gives, the report has counted the rows already. Everything else
is decided once more under the other value, on the same state of the tenant, and the effects are compared row by row.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any

import duckdb
from sqlglot import exp

from gsrules.actions.changes.staging import discard, scratch_prefix
from gsrules.actions.kind import ActionRun, BindEnv, BoundAction
from gsrules.actions.registry import bind_action
from gsrules.dataclass import dataclass
from gsrules.errors import GsrulesError
from gsrules.expressions.scope import Context
from gsrules.plan.nodes import Column, TaskRef
from gsrules.profile import Profile, profile_keys
from gsrules.run.behaviours.gates import answer
from gsrules.run.behaviours.guide import Guide, alternatives, guides
from gsrules.run.behaviours.leaves import differing, shown
from gsrules.run.behaviours.model import Behaviour
from gsrules.run.behaviours.probes import passing
from gsrules.run.behaviours.sides import Side
from gsrules.run.behaviours.statement import Statement
from gsrules.run.behaviours.watched import Watched
from gsrules.run.behaviours.words import behaviour
from gsrules.spec import ActionSpec
from gsrules.tenant.changes import ChangeList, Write
from gsrules.tenant.names import (
    column,
    create_temp,
    drop,
    identifier,
    named,
    select_from,
    spell,
    sql_type,
    temp_table,
)

if TYPE_CHECKING:
    from gsrules.run.prepare import BoundRule
    from gsrules.tenant.counters import CounterState

_COMPARED = ("outcome", "codes", "warnings", "key", "object", "before", "after")
_SIGNS = "gs_behaviour_effects"
AGAIN = 25_000
"""The most rows and records with which an action decides once more in a quick look."""


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


def action_behaviours(acted: Acted) -> list[Behaviour]:
    """What the effects depended on."""
    if not acted.made.counts.received:
        return []
    again = _Again(acted)
    try:
        return [one for key in guides() if key.action for one in again.look(key)]
    finally:
        again.close()


def _coded(made: ChangeList, codes: Collection[str]) -> int:
    """The rows with one of the codes; a code stands among skips and warnings for the same rows."""
    counts: dict[str, int] = {}
    for group in (*made.errors, *made.skips, *made.warnings):
        if group.code in codes:
            counts[group.code] = max(counts.get(group.code, 0), group.rows)
    return sum(counts.values())


class _Again:
    """Decides an action once more under other values, and compares the effects with those that it had."""

    def __init__(self, acted: Acted) -> None:
        self._acted = acted
        self._context = acted.bound.context
        self._binding = self._read_by_binding()
        self._deciding = _read_by(acted.run.profile)
        self._signed = False

    def close(self) -> None:
        if self._signed:
            self._con.execute(spell(drop(temp_table(_SIGNS))))

    def look(self, key: Guide) -> Iterator[Behaviour]:
        """The behaviour, once for each other value under which anything would differ."""
        if key.name not in self._binding and key.name not in self._deciding:
            return
        for other in alternatives(key.name, self._context.profile):
            rows, where = self._rows(key, other)
            if rows != 0:
                yield behaviour(key, self._acted.bound, other, rows, where, action=str(self._acted.spec.id))

    @property
    def _con(self) -> duckdb.DuckDBPyConnection:
        return self._acted.run.tenant.con

    def _read_by_binding(self) -> Collection[str]:
        """The keys that are asked for when this action is bound: it is bound once more to see that."""
        profile = self._context.profile
        if not isinstance(profile, Profile):
            return ()
        watched = Watched(profile)
        self._bind(watched)
        return watched.seen.binding

    def _bind(self, profile: Profile) -> tuple[Context, BoundAction | None]:
        """The action under a profile; None if it would be refused."""
        context = Context(self._context.rule_date, self._context.params, profile, self._context.catalogue)
        env = BindEnv(self._acted.run.tenant.catalogue, context, self._acted.bound.rule)
        try:
            return context, bind_action(self._acted.spec, self._acted.columns, env)
        except GsrulesError:
            return context, None

    def _rows(self, key: Guide, other: object) -> tuple[int | None, str]:
        """The rows that would be treated otherwise, None if they cannot be told, and the condition concerned."""
        acted = self._acted
        if key.codes:
            return _coded(acted.made, key.codes), ""
        known = answer(acted, key.name, other)
        if known != "decide":
            return known, ""
        profile = acted.run.profile
        assert isinstance(profile, Profile)
        changed = profile.overlaid({key.name: other})
        context, action = self._bind(changed)
        if action is None:
            return 0, ""
        where = self._criteria(context, action)
        if key.name not in self._deciding and _same(action, acted.action):
            # Only the criteria may say something else: which rows fulfil them is asked of the dataset.
            if not where:
                return 0, ""
            return self._passing(context, action), where
        received = acted.made.counts.received
        return (None if self._too_many(received + self._stored()) else self._decided(action, changed)), where

    def _too_many(self, rows: int) -> bool:
        return self._acted.most is not None and rows > self._acted.most

    def _stored(self) -> int:
        """The records among which the action looks for its own."""
        tables = [self._acted.run.tenant.table(each) for each in self._acted.action.writes_to]
        return sum(self._number(select_from(table, exp.Count(this=exp.Star()))) for table in tables)

    def _criteria(self, context: Context, action: BoundAction) -> str:
        """The parts of the criteria that say something else."""
        one, two = self._acted.action.criteria, action.criteria
        if one is None or two is None:
            return ""
        return shown(differing(self._side(self._context), self._side(context), one, two))

    def _passing(self, context: Context, action: BoundAction) -> int:
        """The rows of the dataset that fulfil only one of the criteria."""
        one, two = self._acted.action.criteria, action.criteria
        assert one is not None
        assert two is not None
        rows = TaskRef("dataset", self._acted.columns)
        statement = Statement(self._side(self._context), {rows.task: self._acted.run.dataset})
        count = passing(self._side(self._context), self._side(context), rows, one, two)
        ((found,),) = self._con.execute(statement.sql([count(statement)])).fetchall()
        return int(found[0])

    def _side(self, context: Context) -> Side:
        return Side(context, self._acted.bound.plan, {}, self._acted.run.tenant)

    def _decided(self, action: BoundAction, profile: Profile) -> int:
        """The rows whose effects differ."""
        acted = self._acted
        run = replace(acted.run, profile=profile, prefix=scratch_prefix(), texts={})
        other: ChangeList | None = None
        with acted.run.tenant.supposing(acted.reserved):
            try:
                other = action.plan(run)
                return self._other_effects(other) or self._other_writes(other)
            finally:
                if other is not None:
                    discard(acted.run.tenant.statements, other.effects)

    def _other_effects(self, other: ChangeList) -> int:
        if not self._signed:
            made = create_temp(_SIGNS, _signs(self._acted.made.effects))
            self._con.execute(spell(drop(temp_table(_SIGNS))))
            self._con.execute(spell(made))
            self._signed = True
        two = exp.Subquery(this=_signs(other.effects), alias=exp.TableAlias(this=identifier("b")))
        a, b = ({name: column(name, side) for name in ("row", "sign", "created", "gsid")} for side in ("a", "b"))
        # New records get other ids under another value, if another row got one before them.
        old = exp.Not(this=exp.Paren(this=exp.Or(this=a["created"], expression=b["created"])))
        differs = exp.Or(
            this=_unlike(a["sign"], b["sign"]),
            expression=exp.Paren(this=exp.And(this=old, expression=_unlike(a["gsid"], b["gsid"]))),
        )
        rows = select_from(temp_table(_SIGNS, "a"), exp.Count(this=exp.Star()))
        met = exp.EQ(this=a["row"], expression=b["row"])
        return self._number(rows.join(exp.Join(this=two, side="FULL", on=met)).where(differs))

    def _other_writes(self, other: ChangeList) -> int:
        """Records that are written otherwise though the effects do not tell."""
        rows = 0
        others = {(each.object, each.kind): each for each in other.writes}
        for write in self._acted.made.writes:
            twin = others.pop((write.object, write.kind), None)
            rows = max(rows, self._size(write) if twin is None else self._difference(write, twin))
        return max([rows, *(self._size(each) for each in others.values())])

    def _size(self, write: Write) -> int:
        return self._number(select_from(temp_table(write.staging), exp.Count(this=exp.Star())))

    def _difference(self, one: Write, two: Write) -> int:
        # A field that only one of them writes shows in the effects, if its value is another one.
        common = [each for each in one.fields if each in two.fields]
        names = common if one.kind == "insert" else ["Gsid", *common]
        if self._digest(one, names) == self._digest(two, names):
            return 0
        sides = [select_from(temp_table(each.staging), *(column(name) for name in names)) for each in (one, two)]
        counts = []
        for first, second in (sides, reversed(sides)):
            rest = exp.Except(this=first.copy(), expression=second.copy(), distinct=False)
            source = exp.Subquery(this=rest, alias=exp.TableAlias(this=identifier("rest")))
            counts.append(self._number(exp.Select(expressions=[exp.Count(this=exp.Star())]).from_(source)))
        return max(counts)

    def _digest(self, write: Write, names: Sequence[str]) -> tuple[object, ...]:
        """The number of rows, and the sum of what stands for each of them."""
        total = exp.Sum(this=exp.Cast(this=_hash([column(each) for each in names]), to=sql_type("HUGEINT")))
        rows = select_from(temp_table(write.staging), exp.Count(this=exp.Star()), total)
        (found,) = self._con.execute(spell(rows)).fetchall()
        return tuple(found)

    def _number(self, query: exp.Select) -> int:
        ((found,),) = self._con.execute(spell(query)).fetchall()
        return int(found)


def _read_by(profile: object) -> Collection[str]:
    """The keys that were asked for since the action began; every key where nobody looked."""
    return profile.seen.since if isinstance(profile, Watched) else tuple(profile_keys())


def _same(one: Any, two: Any) -> bool:
    """Whether two bound actions say the same, apart from their criteria and what was found at binding them."""
    if type(one) is not type(two) or not is_dataclass(one):
        return False
    names = [each.name for each in fields(one) if each.name not in ("criteria", "findings", "catalogue")]
    return all(getattr(one, name) == getattr(two, name) for name in names)


def _signs(effects: str) -> exp.Select:
    """Of each effect what is compared: what stands for all that it tells, and the record that it touched."""
    length = exp.Anonymous(this="len", expressions=[column("gsids")])
    # STRUCTs of other fields are other types.
    texts: list[exp.Expression] = [exp.Cast(this=column(each), to=sql_type("VARCHAR")) for each in _COMPARED]
    created = exp.EQ(this=column("outcome"), expression=exp.Literal.string("created"))
    shown_columns = (
        column("row"), named(_hash([*texts, length]), "sign"), named(created, "created"), column("gsid"),
    )  # fmt: skip
    return select_from(temp_table(effects), *shown_columns)


def _hash(values: Sequence[exp.Expression]) -> exp.Expression:
    return exp.Anonymous(this="hash", expressions=list(values))


def _unlike(one: exp.Expression, two: exp.Expression) -> exp.Expression:
    return exp.NullSafeNEQ(this=one, expression=two)
