"""The kinds of tasks and actions that a rule may hold: a registry given from outside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Final

from gsrules.dataclass import dataclass
from gsrules.spec.actions import ActionSpec
from gsrules.spec.tasks import TASKS, TaskSpec

ACTION_NAMES: Final = (
    "load_to_object",
    "load_to_company",
    "load_to_relationship",
    "load_to_people",
    "load_to_user",
    "load_to_company_team",
    "load_to_relationship_team",
    "load_to_cases",
    "load_to_lead",
    "load_to_opportunity",
    "load_to_forecast",
    "load_to_survey",
    "load_to_activity",
    "load_to_scorecard_history",
    "load_to_salesforce",
    "create_cta",
    "update_cta",
    "close_cta",
    "set_score",
    "create_success_plan",
    "update_success_plan",
    "call_external_api",
    "export_to_s3",
)
"""Every action kind of the language; one that is not registered is known, but not run yet."""


@dataclass(frozen=True, slots=True)
class Kinds:
    """Models by `type` of task and by `action`."""

    tasks: Mapping[str, type[TaskSpec]] = field(default_factory=lambda: TASKS)
    actions: Mapping[str, type[ActionSpec]] = field(default_factory=dict)
