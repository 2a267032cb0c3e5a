"""The branches of dataset tasks: filters, cases, merges, lookups, pivots, unions, groups."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sqlglot import exp

from gsrules.compile.over_rows import within
from gsrules.dataclass import dataclass
from gsrules.errors import Place
from gsrules.expressions.spell import spell
from gsrules.expressions.tree import ColumnRef, Expr, Logic
from gsrules.plan.nodes import (
    Aggregate,
    Filter,
    Join,
    LookupHop,
    Matching,
    Measure,
    Node,
    OverRows,
    Project,
    ScanObject,
    TaskRef,
    Union,
    WindowMeasure,
    inputs,
    read_over_rows,
)
from gsrules.plan.unfold import BRANCH, FOUND, FROM, LEFT, RIGHT, ROW, Part
from gsrules.regress.branches.conditions import Subject, cases, conditions, said
from gsrules.regress.branches.model import ROWS, Branch, links_table
from gsrules.regress.branches.nulls import Columns, Nulls, of_node
from gsrules.regress.branches.origins import always_met
from gsrules.run.prepare import BoundRule
from gsrules.spec.tasks import MergeTask, PivotTask
from gsrules.tenant.names import column, select_from


@dataclass(frozen=True, slots=True)
class TaskContext:
    """What the branches of a part are made with: the rule, and which columns of the earlier tasks can be null."""

    bound: BoundRule
    nulls: Mapping[str, Columns]

    def below(self, node: Node) -> Columns:
        """Which columns of the rows that a node reads can be null."""
        (read,) = inputs(node)
        return of_node(read, self.nulls, self.bound.context.catalogue)  # type: ignore[arg-type]

    def spelled(self, expr: Expr) -> exp.Expression:
        return spell(expr, self.bound.spelling(ROWS))


def of_part(part: Part, context: TaskContext) -> Iterator[Branch]:
    """The branches of one part, in the order in which the user reads them."""
    make = _KINDS.get(type(part.node))
    if make is not None:
        yield from make(part, part.node, context)


def _subject(part: Part, rows: str, place: Place | None = None) -> Subject:
    return Subject("task", part.task, rows, place)


def _filter(part: Part, node: Filter, context: TaskContext) -> Iterator[Branch]:
    if _is_of_pivot(part, node, context):
        return
    subject = _subject(part, part.inputs[0], context.bound.plan.tasks[part.task].place)
    yield from conditions(subject, node.predicate, context.below(node), context.bound.spelling(ROWS), whole="filter")
    yield from cases(subject, "", node.predicate, context.bound.spelling(ROWS))


def _is_of_pivot(part: Part, node: Filter, context: TaskContext) -> bool:
    """Whether the filter only says that a row feeds some column of the pivot above it."""
    task = context.bound.plan.tasks[part.task].node
    if not ((isinstance(task, Aggregate) and task.is_pivot and task.input is node) or _feeds(task, node)):
        return False
    spec = context.bound.rule.tasks.get(part.task)  # type: ignore[call-overload]
    return not (isinstance(spec, PivotTask) and spec.where is not None and _is_first_filter(node))


def _feeds(task: Node, node: Filter) -> bool:
    if not (isinstance(task, Aggregate) and task.is_pivot):
        return False
    wheres = [measure.where for measure in task.measures if measure.where is not None]
    terms = node.predicate.terms if isinstance(node.predicate, Logic) else (node.predicate,)
    return all(any(term is where or term == where for where in wheres) for term in terms)


def _is_first_filter(node: Filter) -> bool:
    return not isinstance(node.input, Filter)


def _project(part: Part, node: Project, context: TaskContext) -> Iterator[Branch]:
    subject = _subject(part, part.inputs[0])
    for item in node.items:
        yield from cases(subject, item.column.name, item.expr, context.bound.spelling(ROWS))


def _aggregate(part: Part, node: Aggregate, context: TaskContext) -> Iterator[Branch]:
    subject = _subject(part, part.inputs[0], context.bound.plan.tasks[part.task].place)
    env = context.bound.spelling(ROWS)
    for key in node.keys:
        yield from cases(subject, key.column.name, key.expr, env)
    group = [context.spelled(key.expr) for key in node.keys]
    for measure in node.measures:
        if measure.argument is not None:
            yield from cases(subject, measure.column.name, measure.argument, env)
        if measure.where is not None:
            yield from _pivot_column(subject, node, measure, group, context)
            if isinstance(measure.where, Logic):
                yield from conditions(subject, measure.where, context.below(node), env, whole=None)
    if node.measures and not node.is_pivot:
        yield from _groups(subject, node, group)


def _pivot_column(
    subject: Subject, node: Aggregate, measure: Measure, group: list[exp.Expression], context: TaskContext
) -> Iterator[Branch]:
    assert measure.where is not None
    name = measure.column.name
    place = measure.where.place or subject.place
    fed = context.spelled(measure.where)
    other = subject.at(place)
    yield other.branch("pivot", name, "fed", fed, f"a row that feeds the column `{name}`")
    some = exp.Window(this=exp.LogicalOr(this=fed.copy()), partition_by=[each.copy() for each in group])
    nothing = exp.Not(this=exp.Coalesce(this=some, expressions=[exp.false()]))
    alone = len([each for each in node.measures if each.where is not None]) == 1
    kept = bool(context.bound.context.profile["pivot.keep_empty_groups"]) or not node.keys
    need = f"a group without any row that feeds the column `{name}`"
    yield other.branch("pivot", name, "not fed", nothing, need, counted=kept or not alone)


def _over_rows(part: Part, node: OverRows, context: TaskContext) -> Iterator[Branch]:
    subject = _subject(part, part.inputs[0], context.bound.plan.tasks[part.task].place)
    for value in node.values:
        for expr in read_over_rows(value):
            yield from cases(subject, value.column.name, expr, context.bound.spelling(ROWS))
        if isinstance(value, WindowMeasure):
            yield from _window(subject, value, context)


def _window(subject: Subject, value: WindowMeasure, context: TaskContext) -> Iterator[Branch]:
    name = value.column.name
    inside = within(context.spelled(value.day), value.first, value.end)
    some = exp.Window(this=exp.LogicalOr(this=inside), partition_by=[column(each, ROWS) for each in value.by])
    known = exp.Coalesce(this=some, expressions=[exp.false()])
    span = f"from {value.first} to before {value.end}"
    yield subject.branch("window", name, "rows", known, f"a row with a day {span}")
    need = f"rows of which none has a day {span}"
    yield subject.branch("window", name, "no row", exp.Not(this=known.copy()), need, counted=False)


def _groups(subject: Subject, node: Aggregate, group: list[exp.Expression]) -> Iterator[Branch]:
    size = exp.Window(this=exp.Count(this=exp.Star()), partition_by=[each.copy() for each in group])
    keys = ", ".join(f"[{key.column.name}]" for key in node.keys) or "all rows"
    one = exp.EQ(this=size, expression=exp.Literal.number(1))
    several = exp.GT(this=size.copy(), expression=exp.Literal.number(1))
    yield subject.branch("group", keys, "one row", one, f"a group of {keys} with one row", counted=False)
    need = f"a group of {keys} with several rows, which tells sums from largest values"
    yield subject.branch("group", keys, "several rows", several, need, counted=not _is_single(node))


def _is_single(node: Aggregate) -> bool:
    """Whether a record's own Gsid is among the keys, so that each group is one record."""
    below = node.input
    while isinstance(below, Filter | LookupHop | Matching):
        below = below.input
    keys = {key.expr.name for key in node.keys if isinstance(key.expr, ColumnRef)}
    return isinstance(below, ScanObject) and "Gsid" in keys


def _lookup(part: Part, node: LookupHop, context: TaskContext) -> Iterator[Branch]:
    subject = _subject(part, part.name, context.bound.plan.tasks[part.task].place)
    text = f"{node.key} → {node.object}"
    found = _linked(part, exp.Not(this=_is_null(column(FOUND.name, "l"))))
    none = _linked(part, _is_null(column(FOUND.name, "l")))
    yield subject.branch("lookup", text, "found", found, f"a row whose `{node.key}` is a record of {node.object}")
    may_miss = said(context.below(node).get(node.key))
    need = f"a row whose `{node.key}` is null or no record of {node.object}"
    yield subject.branch("lookup", text, "none", none, need, counted=may_miss)


def _linked(part: Part, condition: exp.Expression) -> exp.Expression:
    """Whether the row of a part has links that fulfil a condition over `l`."""
    rows = select_from(links_table(part.name, "l"), column(ROW.name, "l")).where(condition, copy=False)
    return exp.In(this=column(ROW.name, ROWS), query=exp.Subquery(this=rows))


def _is_null(value: exp.Expression) -> exp.Expression:
    return exp.Is(this=value, expression=exp.Null())


def _matching(part: Part, node: Matching, context: TaskContext) -> Iterator[Branch]:
    subject = _subject(part, part.inputs[0], context.bound.plan.tasks[part.task].place)
    kept = _among(part, FROM.name)
    yield subject.branch("lookup", "customers_only", "customer", kept, "a record of an account that is a company")
    other = exp.Not(this=kept.copy())
    yield subject.branch("lookup", "customers_only", "no customer", other, "a record of an account that is none")


def _among(part: Part, side: str) -> exp.Expression:
    """Whether a row of an input is the source of some row of the part."""
    rows = select_from(links_table(part.name, "l"), column(side, "l"))
    rows = rows.where(exp.Not(this=_is_null(column(side, "l"))), copy=False)
    return exp.In(this=column(ROW.name, ROWS), query=exp.Subquery(this=rows))


def _join(part: Part, node: Join, context: TaskContext) -> Iterator[Branch]:
    text, place, names = _written_join(part, node, context)
    tasks = context.bound.plan.tasks
    keys = {key.left: key.right for key in node.keys}
    back = {right: left for left, right in keys.items()}
    matched = _linked(part, _both())
    yield _subject(part, part.name, place).branch(
        "join", text, "matched", matched, f"rows of {names[0]} and {names[1]} with equal keys"
    )
    sides = (
        ("left", part.inputs[0], LEFT, _never_null(node.left, keys, context)),
        ("right", part.inputs[1], RIGHT, _never_null(node.right, back, context)),
    )
    met = (always_met(node.left, node.right, keys, tasks), always_met(node.right, node.left, back, tasks))
    for at, (side, rows, own, keyed) in enumerate(sides):
        matched_rows = select_from(links_table(part.name, "l"), column(own.name, "l"))
        partners = exp.Subquery(this=matched_rows.where(_both(), copy=False))
        alone = exp.Not(this=exp.In(this=column(ROW.name, ROWS), query=partners))
        fate = "kept" if node.keep in (side, "all") else "dropped"
        need = f"a row of {names[at]} without a partner in {names[1 - at]}, which is {fate}"
        subject = _subject(part, rows, place)
        yield subject.branch("join", text, f"{side} alone, {fate}", alone, need, counted=not (keyed and met[at]))


def _never_null(side: Node, keys: Mapping[str, str], context: TaskContext) -> bool:
    """Whether no row of a side has a null key, which meets nobody."""
    nulls = of_node(side, context.nulls, context.bound.context.catalogue)  # type: ignore[arg-type]
    return all(nulls[key] is not Nulls.YES for key in keys)


def _both() -> exp.Expression:
    """Whether a joined row has a row of each side."""
    left, right = (exp.Not(this=_is_null(column(side.name, "l"))) for side in (LEFT, RIGHT))
    return exp.And(this=left, expression=right)


def _written_join(part: Part, node: Join, context: TaskContext) -> tuple[str, Place | None, tuple[str, str]]:
    """The condition as the user wrote it, its place, and what the sides are called."""
    task = context.bound.plan.tasks[part.task]
    spec: Any = next((each for name, each in context.bound.rule.tasks.items() if str(name) == part.task), None)
    right = node.right.task if isinstance(node.right, TaskRef) else part.inputs[1]
    depth = 0
    below: Node = node.left
    while isinstance(below, Join):
        below, depth = below.left, depth + 1
    left = below.task if isinstance(below, TaskRef) else part.inputs[0]
    if not isinstance(spec, MergeTask):
        return f"{left} with {right}", task.place, (left, right)
    on = spec.join[depth].on
    shown = left if not depth else "the merge so far"
    return f"{right}: {on}", on.place, (shown, right)


def _union(part: Part, node: Union, context: TaskContext) -> Iterator[Branch]:
    if BRANCH not in part.hidden:
        return  # the part that removes duplicates reads all inputs as one
    subject = _subject(part, part.name, context.bound.plan.tasks[part.task].place)
    for at, each in enumerate(node.inputs):
        name = each.input.task if isinstance(each.input, TaskRef) else part.inputs[at]
        here = exp.EQ(this=column(BRANCH.name, "l"), expression=exp.Literal.number(at))
        yield subject.branch("union", name, "rows", _linked(part, here), f"a row of {name}")


_KINDS: Mapping[type[object], Callable[[Part, Any, TaskContext], Iterator[Branch]]] = {
    Filter: _filter,
    Project: _project,
    Aggregate: _aggregate,
    OverRows: _over_rows,
    LookupHop: _lookup,
    Matching: _matching,
    Join: _join,
    Union: _union,
}
