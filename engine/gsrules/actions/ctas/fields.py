"""Further fields of CTAs and success plans: the value pipeline of actions.md §3.2 on records that rows fold into."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlglot import exp

from gsrules.actions.changes.folding import Slot
from gsrules.actions.changes.rows import Matched
from gsrules.actions.changes.staging import any_of, column, fragment
from gsrules.actions.mappings.mapping import BoundMapping
from gsrules.actions.mappings.values import StagedValue, stage
from gsrules.catalogue.datatypes import Family


def stage_mapped(mapping: BoundMapping, rows: Matched) -> StagedValue:
    """Its value with codes; a null of a required field fails unless it is left out."""
    value = stage(mapping, rows)
    if not mapping.field.required or mapping.on_null == "skip":
        return value
    missing = fragment("NOT :bad AND :v IS NULL", bad=_any_code(value), v=value.value)
    return value.with_failure(missing, "REQUIRED_MISSING")


def _any_code(value: StagedValue) -> exp.Expr:
    return fragment("COALESCE(:b, FALSE)", b=any_of(condition for condition, _ in value.failures))


def mapped_slots(
    mappings: Sequence[BoundMapping],
    profile: Mapping[str, Any],
    *,
    on_hits: bool,
    defaults: Mapping[str, exp.Expr] | None = None,
) -> list[Slot]:
    """A slot for each mapping over its staged column `v…`; `defaults` are what a new record gets for a null."""
    slots = []
    for i, mapping in enumerate(mappings):
        value: exp.Expr = column(f"v{i}")
        listed = mapping.field.type.family is Family.MULTI_PICKLIST
        given = fragment("NOT :v IS NULL", v=value)
        default = (defaults or {}).get(mapping.field.name)
        slots.append(
            Slot(
                mapping.field.name,
                mapping.field.type.storage,
                fragment("COALESCE(:v, :d)", v=value, d=default) if default is not None else value,
                value if on_hits else None,
                given if mapping.on_null == "skip" else exp.true(),
                fixed=False,
                listed=listed,
                appends=listed and profile["load.multiselect"] == "append",
            )
        )
    return slots


def null_written(mappings: Sequence[BoundMapping], table: str) -> exp.Expr | None:
    """Whether a null that no mapping states replaces a value, over the folded rows; None where it cannot."""
    silent = [m for m in mappings if m.on_null == "write" and not m.states_on_null and m.default is None]
    replaced = [
        fragment(
            ":a IS NULL AND NOT :p IS NULL",
            a=column(f"a:{mapping.field.name}", table),
            p=column(f"p:{mapping.field.name}", table),
        )
        for mapping in silent
        if mapping.constant is None
    ]
    return any_of(replaced) if replaced else None
