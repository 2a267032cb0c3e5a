"""The branches of actions: criteria, what the rule says about single values, and what an action can decide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlglot import exp

from gsrules.actions.kind import BoundAction
from gsrules.actions.mappings.mapping import BoundMapping
from gsrules.actions.traits import Choice, Decision
from gsrules.dataclass import dataclass
from gsrules.expressions.spell import spell
from gsrules.expressions.tree import Expr
from gsrules.regress.branches.conditions import Subject, cases, conditions, said
from gsrules.regress.branches.model import ROWS, Branch, effects_table
from gsrules.regress.branches.nulls import Columns, nulls_of
from gsrules.run.prepare import BoundRule, find_task
from gsrules.spec import ActionSpec, MappingSpec, Spec
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
    traits = context.action.traits
    for name, expr in traits.texts:
        yield from cases(context.subject, name, expr, context.bound.spelling(ROWS))
    specs = {spec.place: spec for spec in _mapping_specs(context.spec) if spec.place is not None}
    for prefix, mappings in (("", traits.mappings), *((f"{name}.", found) for name, found in traits.beside.items())):
        for mapping in mappings:
            spec = specs.get(mapping.place) if mapping.place else None
            yield from _mapping(context, mapping, f"{prefix}{mapping.field.name}", spec)
    for choice in traits.choices:
        yield from _choice(context, choice)
    for decision in traits.decisions:
        yield _decision(context, decision)


def _mapping_specs(part: Any) -> Iterator[MappingSpec]:
    """The mappings in an action as they were written, wherever they stand in it."""
    if isinstance(part, MappingSpec):
        yield part
    elif isinstance(part, Spec):
        for name in type(part).model_fields:
            yield from _mapping_specs(getattr(part, name))
    elif isinstance(part, Mapping):
        for each in part.values():
            yield from _mapping_specs(each)


def _criteria(context: ActionContext, criteria: Expr) -> Iterator[Branch]:
    env = context.bound.spelling(ROWS)
    subject = context.subject
    yield from conditions(subject, criteria, context.nulls, env, whole="criteria")
    yield from cases(subject, "criteria", criteria, env)


def _decision(context: ActionContext, decision: Decision) -> Branch:
    met, side = context.outcome(decision.outcome), "reached"
    if decision.code:
        met, side = exp.And(this=met, expression=_coded(context, decision.code)), decision.code
    return context.subject.branch("outcome", decision.outcome, side, met, decision.need, counted=decision.counted)


def _mapping(context: ActionContext, mapping: BoundMapping, name: str, spec: MappingSpec | None) -> Iterator[Branch]:
    """`name` is what effects call the field."""
    subject = context.subject.at(mapping.place)
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
        yield from _import_lookup(context, subject, mapping, name)


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


def _import_lookup(context: ActionContext, subject: Subject, mapping: BoundMapping, name: str) -> Iterator[Branch]:
    """What the search for a record can come to, as far as the rule says what then happens."""
    lookup = mapping.lookup
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


def _choice(context: ActionContext, choice: Choice) -> Iterator[Branch]:
    """A value that the row has, and what the author says where it has none."""
    empty = exp.Is(this=exp.Paren(this=context.spelled(choice.value)), expression=exp.Null())
    acted = context.outcome(choice.outcome) if choice.outcome else context.decided()
    row = f"a row that is {choice.outcome}" if choice.outcome else "a row"
    given = exp.And(this=exp.Not(this=empty), expression=acted)
    subject = context.subject
    yield subject.branch(choice.kind, choice.name, choice.given, given, f"{row} and has a value for `{choice.name}`")
    counted = said(nulls_of(choice.value, context.nulls))
    missing = exp.And(this=empty.copy(), expression=acted.copy())
    need = f"{row} and has no value for `{choice.name}`"
    yield subject.branch(choice.kind, choice.name, choice.missing, missing, need, counted=counted)
