"""What differs between two tables, two runs, two forms of a rule: plain frozen data that views and snapshots read.

Values are text, Decimal, int, bool, date, datetime, list or None; `as_json` gives them as JSON knows them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal

from gsrules.dataclass import dataclass
from gsrules.errors import Place, Problem
from gsrules.run.report import RunReport, problem_json

Value = Any
KeySource = Literal["given", "rule", "found", "none"]
Side = Literal["before", "after"]


@dataclass(frozen=True, slots=True)
class Key:
    """The columns that tell rows apart.

    `source`: given by the caller, from the rule (groups, identifiers), found in the data, or none: rows are then
    compared whole, as a multiset.
    """

    columns: tuple[str, ...]
    source: KeySource

    def as_json(self) -> dict[str, Any]:
        return {"columns": list(self.columns), "source": self.source}


@dataclass(frozen=True, slots=True)
class ColumnShape:
    """A column that only one side has."""

    name: str
    type: str

    def as_json(self) -> dict[str, Any]:
        return {"column": self.name, "type": self.type}


@dataclass(frozen=True, slots=True)
class Retyped:
    """A column that has another type; its values are compared as texts."""

    name: str
    before: str
    after: str

    def as_json(self) -> dict[str, Any]:
        return {"column": self.name, "before": self.before, "after": self.after}


@dataclass(frozen=True, slots=True)
class Transition:
    """`rows` rows whose value turned from `before` to `after`; `samples` are keys of some of them."""

    before: Value
    after: Value
    rows: int
    samples: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "before": json_value(self.before),
            "after": json_value(self.after),
            "rows": self.rows,
            "samples": list(self.samples),
        }


@dataclass(frozen=True, slots=True)
class Movement:
    """How a column of numbers moved: rows up and down with the least and greatest step, and from and to null."""

    up: int
    down: int
    from_null: int
    to_null: int
    least: Decimal | None
    greatest: Decimal | None

    def as_json(self) -> dict[str, Any]:
        return {
            "up": self.up,
            "down": self.down,
            "from_null": self.from_null,
            "to_null": self.to_null,
            "least": json_value(self.least),
            "greatest": json_value(self.greatest),
        }


@dataclass(frozen=True, slots=True)
class ColumnDifference:
    """One column that changed: in how many rows, and how.

    `transitions` are the most frequent ones of `different` ones; `movement` is there for numbers.
    """

    column: str
    changed: int
    different: int
    transitions: tuple[Transition, ...]
    movement: Movement | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "column": self.column,
            "changed": self.changed,
            "different_transitions": self.different,
            "transitions": [each.as_json() for each in self.transitions],
            "movement": self.movement.as_json() if self.movement else None,
        }


@dataclass(frozen=True, slots=True)
class Cell:
    """One changed value of a row."""

    column: str
    before: Value
    after: Value

    def as_json(self) -> dict[str, Any]:
        return {"column": self.column, "before": json_value(self.before), "after": json_value(self.after)}


@dataclass(frozen=True, slots=True)
class ChangedRow:
    """A row that both sides have, with the columns that differ. `why` says what made it so, if known."""

    key: tuple[Value, ...]
    cells: tuple[Cell, ...]
    why: str = ""

    def as_json(self) -> dict[str, Any]:
        shown = {"key": [json_value(part) for part in self.key], "cells": [cell.as_json() for cell in self.cells]}
        return shown | ({"why": self.why} if self.why else {})


@dataclass(frozen=True, slots=True)
class OneSidedRow:
    """A row that only one side has; without a key `rows` equal ones may stand for themselves."""

    key: tuple[Value, ...]
    values: Mapping[str, Value]
    rows: int = 1
    why: str = ""

    def as_json(self) -> dict[str, Any]:
        shown = {
            "key": [json_value(part) for part in self.key],
            "values": {name: json_value(value) for name, value in self.values.items()},
            "rows": self.rows,
        }
        return shown | ({"why": self.why} if self.why else {})


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Keys that occur more than once on one side: `keys` of them in `rows` rows.

    Their rows are compared whole: equal ones are the same, the others gone or new, none is changed.
    """

    side: Side
    keys: int
    rows: int
    samples: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {"side": self.side, "keys": self.keys, "rows": self.rows, "samples": list(self.samples)}


@dataclass(frozen=True, slots=True)
class TableDifference:
    """Two tables compared: `before` = same + gone + changed rows, `after` = same + new + changed rows.

    `changes` are the columns that changed, most changed first. The rows are samples, in order of their keys.
    `tally` counts new and gone rows by the values of one column, where the caller asked for it.
    """

    subject: str
    key: Key
    before: int
    after: int
    same: int
    new: int
    gone: int
    changed: int
    columns: tuple[str, ...] = ()
    added: tuple[ColumnShape, ...] = ()
    removed: tuple[ColumnShape, ...] = ()
    retyped: tuple[Retyped, ...] = ()
    changes: tuple[ColumnDifference, ...] = ()
    changed_rows: tuple[ChangedRow, ...] = ()
    new_rows: tuple[OneSidedRow, ...] = ()
    gone_rows: tuple[OneSidedRow, ...] = ()
    duplicates: tuple[Duplicates, ...] = ()
    tally: tuple[Transition, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything differs."""
        return bool(self.new or self.gone or self.changed or self.added or self.removed or self.retyped)

    @property
    def hidden(self) -> int:
        """How many differing rows are not among the samples."""
        shown_new, shown_gone = (sum(row.rows for row in rows) for rows in (self.new_rows, self.gone_rows))
        return self.new + self.gone + self.changed - shown_new - shown_gone - len(self.changed_rows)

    def as_json(self) -> dict[str, Any]:
        return {
            "subject": self.subject,
            "differs": bool(self),
            "key": self.key.as_json(),
            "rows": {
                "before": self.before,
                "after": self.after,
                "same": self.same,
                "new": self.new,
                "gone": self.gone,
                "changed": self.changed,
            },
            "columns": {
                "compared": list(self.columns),
                "added": [each.as_json() for each in self.added],
                "removed": [each.as_json() for each in self.removed],
                "retyped": [each.as_json() for each in self.retyped],
            },
            "changes": [each.as_json() for each in self.changes],
            "changed_rows": [row.as_json() for row in self.changed_rows],
            "new_rows": [row.as_json() for row in self.new_rows],
            "gone_rows": [row.as_json() for row in self.gone_rows],
            "duplicates": [each.as_json() for each in self.duplicates],
        }


ChangeKind = Literal["added", "removed", "renamed", "moved", "changed"]


@dataclass(frozen=True, slots=True)
class StructureChange:
    """One change of the rule's text, in words: `subject` is the part (`task 'Both'`), `text` says what changed.

    `before` and `after` are the values as the user wrote them, where there is one; the places are those in both
    files.
    """

    kind: ChangeKind
    subject: str
    text: str
    before: str | None = None
    after: str | None = None
    place_before: Place | None = None
    place_after: Place | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "subject": self.subject,
            "text": self.text,
            "before": self.before,
            "after": self.after,
            "place_before": _place(self.place_before),
            "place_after": _place(self.place_after),
        }


Presence = Literal["same", "differs", "only_before", "only_after"]


@dataclass(frozen=True, slots=True)
class DatasetDifference:
    """One dataset on both sides. `renamed_from` is the name it had before; `table` is there if both sides have it.

    `changed_here` says what changed in the task itself, `follows` names the differing datasets that it reads.
    """

    task: str
    state: Presence
    table: TableDifference | None = None
    rows_before: int | None = None
    rows_after: int | None = None
    renamed_from: str | None = None
    changed_here: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "task": self.task,
            "state": self.state,
            "renamed_from": self.renamed_from,
            "rows_before": self.rows_before,
            "rows_after": self.rows_after,
            "changed_here": list(self.changed_here),
            "follows": list(self.follows),
            "table": self.table.as_json() if self.table else None,
        }


@dataclass(frozen=True, slots=True)
class OutcomeTurn:
    """Records whose outcome turned; None is a record that the action did not look at (it did not match)."""

    before: str | None
    after: str | None
    rows: int
    samples: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {"before": self.before, "after": self.after, "rows": self.rows, "samples": list(self.samples)}


@dataclass(frozen=True, slots=True)
class EffectsDifference:
    """What one action did on both sides: `turns` of outcomes, and the written fields that turn, by key.

    `before` and `after` count the outcomes; None where that side has no such action.
    """

    action: str
    kind: str
    object: str
    state: Presence
    before: Mapping[str, int] | None = None
    after: Mapping[str, int] | None = None
    turns: tuple[OutcomeTurn, ...] = ()
    table: TableDifference | None = None
    renamed_from: str | None = None

    @property
    def gained(self) -> int:
        """Records that are created now and were not before."""
        return sum(turn.rows for turn in self.turns if turn.after == "created")

    @property
    def lost(self) -> int:
        """Records that were created before and are not now."""
        return sum(turn.rows for turn in self.turns if turn.before == "created")

    def as_json(self) -> dict[str, Any]:
        return {
            "action": self.action,
            "kind": self.kind,
            "object": self.object,
            "state": self.state,
            "renamed_from": self.renamed_from,
            "before": dict(self.before) if self.before is not None else None,
            "after": dict(self.after) if self.after is not None else None,
            "gained": self.gained,
            "lost": self.lost,
            "turns": [turn.as_json() for turn in self.turns],
            "table": self.table.as_json() if self.table else None,
        }


@dataclass(frozen=True, slots=True)
class DiffSide:
    """One side: `label` says what it is (`HEAD 3f2a91c`, `now`, `run 2026…`).

    `report` is None where the rule is not there or could not be run; then `problems` say why, or it is `absent`.
    """

    label: str
    report: RunReport | None = None
    problems: tuple[Problem, ...] = ()
    absent: bool = False

    @property
    def failed(self) -> bool:
        return bool(self.problems) or (self.report is not None and bool(self.report.problems))

    def as_json(self) -> dict[str, Any]:
        return {
            "label": self.label,
            "absent": self.absent,
            "report": self.report.as_json() if self.report else None,
            "problems": [problem_json(problem) for problem in self.problems],
        }


@dataclass(frozen=True, slots=True)
class RuleDifference:
    """One rule on both sides: its text (`structure`), its datasets, and what its actions did.

    `notes` say what else should be known, such as object files that changed.
    """

    rule: str
    name: str
    before: DiffSide
    after: DiffSide
    structure: tuple[StructureChange, ...] = ()
    datasets: tuple[DatasetDifference, ...] = ()
    effects: tuple[EffectsDifference, ...] = ()
    notes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything differs: text, data, effects, or that only one side works."""
        return bool(self.structure) or self.differs_in_effect

    @property
    def differs_in_effect(self) -> bool:
        """Whether the two sides do something else with the same data, or only one of them can be run."""
        states = [*(each.state for each in self.datasets), *(each.state for each in self.effects)]
        return (
            any(state != "same" for state in states)
            or self.before.absent != self.after.absent
            or self.before.failed != self.after.failed
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "rule": self.rule,
            "name": self.name,
            "differs": bool(self),
            "differs_in_effect": self.differs_in_effect,
            "before": self.before.as_json(),
            "after": self.after.as_json(),
            "structure": [change.as_json() for change in self.structure],
            "datasets": [each.as_json() for each in self.datasets],
            "effects": [each.as_json() for each in self.effects],
            "notes": list(self.notes),
        }


def json_value(value: Value) -> Any:
    """A value as JSON knows it: a number as a number where no digit is lost, else as text; dates as ISO text."""
    if isinstance(value, Decimal):
        if value == value.to_integral_value():
            return int(value)
        short = float(value)
        return short if Decimal(repr(short)) == value else format(value.normalize(), "f")
    if isinstance(value, dt.datetime):
        return value.isoformat(timespec="milliseconds" if value.microsecond else "seconds") + "Z"
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [json_value(item) for item in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _place(place: Place | None) -> dict[str, Any] | None:
    return {"file": place.file, "line": place.line, "column": place.column} if place else None
