"""What a sweep found: for each action, how many records each value hits, and who is at the margin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from gsrules.dataclass import dataclass
from gsrules.tenant.changes import Counts


@dataclass(frozen=True, slots=True)
class Point:
    """One value, and what the action would do with it."""

    value: str
    counts: Counts

    def as_json(self) -> dict[str, Any]:
        counts = self.counts
        return {
            "value": self.value,
            "matched": counts.matched,
            "created": counts.created,
            "updated": counts.updated,
            "closed": counts.closed,
            "unchanged": counts.unchanged,
            "skipped": counts.skipped,
            "failed": counts.failed,
        }


@dataclass(frozen=True, slots=True)
class MarginRow:
    """A record that enters or leaves between two neighbouring values; `decides`: condition → the record's value."""

    name: str
    change: Literal["enters", "leaves"]
    decides: Mapping[str, str | None]

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "change": self.change, "decides": dict(self.decides)}


@dataclass(frozen=True, slots=True)
class Margin:
    """From one value to the next: how many records enter and leave, and the first of them."""

    before: str
    after: str
    enter: int
    leave: int
    rows: tuple[MarginRow, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "from": self.before,
            "to": self.after,
            "enter": self.enter,
            "leave": self.leave,
            "rows": [row.as_json() for row in self.rows],
        }


@dataclass(frozen=True, slots=True)
class ActionSweep:
    """One action of the rule: `points` in the order of the values, a margin between each two."""

    id: str
    action: str
    points: tuple[Point, ...]
    margins: tuple[Margin, ...]

    @property
    def moves(self) -> bool:
        """Whether the parameter makes any difference to it."""
        return len({point.counts for point in self.points}) > 1 or any(m.enter or m.leave for m in self.margins)

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "action": self.action,
            "points": [point.as_json() for point in self.points],
            "margins": [margin.as_json() for margin in self.margins],
        }


@dataclass(frozen=True, slots=True)
class SweepReport:
    """`runs`: how often the datasets were computed; `reason` says why more than once."""

    rule: str
    param: str
    current: str
    rule_date: str
    values: tuple[str, ...]
    runs: int
    reason: str
    actions: tuple[ActionSweep, ...]

    def as_json(self) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "rule": self.rule,
            "param": self.param,
            "current": self.current,
            "rule_date": self.rule_date,
            "values": list(self.values),
            "runs": self.runs,
        }
        return (
            shown | ({"reason": self.reason} if self.reason else {}) | {"actions": [a.as_json() for a in self.actions]}
        )
