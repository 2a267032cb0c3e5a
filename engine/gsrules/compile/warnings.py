"""The counted warnings of a task: on how many rows an expression could not be computed (data-setup.md §0)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from sqlglot import exp

from gsrules.compile.visitor import EnvFor, Visitor
from gsrules.dataclass import dataclass
from gsrules.expressions.counted import counted
from gsrules.expressions.tree import ColumnRef, Expr, Literal, references
from gsrules.plan.nodes import Aggregate, Filter, Node, OverRows, PlannedTask, Project, Statistic, walk

SEVERAL_ROWS: Final = "several rows in one period"


@dataclass(frozen=True, slots=True)
class Spot:
    """`count` is a SELECT of one number: the rows of the task's input on which `column` is lost for `reason`."""

    column: str
    reason: str
    fatal: bool
    count: exp.Select


def spots(task: PlannedTask, visitor: Visitor, env_for: EnvFor) -> Iterator[Spot]:
    """Every place of a task where a value may turn out null for want of a result, or is made of doubtful data.

    Each is counted over the rows that reach the expression; those are a task's kept rows, so a second look is cheap.
    """
    for node in walk(task.node):
        if not isinstance(node, Filter | Project | Aggregate | OverRows):
            continue
        anything = env_for({column.name: exp.Null() for column in node.input.columns})
        for column, inside, expr in _expressions(node):
            if isinstance(expr, ColumnRef | Literal) or not counted(expr, anything):
                continue
            over = visitor.unshaped(_needed_by(expr, node.input))
            for found in counted(expr, env_for(over.columns)):
                met = exp.Filter(this=exp.Count(this=exp.Star()), expression=exp.Where(this=found.condition))
                yield Spot(column, found.reason + inside, found.fatal, over.select.select(met, append=False))
        if isinstance(node, OverRows):
            # Few rules have such values, and what computes them takes time to import.
            from gsrules.compile.over_rows import crowded

            for field, rows in crowded(node, visitor.unshaped(node.input), visitor.spelled):
                yield Spot(field, SEVERAL_ROWS, False, rows)


def _needed_by(expr: Expr, node: Node) -> Node:
    """The rows that an expression reads, without the values over rows that it does not."""
    if not isinstance(node, OverRows):
        return node
    read = references(expr)
    values = tuple(value for value in node.values if value.column.name in read)
    return replace(node, values=values) if values else node.input


def _expressions(node: Node) -> Iterator[tuple[str, str, Expr]]:
    """The expressions of a node, each with the column that it is for (empty for a condition), and inside of what."""
    match node:
        case Filter():
            yield "", "", node.predicate
        case Project():
            yield from ((item.column.name, "", item.expr) for item in node.items)
        case OverRows():
            for value in node.values:
                if isinstance(value, Statistic):
                    yield from ((value.field, f" in {value.column.name}", expr) for expr in value.arguments)
        case Aggregate():
            yield from ((key.column.name, "", key.expr) for key in node.keys)
            for measure in node.measures:
                for expr in (measure.argument, measure.where):
                    if expr is not None:
                        yield measure.column.name, "", expr
