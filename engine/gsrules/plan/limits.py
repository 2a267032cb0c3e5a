"""The limits of a rule as a whole: number of tasks, names, descriptions (data-setup.md §17).

Those of one task are noted where it is bound, those of files and rows when they are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from gsrules.errors import Problem
from gsrules.expressions.scope import Context
from gsrules.plan.env import over_limit
from gsrules.spec.rule import RuleSpec

TASK_NAME: Final = 80
DATASET_NAME: Final = 60
DESCRIPTION: Final = 200
RULE_NAME: Final = range(3, 121)

FETCHED_ROWS: Final = {"tenant": 2_000_000, "salesforce": 6_300_000}
"""The records that Gainsight fetches in one task, by the source of the object."""


def exceeded(rule: RuleSpec, context: Context) -> Iterator[Problem]:
    """What exceeds a limit: errors, or warnings unless `limits.strict`."""
    yield from _rule_name(rule, context)
    allowed = int(context.profile["limits.tasks"])
    if len(rule.tasks) > allowed:
        message = f"{len(rule.tasks)} tasks; a rule has at most {allowed}"
        count = str(len(rule.tasks))
        yield over_limit(message, rule.place_of("tasks"), context, count, "profile key limits.tasks")
    for name, task in rule.tasks.items():
        if len(name) > TASK_NAME:
            message = f"the task name has {len(name)} characters; at most {TASK_NAME} are allowed"
            made = over_limit(message, name.at(0, len(name)), context, str(name), "shorten it")
            yield replace(made, where=str(name))
        text = task.description
        if text is not None and len(text) > DESCRIPTION:
            message = f"the task's description has {len(text)} characters; at most {DESCRIPTION} are allowed"
            made = over_limit(message, task.place_of("description"), context, "", "Gainsight refuses longer ones")
            yield replace(made, where=str(name))
    yield from _dataset_names(rule)


def _rule_name(rule: RuleSpec, context: Context) -> Iterator[Problem]:
    name, place = rule.name, rule.place_of("rule")
    if len(name) not in RULE_NAME:
        span = f"{RULE_NAME.start} to {RULE_NAME.stop - 1}"
        message = f"the rule's name has {len(name)} characters; {span} are allowed"
        yield over_limit(message, place, context, str(name), "Gainsight refuses other ones")
    if name[:1].isdigit():
        yield over_limit("the rule's name begins with a digit", place, context, str(name), "begin it with a letter")


def _dataset_names(rule: RuleSpec) -> Iterator[Problem]:
    """A dataset is named as its task, cut at 60 characters; then no two may be equal."""
    cut: dict[str, str] = {}
    for name in rule.tasks:
        short = name[:DATASET_NAME]
        first = cut.setdefault(short.lower(), str(name))
        if first == name and len(name) <= DATASET_NAME:
            continue
        message = f"in Gainsight the dataset of this task is named {short.rstrip()!r}: names of datasets are cut at 60"
        if first != name:
            message = f"the datasets of {first!r} and {str(name)!r} have one name in Gainsight, which cuts it at 60"
        place = name.at(0, len(name))
        hint = "tell the names apart in their first 60 characters" if first != name else ""
        yield Problem("GS-LIMIT", message, place, str(name), str(name), hint, severity="warning" if hint else "note")
