"""Candidates: for each branch a few rows that take it, what they were made of, and which branches that covers.

All of it is SQL over the trace; what comes to Python is a few rows for each branch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from sqlglot import exp

from gsrules.actions.changes.staging import fragment
from gsrules.dataclass import dataclass
from gsrules.plan.unfold import Part
from gsrules.regress.branches.model import ROWS, Branch, Tables, part_table, placed, rows_of
from gsrules.run.trace import Trace
from gsrules.tenant.names import aliased, column, identifier, named, run, select_from, temp_table

A_BRANCH: Final = 4
"""Candidates looked at for each branch."""

LEVELS: Final = (1, 2, 4, 8, 16, 32, 64, 300)
"""Rows of a group that are followed: as few as do."""


TWINS: Final = 2
"""Other rows of an action with the same key that go with a row: which of them acts depends on all of them."""

_OF_GROUPS: Final = ("group", "pivot")
"""Kinds of branches of which a row takes one only together with the others of its group."""


@dataclass(frozen=True, slots=True)
class Start:
    """Rows of a part with which a branch is taken."""

    branch: Branch
    part: str
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A start; with everything its rows were made of it takes all of `branches`.

    `levels` are the rows of source parts (part → row numbers) that it was made of: at each level more of every group.
    """

    number: int
    start: Start
    branches: frozenset[str]
    levels: tuple[Mapping[str, frozenset[int]], ...]

    @property
    def sources(self) -> Mapping[str, frozenset[int]]:
        return self.levels[-1]


def chosen_candidates(trace: Trace, branches: Sequence[Branch], tables: Tables) -> tuple[Candidate, ...]:
    """Few candidates that together take all the branches, each of which some row takes."""
    started = dict(enumerate(start for branch in branches for start in _starts(trace, branch, tables)))
    reach = _reach(trace, started, LEVELS[-1])
    covered = _coverage(trace, branches, started, reach, tables)
    sources = _sources(trace, reach)
    every = [
        Candidate(number, started[number], frozenset(ids), (sources.get(number, {}),))
        for number, ids in covered.items()
    ]
    chosen = cover(every, (branch.id for branch in branches))
    picked = {each.number: each.start for each in chosen}
    levels = [_sources(trace, _reach(trace, picked, members)) for members in LEVELS[:-1]] if picked else []
    return tuple(
        replace(each, levels=(*(level.get(each.number, {}) for level in levels), *each.levels)) for each in chosen
    )


def _coverage(
    trace: Trace,
    branches: Sequence[Branch],
    started: Mapping[int, Start],
    reach: Mapping[str, str],
    tables: Tables,
) -> dict[int, set[str]]:
    """By candidate the branches that it takes with all it was made of."""
    covered = {number: {start.branch.id} for number, start in started.items()}
    whole: dict[str, set[int]] = {}
    for name, part in _groups(trace).items():
        if part.name in reach:
            members = select_from(temp_table(reach[part.name]), column("candidate")).distinct(copy=False)
            whole[name] = {number for (number,) in run(trace.tenant.con, members).fetchall()}
    for part_name, found in _by_part(branches).items():
        if part_name in reach:
            for number, taken in _covered(trace, found, reach[part_name], tables):
                covered[number].update(
                    branch.id
                    for branch in taken
                    if branch.kind not in _OF_GROUPS or number in whole.get(branch.name, ())
                )
    return covered


def _groups(trace: Trace) -> dict[str, Part]:
    """By task the part that makes its groups."""
    return {part.task: part for part in trace.parts if part.keys is not None}


def _sources(trace: Trace, reach: Mapping[str, str]) -> dict[int, dict[str, frozenset[int]]]:
    """By candidate and source part the rows reached."""
    found: dict[int, dict[str, frozenset[int]]] = {}
    for part in trace.parts:
        if not part.inputs and part.name in reach:
            candidate = column("candidate")
            rows = select_from(temp_table(reach[part.name]), candidate, exp.ArrayAgg(this=column("row")))
            for number, numbers in run(trace.tenant.con, rows.group_by(candidate.copy(), copy=False)).fetchall():
                found.setdefault(number, {})[part.name] = frozenset(numbers)
    return found


def cover(found: Iterable[Candidate], wanted: Iterable[str]) -> tuple[Candidate, ...]:
    """Few candidates that together take all wanted branches: those first that take most for their rows."""
    pool, needed = list(found), frozenset(wanted)
    missing = set(needed)
    chosen: list[Candidate] = []
    held: set[tuple[str, int]] = set()
    while missing and pool:
        best = max(pool, key=lambda each: (_worth(each, missing, held), -each.number))
        if not best.branches & missing:
            break
        chosen.append(best)
        pool.remove(best)
        missing -= best.branches
        held |= _rows(best)
    for each in tuple(chosen):
        _leave_out_if_spare(each, chosen, needed)
    return tuple(chosen)


def _worth(each: Candidate, missing: set[str], held: set[tuple[str, int]]) -> float:
    return len(each.branches & missing) / (2 + len(_rows(each) - held))


def _rows(each: Candidate) -> set[tuple[str, int]]:
    return {(part, row) for part, rows in each.sources.items() for row in rows}


def _leave_out_if_spare(each: Candidate, chosen: list[Candidate], wanted: frozenset[str]) -> None:
    """Takes a candidate out if the others take everything without it."""
    others = {branch for other in chosen if other is not each for branch in other.branches}
    if not (each.branches & wanted) - others:
        chosen.remove(each)


def _by_part(branches: Iterable[Branch]) -> dict[str, list[Branch]]:
    found: dict[str, list[Branch]] = {}
    for branch in branches:
        found.setdefault(branch.part, []).append(branch)
    return found


def _starts(trace: Trace, branch: Branch, tables: Tables) -> Iterator[Start]:
    rows = rows_of(branch, tables).order_by(column("row")).limit(A_BRANCH)
    found = [row for (row,) in run(trace.tenant.con, rows).fetchall()]
    group = _groups(trace).get(branch.name) if branch.kind in _OF_GROUPS else None
    if group is not None:
        links = exp.Subquery(this=trace.links(group.name), alias=exp.TableAlias(this=identifier("m")))
        known = column("parent", "m").isin(*map(exp.Literal.number, found)) if found else exp.false()
        groups = select_from(links, column("child", "m")).distinct(copy=False).where(known, copy=False)
        for (child,) in run(trace.tenant.con, groups).fetchall():
            yield Start(branch, group.name, (child,))
        return
    for row in found:
        yield Start(branch, branch.part, (row, *_twins(trace, branch, row, tables)))


def _twins(trace: Trace, branch: Branch, row: int, tables: Tables) -> list[int]:
    """Other rows of an action with the key of this one."""
    if branch.kind != "outcome":
        return []
    effects, own = tables.effects(branch.name), tables.effects(branch.name)
    key = select_from(aliased(own, "o"), column("key", "o")).where(column("row", "o").eq(row), copy=False)
    twins = select_from(aliased(effects, "e"), column("row", "e")).where(
        column("key", "e").eq(exp.Subquery(this=key)), column("row", "e").neq(row), copy=False
    )
    return [twin for (twin,) in run(trace.tenant.con, twins.order_by(column("row", "e")).limit(TWINS)).fetchall()]


def _reach(trace: Trace, started: Mapping[int, Start], members: int) -> dict[str, str]:
    """By part the table of what the candidates were made of: `candidate`, `row`."""
    by_part: dict[str, list[tuple[int, int]]] = {}
    for number, start in started.items():
        by_part.setdefault(start.part, []).extend((number, row) for row in start.rows)
    reach: dict[str, str] = {}
    for part in reversed(trace.parts):
        sets = [_given(by_part[part.name])] if part.name in by_part else []
        for reader, at in trace.unfolded.readers(part.name):
            if reader.name in reach:
                sets.append(_above(trace, reader, at, reach[reader.name], members))
        if sets:
            rows: exp.Query = sets[0]
            for other in sets[1:]:
                rows = exp.Union(this=rows, expression=other, distinct=False)
            every = exp.Subquery(this=rows, alias=exp.TableAlias(this=identifier("s")))
            reach[part.name] = trace.keep(select_from(every, column("candidate"), column("row")).distinct(copy=False))
    return reach


def _given(rows: Sequence[tuple[int, int]]) -> exp.Select:
    """The candidates themselves as a relation."""
    lists = [exp.Array(expressions=[exp.Literal.number(row[at]) for row in rows]) for at in (0, 1)]
    items = [
        named(exp.cast(exp.Anonymous(this="unnest", expressions=[values]), "BIGINT"), name)
        for values, name in zip(lists, ("candidate", "row"), strict=True)
    ]
    return exp.Select(expressions=items)


def _above(trace: Trace, reader: Part, at: int, reach: str, members: int) -> exp.Select:
    """What the reached rows of a reader were made of; of a large group only some members."""
    links = exp.Subquery(this=trace.links(reader.name, at), alias=exp.TableAlias(this=identifier("m")))
    candidate, parent = column("candidate", "c"), column("parent", "m")
    rows = select_from(temp_table(reach, "c"), named(candidate, "candidate"), named(parent, "row"))
    rows = rows.join(links, on=column("child", "m").eq(column("row", "c")), copy=False)
    if reader.keys is None:
        return rows
    # every n-th row of the group: rows that stand far apart differ most
    parts = {"c": candidate.copy(), "r": column("row", "c"), "p": parent.copy(), "n": exp.Literal.number(members)}
    place: Any = fragment("NTILE(:n) OVER (PARTITION BY :c, :r ORDER BY :p)", **parts)
    lot = named(place, "lot")
    group = named(column("row", "c"), "reader")
    every = exp.Subquery(this=rows.select(lot, group, copy=False), alias=exp.TableAlias(this=identifier("e")))
    names = ("candidate", "reader", "lot")
    first = named(exp.Min(this=column("row", "e")), "row")
    return select_from(every, column("candidate", "e"), first).group_by(*(column(n, "e") for n in names), copy=False)


def _covered(
    trace: Trace, branches: Sequence[Branch], reach: str, tables: Tables
) -> Iterator[tuple[int, list[Branch]]]:
    """For each candidate the branches of one part that its rows there take."""
    rows = part_table(branches[0].part, ROWS)
    taken = [named(branch.met.copy(), f"b{i}") for i, branch in enumerate(branches)]
    # not filtered inside: conditions may look at the other rows of a group
    inner = select_from(rows, named(column("__row", ROWS), "row"), *taken)
    flags = [exp.LogicalOr(this=column(f"b{i}", "t")) for i in range(len(branches))]
    outer = select_from(aliased(temp_table(reach), "c"), column("candidate", "c"), *flags)
    met = exp.Subquery(this=placed(inner, tables), alias=exp.TableAlias(this=identifier("t")))
    outer = outer.join(met, on=column("row", "t").eq(column("row", "c")), copy=False)
    for number, *flags_of in run(trace.tenant.con, outer.group_by(column("candidate", "c"))).fetchall():
        yield number, [branch for branch, flag in zip(branches, flags_of, strict=True) if flag]
