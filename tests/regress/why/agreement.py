"""What why tells of a traced run, held against itself and against the report of the run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gsrules.expressions.printed import name_text
from gsrules.plan.nodes import Aggregate
from gsrules.regress.why import Why, answer
from gsrules.regress.why.ask import spots
from gsrules.regress.why.model import End
from gsrules.run.engine import RunResult
from gsrules.run.trace import Trace

ALL = 100_000


def check_why(result: RunResult) -> None:
    """The answers about all records, some stories, and that each row that an action decided is told of a record."""
    answers = everything(result, told=3)
    for why in answers.values():
        check_answer(why)
        for record in why.records[:3]:
            check_story(record)
    check_actions(result, answers)


def everything(result: RunResult, told: int = 1, only: str = "") -> dict[str, Why]:
    """The answer about all records of each source (or of one only), by source."""
    trace = result.trace
    assert trace is not None
    conditions: dict[str, str] = {}
    for spot in spots(trace):
        if only not in ("", spot.title):
            continue
        first = name_text(spot.part.columns[0].name)
        names = {column.name for column in spot.part.columns}
        conditions[spot.title] = "Gsid is not null" if "Gsid" in names else f"{first} is null or {first} is not null"
    return {title: answer(result, asked, limit=ALL, stories=told) for title, asked in conditions.items()}


def is_rowwise(trace: Trace, task: str) -> bool:
    """Whether each row of the dataset comes from exactly one record."""
    seen = [task]
    for name in seen:
        part = trace.part(name)
        if part.keys is not None or part.kind == "merge":
            return False
        seen += part.inputs
    return True


def check_answer(why: Why) -> None:
    """Groups and records say the same; every record ends somewhere."""
    by_end = Counter(plain(record.final) for record in why.records)
    assert sum(group.records for group in why.groups) == why.total == len(why.records)
    assert by_end == {plain(group.ends): group.records for group in why.groups}
    for record in why.records:
        assert record.ends
        assert all(end.reasons for end in record.ends if end.kind in ("filter", "criteria"))


def plain(ends: tuple[End, ...]) -> tuple[End, ...]:
    """Ends whatever the number of rows, each once."""
    return tuple(dict.fromkeys(replace(end, rows=0) for end in ends))


def check_story(record: Any) -> None:
    """The steps tell of the same losses as the ends, and their checks of the same reasons."""
    for end in record.ends:
        if end.kind in ("filter", "merge"):
            told = [step for step in record.steps if (step.kind, step.task) == (end.kind, end.place)]
            assert any(step.lost == step.rows_in == end.rows for step in told)
        if end.kind == "filter":
            reasons = {
                check.text for step in told if step.rows_in == step.lost for check in step.checks if check.decided
            }
            assert reasons <= set(end.reasons)
            assert all(not check.fits for step in told for check in step.checks if check.decided and step.lost)
    for step in record.steps:
        if step.kind == "filter":
            assert step.checks
            if not step.lost:
                assert any(check.fits for check in step.checks)


def check_actions(result: RunResult, answers: Mapping[str, Why]) -> None:
    """Where each row comes from one record: the outcomes told are those of the report, row for row."""
    trace = result.trace
    assert trace is not None
    ends = [end for why in answers.values() for record in why.records for end in record.ends]
    for action in result.report.actions:
        told = Counter[str]()
        for end in ends:
            if end.kind == "action" and end.place == action.id:
                told[end.outcome] += end.rows
        counts = {
            name: getattr(action.counts, name)
            for name in ("created", "updated", "closed", "unchanged", "skipped", "failed")
        }
        wanted = {name: count for name, count in counts.items() if count}
        dataset = next(name for name in trace.bound.plan.tasks if name.lower() == action.from_.strip().lower())
        if is_rowwise(trace, dataset):
            assert told == wanted
            lost = [end for end in ends if end.kind == "criteria" and end.place == action.id]
            assert sum(end.rows for end in lost) == action.counts.received - action.counts.matched
        elif not any(isinstance(p.node, Aggregate) and not p.node.keys for p in trace.parts):
            assert set(told) == set(wanted)
