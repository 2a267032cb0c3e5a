"""Counts of rows after a left merge."""

from __future__ import annotations

from collections.abc import Iterator

from gsrules.plan.nodes import Aggregate, walk
from gsrules.run.advice.model import Advice, Found, Subject


def _check(subject: Subject) -> Iterator[Found]:
    for task in subject.plan.tasks.values():
        for node in walk(task.node):
            if not isinstance(node, Aggregate) or not node.keys:
                continue
            reasons = subject.nulls.of(node.input)
            empty = {name: reason for name, reason in reasons.items() if reason.kind == "unmatched"}
            keys = {name for key in node.keys for name in [getattr(key.expr, "name", "")]}
            if not empty or keys & empty.keys():
                continue
            if subject.repetition.of(node.input).unique(keys) != "no":
                continue
            for measure in node.measures:
                if measure.function == "count" and measure.argument is None and measure.where is None:
                    column, reason = next(iter(sorted(empty.items())))
                    shown = column.rpartition(".")[2]
                    message = f"a group without a match in the merge '{reason.task}' counts one record, not none"
                    hint = f"count a column of the other side, which is null there: count({shown})"
                    yield Found(message, task.place, task.name, measure.column.name, hint)


ADVICE = Advice(
    code="GS-ADVICE-COUNT-UNMATCHED",
    title="A count of records after a left merge counts rows without a match",
    severity="warning",
    explanation=(
        "A left merge gives one row also for what has no match. Counting records counts that row, so that a "
        "company without tickets has one; a count of a column of the other side leaves it out, because the "
        "column is null there."
    ),
    evidence="data-setup.md §4 (COUNT counts non-null values), §7",
    bad="""\
tasks:
  Companies:
    type: fetch
    object: company
    show: [Gsid, Name]
  Tickets:
    type: fetch
    object: support_ticket__gc
    show: [Company ID as Company GSID, Ticket ID]
  Both:
    type: merge
    from: Companies
    join:
      - {dataset: Tickets, keep: left, on: Gsid = Company GSID}
    show: [Companies.Gsid, count(*) as Tickets]
actions:
  - action: load_to_company
    from: Both
    operation: update
    identifiers: [Gsid]
    fields: {Gsid: Gsid, Open_Tickets__gc: Tickets}
""",
    good="""\
tasks:
  Companies:
    type: fetch
    object: company
    show: [Gsid, Name]
  Tickets:
    type: fetch
    object: support_ticket__gc
    show: [Company ID as Company GSID, Ticket ID]
  Both:
    type: merge
    from: Companies
    join:
      - {dataset: Tickets, keep: left, on: Gsid = Company GSID}
    show: [Companies.Gsid, count(Tickets.Ticket ID) as Tickets]
actions:
  - action: load_to_company
    from: Both
    operation: update
    identifiers: [Gsid]
    fields: {Gsid: Gsid, Open_Tickets__gc: Tickets}
""",
    check=_check,
)
