"""Conditions that are written twice."""

from __future__ import annotations

from collections.abc import Iterator

from gsrules.expressions.tree import InList, Logic, walk
from gsrules.run.advice.conditions import predicates, shape
from gsrules.run.advice.model import Advice, Found, Subject


def _check(subject: Subject) -> Iterator[Found]:
    for predicate in predicates(subject):
        for node in walk(predicate.expr):
            if isinstance(node, Logic):
                seen: set[object] = set()
                for term in node.terms:
                    if shape(term) in seen:
                        message = "the same condition stands here twice"
                        yield Found(message, term.place, predicate.where, "", "remove one of them, or correct it")
                    seen.add(shape(term))
            elif isinstance(node, InList):
                items = [shape(item) for item in node.items]
                for at, item in enumerate(node.items):
                    if items.index(shape(item)) < at:
                        value = str(getattr(item, "label", getattr(item, "value", "")))
                        message = f"the value '{value}' stands in the list twice"
                        yield Found(message, item.place, predicate.where, value, "remove one of them, or correct it")


ADVICE = Advice(
    code="GS-ADVICE-SAME-CONDITION",
    title="A condition or a value that stands twice",
    severity="warning",
    explanation=(
        "The second of two equal conditions, or of two equal values of a list, has no effect. Mostly another "
        "field or another value was meant."
    ),
    evidence="data-setup.md §5.1",
    bad="""\
tasks:
  Companies:
    type: fetch
    object: company
    show: [Gsid, Name, ARR, Industry, Status, Renewal Date]
    where: Status in ('Active', 'Churn', 'Active')
actions:
  - action: load_to_company
    from: Companies
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
    where: Status in ('Active', 'Churn')
actions:
  - action: load_to_company
    from: Companies
    operation: update
    identifiers: [Gsid]
    fields: {Gsid: Gsid, ARR: ARR}
""",
    check=_check,
)
