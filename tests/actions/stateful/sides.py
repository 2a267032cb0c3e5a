"""The two sides of a play: the engine with its store, and the plain Python tenant of the oracle beside it."""

from __future__ import annotations

import copy
import datetime as dt
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import localcontext
from pathlib import Path
from typing import Any

from gsrules.run.engine import RunOptions, run_rule
from gsrules.run.undo.undo import UndoOptions, undo_run
from gsrules.run.workspace import Workspace
from gsrules.tenant import Tenant
from tests.conformance.expectation import plain
from tests.oracle import run as oracle_run
from tests.oracle import standard
from tests.oracle.tenant import COMPUTED
from tests.oracle.tenant import Tenant as Model
from tests.oracle.values import Context
from tests.oracle.yamlfile import load_rule_file

PROJECT = Path(__file__).with_name("project")
FIRST_DAY = dt.date(2026, 11, 20)
COUNTS = ("created", "updated", "closed", "unchanged", "skipped", "failed")
BY_NAME = (
    "cockpit_picklist", "playbook", "cockpit_template", "scorecard_master", "scorecard_measure",
    "scorecard_scheme_definition",
)  # fmt: skip
"""Records of the configuration: their GSIDs are each side's own."""
UNCOMPARED = (*BY_NAME, "record_delete_log")
OWN_BUSINESS = ("GsExecutionId", "GsIngestionSource", *COMPUTED)
SKIPS = ("SCORE_NULL", "SCORECARD_NOT_APPLIED")
"""Codes of skips, which a row may have beside a failure."""
HISTORY = ("gs_run_history", "gs_journal", "outbox")
"""Tables of the store that tell of runs and not of records."""

Row = dict[str, Any]
Rows = Sequence[Mapping[str, str]]
Pages = dict[str, list[Any]]
Change = dict[str, tuple[Any, Any]] | None


@dataclass
class Done:
    """A live run: its id, the store as it was, what it changed by object and record, the model's counters before."""

    run_id: str
    stored: Pages
    changed: dict[str, dict[str, Change]]
    counters: dict[str, int]
    alone: bool = True
    """Whether only runs, and undos of later runs, came since."""

    def objects(self) -> set[tuple[str, str]]:
        return {(name, gsid) for name, records in self.changed.items() for gsid in records}


def changes(before: Model, after: Model) -> dict[str, dict[str, Change]]:
    """By object and GSID the fields that differ, as they were and are; None for a record that was not there."""
    found: dict[str, dict[str, Change]] = {}
    for name, one in after.objects.items():
        old = {r["Gsid"]: r for r in before.objects[name].records}
        new = {r["Gsid"]: r for r in one.records}
        differing: dict[str, Change] = {gsid: None for gsid in new if gsid not in old}
        for gsid, record in new.items():
            fields = {k: (old[gsid].get(k), v) for k, v in record.items() if gsid in old and old[gsid].get(k) != v}
            if fields:
                differing[gsid] = fields
        if differing:
            found[name] = differing
    return found


def reverted(model: Model, done: Done) -> None:
    """Takes a run back in the model: new records go, fields become what they were; a later stamp stays."""
    for name, records in done.changed.items():
        one = model.objects[name]
        one.records = [r for r in one.records if records.get(r["Gsid"], {}) is not None]
        for record in one.records:
            for field, (was, became) in (records.get(record["Gsid"]) or {}).items():
                if record.get(field) == became:
                    record[field] = was


class Sides:
    """One project, one store, one model; every step is done by both, and both must tell and keep the same."""

    def __init__(self, folder: Path, fresh: Path) -> None:
        self.root = folder / "project"
        shutil.copytree(PROJECT, self.root)
        self.rows = self.root / "datasets" / "s3" / "gainsight-managed" / "rows.csv"
        self.rows.parent.mkdir(parents=True, exist_ok=True)
        self.store = folder / "tenant.duckdb"
        self.workspace = Workspace.open(self.root, self.root)
        if not fresh.exists():
            with self.workspace.tenant("live", fresh):
                pass
        shutil.copy(fresh, self.store)
        self.profile = standard.PROFILE | oracle_run.settings(self.root / "gsrules.toml")
        with localcontext() as exact:
            exact.prec = 60
            self.model = Model(self.root, Context(FIRST_DAY, self.profile))

    # -- steps --------------------------------------------------------------------------------------------------------
    def write_rows(self, rows: Rows) -> None:
        header = ["Key", "Text", "Amount", "Day", "Tier", "Mail"]
        lines = [",".join(header)] + [",".join(row[name] for name in header) for row in rows]
        self.rows.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def expected(self, rule: str, day: dt.date, model: Model) -> oracle_run.Outcome:
        """What the oracle makes of the run; it changes the model that is given."""
        page = load_rule_file(self.root / "rules" / f"{rule}.yml")
        with localcontext() as exact:
            exact.prec = 60
            return oracle_run.run_rule(page, {"rule_date": day.isoformat()}, model, self.root, self.profile)

    def live(self, rule: str, day: dt.date) -> Done:
        """A live run on both sides."""
        before = copy.deepcopy(self.model)
        wanted = self.expected(rule, day, self.model)
        with self.workspace.tenant("live", self.store) as tenant:
            stored = dump(tenant)
            run_id = self._engine(rule, day, tenant, wanted, "live")
            self.compare(tenant)
        return Done(run_id, stored, changes(before, self.model), dict(before.counters))

    def dry(self, rule: str, day: dt.date) -> None:
        """A dry run: it tells the same as a live run would, and not a byte of the store changes."""
        wanted = self.expected(rule, day, copy.deepcopy(self.model))
        before = self.store.read_bytes()
        files = self._files()
        with self.workspace.tenant("dry_run", self.store) as tenant:
            self._engine(rule, day, tenant, wanted, "dry_run")
        assert self.store.read_bytes() == before, "a dry run changed the store"
        assert self._files() == files, "a dry run left files"

    def _files(self) -> list[Path]:
        return sorted(path for path in self.root.rglob("*") if path.is_file())

    def _engine(self, rule: str, day: dt.date, tenant: Tenant, wanted: oracle_run.Outcome, mode: Any) -> str:
        found = run_rule(self.workspace, rule, RunOptions(rule_date=day, mode=mode), tenant)
        report = found.report
        assert not report.problems, report.problems
        assert report.status == wanted.status, (rule, report.status, wanted.status)
        for action in report.actions:
            counts = action.counts
            assert counts.matched == sum(getattr(counts, name) for name in COUNTS), counts
            told = {name: getattr(counts, name) for name in ("received", "matched", *COUNTS)}
            expected = {name: int(wanted.actions[action.id][name]) for name in told}
            cursor = tenant.con.execute(f'select row, outcome, codes, warnings from "{found.effects[action.id]}"')
            effects = {int(r): told_of(o, c or [], w or []) for r, o, c, w in cursor.fetchall()}
            meant = {
                int(each["row"]): told_of(each["outcome"], each["codes"], each["warnings"])
                for each in wanted.effects[action.id]
            }
            rows = {*effects, *meant}
            differing = {row: (effects.get(row), meant.get(row)) for row in rows if effects.get(row) != meant.get(row)}
            assert not differing, f"{rule} (engine, model): {differing}"
            assert told == expected, (rule, action.id)
        return report.run_id

    def undo(self, run_id: str) -> str:
        """Undoes a run on the engine's side; gives the status, and what was refused must have changed nothing."""
        before = self.dump()
        with self.workspace.tenant("live", self.store) as tenant:
            status = str(undo_run(self.workspace, tenant, run_id, UndoOptions()).status)
        assert status == "SUCCESS" or self.dump() == before, "a refused undo changed the store"
        return status

    def seed(self, records: Mapping[str, Sequence[Mapping[str, str]]]) -> None:
        """Further seed records on both sides."""
        with self.workspace.tenant("live", self.store) as tenant:
            tenant.seed_records(records)
            for name, rows in records.items():
                for row in rows:
                    self.model.seed_row(name, dict(row))
            self.compare(tenant)

    # -- what is stored -----------------------------------------------------------------------------------------------
    def compare(self, tenant: Tenant) -> None:
        """All records of all objects, field by field."""
        engine = Stored(self.workspace, tenant)
        for name, paths in shapes_of(self.model).items():
            found = {row["Gsid"]: row for row in engine.rows(name, paths)}
            model = self.model.objects[name]
            wanted = {r["Gsid"]: {p: plain(self.model.shown(name, r, p)) for p in paths} for r in model.records}
            assert sorted(found) == sorted(wanted), f"{name}: {len(found)} records instead of {len(wanted)}"
            differing = {
                f"{name} {gsid} {path}": (found[gsid][path], wanted[gsid][path])
                for gsid in wanted
                for path in paths
                if found[gsid][path] != wanted[gsid][path]
            }
            assert not differing, f"(engine, model): {differing}"

    def dump(self) -> Pages:
        """All tables of the store but those that tell of runs."""
        with self.workspace.tenant("live", self.store) as tenant:
            return dump(tenant)


def shapes_of(model: Model) -> dict[str, list[str]]:
    """By object what is compared: all fields, configuration by its name."""
    return {
        name: [
            f"{one.name}.Name" if one.target in BY_NAME else one.name
            for one in found.fields.values()
            if one.name not in OWN_BUSINESS
        ]
        for name, found in model.objects.items()
        if name not in UNCOMPARED
    }


def told_of(outcome: str, codes: Sequence[str], warnings: Sequence[str]) -> tuple[str, Any, Any]:
    """What is told of a row; warnings are for rows that stay good (actions.md §12)."""
    if outcome == "failed":
        return outcome, plain([code for code in codes if code not in SKIPS]), []
    return outcome, plain(codes), plain(warnings) if outcome != "skipped" else []


def dump(tenant: Tenant) -> Pages:
    """Every table of records, its columns and rows as they are, in the order in which they were inserted."""
    listed = tenant.con.execute(
        "select database_name, schema_name, table_name from duckdb_tables() where not temporary and not internal"
    ).fetchall()
    pages: Pages = {}
    for database, schema, name in sorted(listed):
        if not any(name.startswith(word) for word in HISTORY):
            cursor = tenant.con.execute(f'select * from "{database}"."{schema}"."{name}" order by all')
            pages[name] = [([c[0] for c in cursor.description], row) for row in cursor.fetchall()]
    return pages


class Stored:
    """Records of the engine's tenant in the oracle's form: picklists by label, configuration by name."""

    def __init__(self, workspace: Workspace, tenant: Tenant) -> None:
        self.catalogue, self.tenant = workspace.catalogue, tenant
        self.names = {name: {r["Gsid"]: r["Name"] for r in self.all(name)} for name in BY_NAME}

    def all(self, name: str) -> list[Row]:
        cursor = self.tenant.con.execute(f"select * from {self.tenant.table(name).sql(dialect='duckdb')}")
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def rows(self, name: str, paths: Sequence[str]) -> list[Row]:
        fields = self.catalogue.objects[name].fields
        labels: dict[str, dict[str, str]] = {}
        for one in fields.values():
            if one.type.category:
                labels[one.name] = {item.gsid: item.name for item in self.catalogue.category(one.type.category).items}
        shown = []
        for record in self.all(name):
            row = {}
            for path in paths:
                field, _, rest = path.partition(".")
                value = record.get(field)
                if rest:
                    value = self.names[fields[field].type.target].get(value)
                elif field in labels and value is not None:
                    value = [labels[field][v] for v in value] if isinstance(value, list) else labels[field][value]
                row[path] = plain(value)
            shown.append(row)
        return shown
