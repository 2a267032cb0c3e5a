"""Identifiers and entities that are null in some rows."""

from __future__ import annotations

from collections.abc import Iterator

from gsrules.run.advice.loads import loads, null_reason
from gsrules.run.advice.model import Advice, Found, Subject


def _check(subject: Subject) -> Iterator[Found]:
    for load in loads(subject):
        if load.bound.operation == "insert":
            continue
        wanted = {field.name for field in load.bound.identifiers}
        for mapping in load.bound.mappings:
            reason = null_reason(subject, load.dataset, mapping.source, load.bound.criteria)
            if mapping.field.name in wanted and mapping.default is None and reason is not None and reason.is_strong:
                message = f"the identifier '{mapping.field.name}' is null in some rows ({reason.words}): they fail"
                hint = "leave such rows out: when: … is not null"
                yield Found(message, mapping.place, load.where, mapping.field.name, hint)
    for spec, bound in subject.actions:
        entity = bound.traits.entity
        if entity is None:
            continue
        reason = null_reason(subject, subject.dataset(str(spec.from_)), entity.source, bound.criteria)
        if reason is not None and reason.is_strong:
            message = f"the {entity.kind} is null in some rows ({reason.words}): they fail"
            hint = "leave such rows out: when: … is not null"
            yield Found(message, spec.place_of(entity.kind), f"action '{spec.id}'", entity.kind, hint)


ADVICE = Advice(
    code="GS-ADVICE-NULL-IDENTIFIER",
    title="Rows fail because an identifier, or the company of a CTA, is null",
    severity="warning",
    explanation=(
        "A row without its identifier, or a CTA without its company, fails with IDENTIFIER_NULL, and the rule "
        "ends with partial success. Rows that are known to have none are better left out by the criteria."
    ),
    evidence="actions.md §4 step 1, §6.1",
    bad="""\
tasks:
  Scores:
    type: s3
    path: input/scores.csv
    columns: {Account ID: string, Score: number}
  Companies:
    type: fetch
    object: company
    show: [Gsid, ExternalId]
  Both:
    type: merge
    from: Scores
    join:
      - {dataset: Companies, keep: left, on: Account ID = ExternalId}
    show: [Companies.Gsid, Scores.Score]
actions:
  - action: load_to_company
    from: Both
    operation: update
    identifiers: [Gsid]
    fields: {Gsid: Gsid, Health_Points__gc: Score}
""",
    good="""\
tasks:
  Scores:
    type: s3
    path: input/scores.csv
    columns: {Account ID: string, Score: number}
  Companies:
    type: fetch
    object: company
    show: [Gsid, ExternalId]
  Both:
    type: merge
    from: Scores
    join:
      - {dataset: Companies, keep: left, on: Account ID = ExternalId}
    show: [Companies.Gsid, Scores.Score]
actions:
  - action: load_to_company
    from: Both
    when: Gsid is not null
    operation: update
    identifiers: [Gsid]
    fields: {Gsid: Gsid, Health_Points__gc: Score}
""",
    check=_check,
)
