"""Load to GS Company Forecast (actions.md §5.6)."""

from __future__ import annotations

from typing import Literal

from gsrules.actions.kind import ActionKind, BindEnv
from gsrules.actions.loads.load import BoundLoad
from gsrules.actions.loads.simple import WritingSpec, bind_onto
from gsrules.actions.traits import LOAD_CODES
from gsrules.plan.nodes import Column


class LoadToForecastSpec(WritingSpec):
    """Updates or creates company forecasts."""

    action: Literal["load_to_forecast"] = "load_to_forecast"


def bind(spec: LoadToForecastSpec, columns: tuple[Column, ...], env: BindEnv) -> BoundLoad:
    """Validates the load; raises InputError with everything that is wrong."""
    return bind_onto("gs_company_forecast", spec, columns, env)


KIND = ActionKind(
    name="load_to_forecast",
    title="Load to GS Company Forecast",
    model=LoadToForecastSpec,
    description="Updates company forecasts found by identifiers; an upsert also creates those that are missing.",
    evidence="actions.md §5.6 [doc] [choice]; the algorithm §4",
    example=(
        "- action: load_to_forecast\n  from: Rows\n  operation: upsert\n  identifiers: [CompanyId, RenewalDate]\n"
        "  fields:\n    CompanyId: Company GSID\n    RenewalDate: Renewal\n    ForecastAmount: Amount\n"
    ),
    bind=bind,
    entities=("company",),
    codes=LOAD_CODES,
)
