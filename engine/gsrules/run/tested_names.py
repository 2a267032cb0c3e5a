"""The names that a rule test uses: actions, counts, datasets, columns, objects and fields (rule-language.md §8)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

from gsrules.actions.changes.messages import ROWS, SKIPS
from gsrules.catalogue.datatypes import DataType, Family
from gsrules.errors import GsrulesError, InputError, Problem, nearest
from gsrules.plan.nodes import Column
from gsrules.run.options import parameters
from gsrules.run.records import bind_paths
from gsrules.run.test_data import SharedFixtures, bad_key, given_data, split_key
from gsrules.run.workspace import Workspace
from gsrules.spec import RuleSpec, Text
from gsrules.spec.rule_tests import Expect, ExpectedRows, Fixture, TestCase, TestFile
from gsrules.tenant.changes import OUTBOX_COLUMNS, Counts
from gsrules.tenant.seeding import check_names

COUNTS = tuple(one.name for one in dataclasses.fields(Counts))
"""The counts of an action that a test may expect."""

OUTBOX_KEYS: Final = ("action", *OUTBOX_COLUMNS)
"""What an expected entry of the outbox may tell."""

CODE_KEYS: Final = ("code", "action", "rows")
"""What an expected error or skip may tell."""

CODES: Final = (*ROWS, *sorted(SKIPS - ROWS.keys()))
"""What an expected error or skip of a row may be."""

Row = Mapping[Any, Any]
Columns = Mapping[str, Sequence[Column]]


@dataclass(frozen=True, slots=True)
class TestedRules:
    """What checks of tests need to know: the rules, and the columns of their datasets where these are known."""

    __test__ = False

    workspace: Workspace
    columns: Mapping[str, Columns]

    def rule(self, name: Text) -> RuleSpec | None:
        """The rule of that id, None if the rule itself is wrong. Raises InputError GS-NAME if there is none."""
        known = self.workspace.rule_ids()
        if name not in known:
            message = f"there is no rule '{name}' to test"
            raise InputError(Problem("GS-NAME", message, name.place, value=str(name), nearest=nearest(name, known)))
        try:
            return self.workspace.rule(name)
        except GsrulesError:
            return None  # the problems of the rule itself are told already


def check_file(rules: TestedRules, file: TestFile, shared: SharedFixtures) -> tuple[Problem, ...]:
    """What is wrong with the names in a file of tests: rules, fixtures, records, files, params, what is expected."""
    found: list[Problem] = []
    with _noting(found):
        rules.rule(file.rule)
        for fixture in file.fixtures.values():
            found.extend(check_given(rules.workspace, fixture))
        for test in file.tests:
            with _noting(found):
                found.extend(_check_test(rules, file, test, shared))
    return tuple(found)


def check_runs(rules: TestedRules, file: TestFile, tests: Iterable[TestCase]) -> tuple[Problem, ...]:
    """What keeps tests of a file from being run as they are meant: rules, parameters, properties of errors."""
    found: list[Problem] = []
    for test in tests:
        runs = test.steps or ()
        with _noting(found):
            rule = rules.rule(file.rule)
            found.extend(_check_params(rule, test.params) if rule is not None else ())
        for step in runs:
            with _noting(found):
                own = rules.rule(step.rule or file.rule)
                found.extend(_check_params(own, step.params) if own is not None else ())
        for expect in (test.expect, *(step.expect for step in runs)):
            for row in (*(expect.errors or ()), *(expect.skips or ())) if expect is not None else ():
                if isinstance(row, Mapping):
                    found.extend(_unknown("property of an error", k, CODE_KEYS) for k in row if k not in CODE_KEYS)
    return tuple(dict.fromkeys(found))


def check_given(workspace: Workspace, given: Fixture) -> tuple[Problem, ...]:
    """What is wrong with the objects, fields and file keys of a fixture, or of what a test gives itself."""
    names = check_names(dict(given.records.items()), workspace.catalogue)
    return (*names, *(bad_key(key) for key in given.files if split_key(key) is None))


def _check_test(rules: TestedRules, file: TestFile, test: TestCase, shared: SharedFixtures) -> Iterator[Problem]:
    rule = rules.rule(file.rule)
    given = [test.given, *(step.given for step in test.steps or ())]
    for each in given:
        yield from check_given(rules.workspace, each)
        yield from _problems_of(lambda each=each: given_data(each, file, shared))  # type: ignore[misc]
    if rule is not None:
        yield from _check_params(rule, test.params)
        yield from _check_expect(rules, rule, test.expect)
    for step in test.steps or ():
        try:
            own = rules.rule(step.rule or file.rule)
        except InputError as error:
            yield from error.problems
            continue
        if own is not None:
            yield from _check_params(own, step.params)
            yield from _check_expect(rules, own, step.expect)


def _check_params(rule: RuleSpec, params: Mapping[Text, Any]) -> tuple[Problem, ...]:
    """Names and types of the parameters that a test sets."""
    found: list[Problem] = []
    for name, value in params.items():
        for problem in _problems_of(lambda name=name, value=value: parameters(rule, {name: value})):  # type: ignore[misc]
            found.append(replace(problem, place=name.place))
    return tuple(found)


def _check_expect(rules: TestedRules, rule: RuleSpec, expect: Expect | None) -> Iterator[Problem]:
    if expect is None:
        return
    workspace, columns = rules.workspace, rules.columns.get(rule.id)
    ids = [str(action.id) for action in rule.actions]
    for name, counts in (expect.actions or {}).items():
        yield from _problems_of(lambda name=name: named("action", name, ids))  # type: ignore[misc]
        for count in counts:
            yield from _problems_of(lambda count=count: check_count(count))  # type: ignore[misc]
    for name, rows in (expect.tasks or {}).items():
        yield from _problems_of(lambda name=name, rows=rows: _check_task(rule, columns, name, rows))  # type: ignore[misc]
    for name, rows in (*(expect.records or {}).items(), *(expect.tenant or {}).items()):
        yield from _problems_of(lambda name=name, rows=rows: _check_records(workspace, name, rows))  # type: ignore[misc]
    if expect.outbox is not None:
        yield from _problems_of(lambda rows=expect.outbox: outbox_names(rows))  # type: ignore[misc]
    for row in (*(expect.errors or ()), *(expect.skips or ())):
        if isinstance(row, Mapping):
            yield from _check_code_row(row, ids)
        yield from _check_code(row.get("code") if isinstance(row, Mapping) else row)


def _check_code_row(row: Mapping[Any, Any], ids: Sequence[str]) -> Iterator[Problem]:
    for key in row:
        if key not in CODE_KEYS:
            yield _unknown("property of an error", key, CODE_KEYS)
    action = row.get("action")
    if isinstance(action, str) and action not in ids:
        yield _unknown("action", action, ids)


def _check_code(code: Any) -> Iterator[Problem]:
    """A row code that no row can have; those of files and runs (`GS-…`) are not looked up."""
    if isinstance(code, str) and not code.startswith("GS-") and code not in CODES:
        yield Problem(
            "GS-NAME",
            f"there is no row code '{code}'",
            getattr(code, "place", None),
            value=code,
            nearest=nearest(code, CODES),
        )


def _problems_of(check: Callable[[], object]) -> tuple[Problem, ...]:
    try:
        check()
    except GsrulesError as error:
        return error.problems
    return ()


@contextmanager
def _noting(found: list[Problem]) -> Iterator[None]:
    try:
        yield
    except GsrulesError as error:
        found.extend(error.problems)


def _check_task(rule: RuleSpec, columns: Columns | None, name: Text, expected: ExpectedRows) -> None:
    task = named("dataset", name, [str(task) for task in rule.tasks])
    if columns is None:
        return
    problems: list[Problem] = []
    types: dict[str, DataType] = {}
    for key in names_in(expected):
        with _noting(problems):
            types[key] = column_of(columns[task], key).type
    problems += not_numbers(expected, types)
    if problems:
        raise InputError(problems)


def _check_records(workspace: Workspace, name: Text, expected: ExpectedRows) -> None:
    bind_paths(workspace, object_of(workspace, name), names_in(expected))


def names_in(expected: ExpectedRows) -> list[Text]:
    """The columns that are compared, and those that have a tolerance."""
    return list(dict.fromkeys((*keys_of(expected.named), *expected.tolerated)))


def not_numbers(expected: ExpectedRows, types: Mapping[str, DataType]) -> list[Problem]:
    """A problem for each column with a tolerance of its own that holds no numbers: nothing is near a text."""
    return [
        Problem(
            "GS-TYPE",
            f"`{key}` holds no numbers, but {types[key]}: a tolerance has no effect on it (INVALID_TYPE)",
            key.place,
            value=str(key),
            hint="leave it out, or write the tolerance of a column with numbers",
        )
        for key in expected.tolerated
        if key in types and types[key].family is not Family.NUMBER
    ]


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


def outbox_names(expected: ExpectedRows) -> list[Text]:
    """The columns of the outbox that expected rows name; InputError GS-NAME if it has no such column."""
    names = names_in(expected)
    unknown = [_unknown("column of the outbox", name, OUTBOX_KEYS) for name in names if name not in OUTBOX_KEYS]
    if unknown:
        raise InputError(unknown)
    return names


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
