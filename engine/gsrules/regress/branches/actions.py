"""The branches of actions: criteria, what the rule says about single values, and what an action can decide."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sqlglot import exp

from gsrules.actions.close_cta import BoundClose
from gsrules.actions.cta import BoundCta
from gsrules.actions.kind import BoundAction
from gsrules.actions.load import BoundLoad
from gsrules.actions.mapping import BoundMapping
from gsrules.dataclass import dataclass
from gsrules.expressions.spell import spell
from gsrules.expressions.tree import Expr
from gsrules.regress.branches.conditions import Subject, cases, conditions, said
from gsrules.regress.branches.model import ROWS, Branch, effects_table
from gsrules.regress.branches.nulls import Columns, nulls_of
from gsrules.run.prepare import BoundRule, find_task
from gsrules.spec import ActionSpec, MappingSpec
from gsrules.tenant.names import column, select_from


@dataclass(frozen=True, slots=True)
class ActionContext:
    """One action, with which columns of its dataset can be null."""

    bound: BoundRule
    spec: ActionSpec
    action: BoundAction
    nulls: Columns

    @property
    def subject(self) -> Subject:
        task = find_task(self.bound.plan, self.spec.from_, self.spec.id)
        return Subject("action", str(self.spec.id), task, self.spec.place)

    def spelled(self, expr: Expr) -> exp.Expression:
        return spell(expr, self.bound.spelling(ROWS))

    def decided(self, *conditions: exp.Expression) -> exp.Expression:
        """Whether the row is among the effects that fulfil the conditions over `e`."""
        rows = select_from(effects_table(str(self.spec.id), "e"), column("row", "e"))
        for condition in conditions:
            rows = rows.where(condition, copy=False)
        return exp.In(this=column("__row", ROWS), query=exp.Subquery(this=rows))

    def outcome(self, outcome: str) -> exp.Expression:
        is_so = exp.EQ(this=column("outcome", "e"), expression=exp.Literal.string(outcome))
        return self.decided(is_so)


def of_action(context: ActionContext) -> Iterator[Branch]:
    """The branches of one action, in the order in which the user reads them."""
    if context.action.criteria is not None:
        yield from _criteria(context, context.action.criteria)
    make = _KINDS.get(type(context.action))
    if make is not None:
        yield from make(context, context.action)


def _criteria(context: ActionContext, criteria: Expr) -> Iterator[Branch]:
    env = context.bound.spelling(ROWS)
    subject = context.subject
    yield from conditions(subject, criteria, context.nulls, env, whole="criteria")
    yield from cases(subject, "criteria", criteria, env)


def _outcome(context: ActionContext, outcome: str, need: str, *, counted: bool = True) -> Branch:
    return context.subject.branch("outcome", outcome, "reached", context.outcome(outcome), need, counted=counted)


def _failed(context: ActionContext) -> Branch:
    need = "a row that the action refuses; which rows it refuses is for the behaviour profile to say"
    return _outcome(context, "failed", need, counted=False)


def _load(context: ActionContext, action: BoundLoad) -> Iterator[Branch]:
    name = action.object.name
    fields: Mapping[str, Any] = {str(key): each for key, each in getattr(context.spec, "fields", {}).items()}
    specs = {found.name: spec for key, spec in fields.items() for found in action.object.find(key)[:1]}
    for mapping in action.mappings:
        yield from _mapping(context, mapping, specs.get(mapping.field.name))
    if action.operation != "update":
        yield _outcome(context, "created", f"a row for which {name} has no record")
    if action.operation != "insert":
        keys = {field.name for field in action.identifiers}
        changes = any(mapping.field.name not in keys for mapping in action.mappings)
        need = f"a row for which {name} has a record with other values"
        yield _outcome(context, "updated", need, counted=changes)
        yield _outcome(context, "unchanged", f"a row for which {name} has a record with just these values")
        need = "rows that are left out: two with equal identifiers, say"
        yield _outcome(context, "skipped", need, counted=False)
    yield _failed(context)


def _mapping(context: ActionContext, mapping: BoundMapping, spec: MappingSpec | None) -> Iterator[Branch]:
    subject = context.subject.at(mapping.place)
    name = mapping.field.name
    matched = context.decided()
    if mapping.source is not None:
        yield from cases(subject, name, mapping.source, context.bound.spelling(ROWS))
        if mapping.default is not None or mapping.states_on_null:
            empty = exp.Is(this=exp.Paren(this=context.spelled(mapping.source)), expression=exp.Null())
            says = "default" if mapping.default is not None else f"on_null: {mapping.on_null}"
            counted = said(nulls_of(mapping.source, context.nulls))
            met = exp.And(this=empty, expression=matched)
            yield subject.branch(
                "null", f"{name}: {says}", "used", met, f"a row that gives `{name}` a null", counted=counted
            )
    if mapping.mapped and spec is not None and spec.map is not None:
        yield from _entries(context, subject, mapping, spec)
    if mapping.lookup is not None:
        yield from _import_lookup(context, subject, mapping)


def _entries(context: ActionContext, subject: Subject, mapping: BoundMapping, spec: MappingSpec) -> Iterator[Branch]:
    """Each entry of a customise mapping: some row's value is that option."""
    assert mapping.source is not None
    assert spec.map is not None
    source = context.spelled(mapping.source)
    folds = context.bound.context.profile["object.picklist_case"] == "insensitive"
    known = mapping.source.type.category
    category = context.bound.context.catalogue.category(known) if known else None
    items = {item.name.lower(): item.gsid for item in category.items} if category else {}
    for word, target in spec.map.items():
        text, value = str(word), source.copy()
        if category is not None:
            text = items.get(text.lower(), text)
        elif folds:
            text, value = text.lower(), exp.Lower(this=value)
        same = exp.EQ(this=exp.Trim(this=value), expression=exp.Literal.string(text))
        met = exp.And(this=same, expression=context.decided())
        need = f"a row whose value for `{mapping.field.name}` is {word}"
        yield subject.branch("map", f"{mapping.field.name}: {word} → {target}", "used", met, need)


def _import_lookup(context: ActionContext, subject: Subject, mapping: BoundMapping) -> Iterator[Branch]:
    """What the search for a record can come to, as far as the rule says what then happens."""
    lookup, name = mapping.lookup, mapping.field.name
    assert lookup is not None
    keys = ", ".join(pair.field.name for pair in lookup.pairs)
    text = f"{name}: {lookup.object} by {keys}"
    value = exp.Anonymous(this="struct_extract", expressions=[column("after", "e"), exp.Literal.string(name)])
    empty = exp.Is(this=value, expression=exp.Null())
    written = exp.Not(this=exp.Is(this=column("after", "e"), expression=exp.Null()))
    found = context.decided(written, exp.Not(this=empty.copy()))
    yield subject.branch("lookup", text, "found", found, f"a row whose {keys} is that of one record of {lookup.object}")
    none = context.decided(written.copy(), empty) if lookup.none == "null" else _coded(context, "LOOKUP_NO_MATCH")
    need = f"a row whose {keys} is that of no record of {lookup.object}"
    yield subject.branch("lookup", text, f"none: {lookup.none}", none, need)
    if lookup.multiple == "error":
        several = _coded(context, "LOOKUP_MULTIPLE_MATCH")
        need = f"a row whose {keys} is that of several records of {lookup.object}"
        yield subject.branch("lookup", text, "multiple: error", several, need)


def _coded(context: ActionContext, code: str) -> exp.Expression:
    coded = exp.Anonymous(this="list_contains", expressions=[column("codes", "e"), exp.Literal.string(code)])
    return context.decided(coded)


def _create_cta(context: ActionContext, action: BoundCta) -> Iterator[Branch]:
    env, subject = context.bound.spelling(ROWS), context.subject
    for part, expr in (("name", action.name), ("comments", action.comments)):
        if expr is not None:
            yield from cases(subject, part, expr, env)
    for mapping in action.mappings:
        yield from _mapping(context, mapping, None)
    yield from _owner(context, action)
    yield _outcome(context, "created", "a row without an open CTA of its key")
    if action.check_open:
        comments = action.comments is not None and action.repeat != "never"
        need = "a row with an open CTA of its key, to which there is something to add"
        yield _outcome(context, "updated", need, counted=comments or action.playbook is not None)
        need = "a row with an open CTA of its key, to which there is nothing to add"
        yield _outcome(context, "unchanged", need, counted=not comments or action.repeat == "once")
    if action.time_frame_days is not None:
        need = f"a row whose CTA was closed within the time frame of {action.time_frame_days} days"
        yield _outcome(context, "skipped", need)
    yield _failed(context)


def _owner(context: ActionContext, action: BoundCta) -> Iterator[Branch]:
    owner = action.owner
    if owner is None or owner.source is None or owner.default is None:
        return
    empty = exp.Is(this=exp.Paren(this=context.spelled(owner.source)), expression=exp.Null())
    created = context.outcome("created")
    given = exp.And(this=exp.Not(this=empty), expression=created)
    subject = context.subject
    yield subject.branch("owner", "owner", "column", given, "a row that creates a CTA and has an owner")
    counted = said(nulls_of(owner.source, context.nulls))
    missing = exp.And(this=empty.copy(), expression=created.copy())
    yield subject.branch(
        "owner", "owner", "default", missing, "a row that creates a CTA and has no owner", counted=counted
    )


def _close_cta(context: ActionContext, action: BoundClose) -> Iterator[Branch]:
    if action.comments is not None:
        yield from cases(context.subject, "comments", action.comments, context.bound.spelling(ROWS))
    yield _outcome(context, "closed", "a row with an open CTA to close")
    if action.cta is None:
        yield _outcome(context, "skipped", "a row without an open CTA to close")
    else:
        yield _outcome(context, "unchanged", "a row whose CTA is closed already")
    yield _failed(context)


_KINDS: Mapping[type[object], Callable[[ActionContext, Any], Iterator[Branch]]] = {
    BoundLoad: _load,
    BoundCta: _create_cta,
    BoundClose: _close_cta,
}
