"""A rule chain as written (rule-language §7, platform.md §7)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import Field, GetJsonSchemaHandler, ValidationInfo, field_validator, model_validator
from pydantic_core import CoreSchema

from gsrules.errors import Problem
from gsrules.spec.base import Bool, Name, Spec, refusal, report
from gsrules.spec.schedule import ScheduleSpec
from gsrules.spec.text import YamlMapping, mapping_of


class ChainLink(Spec):
    """A rule of a chain, and the rules that run only after it succeeded."""

    rule: Name
    then: tuple[ChainLink, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _normalise(cls, data: Any) -> Any:
        if isinstance(data, str):
            return mapping_of({"rule": data}, getattr(data, "place", None))
        if not isinstance(data, YamlMapping):
            return data
        if len(data) != 1:
            hint = "write `- rule:` and below it, further in, the rules that follow it"
            raise refusal("GS-SPEC-TYPE", "a rule of a chain is its id, or one id with a list of rules", hint=hint)
        rule, then = next(iter(data.items()))
        place = data.places.get(rule)
        if then is None:
            hint = "remove the colon, or add the rules that follow it"
            raise refusal("GS-SPEC-EMPTY", f"no rule follows `{rule}`", hint=hint)
        if not isinstance(then, list):
            hint = "write them as a list: - rule/id"
            raise refusal("GS-SPEC-TYPE", f"the rules after `{rule}` are not a list", hint=hint, key=rule)
        places = {"rule": data.key_places.get(rule), "then": place}
        return YamlMapping({"rule": rule, "then": then}, place=data.place, places=places, key_places=places)

    def rules(self) -> Iterator[Name]:
        """This rule and all below it, in running order."""
        yield self.rule
        for link in self.then:
            yield from link.rules()

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        link = {"$ref": "#/$defs/ChainLink"}
        below = {"type": "array", "items": link, "minItems": 1}
        tree = {"type": "object", "additionalProperties": below, "minProperties": 1, "maxProperties": 1}
        return {"description": "A rule, or a rule with those that follow it.", "anyOf": [{"type": "string"}, tree]}


class ChainSpec(Spec):
    """A chain file: rules in order, each with those that run only if it succeeded."""

    name: Name = Field(alias="chain", description="The chain's name.")
    description: Name | None = None
    active: Bool = Field(True, description="Whether schedules start it.")
    schedule: ScheduleSpec | None = Field(None, description="When the chain runs: basic, event or s3_upload.")
    rules: Annotated[tuple[ChainLink, ...], Field(min_length=1, description="Rules by id, in order.")]

    @field_validator("schedule", mode="after")
    @classmethod
    def _no_cron(cls, schedule: ScheduleSpec | None, info: ValidationInfo) -> ScheduleSpec | None:
        if schedule is not None and schedule.advanced is not None:
            place = schedule.place_of("advanced")
            message, hint = "a chain has no Advanced schedule", "use basic, event or s3_upload"
            report(info, Problem("GS-SPEC-SCHEDULE", message, place, hint=hint))
        return schedule

    @field_validator("rules", mode="after")
    @classmethod
    def _once(cls, links: tuple[ChainLink, ...], info: ValidationInfo) -> tuple[ChainLink, ...]:
        seen: set[str] = set()
        for rule in (rule for link in links for rule in link.rules()):
            if rule in seen:
                message = f"the rule `{rule}` stands twice in the chain"
                report(info, Problem("GS-SPEC-DUPLICATE", message, rule.place, value=rule))
            seen.add(rule)
        return links
