"""Load to Company (actions.md §5.2)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from gsrules.actions.kind import ActionKind, BindEnv, Findings
from gsrules.actions.loads.binding import LoadSpec, Target, bind_load
from gsrules.actions.loads.load import BoundLoad
from gsrules.actions.mappings.matrix import load_family
from gsrules.actions.traits import LOAD_CODES
from gsrules.catalogue import ObjectDef
from gsrules.catalogue.datatypes import Family
from gsrules.errors import InputError
from gsrules.expressions.scope import Scope
from gsrules.plan.nodes import Column


class LoadToCompanySpec(LoadSpec):
    """Updates companies, or updates and creates them."""

    action: Literal["load_to_company"] = "load_to_company"
    operation: Literal["update", "upsert"] = Field(description="update, or upsert: missing companies are created.")


def bind(spec: LoadToCompanySpec, columns: tuple[Column, ...], env: BindEnv) -> BoundLoad:
    """Validates the load; raises InputError with everything that is wrong."""
    findings = Findings(spec.id)
    company = env.catalogue.object("company")
    assert company is not None
    _hint_derived(spec, company, columns, findings)
    target = Target(company, spec.operation, self_references=("ParentCompany",))
    return bind_load(spec, target, columns, env, findings)


def _hint_derived(spec: LoadToCompanySpec, company: ObjectDef, columns: tuple[Column, ...], findings: Findings) -> None:
    """Text columns for the parent company and the CSM are names or e-mails more often than GSIDs."""
    scope = Scope.of_columns(columns)
    lookups = {"ParentCompany": "{lookup: company, match: {Name: …}", "Csm": "{lookup: gsuser, match: {Email: …}"}
    for name, mapping in spec.fields.items():
        fields = company.find(name)
        if len(fields) != 1 or fields[0].name not in lookups or mapping.column is None:
            continue
        try:
            column = scope.resolve((mapping.column.strip().strip("[]"),))
        except InputError:
            continue  # bind_load reports it, with its place
        if load_family(column.type) is Family.TEXT:
            hint = f"{lookups[fields[0].name]}, multiple: error, none: 'null'}}"
            message = f"`{mapping.column}` is a text, and `{fields[0].name}` takes GSIDs; a lookup finds them"
            findings.note("GS-ACTION-HINT", message, mapping.column.place, value=mapping.column, hint=hint)


KIND = ActionKind(
    name="load_to_company",
    title="Load to Company",
    model=LoadToCompanySpec,
    description="Updates companies found by identifiers; an upsert also creates those that are missing.",
    evidence="actions.md §5.2 [cli] [doc]; the algorithm §4",
    example=(
        "- action: load_to_company\n  from: Accounts\n  operation: upsert\n  identifiers: [ExternalId]\n"
        "  fields:\n    ExternalId: Account ID\n    Name: Account Name\n"
    ),
    bind=bind,
    codes=LOAD_CODES,
    strict_entities=("company",),
)
