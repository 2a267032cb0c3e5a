"""Names that Gainsight cuts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gsrules.run.advice.model import Advice, Found, Subject

_MOST: Final = 60


def _check(subject: Subject) -> Iterator[Found]:
    taken: dict[str, str] = {}
    for name in subject.rule.tasks:
        cut = str(name)[:_MOST].lower()
        if len(name) > _MOST and str(name) in subject.acted_on:
            message = (
                f"the dataset of the task '{name}' is called '{name[:_MOST]}' in Gainsight: 60 characters are kept"
            )
            yield Found(message, name.at(0, len(name)), str(name), str(name), "give the task a shorter name")
        elif cut in taken:
            message = (
                f"the datasets of '{name}' and '{taken[cut]}' have one name in Gainsight, which keeps 60 characters"
            )
            yield Found(message, name.at(0, len(name)), str(name), str(name), "give one of the tasks a shorter name")
        taken.setdefault(cut, str(name))


ADVICE = Advice(
    code="GS-ADVICE-LONG-NAME",
    title="A task name that is too long for its dataset",
    severity="warning",
    explanation=(
        "A task name may have 80 characters, the name of an output dataset only 60: Gainsight takes the task "
        "name as default, and does not save one that is longer."
    ),
    evidence="data-setup.md §17",
    bad="""\
tasks:
  Companies of every region with all that is known of their yearly revenue:
    type: fetch
    object: company
    show: [Gsid, Name, ARR, Industry, Status, Renewal Date]
actions:
  - action: load_to_company
    from: Companies of every region with all that is known of their yearly revenue
    operation: update
    identifiers: [Gsid]
    fields: {Gsid: Gsid, ARR: ARR}
""",
    good="""\
tasks:
  Companies:
    type: fetch
    object: company
    show: [Gsid, Name, ARR, Industry, Status, Renewal Date]
actions:
  - action: load_to_company
    from: Companies
    operation: update
    identifiers: [Gsid]
    fields: {Gsid: Gsid, ARR: ARR}
""",
    check=_check,
)
