"""Where records ended: at which filter or merge, in which dataset, at which action; for all of them at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, Final

from sqlglot import exp

from gsrules.actions.changes.staging import cast, fragment, named, number, select, spelled, sub, typed_null
from gsrules.dataclass import dataclass
from gsrules.expressions.leaves import leaves
from gsrules.expressions.tree import Expr
from gsrules.plan.nodes import Filter
from gsrules.plan.unfold import ROW, Part
from gsrules.regress.why.ask import partner
from gsrules.regress.why.checks import deciders
from gsrules.regress.why.follow import Paths
from gsrules.regress.why.model import End, EndKind, Group
from gsrules.run.prepare import find_task
from gsrules.tenant.names import column, temp_table

_LOSING: Final[Mapping[str, EndKind]] = {"filter": "filter", "customers": "customers", "merge": "merge"}
_RANK: Final[Mapping[str, int]] = {"action": 3, "dataset": 2, "criteria": 2}
"""What counts as the end of a record when its rows ended in several places: the greatest."""


@dataclass(frozen=True, slots=True)
class _Place:
    kind: EndKind
    name: str
    predicate: Expr | None = None
    partner: str = ""


class Ends:
    """The table of ends: a row for each record and each place where rows of it ended."""

    def __init__(self, paths: Paths, effects: Mapping[str, str]) -> None:
        self._paths = paths
        self._trace = paths.trace
        self._effects = effects
        self._places: list[_Place] = []
        queries = list(self._queries())
        made: exp.Query = queries[0] if queries else _nothing()
        for other in queries[1:]:
            made = exp.Union(this=made, expression=other, distinct=False)
        self.table = self._trace.keep(made)

    def of_all(self, records: str) -> dict[int, tuple[End, ...]]:
        """The ends of the records in a table with the column `origin`, in the order of the rule."""
        asked = select(column("origin")).from_(temp_table(records), copy=False)
        known = exp.In(this=column("origin"), query=exp.Subquery(this=asked))
        query = select(column("origin"), *map(column, _COLUMNS)).from_(temp_table(self.table), copy=False)
        query = query.where(known, copy=False)
        query = query.order_by(column("origin"), column("at"), column("outcome"), column("code"), copy=False)
        found: dict[int, list[End]] = defaultdict(list)
        for origin, *row in self._rows(query):
            found[origin].append(self._end(tuple(row)))
        return defaultdict(tuple, {origin: tuple(ends) for origin, ends in found.items()})

    def groups(self) -> tuple[Group, ...]:
        """The records by where they ended finally, the most frequent first."""
        best = exp.Window(this=fragment("MAX(:r)", r=column("rank")), partition_by=[column("origin")])
        last = exp.Window(this=fragment("MAX(:a)", a=column("at")), partition_by=[column("origin"), column("rank")])
        ranked = select(exp.Star(), named(best, "best"), named(last, "last")).from_(temp_table(self.table), copy=False)
        final = select(exp.Star()).from_(sub(ranked, "k"), copy=False)
        kept = fragment(
            ":r = :b AND (:r > 1 OR :a = :l)", r=column("rank"), b=column("best"), a=column("at"), l=column("last")
        )
        final = final.where(kept, copy=False)
        signature = fragment(
            "LIST(STRUCT_PACK(at := :a, outcome := :o, code := :c, blame := :b, nulls := :n) ORDER BY :a, :o, :c)",
            a=column("at"), o=column("outcome"), c=column("code"), b=column("blame"), n=column("nulls"),
        )  # fmt: skip
        each = select(column("origin"), named(signature, "ends")).from_(sub(final, "f"), copy=False)
        each = each.group_by(column("origin"), copy=False)
        count = named(exp.Count(this=exp.Star()), "n")
        query = select(column("ends"), count).from_(sub(each, "e"), copy=False).group_by(column("ends"), copy=False)
        query = query.order_by(exp.Ordered(this=column("n"), desc=True), column("ends"), copy=False)
        groups: dict[tuple[End, ...], int] = {}
        for ends, records in self._rows(query):
            said = tuple(self._end((*(end[name] for name in _COLUMNS[:-1]), 0)) for end in ends)
            groups[said] = groups.get(said, 0) + int(records)
        return tuple(Group(*each) for each in sorted(groups.items(), key=lambda each: -each[1]))

    def final(self, ends: tuple[End, ...]) -> tuple[End, ...]:
        """Those that say how it went: what actions did; else where the last rows ended."""
        if not ends:
            return ()
        best = max(_RANK.get(end.kind, 1) for end in ends)
        kept = [end for end in ends if _RANK.get(end.kind, 1) == best]
        return tuple(kept) if best > 1 else tuple(kept[-1:])

    def _rows(self, query: exp.Query) -> list[tuple[Any, ...]]:
        return self._trace.tenant.con.execute(spelled(query)).fetchall()

    def _end(self, row: tuple[Any, ...]) -> End:
        at, outcome, code, blame, nulls, rows = row
        place = self._places[at]
        found = leaves(place.predicate) if place.predicate is not None else ()
        texts = [f"not ({leaf.text})" if leaf.negated else leaf.text for leaf in found]
        reasons = tuple(texts[each - 1] for each in blame or ())
        unknown = tuple(texts[each - 1] for each in nulls or ())
        return End(place.kind, place.name, outcome or "", code or "", reasons, unknown, int(rows), place.partner)

    # the queries

    def _queries(self) -> Iterator[exp.Select]:
        for part in self._trace.parts:
            if part.kind in _LOSING:
                for at, source in enumerate(part.inputs):
                    if source in self._paths.reached:
                        yield self._losses(part, at)
            if part.name in self._trace.bound.plan.tasks and part.name in self._paths.reached:
                yield from self._at_end(part)

    def _losses(self, part: Part, at: int) -> exp.Select:
        """Records of which no row came through."""
        node = part.node
        predicate = node.predicate if isinstance(node, Filter) else None
        other = partner(self._trace, part, at) if part.kind == "merge" else ""
        place = self._add(_Place(_LOSING[part.kind], part.task, predicate, other))
        lost = self._paths.lost(part, at)
        through = select(column("origin", "s")).from_(self._paths.pairs(part.inputs[at], "s"), copy=False)
        links = sub(self._trace.links(part.name, at), "l")
        met = exp.EQ(this=column("parent", "l"), expression=column("row", "s"))
        through = through.join(links, on=met, copy=False)
        gone = exp.Not(this=exp.In(this=column("origin", "t"), query=exp.Subquery(this=through)))
        return self._blamed(place, lost, part.inputs[at], predicate).where(gone, copy=False)

    def _at_end(self, part: Part) -> Iterator[exp.Select]:
        """Actions on a dataset; a dataset that nobody reads is an end, too."""
        acting = [
            (spec, action)
            for spec, action in self._trace.bound.actions
            if find_task(self._trace.bound.plan, spec.from_, spec.id) == part.name
        ]
        for spec, action in acting:
            effects = self._effects[str(spec.id)]
            place = self._add(_Place("action", str(spec.id)))
            met = exp.EQ(this=column("row", "x"), expression=column("row", "s"))
            acted = select(
                column("origin", "s"),
                *self._fixed(place),
                named(column("outcome", "x"), "outcome"),
                named(column("code", "x"), "code"),
                named(_no_list(), "blame"),
                named(_no_list(), "nulls"),
                named(exp.Count(this=exp.Star()), "rows"),
            ).from_(self._paths.pairs(part.name, "s"), copy=False)
            acted = acted.join(temp_table(effects, "x"), on=met, copy=False)
            yield acted.group_by(column("origin", "s"), column("outcome", "x"), column("code", "x"), copy=False)
            if action.criteria is not None:
                yield self._unmatched(part, str(spec.id), action.criteria, effects)
        if not acting and not self._trace.unfolded.readers(part.name):
            place = self._add(_Place("dataset", part.name))
            yield self._blamed(place, self._pairs(part), part.name, None)

    def _unmatched(self, part: Part, action: str, criteria: Expr, effects: str) -> exp.Select:
        """Records of which no row met the criteria of an action."""
        place = self._add(_Place("criteria", action, criteria))
        met = exp.EQ(this=column("row", "x"), expression=column("row", "s"))
        acted = select(column("origin", "s")).from_(self._paths.pairs(part.name, "s"), copy=False)
        acted = acted.join(temp_table(effects, "x"), on=met, copy=False)
        gone = exp.Not(this=exp.In(this=column("origin", "t"), query=exp.Subquery(this=acted)))
        return self._blamed(place, self._pairs(part), part.name, criteria).where(gone, copy=False)

    def _pairs(self, part: Part) -> exp.Select:
        return select(column("origin", "s"), column("row", "s")).from_(self._paths.pairs(part.name, "s"), copy=False)

    def _blamed(self, place: int, rows: exp.Select, source: str, predicate: Expr | None) -> exp.Select:
        """A row for each record of `rows`, with the leaves that kept its rows out."""
        blame, nulls = _no_list(), _no_list()
        query_from = sub(rows, "t")
        if predicate is not None:
            kept, unknown = deciders(predicate, self._trace.bound.spelling("r"))
            blame, nulls = (fragment("LIST_SORT(LIST_DISTINCT(FLATTEN(LIST(:l))))", l=each) for each in (kept, unknown))
        query = select(
            column("origin", "t"),
            *self._fixed(place),
            named(typed_null("VARCHAR"), "outcome"),
            named(typed_null("VARCHAR"), "code"),
            named(cast(blame, "INTEGER[]"), "blame"),
            named(cast(nulls, "INTEGER[]"), "nulls"),
            named(exp.Count(this=exp.Star()), "rows"),
        ).from_(query_from, copy=False)
        if predicate is not None:
            met = exp.EQ(this=column(ROW.name, "r"), expression=column("row", "t"))
            query = query.join(self._trace.rows(source, "r"), on=met, copy=False)
        return query.group_by(column("origin", "t"), copy=False)

    def _fixed(self, place: int) -> list[exp.Expr]:
        rank = _RANK.get(self._places[place].kind, 1)
        return [named(number(place), "at"), named(number(rank), "rank")]

    def _add(self, place: _Place) -> int:
        self._places.append(place)
        return len(self._places) - 1


_COLUMNS: Final = ("at", "outcome", "code", "blame", "nulls", "rows")


def _no_list() -> exp.Expr:
    return typed_null("INTEGER[]")


def _nothing() -> exp.Select:
    items = {"origin": "BIGINT", "at": "INTEGER", "rank": "INTEGER", "outcome": "VARCHAR", "code": "VARCHAR"}
    lists = {"blame": "INTEGER[]", "nulls": "INTEGER[]", "rows": "BIGINT"}
    return select(*(named(typed_null(kind), name) for name, kind in (items | lists).items())).where(exp.false())
