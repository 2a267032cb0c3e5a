"""What a run reports; `as_json` gives exactly the form that the command line documents."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from gsrules.errors import Problem
from gsrules.tenant.changes import Counts, ErrorCount

Status = Literal["SUCCESS", "PARTIAL_SUCCESS", "FAILURE"]
Mode = Literal["live", "dry_run"]


@dataclass(frozen=True, slots=True)
class TaskReport:
    task: str
    type: str
    rows: int | None
    duration_ms: int
    files: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ActionReport:
    id: str
    action: str
    from_: str
    status: Status
    counts: Counts
    errors: tuple[ErrorCount, ...] = ()
    skips: tuple[ErrorCount, ...] = ()
    warnings: tuple[ErrorCount, ...] = ()


@dataclass(frozen=True, slots=True)
class RunReport:
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
    warnings: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    artifacts: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)
