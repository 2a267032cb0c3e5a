"""Parameters that no expression uses."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pydantic import BaseModel

from gsrules.run.advice.model import Advice, Found, Subject

_USE = re.compile(r":([^\W\d]\w*)")


def _check(subject: Subject) -> Iterator[Found]:
    rule = subject.rule
    pieces = [*rule.tasks.values(), *rule.actions]
    used = {name.lower() for text in _texts(pieces) for name in _USE.findall(text)}
    for name in rule.params:
        if name.lower() not in used:
            message = f"no expression uses the parameter '{name}'"
            yield Found(message, name.at(0, len(name)), "", str(name), f"write it as :{name}, or remove it")


def _texts(value: object) -> Iterator[str]:
    """Every text of a piece of the rule."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _texts(getattr(value, name))
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _texts(key)
            yield from _texts(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)


ADVICE = Advice(
    code="GS-ADVICE-UNUSED-PARAM",
    title="A parameter that no expression uses",
    severity="warning",
    explanation=(
        "A parameter that nothing reads looks like a setting and is none: changing it changes nothing. Mostly "
        "the number is still written out somewhere."
    ),
    evidence="rule-language: parameters are used as :name",
    bad="""\
params: {least: 1000}
tasks:
  Companies:
    type: fetch
    object: company
    show: [Gsid, Name, ARR, Industry, Status, Renewal Date]
    where: ARR >= 1000
actions:
  - action: load_to_company
    from: Companies
    operation: update
    identifiers: [Gsid]
    fields: {Gsid: Gsid, ARR: ARR}
""",
    good="""\
params: {least: 1000}
tasks:
  Companies:
    type: fetch
    object: company
    show: [Gsid, Name, ARR, Industry, Status, Renewal Date]
    where: ARR >= :least
actions:
  - action: load_to_company
    from: Companies
    operation: update
    identifiers: [Gsid]
    fields: {Gsid: Gsid, ARR: ARR}
""",
    check=_check,
)
