"""The actions of a run: criteria, order and visibility, guards, outcomes, statuses (actions.md §1, §2, §10)."""

from __future__ import annotations

import copy
import operator
import re
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from typing import Any

from tests.oracle.binding import bind_where
from tests.oracle.cta import CreateCta
from tests.oracle.cta_changes import CloseCta, UpdateCta
from tests.oracle.entities import Env
from tests.oracle.loads import load
from tests.oracle.mapping import Staged
from tests.oracle.outbox import Call, Export
from tests.oracle.people import People
from tests.oracle.plans import CreatePlan, UpdatePlan
from tests.oracle.responses import Activity, Survey
from tests.oracle.scopes import ColumnScope
from tests.oracle.scores import History, SetScore
from tests.oracle.tenant import Tenant
from tests.oracle.values import Context, FailedError, RefusedError, Table, canonical

COUNTS = ("created", "updated", "closed", "unchanged", "skipped", "failed")
KINDS: dict[str, Any] = {
    "create_cta": CreateCta, "update_cta": UpdateCta, "close_cta": CloseCta, "set_score": SetScore,
    "load_to_scorecard_history": History, "create_success_plan": CreatePlan, "update_success_plan": UpdatePlan,
    "call_external_api": Call, "export_to_s3": Export, "load_to_people": People, "load_to_survey": Survey,
    "load_to_activity": Activity,
}  # fmt: skip
NOT_IN_BIONIC = (
    "update_cta", "update_success_plan", "load_to_company_team", "load_to_relationship_team", "load_to_cases",
    "load_to_lead",
)  # fmt: skip
ONLY = {"load_to_company_team": "company", "load_to_relationship_team": "relationship", "load_to_forecast": "company"}
STRICTLY_COMPANY = ("load_to_object", "load_to_company", "load_to_salesforce")
COMPARISONS = {"<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt, "=": operator.eq,
               "==": operator.eq, "!=": operator.ne}  # fmt: skip


def name_of(action: dict[str, Any], position: int) -> str:
    return action.get("id") or f"{position} {action['action']}"


def act(rule: dict[str, Any], outcome: Any, tenant: Tenant, context: Context) -> None:
    """All actions in order; leaves their effects and counts in the outcome."""
    actions = rule.get("actions", [])
    if len(actions) > 50 and context.profile["limits.strict"]:
        raise RefusedError("GS-LIMIT", "more than 50 actions")
    bound_at_all(rule, actions, outcome, tenant, context)
    start = copy.deepcopy(tenant) if context.profile["run.action_visibility"] == "snapshot" else None
    total: Counter[str] = Counter()
    for position, action in enumerate(actions, 1):
        seen = tenant if start is None else own_view(start, tenant)
        before = None if start is None else copy.deepcopy(seen)
        env = env_of(rule, action, outcome, seen, context)
        rows, counts = run_one(env, outcome.tasks[action["from"]])
        if before is not None:
            carry_over(before, seen, tenant)
        name = name_of(action, position)
        outcome.actions[name] = counts
        outcome.effects[name] = [effect(s) for s in rows]
        check_guard(action.get("expect"), counts, rows, seen)
        total.update(counts)
    check_guard(rule.get("expect"), total, [], tenant)


def env_of(rule: dict[str, Any], action: dict[str, Any], outcome: Any, tenant: Tenant, context: Context) -> Env:
    if action["from"] not in outcome.tasks:
        raise RefusedError("GS-NAME", f"no task {action['from']}")
    table = outcome.tasks[action["from"]]
    return Env(action, rule, ColumnScope(table.columns, table.rows), tenant, replace(context, catalogue=tenant))


def bound_at_all(
    rule: dict[str, Any], actions: list[dict[str, Any]], outcome: Any, tenant: Tenant, context: Context
) -> None:
    """What is refused is refused before the first action writes: every action binds against a copy."""
    names = [name_of(a, p) for p, a in enumerate(actions, 1)]
    if len(set(names)) != len(names):
        raise RefusedError("GS-*", "two actions of one id")
    kind = rule.get("for", "company")
    for action in actions:
        strict = context.profile["run.strict_applicability"] and kind == "relationship"
        if ONLY.get(action["action"], kind) != kind or (strict and action["action"] in STRICTLY_COMPANY):
            raise RefusedError("GS-*", f"{action['action']} in a rule for {kind}")
        if context.profile["engine"] == "bionic" and action["action"] in NOT_IN_BIONIC:
            raise RefusedError("GS-*", f"{action['action']} in a bionic rule")
        env = env_of(rule, action, outcome, copy.deepcopy(tenant), context)
        criteria(env)
        try:
            run_kind(env, [])
        except KeyError as missing:
            raise RefusedError("GS-SPEC-MISSING", str(missing)) from missing


def criteria(env: Env) -> Any:
    """The filter of an action: no limit of conditions, letter case as the profile says (§2)."""
    case = env.profile["run.criteria_case"]
    changed: dict[str, Any] = {"limits.filters": 10**9}
    if case != "as_filters":
        changed |= {"filter.equality_case": case, "filter.text_match_case": case}
    return bind_where(env.action.get("when"), env.scope, replace(env.context, profile=env.profile | changed))


def run_kind(env: Env, rows: list[Staged]) -> None:
    kind = KINDS.get(env.action["action"])
    if kind is None:
        load(env, rows)
    else:
        kind(env).run(rows)


def run_one(env: Env, table: Table) -> tuple[list[Staged], dict[str, Any]]:
    passes = criteria(env)
    met = [(n, row, passes(row)) for n, row in enumerate(canonical(table), 1)]
    rows = [Staged(n, row) for n, row, met_it in met if met_it is True]
    run_kind(env, rows)
    for staged in rows:
        staged.outcome = staged.outcome or "failed"
    counts: dict[str, Any] = {kind: sum(s.outcome == kind for s in rows) for kind in COUNTS}
    unknown = sum(met_it is None for _, _, met_it in met)
    sizes = {"received": len(table.rows), "matched": len(rows), "filtered_null": unknown}
    return rows, sizes | counts | {"records_written": len({g for s in rows for g in s.gsids})}


def effect(staged: Staged) -> dict[str, Any]:
    return {
        "row": Decimal(staged.row),
        "outcome": staged.outcome,
        "code": staged.codes[0] if staged.codes else None,
        "codes": staged.codes,
        "warnings": sorted(set(staged.warnings)),
    }


# -- visibility -------------------------------------------------------------------------------------------------------
def own_view(start: Tenant, tenant: Tenant) -> Tenant:
    """The store as it was before the run, with the counters and the outbox of now."""
    seen = copy.deepcopy(start)
    seen.counters, seen.outbox, seen.files = tenant.counters, tenant.outbox, tenant.files
    return seen


def carry_over(before: Tenant, after: Tenant, tenant: Tenant) -> None:
    """Writes to the tenant what an action changed in its own view."""
    for name, found in after.objects.items():
        old = {r["Gsid"]: r for r in before.objects[name].records}
        new = {r["Gsid"]: r for r in found.records}
        target = tenant.objects[name]
        target.fields |= found.fields
        for gsid, record in new.items():
            if gsid not in old:
                target.records.append(record)
                continue
            changed = {k: v for k, v in record.items() if old[gsid].get(k) != v}
            mine = next((r for r in target.records if r["Gsid"] == gsid), None)
            if changed and mine is not None:
                mine.update(changed)
        gone = set(old) - set(new)
        target.records = [r for r in target.records if r["Gsid"] not in gone]


# -- guards -----------------------------------------------------------------------------------------------------------
def check_guard(expect: dict[str, Any] | None, counts: Any, rows: list[Staged], tenant: Tenant) -> None:
    for name, wanted in (expect or {}).items():
        if name != "per":
            whole = "received" if name == "matched" else "matched"  # rows match out of those that were received
            hold(name, Decimal(counts[name]), wanted, Decimal(counts[whole]))
            continue
        for column, limit in wanted.items():
            groups = Counter(group_of(s, column, tenant) for s in rows if s.outcome in ("created", "updated"))
            hold(column, Decimal(max(groups.values(), default=0)), limit, Decimal(counts["matched"]))


def hold(name: str, figure: Decimal, wanted: Any, whole: Decimal) -> None:
    found = re.fullmatch(r"\s*(<=|>=|!=|==|<|>|=)?\s*(-?[\d.]+)\s*(%?)\s*", str(wanted))
    if found is None:
        raise RefusedError("GS-*", f"{wanted} is no comparison")
    figure = (figure * 100 / whole if whole else Decimal(0)) if found[3] else figure
    if not COMPARISONS[found[1] or "="](figure, Decimal(found[2])):
        raise FailedError("GS-GUARD", f"{name} is {figure}, expected {wanted}")


def group_of(staged: Staged, column: str, tenant: Tenant) -> Any:
    """A column of the dataset, or a field of what the row touched."""
    for name, value in staged.source.items():
        if str(name).lower() == column.lower():
            return value
    wanted = {column.lower(), f"{column.lower()}id"}
    for found in tenant.objects.values():
        record = next((r for r in found.records if r["Gsid"] in staged.gsids[:1]), None)
        if record is not None:
            return next((v for k, v in record.items() if isinstance(k, str) and k.lower() in wanted), None)
    return None


def status(actions: list[dict[str, int]], context: Context) -> str:
    """§10.2."""
    busy = [a for a in actions if a["matched"]]
    if busy and all(a["failed"] == a["matched"] for a in busy):
        return "FAILURE"
    if actions and not busy and context.profile["run.zero_rows"] == "partial_success":
        return "PARTIAL_SUCCESS"
    return "PARTIAL_SUCCESS" if any(a["failed"] for a in busy) else "SUCCESS"
