"""Figures that a merge repeats before they are added up."""

from __future__ import annotations

from collections.abc import Iterator

from gsrules.expressions.tree import references
from gsrules.plan.nodes import Aggregate, Measure, walk
from gsrules.run.advice.model import Advice, Found, Subject
from gsrules.run.advice.repeated import repeats
from gsrules.run.advice.rows import Mark, Rows


def _check(subject: Subject) -> Iterator[Found]:
    for task in subject.plan.tasks.values():
        for node in walk(task.node):
            if isinstance(node, Aggregate):
                rows = subject.repetition.of(node.input)
                for measure in node.measures:
                    mark = _doubled(measure, node, rows)
                    if mark is not None:
                        yield _found(measure, mark, task.name)


def _doubled(measure: Measure, node: Aggregate, rows: Rows) -> Mark | None:
    """The merge that makes the measure count values several times."""
    if measure.argument is None or measure.function not in ("sum", "avg", "count"):
        return None
    names = references(measure.argument)
    if measure.function == "avg" and names <= rows.determined(
        name for key in node.keys for name in references(key.expr)
    ):
        return None  # the average of one and the same value
    for mark in repeats(rows, names):
        if mark.sure or _adds_up(mark, node, rows):
            return mark
    return None


def _adds_up(mark: Mark, node: Aggregate, rows: Rows) -> bool:
    """Whether the group adds up figures of the other side as well: then several of its rows are expected."""
    for other in node.measures:
        if other.argument is None or other.function not in ("sum", "avg", "count", "count_distinct"):
            continue
        sources = [rows.sources.get(name, frozenset()) for name in references(other.argument)]
        if sources and all(set(mark.side) & source for source in sources):
            return True
    return False


def _found(measure: Measure, mark: Mark, task: str) -> Found:
    side, keys = ", ".join(f"'{name}'" for name in mark.side), ", ".join(mark.keys)
    name = measure.column.name
    message = (
        f"{measure.function} counts values of '{name}' several times: the merge '{mark.task}' repeats them, once for "
        f"each row of {side} with the same {keys}"
    )
    place = measure.argument.place if measure.argument is not None else None
    hint = f"group {side} by {keys} in a transform before the merge '{mark.task}', or take max instead"
    return Found(message, place, task, name, hint)


ADVICE = Advice(
    code="GS-ADVICE-FAN-OUT",
    title="A merge repeats figures before they are added up",
    severity="warning",
    explanation=(
        "A merge gives one row for each pair of matching rows. Where one side has several rows of a key, the "
        "figures of the other side are repeated, and a sum, an average or a count over them afterwards is too "
        "high."
    ),
    evidence="data-setup.md §7 (duplicates multiply)",
    bad="""\
tasks:
  Companies:
    type: fetch
    object: company
    show: [Gsid, Name, ARR]
  Usage:
    type: fetch
    object: usage_summary__gc
    show: [Company ID as Company GSID, Logins]
  Both:
    type: merge
    from: Companies
    join:
      - {dataset: Usage, keep: left, on: Gsid = Company GSID}
    show: [Companies.Gsid, sum(Companies.ARR) as ARR, sum(Usage.Logins) as Logins]
actions:
  - action: load_to_company
    from: Both
    operation: update
    identifiers: [Gsid]
    fields: {Gsid: Gsid, Logins_7_Days__gc: Logins, ARR: ARR}
""",
    good="""\
tasks:
  Companies:
    type: fetch
    object: company
    show: [Gsid, Name, ARR]
  Usage:
    type: fetch
    object: usage_summary__gc
    show: [Company ID as Company GSID, sum(Logins) as Logins]
  Both:
    type: merge
    from: Companies
    join:
      - {dataset: Usage, keep: left, on: Gsid = Company GSID}
    show: [Companies.Gsid, sum(Companies.ARR) as ARR, sum(Usage.Logins) as Logins]
actions:
  - action: load_to_company
    from: Both
    operation: update
    identifiers: [Gsid]
    fields: {Gsid: Gsid, Logins_7_Days__gc: Logins, ARR: ARR}
""",
    check=_check,
)
