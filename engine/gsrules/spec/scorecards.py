"""Scorecards and schemes of a project, as written in datasets/scorecards.yml (actions.md §7.1, platform.md §3.6)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StrictFloat, StrictInt, ValidationInfo, model_validator

from gsrules.errors import Problem
from gsrules.spec.base import Bool, Name, Spec, refusal, report
from gsrules.spec.text import Text, YamlList, YamlMapping, mapping_of

MOST_RANGES = 12

Weight = Annotated[StrictInt | StrictFloat, Field(ge=0, le=100)]
Score = Annotated[StrictInt, Field(ge=0, le=100)]


class ScorecardMeasureSpec(Spec):
    """A measure of a scorecard; a plain number is its weight."""

    weight: Weight | None = Field(None, description="Its share in percent; absent for all: equal shares.")
    group: Name | None = Field(None, description="The group that it belongs to.")

    @model_validator(mode="before")
    @classmethod
    def _normalise(cls, data: Any) -> Any:
        if data is None:
            return {}
        if isinstance(data, int | float) and not isinstance(data, bool):
            return {"weight": data}
        if isinstance(data, str):
            hint = "for example: Product Usage: 40, or {weight: 40, group: Engagement}"
            raise refusal("GS-SPEC-TYPE", "a weight is a number from 0 to 100, without a percent sign", hint=hint)
        return data


def _listed(data: Any, info: ValidationInfo) -> Any:
    """A list of measures as a mapping without weights."""
    if not isinstance(data, list):
        return data
    places = data.places if isinstance(data, YamlList) else [None] * len(data)
    made = YamlMapping(place=getattr(data, "place", None))
    for item, place in zip(data, places, strict=True):
        if not isinstance(item, str):
            raise refusal("string_type", "a text is expected", hint="measures: [Product Usage, Support]")
        if item in made:
            message = f"the measure `{item}` is there twice"
            report(info, Problem("GS-SPEC-DUPLICATE", message, place, value=str(item), hint="remove one of them"))
            continue
        made[Text(item, place)] = mapping_of({}, place)
        made.places[item] = made.key_places[item] = place
    return made


Measures = Annotated[dict[Name, ScorecardMeasureSpec], Field(min_length=1), BeforeValidator(_listed)]


class ScorecardSpec(Spec):
    """A scorecard: its measures with weights, in groups or not."""

    entity: Literal["company", "relationship"] = Field("company", description="What it scores.")
    scheme: Literal["numeric", "grade", "color"] = Field("numeric", description="How scores are given.")
    measures: Measures = Field(description="Measure → weight, or a list of measures of equal weight.")
    groups: dict[Name, Weight] = Field(default_factory=dict, description="Group → weight.")
    active: Bool = Field(True, description="Whether it is in use.")


class SchemeRangeSpec(Spec):
    """A range of a scheme: the whole numbers from `from` to `to` carry the label."""

    label: Name = Field(description="What is shown: Red, A.")
    name: Name | None = Field(None, description="Its name; absent: the label.")
    from_: Score = Field(alias="from", description="The lowest number.")
    to: Score = Field(description="The highest number.")
    score: Score | None = Field(None, description="The figure that the label stands for; absent: the middle.")
    color: Name | None = Field(None, description="Its colour, such as '#c00'.")


Ranges = Annotated[tuple[SchemeRangeSpec, ...], Field(min_length=1)]


class SchemesSpec(Spec):
    """The ranges of the schemes that take the place of the standard ones."""

    numeric: Ranges | None = None
    grade: Ranges | None = None
    color: Ranges | None = None


class ScorecardsSpec(Spec):
    """The file scorecards.yml."""

    scorecards: dict[Name, ScorecardSpec] = Field(default_factory=dict, description="Name → scorecard.")
    schemes: SchemesSpec = Field(default_factory=SchemesSpec, description="Scheme → its ranges.")

    @model_validator(mode="before")
    @classmethod
    def _empty(cls, data: Any) -> Any:
        return {} if data is None else data
