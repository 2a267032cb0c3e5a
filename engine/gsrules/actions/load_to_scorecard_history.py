"""Load to Scorecard History (actions.md §5.10)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, Literal

from pydantic import Field

from gsrules.actions.changes.staging import typed_null
from gsrules.actions.kind import ActionKind, ActionRun, BindEnv, Findings
from gsrules.actions.loads.load import AroundLoad, BoundLoad, decided
from gsrules.actions.loads.matching import Matching
from gsrules.actions.mappings.columns import Columns
from gsrules.actions.mappings.entity import BoundEntity, bind_entity
from gsrules.actions.mappings.mapping import BoundMapping, MappingBinder
from gsrules.actions.mappings.matrix import load_family
from gsrules.actions.mappings.permissions import check_permitted
from gsrules.actions.scores.history import HistoryStage
from gsrules.actions.traits import ENTITY_CODES, Decision, Traits
from gsrules.catalogue import FieldDef, ObjectDef
from gsrules.catalogue.datatypes import Family
from gsrules.catalogue.scorecards import CARDS, HISTORIES, history_field
from gsrules.dataclass import dataclass
from gsrules.errors import nearest
from gsrules.expressions.tree import Expr
from gsrules.plan.nodes import Column
from gsrules.spec import ActionSpec, MappingSpec
from gsrules.spec.base import Name
from gsrules.spec.text import Text
from gsrules.tenant.changes import ChangeList

_FAMILIES: Final = (Family.NUMBER, Family.TEXT, Family.PICKLIST)
_OVERALL: Final = "OverallScore"


class LoadToScorecardHistorySpec(ActionSpec):
    """Back-fills the history of scores: a record an entity and date, with a number a measure."""

    action: Literal["load_to_scorecard_history"] = "load_to_scorecard_history"
    company: Name | None = Field(None, description="The column with the company's GSID, in rules for company.")
    relationship: Name | None = Field(None, description="The column with the relationship's GSID.")
    operation: Literal["insert", "upsert"] = Field("upsert", description="insert or upsert.")
    snapshot_date: MappingSpec | None = Field(None, description="The date; absent: the rule date.")
    measures: dict[Name, Name] = Field(description="Measure → column with its score.", min_length=1)
    overall: Name | None = Field(None, description="The column with the overall score.")


@dataclass(frozen=True, slots=True)
class BoundHistory(AroundLoad):
    """A load_to_scorecard_history that passed validation; `scores` are the columns of its fields."""

    entity: BoundEntity
    scores: Mapping[str, Expr]
    dated: bool

    @property
    def traits(self) -> Traits:
        made = self.load.traits
        empty = Decision("skipped", "a row without any score", "the row has no score", counted=False, code="SCORE_NULL")
        meets = {self.entity.kind: ("ScorecardId",), CARDS: ("Name", "EntityType", "SchemeType", "IsActive")}
        return replace(made, decisions=(*made.decisions, empty), entity=self.entity, meets=meets)

    def plan(self, run: ActionRun) -> ChangeList:
        """Decides every matched row."""
        stage = HistoryStage(self.load, run, self.entity, self.scores, dated=self.dated)
        return decided(stage, Matching(stage))


def bind(spec: LoadToScorecardHistorySpec, columns: tuple[Column, ...], env: BindEnv) -> BoundHistory:
    """Validates the load; raises InputError with everything that is wrong."""
    findings = Findings(spec.id)
    dataset = Columns.of(columns, env, findings)
    kind = env.rule.for_
    history = env.catalogue.objects[next(name for name, of in HISTORIES.items() if of == kind)]
    entity = bind_entity(spec.company, spec.relationship, spec.place, dataset, env, findings)
    date = None
    if spec.snapshot_date is not None:
        binder = MappingBinder(history, dataset, env, findings)
        named = Text("snapshot_date", spec.place_of("snapshot_date"))
        date = binder.bind(history.fields["SnapshotDate"], spec.snapshot_date, named)
    check_permitted(history, (), env, findings)
    scores = _scores(spec, history, dataset, env, findings)
    criteria = dataset.where(spec.when)
    found = findings.close()
    assert entity is not None
    ids = [entity.id_field] if kind == "company" else [entity.id_field, "CompanyId"]
    on_null: Literal["write", "skip"] = "write" if env.profile["score.null_as_na"] else "skip"
    mappings = [_made(history.fields[name], entity.source if name == entity.id_field else None) for name in ids]
    mappings.append(date or _made(history.fields["SnapshotDate"], None))
    mappings += [replace(_made(history.fields[name], source), on_null=on_null) for name, source in scores.items()]
    load = BoundLoad(
        object=history,
        operation=spec.operation,
        mappings=tuple(mappings),
        identifiers=(history.fields[entity.id_field], history.fields["SnapshotDate"]),
        defaults={},
        catalogue=env.catalogue,
        criteria=criteria,
        reads=frozenset(dataset.used),
        findings=found,
    )
    return BoundHistory(load, entity, scores, date is not None)


def _made(field: FieldDef, source: Expr | None) -> BoundMapping:
    """A field that the stage fills."""
    constant = typed_null(field.type.storage) if source is None else None
    return BoundMapping(field, source, constant, None, None, False, None, "write", True)


def _scores(
    spec: LoadToScorecardHistorySpec, history: ObjectDef, dataset: Columns, env: BindEnv, findings: Findings
) -> dict[str, Expr]:
    """The columns by field of the history; what is wrong becomes a finding."""
    known = {name.lower(): name for name in env.catalogue.scorecards.measure_names(env.rule.for_)}
    found: dict[str, Expr] = {}
    for word, item in spec.measures.items():
        measure = known.get(word.lower())
        if measure is None:
            names = list(known.values())
            hint = "measures: " + ", ".join(names) if names else "define scorecards in datasets/scorecards.yml"
            message = f"there is no measure `{word}` for {env.rule.for_}"
            findings.error("GS-NAME", message, word.place, value=word, hint=hint, near=nearest(word, names))
        name = history_field(measure or word)
        if name in found:
            findings.error("GS-ACTION-DUPLICATE", f"the measure `{word}` is named twice", word.place, value=word)
        source = _column(item, dataset, findings)
        if source is not None:
            found[name] = source
    if spec.overall is not None:
        source = _column(spec.overall, dataset, findings)
        if source is not None:
            found[_OVERALL] = source
    return found


def _column(item: Text, dataset: Columns, findings: Findings) -> Expr | None:
    source = dataset.column(item)
    if source is not None and load_family(source.type) not in _FAMILIES:
        message = f"`{item}` is a {source.type} column and cannot be a score (INVALID_TYPE)"
        findings.error("GS-TYPE", message, item.place, value=item, hint="a number, or a label of the scheme")
        return None
    return source


KIND = ActionKind(
    name="load_to_scorecard_history",
    title="Load to Scorecard History",
    model=LoadToScorecardHistorySpec,
    description="Back-fills the history of scores: a record an entity and date, with a number a measure.",
    evidence="actions.md §5.10 [doc] [choice]",
    example=(
        "- action: load_to_scorecard_history\n  from: Rows\n  company: Company GSID\n"
        "  measures: {Product Usage: Usage Score}\n"
    ),
    bind=bind,
    codes=(
        *ENTITY_CODES,
        "TYPE_MISMATCH",
        "SCORE_NULL",
        "SCORE_INVALID",
        "SCORE_OUT_OF_RANGE",
        "DUPLICATE_IN_BATCH",
        "MULTIPLE_RECORDS_MATCHED",
    ),
)
