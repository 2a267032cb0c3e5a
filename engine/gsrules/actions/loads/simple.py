"""What the loads to cases, leads, opportunities and forecasts share: §4 with update and upsert (actions.md §5.6)."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from pydantic import Field

from gsrules.actions.kind import BindEnv, Findings
from gsrules.actions.loads.binding import LoadSpec, Target, bind_load
from gsrules.actions.loads.load import BoundLoad
from gsrules.actions.loads.outbox import Sync
from gsrules.plan.nodes import Column


class WritingSpec(LoadSpec):
    """A load that updates, or updates and creates."""

    operation: Literal["update", "upsert"] = Field(description="update, or upsert: missing records are created.")


def bind_onto(
    object_name: str, spec: WritingSpec, columns: tuple[Column, ...], env: BindEnv, sync: Sync | None = None
) -> BoundLoad:
    """Binds a load onto a standard object; with `sync` what it writes goes to Salesforce, too."""
    target = Target(env.catalogue.objects[object_name], spec.operation)
    return replace(bind_load(spec, target, columns, env, Findings(spec.id)), sync=sync)
