"""Loads into surveys, timeline, scorecard history; scores (actions.md §5.8–§5.10, §7)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from gsrules.actions.later.refusing import not_yet
from gsrules.spec import ActionSpec, MappingSpec
from gsrules.spec.base import Name


class EntitySpec(ActionSpec):
    """An action on a company or relationship."""

    company: Name | None = Field(None, description="The column with the company's GSID.")
    relationship: Name | None = Field(None, description="The column with the relationship's GSID.")


class LoadToScorecardHistorySpec(EntitySpec):
    """Back-fills the history of scores."""

    action: Literal["load_to_scorecard_history"] = "load_to_scorecard_history"
    operation: Literal["insert", "upsert"] = Field("upsert", description="insert or upsert.")
    snapshot_date: MappingSpec | None = Field(None, description="The date; absent: the rule date.")
    measures: dict[Name, Name] = Field(description="Measure → column.", min_length=1)
    overall: Name | None = Field(None, description="The column with the overall score.")


KINDS = (
    not_yet(
        "load_to_scorecard_history",
        "Load to Scorecard History",
        LoadToScorecardHistorySpec,
        "Back-fills the history of scores.",
        "actions.md §5.10 [doc] [choice]",
        "- action: load_to_scorecard_history\n  from: Rows\n  company: Company GSID\n"
        "  measures: {Usage: Usage Score}\n",
    ),
)
