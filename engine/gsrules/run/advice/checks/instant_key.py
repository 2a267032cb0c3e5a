"""Groups and merges by a date with its time."""

from __future__ import annotations

from collections.abc import Iterator

from gsrules.catalogue.datatypes import Family
from gsrules.errors import Place
from gsrules.expressions.tree import ColumnRef
from gsrules.plan.nodes import Aggregate, Join, walk
from gsrules.run.advice.model import Advice, Found, Subject


def _check(subject: Subject) -> Iterator[Found]:
    for task in subject.plan.tasks.values():
        for node in walk(task.node):
            if isinstance(node, Aggregate) and node.measures:
                for key in node.keys:
                    if key.column.type.family is Family.DATETIME:
                        place = key.expr.place if isinstance(key.expr, ColumnRef) else task.place
                        yield _found(key.column.name, "groups by", place or task.place, task.name)
            elif isinstance(node, Join):
                types = {column.name: column.type.family for column in node.left.columns}
                for join_key in node.keys:
                    if types.get(join_key.left) is Family.DATETIME:
                        yield _found(join_key.left.rpartition(".")[2], "merges by", task.place, task.name)


def _found(name: str, does: str, place: Place | None, task: str) -> Found:
    message = f"the task {does} '{name}', a date with its time: only equal instants come together"
    hint = f"make a day of it in a transform before: datetime_to_date([{name}])"
    return Found(message, place, task, name, hint)


ADVICE = Advice(
    code="GS-ADVICE-INSTANT-KEY",
    title="Rows are grouped or merged by a date with its time",
    severity="warning",
    explanation=(
        "Date-times are grouped and merged by the instant, to the millisecond; there is no grouping by day. "
        "Two events of one day are then two groups."
    ),
    evidence="data-setup.md §4 (no date bucketing)",
    bad="""\
tasks:
  Tickets:
    type: fetch
    object: support_ticket__gc
    show: [Company ID as Company GSID, Opened At, count(*) as Tickets]
actions:
  - action: load_to_object
    from: Tickets
    object: nps_response__gc
    operation: insert
    fields:
      Response_ID__gc: {value: T}
      Company_ID__gc: Company GSID
      Responded_At__gc: Opened At
      Score__gc: Tickets
""",
    good="""\
tasks:
  Tickets:
    type: fetch
    object: support_ticket__gc
    show: [Company ID as Company GSID, Opened At]
  Days:
    type: transform
    from: Tickets
    formulas:
      Day: {expression: "datetime_to_date([Opened At])", type: date}
  By day:
    type: transform
    from: Days
    show: [Company GSID, Day, count(*) as Tickets]
actions:
  - action: load_to_object
    from: By day
    object: usage_summary__gc
    operation: insert
    fields: {Company_ID__gc: Company GSID, Day__gc: Day, Logins__gc: Tickets}
""",
    check=_check,
)
