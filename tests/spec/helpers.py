"""Small action kinds and shorthands for the tests of the rule language."""

from __future__ import annotations

import textwrap
from typing import Literal

from gsrules.errors import InputError, Problem
from gsrules.spec import (
    ActionSpec,
    Bool,
    CommentsSpec,
    DueSpec,
    Fields,
    Kinds,
    Name,
    Names,
    OwnerSpec,
    RuleSpec,
    TimeFrame,
    TimeFrameOrNone,
    parse_rule,
)


class LoadAction(ActionSpec):
    """Loads records."""

    action: Literal["load_to_object"] = "load_to_object"
    object: Name
    operation: Literal["insert", "update", "upsert"]
    identifiers: Names | None = None
    fields: Fields


class CtaAction(ActionSpec):
    """Creates a CTA."""

    action: Literal["create_cta"] = "create_cta"
    company: Name
    name: Name
    owner: OwnerSpec | None = None
    due: DueSpec = DueSpec()
    comments: CommentsSpec | None = None
    check_open: Bool = True
    time_frame: TimeFrameOrNone = TimeFrame()


KINDS = Kinds(actions={"load_to_object": LoadAction, "create_cta": CtaAction})

FETCH = """
rule: A rule
tasks:
  Companies: {type: fetch, object: company}
"""


def rule(text: str) -> RuleSpec:
    """The rule in `text`, indentation aside."""
    return parse_rule(textwrap.dedent(text), "rules/a.yml", "a", KINDS)


def with_task(task: str) -> str:
    """A rule whose only task is `task`, in one line."""
    return f"rule: A rule\ntasks:\n  T: {task}\n"


def with_action(action: str) -> str:
    """A rule with one fetch task and `action`, in one line."""
    return FETCH + f"actions:\n  - {action}\n"


def problems(text: str) -> tuple[Problem, ...]:
    """What is wrong with the rule in `text`."""
    try:
        rule(text)
    except InputError as error:
        return error.problems
    return ()


def codes(text: str) -> list[str]:
    return [problem.code for problem in problems(text)]


def only(text: str) -> Problem:
    """The one problem of the rule in `text`."""
    found = problems(text)
    assert len(found) == 1, found
    return found[0]
