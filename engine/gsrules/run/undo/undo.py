"""`gsrules undo`: takes one run back, all of it or what can be, in one transaction with its own line in the history."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import duckdb
from sqlglot import exp

from gsrules.actions.changes.staging import column, select, spelled, text
from gsrules.dataclass import dataclass
from gsrules.errors import RunError
from gsrules.run.artifacts import new_run_id
from gsrules.run.report import Status
from gsrules.run.rows import Rows
from gsrules.run.undo.concerned import RECORDS, Concerned
from gsrules.run.undo.find import UNDO_MODE, Found, find
from gsrules.run.undo.labels import named_refusal
from gsrules.run.undo.refusals import CODES, find_refusals
from gsrules.run.undo.report import Refusal, Undone, UndoReport
from gsrules.run.undo.rows import examples, listing, say
from gsrules.run.undo.take_back import take_back
from gsrules.run.workspace import Workspace
from gsrules.tenant import RunRecord, Tenant
from gsrules.tenant.connect import problem_of
from gsrules.tenant.schema import OUTBOX_TABLE

_EXAMPLES: Final = 5


@dataclass(frozen=True, slots=True)
class UndoOptions:
    """How to undo. `dry_run`: only say what would be done. `partial`: leave what is refused, undo the rest.

    `rows`: tell what becomes of each record.
    """

    dry_run: bool = False
    partial: bool = False
    rows: bool = False


@contextmanager
def undoing(
    workspace: Workspace, name: str, options: UndoOptions, store: Path | None = None
) -> Iterator[tuple[UndoReport, Rows | None]]:
    """The report of an undo, and its records if asked for. Raises InputError (see `find`), RunError GS-TENANT-…"""
    with workspace.tenant("dry_run" if options.dry_run else "live", store) as tenant:
        report = undo_run(workspace, tenant, name, options)
        yield report, Rows(tenant.con, spelled(listing())) if options.rows else None


def undo_run(workspace: Workspace, tenant: Tenant, name: str, options: UndoOptions) -> UndoReport:
    """Undoes a run on an open tenant; what it did with each record stays in temporary tables."""
    found = find(workspace, tenant, name)
    started = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    tenant.begin()
    try:
        concerned = Concerned.of(tenant, found.journalled)
        concerned.list_records()
        refused = find_refusals(concerned)
        if options.rows:
            say(concerned)
        report = _report(concerned, found, options, new_run_id(started), refused)
        if not options.dry_run and report.status != "FAILURE":
            take_back(concerned, report.undo_id, refused=refused)
            tenant.runs.add(_record(report, found.record, started))
        tenant.commit()
    except duckdb.IOException as error:
        tenant.rollback()
        raise RunError(problem_of(error, tenant.path)) from error
    except BaseException:
        tenant.rollback()
        raise
    tenant.forget_counters()
    return report


def _record(report: UndoReport, undone: RunRecord, started: dt.datetime) -> RunRecord:
    shown = json.dumps(report.as_json(), ensure_ascii=False)
    return RunRecord(report.undo_id, report.rule, report.status, UNDO_MODE, undone.rule_date, started, shown)


def _report(concerned: Concerned, found: Found, options: UndoOptions, undo_id: str, refused: int) -> UndoReport:
    objects = _objects(concerned)
    status: Status = "SUCCESS"
    if refused:
        some = any(each.removed + each.restored + each.reopened + each.put_back for each in objects)
        status = "PARTIAL_SUCCESS" if options.partial and some else "FAILURE"
    codes, examples = _refusals(concerned) if refused else ({}, ())
    outbox = _outbox(concerned)
    report = UndoReport(
        undo_id=undo_id,
        undone=found.record.run_id,
        rule=found.record.rule,
        rule_date=found.record.rule_date.isoformat(),
        mode="dry_run" if options.dry_run else "live",
        status=status,
        partial=options.partial,
        objects=objects,
        refusals=codes,
        examples=examples,
        outbox=0 if refused else outbox,
    )
    return replace(report, notes=tuple(_notes(found.record, outbox, refused)))


def _objects(concerned: Concerned) -> tuple[Undone, ...]:
    rows = concerned.tenant.con.execute(
        f"SELECT object, refused, does, count(*) FROM {RECORDS} GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    found: dict[str, dict[str, int]] = {}
    for name, refused, does, count in rows:
        key = "refused" if refused else does.replace(" ", "_")
        counts = found.setdefault(name, {})
        counts[key] = counts.get(key, 0) + count
    return tuple(Undone(name, **counts) for name, counts in found.items())


def _refusals(concerned: Concerned) -> tuple[dict[str, int], tuple[Refusal, ...]]:
    counts: dict[str, int] = {}
    told: list[Refusal] = []
    seen = set[tuple[str, str]]()
    for records, *values in examples(concerned, _EXAMPLES):
        one = named_refusal(concerned, Refusal(*(str(value or "") for value in values)))
        if (one.object, one.code) not in seen:
            counts[one.code] = counts.get(one.code, 0) + int(records)
            seen.add((one.object, one.code))
        told.append(one)
    return {code: counts[code] for code in CODES if code in counts}, tuple(told)


def _outbox(concerned: Concerned) -> int:
    """The entries of the run in the tenant's outbox."""
    rows = select(exp.Count(this=exp.Star())).from_(concerned.tenant.internal(OUTBOX_TABLE), copy=False)
    mine = exp.EQ(this=column("run"), expression=text(concerned.run.run_id))
    row = concerned.tenant.con.execute(spelled(rows.where(mine, copy=False))).fetchone()
    return int(row[0]) if row else 0


def _notes(record: RunRecord, outbox: int, refused: int) -> Iterator[str]:
    """What lies outside of the tenant and stays."""
    report: dict[str, Any] = json.loads(record.report)
    exports = [e for action in report.get("actions", ()) for e in action.get("exports", ()) if e.get("written")]
    if exports:
        shown = ", ".join(f"{e['bucket']}/{e['key']}" for e in exports[:3]) + (", …" if len(exports) > 3 else "")
        yield f"exported files stay where they are: {shown}"
    archived = [key for task in report.get("tasks", ()) for key in task.get("archived", ())]
    if archived:
        yield f"files that were read stay in the archive: {', '.join(archived[:3])}{', …' if archived[3:] else ''}"
    if outbox and refused:
        yield f"{outbox:,} entries of the outbox stay: they cannot be told apart by record"
