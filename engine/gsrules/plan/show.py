"""Show items and groups, as fetch, merge and transform tasks share them (data-setup.md §1.2, §1.3, §4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace

from gsrules.catalogue.datatypes import Family
from gsrules.dataclass import dataclass
from gsrules.errors import InputError, Place, nearest
from gsrules.expressions.scope import Scope
from gsrules.expressions.show import ShowItem, parse_show_item, resolve_name, split_path
from gsrules.expressions.tree import ColumnRef, Expr
from gsrules.plan.columns import (
    AGGREGATES,
    aggregate_type,
    check_names,
    default_aggregate_label,
    default_aggregate_name,
)
from gsrules.plan.env import TaskEnv
from gsrules.plan.nodes import Aggregate, AggregateFunction, Column, Measure, Node, Project, Projection
from gsrules.spec.text import Text


@dataclass(slots=True)
class Shelf:
    """The columns that a task may show.

    `columns`: by its name in the input relation, how each leaves the task when nothing else is said. `order`: what
    `*` means. `datasets`: the same for `Dataset.*`. A fetch adds to `columns` as it follows lookups.
    """

    scope: Scope
    columns: dict[str, Column]
    order: tuple[str, ...]
    datasets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Shown:
    """One shown column: a plain value, or an aggregation of `argument` (None: the number of records)."""

    column: Column
    expr: Expr | None
    function: AggregateFunction | None = None
    argument: Expr | None = None
    place: Place | None = None


def plain(shelf: Shelf, ref: str, place: Place | None = None) -> Shown:
    """A column as it is."""
    column = shelf.columns[ref]
    return Shown(column, ColumnRef(ref, column.type, place), place=place)


def bind_show(
    show: Sequence[Text] | None,
    group_by: Sequence[Text] | None,
    shelf: Shelf,
    env: TaskEnv,
    formulas: Mapping[str, Shown] | None = None,
) -> list[Shown]:
    """The shown columns in order; without `show` all of them, or the groups. Notes what is wrong.

    `formulas`: the task's formula fields by lower-case name, which `show` may put in their places.
    """
    if show is None and group_by:
        show = group_by
    if show is None:
        return [plain(shelf, ref) for ref in shelf.order]
    shown: list[Shown] = []
    for text in show:
        with env.findings.collecting():
            shown += _bind_item(text, shelf, env, formulas or {})
    return shown


def _bind_item(text: Text, shelf: Shelf, env: TaskEnv, formulas: Mapping[str, Shown]) -> Iterator[Shown]:
    item = parse_show_item(text)
    if item.kind in ("all", "all_of"):
        yield from (plain(shelf, ref, item.place) for ref in _starred(item, shelf, env))
        return
    if item.function:
        made = _aggregated(item, shelf, env)
        if made is not None:
            yield made
        return
    shown = _formula(item, shelf, env, formulas)
    if shown is None:
        ref = item.resolve(shelf.scope)
        shown = Shown(shelf.columns[ref.name], ref)
    yield replace(shown, column=_named(shown.column, item.alias), place=item.place)


def _named(column: Column, alias: str | None) -> Column:
    return column if alias is None else replace(column, name=str(alias), label=str(alias))


def _starred(item: ShowItem, shelf: Shelf, env: TaskEnv) -> tuple[str, ...]:
    if item.kind == "all":
        return shelf.order
    dataset = next((each for each in shelf.datasets if each.lower() == item.name.strip().lower()), None)
    if dataset is not None:
        return shelf.datasets[dataset]
    message = f"{str(item.name)!r} is no dataset of this task (INVALID_FIELD)"
    hint = f"datasets here: {', '.join(shelf.datasets)}; * shows all columns"
    near = nearest(item.name, shelf.datasets)
    env.findings.error("GS-NAME", message, item.place, value=str(item.name), hint=hint, near=near)
    return ()


def _aggregated(item: ShowItem, shelf: Shelf, env: TaskEnv) -> Shown | None:
    function = aggregate_of(item)
    argument, ref = bind_argument(item, shelf)
    made = aggregate_type(function, argument, env, item.place)
    if made is None:
        return None
    origin = argument.origin if argument else ()
    name = default_aggregate_name(function, argument)
    column = Column(name, default_aggregate_label(function, argument), made, origin)
    return Shown(_named(column, item.alias), None, function, ref, item.place)


def aggregate_of(item: ShowItem) -> AggregateFunction:
    """The aggregation of an item that has one."""
    return next(function for function in AGGREGATES if function == item.function)


def bind_argument(item: ShowItem, shelf: Shelf) -> tuple[Column | None, ColumnRef | None]:
    """The column that an aggregation is over; nothing for the number of records."""
    if item.kind == "count_all":
        return None, None
    ref = item.resolve(shelf.scope)
    return shelf.columns[ref.name], ref


def _formula(item: ShowItem, shelf: Shelf, env: TaskEnv, formulas: Mapping[str, Shown]) -> Shown | None:
    """The formula field that an item means, if it means one."""
    parts = split_path(item.name)
    found = formulas.get(parts[0].lower()) if len(parts) == 1 else None
    if found is None:
        return None
    try:
        item.resolve(shelf.scope)
    except InputError:
        return found
    message = f"{parts[0]!r} is both a formula of this task and a column of its input"
    env.findings.error("GS-AMBIGUOUS", message, item.place, value=parts[0], hint="give the formula another name")
    return found


def shape(node: Node, shown: Sequence[Shown], group_by: Sequence[Text] | None, shelf: Shelf, env: TaskEnv) -> Node:
    """The node that shows these columns: grouped if anything aggregates or `group_by` is given."""
    columns = check_names([(each.column, each.place) for each in shown], env)
    shown = [replace(each, column=column) for each, column in zip(shown, columns, strict=True)]
    grouped = group_by is not None or any(each.function is not None for each in shown)
    if not grouped:
        env.findings.stop_if_wrong()
        return Project(node, tuple(_projections(shown)))
    if group_by is not None:
        _check_groups(shown, group_by, shelf, env)
    keys = tuple(_projections(shown))
    check_keys(keys, env, next((each.place for each in shown), None))
    env.findings.stop_if_wrong()
    measures = tuple(Measure(each.column, each.function, each.argument) for each in shown if each.function is not None)
    made = Aggregate(node, keys, measures)
    return in_order(made, columns)


def in_order(node: Node, columns: Sequence[Column]) -> Node:
    """The node with its columns in this order."""
    if node.columns == tuple(columns):
        return node
    return Project(node, tuple(Projection(column, ColumnRef(column.name, column.type)) for column in columns))


def _projections(shown: Iterable[Shown]) -> Iterator[Projection]:
    for each in shown:
        if each.expr is not None:
            yield Projection(each.column, each.expr)


def check_keys(keys: Sequence[Projection], env: TaskEnv, place: Place | None) -> None:
    """Notes keys that cannot be grouped, and too many of them (data-setup.md §2.1, §17)."""
    for key in keys:
        if key.column.type.family is Family.MULTI_PICKLIST:
            message = f"{key.column.name!r} is a multi-picklist, which cannot be grouped (INVALID_TYPE)"
            env.findings.error("GS-TYPE", message, key.expr.place or place, value=key.column.name)
    env.limit("limits.group_by", len(keys), "group-by fields", place)


def _check_groups(shown: Sequence[Shown], group_by: Sequence[Text], shelf: Shelf, env: TaskEnv) -> None:
    """Notes where `group_by` and the plain shown fields differ (data-setup.md §4)."""
    groups: dict[str, Text] = {}
    for text in group_by:
        with env.findings.collecting():
            groups[resolve_name(text, shelf.scope).name] = text
    plainly = {each.expr.name: each for each in shown if isinstance(each.expr, ColumnRef)}
    for ref, each in plainly.items():
        if ref not in groups:
            message = f"{each.column.name!r} is shown, but neither grouped by nor aggregated (MALFORMED_QUERY)"
            hint = "add it to group_by, or aggregate it"
            env.findings.error("GS-SYNTAX", message, each.place, value=each.column.name, hint=hint)
    for ref, text in groups.items():
        if ref not in plainly:
            message = f"{text!r} is grouped by, but not shown (MALFORMED_QUERY)"
            place = text.at(0, len(text))
            env.findings.error("GS-SYNTAX", message, place, value=str(text), hint="add it to show")
