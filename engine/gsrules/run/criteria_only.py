"""The dry run of `run.test_run: criteria_only`: how many rows each action would get, no more (actions.md §1.9)."""

from __future__ import annotations

from sqlglot import exp

from gsrules.actions.changes.rows import Matched, spelling
from gsrules.actions.changes.staging import named, select, typed_null
from gsrules.actions.kind import ActionRun, BoundAction
from gsrules.catalogue import Catalogue
from gsrules.tenant.changes import EFFECT_COLUMNS, ChangeList, Counts


def count_criteria(run: ActionRun, action: BoundAction, catalogue: Catalogue) -> ChangeList:
    """A change list without effects: rows received and matched, those not matched only because of a null."""
    scratch = run.scratch()
    received, matched, unknown = Matched(run, spelling(run, catalogue), scratch, action.criteria).counts()
    effects = scratch.table("effects", _nothing)
    return ChangeList(effects, (), Counts(received=received, matched=matched, filtered_null=unknown))


def _nothing() -> exp.Select:
    kinds = {name: "VARCHAR" if kind == "STRUCT" else kind for name, kind in EFFECT_COLUMNS.items()}
    return select(*(named(typed_null(kind), name) for name, kind in kinds.items())).where(exp.false(), copy=False)
