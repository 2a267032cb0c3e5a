"""Pivot tasks: rows into columns that the author names (data-setup.md §10)."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from gsrules.dataclass import dataclass
from gsrules.errors import InputError, Place
from gsrules.expressions.parser import parse_expression
from gsrules.expressions.scope import Scope
from gsrules.expressions.show import parse_show_item, resolve_name
from gsrules.expressions.size import count_conditions
from gsrules.expressions.tree import ColumnRef, Expr, Logic
from gsrules.plan.columns import aggregate_type, check_names
from gsrules.plan.constants import constant, equality
from gsrules.plan.env import Skip, TaskEnv
from gsrules.plan.nodes import Aggregate, Column, Measure, Node, Projection
from gsrules.plan.show import Shelf, aggregate_of, bind_argument, check_keys
from gsrules.plan.where import bind_filter, filtered
from gsrules.spec.text import Text

if TYPE_CHECKING:
    from gsrules.spec.tasks import PivotColumn, PivotTask


@dataclass(frozen=True, slots=True)
class _Bound:
    measure: Measure
    place: Place | None


def bind_pivot(spec: PivotTask, env: TaskEnv) -> Node:
    """The node of a pivot task; notes what is wrong and raises Skip."""
    parent = env.parent(spec.from_)
    read = {column.name: replace(column, origin=(f"{parent.task}.{column.name}",)) for column in parent.columns}
    shelf = Shelf(Scope.of_columns(parent.columns, inside=parent.task), read, tuple(read))
    predicate = bind_filter(spec.where, shelf.scope, env)
    keys = _keys(spec.group_by or (), shelf, env)
    columns = _columns(spec, env)
    env.limit("limits.pivot_columns", len(columns), "pivot columns", spec.place_of("columns"))
    conditions = sum(_conditions(column) for column in columns)
    env.limit("limits.pivot_conditions", conditions, "conditions in one pivot", spec.place_of("columns"))
    pivot_on = _pivot_on(spec, shelf, env)
    bound = list(_measures(spec, columns, pivot_on, shelf, env))
    unnamed = [(key.column, key.expr.place) for key in keys] + [(each.measure.column, each.place) for each in bound]
    named = check_names(unnamed, env)
    env.findings.stop_if_wrong()
    made_keys = tuple(replace(key, column=column) for key, column in zip(keys, named, strict=False))
    measures = tuple(replace(b.measure, column=c) for b, c in zip(bound, named[len(keys) :], strict=True))
    node = filtered(parent, predicate)
    if keys and not env.context.profile["pivot.keep_empty_groups"]:
        node = filtered(node, _feeds_any(measures))
    return Aggregate(node, made_keys, measures, is_pivot=True)


def _columns(spec: PivotTask, env: TaskEnv) -> tuple[PivotColumn, ...]:
    """The columns as written; a pivot of Gainsight derives none from the data (data-setup.md §10)."""
    if spec.columns is None:
        message = "`columns` is missing: a pivot has the columns that the rule names"
        hint = f"`gsrules infer {shlex.quote(env.rule)} {shlex.quote(env.name)}` lists those of the data, to be pasted"
        env.findings.error("GS-SPEC-MISSING", message, spec.place_of("pivot_on"), hint=hint)
        raise Skip
    return spec.columns


def _conditions(column: PivotColumn) -> int:
    """The conditions of a column as Gainsight's screen shows them."""
    if column.where is None:
        return 1
    counted = 0
    for text in column.where.conditions.values():
        try:
            counted += count_conditions(parse_expression(text))
        except InputError:
            counted += 1  # told where the condition is bound
    return counted


def _keys(group_by: Sequence[Text], shelf: Shelf, env: TaskEnv) -> tuple[Projection, ...]:
    keys: list[Projection] = []
    for text in group_by:
        with env.findings.collecting():
            item = parse_show_item(text)
            # A name may look like an aggregation.
            ref = resolve_name(text, shelf.scope) if item.function else item.resolve(shelf.scope)
            column = shelf.columns[ref.name]
            alias = None if item.function else item.alias
            named = column if alias is None else replace(column, name=str(alias), label=str(alias))
            keys.append(Projection(named, ref))
    check_keys(keys, env, None)
    return tuple(keys)


def _pivot_on(spec: PivotTask, shelf: Shelf, env: TaskEnv) -> ColumnRef | None:
    text = spec.pivot_on
    if text is None:
        return None
    with env.findings.collecting():
        return resolve_name(text, shelf.scope)
    raise Skip


def _measures(
    spec: PivotTask, columns: Sequence[PivotColumn], pivot_on: ColumnRef | None, shelf: Shelf, env: TaskEnv
) -> Iterator[_Bound]:
    for column in columns:
        with env.findings.collecting():
            found = _measure(column, spec, pivot_on, shelf, env)
            if found is not None:
                yield found


def _measure(
    column: PivotColumn, spec: PivotTask, pivot_on: ColumnRef | None, shelf: Shelf, env: TaskEnv
) -> _Bound | None:
    """One pivot column; None after noting what is wrong with it."""
    place = column.name.at(0, len(column.name))
    where = _condition(column, pivot_on, shelf, env, place)
    value = column.value if column.value is not None else spec.value
    if value is None:
        return None
    item = parse_show_item(value)
    if not item.function:
        message = f"{str(value)!r} aggregates nothing (MALFORMED_QUERY)"
        env.findings.error("GS-SYNTAX", message, item.place, value=str(value), hint="for example: sum(Views)")
        return None
    if item.alias is not None:
        message = f"{str(value)!r} names a column; columns of a pivot have names of their own (MALFORMED_QUERY)"
        hint = f"remove `as {item.alias}`; the name of this column is {str(column.name)!r}"
        env.findings.error("GS-SYNTAX", message, item.alias.at(0, len(item.alias)), value=str(item.alias), hint=hint)
        return None
    function = aggregate_of(item)
    argument, ref = bind_argument(item, shelf)
    made = aggregate_type(function, argument, env, item.place)
    if made is None or where is None:
        return None
    default = column.default if column.default is not None else spec.default
    fallback = None if default is None else constant(default, made, f"the default of {column.name!r}", env, place)
    empty_null = (
        function in ("count", "count_distinct")
        and default is None
        and env.context.profile["pivot.count_without_default"] == "null"
    )
    output = Column(str(column.name), str(column.name), made, argument.origin if argument else ())
    return _Bound(Measure(output, function, ref, where, fallback, empty_null), place)


def _condition(
    column: PivotColumn, pivot_on: ColumnRef | None, shelf: Shelf, env: TaskEnv, place: Place | None
) -> Expr | None:
    if column.where is not None:
        return bind_filter(column.where, shelf.scope, env)
    return None if pivot_on is None else equality(pivot_on, column.name, env, place)


def _feeds_any(measures: Sequence[Measure]) -> Expr | None:
    """The rows that feed some column (pivot.keep_empty_groups = false)."""
    terms = tuple(measure.where for measure in measures if measure.where is not None)
    return terms[0] if len(terms) == 1 else Logic("or", terms)
