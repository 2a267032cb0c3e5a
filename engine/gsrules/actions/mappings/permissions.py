"""The tenant's load permission list: which objects and fields loads may write (actions.md §3.1, §5.11)."""

from __future__ import annotations

from collections.abc import Iterable

from gsrules.actions.kind import BindEnv, Findings
from gsrules.catalogue import ObjectDef
from gsrules.errors import Problem, RunError
from gsrules.spec.text import Text

_HINT = "add it to datasets/load_permissions.yml"


class DeniedError(RunError):
    """The run user may not write what an action loads: the run fails (actions.md §11)."""


def check_permitted(found: ObjectDef, fields: Iterable[Text], env: BindEnv, findings: Findings) -> Problem | None:
    """Refuses what the list does not hold, if there is one.

    Where `load.require_sfdc_permission` is on, a Salesforce object or field that the list does not hold is no error of
    the rule: the run fails, with the problem that this gives.
    """
    permissions = env.catalogue.load_permissions
    salesforce = found.group == "SALESFORCE"
    required = salesforce and bool(env.profile["load.require_sfdc_permission"])
    if permissions is None and not required:
        return None
    name = found.label if salesforce else found.name
    allowed = permissions.fields_of(name) if permissions is not None else None
    denied: Problem | None = None
    if allowed is None:
        place = next((field.place for field in fields), None)
        denied = Problem("GS-ACTION-PERMISSION", f"loads may not write {name}", place, findings.action, name, _HINT)
        denied = _told(denied, findings, required=required)
    elif allowed:
        for field in fields:
            names = {each.name for each in found.find(field)}
            if names and not names & allowed:
                message = f"loads may not write `{field}` of {name}"
                problem = Problem("GS-ACTION-PERMISSION", message, field.place, findings.action, str(field), _HINT)
                denied = _told(problem, findings, required=required) or denied
    return denied


def _told(problem: Problem, findings: Findings, *, required: bool) -> Problem | None:
    """A warning where the run will fail of it, which then says PERMISSION_DENIED; else an error."""
    if not required:
        findings.error(problem.code, problem.message, problem.place, value=problem.value, hint=problem.hint)
        return None
    message = f"{problem.message}: a run would fail (PERMISSION_DENIED)"
    findings.warn(problem.code, message, problem.place, value=problem.value, hint=problem.hint)
    message = f"{problem.message} (PERMISSION_DENIED)"
    return Problem(problem.code, message, problem.place, problem.where, problem.value, problem.hint)
