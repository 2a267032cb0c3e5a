"""What `gsrules why` finds out, as data: records, the steps they went through, and where each ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from gsrules.dataclass import dataclass

Result = Literal["true", "false", "unknown"]
StepKind = Literal["source", "filter", "customers", "lookup", "columns", "group", "pivot", "merge", "union", "distinct"]
EndKind = Literal["filter", "customers", "merge", "criteria", "action", "dataset"]


@dataclass(frozen=True, slots=True)
class Value:
    """A named value in words; `note` tells how it came about (the case arm that was taken, say).

    `id` is the GSID of a record that `text` names.
    """

    name: str
    text: str
    note: str = ""
    id: str = ""

    def as_json(self) -> dict[str, Any]:
        shown = {"name": self.name, "value": self.text, "id": self.id, "note": self.note}
        return {key: text for key, text in shown.items() if text or key == "value"}


@dataclass(frozen=True, slots=True)
class Check:
    """One condition for one row: what it looked at, what it wanted, and what came out.

    `decided`: it is one of those that made the whole what it is.
    """

    text: str
    values: tuple[Value, ...]
    wanted: str
    result: Result
    fits: bool
    decided: bool

    def as_json(self) -> dict[str, Any]:
        return {
            "condition": self.text,
            "actual": [value.as_json() for value in self.values],
            "wanted": self.wanted,
            "result": self.result,
            "decided": self.decided,
        }


@dataclass(frozen=True, slots=True)
class Near:
    """A value that almost equals the one looked for, and in what it differs."""

    text: str
    how: str
    rows: int

    def as_json(self) -> dict[str, Any]:
        return {"value": self.text, "difference": self.how, "rows": self.rows}


@dataclass(frozen=True, slots=True)
class Step:
    """What one step of a task did with the rows of one record.

    `text` is what the rule says there; `lost` are the rows that did not come through; `members` the rows of the
    groups that the record fell into, `sample` some of them.
    """

    kind: StepKind
    task: str
    part: str
    text: str
    rows_in: int
    rows_out: int
    lost: int = 0
    checks: tuple[Check, ...] = ()
    keys: tuple[Value, ...] = ()
    values: tuple[Value, ...] = ()
    near: tuple[Near, ...] = ()
    other: str = ""
    members: int = 0
    sample: tuple[str, ...] = ()
    elsewhere: str = ""

    def as_json(self) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "kind": self.kind,
            "task": self.task,
            "part": self.part,
            "text": self.text,
            "rows_in": self.rows_in,
            "rows_out": self.rows_out,
            "lost": self.lost,
        }
        lists: dict[str, Sequence[Any]] = {
            "checks": self.checks,
            "keys": self.keys,
            "values": self.values,
            "near": self.near,
        }
        shown |= {name: [each.as_json() for each in found] for name, found in lists.items() if found}
        plain = {"with": self.other, "members": self.members, "sample": list(self.sample), "elsewhere": self.elsewhere}
        return shown | {name: found for name, found in plain.items() if found}


@dataclass(frozen=True, slots=True)
class Change:
    """A field before and after; equal texts where an action leaves it as it was."""

    field: str
    before: str
    after: str

    def as_json(self) -> dict[str, Any]:
        return {"field": self.field, "before": self.before, "after": self.after}


@dataclass(frozen=True, slots=True)
class Effect:
    """What an action did with one row."""

    outcome: str
    code: str
    message: str
    key: str
    object: str
    gsid: str
    record: str
    warnings: tuple[str, ...]
    changes: tuple[Change, ...]
    because: str = ""
    """Why it came to that outcome, where no code says it."""

    def as_json(self) -> dict[str, Any]:
        return {
            "outcome": self.outcome,
            "code": self.code or None,
            "message": self.message or None,
            "because": self.because or None,
            "key": self.key,
            "object": self.object,
            "gsid": self.gsid or None,
            "record": self.record or None,
            "warnings": list(self.warnings),
            "changes": [change.as_json() for change in self.changes],
        }


@dataclass(frozen=True, slots=True)
class ActionStep:
    """What one action decided about the rows of one record; `checks` of its criteria for one of them."""

    action: str
    kind: str
    dataset: str
    text: str
    rows: int
    matched: int
    checks: tuple[Check, ...]
    effects: tuple[Effect, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "action": self.action,
            "kind": self.kind,
            "from": self.dataset,
            "when": self.text or None,
            "rows": self.rows,
            "matched": self.matched,
            "checks": [check.as_json() for check in self.checks],
            "effects": [effect.as_json() for effect in self.effects],
        }


@dataclass(frozen=True, slots=True)
class End:
    """Where rows of a record ended: dropped, lost, left in a dataset that nobody reads, or acted upon.

    `place` is the task or action, `partner` the dataset in which a merge found nothing; `reasons` are the conditions
    that decided, `unknown` those of them that had no value.
    """

    kind: EndKind
    place: str
    outcome: str = ""
    code: str = ""
    reasons: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    rows: int = 0
    partner: str = ""

    def as_json(self) -> dict[str, Any]:
        shown: dict[str, Any] = {"kind": self.kind, "place": self.place, "rows": self.rows}
        found = {
            "partner": self.partner,
            "outcome": self.outcome,
            "code": self.code,
            "reasons": list(self.reasons),
            "unknown": list(self.unknown),
        }
        return shown | {name: value for name, value in found.items() if value}


@dataclass(frozen=True, slots=True)
class Record:
    """One record that was asked about: its name, where it stands, where it ended; its story, if it is told."""

    title: str
    source: str
    id: str
    ends: tuple[End, ...]
    final: tuple[End, ...]
    steps: tuple[Step, ...] = ()
    actions: tuple[ActionStep, ...] = ()

    def as_json(self) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "title": self.title,
            "source": self.source,
            "id": self.id,
            "ends": [end.as_json() for end in self.ends],
        }
        if self.steps:
            shown |= {
                "steps": [step.as_json() for step in self.steps],
                "actions": [action.as_json() for action in self.actions],
            }
        return shown


@dataclass(frozen=True, slots=True)
class Group:
    """Records that ended alike."""

    ends: tuple[End, ...]
    records: int

    def as_json(self) -> dict[str, Any]:
        return {"records": self.records, "ends": [end.as_json() for end in self.ends]}


@dataclass(frozen=True, slots=True)
class Searched:
    """A place where records were looked for: `rows` are there, `found` of them fit; `near` almost do."""

    place: str
    rows: int
    found: int
    near: tuple[Near, ...] = ()

    def as_json(self) -> dict[str, Any]:
        shown: dict[str, Any] = {"place": self.place, "rows": self.rows, "found": self.found}
        return shown | ({"near": [near.as_json() for near in self.near]} if self.near else {})


@dataclass(frozen=True, slots=True)
class Why:
    """The answer to one question."""

    rule: str
    name: str
    rule_date: str
    condition: str
    at: str | None
    searched: tuple[Searched, ...]
    total: int
    records: tuple[Record, ...]
    groups: tuple[Group, ...]
    made_of: tuple[Searched, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """All of it as plain data."""
        shown: dict[str, Any] = {
            "rule": self.rule,
            "name": self.name,
            "rule_date": self.rule_date,
            "condition": self.condition,
            "at": self.at,
            "searched": [each.as_json() for each in self.searched],
            "total": self.total,
            "groups": [group.as_json() for group in self.groups],
            "records": [record.as_json() for record in self.records],
        }
        made = {"made_of": [each.as_json() for each in self.made_of]} if self.made_of else {}
        return shown | made
