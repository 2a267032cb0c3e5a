"""Answers `gsrules why`: runs the rule once, traced and as a dry run, and follows the records through it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlglot import exp

from gsrules.actions.changes.staging import fragment, named, select, spelled, sub
from gsrules.errors import RunError
from gsrules.plan.unfold import ROW
from gsrules.regress.why.acted import action_steps
from gsrules.regress.why.ask import Found, Spot, find, key_column, spots
from gsrules.regress.why.ends import Ends
from gsrules.regress.why.follow import Paths, follow
from gsrules.regress.why.model import Record, Searched, Why
from gsrules.regress.why.steps import Story, describing
from gsrules.regress.why.values import Words, said_name
from gsrules.run.engine import RunOptions, RunResult, run_rule
from gsrules.run.trace import Trace
from gsrules.run.workspace import Workspace
from gsrules.tenant import Tenant
from gsrules.tenant.names import column, temp_table


def explain(
    workspace: Workspace,
    rule_name: str,
    condition: str,
    *,
    at: str | None = None,
    rule_date: dt.date | None = None,
    params: Mapping[str, Any] | None = None,
    tenant_path: Path | None = None,
    limit: int = 20,
    stories: int = 1,
) -> Why:
    """Why the records that `condition` is true of did or did not act.

    `at`: ask about the rows of that dataset. Up to `limit` records are listed with where they ended, all of them are
    counted; the first `stories` of them are told step by step (one alone only if nothing else was found).
    Raises InputError for a wrong rule or condition, RunError where the rule fails on its data.
    """
    resolved = workspace.resolve_rule(rule_name)
    options = RunOptions(rule_date=rule_date, params=dict(params or {}), mode="dry_run", trace=True)
    with workspace.tenant("dry_run", tenant_path) as tenant:
        result = _traced(workspace, resolved, options, tenant)
        return answer(result, condition, at=at, limit=limit, stories=stories)


def answer(result: RunResult, condition: str, *, at: str | None = None, limit: int = 20, stories: int = 1) -> Why:
    """The answer from a traced run."""
    trace = result.trace
    assert trace is not None, "the run was traced"
    found = find(trace, condition, at)
    paths = follow(trace, found.origins)
    ends = Ends(paths, result.effects)
    words = Words(trace)
    records = _records(paths, ends, words, found, limit)
    told = range(1, stories + 1 if stories > 1 or found.total == 1 else 1)
    records = [
        _told(paths, words, each, origin, result.effects) if origin in told else each
        for origin, each in enumerate(records, start=1)
    ]
    report = result.report
    return Why(
        rule=report.rule,
        name=report.name,
        rule_date=report.rule_date,
        condition=condition,
        at=None if at is None else found.spots[0].part.name,
        searched=found.searched,
        total=found.total,
        records=tuple(records),
        groups=ends.groups(),
        made_of=_made_of(trace, found) if at is not None and found.total else (),
    )


def _traced(workspace: Workspace, rule: str, options: RunOptions, tenant: Tenant) -> RunResult:
    """A traced run with all columns of all tasks; with those that actions need where the others fail."""
    for keep_all in (True, False):
        result = run_rule(workspace, rule, replace(options, keep_all_tasks=keep_all), tenant)
        if result.trace is not None:
            return result
    raise RunError(result.report.problems)


def _records(paths: Paths, ends: Ends, words: Words, found: Found, limit: int) -> list[Record]:
    """The first records with where they ended."""
    trace = paths.trace
    first = select(
        column("origin"),
        named(fragment("ARG_MIN(:p, :n)", p=column("part"), n=column("n")), "part"),
        named(fragment("ARG_MIN(:r, :n)", r=column("row"), n=column("n")), "row"),
    ).from_(temp_table(found.origins), copy=False)
    first = first.group_by(column("origin"), copy=False).order_by(column("origin"), copy=False)
    table = trace.keep(first.limit(limit, copy=False))
    reached = ends.of_all(table)
    titles = {origin: title for spot in found.spots for origin, title in _titles(trace, words, spot, table).items()}
    return [Record(*titles[origin], reached[origin], ends.final(reached[origin])) for origin in sorted(titles)]


def _told(paths: Paths, words: Words, record: Record, origin: int, effects: Mapping[str, str]) -> Record:
    steps = tuple(Story(paths, words, origin).steps())
    return replace(record, steps=steps, actions=tuple(action_steps(paths, words, origin, effects)))


def _titles(trace: Trace, words: Words, spot: Spot, table: str) -> dict[int, tuple[str, str, str]]:
    """What to call the records of a spot, where they are, and their GSID or their place."""
    part = spot.part
    columns = describing(trace, part)
    key = key_column(trace, part)
    items: list[exp.Expr] = [column("origin", "o"), column("row", "o")]
    items += [column(each.name, "r") for each in columns]
    items.append(column(key, "r") if key else exp.Null())
    here = exp.EQ(this=column("part", "o"), expression=exp.Literal.string(part.name))
    met = exp.EQ(this=column(ROW.name, "r"), expression=column("row", "o"))
    query = select(*items).from_(temp_table(table, "o"), copy=False).where(here, copy=False)
    query = query.join(trace.rows(part.name, "r"), on=met, copy=False)
    if part.kind == "file":
        query.append("expressions", column("line", "l"))
        lines = exp.EQ(this=column("row", "l"), expression=column("row", "o"))
        query = query.join(sub(trace.lines(part.name), "l"), on=lines, copy=False)
    made = {}
    for origin, row, *values in trace.tenant.con.execute(spelled(query)).fetchall():
        said = [words.say(value, each.type) for each, value in zip(columns, values, strict=False)]
        title = (
            said[0]
            if key and len(said) == 1
            else ", ".join(f"{said_name(each)} {text}" for each, text in zip(columns, said, strict=True))
        )
        identity = str(values[len(columns)]) if key else f"row {values[-1] if part.kind == 'file' else row}"
        made[origin] = (title, spot.title, identity)
    return made


def _made_of(trace: Trace, found: Found) -> tuple[Searched, ...]:
    """The rows of each source from which the rows asked about were made."""
    start = {}
    for spot in found.spots:
        here = exp.EQ(this=column("part", "o"), expression=exp.Literal.string(spot.part.name))
        rows = select(column("row", "o")).from_(temp_table(found.origins, "o"), copy=False)
        start[spot.part.name] = rows.where(here, copy=False)
    above = trace.ancestors(start)
    made = []
    for spot in spots(trace):
        if spot.part.name in above:
            counts = []
            for query in (select(exp.Star()).from_(trace.rows(spot.part.name), copy=False), above[spot.part.name]):
                counted = select(exp.Count(this=exp.Star())).from_(exp.Subquery(this=query), copy=False)
                row = trace.tenant.con.execute(spelled(counted)).fetchone()
                counts.append(int(row[0]) if row else 0)
            made.append(Searched(f"{spot.title} (task {spot.part.task})", counts[0], counts[1]))
    return tuple(made)
