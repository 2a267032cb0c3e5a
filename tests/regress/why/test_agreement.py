"""What why tells agrees with what the engine does: for records of random rules, of all cases and of the example."""

from __future__ import annotations

import csv
import random
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gsrules.expressions.printed import name_text
from gsrules.plan.nodes import Aggregate
from gsrules.regress.why import Why, answer
from gsrules.regress.why.ask import spots
from gsrules.regress.why.model import End
from gsrules.run.engine import RunOptions, RunResult, run_rule
from gsrules.run.trace import Trace
from gsrules.run.workspace import Workspace
from gsrules.tenant import Tenant
from tests.conformance import oracle_adapter
from tests.conformance.engine_adapter import opened
from tests.conformance.random_rules import Maker
from tests.conformance.test_conformance import CASES
from tests.oracle.yamlfile import load_expected, load_rule_file

ALL = 100_000
ROOT = Path(__file__).parents[3]


@contextmanager
def traced(project: Path, rule: str, options: RunOptions) -> Iterator[tuple[RunResult, Tenant]]:
    workspace = Workspace.open(project)
    with opened(workspace, None) as tenant:
        yield run_rule(workspace, rule, options, tenant), tenant


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


def one(trace: Trace, sql: str) -> Any:
    found = trace.tenant.con.execute(sql).fetchone()
    assert found is not None
    return found[0]


# -- random rules, held against the oracle -----------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(40))
def test_a_record_of_a_random_rule_is_where_why_says(seed: int, tmp_path: Path) -> None:
    """Taken out of its file, a record changes just the datasets that it came to (by the oracle, not by the engine)."""
    project = tmp_path / "rule"
    Maker(seed).write(project)
    shutil.copytree(project, tmp_path / "run")
    options = RunOptions(rule_date=date(2024, 5, 15), mode="dry_run", keep_all_tasks=True, trace=True)
    with traced(tmp_path / "run", "rule", options) as (result, _):
        answers = everything(result)
        trace = result.trace
        assert trace is not None
        (whole,) = oracle_adapter.run(project)
        ends = {name for name in trace.bound.plan.tasks if not trace.unfolded.readers(name)}
        rowwise = {name for name in ends if is_rowwise(trace, name)}
    kept = {name: counted(whole.tasks[name]) for name in ends}
    chosen = random.Random(seed)
    for number in range(2):
        file = project / "datasets" / "s3" / "gainsight-managed" / f"f{number}.csv"
        why = next((found for title, found in answers.items() if title.startswith(f"f{number}.csv")), None)
        text = file.read_text(encoding="utf-8")
        lines = text.splitlines(keepends=True)
        assert (why.total if why else 0) == len(list(csv.reader(lines))) - 1
        records = list(why.records) if why else []
        for record in chosen.sample(records, k=min(6, len(records))):
            at = int(record.id.removeprefix("row "))
            file.write_text("".join(lines[:at] + lines[at + 1 :]), encoding="utf-8")
            (without,) = oracle_adapter.run(project)
            for name in ends:
                said = sum(end.rows for end in record.ends if end.kind == "dataset" and end.place == name)
                left = counted(without.tasks[name])
                if not said:
                    assert left == kept[name], f"{record.title} is not in {name}: {record.ends}"
                if name in rowwise:
                    assert sum(kept[name].values()) - sum(left.values()) == said, f"{record.title} in {name}"
        file.write_text(text, encoding="utf-8")


def counted(rows: list[dict[str, Any]]) -> Counter[str]:
    return Counter(repr(sorted(row.items(), key=lambda item: item[0])) for row in rows)


def is_rowwise(trace: Trace, task: str) -> bool:
    """Whether each row of the dataset comes from exactly one record."""
    seen = [task]
    for name in seen:
        part = trace.part(name)
        if part.keys is not None or part.kind == "merge":
            return False
        seen += part.inputs
    return True


@pytest.mark.parametrize("seed", range(0, 60, 3))
def test_the_story_of_a_record_of_a_random_rule_ends_as_counted(seed: int, tmp_path: Path) -> None:
    project = tmp_path / "rule"
    Maker(seed).write(project)
    options = RunOptions(rule_date=date(2024, 5, 15), mode="dry_run", keep_all_tasks=True, trace=True)
    with traced(project, "rule", options) as (result, _):
        for why in everything(result, told=3).values():
            check_answer(why)
            for record in why.records[:3]:
                check_story(record)


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


# -- actions -----------------------------------------------------------------------------------------------------------


def refused(folder: Path) -> bool:
    """Whether the case is a rule that does not run at all."""
    expected = load_expected(folder / "expected.yml")
    return "error" in expected and expected.get("status") != "FAILURE"


@pytest.mark.once
@pytest.mark.parametrize("folder", [each for each in CASES if not refused(each)], ids=lambda folder: folder.name)
def test_every_row_that_an_action_decided_is_told_of_some_record(folder: Path, tmp_path: Path) -> None:
    case = load_rule_file(folder / "case.yml")
    first = (case.get("runs") or [case])[0]
    project = tmp_path / "project"
    shutil.copytree(folder, project)
    options = RunOptions(
        rule_date=date.fromisoformat(first["rule_date"]),
        params=first.get("params", {}),
        mode="dry_run",
        keep_all_tasks=True,
        trace=True,
    )
    if case.get("not_yet"):
        return
    with traced(project, "rule", options) as (result, _):
        if result.trace is None:
            return
        answers = everything(result, told=2)
        for why in answers.values():
            check_answer(why)
            for record in why.records[:2]:
                check_story(record)
        check_actions(result, answers)


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


EXAMPLES = {
    "adoption/usage_drop": ("company", "Change", "Gsid"),
    "health/company_health": ("company", "Health", "Gsid"),
    "support/ticket_load": ("input/tickets-2026-11-22.csv", "Tickets file", "Ticket ID"),
    "voice/nps_detractor": ("input/nps-2026-11-22.csv", "Answers", "Response ID"),
    "adoption/usage_rollup": ("company", "Summary", "Company GSID"),
}


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example project without its store, so that tests do not write below it."""
    folder = tmp_path_factory.mktemp("example")
    for name in ("rules", "datasets"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copyfile(ROOT / "gsrules.toml", folder / "gsrules.toml")
    return folder


@pytest.mark.once
@pytest.mark.parametrize("rule", EXAMPLES)
def test_every_record_of_the_example_ends_as_the_engine_decided(rule: str, example: Path) -> None:
    """The engine runs without a trace; its effects are held against the end told of each record."""
    source, dataset, key = EXAMPLES[rule]
    plain = RunOptions(rule_date=date(2026, 11, 23), mode="dry_run")
    with traced(example, rule, plain) as (result, tenant):
        table = result.datasets[dataset]
        rows = {str(gsid) for (gsid,) in tenant.con.execute(f'select "{key}" from "{table}"').fetchall()}
        decided = {
            (action, str(gsid)): outcome
            for action, effects in result.effects.items()
            for gsid, outcome in tenant.con.execute(
                f'select d."{key}", e.outcome from "{table}" d join "{effects}" e on e."row" = d.__row'
            ).fetchall()
        }
        actions = list(result.effects)
        counts = {action.id: action.counts for action in result.report.actions}
    options = RunOptions(rule_date=date(2026, 11, 23), mode="dry_run", keep_all_tasks=True, trace=True)
    with traced(example, rule, options) as (result, tenant):
        why = everything(result, only=source)[source]
        check_answer(why)
        trace = result.trace
        assert trace is not None
        for record in (each for each in why.records if each.source == source):
            own = record.id
            if source != "company":
                own = record.title.split(", ")[0].removeprefix(f"{key} ")
            told = {end.place: end.outcome for end in record.ends if end.kind == "action"}
            assert told == {action: decided[action, own] for action in actions if (action, own) in decided}
            unmatched = {end.place for end in record.ends if end.kind == "criteria"}
            assert unmatched == (
                {action for action in actions if (action, own) not in decided} if own in rows else set()
            )
            assert (own in rows) is bool(told or unmatched)
    assert sum(count.matched for count in counts.values()) == len(decided) > 0
