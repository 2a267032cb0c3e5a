"""Every registered kind of action is told by why, recorded, counted, compared and kept as a snapshot.

The rules are those of the conformance cases, which know each kind with its data; a kind without a case fails here.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from gsrules.actions.registry import action_kinds
from gsrules.regress.branches import TracedTables, branches_of, count_of
from gsrules.regress.difference.command import Request, differences
from gsrules.regress.record import RecordOptions, record_to
from gsrules.regress.snapshots.accepting import accept
from gsrules.regress.suite import SuiteOptions, run_tests
from gsrules.regress.why import answer
from gsrules.regress.why.ask import spots
from gsrules.run.engine import RunOptions, RunResult, run_rule
from gsrules.run.workspace import Workspace
from gsrules.tenant.names import run
from gsrules.views.paint import Painter
from gsrules.views.why import lines
from tests.conformance.test_conformance import CASES

A_KIND = 1
"""Cases that are looked at for each kind: the one that comes to most outcomes and codes."""

pytestmark = pytest.mark.once


@cache
def every_case() -> Mapping[str, tuple[Path, ...]]:
    """By kind the cases that run a rule with it, those first that expect most of it."""
    found: dict[str, list[tuple[int, Path]]] = {name: [] for name in action_kinds()}
    for folder in CASES:
        rule = yaml.safe_load((folder / "rules/rule.yml").read_text(encoding="utf-8"))
        expected = (folder / "expected.yml").read_text(encoding="utf-8")
        outcomes = set(
            re.findall(r"outcome: (\w+)|\b(created|updated|closed|unchanged|skipped|failed): [1-9]", expected)
        )
        if not isinstance(rule, dict) or not outcomes:
            continue
        worth = len(outcomes | set(re.findall(r"\b[A-Z]+_[A-Z_]+\b", expected)))
        for kind in {str(action["action"]) for action in rule.get("actions", ())}:
            found.setdefault(kind, []).append((-worth, folder))
    return {kind: tuple(folder for _, folder in sorted(each)) for kind, each in found.items()}


def cases() -> Mapping[str, tuple[Path, ...]]:
    """The first of them."""
    return {kind: each[:A_KIND] for kind, each in every_case().items()}


def day_of(folder: Path) -> date:
    case = yaml.safe_load((folder / "case.yml").read_text(encoding="utf-8"))
    found = (case.get("runs") or [case])[0]["rule_date"]
    return found if isinstance(found, date) else date.fromisoformat(found)


def copied(folder: Path, scratch: Path) -> Path:
    project = scratch / folder.name
    shutil.copytree(folder, project)
    (project / "tests").mkdir(exist_ok=True)
    return project


@contextmanager
def traced(project: Path, store: Path, day: date) -> Iterator[RunResult]:
    workspace = Workspace.open(project, project)
    options = RunOptions(rule_date=day, mode="dry_run", keep_all_tasks=True, trace=True)
    with workspace.tenant("dry_run", store) as tenant:
        yield run_rule(workspace, "rule", options, tenant)


each_kind = pytest.mark.parametrize("kind", action_kinds())


@each_kind
def test_a_kind_tells_what_it_decides(kind: str) -> None:
    assert cases()[kind], f"no conformance case runs {kind}"


@each_kind
def test_why_tells_the_outcome_of_every_row_and_its_reason(kind: str, tmp_path: Path) -> None:
    for folder in cases()[kind]:
        with traced(copied(folder, tmp_path), tmp_path / f"{folder.name}.duckdb", day_of(folder)) as result:
            assert result.trace is not None
            told: dict[str, int] = {}
            for spot in spots(result.trace):
                name = spot.part.columns[0].name
                why = answer(result, f"[{name}] is null or [{name}] is not null", stories=100, limit=1000)
                for record in why.records:
                    text = "\n".join(lines(replace(why, records=(record,), total=1), Painter(False)))
                    for step in record.actions:
                        for effect in step.effects:
                            told[step.kind] = told.get(step.kind, 0) + 1
                            assert effect.outcome in text
                            assert effect.message if effect.code else effect.because, (step.action, effect)
                            assert (effect.code or effect.because) in text
            acted = sum(each.counts.matched for each in result.report.actions if each.action == kind)
            assert not acted or told.get(kind), folder.name


@each_kind
def test_the_branches_of_a_kind_add_up_to_what_the_report_says(kind: str, tmp_path: Path) -> None:
    for folder in cases()[kind]:
        with traced(copied(folder, tmp_path), tmp_path / f"{folder.name}.duckdb", day_of(folder)) as result:
            assert result.trace is not None
            ids = {str(spec.id) for spec, _ in result.trace.bound.actions if spec.action == kind}
            every = branches_of(result.trace.bound, result.trace.unfolded)
            own = [each for each in every if each.owner == "action" and each.name in ids]
            assert {each.name for each in own if each.kind == "outcome" and each.counted} == ids
            shown = {action.id: action.counts.of_outcomes() for action in result.report.actions}
            for branch in own:
                row = run(result.trace.tenant.con, count_of([branch], branch.part, TracedTables(result))).fetchone()
                assert row is not None
                if branch.kind == "outcome" and branch.side == "reached":
                    assert row[0] == shown[branch.name].get(branch.text, 0), branch.id
            told = {(each.name, each.text) for each in own if each.kind == "outcome"}
            came = {(name, outcome) for name in ids for outcome in shown[name]}
            assert {pair for pair in came if pair[1] not in ("failed", "skipped")} <= told


@each_kind
def test_a_recorded_test_passes_and_exercises_every_outcome_and_code(kind: str, tmp_path: Path) -> None:
    for folder in cases()[kind]:
        project = copied(folder, tmp_path)
        workspace = Workspace.open(project, project)
        options = RecordOptions(rule_date=day_of(folder))
        made = record_to(workspace, "rule", project / "tests" / "rule.recorded.yml", options)
        assert made.real <= made.taken, (folder.name, made.real - made.taken)
        addresses = set(re.findall(r"[\w.]+@[\w.]+\w", made.text))
        assert not {each for each in addresses if each in real_addresses(project)}, folder.name
        (project / "tests" / "rule.recorded.yml").write_text(_with_snapshot(made.text), encoding="utf-8")
        first = run_tests(workspace, [project / "tests"], None, SuiteOptions(jobs=1))
        assert all(test.as_expected for test in first.tests), folder.name
        accept(first)
        again = run_tests(workspace, [project / "tests"], None, SuiteOptions(jobs=1))
        assert all(test.passed for test in again.tests), folder.name


def _with_snapshot(text: str) -> str:
    return text.replace("    expect:\n", "    snapshot: true\n    expect:\n")


def real_addresses(project: Path) -> set[str]:
    """The addresses in the data of a project that no rule names."""
    rules = (project / "rules" / "rule.yml").read_text(encoding="utf-8")
    data = "".join(file.read_text(encoding="utf-8") for file in (project / "datasets").rglob("*.csv"))
    return {each for each in re.findall(r"[\w.]+@[\w.]+\w", data) if each not in rules and "example.com" not in each}


@each_kind
def test_diff_tells_who_gains_and_who_loses(kind: str, tmp_path: Path) -> None:
    for folder in cases()[kind]:
        project = copied(folder, tmp_path)
        file = project / "rules" / "rule.yml"
        acting = file.read_text(encoding="utf-8")
        rule: dict[str, Any] = yaml.safe_load(acting)
        rule["actions"] = [{**action, "when": "1 = 2"} for action in rule["actions"]]
        idle = yaml.safe_dump(rule, sort_keys=False)
        base = tmp_path / f"{folder.name}.base.yml"
        for before, after, side in ((idle, acting, "new"), (acting, idle, "gone")):
            base.write_text(before, encoding="utf-8")
            file.write_text(after, encoding="utf-8")
            workspace = Workspace.open(project, project)
            (found,) = differences(workspace, Request(("rule",), base=str(base), rule_date=day_of(folder)))
            acted = [each for each in found.effects if each.kind == kind]
            assert acted, folder.name
            for each in acted:
                counts, others = (each.after, each.before) if side == "new" else (each.before, each.after)
                assert not any((others or {}).values())
                assert each.table is not None
                assert getattr(each.table, side) == sum((counts or {}).values()), folder.name
