"""The story of one record: what each step of the rule did with its rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from sqlglot import exp

from gsrules.actions.changes.staging import all_of, number, select, spelled, sub
from gsrules.catalogue.datatypes import Family
from gsrules.expressions import spell
from gsrules.expressions.leaves import source_text
from gsrules.expressions.printed import name_text, printed, value_text
from gsrules.expressions.tree import ColumnRef, references
from gsrules.plan.nodes import Aggregate, Column, Filter, Join, LookupHop, Matching, Measure, OverRows, Project, Union
from gsrules.plan.unfold import ROW, Part
from gsrules.regress.why.ask import key_column, partner, source_title
from gsrules.regress.why.checks import checks, formulas, one_row
from gsrules.regress.why.follow import Paths
from gsrules.regress.why.model import Near, Step, StepKind, Value
from gsrules.regress.why.near import Key, as_text, nearest_keys
from gsrules.regress.why.upstream import elsewhere
from gsrules.regress.why.values import Words, said_name
from gsrules.run.trace import Trace
from gsrules.tenant.names import column

_SAMPLE: Final = 3
_SHOWN: Final = 6


class Story:
    """Tells the steps of one record after the other."""

    def __init__(self, paths: Paths, words: Words, origin: int) -> None:
        self._paths = paths
        self._trace = paths.trace
        self._words = words
        self._origin = origin

    def steps(self) -> Iterator[Step]:
        """All steps that rows of the record came to, in the order of the rule."""
        for part in self._trace.parts:
            came = [at for at, source in enumerate(part.inputs) if self._rows(source)]
            if came or (not part.inputs and self._rows(part.name)):
                yield from self._step(part, came)

    def _step(self, part: Part, came: Sequence[int]) -> Iterator[Step]:
        match part.node:
            case Filter():
                yield self._filter(part, part.node)
            case Matching():
                yield self._customers(part, part.node)
            case LookupHop():
                yield self._lookup(part, part.node)
            case Project():
                step = self._columns(part, part.node)
                if step is not None:
                    yield step
            case Aggregate():
                yield self._group(part, part.node)
            case OverRows():
                pass  # the formulas that read its columns tell them
            case Join():
                yield from (self._merge(part, part.node, at) for at in came)
            case Union():
                yield from (self._union(part, part.node, at) for at in came)
            case _:
                yield self._source(part)

    # rows

    def _rows(self, part: str) -> list[int]:
        """The first row of a part that was made of the record, if there is one."""
        if part not in self._paths.reached:
            return []
        query = self._paths.rows_of(part, self._origin).order_by(column("row", "s"), copy=False)
        return [int(row) for (row,) in self._fetch(query.limit(1, copy=False))]

    def _number(self, part: str) -> int:
        return self._paths.count(self._paths.rows_of(part, self._origin)) if part in self._paths.reached else 0

    def _lost(self, part: Part, at: int = 0) -> tuple[int, int]:
        """How many rows of the record do not come through, and the first of them."""
        mine = exp.EQ(this=column("origin", "s"), expression=number(self._origin))
        return self._counted(self._paths.lost(part, at).where(mine, copy=False))

    def _counted(self, rows: exp.Select) -> tuple[int, int]:
        """The number of rows, and the first of them; 0 where there is none."""
        query = select(exp.Count(this=exp.Star()), exp.Min(this=column("row", "q"))).from_(sub(rows, "q"), copy=False)
        ((total, first),) = self._fetch(query)
        return int(total), int(first or 0)

    def _made(self, part: Part, at: int, row: int) -> list[int]:
        """The rows that a part makes of one row of an input, the first ones."""
        links = sub(self._trace.links(part.name, at), "l")
        mine = exp.EQ(this=column("parent", "l"), expression=number(row))
        query = select(column("child", "l")).from_(links, copy=False).where(mine, copy=False)
        return [int(child) for (child,) in self._fetch(query.order_by(column("child", "l")).limit(_SAMPLE))]

    def _fetch(self, query: exp.Query) -> list[tuple[Any, ...]]:
        return self._trace.tenant.con.execute(spelled(query)).fetchall()

    def _say(self, part: str, row: int, columns: Sequence[Column]) -> tuple[Value, ...]:
        if not columns:
            return ()
        found = one_row(self._trace, [column(each.name, "r") for each in columns], part, row)
        return tuple(self._words.value(said_name(c), v, c.type) for c, v in zip(columns, found, strict=True))

    # the steps

    def _make(self, part: Part, kind: StepKind, text: str, at: int = 0, **more: object) -> Step:
        rows_in = self._number(part.inputs[at]) if part.inputs else self._number(part.name)
        return Step(kind, part.task, part.name, text, rows_in, self._number(part.name), **more)  # type: ignore[arg-type]

    def _source(self, part: Part) -> Step:
        (row,) = self._rows(part.name)
        shown = describing(self._trace, part)
        return self._make(part, "source", source_title(self._trace, part), values=self._say(part.name, row, shown))

    def _filter(self, part: Part, node: Filter) -> Step:
        lost, first = self._lost(part)
        row = first if lost else self._rows(part.inputs[0])[0]
        found = checks(self._trace, self._words, node.predicate, part.inputs[0], row)
        return self._make(part, "filter", source_text(node.predicate), checks=found, lost=lost)

    def _customers(self, part: Part, node: Matching) -> Step:
        lost, first = self._lost(part)
        row = first if lost else self._rows(part.inputs[0])[0]
        keys = self._say(part.inputs[0], row, _named(node.input.columns, (node.key,)))
        return self._make(part, "customers", f"{node.object}.{node.field}", keys=keys, lost=lost)

    def _lookup(self, part: Part, node: LookupHop) -> Step:
        (row,) = self._rows(part.name)
        keys = self._say(part.name, row, _named(node.columns, (node.key,)))
        found = self._fetch(
            self._trace.found(part.name).where(exp.EQ(this=column(ROW.name, "l"), expression=number(row)))
        )
        values = self._say(part.name, row, node.added)
        missing = found[0][1] is None
        near: list[Near] = []
        if missing and not _is_empty(keys):
            wanted = one_row(self._trace, [column(node.key, "r")], part.name, row)[0]
            table = self._trace.tenant.table(node.object).copy()
            key = Key(column("Gsid"), exp.Literal.string(str(wanted)), ignore_case=False, slips=False)
            near = nearest_keys(self._trace, table, [key])
        return self._make(
            part, "lookup", node.object, keys=keys, values=() if missing else values, near=tuple(near),
            lost=int(missing),
        )  # fmt: skip

    def _columns(self, part: Part, node: Project) -> Step | None:
        rows = self._rows(part.inputs[0])
        over_rows = {value.column.name for value in node.input.values} if isinstance(node.input, OverRows) else set()
        items = [
            (item.column.name, item.expr)
            for item in node.items
            if not isinstance(item.expr, ColumnRef) or item.expr.name in over_rows
        ]
        found = formulas(self._trace, self._words, items, part.inputs[0], rows[0])
        return self._make(part, "columns", "", values=found) if found else None

    def _group(self, part: Part, node: Aggregate) -> Step:
        (row,) = self._rows(part.name)
        keys = self._say(part.name, row, [key.column for key in node.keys])
        values = self._say(part.name, row, [measure.column for measure in node.measures])
        links = sub(self._trace.links(part.name), "l")
        mine = exp.EQ(this=column("child", "l"), expression=number(row))
        members = select(column("parent", "l")).from_(links, copy=False).where(mine, copy=False)
        total = self._paths.count(members)
        source = self._trace.part(part.inputs[0])
        some = [int(each) for (each,) in self._fetch(members.copy().order_by(column("parent", "l")).limit(_SAMPLE))]
        shown = _named(source.columns, [name for name in _read_by(node) if name in {c.name for c in source.columns}])
        sample = tuple(", ".join(f"{v.name} {v.text}" for v in self._say(source.name, each, shown)) for each in some)
        if node.is_pivot:
            values = tuple(
                self._fed(part, measure, value, members) for measure, value in zip(node.measures, values, strict=True)
            )
        kind: StepKind = "pivot" if node.is_pivot else "group"
        return self._make(part, kind, "", keys=keys, values=values, members=total, sample=sample)

    def _fed(self, part: Part, measure: Measure, value: Value, members: exp.Select) -> Value:
        """A pivot column with the number of the record's rows, and of all rows, that feed it."""
        if measure.where is None:
            return value
        source = part.inputs[0]
        own = self._paths.rows_of(source, self._origin)
        counts = []
        for rows in (own, members):
            known = exp.In(this=column(ROW.name, "r"), query=exp.Subquery(this=rows.copy()))
            fed = spell(measure.where, self._trace.bound.spelling("r"))
            query = select(exp.Literal.number(1)).from_(self._trace.rows(source, "r"), copy=False)
            counts.append(self._paths.count(query.where(all_of([known, fed]), copy=False)))
        condition = printed(measure.where)
        if not counts[1]:
            return Value(value.name, value.text, f"no row feeds it; none has {condition}")
        rows_fed = "1 row feeds it" if counts[1] == 1 else f"{counts[1]} rows feed it"
        return Value(value.name, value.text, f"{rows_fed}, {counts[0]} of this record; they have {condition}")

    def _union(self, part: Part, node: Union, at: int) -> Step:
        branch = self._trace.part(part.inputs[at]).task
        return self._make(part, "union", branch, at)

    def _merge(self, part: Part, node: Join, at: int) -> Step:
        mine, theirs = part.inputs[at], part.inputs[1 - at]
        names = [(key.left, key.right)[at] for key in node.keys]
        others = [(key.right, key.left)[at] for key in node.keys]
        unmatched, first = self._unmatched(part, at)
        lost, _ = self._lost(part, at)
        row = first if unmatched else self._rows(mine)[0]
        columns = self._trace.part(mine).columns
        keys = self._say(mine, row, _named(columns, names))
        near: tuple[Near, ...] = ()
        hint = ""
        if unmatched and not (_is_empty(keys) and not any(key.null_matches for key in node.keys)):
            raw = [_literal(value) for value in one_row(self._trace, [column(n, "r") for n in names], mine, row)]
            folded = [key.ignore_case for key in node.keys]
            sought = [
                Key(as_text(column(c.name, "o"), c.type), value, fold, c.type.family is Family.TEXT)
                for c, value, fold in zip(_each(self._trace.part(theirs).columns, others), raw, folded, strict=True)
            ]
            near = tuple(nearest_keys(self._trace, self._trace.rows(theirs, "o"), sought))
            hint = elsewhere(self._trace, self._words, theirs, list(zip(others, raw, strict=True)), folded)
        matched = [] if unmatched else self._matches(part, node, at, row)
        other = partner(self._trace, part, at)
        return self._make(
            part, "merge", _on(node, at), at, keys=keys, near=near, lost=lost, other=other,
            values=tuple(matched), elsewhere=hint, members=unmatched,
        )  # fmt: skip

    def _unmatched(self, part: Part, at: int) -> tuple[int, int]:
        """How many rows of the record have no partner, lost or kept, and the first of them."""
        links = self._trace.links_table(part.name, "l")
        sides = ("__left", "__right")
        both = [exp.Not(this=exp.Is(this=column(side, "l"), expression=exp.Null())) for side in sides]
        met = select(column(sides[at], "l")).from_(links, copy=False).where(all_of(both), copy=False)
        gone = exp.Not(this=exp.In(this=column("row", "s"), query=exp.Subquery(this=met)))
        return self._counted(self._paths.rows_of(part.inputs[at], self._origin).where(gone, copy=False))

    def _matches(self, part: Part, node: Join, at: int, row: int) -> list[Value]:
        """The number of rows on the other side with the key of this row, and what the first of them says."""
        links = sub(self._trace.links(part.name, at), "l")
        mine = exp.EQ(this=column("parent", "l"), expression=number(row))
        query = select(column("child", "l")).from_(links, copy=False).where(mine, copy=False)
        made = [Value("rows found", str(self._paths.count(query)))]
        children = self._made(part, at, row)
        if children:
            names = (node.left_names, node.right_names)[1 - at]
            keys = {key.right if at == 0 else key.left for key in node.keys}
            shown = [name for name, source in names.items() if source not in keys][:_SHOWN]
            found = self._say(part.name, children[0], _named(part.columns, shown))
            made += [replace(value, name=names[name]) for name, value in zip(shown, found, strict=True)]
        return made


def describing(trace: Trace, part: Part) -> tuple[Column, ...]:
    """The columns that tell a record of a source apart for a reader: its key and its name, or the first ones."""
    found = []
    key = key_column(trace, part)
    definition = trace.tenant.catalogue.object(source_title(trace, part)) if key else None
    if definition is not None and definition.name_field is not None:
        found = [definition.name_field.name]
    named_columns = _named(part.columns, found)
    plain = [c for c in part.columns if c.type.family not in (Family.MULTI_PICKLIST, Family.ID)]
    return named_columns or tuple(plain[:_SHOWN]) or part.columns[:1]


def _each(columns: Sequence[Column], names: Sequence[str]) -> list[Column]:
    """The columns of these names, one for each name."""
    by_name = {each.name: each for each in columns}
    return [by_name[name] for name in names]


def _named(columns: Sequence[Column], names: Sequence[str]) -> tuple[Column, ...]:
    by_name = {each.name: each for each in columns}
    return tuple(by_name[name] for name in dict.fromkeys(names))


def _read_by(node: Aggregate) -> list[str]:
    found = [name for measure in node.measures if measure.argument for name in sorted(references(measure.argument))]
    found += [name for measure in node.measures if measure.where for name in sorted(references(measure.where))]
    return found or [name for key in node.keys for name in sorted(references(key.expr))]


def _is_empty(keys: Sequence[Value]) -> bool:
    return any(value.text == "empty" for value in keys)


def _literal(value: Any) -> exp.Expr:
    return exp.Null() if value is None else exp.Literal.string(value_text(value))


def _on(node: Join, at: int) -> str:
    """The keys as the rule says them, this side first."""
    pairs = []
    for key in node.keys:
        sides = (name_text(key.left), name_text(key.right))
        pairs.append(f"{sides[at]} {'~' if key.ignore_case else '='} {sides[1 - at]}")
    return " and ".join(pairs)
