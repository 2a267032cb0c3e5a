"""What a caller asks of a run, and the parameters of a rule as the run sees them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import field
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from gsrules.dataclass import dataclass
from gsrules.errors import InputError, Problem, nearest
from gsrules.expressions.scope import ParamValue
from gsrules.run.behaviours.model import Counting
from gsrules.run.report import Mode
from gsrules.spec import RuleSpec


def _silent(_step: str) -> None:
    """Nobody watches."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How to run.

    `rule_date`: None is today in the tenant's time zone (platform.md §4). `params`: typed values, or texts as typed
    on the command line. `keep_all_tasks`: every dataset stays as a table, not only those that actions use.
    `artifacts`: leave the run's folder behind. `seen_later`: the tenant shows the writes of a dry run to the rules
    that follow it; else nobody looks, and what the last action decided is not written to the copy. `on_step` is
    told what is being done. `archive`: the files that a live run has read move to the archive of their task. `trace`:
    keep every step of every task, with what each row was made of. `behaviours`: how to look for the doubtful
    behaviours on which the result depends. `deliver`: a live run sends the API calls of its outbox to this machine.
    """

    rule_date: dt.date | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    mode: Mode = "live"
    keep_all_tasks: bool = False
    artifacts: bool = False
    seen_later: bool = False
    trace: bool = False
    archive: bool = False
    behaviours: Counting = "off"
    deliver: bool = False
    on_step: Callable[[str], None] = _silent

    def date_in(self, profile: Mapping[str, Any]) -> dt.date:
        """The rule date of the run."""
        return self.rule_date or dt.datetime.now(ZoneInfo(str(profile["tenant.timezone"]))).date()


def run_instant(rule_date: dt.date, profile: Mapping[str, Any]) -> dt.datetime:
    """The instant that stamps carry, in UTC without a zone (platform.md §4, `run.stamp`)."""
    if profile["run.stamp"] == "clock":
        return dt.datetime.now(dt.UTC).replace(tzinfo=None)
    start = dt.datetime.combine(rule_date, dt.time(), ZoneInfo(str(profile["tenant.timezone"])))
    return start.astimezone(dt.UTC).replace(tzinfo=None)


def parameters(rule: RuleSpec, given: Mapping[str, Any]) -> dict[str, ParamValue]:
    """The rule's parameters with those `given` laid over, each in the type of the rule's own value.

    Raises InputError for every name that the rule does not have and every value of another type.
    """
    values: dict[str, ParamValue] = {str(name): value for name, value in rule.params.items()}
    known = {name.lower(): name for name in rule.params}
    problems: list[Problem] = []
    for name, value in given.items():
        own = known.get(name.lower())
        if own is None:
            hint = f"it has: {', '.join(rule.params)}" if rule.params else "it has none"
            message = f"the rule has no parameter '{name}'"
            problems.append(Problem("GS-NAME", message, None, rule.id, name, hint, nearest(name, rule.params)))
            continue
        typed = _typed(value, rule.params[own])
        if typed is None:
            message = f"the parameter '{own}' takes {_kind(rule.params[own])}"
            problems.append(Problem("GS-TYPE", f"{message} (INVALID_TYPE)", None, rule.id, str(value)))
        else:
            values[own] = typed
    if problems:
        raise InputError(problems)
    return values


def _typed(value: Any, like: ParamValue) -> ParamValue | None:
    if isinstance(like, bool):
        if isinstance(value, bool):
            return value
        return {"true": True, "false": False}.get(str(value).strip().lower())
    if isinstance(like, int | float | Decimal):
        try:
            number = Decimal(str(value).strip())
        except InvalidOperation:
            return None
        return number if number.is_finite() and not isinstance(value, bool) else None
    return str(value)


def _kind(value: ParamValue) -> str:
    if isinstance(value, bool):
        return "true or false"
    return "a number" if isinstance(value, int | float | Decimal) else "a text"
