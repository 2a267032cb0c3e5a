"""What an undo did, or would do, or why it did nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, fields
from typing import Any, Final

from gsrules.dataclass import dataclass
from gsrules.run.report import Mode, Status
from gsrules.run.undo.refusals import CODES

_VALUE_AT_MOST: Final = 60
"""Longer values, comments as a rule, differ somewhere in the middle: a sentence does without them."""


@dataclass(frozen=True, slots=True)
class Undone:
    """The records of one object: how many were removed, restored, reopened, put back, and refused."""

    object: str
    removed: int = 0
    restored: int = 0
    reopened: int = 0
    put_back: int = 0
    refused: int = 0

    def as_json(self) -> dict[str, Any]:
        names = ("object", "removed", "restored", "reopened", "put_back", "refused")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class Refusal:
    """One record that cannot be taken back.

    `was` is what the run had written, `now` what is there today: labels of options and names of records for GSIDs.
    """

    object: str
    gsid: str
    name: str
    code: str
    run: str
    field: str
    was: str
    now: str
    other: str
    other_gsid: str
    other_name: str = ""

    @property
    def sentence(self) -> str:
        """What stands in the way, with the values."""
        by = f"the later run {self.run}" if self.run else "something that is no run of the journal"
        long = max(len(self.was), len(self.now)) > _VALUE_AT_MOST
        was, now = self.was or "null", self.now or "null"
        other = f"{self.other} {self.other_name or self.other_gsid}"
        if self.code == "CHANGED_SINCE":
            told = ("", "") if long else (f" to {was}", f", it is {now} now")
            return f"{self.field} was set{told[0]} by this run; {by} has changed it{told[1]}"
        if self.code == "RECORD_CHANGED":
            told = ("", "") if long else (f" from {was}", f", it is {now} now")
            return f"created by this run; {by} has changed {self.field}{told[0]}{told[1]}"
        if self.code == "RECORD_REFERRED":
            return f"created by this run; {other} refers to it in {self.field}" + (
                f" since the run {self.run}" if self.run else ", and stays"
            )
        if self.code == "STAYS_TOGETHER":
            return f"it refers in {self.field} to {other}, which this run had created and stays"
        if self.code == "RECORD_GONE" and self.run:
            return f"deleted by the later run {self.run}"
        return CODES[self.code]

    def as_json(self) -> dict[str, Any]:
        shown = {each.name: getattr(self, each.name) for each in fields(self)}
        return {key: value for key, value in shown.items() if value} | {"message": self.sentence}


@dataclass(frozen=True, slots=True)
class UndoReport:
    """An undo. PARTIAL_SUCCESS: the records that were refused were left as they are.

    FAILURE: records were refused, all of them or without `partial`; nothing was changed.

    `refusals` counts the records refused by code, `examples` holds the first of each; `notes` say what cannot be
    taken back at all.
    """

    undo_id: str
    undone: str
    rule: str
    rule_date: str
    mode: Mode
    status: Status
    partial: bool
    objects: tuple[Undone, ...] = ()
    refusals: Mapping[str, int] = field(default_factory=dict)
    examples: tuple[Refusal, ...] = ()
    outbox: int = 0
    notes: tuple[str, ...] = ()

    def total(self, name: str) -> int:
        return sum(getattr(each, name) for each in self.objects)

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> UndoReport:
        """The report of which `as_json` gave the data."""
        names = [each.name for each in fields(Refusal)]
        examples = [each for group in data["refused"] for each in group["examples"]]
        return cls(
            **{name: data[name] for name in ("undo_id", "undone", "rule", "rule_date", "mode", "status", "partial")},
            objects=tuple(Undone(**each) for each in data["objects"]),
            refusals={group["code"]: group["records"] for group in data["refused"]},
            examples=tuple(Refusal(**{name: each.get(name, "") for name in names}) for each in examples),
            outbox=data["outbox_removed"],
            notes=tuple(data["notes"]),
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "undo_id": self.undo_id,
            "undone": self.undone,
            "rule": self.rule,
            "rule_date": self.rule_date,
            "mode": self.mode,
            "status": self.status,
            "partial": self.partial,
            "objects": [each.as_json() for each in self.objects],
            "outbox_removed": self.outbox,
            "refused": [
                {
                    "code": code,
                    "records": count,
                    "message": CODES[code],
                    "examples": [each.as_json() for each in self.examples if each.code == code],
                }
                for code, count in self.refusals.items()
            ],
            "notes": list(self.notes),
        }
