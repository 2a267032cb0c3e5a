"""The SELECT over the matched rows of a dataset, to which conversions add joins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

from sqlglot import exp

from gsrules.actions.changes.staging import Scratch, all_of, column, left_join, named, relation, select, sub, use
from gsrules.actions.kind import ActionRun
from gsrules.catalogue import Catalogue
from gsrules.dataclass import dataclass
from gsrules.expressions.spell import SpellEnv, spell
from gsrules.expressions.tree import Expr

ROW = "__row"
_BASE = "d"
_ONCE = "__once"


@dataclass(slots=True)
class Matched:
    """The matched rows: the dataset as `d`, filtered by the criteria, left-joined with what conversions need."""

    run: ActionRun
    env: SpellEnv
    scratch: Scratch
    criteria: Expr | None
    joins: list[tuple[exp.Query, str, exp.Expr]] = field(default_factory=list)
    layers: list[dict[str, exp.Expr]] = field(default_factory=list)
    _counts: tuple[int, int, int] | None = None

    def spell(self, expr: Expr) -> exp.Expr:
        """A bound expression over the dataset's columns."""
        return spell(expr, self.env)

    @property
    def row(self) -> exp.Expr:
        return column(ROW, _BASE)

    def join(self, query: exp.Query, keys: Sequence[tuple[str, exp.Expr]]) -> str:
        """Left-joins `query`, of which the columns named in `keys` equal the given values; returns its alias.

        The caller sees to it that at most one row of `query` matches.
        """
        alias = f"j{len(self.joins)}"
        on = all_of(exp.EQ(this=column(name, alias), expression=use(value)) for name, value in keys)
        self.joins.append((query, alias, on))
        return alias

    def once(self, value: exp.Expr) -> exp.Expr:
        """A column with a value over the columns of `d`, for a value that is needed several times.

        It keeps statements short, and with them the time to plan them.
        """
        if isinstance(value, exp.Column | exp.Literal | exp.Null):
            return value
        known = [found.name for found in value.find_all(exp.Column) if found.name.startswith(_ONCE)]
        depth = max((i + 1 for i, layer in enumerate(self.layers) if any(name in layer for name in known)), default=0)
        if depth == len(self.layers):
            self.layers.append({})
        name = f"{_ONCE}{sum(map(len, self.layers))}"
        self.layers[depth][name] = value
        return column(name, _BASE)

    def distinct(self, value: exp.Expr, name: str) -> exp.Query:
        """The distinct non-null values of an expression over the matched rows."""
        return self._filtered(
            select(named(value, name)).distinct(copy=False).from_(relation(self.run.dataset, _BASE), copy=False),
            exp.Not(this=exp.Is(this=use(value), expression=exp.Null())),
        )

    def select(self, items: Sequence[exp.Expr]) -> exp.Select:
        """The given output columns of all matched rows."""
        query = select(*items).from_(self._source(), copy=False)
        for joined, alias, on in self.joins:
            query = query.join(left_join(sub(joined, alias), on=on), copy=False)
        return query if self.layers else self._filtered(query)

    def _source(self) -> exp.Expr:
        """The dataset with what is computed once; the criteria is applied before that."""
        source: exp.Expr = relation(self.run.dataset, _BASE)
        for depth, layer in enumerate(self.layers):
            computed = (named(value, name) for name, value in layer.items())
            query = select(exp.Star(), *computed).from_(source, copy=False)
            source = sub(query if depth else self._filtered(query), _BASE)
        return source

    def _filtered(self, query: exp.Select, *conditions: exp.Expr) -> exp.Select:
        found = [*conditions, *([self.spell(self.criteria)] if self.criteria else [])]
        return query.where(all_of(found), copy=False) if found else query

    def counts(self) -> tuple[int, int, int]:
        """Rows received, matched, and not matched only because the criteria is unknown (actions.md §2)."""

        def query() -> exp.Select:
            count = exp.Count(this=exp.Star())
            items: list[exp.Expr] = [count]
            if self.criteria:
                condition = self.spell(self.criteria)
                unknown = exp.Is(this=exp.Paren(this=use(condition)), expression=exp.Null())
                items += [exp.Filter(this=use(count), expression=exp.Where(this=use(c))) for c in (condition, unknown)]
            return select(*items).from_(relation(self.run.dataset, _BASE), copy=False)

        if self._counts is None:
            found = self.scratch.row("counts", query)
            self._counts = (found[0], found[1], found[2]) if self.criteria else (found[0], found[0], 0)
        return self._counts


def spelling(run: ActionRun, catalogue: Catalogue) -> SpellEnv:
    """How bound expressions name columns of the dataset."""
    return SpellEnv(
        column=lambda name: column(name, _BASE), rule_date=run.rule_date, profile=run.profile, catalogue=catalogue
    )
