"""Merges in which both sides have several rows of a key."""

from __future__ import annotations

from collections.abc import Iterator

from gsrules.plan.nodes import Aggregate, Join, Node, inputs, walk
from gsrules.run.advice.model import Advice, Found, Subject


def _check(subject: Subject) -> Iterator[Found]:
    for task in subject.plan.tasks.values():
        for node in walk(task.node):
            if not isinstance(node, Join) or _is_grouped(task.node, node) or not _acts(subject, task.name):
                continue
            left = subject.repetition.of(node.left).unique(key.left for key in node.keys)
            right = subject.repetition.of(node.right).unique(key.right for key in node.keys)
            if left == right == "no":
                keys = ", ".join(dict.fromkeys(key.right for key in node.keys))
                message = f"both sides of the merge '{task.name}' have several rows of one {keys}: each meets each"
                hint = "group one side by its keys in a transform before the merge, or add a key"
                yield Found(message, task.place, task.name, task.name, hint)


def _is_grouped(top: Node, join: Join) -> bool:
    """Whether the rows are grouped within the same task."""
    return any(isinstance(node, Aggregate) and join in list(walk(node)) for node in walk(top))


def _acts(subject: Subject, task: str) -> bool:
    """Whether rows of the task reach an action without being grouped again."""
    if task in subject.acted_on:
        return True
    return any(
        not _groups(subject.plan.tasks[reader].node) and _acts(subject, reader)
        for reader in subject.readers.get(task, ())
    )


def _groups(node: Node) -> bool:
    return isinstance(node, Aggregate) or any(_groups(each) for each in inputs(node))


ADVICE = Advice(
    code="GS-ADVICE-MANY-TO-MANY",
    title="Both sides of a merge have several rows of a key",
    severity="warning",
    explanation=(
        "Two rows on the left and three on the right with one key make six. Rarely are all pairs meant: an action then "
        "works on rows that nothing in the data stands for."
    ),
    evidence="data-setup.md §7 (duplicates multiply)",
    bad="""\
tasks:
  Tickets:
    type: fetch
    object: support_ticket__gc
    show: [Company ID as Company GSID, Ticket ID]
  Contracts:
    type: fetch
    object: contract__gc
    show: [Company ID as Company GSID, Contract ID]
  Pairs:
    type: merge
    from: Tickets
    join:
      - {dataset: Contracts, keep: common, on: Company GSID = Company GSID}
    show: [Tickets.Company GSID, Tickets.Ticket ID, Contracts.Contract ID]
actions:
  - action: load_to_object
    from: Pairs
    object: nps_response__gc
    operation: insert
    fields: {Response_ID__gc: Ticket ID, Company_ID__gc: Company GSID, Comment__gc: Contract ID}
""",
    good="""\
tasks:
  Tickets:
    type: fetch
    object: support_ticket__gc
    show: [Company ID as Company GSID, Ticket ID]
  Contracts:
    type: fetch
    object: contract__gc
    show: [Company ID as Company GSID, max(Contract ID) as Contract ID]
  Pairs:
    type: merge
    from: Tickets
    join:
      - {dataset: Contracts, keep: common, on: Company GSID = Company GSID}
    show: [Tickets.Company GSID, Tickets.Ticket ID, Contracts.Contract ID]
actions:
  - action: load_to_object
    from: Pairs
    object: nps_response__gc
    operation: insert
    fields: {Response_ID__gc: Ticket ID, Company_ID__gc: Company GSID, Comment__gc: Contract ID}
""",
    check=_check,
)
