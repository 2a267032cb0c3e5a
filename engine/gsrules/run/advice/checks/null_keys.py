"""Merges by keys that are null in some rows."""

from __future__ import annotations

from collections.abc import Iterator

from gsrules.plan.nodes import Join, walk
from gsrules.run.advice.model import Advice, Found, Subject


def _check(subject: Subject) -> Iterator[Found]:
    for task in subject.plan.tasks.values():
        for node in walk(task.node):
            if not isinstance(node, Join):
                continue
            sides = ((node.left, [key.left for key in node.keys]), (node.right, [key.right for key in node.keys]))
            for (side, names), drops in zip(sides, _drops(node), strict=True):
                reasons = subject.nulls.of(side)
                for name in names if drops and not any(key.null_matches for key in node.keys) else ():
                    reason = reasons.get(name)
                    if reason is not None and reason.is_strong:
                        shown = name.rpartition(".")[2]
                        message = (
                            f"the key '{shown}' of the merge '{task.name}' is null in some rows ({reason.words}): "
                            "they match nothing and fall out"
                        )
                        hint = f"keep them with another `keep`, or say that it is meant: where [{shown}] is not null"
                        yield Found(message, task.place, task.name, shown, hint)


def _drops(node: Join) -> tuple[bool, bool]:
    """Whether rows of the left side, and of the right, fall out without a match."""
    return node.keep in ("common", "right"), node.keep in ("common",)


ADVICE = Advice(
    code="GS-ADVICE-NULL-KEY",
    title="Rows fall out of a merge because their key is null",
    severity="warning",
    explanation=(
        "A null key equals nothing, not even another null. Rows whose key comes through an empty lookup, or "
        "from the side of a merge that had no match, fall out of the next merge without a word."
    ),
    evidence="data-setup.md §7 (null keys never match); profile key merge.null_keys",
    bad="""\
tasks:
  Companies:
    type: fetch
    object: company
    show: [Gsid, Csm.Email as CSM Email]
  Team:
    type: s3
    path: input/team.csv
    columns: {Mail: string, Team: string}
  With team:
    type: merge
    from: Companies
    join:
      - {dataset: Team, keep: common, on: CSM Email = Mail}
    show: [Companies.Gsid, Team.Team]
actions:
  - action: load_to_company
    from: With team
    operation: update
    identifiers: [Gsid]
    fields: {Gsid: Gsid, Industry: Team}
""",
    good="""\
tasks:
  Companies:
    type: fetch
    object: company
    show: [Gsid, Csm.Email as CSM Email]
    where: Csm.Email is not null
  Team:
    type: s3
    path: input/team.csv
    columns: {Mail: string, Team: string}
  With team:
    type: merge
    from: Companies
    join:
      - {dataset: Team, keep: common, on: CSM Email = Mail}
    show: [Companies.Gsid, Team.Team]
actions:
  - action: load_to_company
    from: With team
    operation: update
    identifiers: [Gsid]
    fields: {Gsid: Gsid, Industry: Team}
""",
    check=_check,
)
