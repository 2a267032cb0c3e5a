"""The staged rows of load_to_scorecard_history: entity, date, a number a measure (actions.md §5.10)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from gsrules.actions.changes.staging import all_of, any_of, column, fragment, named, select, text
from gsrules.actions.kind import ActionRun
from gsrules.actions.loads.stage import LoadStage
from gsrules.actions.mappings.entity import BoundEntity, stage_entity
from gsrules.actions.mappings.mapping import BoundMapping
from gsrules.actions.mappings.values import CodeEntry, StagedValue, stage
from gsrules.actions.scores.cards import applied_card
from gsrules.actions.scores.scale import NUMERIC, ScoreSource, StagedScore, given, scale_table, stage_score
from gsrules.expressions.tree import Expr

if TYPE_CHECKING:
    from gsrules.actions.loads.load import BoundLoad


class HistoryStage(LoadStage):
    """As for any load, but for the entity, the date that may be the run's, and scores of the applied scorecard."""

    def __init__(
        self, load: BoundLoad, run: ActionRun, entity: BoundEntity, scores: Mapping[str, Expr], *, dated: bool
    ) -> None:
        super().__init__(load, run)
        self._dated = dated
        self._id_field = entity.id_field
        self._entity = stage_entity(entity, self.rows)
        applied = applied_card(run, entity.kind, self._entity.gsid.value, self.rows)
        scheme = fragment("COALESCE(:s, :n)", s=column("scheme", applied), n=text(NUMERIC))
        scale = scale_table(run, load.catalogue)
        self._scores = {
            name: stage_score(given(ScoreSource(source), self.rows), scheme, scale, self.rows)
            for name, source in scores.items()
        }

    def _staged(self, mapping: BoundMapping) -> StagedValue:
        name = mapping.field.name
        if name in self._scores:
            return self._score(name, self._scores[name])
        if name == self._id_field:
            return self._entity.gsid
        if name == "CompanyId":
            return StagedValue("`company`", self._entity.company, self._entity.company)
        return self._date(mapping)

    def _date(self, mapping: BoundMapping) -> StagedValue:
        value = self._given_date(mapping)
        if self.load.operation != "insert":
            return value
        return replace(value, warnings=(*value.warnings, (self._is_there(value), "DUPLICATE_SNAPSHOT")))

    def _given_date(self, mapping: BoundMapping) -> StagedValue:
        day = fragment("CAST(:d AS DATE)", d=text(self.run.rule_date.isoformat()))
        if not self._dated:
            return StagedValue("`snapshot_date`", day, day)
        value = stage(mapping, self.rows)
        return replace(value, value=fragment("COALESCE(:v, :d)", v=value.value, d=day))

    def _is_there(self, date: StagedValue) -> exp.Expr:
        """Whether the entity has a record of that date, stored or made by an earlier row."""
        owner = self._entity.gsid.value
        table = self.run.tenant.table(self.load.object.name)
        keys = {"e": column(self._id_field), "d": column("SnapshotDate")}
        known = select(*(named(value, name) for name, value in keys.items())).distinct(copy=False)
        alias = self.rows.join(known.from_(table, copy=False), [("e", owner), ("d", date.value)])
        faults = [*self._faults(), *(condition for condition, _ in date.failures)]
        sound = fragment("NOT COALESCE(:bad, FALSE)", bad=exp.Paren(this=any_of(faults)))
        earlier = fragment(
            "COUNT(CASE WHEN :ok THEN 1 END) OVER (PARTITION BY :e, :d ORDER BY :r"
            " ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) > 0",
            ok=sound,
            e=owner,
            d=date.value,
            r=self.rows.row,
        )
        return fragment("NOT :k IS NULL OR :e", k=column("e", alias), e=exp.Paren(this=earlier))

    def _faults(self) -> Sequence[exp.Expr]:
        """What makes a row fail, or do nothing."""
        values = [self._entity.gsid, *(self._score(name, score) for name, score in self._scores.items())]
        return [condition for value in values for condition, _ in value.failures]

    def _score(self, name: str, score: StagedScore) -> StagedValue:
        """The score of one measure; a row without any score is left out, which the first measure tells."""
        failures: list[CodeEntry] = list(score.failures)
        if name == next(iter(self._scores)) and not self.run.profile["score.null_as_na"]:
            blank = all_of(exp.Paren(this=each.blank) for each in self._scores.values())
            failures.insert(0, (blank, "SCORE_NULL"))
        known = self.load.object.fields[name]
        return StagedValue(f"`{known.label}`", score.score, score.shown, tuple(failures), words=score.words)
