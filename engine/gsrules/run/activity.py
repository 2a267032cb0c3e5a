"""Whether a rule is active: as its file says, and as the tenant says after its failures (platform.md §6).

A rule that is deactivated by its failures keeps its file; the tenant holds a mark, which is void as soon as the file
changes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from sqlglot import exp

from gsrules.actions.changes.staging import all_of, column, named, select, spelled, text
from gsrules.errors import InputError, Problem
from gsrules.run.prepare import rule_profile
from gsrules.run.workspace import Workspace
from gsrules.spec import RuleSpec
from gsrules.tenant import Tenant
from gsrules.tenant.schema import MARKS_TABLE

_QUERY_ERRORS: Final = r"\((MALFORMED_QUERY|INVALID_QUERY_FILTER_OPERATOR|INVALID_FIELD|INVALID_TYPE)\)"

_STAGED: Final = "gs_run_mark"


def check_active(workspace: Workspace, rule: RuleSpec, profile: Mapping[str, Any], tenant: Tenant) -> None:
    """Refuses an inactive rule where `run.inactive_run_now` says so. Raises InputError."""
    found = inactive(workspace, rule, profile, tenant)
    if found and profile["run.inactive_run_now"] == "refuse":
        raise InputError(found)


def inactive(workspace: Workspace, rule: RuleSpec, profile: Mapping[str, Any], tenant: Tenant) -> tuple[Problem, ...]:
    """Why no schedule would start the rule, as warnings; nothing if it is active."""
    place = rule.place_of("active")
    if not rule.active:
        message = "the rule is not active: in Gainsight no schedule would start it"
        hint = "set active: true" if profile["run.inactive_run_now"] == "refuse" else ""
        return (Problem("GS-RUN-INACTIVE", message, place, rule.id, hint=hint, severity="warning"),)
    reason = _mark(workspace, rule, profile, tenant)
    if reason is None:
        return ()
    message = f"the rule was deactivated in the tenant: {reason}"
    hint = "change the rule, or start over with gsrules reset"
    return (Problem("GS-RUN-DEACTIVATED", message, place, rule.id, hint=hint, severity="warning"),)


def is_inactive(workspace: Workspace, rule_id: str, tenant: Tenant) -> bool:
    """Whether no schedule or chain would start the rule."""
    rule = workspace.rule(rule_id)
    return bool(inactive(workspace, rule, rule_profile(workspace, rule), tenant))


def may_deactivate(profile: Mapping[str, Any]) -> bool:
    """Whether failures can deactivate a rule."""
    return bool(profile["run.auto_deactivate"] == "on" or profile["run.disable_after_failures"] is not None)


def deactivate_after(
    workspace: Workspace, rule: RuleSpec, profile: Mapping[str, Any], tenant: Tenant, problems: Iterable[Problem]
) -> str | None:
    """Marks the rule in the tenant if its failure is to have that effect; gives the reason.

    `run.auto_deactivate`: one of the four query-level errors (actions.md §11). `run.disable_after_failures`: so many
    failures in a row, which the execution history knows.
    """
    reason = _reason(rule, profile, tenant, problems)
    if reason is not None and _mark(workspace, rule, profile, tenant) is None:
        mark = {"rule": rule.id, "fingerprint": _fingerprint(workspace, rule), "reason": reason}
        tenant.statements.table(_STAGED, spelled(select(*(named(text(value), name) for name, value in mark.items()))))
        tenant.append_internal(MARKS_TABLE, _STAGED)
    return reason


def _reason(rule: RuleSpec, profile: Mapping[str, Any], tenant: Tenant, problems: Iterable[Problem]) -> str | None:
    words = (re.search(_QUERY_ERRORS, problem.message) for problem in problems if problem.severity == "error")
    word = next((found[1] for found in words if found), None)
    if word is not None and profile["run.auto_deactivate"] == "on":
        return f"it failed with {word} (run.auto_deactivate)"
    most = profile["run.disable_after_failures"]
    if most is not None:
        latest = [run.status for run in tenant.runs.latest(rule.id, limit=most)]  # live runs only
        if len(latest) == most and set(latest) == {"FAILURE"}:
            return f"it failed {most} times in a row (run.disable_after_failures)"
    return None


def _mark(workspace: Workspace, rule: RuleSpec, profile: Mapping[str, Any], tenant: Tenant) -> str | None:
    """Why the tenant holds the rule for inactive, if a key of the profile lets it."""
    if not may_deactivate(profile):
        return None
    own = {"rule": rule.id, "fingerprint": _fingerprint(workspace, rule)}
    is_it = all_of(exp.EQ(this=column(name), expression=text(value)) for name, value in own.items())
    query = select(column("reason")).from_(tenant.internal(MARKS_TABLE)).where(is_it)
    found = tenant.statements.rows(spelled(query), anew=True)
    return str(found[0][0]) if found else None


def _fingerprint(workspace: Workspace, rule: RuleSpec) -> str:
    """Another one for each text of the rule."""
    try:
        text = workspace.project.rule_path(rule.id).read_bytes()
    except (InputError, OSError):
        text = b""
    return hashlib.blake2b(text, digest_size=16).hexdigest()
