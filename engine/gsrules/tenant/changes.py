"""Change lists: what an action decided for every matched row, and the writes that follow from it.

A change list lives in two kinds of temporary tables of the run's connection: one *effects* table (a row for
each matched row of the dataset) and, for each object touched, *write* tables that the tenant applies.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from pathlib import Path
from typing import Final, Literal, get_args

from gsrules.dataclass import dataclass

Outcome = Literal["created", "updated", "closed", "unchanged", "skipped", "failed"]
OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)
"""The outcomes of a matched row, in the order in which they are shown (actions.md §10.1)."""

# Columns of an effects table, in this order. `row` is the row number in the dataset (`__row`), `key` the
# identifier values as a readable text, `code` the first code and `codes` all of them, `gsid` the first record
# touched and `gsids` all of them; `before` and `after` are STRUCTs of the fields concerned, typed as stored,
# NULL where there is no such side. `warnings` holds row-level warning codes.
EFFECT_COLUMNS: Mapping[str, str] = {
    "row": "BIGINT",
    "outcome": "VARCHAR",
    "code": "VARCHAR",
    "codes": "VARCHAR[]",
    "message": "VARCHAR",
    "key": "VARCHAR",
    "object": "VARCHAR",
    "gsid": "VARCHAR",
    "gsids": "VARCHAR[]",
    "warnings": "VARCHAR[]",
    "before": "STRUCT",
    "after": "STRUCT",
}

OutboxKind = Literal["api_call", "salesforce_write", "lead_sync", "opportunity_sync", "notification"]
"""What an entry of the outbox would have been (actions.md §9.3)."""

# Columns of an outbox relation: a temporary table or view of the action, one row for each request that would have
# been sent. `row` is the row number in the dataset, `kind` an OutboxKind, `headers` a JSON object as text, with
# secrets masked. What does not apply is NULL. The run numbers the entries and adds itself, its rule and action.
OUTBOX_COLUMNS: Mapping[str, str] = {
    "row": "BIGINT",
    "kind": "VARCHAR",
    "connection": "VARCHAR",
    "method": "VARCHAR",
    "url": "VARCHAR",
    "headers": "VARCHAR",
    "body": "VARCHAR",
}


@dataclass(frozen=True, slots=True)
class Write:
    """Rows to insert into, update in, or delete from one object.

    `staging` is a temporary table with `Gsid` and `fields`, typed as the object's columns, at most one row a
    Gsid. An insert carries new Gsids from `Tenant.allocate`. For an update `flags` names, by field, a BOOLEAN
    staging column that tells whether that row writes the field; a field without a flag is written for each row.
    Stamps (ModifiedDate, GsExecutionId …) are ordinary fields of the staging table. A deletion needs `Gsid` alone.
    Insertion numbers follow a staging column `__n` if there is one, else the Gsids.
    """

    object: str
    kind: Literal["insert", "update", "delete"]
    staging: str
    fields: tuple[str, ...]
    flags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OutFile:
    """A file that an action gives to a bucket once the run has committed.

    `make` writes its content to a new local file (RunError if it cannot be made); it holds `rows` rows, those of
    the effects from `first` to `last`.
    """

    bucket: str
    key: str
    rows: int
    first: int
    last: int
    make: Callable[[Path], None]


@dataclass(frozen=True, slots=True)
class ErrorCount:
    """How many rows got `code`, with one example in words."""

    code: str
    rows: int
    example: str


@dataclass(frozen=True, slots=True)
class Counts:
    """Row counts of one action: matched = created + updated + closed + unchanged + skipped + failed."""

    received: int = 0
    matched: int = 0
    created: int = 0
    updated: int = 0
    closed: int = 0
    unchanged: int = 0
    skipped: int = 0
    failed: int = 0
    filtered_null: int = 0
    records_written: int = 0

    def of_outcomes(self) -> dict[str, int]:
        """The rows of each outcome that occurred."""
        return {name: count for name in OUTCOMES if (count := getattr(self, name))}


@dataclass(frozen=True, slots=True)
class ChangeList:
    """What one action decided. `effects` names the effects table; `writes` are applied in order.

    `files` leave when the run has committed; then the effects are a table, which tells what became of them.
    `outbox` names a relation of OUTBOX_COLUMNS: a live run keeps its rows in the tenant's outbox, a dry run counts
    them. Entries of one row keep the order of `kind`, `url` and `body`. `sealed` names a relation of `row` and
    `headers` with the secrets of these entries, in which only a delivery looks.
    """

    effects: str
    writes: tuple[Write, ...]
    counts: Counts
    errors: tuple[ErrorCount, ...] = ()
    skips: tuple[ErrorCount, ...] = ()
    warnings: tuple[ErrorCount, ...] = ()
    files: tuple[OutFile, ...] = ()
    outbox: str | None = None
    sealed: str | None = None
