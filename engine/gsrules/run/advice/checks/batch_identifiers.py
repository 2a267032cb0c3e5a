"""Loads in which several rows have the same identifiers."""

from __future__ import annotations

from collections.abc import Iterator

from gsrules.run.advice.loads import loads, unique_among
from gsrules.run.advice.model import Advice, Found, Subject


def _check(subject: Subject) -> Iterator[Found]:
    for load in loads(subject):
        names = load.identifier_columns()
        if load.bound.operation == "insert" or not names:
            continue
        if unique_among(subject, load.dataset, names, load.bound.criteria) != "no":
            continue
        shown = ", ".join(f"'{name}'" for name in names)
        message = f"several rows of '{load.dataset}' may have the same {shown}: only the last of them is loaded"
        hint = f"group by {', '.join(names)} in a transform before, or add what tells the rows apart to the identifiers"
        yield Found(message, load.spec.place_of("identifiers"), load.where, load.dataset, hint)


ADVICE = Advice(
    code="GS-ADVICE-SAME-IDENTIFIERS",
    title="Several rows of one load have the same identifiers",
    severity="warning",
    explanation=(
        "Of the rows with equal identifiers in one load the last is applied and the others are skipped "
        "(DUPLICATE_IN_BATCH). Which one is last depends on the values of the columns, not on what is meant."
    ),
    evidence="actions.md §4; profile key load.duplicate_keys",
    bad="""\
tasks:
  Usage:
    type: fetch
    object: usage_summary__gc
    show: [Company ID as Company GSID, Day, Logins]
actions:
  - action: load_to_company
    from: Usage
    operation: update
    identifiers: [Gsid]
    fields: {Gsid: Company GSID, Logins_7_Days__gc: Logins}
""",
    good="""\
tasks:
  Usage:
    type: fetch
    object: usage_summary__gc
    show: [Company ID as Company GSID, sum(Logins) as Logins]
actions:
  - action: load_to_company
    from: Usage
    operation: update
    identifiers: [Gsid]
    fields: {Gsid: Company GSID, Logins_7_Days__gc: Logins}
""",
    check=_check,
)
