"""What a run reports; `as_json` gives exactly the form that the command line documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Literal

from gsrules.dataclass import dataclass
from gsrules.errors import Fix, Problem
from gsrules.run.behaviours.model import Behaviour
from gsrules.tenant.changes import Counts, ErrorCount

Status = Literal["SUCCESS", "PARTIAL_SUCCESS", "FAILURE"]
Mode = Literal["live", "dry_run"]


@dataclass(frozen=True, slots=True)
class TaskReport:
    """One dataset task: its number of rows (None where it was not reached) and the files it read.

    `rejects`: how many cells of these did not fit and were read as null. `archived`: where the files are now.
    """

    task: str
    type: str
    rows: int | None
    duration_ms: int
    files: tuple[str, ...] = ()
    rejects: int = 0
    archived: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "task": self.task,
            "type": self.type,
            "rows": self.rows,
            "duration_ms": self.duration_ms,
        }
        if self.type == "s3":
            shown["files"] = list(self.files)
        if self.rejects:
            shown["rejects"] = self.rejects
        if self.archived:
            shown["archived"] = list(self.archived)
        return shown


@dataclass(frozen=True, slots=True)
class ExportReport:
    """A file of an export: `written` tells whether it is in the bucket; a dry run only says what it would write."""

    bucket: str
    key: str
    rows: int
    bytes: int
    written: bool

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("bucket", "key", "rows", "bytes", "written")}


@dataclass(frozen=True, slots=True)
class ActionReport:
    """One action: its row counts (actions.md §10.1), with errors, skips and warnings grouped by code.

    `outbox`: how many entries of each kind it adds to the outbox; a dry run only says what it would add.
    `delivered`: how many of its API calls got which answer, if they were sent.
    """

    id: str
    action: str
    from_: str
    counts: Counts
    errors: tuple[ErrorCount, ...] = ()
    skips: tuple[ErrorCount, ...] = ()
    warnings: tuple[ErrorCount, ...] = ()
    exports: tuple[ExportReport, ...] = ()
    outbox: Mapping[str, int] = field(default_factory=dict)
    delivered: Mapping[str, int] = field(default_factory=dict)

    @property
    def status(self) -> Status:
        """The arithmetic of actions.md §10.2."""
        if self.counts.failed == 0:
            return "SUCCESS"
        return "FAILURE" if self.counts.failed == self.counts.matched else "PARTIAL_SUCCESS"

    def as_json(self) -> dict[str, Any]:
        counts = self.counts
        shown: dict[str, Any] = {
            "id": self.id,
            "action": self.action,
            "from": self.from_,
            "status": self.status,
            "received": counts.received,
            "matched": counts.matched,
            "created": counts.created,
            "updated": counts.updated,
            "closed": counts.closed,
            "unchanged": counts.unchanged,
            "skipped": counts.skipped,
            "failed": counts.failed,
            "filtered_null": counts.filtered_null,
            "records_written": counts.records_written,
            "errors": [_count_json(e) for e in self.errors],
            "skips": [_count_json(e) for e in self.skips],
            "warnings": [_count_json(e) for e in self.warnings],
        }
        exports = {"exports": [each.as_json() for each in self.exports]} if self.exports else {}
        outbox = {"outbox": dict(self.outbox)} if self.outbox else {}
        return shown | exports | outbox | ({"delivered": dict(self.delivered)} if self.delivered else {})


def _count_json(group: ErrorCount) -> dict[str, Any]:
    return {"code": group.code, "rows": group.rows, "example": group.example}


@dataclass(frozen=True, slots=True)
class RunReport:
    """One run of one rule; `params` are those that were given, the others had the rule's own values.

    `behaviours` are the doubtful behaviours on which the result depended, as far as they were looked for.
    `notified`: to whom the outbox holds a notification; a dry run only says to whom it would.
    """

    run_id: str
    rule: str
    name: str
    rule_date: str
    mode: Mode
    status: Status
    started_at: str
    duration_ms: int
    tasks: tuple[TaskReport, ...] = ()
    actions: tuple[ActionReport, ...] = ()
    warnings: tuple[Problem, ...] = ()
    problems: tuple[Problem, ...] = ()
    behaviours: tuple[Behaviour, ...] = ()
    artifacts: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    notified: tuple[str, ...] = ()

    @property
    def has_written(self) -> bool:
        """Whether the run has changed the tenant, so that it can be undone."""
        kept = self.mode == "live" and not self.problems
        return kept and any(action.counts.records_written or action.outbox for action in self.actions)

    def as_json(self) -> dict[str, Any]:
        """The documented JSON; `problems` says why a run failed and is left out when it did not, `params` if none."""
        shown: dict[str, Any] = {
            "run_id": self.run_id,
            "rule": self.rule,
            "name": self.name,
            "rule_date": self.rule_date,
            "mode": self.mode,
            "status": self.status,
            "started_at": self.started_at,
            "duration_ms": self.duration_ms,
            "tasks": [task.as_json() for task in self.tasks],
            "actions": [action.as_json() for action in self.actions],
            "warnings": [problem_json(p) for p in self.warnings],
            "behaviours": [each.as_json() for each in self.behaviours],
            "artifacts": self.artifacts,
        }
        given: dict[str, Any] = {"params": dict(self.params)} if self.params else {}
        given |= {"notified": list(self.notified)} if self.notified else {}
        return shown | given | ({"problems": [problem_json(p) for p in self.problems]} if self.problems else {})


def problem_json(problem: Problem) -> dict[str, Any]:
    """A problem as plain data; keys without a value are left out."""
    place = problem.place
    fields = {
        "code": problem.code,
        "severity": problem.severity,
        "message": problem.message,
        "file": place.file if place else None,
        "line": place.line if place else None,
        "column": place.column if place else None,
        "where": problem.where,
        "value": problem.value,
        "nearest": problem.nearest,
        "hint": problem.hint,
        "fix": fix_json(problem.fix) if problem.fix else None,
    }
    return {key: value for key, value in fields.items() if value not in ("", None)}


def fix_json(fix: Fix) -> dict[str, Any]:
    """A repair as plain data, for editors: what to put in the place of how many characters."""
    return {
        "title": fix.title,
        "line": fix.place.line,
        "column": fix.place.column,
        "length": fix.length,
        "text": fix.text,
    }


def rule_status(actions: tuple[ActionReport, ...], zero_rows: str) -> Status:
    """The status of a rule whose tasks all succeeded (actions.md §10.2); `zero_rows` is `run.zero_rows`."""
    acted = [action.status for action in actions if action.counts.matched > 0]
    if acted and all(status == "FAILURE" for status in acted):
        return "FAILURE"
    if any(status != "SUCCESS" for status in acted):
        return "PARTIAL_SUCCESS"
    return "PARTIAL_SUCCESS" if actions and not acted and zero_rows == "partial_success" else "SUCCESS"
