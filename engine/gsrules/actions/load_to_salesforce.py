"""Load to SFDC Object (actions.md §5.11)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, Literal

from pydantic import Field

from gsrules.actions.kind import ActionKind, BindEnv, Findings
from gsrules.actions.loads.binding import LoadSpec, Target, bind_load
from gsrules.actions.loads.load import BoundLoad
from gsrules.actions.loads.outbox import Sync
from gsrules.actions.traits import LOAD_CODES
from gsrules.catalogue import ObjectDef
from gsrules.catalogue.salesforce import STORED
from gsrules.errors import nearest
from gsrules.plan.nodes import Column
from gsrules.spec.base import Name

_ID: Final = "Id"


class LoadToSalesforceSpec(LoadSpec):
    """Writes the local copy of a Salesforce object, and the outbox."""

    action: Literal["load_to_salesforce"] = "load_to_salesforce"
    object: Name = Field(description="The Salesforce object: a file in datasets/salesforce.")
    operation: Literal["insert", "update", "upsert"] = Field(description="What is done with found and missing records.")


def bind(spec: LoadToSalesforceSpec, columns: tuple[Column, ...], env: BindEnv) -> BoundLoad:
    """Validates the load; raises InputError with everything that is wrong."""
    findings = Findings(spec.id)
    found = _object(spec, env, findings)
    if found is None:
        findings.close()
    assert found is not None
    refused = {} if spec.operation == "update" else {_ID: "only an update may name Id, as its identifier"}
    if spec.operation == "update" and not any(_ID.lower() == name.lower() for name in spec.identifiers):
        refused = {_ID: "an update may name Id only as an identifier"}
    bound = bind_load(spec, Target(found, spec.operation, refused=refused), columns, env, findings)
    return replace(bound, sync=Sync("salesforce_write", found.label, _ID))


def _object(spec: LoadToSalesforceSpec, env: BindEnv, findings: Findings) -> ObjectDef | None:
    sample = env.catalogue.salesforce_object(spec.object)
    place = spec.object.place
    if sample is None:
        known = env.catalogue.salesforce_names
        hint = "a Salesforce object is a file in datasets/salesforce"
        message = f"there is no Salesforce object `{spec.object}` (INVALID_FIELD)"
        near = nearest(spec.object, known)
        findings.error("GS-NAME", message, place, value=spec.object, hint=hint, near=near)
        return None
    if _ID not in sample.fields:
        message = f"the sample of {sample.name} has no column Id, by which records are told apart"
        findings.error("GS-ACTION-TARGET", message, place, value=spec.object, hint="add the column Id to the file")
        return None
    return env.catalogue.object(STORED + sample.name)


KIND = ActionKind(
    name="load_to_salesforce",
    title="Load to SFDC Object",
    model=LoadToSalesforceSpec,
    description=(
        "Writes the tenant's local copy of a Salesforce object; each written record has an entry in the outbox."
        " Nothing is sent to Salesforce."
    ),
    evidence="actions.md §5.11 [cli] [choice]; the algorithm §4",
    example=(
        "- action: load_to_salesforce\n  from: Rows\n  object: Account\n  operation: update\n  identifiers: [Id]\n"
        "  fields:\n    Id: SFDC Account Id\n    Health__c: Health\n"
    ),
    bind=bind,
    strict_entities=("company",),
    codes=LOAD_CODES,
)
