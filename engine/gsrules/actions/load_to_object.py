"""Load to Gainsight Object (actions.md §5.1)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from gsrules.actions.kind import ActionKind, BindEnv, Findings
from gsrules.actions.loads.binding import LoadSpec, Target, bind_load
from gsrules.actions.loads.load import BoundLoad, Operation
from gsrules.actions.mappings.mapping import find_object
from gsrules.actions.traits import LOAD_CODES
from gsrules.catalogue import ObjectDef
from gsrules.plan.nodes import Column
from gsrules.spec.base import Name


class LoadToObjectSpec(LoadSpec):
    """Writes the rows of a dataset into the records of an object."""

    action: Literal["load_to_object"] = "load_to_object"
    object: Name = Field(description="The object to write into.")
    operation: Literal["insert", "update", "upsert"] = Field(description="What is done with found and missing records.")


def bind(spec: LoadToObjectSpec, columns: tuple[Column, ...], env: BindEnv) -> BoundLoad:
    """Validates the load; raises InputError with everything that is wrong."""
    findings = Findings(spec.id)
    found = find_object(env, spec.object, findings)
    if found is not None:
        _check_target(spec, found, spec.operation, findings)
    if found is None or findings.errors:
        findings.close()
    assert found is not None
    return bind_load(spec, Target(found, spec.operation), columns, env, findings)


def _check_target(spec: LoadToObjectSpec, found: ObjectDef, operation: Operation, findings: Findings) -> None:
    place = spec.object.place
    if found.loaded_by:
        actions = " or ".join(found.loaded_by)
        message = f"{found.name} is not written by load_to_object"
        findings.error("GS-ACTION-TARGET", message, place, value=found.name, hint=f"use {actions}")
    elif not found.loadable:
        findings.error("GS-ACTION-TARGET", f"{found.name} cannot be the target of a load", place, value=found.name)
    elif not found.createable and operation != "update":
        message = f"records of {found.name} cannot be created by a load, so {operation} is refused"
        findings.error("GS-ACTION-TARGET", message, place, value=found.name, hint="operation: update")


KIND = ActionKind(
    name="load_to_object",
    title="Load to Gainsight Object",
    model=LoadToObjectSpec,
    description="Inserts, updates or upserts one record of an object for each row, found by identifiers.",
    evidence="actions.md §5.1 [doc]; the algorithm §4",
    example=(
        "- action: load_to_object\n  from: By company\n  object: usage_summary__gc\n  operation: upsert\n"
        "  identifiers: [Company_ID__gc]\n  fields:\n    Company_ID__gc: Company GSID\n    Logins__gc: Logins\n"
    ),
    bind=bind,
    codes=LOAD_CODES,
    strict_entities=("company",),
)
