"""Guards: what `expect:` of a rule and its actions allows a run to do (nothing is applied where it does more)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from gsrules.actions.changes.staging import cast, column, fragment, named, relation, select, spelled, sub, text, texts
from gsrules.actions.kind import BoundAction
from gsrules.catalogue import Catalogue
from gsrules.dataclass import dataclass
from gsrules.errors import InputError, Problem, nearest
from gsrules.plan.nodes import Column
from gsrules.run.record_names import GSID_IN_TEXT, names_in_tenant, option_names
from gsrules.spec import ActionSpec, RuleSpec
from gsrules.spec.text import Text
from gsrules.tenant import Tenant
from gsrules.tenant.changes import Counts

if TYPE_CHECKING:
    from gsrules.spec.guards import Bound, GuardSpec


@dataclass(frozen=True, slots=True)
class Grouping:
    """By what the rows of an action are grouped: a column of its dataset, or a field of an object that it writes."""

    action: str
    name: str
    object: str = ""


@dataclass(frozen=True, slots=True)
class Guard:
    """The bounds of a rule (`action` is empty) or of one action; `per` holds the groupings of each name."""

    action: str
    spec: GuardSpec
    per: Mapping[Text, tuple[Grouping, ...]]


@dataclass(frozen=True, slots=True)
class Guarded:
    """What an action would do: its counts, and where its rows and effects are."""

    counts: Counts
    dataset: str
    effects: str


@dataclass(frozen=True, slots=True)
class Grouped:
    """An action as guards see it before it runs."""

    spec: ActionSpec
    bound: BoundAction
    columns: Sequence[Column]


def bind_guards(rule: RuleSpec, actions: Sequence[Grouped], catalogue: Catalogue) -> tuple[Guard, ...]:
    """The guards of a rule and its actions. Raises InputError for every name that is neither column nor field."""
    found: list[tuple[str, GuardSpec, Sequence[Grouped]]] = []
    if rule.expect is not None:
        found.append(("", rule.expect, actions))
    found += [(str(each.spec.id), each.spec.expect, [each]) for each in actions if each.spec.expect is not None]
    problems: list[Problem] = []
    guards = []
    for action, spec, over in found:
        per = {name: tuple(_groupings(name, over, catalogue)) for name in spec.per}
        problems += [_unknown(name, action, over, catalogue) for name, groupings in per.items() if not groupings]
        guards.append(Guard(action, spec, per))
    if problems:
        raise InputError(problems)
    return tuple(guards)


def _groupings(name: Text, actions: Iterable[Grouped], catalogue: Catalogue) -> Iterator[Grouping]:
    """In each action the column of that name or label, else the field of what it writes."""
    word = name.strip().removeprefix("[").removesuffix("]").lower()
    for each in actions:
        column = next((c for c in each.columns if word == c.name.lower()), None)
        column = column or next((c for c in each.columns if word == c.label.lower()), None)
        if column is not None:
            yield Grouping(str(each.spec.id), column.name)
            continue
        for target in each.bound.writes_to:
            definition = catalogue.object(target)
            fields = () if definition is None else definition.find(word) or definition.find(f"{word}id")
            if fields and definition is not None:
                yield Grouping(str(each.spec.id), fields[0].name, definition.name)
                break


def _unknown(name: Text, action: str, actions: Iterable[Grouped], catalogue: Catalogue) -> Problem:
    known: list[str] = []
    for each in actions:
        known += [column.name for column in each.columns]
        for target in each.bound.writes_to:
            definition = catalogue.object(target)
            known += list(definition.fields) if definition is not None else []
    message = f"`per` names `{name}`, which is neither a column nor a field of what is written (INVALID_FIELD)"
    hint = "name a column of the dataset, or a field of the target such as OwnerId or owner"
    return Problem("GS-NAME", message, name.place, action or "expect", str(name), hint, nearest(name, known))


def broken(guards: Sequence[Guard], actions: Mapping[str, Guarded], tenant: Tenant) -> tuple[Problem, ...]:
    """Every bound that does not hold, with the figures; the writes of the actions are in the tenant's tables."""
    found: list[Problem] = []
    for guard in guards:
        over = [actions[guard.action]] if guard.action else list(actions.values())
        whole = sum(each.counts.matched for each in over)
        for name, bounds in guard.spec.counts.items():
            count = sum(getattr(each.counts, name) for each in over)
            of = sum(each.counts.received for each in over) if name == "matched" else whole
            found += [_count_problem(guard, name, b, count, of) for b in bounds if not b.holds(count, of)]
        for per, groupings in guard.per.items():
            largest = _largest(groupings, actions, tenant)
            for bound in guard.spec.per[per]:
                if not bound.holds(largest.rows, whole):
                    found.append(_group_problem(guard, str(per), bound, largest, whole, tenant))
    return tuple(found)


def _count_problem(guard: Guard, name: str, bound: Bound, count: int, whole: int) -> Problem:
    unit = "records" if name == "records_written" else "rows"
    what = "records would be written" if name == "records_written" else f"rows {_VERBS[name]}"
    message = f"{_who(guard)} expects {name} {bound.text}, but {count} {what}{_share(bound, count, whole)}"
    hint = f"nothing was applied; look at the {unit}, or change `expect`"
    place = bound.place or guard.spec.place_of(name)
    return Problem("GS-GUARD", message, place, guard.action or "rule", str(count), hint)


_VERBS = {
    "matched": "matched",
    "created": "would be created",
    "updated": "would be updated",
    "closed": "would be closed",
    "unchanged": "would stay unchanged",
    "skipped": "would be skipped",
    "failed": "would fail",
}


def _group_problem(guard: Guard, name: str, bound: Bound, largest: Group, whole: int, tenant: Tenant) -> Problem:
    value = _named(largest.value, tenant) if largest.value is not None else "null"
    message = (
        f"{_who(guard)} expects per {name} {bound.text}, but {largest.rows} rows for {value} would be written"
        f"{_share(bound, largest.rows, whole)}"
    )
    hint = "nothing was applied; look at the rows, or change `expect`"
    place = bound.place or guard.spec.place_of("per")
    return Problem("GS-GUARD", message, place, guard.action or "rule", str(largest.rows), hint)


def _named(value: str, tenant: Tenant) -> str:
    """The value as people call it: a GSID with the name of its option or record."""
    if not GSID_IN_TEXT.fullmatch(value):
        return f"'{value}'"
    name = option_names(tenant.catalogue).get(value) or names_in_tenant(tenant, [value]).get(value)
    return f"'{name}' ({value})" if name else f"'{value}'"


def _share(bound: Bound, count: int, whole: int) -> str:
    if not bound.share:
        return ""
    return f": {count / whole:.1%} of {whole}" if whole else ": there are none"


def _who(guard: Guard) -> str:
    return f"the action '{guard.action}'" if guard.action else "the rule"


@dataclass(frozen=True, slots=True)
class Group:
    """The largest group of rows with one value, which may be null."""

    value: str | None
    rows: int


def _largest(groupings: Sequence[Grouping], actions: Mapping[str, Guarded], tenant: Tenant) -> Group:
    """Over the rows of all actions that write a record."""
    values = [_values(each, actions[each.action], tenant) for each in groupings]
    every = values[0] if len(values) == 1 else exp.union(*values, distinct=False)
    rows: Any = exp.Count(this=exp.Star())
    query = select(column("value"), named(rows, "n")).from_(sub(every, "v"), copy=False)
    query = query.group_by(column("value"), copy=False)
    query = query.order_by(
        exp.Ordered(this=column("n"), desc=True), exp.Ordered(this=column("value"), nulls_first=False), copy=False
    ).limit(1, copy=False)
    found = tenant.statements.rows(spelled(query))
    return Group(*found[0]) if found else Group(None, 0)


def _values(grouping: Grouping, action: Guarded, tenant: Tenant) -> exp.Select:
    """The value of each row that creates, updates or closes a record."""
    writes = exp.In(this=column("outcome", "e"), expressions=[text(each) for each in ("created", "updated", "closed")])
    rows = select().from_(relation(action.effects, "e"), copy=False)
    if grouping.object:
        # A row may touch several records: those of the object count, once a value.
        touched = select(named(column("row", "e"), "row"), named(fragment("UNNEST(:g)", g=_touched()), "gsid"))
        touched = touched.from_(relation(action.effects, "e"), copy=False).where(writes, copy=False)
        table = tenant.table(grouping.object)
        table.set("alias", exp.TableAlias(this=exp.to_identifier("t", quoted=True)))
        joined = exp.Join(this=table, on=exp.EQ(this=column("Gsid", "t"), expression=column("gsid", "e")))
        value = cast(column(grouping.name, "t"), "VARCHAR")
        query = select(column("row", "e"), named(value, "value")).from_(sub(touched, "e"), copy=False)
        touching = query.join(joined, copy=False).distinct(copy=False)
        return select(column("value")).from_(sub(touching, "k"), copy=False)
    on = exp.EQ(this=column("__row", "d"), expression=column("row", "e"))
    rows = rows.join(exp.Join(this=relation(action.dataset, "d"), on=on), copy=False)
    value = cast(column(grouping.name, "d"), "VARCHAR")
    return rows.select(named(value, "value"), copy=False).where(writes, copy=False)


def _touched() -> exp.Expr:
    """All records of a row; some kinds name the first alone."""
    first = texts([column("gsid", "e")])
    return fragment("CASE WHEN LEN(:a) > 0 THEN :a ELSE :f END", a=column("gsids", "e"), f=first)
