"""Set Score (actions.md §7.2): its parameters and their validation."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final, Literal

from pydantic import Field, model_validator

from gsrules.actions.kind import ActionKind, BindEnv, Findings
from gsrules.actions.mappings.columns import Columns, placed
from gsrules.actions.mappings.entity import bind_entity
from gsrules.actions.mappings.matrix import load_family
from gsrules.actions.scores.facts import BoundScore, StatedCard
from gsrules.actions.scores.scale import ScoreSource
from gsrules.actions.traits import ENTITY_CODES
from gsrules.catalogue.datatypes import Family
from gsrules.catalogue.gsids import is_gsid
from gsrules.catalogue.scorecards import ScorecardDef
from gsrules.errors import Place, nearest
from gsrules.plan.nodes import Column
from gsrules.spec import ActionSpec, MappingSpec, refusal
from gsrules.spec.base import Name
from gsrules.spec.text import Text

_FAMILIES: Final = (Family.NUMBER, Family.TEXT, Family.PICKLIST)
_NOT_FOR_SCORES: Final = ("lookup", "map", "on_null")


class SetScoreSpec(ActionSpec):
    """Sets the score of a measure of a company or relationship."""

    action: Literal["set_score"] = "set_score"
    company: Name | None = Field(None, description="The column with the company's GSID, in rules for company.")
    relationship: Name | None = Field(None, description="The column with the relationship's GSID.")
    measure: Name = Field(description="The measure.")
    scorecard: Name | None = Field(None, description="The scorecard; with `score`.")
    score: MappingSpec | None = Field(None, description="The score: a column, or {value: …} for a constant.")
    scores: dict[Name, MappingSpec] | None = Field(None, description="Several scorecards → score.", min_length=1)
    comment: Name | None = Field(None, description="A comment; ${…} inserts a column or an expression.")

    @model_validator(mode="after")
    def _check(self) -> SetScoreSpec:
        if self.scores is not None:
            for key in ("scorecard", "score"):
                if getattr(self, key) is not None:
                    message = f"`scores` and `{key}` exclude each other"
                    hint = "write `scorecard` and `score` for one scorecard, `scores` for several"
                    raise refusal("GS-SPEC-ONE-OF", message, hint=hint, key=key)
            return self
        missing = [key for key in ("scorecard", "score") if getattr(self, key) is None]
        if missing:
            message = "a score needs " + " and ".join(f"`{key}`" for key in missing)
            hint = "scorecard: Enterprise, score: {value: 80}; or scores: {Enterprise: Score} for several scorecards"
            raise refusal("GS-SPEC-MISSING", message, hint=hint)
        return self

    @property
    def stated(self) -> Mapping[Text, MappingSpec]:
        """The scorecards with what they get."""
        if self.scores is not None:
            return self.scores
        assert self.scorecard is not None
        assert self.score is not None
        return {self.scorecard: self.score}


class _CardBinder:
    """Checks the scorecards, the measure and the scores of one action against what the project defines."""

    def __init__(self, spec: SetScoreSpec, dataset: Columns, env: BindEnv, findings: Findings) -> None:
        self._spec = spec
        self._dataset = dataset
        self._env = env
        self._findings = findings
        self._known = env.catalogue.scorecards
        self._entity = env.rule.for_

    def bind(self) -> tuple[StatedCard, ...]:
        """The stated scorecards; those with problems are left out."""
        found: dict[str, StatedCard] = {}
        for word, mapping in self._spec.stated.items():
            card = self._known.card(self._entity, word)
            key = card.gsid if card is not None else word.lower()
            if key in found:
                self._findings.error("GS-ACTION-DUPLICATE", f"`{word}` is named twice", word.place, value=word)
            if card is None and not self._is_seeded(word):
                self._unknown_card(word)
            elif self._has_measure(card):
                self._warn_inactive(card, word)
            source = self._source(word, mapping, card)
            if source is not None:
                found[key] = StatedCard(str(word), source)
        return tuple(found.values())

    def _is_seeded(self, word: str) -> bool:
        """Whether the scorecard may be one of the seed files, of which only names are known."""
        seeded = self._known.seeded_cards
        return bool(seeded) and (is_gsid(word) or word.lower() in {name.lower() for name in seeded})

    def _unknown_card(self, word: Text) -> None:
        other = "relationship" if self._entity == "company" else "company"
        if self._known.card(other, word) is not None:
            message = f"the scorecard `{word}` is for {other}, the rule for {self._entity}"
            self._findings.error("GS-ACTION-ENTITY", message, word.place, value=word)
            return
        names = self._known.card_names(self._entity)
        hint = "scorecards: " + ", ".join(names) if names else "define scorecards in datasets/scorecards.yml"
        message = f"there is no scorecard `{word}` for {self._entity}"
        self._findings.error("GS-NAME", message, word.place, value=word, hint=hint, near=nearest(word, names))

    def _has_measure(self, card: ScorecardDef | None) -> bool:
        measure = self._spec.measure
        known = card.measures if card is not None else ()
        names = [each.name for each in known] if card is not None else list(self._known.seeded_measures)
        if measure.lower() in {name.lower() for name in names} or measure in {each.gsid for each in known}:
            return True
        if card is None and is_gsid(measure):
            return True
        owner = f"the scorecard `{card.name}`" if card is not None else "the project"
        message = f"{owner} has no measure `{measure}`"
        if card is not None and measure.lower() in {row.name.lower() for row in card.rows}:
            message = f"`{measure}` is no measure of {owner}: it is computed from measures"
        hint = "measures: " + ", ".join(names) if names else ""
        self._findings.error("GS-NAME", message, measure.place, value=measure, hint=hint, near=nearest(measure, names))
        return False

    def _warn_inactive(self, card: ScorecardDef | None, word: Text) -> None:
        if card is not None and not card.active:
            hint = "it counts only for those whose field ScorecardId names it"
            self._findings.warn("GS-ACTION-HINT", f"the scorecard `{word}` is inactive", word.place, hint=hint)

    def _source(self, word: Text, spec: MappingSpec, card: ScorecardDef | None) -> ScoreSource | None:
        place = spec.place or word.place
        for key in _NOT_FOR_SCORES:
            if key in spec.model_fields_set:
                hint = "a formula column of a transform can prepare it; score.null_as_na says what a null does"
                message = f"`{key}` is not for scores: a score is a column, a constant or an expression"
                self._findings.error("GS-ACTION-VALUE", message, spec.place_of(key) or place, hint=hint)
                return None
        default = self._constant(spec.default, card, placed(spec.default, place)) if spec.default is not None else None
        if "value" in spec.model_fields_set:
            return ScoreSource(None, self._constant(spec.value, card, placed(spec.value, place)), default)
        if spec.expression is not None:
            hint = "Gainsight knows columns and constants; a formula column of a transform does the same"
            self._findings.warn("GS-EXT", "an expression as a score is an extension", place, hint=hint)
            source = self._dataset.expression(spec.expression)
        else:
            assert spec.column is not None
            source = self._dataset.column(spec.column)
        if source is None:
            return None
        if load_family(source.type) not in _FAMILIES:
            message = f"a {source.type} cannot be a score (INVALID_TYPE)"
            self._findings.error("GS-TYPE", message, place, value=str(spec.column or word), hint="a number or a label")
            return None
        if card is not None and card.scheme == "NUMERIC" and load_family(source.type) is Family.PICKLIST:
            message = f"a {source.type} cannot be a score of `{card.name}`, which has numbers (INVALID_TYPE)"
            self._findings.error("GS-TYPE", message, place, value=str(spec.column or word), hint="give a number")
            return None
        return ScoreSource(source, None, default)

    def _constant(
        self, value: str | float | bool | None, card: ScorecardDef | None, place: Place | None
    ) -> Decimal | str | None:
        """The constant, checked against the ranges of the scorecard's scheme: by name, then label, then GSID."""
        if value is None:
            return None
        if isinstance(value, bool):
            self._wrong(value, "is no score", card, place)
            return None
        made = Decimal(str(value)) if isinstance(value, int | float) else str(value)
        if card is None:
            return made
        ranges = [each for each in self._env.catalogue.schemes if each.scheme == card.scheme]
        if isinstance(made, str):
            words = {word.lower() for each in ranges for word in (each.name, each.label, each.gsid)}
            if card.scheme == "NUMERIC" or made.strip().lower() not in words:
                self._wrong(made, f"is no score of `{card.name}`", card, place)
        elif self._env.profile["score.out_of_range"] == "error":
            low, high = min(each.low for each in ranges), max(each.high for each in ranges)
            if not low - Decimal("0.5") < made < high + Decimal("0.5"):
                self._wrong(value, f"is outside of the scores of `{card.name}`", card, place)
        return made

    def _wrong(self, value: object, words: str, card: ScorecardDef | None, place: Place | None) -> None:
        ranges = [each for each in self._env.catalogue.schemes if card is not None and each.scheme == card.scheme]
        labels = [each.label for each in ranges]
        hint, near = "give a number or a label", ""
        if ranges:
            hint = f"a number from {min(each.low for each in ranges)} to {max(each.high for each in ranges)}"
        if ranges and card is not None and card.scheme != "NUMERIC":
            hint, near = f"{', '.join(labels)}, or {hint}", nearest(str(value), labels)
        message = f"`{value}` {words}"
        self._findings.error("GS-ACTION-VALUE", message, place, value=str(value), hint=hint, near=near)


def bind(spec: SetScoreSpec, columns: tuple[Column, ...], env: BindEnv) -> BoundScore:
    """Validates the action; raises InputError with everything that is wrong."""
    findings = Findings(spec.id)
    dataset = Columns.of(columns, env, findings)
    entity = bind_entity(spec.company, spec.relationship, spec.place, dataset, env, findings)
    cards = _CardBinder(spec, dataset, env, findings).bind()
    comment = dataset.template(spec.comment) if spec.comment is not None else None
    criteria = dataset.where(spec.when)
    found = findings.close()
    assert entity is not None
    return BoundScore(
        catalogue=env.catalogue,
        criteria=criteria,
        reads=frozenset(dataset.used),
        findings=found,
        entity=entity,
        measure=str(spec.measure),
        cards=cards,
        comment=comment,
        place=spec.place,
        id=str(spec.id),
    )


KIND = ActionKind(
    name="set_score",
    title="Set Score (2.0)",
    model=SetScoreSpec,
    description="Sets the score of a measure of a company or relationship; group and overall scores follow.",
    evidence="actions.md §7 [doc] [cli]",
    example=(
        "- action: set_score\n  from: Rows\n  company: Company GSID\n  measure: Product Usage\n"
        "  scorecard: Enterprise\n"
        "  score: Score\n"
    ),
    bind=bind,
    codes=(
        *ENTITY_CODES,
        "SCORECARD_NOT_APPLIED",
        "SCORE_NULL",
        "SCORE_INVALID",
        "SCORE_OUT_OF_RANGE",
        "STRING_TOO_LONG",
        "DUPLICATE_IN_BATCH",
    ),
)
