"""Shown lookups that nothing uses."""

from __future__ import annotations

from collections.abc import Iterator

from gsrules.plan.nodes import LookupHop, walk
from gsrules.run.advice.consumers import Consumers
from gsrules.run.advice.model import Advice, Found, Subject
from gsrules.spec.tasks import FetchTask


def _check(subject: Subject) -> Iterator[Found]:
    if not subject.actions:
        return
    consumers = Consumers(subject)
    for name, task in subject.rule.tasks.items():
        planned = subject.plan.tasks.get(str(name))
        if planned is None or not isinstance(task, FetchTask) or task.show is None or not consumers.is_used(str(name)):
            continue
        looked_up = {
            origin
            for node in walk(planned.node)
            if isinstance(node, LookupHop)
            for column in node.added
            for origin in column.origin
        }
        for column in planned.columns:
            if set(column.origin) & looked_up and not consumers.reads(str(name), column.name):
                message = f"nothing uses the column '{column.name}', for which a lookup is followed"
                hint = "remove it from show, or use it in a task or an action"
                yield Found(message, task.place_of("show"), str(name), column.name, hint)


ADVICE = Advice(
    code="GS-ADVICE-UNUSED-COLUMN",
    title="A column through a lookup that nothing uses",
    severity="note",
    explanation=(
        "Each lookup that is followed makes the task slower in Gainsight. A column that no later task and no "
        "action reads can be left out."
    ),
    evidence="data-setup.md §4",
    bad="""\
tasks:
  Companies:
    type: fetch
    object: company
    show: [Gsid, ARR, Csm.Email as CSM Email]
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
    show: [Gsid, ARR]
actions:
  - action: load_to_company
    from: Companies
    operation: update
    identifiers: [Gsid]
    fields: {Gsid: Gsid, ARR: ARR}
""",
    check=_check,
)
