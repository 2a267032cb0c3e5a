"""Loads into surveys, timeline, scorecard history; scores (actions.md §5.8–§5.10, §7)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from gsrules.actions.later.refusing import not_yet
from gsrules.spec import ActionSpec, Fields, MappingSpec
from gsrules.spec.base import Name


class EntitySpec(ActionSpec):
    """An action on a company or relationship."""

    company: Name | None = Field(None, description="The column with the company's GSID.")
    relationship: Name | None = Field(None, description="The column with the relationship's GSID.")


class LoadToSurveySpec(EntitySpec):
    """Loads external NPS or CSAT responses."""

    action: Literal["load_to_survey"] = "load_to_survey"
    survey: Name = Field(description="The survey's name.")
    kind: Literal["nps", "csat"] = Field(description="nps or csat.")
    person_email: Name | None = Field(None, description="The column with the respondent's e-mail address.")
    person_name: Name | None = Field(None, description="The column with the respondent's name.")
    score: MappingSpec = Field(description="The score.")
    comment: MappingSpec | None = Field(None, description="The comment.")
    response_date: MappingSpec | None = Field(None, description="When it was given; absent: the rule date.")
    external_id: MappingSpec | None = Field(None, description="The response's id elsewhere.")
    language: MappingSpec | None = Field(None, description="The language.")
    channel: MappingSpec | None = Field(None, description="The channel.")
    fields: Fields = Field(default_factory=dict, description="Further fields.")


class LoadToActivitySpec(ActionSpec):
    """Writes activities of the timeline."""

    action: Literal["load_to_activity"] = "load_to_activity"
    operation: Literal["insert", "upsert"] = Field("insert", description="insert, or upsert by ExternalId.")
    fields: Fields = Field(description="Subject, Notes, ActivityDate, TypeName, AuthorId, the entity, …", min_length=1)


class LoadToScorecardHistorySpec(EntitySpec):
    """Back-fills the history of scores."""

    action: Literal["load_to_scorecard_history"] = "load_to_scorecard_history"
    operation: Literal["insert", "upsert"] = Field("upsert", description="insert or upsert.")
    snapshot_date: MappingSpec | None = Field(None, description="The date; absent: the rule date.")
    measures: dict[Name, Name] = Field(description="Measure → column.", min_length=1)
    overall: Name | None = Field(None, description="The column with the overall score.")


class SetScoreSpec(EntitySpec):
    """Sets the score of a measure."""

    action: Literal["set_score"] = "set_score"
    measure: Name = Field(description="The measure.")
    scorecard: Name | None = Field(None, description="The scorecard.")
    score: MappingSpec | None = Field(None, description="The score: a column or a constant.")
    scores: dict[Name, MappingSpec] | None = Field(None, description="Several scorecards → score.")
    comment: Name | None = Field(None, description="A comment; ${…} inserts a column.")


KINDS = (
    not_yet(
        "load_to_survey",
        "Load to Survey",
        LoadToSurveySpec,
        "Loads external NPS or CSAT responses.",
        "actions.md §5.9 [doc] [choice]",
        "- action: load_to_survey\n  from: Rows\n  company: Company GSID\n  survey: Yearly NPS\n  kind: nps\n"
        "  person_email: Email\n  score: Score\n",
    ),
    not_yet(
        "load_to_activity",
        "Load to Activity (Timeline)",
        LoadToActivitySpec,
        "Writes activities of the timeline.",
        "actions.md §5.8 [doc] [choice]",
        "- action: load_to_activity\n  from: Rows\n  fields:\n    Subject: Subject\n    TypeName: {value: Update}\n",
    ),
    not_yet(
        "load_to_scorecard_history",
        "Load to Scorecard History",
        LoadToScorecardHistorySpec,
        "Back-fills the history of scores.",
        "actions.md §5.10 [doc] [choice]",
        "- action: load_to_scorecard_history\n  from: Rows\n  company: Company GSID\n"
        "  measures: {Usage: Usage Score}\n",
    ),
    not_yet(
        "set_score",
        "Set Score (2.0)",
        SetScoreSpec,
        "Sets the score of a measure of a company or relationship.",
        "actions.md §7 [doc] [cli]",
        "- action: set_score\n  from: Rows\n  company: Company GSID\n  measure: Product Usage\n"
        "  scorecard: Enterprise\n"
        "  score: Score\n",
    ),
)
