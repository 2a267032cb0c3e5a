"""What seeds may leave out because it follows from the rest of the record (platform.md §3.3, §3.5)."""

from __future__ import annotations

from collections.abc import Collection

from sqlglot import exp

from gsrules.catalogue import Catalogue, ObjectDef
from gsrules.tenant.names import column


def derived_values(definition: ObjectDef, given: Collection[str], catalogue: Catalogue) -> dict[str, exp.Expression]:
    """By field, the value that a record gets where the seed is silent."""
    found: dict[str, exp.Expression] = {}
    if definition.name == "gsuser" and "Email" in given:
        found["SFDCUserName"] = column("Email")
    if definition.name == "call_to_action":
        found |= _cta(given)
    if "IsClosed" in definition.fields and "StatusId" in given:
        closed = [exp.Literal.string(item.gsid) for item in catalogue.cockpit_items if item.open is False]
        found["IsClosed"] = column("StatusId").isin(*closed)
    return found


def _cta(given: Collection[str]) -> dict[str, exp.Expression]:
    of_company, of_relationship = exp.Literal.string("COMPANY"), exp.Literal.string("RELATIONSHIP")
    entity: exp.Expression = of_company
    if "RelationshipId" in given:
        no_relationship = exp.If(this=column("RelationshipId").is_(exp.Null()), true=of_company)
        entity = exp.Case(ifs=[no_relationship], default=of_relationship)
    found = {"EntityType": entity, "Source": exp.Literal.string("Manual")}
    if "DueDate" in given:
        found["OriginalDueDate"] = column("DueDate")
    return found
