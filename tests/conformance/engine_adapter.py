"""A case folder run by the engine, in the form that expectations compare."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from tests.conformance.expectation import Result, Row
from tests.oracle.yamlfile import load_rule_file


def run(folder: Path, scratch: Path) -> list[Result]:
    """Runs the case on a copy, so that the store and the artefacts of the run stay out of the repository."""
    from gsrules.errors import GsrulesError, InputError
    from gsrules.run.workspace import Workspace

    project = scratch / "project"
    shutil.copytree(folder, project)
    case = load_rule_file(folder / "case.yml")
    results: list[Result] = []
    try:
        workspace = Workspace.open(project)
        with _tenant(workspace, scratch) as tenant:
            for one in case.get("runs") or [case]:
                results.append(_run(workspace, tenant, one))
    except GsrulesError as wrong:
        status = "" if isinstance(wrong, InputError) else "FAILURE"
        results.append(Result(status, not status, [(p.code, p.message) for p in wrong.problems]))
    return results


def _tenant(workspace: Any, scratch: Path) -> Any:
    """A store of its own; in memory, which is quicker, for a rule that reads no records and writes none."""
    from gsrules.tenant import Tenant

    rule = load_rule_file(workspace.project.rules_dir / "rule.yml")
    stored = (workspace.project.datasets_dir / "records").exists() or not isinstance(rule, dict) or "actions" in rule
    if stored or any(task["type"] == "fetch" for task in rule["tasks"].values()):
        return workspace.tenant(mode="live", path=scratch / "tenant.duckdb")
    return Tenant.open(None, workspace.catalogue, workspace.project, "live")


def _exports(workspace: Any) -> bool:
    """Whether the files that the rule makes are to be in their buckets."""
    rule = load_rule_file(workspace.project.rules_dir / "rule.yml")
    return isinstance(rule, dict) and any(each["action"] == "export_to_s3" for each in rule.get("actions", []))


def _run(workspace: Any, tenant: Any, one: Mapping[str, Any]) -> Result:
    from gsrules.run.engine import RunOptions, run_rule

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
    """All records as they are now, with dotted lookups followed and picklists by label."""

    def __init__(self, workspace: Any, tenant: Any) -> None:
        self.catalogue = workspace.catalogue
        self.records = {name: self.all(tenant, name) for name in self.catalogue.objects}

    @staticmethod
    def all(tenant: Any, name: str) -> list[Row]:
        table = tenant.table(name).sql(dialect="duckdb")
        return _rows(tenant.con.execute(f"select * from {table}"))

    def read(self, name: str, paths: Sequence[str]) -> list[Row]:
        return [{path: self.value(name, record, path) for path in paths} for record in self.records[name]]

    def value(self, name: str, record: Row | None, path: str) -> Any:
        first, _, rest = path.partition(".")
        (found,) = self.catalogue.object(name).find(first)
        value = None if record is None else record[found.name]
        if rest:
            target = found.type.target
            follow = next((r for r in self.records[target] if r["Gsid"] == value), None) if value else None
            return self.value(target, follow, rest)
        if value is not None and found.type.category:
            labels = {item.gsid: item.name for item in self.catalogue.category(found.type.category).items}
            return [labels[v] for v in value] if isinstance(value, list) else labels[value]
        return value
