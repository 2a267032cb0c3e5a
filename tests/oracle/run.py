"""A case folder run by the oracle: tasks, then actions, run after run on one tenant."""

from __future__ import annotations

import copy
import re
import tomllib
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

from tests.oracle import standard
from tests.oracle.binding import bind_where
from tests.oracle.cta import CloseCta, CreateCta
from tests.oracle.loads import load
from tests.oracle.mapping import Staged
from tests.oracle.scopes import ColumnScope
from tests.oracle.tasks import Data
from tests.oracle.tenant import Tenant
from tests.oracle.values import Context, FailedError, RefusedError, Table, canonical
from tests.oracle.yamlfile import load_rule_file

COUNTS = ("created", "updated", "closed", "unchanged", "skipped", "failed")


@dataclass
class Outcome:
    """What one run gave; `refused` is the code of a rule that was not even started."""

    status: str = ""
    refused: str = ""
    code: str = ""
    tasks: dict[str, Table] = field(default_factory=dict)
    actions: dict[str, dict[str, int]] = field(default_factory=dict)
    effects: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    tenant: Any = None


def run_case(folder: Path) -> list[Outcome]:
    """One outcome a run of the case; the tenant of each is as that run left it."""
    case = load_rule_file(folder / "case.yml")
    rule = load_rule_file(folder / "rules" / "rule.yml")
    profile = standard.PROFILE | settings(folder / "gsrules.toml") | rule.get("profile", {})
    runs = case.get("runs") or [case]
    with localcontext() as exact:
        exact.prec = 60
        context = Context(date.fromisoformat(runs[0]["rule_date"]), profile)
        try:
            tenant = Tenant(folder, context)
        except RefusedError as found:
            return [Outcome(refused=found.code)]
        return [_run(rule, run, tenant, folder, profile) for run in runs]


def settings(path: Path) -> dict[str, Any]:
    """The profile keys that a project's settings give."""
    given = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    short = {
        "timezone": "tenant.timezone",
        "week_start": "calendar.week_start",
        "fiscal_year_start_month": "calendar.fiscal_year_start_month",
    }
    profile: dict[str, Any] = given.get("profile", {})
    limits = {f"limits.{key}": value for key, value in given.get("limits", {}).items()}
    return profile | limits | {short[key]: value for key, value in given.items() if key in short}


def _run(rule: dict[str, Any], run: dict[str, Any], tenant: Tenant, folder: Path, profile: dict[str, Any]) -> Outcome:
    params = rule.get("params", {}) | run.get("params", {})
    context = Context(date.fromisoformat(run["rule_date"]), profile, params, tenant)
    tenant.context = context
    outcome = Outcome()
    saved = copy.deepcopy(tenant.objects)
    try:
        if profile["limits.strict"] and not re.fullmatch(r"\D.{2,119}", str(rule["rule"])):
            raise RefusedError("GS-LIMIT", "the name of the rule")
        outcome.tasks = Data(folder / "datasets", tenant, context).run(rule["tasks"])
        for position, action in enumerate(rule.get("actions", []), 1):
            _act(action, position, outcome, tenant, context)
        outcome.status = _status(list(outcome.actions.values()))
    except RefusedError as found:
        outcome.refused = found.code
        tenant.objects = saved
    except FailedError as found:
        outcome.status, outcome.code = "FAILURE", found.code
        tenant.objects = saved
    outcome.tenant = copy.deepcopy(tenant)
    return outcome


def _act(action: dict[str, Any], position: int, outcome: Outcome, tenant: Tenant, context: Context) -> None:
    name = action.get("id") or f"{position} {action['action']}"
    if action["from"] not in outcome.tasks:
        raise RefusedError("GS-NAME", f"no task {action['from']}")
    table = outcome.tasks[action["from"]]
    scope = ColumnScope(table.columns, table.rows)
    passes = bind_where(action.get("when"), scope, context)
    rows = [Staged(n, row) for n, row in enumerate(canonical(table), 1) if passes(row) is True]
    if action["action"] == "create_cta":
        CreateCta(action, scope, tenant, context).run(rows)
    elif action["action"] == "close_cta":
        CloseCta(action, scope, tenant, context).run(rows)
    else:
        load(action, rows, scope, tenant, context)
    for staged in rows:
        staged.outcome = staged.outcome or "failed"
    outcome.effects[name] = [
        {
            "row": Decimal(s.row),
            "outcome": s.outcome,
            "code": s.codes[0] if s.codes else None,
            "codes": s.codes,
            "warnings": sorted(set(s.warnings)),
        }
        for s in rows
    ]
    counts = {kind: sum(s.outcome == kind for s in rows) for kind in COUNTS}
    outcome.actions[name] = {"received": len(table.rows), "matched": len(rows)} | counts


def _status(actions: list[dict[str, int]]) -> str:
    """actions.md §10.2."""
    busy = [a for a in actions if a["matched"]]
    if busy and all(a["failed"] == a["matched"] for a in busy):
        return "FAILURE"
    return "PARTIAL_SUCCESS" if any(a["failed"] for a in busy) else "SUCCESS"
