"""Cases that are never reached."""

from __future__ import annotations

from collections.abc import Iterator

from gsrules.expressions.tree import Case, walk
from gsrules.plan.nodes import walk as walk_nodes
from gsrules.run.advice.conditions import expressions, shape
from gsrules.run.advice.model import Advice, Found, Subject


def _check(subject: Subject) -> Iterator[Found]:
    for task in subject.plan.tasks.values():
        for node in walk_nodes(task.node):
            for expr in expressions(node):
                for case in walk(expr):
                    if isinstance(case, Case):
                        seen: set[object] = set()
                        for branch in case.branches:
                            if shape(branch.when) in seen:
                                message = "this case is never reached: an earlier one has the same condition"
                                yield Found(message, branch.when.place, task.name, "", "correct it, or remove it")
                            seen.add(shape(branch.when))


ADVICE = Advice(
    code="GS-ADVICE-DEAD-CASE",
    title="A case that is never reached",
    severity="warning",
    explanation=("The first true case wins. A later case with the same condition gives no row its result."),
    evidence="data-setup.md §12",
    bad="""\
tasks:
  Companies:
    type: fetch
    object: company
    show: [Gsid, Name, ARR, Industry, Status, Renewal Date]
  Tiers:
    type: transform
    from: Companies
    formulas:
      Tier:
        expression: "case when ARR > 4000 then 'Gold' when ARR > 4000 then 'Silver' else 'Bronze' end"
        type: string
actions:
  - action: load_to_company
    from: Tiers
    operation: update
    identifiers: [Gsid]
    fields: {Gsid: Gsid, Industry: Tier}
""",
    good="""\
tasks:
  Companies:
    type: fetch
    object: company
    show: [Gsid, Name, ARR, Industry, Status, Renewal Date]
  Tiers:
    type: transform
    from: Companies
    formulas:
      Tier:
        expression: "case when ARR > 4000 then 'Gold' when ARR > 1000 then 'Silver' else 'Bronze' end"
        type: string
actions:
  - action: load_to_company
    from: Tiers
    operation: update
    identifiers: [Gsid]
    fields: {Gsid: Gsid, Industry: Tier}
""",
    check=_check,
)
