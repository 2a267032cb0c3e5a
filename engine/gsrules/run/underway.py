"""A run that is under way, and what it gives at its end."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any

from gsrules.dataclass import dataclass
from gsrules.errors import RunError
from gsrules.plan.nodes import Column, DataPlan
from gsrules.profile import Profile
from gsrules.run.deadline import Deadline
from gsrules.run.options import RunOptions
from gsrules.run.report import RunReport, Status
from gsrules.run.workspace import Workspace
from gsrules.spec import RuleSpec
from gsrules.tenant import RunRecord, Tenant
from gsrules.tenant.changes import Write

if TYPE_CHECKING:
    from gsrules.run.trace import Trace


class DeliveryError(RunError):
    """A request of the outbox may not be sent from here."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """A report, and where the rows are: temporary tables of the tenant's connection.

    `plan` is what was computed; None where the run failed before that. `delivered` names the table that tells what
    became of the requests that were sent.
    """

    report: RunReport
    datasets: Mapping[str, str] = field(default_factory=dict)
    effects: Mapping[str, str] = field(default_factory=dict)
    writes: tuple[Write, ...] = ()
    columns: Mapping[str, tuple[Column, ...]] = field(default_factory=dict)
    trace: Trace | None = None
    plan: DataPlan | None = None
    rejects: Mapping[str, str] = field(default_factory=dict)
    delivered: str | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """What stays the same during one run."""

    workspace: Workspace
    rule: RuleSpec
    profile: Profile
    options: RunOptions
    tenant: Tenant
    run_id: str
    rule_date: dt.date
    started: dt.datetime
    clock: float
    turn: int
    deadline: Deadline

    def report(self, status: Status, **parts: Any) -> RunReport:
        """The report as of now; `parts` are those of RunReport that a run finds out."""
        return RunReport(
            run_id=self.run_id,
            rule=self.rule.id,
            name=str(self.rule.name),
            rule_date=self.rule_date.isoformat(),
            mode=self.options.mode,
            status=status,
            started_at=self.started.isoformat(timespec="milliseconds") + "Z",
            duration_ms=round((time.perf_counter() - self.clock) * 1000),
            params={name: str(value) for name, value in self.options.params.items()},
            **parts,
        )

    def record(self, report: RunReport) -> RunRecord:
        """The run as the execution history keeps it."""
        text = json.dumps(report.as_json(), ensure_ascii=False)
        return RunRecord(report.run_id, report.rule, report.status, report.mode, self.rule_date, self.started, text)
