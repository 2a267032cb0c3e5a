"""What spares deciding an action once more: whether a behaviour can have mattered at all, and on how many rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Literal

from sqlglot import exp

from gsrules.actions.ctas.due import due_date
from gsrules.tenant.names import column, select_from, spell

if TYPE_CHECKING:
    from gsrules.run.behaviours.actions import Acted

Answer = int | Literal["decide"]
"""The rows on which it mattered, or that the action must decide once more to know them."""


def answer(acted: Acted, key: str, other: object) -> Answer:
    """What can be said of a key for an action that has decided."""
    gate = _GATES.get(key)
    return "decide" if gate is None else gate(acted, other)


def _of(acted: Acted, name: str, otherwise: Any) -> Any:
    """What the bound action says of itself, where its kind knows of that."""
    return getattr(acted.action, name, otherwise)


def _hits(acted: Acted, _other: object) -> Answer:
    counts = acted.made.counts
    return "decide" if counts.updated or counts.unchanged else 0


def _unchanged(acted: Acted, _other: object) -> Answer:
    return acted.made.counts.unchanged


def _closed(acted: Acted, _other: object) -> Answer:
    return "decide" if acted.made.counts.closed else 0


def _first_comment(acted: Acted, _other: object) -> Answer:
    silent = _of(acted, "repeat", "always") == "never" and _of(acted, "comments", None) is not None
    return acted.made.counts.created if silent else 0


def _due(acted: Acted, other: object) -> Answer:
    """All days of the action, and of the tasks of its playbook, as the rule date moves them."""
    skip, created = _of(acted, "due_skip", "nothing"), acted.made.counts.created
    present = acted.run.profile["cta.weekend_mode"]

    def moved(days: int) -> bool:
        dates = {due_date(acted.run.rule_date, days, skip, mode) for mode in (present, other)}  # type: ignore[arg-type]
        return len(dates) == 2

    if not created and not acted.made.counts.updated:
        return 0
    if moved(_of(acted, "due_days", 0)) or any(moved(task.days) for task in _of(acted, "tasks", ())):
        return "decide"
    return 0


def _time_frame(acted: Acted, _other: object) -> Answer:
    """Closed dates are never before created ones: under the other basis only a CTA that blocks here can differ."""
    if _of(acted, "time_frame_days", None) is None:
        return 0
    counts = acted.made.counts
    if _of(acted, "check_open", True) and acted.run.profile["cta.time_frame_basis"] == "closed":
        return "decide" if counts.skipped else 0
    return "decide" if counts.skipped or counts.created else 0


def _tasks(acted: Acted, _other: object) -> Answer:
    """New CTAs get their tasks; of those that are updated only the action knows which had none."""
    counts = acted.made.counts
    if not _of(acted, "tasks", ()):
        return 0
    return "decide" if counts.updated else counts.created


def _latest_task(acted: Acted, _other: object) -> Answer:
    """Whether a task is due after the CTA itself."""
    counts, tasks = acted.made.counts, _of(acted, "tasks", ())
    if not tasks or not (counts.created or counts.updated):
        return 0
    if counts.updated:
        return "decide"  # only the action knows when those are due
    skip, mode = _of(acted, "due_skip", "nothing"), acted.run.profile["cta.weekend_mode"]
    own, *others = (
        due_date(acted.run.rule_date, days, skip, mode)
        for days in (_of(acted, "due_days", 0), *(task.days for task in tasks))
    )
    return counts.created if max(others) > own else 0


def _scope(acted: Acted, _other: object) -> Answer:
    """Whether there is any CTA of a relationship at all."""
    entity = _of(acted, "entity", None)
    if entity is None or entity.kind == "relationship":
        return 0
    tenant = acted.run.tenant
    some = select_from(tenant.table("call_to_action"), exp.Literal.number(1))
    some = some.where(column("RelationshipId").is_(exp.Null()).not_()).limit(1)
    return "decide" if tenant.con.execute(spell(some)).fetchall() else 0


_GATES: Final[Mapping[str, Callable[[Acted, object], Answer]]] = {
    "cta.on_existing": _hits,
    "plan.on_existing": _hits,
    "load.touch_unchanged": _unchanged,
    "load.multiselect": _hits,
    "cta.close_tasks": _closed,
    "cta.never_includes_create": _first_comment,
    "cta.weekend_mode": _due,
    "cta.time_frame_basis": _time_frame,
    "cta.playbook_tasks": _tasks,
    "cta.playbook_due_date": _latest_task,
    "cta.company_scope": _scope,
}
