"""Tasks that read the same twice."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel

from gsrules.run.advice.model import Advice, Found, Subject


def _check(subject: Subject) -> Iterator[Found]:
    seen: dict[object, str] = {}
    for name, task in subject.rule.tasks.items():
        key = _content(task)
        if key in seen:
            message = f"the task '{name}' is the same as '{seen[key]}'"
            hint = f"remove it and use '{seen[key]}' instead; a task may be used by several others"
            yield Found(message, name.at(0, len(name)), str(name), str(name), hint)
        seen.setdefault(key, str(name))


def _content(value: object) -> object:
    """What a task says, without where it says it."""
    if isinstance(value, BaseModel):
        return (type(value).__name__, *((name, _content(getattr(value, name))) for name in type(value).model_fields))
    if isinstance(value, dict):
        return tuple((str(key), _content(one)) for key, one in value.items())
    if isinstance(value, list | tuple):
        return tuple(_content(one) for one in value)
    return str(value) if isinstance(value, str) else value


ADVICE = Advice(
    code="GS-ADVICE-SAME-TASK",
    title="Two tasks that do the same",
    severity="note",
    explanation=(
        "A rule has at most 15 tasks, and each is computed. A dataset may be read by several tasks and "
        "actions, so that a second copy is only something that must be changed twice."
    ),
    evidence="data-setup.md §1.1, §17",
    bad="""\
tasks:
  Companies:
    type: fetch
    object: company
    show: [Gsid, ARR]
    where: Status in ('Active')
  Again:
    type: fetch
    object: company
    show: [Gsid, ARR]
    where: Status in ('Active')
  Both:
    type: merge
    from: Companies
    join:
      - {dataset: Again, keep: common, on: Gsid = Gsid}
    show: [Companies.Gsid, Companies.ARR]
actions:
  - action: load_to_company
    from: Both
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
    where: Status in ('Active')
  Again:
    type: fetch
    object: company
    show: [Gsid, Name]
    where: Status in ('Active')
  Both:
    type: merge
    from: Companies
    join:
      - {dataset: Again, keep: common, on: Gsid = Gsid}
    show: [Companies.Gsid, Companies.ARR, Again.Name]
actions:
  - action: load_to_company
    from: Both
    operation: update
    identifiers: [Gsid]
    fields: {Gsid: Gsid, ARR: ARR}
""",
    check=_check,
)
