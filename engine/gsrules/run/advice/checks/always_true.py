"""Conditions that every row fulfils."""

from __future__ import annotations

from collections.abc import Iterator

from gsrules.expressions.tree import Logic, NullTest, walk
from gsrules.run.advice.conditions import predicates, shape
from gsrules.run.advice.model import Advice, Found, Subject


def _check(subject: Subject) -> Iterator[Found]:
    for predicate in predicates(subject):
        for node in walk(predicate.expr):
            if not isinstance(node, Logic) or node.op != "or":
                continue
            tests = [term for term in node.terms if isinstance(term, NullTest)]
            for test in tests:
                if not test.negated and any(one.negated and shape(one.operand) == shape(test.operand) for one in tests):
                    message = "every row fulfils this: a value is null or it is not"
                    yield Found(message, test.place, predicate.where, "", "remove the condition, or write and")


ADVICE = Advice(
    code="GS-ADVICE-ALWAYS-TRUE",
    title="A condition that every row fulfils",
    severity="warning",
    explanation=("A condition that is true of every row filters nothing. Mostly an `or` stands where `and` was meant."),
    evidence="data-setup.md §5.1, §5.4",
    bad="""\
tasks:
  Companies:
    type: fetch
    object: company
    show: [Gsid, Name, ARR, Industry, Status, Renewal Date]
    where: Name is null or Name is not null
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
    where: Name is not null
actions:
  - action: load_to_company
    from: Companies
    operation: update
    identifiers: [Gsid]
    fields: {Gsid: Gsid, ARR: ARR}
""",
    check=_check,
)
