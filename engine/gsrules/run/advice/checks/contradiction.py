"""Conditions that cannot hold together."""

from __future__ import annotations

from collections.abc import Iterator

from gsrules.expressions.tree import Expr
from gsrules.run.advice.bounds import contradicting
from gsrules.run.advice.conditions import conjuncts, predicates
from gsrules.run.advice.model import Advice, Found, Subject


def _check(subject: Subject) -> Iterator[Found]:
    for predicate in predicates(subject):
        for part in _parts(predicate.expr):
            found = contradicting(conjuncts(part))
            if found is not None:
                name, term = found
                message = f"no value of '{name}' fulfils all conditions: the filter lets nothing pass"
                yield Found(message, term.place, predicate.where, name, "join them with or, or correct one of them")


def _parts(expr: Expr) -> Iterator[Expr]:
    """The condition, or each of its alternatives."""
    if getattr(expr, "op", "") == "or":
        for term in getattr(expr, "terms", ()):
            yield from _parts(term)
    else:
        yield expr


ADVICE = Advice(
    code="GS-ADVICE-CONTRADICTION",
    title="Conditions that cannot hold together",
    severity="warning",
    explanation=(
        "A filter whose conditions exclude each other lets no row pass, on any data: the rule then does "
        "nothing, and says that it succeeded."
    ),
    evidence="data-setup.md §5.1",
    bad="""\
tasks:
  Companies:
    type: fetch
    object: company
    show: [Gsid, Name, ARR, Industry, Status, Renewal Date]
    where: ARR > 5000 and ARR < 1000
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
    where: ARR > 1000 and ARR < 5000
actions:
  - action: load_to_company
    from: Companies
    operation: update
    identifiers: [Gsid]
    fields: {Gsid: Gsid, ARR: ARR}
""",
    check=_check,
)
