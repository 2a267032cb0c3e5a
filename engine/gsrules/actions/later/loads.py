"""Loads to Salesforce (actions.md §5.11)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from gsrules.actions.later.refusing import not_yet
from gsrules.actions.load_binding import LoadSpec
from gsrules.spec.base import Name


class LoadToSalesforceSpec(LoadSpec):
    """Writes the local copy of a Salesforce object, and the outbox."""

    action: Literal["load_to_salesforce"] = "load_to_salesforce"
    object: Name = Field(description="The Salesforce object.")
    operation: Literal["insert", "update", "upsert"] = Field(description="insert, update or upsert.")


KINDS = (
    not_yet(
        "load_to_salesforce",
        "Load to SFDC Object",
        LoadToSalesforceSpec,
        "Writes the local copy of a Salesforce object and one outbox entry for each written record.",
        "actions.md §5.11 [cli] [choice]",
        "- action: load_to_salesforce\n  from: Rows\n  object: Account\n  operation: update\n  identifiers: [Id]\n"
        "  fields:\n    Id: SFDC Id\n",
        strict_entities=("company",),
    ),
)
