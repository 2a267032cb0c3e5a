"""Which rows of a dataset each value hits, as one table with a truth value for each: `h0`, `h1`, …"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlglot import exp

from gsrules.catalogue.datatypes import DataType
from gsrules.dataclass import dataclass
from gsrules.expressions.leaves import leaves, source_text
from gsrules.expressions.spell import spell
from gsrules.expressions.tree import Expr
from gsrules.plan.nodes import Filter
from gsrules.plan.unfold import ROW, Part
from gsrules.regress.sweep.bench import Bench, temporary
from gsrules.regress.sweep.merging import MergedPlan
from gsrules.run.trace import Trace
from gsrules.tenant.names import column, create_temp, identifier, named, run, select_from, temp_table

Path = tuple[tuple[Part, int], ...]
"""From a dataset down to a filter: each part with the input that is followed."""


@dataclass(frozen=True, slots=True)
class Decider:
    """A value that a condition with the parameter looks at: a column of the table of hits."""

    column: str
    text: str
    type: DataType


@dataclass(frozen=True, slots=True)
class Moved:
    """The rows of a dataset that depend on the parameter: a table with `row`, `h…` and the deciding values."""

    table: str
    deciders: tuple[Decider, ...]


def differing(predicates: Sequence[Expr]) -> list[Expr]:
    """What the conditions that differ between the values look at, each once."""
    lists = [leaves(each) for each in predicates]
    found: dict[str, Expr] = {}
    for same in zip(*lists, strict=False):
        if any(leaf.expr != same[0].expr for leaf in same):
            found |= {source_text(value): value for value in same[0].values}
    # Where the parameter is all that a condition holds on one side, that side is a value of its own: not shown.
    return list(found.values())


def known(value: exp.Expression) -> exp.Expression:
    return exp.Coalesce(this=exp.Paren(this=value), expressions=[exp.false()])


def moved(bench: Bench, plan: MergedPlan, trace: Trace, dataset: str) -> Moved | None:
    """The rows of a dataset that some value drops on the way; None where every value keeps all."""
    paths = list(_paths(trace, trace.part(dataset), plan))
    if not paths:
        return None
    deciders: list[Decider] = []
    looked = []
    for path in paths:
        predicates = _predicates(path, plan)
        values = differing(predicates)
        own = [Decider(f"v{len(deciders) + at}", source_text(each), each.type) for at, each in enumerate(values)]
        deciders += own
        looked.append((path, predicates, dict(zip((each.column for each in own), values, strict=True))))
    every: exp.Query | None = None
    for path, predicates, values_of in looked:
        rows = _of_path(bench, trace, path, predicates, values_of, deciders)
        every = rows if every is None else exp.Union(this=every, expression=rows, distinct=False)
    assert every is not None
    source = exp.Subquery(this=every, alias=exp.TableAlias(this=identifier("p")))
    kept = (named(exp.LogicalAnd(this=column(f"h{at}", "p")), f"h{at}") for at in range(len(bench.swept.values)))
    values_kept = (named(exp.AnyValue(this=column(each.column, "p")), each.column) for each in deciders)
    query = select_from(source, column("row", "p"), *kept, *values_kept).group_by(column("row", "p"), copy=False)
    table = temporary()
    run(bench.tenant.con, create_temp(table, query))
    return Moved(table, tuple(deciders))


def _paths(trace: Trace, part: Part, plan: MergedPlan, taken: Path = ()) -> Iterator[Path]:
    """All ways from a part down to the filters that depend on the parameter."""
    if isinstance(part.node, Filter) and plan.of(part.node.predicate) is not None:
        yield (*taken, (part, 0))
    if part.keys is not None:
        return  # rows of groups do not depend on the parameter
    for at, below in enumerate(part.inputs):
        yield from _paths(trace, trace.part(below), plan, (*taken, (part, at)))


def _predicates(path: Path, plan: MergedPlan) -> tuple[Expr, ...]:
    node = path[-1][0].node
    assert isinstance(node, Filter)
    found = plan.of(node.predicate)
    assert found is not None
    return found


def _of_path(
    bench: Bench,
    trace: Trace,
    path: Path,
    predicates: Sequence[Expr],
    values: dict[str, Expr],
    deciders: Sequence[Decider],
) -> exp.Select:
    """`row` of the dataset with what the filter at the end of the path says to the row that it was made of."""
    env = trace.bound.spelling("f")
    hits = [named(known(spell(each, env)), f"h{at}") for at, each in enumerate(predicates)]
    shown = [
        named(spell(values[each.column], env) if each.column in values else exp.Null(), each.column)
        for each in deciders
    ]
    links = [
        exp.Subquery(this=trace.links(part.name, at), alias=exp.TableAlias(this=identifier(f"l{number}")))
        for number, (part, at) in enumerate(path)
    ]
    query = select_from(links[0], named(column("child", "l0"), "row"), *hits, *shown)
    for number, link in enumerate(links[1:], start=1):
        met = exp.EQ(this=column("child", f"l{number}"), expression=column("parent", f"l{number - 1}"))
        query = query.join(link, on=met, copy=False)
    read = trace.rows(path[-1][0].inputs[0], "f")
    met = exp.EQ(this=column(ROW.name, "f"), expression=column("parent", f"l{len(path) - 1}"))
    return query.join(read, on=met, copy=False)


def subset(bench: Bench, dataset: str, hits: Moved, at: int) -> str:
    """The dataset as value number `at` makes it: a table of its own."""
    kept = select_from(temp_table(hits.table, "m"), column("row", "m"))
    kept = kept.where(exp.Not(this=column(f"h{at}", "m")), copy=False)
    outside = exp.Not(this=exp.In(this=column(ROW.name, "d"), query=exp.Subquery(this=kept)))
    table = temporary()
    run(
        bench.tenant.con,
        create_temp(table, select_from(temp_table(dataset, "d"), exp.Star()).where(outside, copy=False)),
    )
    return table
