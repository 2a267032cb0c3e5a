"""Load to Cases (actions.md §5.6)."""

from __future__ import annotations

from typing import Literal

from gsrules.actions.kind import ActionKind, BindEnv
from gsrules.actions.loads.load import BoundLoad
from gsrules.actions.loads.simple import WritingSpec, bind_onto
from gsrules.actions.traits import LOAD_CODES
from gsrules.plan.nodes import Column


class LoadToCasesSpec(WritingSpec):
    """Updates or creates cases."""

    action: Literal["load_to_cases"] = "load_to_cases"


def bind(spec: LoadToCasesSpec, columns: tuple[Column, ...], env: BindEnv) -> BoundLoad:
    """Validates the load; raises InputError with everything that is wrong."""
    return bind_onto("gs_case", spec, columns, env)


KIND = ActionKind(
    name="load_to_cases",
    title="Load to Cases",
    model=LoadToCasesSpec,
    description="Updates cases found by identifiers; an upsert also creates those that are missing.",
    evidence="actions.md §5.6 [doc]; the algorithm §4",
    example=(
        "- action: load_to_cases\n  from: Rows\n  operation: upsert\n  identifiers: [CaseNumber]\n"
        "  fields:\n    CaseNumber: Number\n    CompanyId: Company GSID\n    Status: Status\n"
    ),
    bind=bind,
    engines=("horizon",),
    codes=LOAD_CODES,
)
