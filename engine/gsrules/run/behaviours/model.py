"""What a run reports about one behaviour at one spot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from gsrules.dataclass import dataclass

Counting = Literal["off", "quick", "exact"]
"""How behaviours are looked for: not at all; on inputs of a bounded size; however many rows there are."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """The value of a profile key made a difference at one spot of the rule.

    `others` are the values that would have given something else; `task` or `action` and `where` name the spot, `rows`
    are those that are treated otherwise there, None where they were not counted. `set_in`: default, project or rule.
    """

    key: str
    value: str
    others: tuple[str, ...]
    rows: int | None
    what: str
    task: str = ""
    action: str = ""
    where: str = ""
    set_in: str = "default"

    def as_json(self) -> dict[str, Any]:
        place = {"action": self.action} if self.action else {"task": self.task}
        spot = {**place, "where": self.where, "rows": self.rows, "what": self.what, "set": self.set_in}
        return {"key": self.key, "value": self.value, "others": list(self.others), **spot}

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Behaviour:
        """The behaviour of a kept report."""
        return cls(
            key=data["key"],
            value=data["value"],
            others=tuple(data["others"]),
            rows=data["rows"],
            what=data["what"],
            task=data.get("task", ""),
            action=data.get("action", ""),
            where=data["where"],
            set_in=data.get("set", "default"),
        )
