"""What why tells agrees with what the engine does: for records of random rules and of the example.

For the conformance cases see `tests/conformance/test_traced.py`.
"""

from __future__ import annotations

import csv
import random
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gsrules.run.engine import RunOptions, RunResult, run_rule
from gsrules.run.trace import Trace
from gsrules.run.workspace import Workspace
from gsrules.tenant import Tenant
from tests.conformance import oracle_adapter
from tests.conformance.engine_adapter import opened
from tests.conformance.random_rules import Maker
from tests.regress.why.agreement import check_answer, everything, is_rowwise

ROOT = Path(__file__).parents[3]


@contextmanager
def traced(project: Path, rule: str, options: RunOptions) -> Iterator[tuple[RunResult, Tenant]]:
    workspace = Workspace.open(project)
    with opened(workspace, None) as tenant:
        yield run_rule(workspace, rule, options, tenant), tenant


def one(trace: Trace, sql: str) -> Any:
    found = trace.tenant.con.execute(sql).fetchone()
    assert found is not None
    return found[0]


# -- random rules, held against the oracle -----------------------------------------------------------------------------


SEEDS = [pytest.param(seed, marks=[pytest.mark.once] if seed % 4 else []) for seed in range(40)]


@pytest.mark.parametrize("seed", SEEDS)
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


# -- the example -------------------------------------------------------------------------------------------------------

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
