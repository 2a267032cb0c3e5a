"""A case folder run by the engine, in the form that expectations compare."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from gsrules.errors import GsrulesError, InputError
from gsrules.run.engine import RunOptions, run_rule
from gsrules.run.workspace import Workspace
from gsrules.tenant import Tenant
from gsrules.tenant.schema import configured_names
from tests.conformance.expectation import Result, Row
from tests.oracle.yamlfile import load_rule_file


def run(folder: Path, scratch: Path) -> Iterator[Result]:
    """Runs the case on a copy, so that the store and the artefacts of the run stay out of the repository.

    The records of a result can be read until the next one is asked for.
    """
    project = scratch / "project"
    shutil.copytree(folder, project)
    case = load_rule_file(folder / "case.yml")
    runs = case.get("runs") or [case]
    try:
        workspace = Workspace.open(project)
        store = scratch / "tenant.duckdb" if stored(folder, len(runs)) else None
        with opened(workspace, store) as tenant:
            for one in runs:
                yield _run(workspace, tenant, one)
    except GsrulesError as wrong:
        status = "" if isinstance(wrong, InputError) else "FAILURE"
        yield Result(status, not status, [(p.code, p.message) for p in wrong.problems])


def stored(folder: Path, runs: int) -> bool:
    """Whether a case works on a store: where it may matter, and one in eight of the others.

    What the store adds is proven in tests/tenant; making one takes longer than most cases.
    """
    return runs > 1 or (folder / "datasets" / "salesforce").exists() or not sum(map(ord, folder.name)) % 8


@contextmanager
def opened(workspace: Workspace, store: Path | None) -> Iterator[Tenant]:
    """A tenant with the records of the case: in a store at that path, or in memory."""
    with Tenant.open(store, workspace.catalogue, workspace.project, "live") as tenant:
        if store is None:
            tenant.seed()
        yield tenant


def filled(tenant: Tenant) -> list[str]:
    """The objects that may hold records: in memory those read or written so far and what the catalogue fills."""
    place = tenant.table("company").catalog
    made = tenant.con.execute("select table_name from duckdb_tables() where database_name = ?", [place]).fetchall()
    catalogue = tenant.catalogue
    return [name for name in catalogue.objects if (name,) in made or configured_names(catalogue, name)]


def _exports(workspace: Any) -> bool:
    """Whether the files that the rule makes are to be in their buckets."""
    rule = load_rule_file(workspace.project.rules_dir / "rule.yml")
    return isinstance(rule, dict) and any(each["action"] == "export_to_s3" for each in rule.get("actions", []))


def _run(workspace: Any, tenant: Any, one: Mapping[str, Any]) -> Result:
    options = RunOptions(
        rule_date=date.fromisoformat(one["rule_date"]),
        params=one.get("params", {}),
        mode="live",
        keep_all_tasks=True,
        archive=_exports(workspace),
    )
    found = run_rule(workspace, "rule", options, tenant)
    report = found.report

    def table(name: str) -> list[Row]:
        return _rows(tenant.con.execute(f'select * from "{name}"'))

    return Result(
        status=report.status,
        problems=[(p.code, p.message) for p in report.problems],
        tasks={task: table(name) for task, name in found.datasets.items()},
        actions={action.id: _counts(action.counts) for action in report.actions},
        effects={action: [_listed(row) for row in table(name)] for action, name in found.effects.items()},
        records=_Records(workspace, tenant).read,
        warnings=[(p.code, f"{p.message} {p.where} {p.value}") for p in report.warnings],
        rejects={task.task: task.rejects for task in report.tasks},
        archived={task.task: task.archived for task in report.tasks},
        behaviours=[each.key for each in report.behaviours],
        file=_texts(workspace.project.root / "datasets" / "s3").get,
        outbox=_outbox(tenant, report.run_id),
    )


def _outbox(tenant: Any, run_id: str) -> list[Row]:
    table = tenant.internal("outbox").sql(dialect="duckdb")
    rows = _rows(tenant.con.execute(f"select * from {table} where run = ? order by n", [run_id]))
    return [{**row, "headers": [f"{n}: {v}" for n, v in json.loads(row["headers"] or "{}").items()]} for row in rows]


def _texts(folder: Path) -> dict[str, str]:
    """All files of the buckets that are text, by bucket and key."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    texts = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
    return {key: data.decode(errors="replace") for key, data in texts.items()}


def _rows(cursor: Any) -> list[Row]:
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _listed(effect: Row) -> Row:
    """An effect with empty lists where it has no codes and no warnings."""
    return {**effect, "codes": effect["codes"] or [], "warnings": effect["warnings"] or []}


def _counts(counts: Any) -> dict[str, int]:
    kinds = ("received", "matched", "created", "updated", "closed", "unchanged", "skipped", "failed", "filtered_null")
    return {kind: getattr(counts, kind) for kind in kinds}


class _Records:
    """The records as they are now, with dotted lookups followed and picklists by label."""

    def __init__(self, workspace: Any, tenant: Any) -> None:
        self.catalogue = workspace.catalogue
        self.tenant = tenant

    def all(self, name: str) -> list[Row]:
        table = self.tenant.table(name).sql(dialect="duckdb")
        return _rows(self.tenant.con.execute(f"select * from {table}"))

    def read(self, name: str, paths: Sequence[str]) -> list[Row]:
        return [{path: self.value(name, record, path) for path in paths} for record in self.all(name)]

    def value(self, name: str, record: Row | None, path: str) -> Any:
        first, _, rest = path.partition(".")
        (found,) = self.catalogue.object(name).find(first)
        value = None if record is None else record[found.name]
        if rest:
            target = found.type.target
            follow = next((r for r in self.all(target) if r["Gsid"] == value), None) if value else None
            return self.value(target, follow, rest)
        if value is not None and found.type.category:
            labels = {item.gsid: item.name for item in self.catalogue.category(found.type.category).items}
            return [labels[v] for v in value] if isinstance(value, list) else labels[value]
        return value
