"""Formula fields that nothing uses."""

from __future__ import annotations

from collections.abc import Iterator

from gsrules.run.advice.consumers import Consumers
from gsrules.run.advice.model import Advice, Found, Subject
from gsrules.spec.tasks import TransformTask


def _check(subject: Subject) -> Iterator[Found]:
    if not subject.actions:
        return
    consumers = Consumers(subject)
    for name, task in subject.rule.tasks.items():
        if isinstance(task, TransformTask) and consumers.is_used(str(name)):
            for formula in task.formulas:
                if not consumers.reads(str(name), str(formula)):
                    message = f"nothing uses the formula field '{formula}'"
                    hint = "remove it, or use it in a task or an action"
                    yield Found(message, formula.at(0, len(formula)), str(name), str(formula), hint)


ADVICE = Advice(
    code="GS-ADVICE-UNUSED-FORMULA",
    title="A formula field that nothing uses",
    severity="note",
    explanation=(
        "A formula field that no later task and no action reads is computed for nothing, and often a sign "
        "that an action reads the column from which it was made instead."
    ),
    evidence="data-setup.md §1.1, §11",
    bad="""\
tasks:
  Companies:
    type: fetch
    object: company
    show: [Gsid, Name, ARR, Industry, Status, Renewal Date]
  Rounded:
    type: transform
    from: Companies
    formulas:
      Thousands: {expression: "ARR / 1000", type: number, decimals: 0}
actions:
  - action: load_to_company
    from: Rounded
    operation: update
    identifiers: [Gsid]
    fields: {Gsid: Gsid, ARR: ARR}
""",
    good="""\
tasks:
  Companies:
    type: fetch
    object: company
    show: [Gsid, Name, ARR, Industry, Status, Renewal Date]
  Rounded:
    type: transform
    from: Companies
    formulas:
      Thousands: {expression: "ARR / 1000", type: number, decimals: 0}
actions:
  - action: load_to_company
    from: Rounded
    operation: update
    identifiers: [Gsid]
    fields: {Gsid: Gsid, ARR: Thousands}
""",
    check=_check,
)
