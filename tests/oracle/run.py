"""A case folder run by the oracle: tasks, then actions, run after run on one tenant."""

from __future__ import annotations

import copy
import re
import tomllib
from dataclasses import dataclass, field
from datetime import date
from decimal import localcontext
from pathlib import Path
from typing import Any

from tests.oracle import standard
from tests.oracle.actions import act, status
from tests.oracle.tasks import Data
from tests.oracle.tenant import Tenant
from tests.oracle.values import Context, FailedError, RefusedError, Table
from tests.oracle.yamlfile import load_rule_file


@dataclass
class Outcome:
    """What one run gave; `refused` is the code of a rule that was not even started."""

    status: str = ""
    refused: str = ""
    code: str = ""
    why: str = ""
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
        return [run_rule(rule, run, tenant, folder, profile) for run in runs]


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


def run_rule(
    rule: dict[str, Any], run: dict[str, Any], tenant: Tenant, folder: Path, profile: dict[str, Any]
) -> Outcome:
    """One run; what it changes in the tenant it leaves there, unless it fails or is refused."""
    params = rule.get("params", {}) | run.get("params", {})
    context = Context(date.fromisoformat(run["rule_date"]), profile, params, tenant)
    tenant.context = context
    outcome = Outcome()
    saved = copy.deepcopy(tenant)
    try:
        if profile["limits.strict"] and not re.fullmatch(r"\D.{2,119}", str(rule["rule"])):
            raise RefusedError("GS-LIMIT", "the name of the rule")
        outcome.tasks = Data(folder / "datasets", tenant, context).run(rule["tasks"])
        act(rule, outcome, tenant, context)
        outcome.status = status(list(outcome.actions.values()), context)
    except RefusedError as found:
        outcome.refused, outcome.why = found.code, str(found)
        tenant.take_back(saved)
    except FailedError as found:
        outcome.status, outcome.code = "FAILURE", found.code
        tenant.take_back(saved)
    outcome.tenant = copy.deepcopy(tenant)
    return outcome
