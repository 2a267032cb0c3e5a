"""The notification of a run: an entry of the outbox for those who want to know how it ended (platform.md §6)."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

from gsrules.actions.changes.staging import cast, named, number, select, spelled, text, typed_null
from gsrules.run.options import run_instant
from gsrules.run.outbox import last_number
from gsrules.run.report import RunReport
from gsrules.run.underway import Run
from gsrules.tenant.changes import Counts
from gsrules.tenant.schema import OUTBOX_TABLE

_STAGED = "gs_run_notification"


def addressees(run: Run, report: RunReport) -> tuple[str, ...]:
    """Who is told of a run that ended so: PARTIAL_SUCCESS goes to the failure list."""
    which = "success" if report.status == "SUCCESS" else "failure"
    own = getattr(run.rule.notify, which) if run.rule.notify is not None else None
    known = own if own is not None else run.workspace.project.notify.get(which, ())
    return tuple(dict.fromkeys(str(each) for each in known))


def notify(run: Run, report: RunReport) -> None:
    """Adds the notification to the tenant's outbox; the caller has begun a transaction."""
    entry = {
        "run": text(report.run_id),
        "n": number(last_number(run.tenant, report.run_id) + 1),
        "rule": text(report.rule),
        "action": typed_null("VARCHAR"),
        "at": cast(text(run_instant(run.rule_date, run.profile).isoformat(sep=" ")), "TIMESTAMP"),
        "row": typed_null("BIGINT"),
        "kind": text("notification"),
        "connection": typed_null("VARCHAR"),
        "method": typed_null("VARCHAR"),
        "url": text("mailto:" + ",".join(report.notified)),
        "headers": typed_null("VARCHAR"),
        "body": text(json.dumps(_body(report), ensure_ascii=False)),
    }
    run.tenant.statements.table(_STAGED, spelled(select(*(named(value, name) for name, value in entry.items()))))
    run.tenant.append_internal(OUTBOX_TABLE, _STAGED)


def _body(report: RunReport) -> dict[str, Any]:
    return {
        "to": list(report.notified),
        "subject": f"{report.name}: {report.status}",
        "rule": report.rule,
        "rule_date": report.rule_date,
        "status": report.status,
        "problems": [f"{problem.code}: {problem.message}" for problem in report.problems],
        "counts": {
            action.id: {each.name: getattr(action.counts, each.name) for each in fields(Counts)}
            for action in report.actions
        },
    }
