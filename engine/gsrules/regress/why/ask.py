"""Finds the records that a question is about: its condition is bound wherever its names exist."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from sqlglot import exp

from gsrules.actions.changes.staging import fragment, named, number, select, spelled, sub, text
from gsrules.compile.visitor import Inputs, Visitor
from gsrules.dataclass import dataclass
from gsrules.errors import InputError, Place, Problem, nearest
from gsrules.expressions import Context, Scope, SpellEnv, bind_predicate, parse_expression
from gsrules.expressions.leaves import leaves
from gsrules.expressions.printed import name_text
from gsrules.expressions.tree import ColumnRef, Compare, Expr, InList, Literal
from gsrules.plan.env import Findings, Skip, TaskEnv
from gsrules.plan.fetch import bind_fetch
from gsrules.plan.nodes import Column, Filter, LookupHop, Node, Project, Projection, ScanObject, TaskRef
from gsrules.plan.unfold import ROW, Part
from gsrules.regress.why.model import Near, Searched
from gsrules.regress.why.near import nearest_values
from gsrules.run.prepare import find_task
from gsrules.run.records import NoFiles
from gsrules.run.trace import Trace
from gsrules.spec.tasks import FetchTask
from gsrules.tenant.names import column, temp_table


@dataclass(frozen=True, slots=True)
class Spot:
    """A place where records may be found: a part of the trace, and what it is called."""

    part: Part
    title: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A condition at a spot: `node` gives the rows that it is true of, `predicate` is what it says about them."""

    spot: Spot
    predicate: Expr
    node: Node


@dataclass(frozen=True, slots=True)
class Found:
    """`origins` is a table of the records found (`origin`, `part`, `row`, `identity`); `spots` where each part is."""

    origins: str
    total: int
    searched: tuple[Searched, ...]
    spots: tuple[Spot, ...]


def find(trace: Trace, condition: str, at: str | None) -> Found:
    """The records that the condition is true of.

    Looked for in every source in which the names of the condition exist, and in the first dataset if there is no
    such source; with `at`, in that dataset. Raises InputError: for a condition that is no condition (GS-SYNTAX,
    GS-TYPE), and where its names exist nowhere (GS-NAME).
    """
    parse_expression(condition)
    bound = _bound(trace, condition, at)
    rows = [_matching(trace, asked) for asked in bound]
    made: exp.Query = rows[0]
    for other in rows[1:]:
        made = exp.Union(this=made, expression=other, distinct=False)
    ranked = exp.Window(
        this=exp.DenseRank(), order=exp.Order(expressions=[exp.Ordered(this=column("first"), desc=False)])
    )
    first = exp.Window(this=fragment("MIN(:n)", n=column("n")), partition_by=[column("identity")])
    numbered = select(exp.Star(), named(first, "first")).from_(sub(made, "m"), copy=False)
    table = trace.keep(select(exp.Star(), named(ranked, "origin")).from_(sub(numbered, "k"), copy=False))
    found = trace.tenant.con.execute(
        spelled(select(column("part"), exp.Count(this=exp.Star())).from_(temp_table(table)).group_by(column("part")))
    ).fetchall()
    counts = {str(part): int(rows) for part, rows in found}
    total = _one(trace, select(fragment("COUNT(DISTINCT :o)", o=column("origin"))).from_(temp_table(table)))
    searched = tuple(
        Searched(
            asked.spot.title,
            _one(trace, select(exp.Count(this=exp.Star())).from_(trace.rows(asked.spot.part.name))),
            counts.get(asked.spot.part.name, 0),
            () if total else _near(trace, asked),
        )
        for asked in _once(bound)
    )
    return Found(table, total, searched, tuple(asked.spot for asked in bound))


def spots(trace: Trace) -> tuple[Spot, ...]:
    """The sources of a rule: the objects and files that its tasks read."""
    return tuple(Spot(part, source_title(trace, part)) for part in trace.parts if part.kind in ("records", "file"))


def source_title(trace: Trace, part: Part) -> str:
    """A source in words: the object, or the file."""
    if isinstance(part.node, ScanObject):
        return part.node.object
    files = trace.sources[part.task].files
    more = f" and {len(files) - 1} more" if len(files) > 1 else ""
    return f"{files[0].key}{more}" if files else part.task


def partner(trace: Trace, part: Part, at: int) -> str:
    """The other side of a merge in words: a dataset, or what the merges before have made."""
    task = trace.part(part.inputs[1 - at]).task
    return task if task != part.task else "what was merged before"


def _bound(trace: Trace, condition: str, at: str | None) -> list[Asked]:
    """Where the condition can be asked, with what it means there."""
    if at is not None:
        name = find_task(trace.bound.plan, at, trace.bound.rule.id)
        spot = Spot(trace.part(name), f"dataset {name}")
        return [_bind(trace, spot, condition)]
    problems: list[Problem] = []
    bound = list(_bindable(trace, spots(trace), condition, problems))
    datasets = tuple(Spot(trace.part(name), f"dataset {name}") for name in trace.bound.plan.tasks)
    bound = bound or list(_bindable(trace, datasets, condition, problems))[:1]
    if not bound:
        raise InputError(_nowhere(trace, condition, problems, (*spots(trace), *datasets)))
    return bound


def _bindable(trace: Trace, among: Sequence[Spot], condition: str, problems: list[Problem]) -> Iterator[Asked]:
    for spot in among:
        try:
            yield _bind(trace, spot, condition)
        except InputError as error:
            problems += error.problems


def _bind(trace: Trace, spot: Spot, condition: str) -> Asked:
    known = trace.bound.context
    context = Context(known.rule_date, known.params, known.profile, known.catalogue)
    part = spot.part
    rows = TaskRef(part.name, (*part.columns, ROW))
    if isinstance(part.node, ScanObject):
        return _bind_fetch(trace, spot, part.node, condition, context)
    predicate = bind_predicate(condition, Scope.of_columns(part.columns, inside=spot.title), context)
    return Asked(spot, predicate, Filter(rows, predicate))


def _bind_fetch(trace: Trace, spot: Spot, scan: ScanObject, condition: str, context: Context) -> Asked:
    """The condition as that of a fetch task, which may follow lookups."""
    task = {"object": scan.object, "source": scan.source, "show": [name_text(scan.columns[0].name)], "where": condition}
    notes = Findings(spot.title)
    env = TaskEnv(
        trace.bound.rule.id, spot.title, trace.tenant.catalogue, context, NoFiles(), trace.bound.plan.exact, notes, {}
    )
    try:
        node = bind_fetch(FetchTask.model_validate(task), env)
    except Skip:
        raise InputError(notes.errors) from None
    assert isinstance(node, Project), "a fetch without groups shows columns"
    assert isinstance(node.input, Filter), "the task has a condition"
    return Asked(spot, node.input.predicate, _over_part(node.input, spot.part))


def _over_part(node: Node, part: Part) -> Node:
    """The node with the rows of the part in the place of the object's."""
    match node:
        case ScanObject():
            return TaskRef(part.name, (*node.columns, ROW))
        case Filter() | LookupHop():
            return replace(node, input=_over_part(node.input, part))
    raise NotImplementedError(type(node))


def columns_of(spot: Spot) -> tuple[Column, ...]:
    """The columns that a condition may name at a spot."""
    return spot.part.columns


def _nowhere(trace: Trace, condition: str, problems: Sequence[Problem], among: Sequence[Spot]) -> list[Problem]:
    """What is wrong with a condition that can be asked nowhere: its types, where its names exist; else its names."""
    typed = [problem for problem in problems if problem.code not in ("GS-NAME", "GS-AMBIGUOUS")]
    if typed:
        return list({(problem.code, problem.message): problem for problem in typed}.values())
    ambiguous = [problem for problem in problems if problem.code == "GS-AMBIGUOUS"]
    if ambiguous:
        return ambiguous[:1]
    params = {problem.value: problem for problem in problems if problem.value.startswith(":")}
    if params:
        return [
            replace(problem, place=_in_condition(condition, name), where=trace.bound.rule.id)
            for name, problem in params.items()
        ]
    names = dict.fromkeys(problem.value for problem in problems if problem.code == "GS-NAME")
    known = list(dict.fromkeys(each for spot in among for c in columns_of(spot) for each in (c.name, c.label)))
    places = ", ".join(dict.fromkeys(spot.title for spot in among))
    there = {each.lower() for each in known}
    unknown = [name for name in names if name.strip("[]").lower() not in there]
    made = []
    for name in unknown or names:
        message = f"there is no column {name!r} where the rule reads or makes rows (INVALID_FIELD)"
        if not unknown:
            message = f"no source and no dataset has {name!r} together with the other names (INVALID_FIELD)"
        place = _in_condition(condition, name)
        compared = place is not None and condition[: place.column - 1].rstrip().endswith(("=", "<", ">", "~"))
        quotes = f"a text needs quotes: '{name}'; " if unknown and compared and not name.startswith("[") else ""
        made.append(
            Problem(
                "GS-NAME",
                message,
                place,
                trace.bound.rule.id,
                name,
                f"{quotes}looked for in: {places}",
                nearest(name, known) if unknown else "",
            )
        )
    return made


def _in_condition(condition: str, name: str) -> Place | None:
    start = condition.find(name)
    return Place("", 1, start + 1, condition, len(name)) if start >= 0 else None


def _matching(trace: Trace, asked: Asked) -> exp.Select:
    """`part`, `row`, `identity` and a number of the rows that the condition is true of."""
    spot = asked.spot
    tables = {spot.part.name: trace.rows(spot.part.name)}
    context = trace.bound.context

    def env_for(columns: Mapping[str, exp.Expression]) -> SpellEnv:
        return SpellEnv(lambda name: columns[name].copy(), context.rule_date, context.profile, context.catalogue)

    visitor = Visitor(Inputs(trace.tenant, trace.sources, tables), env_for, guarded=trace.bound.plan.exact)
    found = visitor.select(Project(asked.node, (Projection(ROW, ColumnRef(ROW.name, ROW.type)),)))
    rows = column(ROW.name, "r")
    place = number(trace.parts.index(spot.part) * 1_000_000_000_000)
    query = select(
        named(text(spot.part.name), "part"),
        named(rows, "row"),
        named(_identity(trace, spot, rows), "identity"),
        named(fragment(":p + :r", p=place, r=rows), "n"),
    ).from_(trace.rows(spot.part.name, "r"), copy=False)
    return query.where(exp.In(this=rows.copy(), query=exp.Subquery(this=found)), copy=False)


def _identity(trace: Trace, spot: Spot, row: exp.Expr) -> exp.Expr:
    """The same record of an object is one record, however many tasks fetch it."""
    key = key_column(trace, spot.part)
    if key is not None:
        return fragment("CONCAT(:o, ' ', :g)", o=text(spot.title.lower()), g=column(key, "r"))
    return fragment("CONCAT(:p, ' ', :r)", p=text(spot.part.name), r=row)


def key_column(trace: Trace, part: Part) -> str | None:
    """The column that tells the records of an object apart: Gsid, or Salesforce's Id."""
    if not isinstance(part.node, ScanObject):
        return None
    wanted = "gsid" if part.node.source == "tenant" else "id"
    return next((each.name for each in part.columns if each.name.lower() == wanted), None)


def _near(trace: Trace, asked: Asked) -> tuple[Near, ...]:
    """Values that almost equal one that the condition asks for."""
    found: list[Near] = []
    known = {each.name for each in asked.spot.part.columns}
    rows = trace.rows(asked.spot.part.name, "r")
    for leaf in leaves(asked.predicate):
        for wanted, of in _asked_values(leaf.expr):
            if of in known:
                found += nearest_values(trace, rows.copy(), column(of, "r"), wanted)
    return tuple(dict.fromkeys(found))


def _asked_values(expr: Expr) -> Iterator[tuple[str, str]]:
    """The texts that a condition compares a column with, each with the column."""
    match expr:
        case Compare(op="=", left=ColumnRef() as left, right=Literal(value=str() as wanted)):
            yield wanted, left.name
        case InList(operand=ColumnRef() as left, negated=False):
            for item in expr.items:
                if isinstance(item, Literal) and isinstance(item.value, str):
                    yield item.value, left.name


def _once(bound: Sequence[Asked]) -> list[Asked]:
    """Each place once: an object that several tasks fetch is looked through once."""
    return list({asked.spot.title: asked for asked in reversed(bound)}.values())[::-1]


def _one(trace: Trace, query: exp.Query) -> int:
    found = trace.tenant.con.execute(spelled(query)).fetchone()
    return int(found[0]) if found else 0
