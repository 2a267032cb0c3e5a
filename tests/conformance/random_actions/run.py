"""Runs random actions on both sides and says what differs."""

from __future__ import annotations

import copy
import datetime as dt
import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import localcontext
from pathlib import Path
from typing import Any

from gsrules.errors import InputError
from gsrules.run.engine import RunOptions, run_rule
from gsrules.run.workspace import Workspace
from tests.actions.stateful.sides import Stored, shapes_of, told_of
from tests.conformance.expectation import plain
from tests.conformance.random_actions.make import COLUMNS, Made, Maker
from tests.oracle import run as oracle_run
from tests.oracle import standard
from tests.oracle.tenant import Tenant as Model
from tests.oracle.values import Context
from tests.oracle.yamlfile import load_rule_file

WORLD = Path(__file__).with_name("world")
COUNTS = ("received", "matched", "created", "updated", "closed", "unchanged", "skipped", "failed", "filtered_null")
Listed = dict[str, Any]


class Both:
    """A project and a fresh store, from which every rule starts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "project"
        shutil.copytree(WORLD, self.root)
        (self.root / "rules").mkdir()
        self.rows = self.root / "datasets" / "s3" / "gainsight-managed" / "rows.csv"
        self.rows.parent.mkdir(parents=True)
        self.fresh, self.store = folder / "fresh.duckdb", folder / "tenant.duckdb"
        with Workspace.open(self.root, self.root).tenant("live", self.fresh):
            pass
        self.model: Model | None = None

    def disagreement(self, made: Made) -> str:
        """What differs first, or nothing."""
        settings = "\n".join(f'"{key}" = {json.dumps(value)}' for key, value in made.profile.items())
        (self.root / "gsrules.toml").write_text(f"[profile]\n{settings}\n", encoding="utf-8")
        (self.root / "rules" / "rule.yml").write_text(json.dumps(made.rule), encoding="utf-8")
        shutil.copy(self.fresh, self.store)
        with localcontext() as exact:
            exact.prec = 60
            return self._played(made)

    def _played(self, made: Made) -> str:
        profile = standard.PROFILE | oracle_run.settings(self.root / "gsrules.toml")
        if self.model is None:
            self.model = Model(self.root, Context(dt.date(2026, 11, 20), dict(standard.PROFILE)))
        model = copy.deepcopy(self.model)
        workspace = Workspace.open(self.root, self.root)
        page = load_rule_file(self.root / "rules" / "rule.yml")
        for day, rows in made.runs:
            lines = [COLUMNS] + [[row[c] for c in COLUMNS] for row in rows]
            self.rows.write_text("".join(",".join(line) + "\n" for line in lines), encoding="utf-8")
            wanted = oracle_run.run_rule(page, {"rule_date": day}, model, self.root, profile)
            options = RunOptions(rule_date=dt.date.fromisoformat(day))
            try:
                with workspace.tenant("live", self.store) as tenant:
                    found = run_rule(workspace, "rule", options, tenant)
                    why = self._compared(found, wanted, tenant) or self._records(workspace, tenant, model)
            except InputError as refused:
                codes = [p.code for p in refused.problems if p.severity == "error"]
                return "" if wanted.refused else f"only the engine refuses: {refused}"[:1500] + f" {codes}"
            if why:
                return why
        return ""

    def _compared(self, found: Any, wanted: oracle_run.Outcome, tenant: Any) -> str:
        if wanted.refused:
            return f"only the oracle refuses: {wanted.refused} {wanted.why}"
        report = found.report
        for action in report.actions:
            cursor = tenant.con.execute(f'select row, outcome, codes, warnings from "{found.effects[action.id]}"')
            mine = {int(r): told_of(o, c or [], w or []) for r, o, c, w in cursor.fetchall()}
            other = {int(e["row"]): told_of(e["outcome"], e["codes"], e["warnings"]) for e in wanted.effects[action.id]}
            differing = {n: (mine.get(n), other.get(n)) for n in {*mine, *other} if mine.get(n) != other.get(n)}
            if differing:
                return f"{action.id} {action.action} (engine, oracle): {differing}"
            counts = {name: getattr(action.counts, name) for name in COUNTS}
            if counts != {name: int(wanted.actions[action.id][name]) for name in COUNTS}:
                return f"{action.id}: {counts} {wanted.actions[action.id]}"
        if report.status != wanted.status:
            return f"status {report.status} {[p.code for p in report.problems]}, oracle {wanted.status} {wanted.code}"
        return ""

    def _records(self, workspace: Workspace, tenant: Any, model: Model) -> str:
        engine = Stored(workspace, tenant)
        for name, paths in shapes_of(model).items():
            found = {row["Gsid"]: row for row in engine.rows(name, paths)}
            records = {r["Gsid"]: r for r in model.objects[name].records}
            if set(found) != set(records):
                return f"{name}: only the engine has {set(found) - set(records)}, oracle {set(records) - set(found)}"
            for gsid, record in records.items():
                for path in paths:
                    value = plain(model.shown(name, record, path))
                    if found[gsid][path] != value:
                        return f"{name} {gsid} {path}: engine {found[gsid][path]!r}, oracle {value!r}"
        return ""


def made(seed: int) -> Made:
    return Maker(seed).make()


def disagreements(both: Both, seeds: Iterable[int]) -> Iterator[tuple[int, Made, str]]:
    for seed in seeds:
        if why := both.disagreement(made(seed)):
            yield seed, made(seed), why


def smaller(both: Both, found: Made) -> Made:
    """The same disagreement with fewer actions, rows, runs and settings, as long as one is left."""
    kind = kind_of(both.disagreement(found))
    changed = True
    while changed:
        changed = False
        for one in fewer(found):
            if differs(both, one) == kind:
                found, changed = one, True
                break
    return found


def kind_of(why: str) -> str:
    """What a disagreement is about, whatever the records and rows."""
    start = "who refuses" if why.startswith("only") else " ".join(why.split(":")[0].split()[2:])
    return start and f"{start} {'GS-SPEC' in why}"


def differs(both: Both, one: Made) -> str:
    try:
        return kind_of(both.disagreement(one))
    except (KeyError, TypeError):
        return ""  # without a parameter that the oracle takes for granted


def fewer(made: Made) -> Iterator[Made]:
    for i in range(len(made.rule["actions"])):
        actions = made.rule["actions"]
        if len(actions) > 1:
            yield replace(made, rule=made.rule | {"actions": actions[:i] + actions[i + 1 :]})
    for i in range(len(made.runs)):
        if len(made.runs) > 1:
            yield replace(made, runs=made.runs[:i] + made.runs[i + 1 :])
    for key in made.profile:
        yield replace(made, profile={k: v for k, v in made.profile.items() if k != key})
    for i, (day, rows) in enumerate(made.runs):
        for j in range(len(rows)):
            yield replace(made, runs=[*made.runs[:i], (day, rows[:j] + rows[j + 1 :]), *made.runs[i + 1 :]])
    for i, action in enumerate(made.rule["actions"]):
        for key in action:
            for less in without(action, key):
                actions = made.rule["actions"]
                yield replace(made, rule=made.rule | {"actions": [*actions[:i], less, *actions[i + 1 :]]})


def without(action: Listed, key: str) -> Iterator[Listed]:
    if key not in ("action", "id", "from"):
        yield {k: v for k, v in action.items() if k != key}
    if isinstance(action[key], dict):
        for inner in action[key]:
            yield action | {key: {k: v for k, v in action[key].items() if k != inner}}
