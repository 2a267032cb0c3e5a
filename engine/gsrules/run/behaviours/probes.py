"""Probes: for a spot at which two forms of a plan differ, a query that counts the rows on which that matters.

Both forms of the spot look at the same rows, those that reach it in the run. So if no probe counts anything, both forms
give the same, task after task.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from sqlglot import exp

from gsrules.catalogue.datatypes import WHOLE
from gsrules.compile.relation import name
from gsrules.dataclass import dataclass
from gsrules.expressions.tree import Expr
from gsrules.plan.nodes import (
    Aggregate,
    Column,
    Filter,
    Join,
    LookupHop,
    Measure,
    Node,
    PlannedTask,
    Project,
    TaskRef,
    inputs,
)
from gsrules.run.behaviours.leaves import differing, shown
from gsrules.run.behaviours.sides import Side, with_inputs
from gsrules.run.behaviours.statement import Statement

_COUNT = "n"
_SIGN = "__sign"


@dataclass(frozen=True, slots=True)
class Probe:
    """A spot of a task: `where` in words of the rule, `reads` the tasks on whose rows it looks.

    `count` adds what it needs to a statement and gives a query of one number.
    """

    task: str
    where: str
    reads: tuple[str, ...]
    count: Callable[[Statement], exp.Select]


class _Unlike(Exception):  # noqa: N818 - control flow, never seen outside
    """The forms of a task differ in more than what one node says."""


def probes(a: Side, b: Side, task: PlannedTask, other: PlannedTask) -> list[Probe]:
    """A probe for every spot at which the two forms of a task differ; `a` is the form that was run."""
    try:
        return [probe for spot in _spots(a, b, task.node, other.node) for probe in _probes(a, b, task, *spot)]
    except _Unlike:
        return [_whole_task(b, task, other)]


def _spots(a: Side, b: Side, node: Node, other: Node) -> Iterator[tuple[Node, Node]]:
    """The pairs of nodes that themselves say different things."""
    below, others = inputs(node), inputs(other)
    if type(node) is not type(other) or len(below) != len(others):
        raise _Unlike
    for pair in zip(below, others, strict=True):
        yield from _spots(a, b, *pair)
    if not b.says_as(other, a, node):
        if not below or isinstance(node, LookupHop):
            # What is read differs: it shows in the task's rows whether anything looks at that.
            raise _Unlike
        yield node, other


def _probes(a: Side, b: Side, task: PlannedTask, node: Node, other: Node) -> Iterator[Probe]:
    reads = tuple(task.parents)
    match node, other:
        case Filter(), Filter():
            where = shown(differing(a, b, node.predicate, other.predicate))
            yield Probe(task.name, where, reads, passing(a, b, node.input, node.predicate, other.predicate))
        case Project(), Project() if _same_columns(node, other):
            for one, two in zip(node.items, other.items, strict=True):
                parts = differing(a, b, one.expr, two.expr)
                if parts:
                    where = f"{one.column.name}: {shown(parts)}"
                    yield Probe(task.name, where, reads, _values(a, b, node.input, one.expr, two.expr))
        case Aggregate(), Aggregate() if pairs := _other_conditions(a, b, node, other):
            for column, first, second in pairs:
                where = f"{column}: {shown(differing(a, b, first, second))}"
                yield Probe(task.name, where, reads, passing(a, b, node.input, first, second))
        case Join(), Join():
            where = " and ".join(f"{key.left} = {key.right}" for key in node.keys)
            yield Probe(task.name, where, reads, _partners(a, b, node, other))
        case _:
            yield Probe(task.name, _columns_of(a, b, node, other), reads, _results(a, b, node, other))


def _same_columns(node: Project, other: Project) -> bool:
    return [item.column.name for item in node.items] == [item.column.name for item in other.items]


def _other_conditions(a: Side, b: Side, node: Aggregate, other: Aggregate) -> list[tuple[str, Expr, Expr]]:
    """The columns whose condition differs, with both conditions; none if anything else does, too."""
    if len(node.measures) != len(other.measures):
        return []
    pairs: list[tuple[str, Expr, Expr]] = []
    measures: list[Measure] = []
    for one, two in zip(node.measures, other.measures, strict=True):
        if one.where is not None and two.where is not None and a.spelled(one.where) != b.spelled(two.where):
            pairs.append((one.column.name, one.where, two.where))
        measures.append(replace(one, where=two.where))
    same = replace(node, measures=tuple(measures))
    return pairs if b.text(same) == b.text(other) else []


def _columns_of(a: Side, b: Side, node: Node, other: Node) -> str:
    """The columns of a group that are computed otherwise."""
    if not (isinstance(node, Aggregate) and isinstance(other, Aggregate)):
        return ""
    changed = [
        one.column.name
        for one, two in zip(node.measures, other.measures, strict=False)
        if a.text(Aggregate(node.input, (), (one,))) != b.text(Aggregate(node.input, (), (two,)))
    ]
    return ", ".join(changed)


def passing(a: Side, b: Side, below: Node, one: Expr, two: Expr) -> Callable[[Statement], exp.Select]:
    """Rows that fulfil one of the conditions only."""

    def count(statement: Statement) -> exp.Select:
        left, right = statement.visitor(a), statement.visitor(b)
        base = left.unshaped(statement.rows(below))
        passes = [_true(left.spelled(one, base)), _true(right.spelled(two, base))]
        return _counted(base.select.where(_distinct(*passes), copy=False))

    return count


def _values(a: Side, b: Side, below: Node, one: Expr, two: Expr) -> Callable[[Statement], exp.Select]:
    """Rows with another value."""

    def count(statement: Statement) -> exp.Select:
        left, right = statement.visitor(a), statement.visitor(b)
        base = left.unshaped(statement.rows(below))
        differs = _distinct(left.spelled(one, base), right.spelled(two, base))
        return _counted(base.select.where(differs, copy=False))

    return count


def _partners(a: Side, b: Side, node: Join, other: Join) -> Callable[[Statement], exp.Select]:
    """Rows of the left side that find other partners: both joins over the distinct keys, which cannot explode."""

    def count(statement: Statement) -> exp.Select:
        left = statement.add(_distinct_keys(statement, a, node.left, [key.left for key in node.keys]))
        right = statement.add(_distinct_keys(statement, a, node.right, [key.right for key in node.keys]))
        of_left, of_right = ({each.name: each for each in end.columns} for end in (node.left, node.right))
        counted = Column(_COUNT, _COUNT, WHOLE)
        keys = [f"l{at}" for at in range(len(node.keys))]
        lefts = {each: key.left for each, key in zip(keys, node.keys, strict=True)} | {_COUNT: _COUNT}
        rights = {f"r{at}": key.right for at, key in enumerate(node.keys)}
        columns = tuple(Column(each, each, WHOLE) for each in (*lefts, *rights))
        pairs = []
        for side, join in ((a, node), (b, other)):
            ends = (
                TaskRef(left, (*_each_once(of_left[key.left] for key in join.keys), counted)),
                TaskRef(right, _each_once(of_right[key.right] for key in join.keys)),
            )
            matched = Join(*ends, "common", join.keys, lefts, rights, columns)
            pairs.append(statement.add(statement.visitor(side).select(matched)))
        changed = statement.add(_symmetric(*(statement.table(each) for each in pairs)))
        found = exp.Select(expressions=[_column(each) for each in lefts]).from_(statement.table(changed)).distinct()
        total = exp.Coalesce(this=exp.Sum(this=_column(_COUNT)), expressions=[exp.Literal.number(0)])
        return exp.Select(expressions=[total]).from_(found.subquery("changed"))

    return count


def _each_once(columns: Iterable[Column]) -> tuple[Column, ...]:
    return tuple({each.name: each for each in columns}.values())


def _distinct_keys(statement: Statement, side: Side, node: Node, keys: list[str]) -> exp.Select:
    base = statement.visitor(side).unshaped(statement.rows(node))
    unique = list(dict.fromkeys(keys))
    items = [exp.Alias(this=base.columns[each].copy(), alias=name(each)) for each in unique]
    rows = exp.Alias(this=exp.Count(this=exp.Star()), alias=name(_COUNT))
    grouped = base.select.select(*items, rows, append=False)
    return grouped.group_by(*(base.columns[each].copy() for each in unique))


def _results(a: Side, b: Side, node: Node, other: Node) -> Callable[[Statement], exp.Select]:
    """Rows that only one of the nodes gives, over the same input."""

    def count(statement: Statement) -> exp.Select:
        below = tuple(statement.rows(each) for each in inputs(node))
        one = statement.add(statement.visitor(a).select(with_inputs(node, below)))
        two = statement.add(statement.visitor(b).select(with_inputs(other, below)))
        return either(statement, one, two)

    return count


def _whole_task(b: Side, task: PlannedTask, other: PlannedTask) -> Probe:
    """Rows of the task that only one of its forms gives."""

    def count(statement: Statement) -> exp.Select:
        columns = [_column(each.name) for each in task.columns]
        one = statement.add(exp.Select(expressions=columns).from_(statement.task(task.name)))
        for parent in other.parents:
            statement.task(parent)
        return either(statement, one, statement.add(statement.visitor(b).select(other.node)))

    return Probe(task.name, "", (task.name,), count)


def either(statement: Statement, one: str, two: str) -> exp.Select:
    """The larger of the numbers of rows that only one of two relations has.

    Equal rows of the two cancel each other out, in one pass over both.
    """
    signed = [
        exp.Select(expressions=[exp.Star(), exp.Alias(this=exp.Literal.number(sign), alias=name(_SIGN))])
        for sign in (1, -1)
    ]
    pairs = zip(signed, (one, two), strict=True)
    first, second = (select.from_(statement.table(each), copy=False) for select, each in pairs)
    left = exp.Alias(this=exp.Sum(this=_column(_SIGN)), alias=name(_SIGN))
    rest = exp.Select(expressions=[exp.Star(except_=[name(_SIGN)]), left])
    rest = rest.from_(exp.Union(this=first, expression=second, distinct=False).subquery("both"), copy=False)
    rest.set("group", exp.Group(all=True))
    counts = [exp.Sum(this=_at_least_0(each)) for each in (_column(_SIGN), exp.Neg(this=_column(_SIGN)))]
    larger = exp.Coalesce(this=_greatest(*counts), expressions=[exp.Literal.number(0)])
    return exp.Select(expressions=[larger]).from_(rest.subquery("rest"), copy=False)


def _at_least_0(value: exp.Expression) -> exp.Expression:
    return _greatest(value, exp.Literal.number(0))


def _greatest(one: exp.Expression, two: exp.Expression) -> exp.Expression:
    return exp.Greatest(this=one, expressions=[two], ignore_nulls=True)  # else spelled with tests for null


def _symmetric(one: exp.Table, two: exp.Table) -> exp.Query:
    parts = [
        exp.Select(expressions=[exp.Star()]).from_(_except(first, second).subquery("rest"))
        for first, second in ((one, two), (two, one))
    ]
    return exp.Union(this=parts[0], expression=parts[1], distinct=False)


def _except(one: exp.Table, two: exp.Table) -> exp.Except:
    sides = [exp.Select(expressions=[exp.Star()]).from_(each.copy()) for each in (one, two)]
    return exp.Except(this=sides[0], expression=sides[1], distinct=False)


def _counted(rows: exp.Select) -> exp.Select:
    return rows.select(exp.Count(this=exp.Star()), append=False)


def _distinct(one: exp.Expression, two: exp.Expression) -> exp.Expression:
    return exp.NullSafeNEQ(this=exp.Paren(this=one), expression=exp.Paren(this=two))


def _true(condition: exp.Expression) -> exp.Expression:
    return exp.Coalesce(this=condition, expressions=[exp.false()])


def _column(text: str) -> exp.Column:
    return exp.Column(this=name(text))
