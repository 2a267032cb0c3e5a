"""The names that a rule test uses: actions, counts, datasets, columns, objects and fields (rule-language.md §8)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from gsrules.errors import GsrulesError, InputError, Problem, nearest
from gsrules.plan.nodes import Column
from gsrules.run.records import bind_paths
from gsrules.run.workspace import Workspace
from gsrules.spec import RuleSpec, Text
from gsrules.spec.rule_tests import Expect, TestCase
from gsrules.tenant.changes import Counts
from gsrules.tenant.seeding import check_names

COUNTS = tuple(one.name for one in dataclasses.fields(Counts))
"""The counts of an action that a test may expect."""

Row = Mapping[Any, Any]
Columns = Mapping[str, Sequence[Column]]


def check_test(workspace: Workspace, rule: RuleSpec, columns: Columns | None, test: TestCase) -> tuple[Problem, ...]:
    """What is wrong with the names of a test; `columns` are those of the rule's datasets where they are known."""
    found = list(check_names(dict(test.given.records.items()), workspace.catalogue))
    for check in _checks(workspace, rule, columns, test.expect or Expect()):
        try:
            check()
        except GsrulesError as error:
            found.extend(error.problems)
    return tuple(found)


def _checks(
    workspace: Workspace, rule: RuleSpec, columns: Columns | None, expect: Expect
) -> Iterator[Callable[[], object]]:
    ids = [str(action.id) for action in rule.actions]
    for name, counts in (expect.actions or {}).items():
        yield lambda name=name: named("action", name, ids)  # type: ignore[misc]
        for count in counts:
            yield lambda count=count: check_count(count)  # type: ignore[misc]
    for name, rows in (expect.tasks or {}).items():
        yield lambda name=name, rows=rows: _check_task(rule, columns, name, rows)  # type: ignore[misc]
    for name, rows in (expect.records or {}).items():
        yield lambda name=name, rows=rows: _check_records(workspace, name, rows)  # type: ignore[misc]


def _check_task(rule: RuleSpec, columns: Columns | None, name: Text, rows: Sequence[Row]) -> None:
    task = named("dataset", name, [str(task) for task in rule.tasks])
    if columns is None:
        return
    problems: list[Problem] = []
    for key in keys_of(rows):
        try:
            column_of(columns[task], key)
        except InputError as error:
            problems.extend(error.problems)
    if problems:
        raise InputError(problems)


def _check_records(workspace: Workspace, name: Text, rows: Sequence[Row]) -> None:
    bind_paths(workspace, object_of(workspace, name), keys_of(rows))


def keys_of(rows: Iterable[Row]) -> list[Any]:
    """The names that any of the rows has, in order."""
    return list(dict.fromkeys(key for row in rows for key in row))


def named(what: str, name: Any, known: Sequence[str]) -> str:
    """The known name in any letter case; InputError GS-NAME otherwise."""
    found = next((each for each in known if each.lower() == name.lower()), None)
    if found is None:
        raise InputError(_unknown(what, name, known))
    return found


def check_count(name: Any) -> None:
    """Raises InputError GS-NAME if an action has no such count."""
    if name not in COUNTS:
        raise InputError(_unknown("count", name, COUNTS))


def object_of(workspace: Workspace, name: Any) -> str:
    """The API name of an object; InputError GS-NAME otherwise."""
    found = workspace.catalogue.object(name)
    if found is None:
        raise InputError(_unknown("object", name, list(workspace.catalogue.objects)))
    return found.name


def column_of(columns: Sequence[Column], name: Any) -> Column:
    """The column of that name or label; InputError GS-NAME or GS-AMBIGUOUS otherwise."""
    matches = [c for c in columns if name.lower() in (c.name.lower(), c.label.lower())]
    exact = [c for c in matches if c.name.lower() == name.lower()]
    if len(matches) == 1 or exact:
        return (exact or matches)[0]
    known = [text for c in columns for text in (c.name, c.label)]
    code = "GS-AMBIGUOUS" if matches else "GS-NAME"
    message = f"'{name}' fits several columns" if matches else f"there is no column '{name}' (INVALID_FIELD)"
    raise InputError(
        Problem(code, message, getattr(name, "place", None), value=str(name), nearest=nearest(name, known))
    )


def _unknown(what: str, name: Any, known: Sequence[str]) -> Problem:
    return Problem(
        "GS-NAME",
        f"there is no {what} '{name}' (INVALID_FIELD)",
        getattr(name, "place", None),
        value=str(name),
        nearest=nearest(name, known),
        hint=f"known: {', '.join(known[:20])}" if known else "",
    )
