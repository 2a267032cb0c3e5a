"""The load algorithm: insert, update, upsert, by identifiers (actions.md §4), as a few set-based statements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from sqlglot import exp

from gsrules.actions.changes.effects import Received, change_list
from gsrules.actions.changes.staging import column, relation, select
from gsrules.actions.kind import ActionRun
from gsrules.actions.loads.matching import Matching
from gsrules.actions.loads.outbox import Sync
from gsrules.actions.loads.results import Results
from gsrules.actions.loads.stage import EntityField, LoadStage, Pinned
from gsrules.actions.mappings.mapping import BoundMapping
from gsrules.actions.mappings.permissions import DeniedError
from gsrules.actions.traits import FAILED, Decision, Traits, listed
from gsrules.catalogue import Catalogue, FieldDef, ObjectDef
from gsrules.dataclass import dataclass
from gsrules.errors import Problem
from gsrules.expressions.tree import Expr
from gsrules.tenant.changes import ChangeList, ErrorCount

Operation = Literal["insert", "update", "upsert"]


@dataclass(frozen=True, slots=True)
class BoundLoad:
    """A load that passed validation.

    `defaults` are the values of unmapped fields of new records (and of mapped ones that are null there);
    `self_references` the fields that may not hold the record's own GSID, `lasting` those that no update changes,
    `entities` those whose company, relationship or user must exist, `pinned` one that the action itself sets.
    `deletes` tells which rows take their record away. `sync`: what is written goes to Salesforce, too.
    """

    object: ObjectDef
    operation: Operation
    mappings: tuple[BoundMapping, ...]
    identifiers: tuple[FieldDef, ...]
    defaults: Mapping[str, exp.Expr]
    catalogue: Catalogue
    criteria: Expr | None = None
    reads: frozenset[str] = frozenset()
    findings: tuple[Problem, ...] = ()
    self_references: tuple[str, ...] = ()
    lasting: tuple[str, ...] = ()
    entities: tuple[EntityField, ...] = ()
    pinned: Pinned | None = None
    deletes: BoundMapping | None = None
    sync: Sync | None = None
    denied: Problem | None = None

    @property
    def salesforce(self) -> bool:
        """Whether the records are those of the local copy of a Salesforce object."""
        return self.object.group == "SALESFORCE"

    @property
    def key_field(self) -> str:
        """The field that holds the id of a record."""
        return "Id" if self.salesforce else "Gsid"

    @property
    def writes_to(self) -> tuple[str, ...]:
        return (self.object.name, "record_delete_log") if self.deletes is not None else (self.object.name,)

    @property
    def traits(self) -> Traits:
        return Traits(
            self._decisions(),
            target="" if self.salesforce else self.object.name,  # samples are read as they are
            mappings=self.mappings,
            identifiers=tuple(found.name for found in self.identifiers),
            words=() if self.deletes is None or self.deletes.source is None else (self.deletes.source,),
        )

    def _decisions(self) -> tuple[Decision, ...]:
        name = self.object.label if self.salesforce else self.object.name
        keys = listed([f"`{found.name}`" for found in self.identifiers])
        made: list[Decision] = []
        if self.operation != "update":
            why = (
                f"no record of {name} has its {keys}" if self.operation == "upsert" else "an insert looks for no record"
            )
            made.append(Decision("created", f"a row for which {name} has no record", why))
        if self.operation != "insert":
            ids = {found.name for found in self.identifiers}
            counted = any(mapping.field.name not in ids for mapping in self.mappings)
            found = f"a record of {name} has its {keys}"
            other, same = (
                f"a row for which {name} has a record with {word}" for word in ("other values", "just these values")
            )
            differing = "other values" if self.deletes is None else "other values, or Delete is true"
            made.append(Decision("updated", other, f"{found}, and {differing}", counted))
            made.append(Decision("unchanged", same, f"{found}, and all these values"))
            made.append(Decision("skipped", "rows that are left out: two with equal identifiers, say", counted=False))
        if self.deletes is not None:
            need = f"a row that deletes where {name} has no record"
            made.append(Decision("skipped", need, code="NOTHING_TO_DELETE"))
        return (*made, FAILED)

    def plan(self, run: ActionRun) -> ChangeList:
        """Decides every matched row (actions.md §3.2, §4). Raises DeniedError if the tenant does not permit it."""
        if self.denied is not None:
            raise DeniedError(self.denied)
        stage = LoadStage(self, run)
        return decided(stage, Matching(stage))


@dataclass(frozen=True, slots=True)
class AroundLoad:
    """What an action passed validation with that is a load beside more."""

    load: BoundLoad

    @property
    def criteria(self) -> Expr | None:
        return self.load.criteria

    @property
    def reads(self) -> frozenset[str]:
        return self.load.reads

    @property
    def findings(self) -> tuple[Problem, ...]:
        return self.load.findings

    @property
    def writes_to(self) -> tuple[str, ...]:
        return self.load.writes_to


def decided(stage: LoadStage, matching: Matching) -> ChangeList:
    """What the staged and matched rows come to."""
    received = Received(*stage.rows.counts())
    plan = stage.scratch.table("plan_of_different" if matching.all_differ else "plan", matching.query)
    warns = stage.scratch.once("warns", lambda: matching.warns or any(value.warnings for value in stage.staged))
    outcomes, warned = _outcomes(stage, plan)
    results = Results(stage, plan, outcomes, refuses_twins=matching.refuses_twins)
    fresh = results.fresh
    several = sum(outcomes.values()) > received.matched
    source = results.one_a_row() if several else plan
    name = f"{'several_' if several else ''}{'created_' if fresh else ''}effects"
    view = stage.scratch.view(name, lambda: results.effects(source, fresh, several=several).query())
    made = change_list(
        stage.scratch,
        view,
        results.writes(),
        received,
        lambda: results.effects(source, None, several=several).brief(),
        records_written=outcomes.get("created", 0) + outcomes.get("updated", 0),
        outcomes=None if several else outcomes,
        may_warn=several or (warns and warned),
        warned=_unknown_pin(stage),
    )
    return replace(made, outbox=results.outbox())


def _outcomes(stage: LoadStage, plan: str) -> tuple[dict[str, int], bool]:
    """How many rows have each outcome, and whether any row has warnings."""

    def query() -> exp.Select:
        every, warned = exp.Count(this=exp.Star()), exp.Count(this=column("warnings"))
        counts = select(column("outcome"), every, warned).from_(relation(plan), copy=False)
        return counts.group_by(column("outcome"), copy=False)

    found = stage.scratch.rows("outcomes", query)
    return {outcome: rows for outcome, rows, _ in found}, any(warned for _, _, warned in found)


def _unknown_pin(stage: LoadStage) -> tuple[ErrorCount, ...]:
    """A warning if the record that a field is pinned to does not exist: it is data, which validation does not see."""
    pinned = stage.load.pinned
    if pinned is None or stage.scratch.rows("pin", lambda: select(stage.pinned_value(pinned)))[0][0] is not None:
        return ()
    kind = pinned.object.replace("_", " ")
    return (ErrorCount("REFERENCE_NOT_FOUND", 0, f"the {kind} `{pinned.name}` does not exist"),)
