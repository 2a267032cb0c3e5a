"""Filters that take back what a left merge keeps."""

from __future__ import annotations

from collections.abc import Iterator

from gsrules.expressions.tree import Expr
from gsrules.plan.nodes import Filter, walk
from gsrules.run.advice.conditions import conjuncts, never_null
from gsrules.run.advice.model import Advice, Found, Subject


def _check(subject: Subject) -> Iterator[Found]:
    for task in subject.plan.tasks.values():
        for node in walk(task.node):
            if isinstance(node, Filter):
                reasons = subject.nulls.of(node.input)
                for term in conjuncts(node.predicate):
                    for name in sorted(never_null(term)):
                        reason = reasons.get(name)
                        if (
                            reason is not None
                            and reason.kind == "unmatched"
                            and _alone(subject, reason.task, task.name)
                        ):
                            yield _found(term, name.rpartition(".")[2], reason.task, task.name)


def _alone(subject: Subject, merge: str, task: str) -> bool:
    """Whether nothing but the filter sees the rows without a match."""
    if merge == task:
        return True
    readers = subject.readers.get(merge, ())
    return (
        len(readers) == 1
        and merge not in subject.acted_on
        and (readers[0] == task or _alone(subject, readers[0], task))
    )


def _found(term: Expr, name: str, merge: str, task: str) -> Found:
    message = (
        f"the filter on '{name}' drops every row that the merge '{merge}' keeps without a match: "
        "it could keep the common rows only"
    )
    hint = f"write keep: common, or keep them: … or [{name}] is null"
    return Found(message, term.place, task, name, hint)


ADVICE = Advice(
    code="GS-ADVICE-LEFT-AS-COMMON",
    title="A filter makes a left merge one of common rows",
    severity="warning",
    explanation=(
        "A left merge keeps rows without a match, with nulls for the columns of the other side. A condition "
        "on such a column is never true for a null, so these rows are gone again, although the merge says "
        "that they are wanted."
    ),
    evidence="data-setup.md §7 (filters act after the join), §5.4",
    bad="""\
tasks:
  Companies:
    type: fetch
    object: company
    show: [Gsid, Name]
  Usage:
    type: fetch
    object: usage_summary__gc
    show: [Company ID as Company GSID, sum(Logins) as Logins]
  Both:
    type: merge
    from: Companies
    join:
      - {dataset: Usage, keep: left, on: Gsid = Company GSID}
    show: [Companies.Gsid, Usage.Logins]
    where: Logins < 20
actions:
  - action: load_to_company
    from: Both
    operation: update
    identifiers: [Gsid]
    fields: {Gsid: Gsid, Logins_7_Days__gc: Logins}
""",
    good="""\
tasks:
  Companies:
    type: fetch
    object: company
    show: [Gsid, Name]
  Usage:
    type: fetch
    object: usage_summary__gc
    show: [Company ID as Company GSID, sum(Logins) as Logins]
  Both:
    type: merge
    from: Companies
    join:
      - {dataset: Usage, keep: left, on: Gsid = Company GSID}
    show: [Companies.Gsid, Usage.Logins]
    where: Logins < 20 or Logins is null
actions:
  - action: load_to_company
    from: Both
    operation: update
    identifiers: [Gsid]
    fields: {Gsid: Gsid, Logins_7_Days__gc: Logins}
""",
    check=_check,
)
