"""Due dates: the rule date plus days, of which some are skipped (actions.md §6.4)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final, Literal

Skip = Literal["weekends", "saturday", "sunday", "nothing"]
WeekendMode = Literal["count", "shift"]

_SKIPPED: Final[dict[Skip, frozenset[int]]] = {
    "weekends": frozenset({5, 6}),
    "saturday": frozenset({5}),
    "sunday": frozenset({6}),
    "nothing": frozenset(),
}
_ONE: Final = timedelta(days=1)


def due_date(rule_date: date, days: int, skip: Skip, mode: WeekendMode) -> date:
    """The due date; `mode` is the profile's `cta.weekend_mode`."""
    skipped = _SKIPPED[skip]
    if mode == "shift" or days == 0 or not skipped:
        return _forward(rule_date + timedelta(days=days), skipped)
    kept = 7 - len(skipped)
    start = rule_date
    while start.weekday() in skipped:
        start -= _ONE
    due = start + timedelta(weeks=days // kept)
    for _ in range(days % kept):
        due = _forward(due + _ONE, skipped)
    return due


def _forward(day: date, skipped: frozenset[int]) -> date:
    while day.weekday() in skipped:
        day += _ONE
    return day
