"""Fields that one action writes over another."""

from __future__ import annotations

from collections.abc import Iterator

from gsrules.run.advice.loads import Load, loads
from gsrules.run.advice.model import Advice, Found, Subject


def _check(subject: Subject) -> Iterator[Found]:
    earlier: list[Load] = []
    for load in loads(subject):
        for other in earlier:
            if _same_records(other, load):
                names = {m.field.name for m in other.bound.mappings} & {m.field.name for m in load.bound.mappings}
                for name in sorted(names - {field.name for field in load.bound.identifiers}):
                    place = next(m.place for m in load.bound.mappings if m.field.name == name)
                    message = f"'{name}' is written by the action '{other.spec.id}' as well, for the same records"
                    hint = "let one action write it, or give both a `when` that excludes the other"
                    yield Found(message, place, load.where, name, hint)
        earlier.append(load)


def _same_records(one: Load, other: Load) -> bool:
    """Whether both actions work on all rows of one dataset and find the same records by them."""
    return (
        one.dataset == other.dataset
        and one.bound.object.name == other.bound.object.name
        and "insert" not in (one.bound.operation, other.bound.operation)
        and one.bound.criteria is None
        and other.bound.criteria is None
        and one.identifier_columns() is not None
        and one.identifier_columns() == other.identifier_columns()
    )


ADVICE = Advice(
    code="GS-ADVICE-OVERWRITTEN",
    title="Two actions write the same field of the same records",
    severity="warning",
    explanation=(
        "Actions run in order, so the later one wins for every row, and what the earlier one wrote is never seen."
    ),
    evidence="actions.md §1",
    bad="""\
tasks:
  Companies:
    type: fetch
    object: company
    show: [Gsid, Name, ARR, Industry, Status, Renewal Date]
actions:
  - action: load_to_company
    id: First
    from: Companies
    operation: update
    identifiers: [Gsid]
    fields: {Gsid: Gsid, ARR: ARR}
  - action: load_to_company
    id: Second
    from: Companies
    operation: update
    identifiers: [Gsid]
    fields: {Gsid: Gsid, ARR: {value: 0}}
""",
    good="""\
tasks:
  Companies:
    type: fetch
    object: company
    show: [Gsid, Name, ARR, Industry, Status, Renewal Date]
actions:
  - action: load_to_company
    id: First
    from: Companies
    when: ARR > 0
    operation: update
    identifiers: [Gsid]
    fields: {Gsid: Gsid, ARR: ARR}
  - action: load_to_company
    id: Second
    from: Companies
    when: ARR is null
    operation: update
    identifiers: [Gsid]
    fields: {Gsid: Gsid, ARR: {value: 0}}
""",
    check=_check,
)
