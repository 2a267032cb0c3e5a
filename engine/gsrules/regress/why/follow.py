"""Follows records through the parts of a traced run, all at once: which rows of each part come from which record."""

from __future__ import annotations

from sqlglot import exp

from gsrules.actions.changes.staging import named, select, spelled, sub
from gsrules.dataclass import dataclass
from gsrules.plan.unfold import Part
from gsrules.run.trace import Trace
from gsrules.tenant.names import column, temp_table


@dataclass(frozen=True, slots=True)
class Paths:
    """`reached` names, by part, a table with `origin` (the number of a record) and `row` (a row made of it)."""

    trace: Trace
    origins: str
    reached: dict[str, str]

    def pairs(self, part: str, alias: str) -> exp.Table:
        """The table of a part's pairs, for a FROM."""
        return temp_table(self.reached[part], alias)

    def rows_of(self, part: str, origin: int) -> exp.Select:
        """The rows of a part that were made of one record: a column `row`."""
        mine = exp.EQ(this=column("origin", "s"), expression=exp.Literal.number(origin))
        return select(column("row", "s")).from_(self.pairs(part, "s"), copy=False).where(mine, copy=False)

    def lost(self, part: Part, at: int) -> exp.Select:
        """`origin` and `row` of the rows that come to a part by an input, and from which it makes nothing."""
        source = select(column("origin", "s"), column("row", "s")).from_(self.pairs(part.inputs[at], "s"), copy=False)
        used = select(column("parent", "l")).from_(sub(self.trace.links(part.name, at), "l"), copy=False)
        known = exp.In(this=column("row", "s"), query=exp.Subquery(this=used))
        return source.where(exp.Not(this=known), copy=False)

    def count(self, query: exp.Query) -> int:
        """The number of rows of a query."""
        counted = select(exp.Count(this=exp.Star())).from_(sub(query, "n"), copy=False)
        found = self.trace.tenant.con.execute(spelled(counted)).fetchone()
        return int(found[0]) if found else 0


def follow(trace: Trace, origins: str) -> Paths:
    """Follows the rows in the table `origins` (`origin`, `part`, `row`) down to the last parts."""
    reached: dict[str, str] = {}
    for part in trace.parts:
        sets: list[exp.Query] = [_started(origins, part.name)]
        for at, source in enumerate(part.inputs):
            if source in reached:
                links = sub(trace.links(part.name, at), "l")
                met = exp.EQ(this=column("parent", "l"), expression=column("row", "s"))
                found = select(column("origin", "s"), named(column("child", "l"), "row"))
                sets.append(found.from_(temp_table(reached[source], "s"), copy=False).join(links, on=met, copy=False))
        made: exp.Query = sets[0]
        for other in sets[1:]:
            made = exp.Union(this=made, expression=other, distinct=True)
        table = trace.keep(made)
        some = trace.tenant.con.execute(spelled(select(exp.true()).from_(temp_table(table)).limit(1))).fetchone()
        if some is not None:
            reached[part.name] = table
    return Paths(trace, origins, reached)


def _started(origins: str, part: str) -> exp.Select:
    here = exp.EQ(this=column("part", "o"), expression=exp.Literal.string(part))
    return select(column("origin", "o"), column("row", "o")).from_(temp_table(origins, "o")).where(here, copy=False)
