"""The rows of load_to_survey: entity, respondent, score, and the response that a row means (actions.md §5.9)."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from gsrules.actions.changes.staging import column, fragment, named, select, text, typed_null
from gsrules.actions.kind import ActionRun
from gsrules.actions.loads.matching import Late, Matching
from gsrules.actions.loads.stage import LoadStage
from gsrules.actions.mappings.conversion import as_text
from gsrules.actions.mappings.entity import StagedEntity, stage_entity
from gsrules.actions.mappings.mapping import BoundMapping
from gsrules.actions.mappings.values import StagedValue, comparable
from gsrules.catalogue import FieldDef
from gsrules.catalogue.datatypes import Family

if TYPE_CHECKING:
    from gsrules.actions.load_to_survey import BoundSurvey

KEY: Final = ("ExternalId", "SurveyName", "CompanyId", "RelationshipId", "PersonId", "ResponseDate")
"""A response is found by the first, if it has one, else by the others."""


class SurveyStage(LoadStage):
    """As for any load, but for the fields that the action fills itself."""

    def __init__(self, action: BoundSurvey, run: ActionRun) -> None:
        super().__init__(action.load, run)
        self.action = action

    @cached_property
    def entity(self) -> StagedEntity:
        return stage_entity(self.action.entity, self.rows)

    def _staged(self, mapping: BoundMapping) -> StagedValue:
        name = mapping.field.name
        if name == "PersonId":
            return self._respondent(mapping)
        if name == "Category":
            return self._category(mapping)
        if name in ("CompanyId", "RelationshipId"):
            if self.action.entity.id_field == name:
                return self.entity.gsid
            value = self.entity.company if name == "CompanyId" else typed_null("VARCHAR")
            return StagedValue(f"`{name}`", value, value)
        made = super()._staged(mapping)
        if name == "Score":
            return self._in_range(made)
        if name == "ResponseDate":
            day = fragment("CAST(:d AS DATE)", d=text(self.run.rule_date.isoformat()))
            failures = tuple(each for each in made.failures if each[1] != "REQUIRED_MISSING")
            return replace(made, value=fragment("COALESCE(:v, :d)", v=made.value, d=day), failures=failures)
        return made

    def _in_range(self, made: StagedValue) -> StagedValue:
        """NPS: a whole number from 0 to 10; CSAT: `score.csat_range`."""
        if self.action.kind == "nps":
            outside = fragment("NOT :v BETWEEN 0 AND 10 OR :v <> ROUND(:v, 0)", v=made.value)
            words = "an NPS score is a whole number from 0 to 10, not "
        else:
            low, high = self.run.profile["score.csat_range"]
            ends = {"low": exp.Literal.number(low), "high": exp.Literal.number(high)}
            outside = fragment("NOT :v BETWEEN :low AND :high", v=made.value, **ends)
            words = f"a CSAT score lies between {low} and {high} (score.csat_range), not at "
        value = fragment("RTRIM(RTRIM(CAST(:v AS VARCHAR), '0'), '.')", v=made.value)
        said = fragment("CONCAT(:w, :v)", w=text(words), v=value)
        made = made.with_failure(outside, "SCORE_OUT_OF_RANGE")
        return replace(made, words={**made.words, "SCORE_OUT_OF_RANGE": said})

    def _category(self, mapping: BoundMapping) -> StagedValue:
        value: exp.Expr = typed_null("VARCHAR")
        if self.action.kind == "nps":
            place = next(i for i, each in enumerate(self.load.mappings) if each.field.name == "Score")
            score = self.staged_value(place)
            value = fragment(
                "CASE WHEN :s >= 9 THEN 'Promoter' WHEN :s >= 7 THEN 'Passive'"
                " WHEN NOT :s IS NULL THEN 'Detractor' END",
                s=score,
            )
        return StagedValue(f"`{mapping.field.name}`", value, value)

    def staged_value(self, place: int) -> exp.Expr:
        """The value of a mapping before the checks of this action."""
        return super()._staged(self.load.mappings[place]).value

    def _respondent(self, mapping: BoundMapping) -> StagedValue:
        """The person of that e-mail address or name (`people.survey_person`)."""
        name = self.action.person_field
        fold = "lower" if name == "Email" or self.run.profile["load.lookup_case"] == "insensitive" else "trim"
        stored = comparable(column(name), Family.TEXT, fold)
        known = select(
            named(stored, "k"),
            named(fragment("MIN(:g)", g=column("Gsid")), "g"),
            named(exp.Count(this=exp.Star()), "n"),
        ).from_(self.run.tenant.table("person"), copy=False)
        known = known.where(fragment("NOT :k IS NULL", k=stored.copy()), copy=False)
        known = known.group_by(stored.copy(), copy=False)
        raw = as_text(self.action.person, self.rows)
        word = fragment("NULLIF(:w, '')", w=comparable(raw, Family.TEXT, fold))
        alias = self.rows.join(known, [("k", word)])
        failures = [(fragment(":n > 1", n=column("n", alias)), "LOOKUP_MULTIPLE_MATCH")]
        if self.run.profile["people.survey_person"] == "error":
            failures.append((fragment(":g IS NULL", g=column("g", alias)), "LOOKUP_NO_MATCH"))
        label = f"`person_{name.lower()}`"
        nobody = fragment("CASE WHEN :r IS NULL THEN :w END", r=raw, w=text("it is null, and finds no person"))
        return StagedValue(label, column("g", alias), raw, tuple(failures), words={"LOOKUP_NO_MATCH": nobody})

    # The key

    @property
    def fixed(self) -> set[str]:
        """A response that is found by its own id may differ in the rest."""
        return set()

    def key(self, found: FieldDef, value: exp.Expr) -> exp.Expr:
        """The response's own id; where it has none, the other parts."""
        assert isinstance(value, exp.Column)
        table = value.table or None
        own = column("ExternalId", table)
        if value.name != found.name:
            place = next(i for i, each in enumerate(self.load.mappings) if each.field.name == "ExternalId")
            own = column(f"v{place}", table)
        if found.name == "ExternalId":
            key = fragment("NULLIF(:v, '')", v=value)
            return super().key(found, key) if self.folds(found) else key
        part = super().key(found, value) if self.folds(found) else value
        return fragment("CASE WHEN NULLIF(:o, '') IS NULL THEN :v END", o=own, v=part)


class SurveyMatching(Matching):
    """As for any load, but that keys may have nulls, and that responses to Gainsight's own surveys stay as they are."""

    @property
    def _null_matches(self) -> bool:
        return True

    def _judges_records(self) -> bool:
        return True

    def _late_matches(self) -> list[Late]:
        place = next(i for i, each in enumerate(self.load.mappings) if each.field.name == "IsExternal")
        organic = fragment("NOT :g IS NULL AND NOT COALESCE(:b, FALSE)", g=column("gsid"), b=column(f"b{place}"))
        words = text("the response is one to Gainsight's own survey, which is never touched")
        return [*super()._late_matches(), Late(organic, "SURVEY_ORGANIC", text("`survey`"), words)]
