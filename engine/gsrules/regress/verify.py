"""Holds what a run gave against what a test expects."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from sqlglot import exp

from gsrules.catalogue.datatypes import DataType, Kind
from gsrules.errors import GsrulesError, Problem
from gsrules.regress.compare import Asked, Row, RowDifference, compare_rows
from gsrules.regress.outcome import Fact
from gsrules.regress.values import Forms
from gsrules.run.engine import RunResult
from gsrules.run.records import read_records
from gsrules.run.tested_names import (
    check_count,
    column_of,
    named,
    names_in,
    not_numbers,
    object_of,
    outbox_names,
)
from gsrules.run.workspace import Workspace
from gsrules.spec import Text
from gsrules.spec.rule_tests import Expect, ExpectedRows
from gsrules.tenant import Tenant
from gsrules.tenant.names import column, spell, temp_table
from gsrules.tenant.schema import OUTBOX_TABLE

_FETCHED_AT_MOST: Final = 10_000
_GSID: Final = re.compile("[0-9A-Za-z]{36}")

Verdict = tuple[tuple[Fact, ...], tuple[RowDifference, ...], tuple[Problem, ...]]


def verify(workspace: Workspace, expect: Expect, result: RunResult, tenant: Tenant) -> Verdict:
    """What differs: single facts, rows, and what is wrong with the test itself or made the run fail."""
    forms = Forms(workspace.catalogue, workspace.project.profile)
    return _Checks(workspace, expect, result, tenant, forms).run()


class _Checks:
    """One run's comparisons; problems of one do not keep the others from being made."""

    def __init__(self, workspace: Workspace, expect: Expect, result: RunResult, tenant: Tenant, forms: Forms) -> None:
        self._workspace = workspace
        self._expect = expect
        self._result = result
        self._tenant = tenant
        self._forms = forms
        self._facts: list[Fact] = []
        self._rows: list[RowDifference] = []
        self._problems: list[Problem] = []

    def run(self) -> Verdict:
        expect, failed = self._expect, bool(self._result.report.problems)
        self._check_status()
        self._check_codes("errors", expect.errors, self._errors())
        self._check_codes("skips", expect.skips, self._skips())
        if not failed or self._result.report.actions:  # a broken guard ends a run that has come to its actions
            self._each(expect.actions, self._check_counts)
            self._each(expect.tasks, self._check_task)
        if not failed:
            self._each(expect.records, self._check_records)
            if expect.outbox is not None:
                self._each({Text("outbox"): expect.outbox}, self._check_outbox)
        self._each(expect.tenant, self._check_tenant)
        return tuple(self._facts), tuple(self._rows), tuple(self._problems)

    def _each(self, wanted: Mapping[Text, Any] | None, check: Callable[[Text, Any], None]) -> None:
        for name, expected in (wanted or {}).items():
            try:
                check(name, expected)
            except GsrulesError as error:
                self._problems.extend(error.problems)

    def _check_status(self) -> None:
        report, expected = self._result.report, self._expect.status
        if expected is not None and report.status != expected:
            self._facts.append(Fact("status", expected, report.status))
        if report.problems and expected != "FAILURE":
            self._problems.extend(report.problems)

    def _errors(self) -> list[Row]:
        """Codes of row errors and of what made the run fail."""
        report = self._result.report
        rows = [
            {"code": group.code, "action": action.id, "rows": group.rows}
            for action in report.actions
            for group in action.errors
        ]
        return [*rows, *({"code": problem.code, "action": None, "rows": None} for problem in report.problems)]

    def _skips(self) -> list[Row]:
        return [
            {"code": group.code, "action": action.id, "rows": group.rows}
            for action in self._result.report.actions
            for group in action.skips
        ]

    def _check_codes(self, subject: str, expected: Sequence[Any] | None, actual: Sequence[Row]) -> None:
        """Codes alone, or mappings that may also give action and rows."""
        if expected is None:
            return
        wanted = [dict(each) if isinstance(each, Mapping) else {"code": str(each)} for each in expected]
        names = [str(key) for row in wanted for key in row] or ["code"]
        shown = [{key: value for key, value in row.items() if key in names} for row in actual]
        difference = compare_rows(subject, wanted, shown, Asked(key=("code",)))
        if difference:
            self._rows.append(difference)

    def _check_counts(self, name: Text, counts: Mapping[Any, int]) -> None:
        actions = {action.id: action for action in self._result.report.actions}
        action = actions[named("action", name, list(actions))]
        shown = action.as_json()
        for count, expected in counts.items():
            check_count(count)
            if shown[str(count)] != expected:
                self._facts.append(Fact(f"{action.id}: {count}", expected, shown[str(count)]))

    def _check_task(self, name: Text, expected: ExpectedRows) -> None:
        task = named("dataset", name, list(self._result.columns))
        columns = self._result.columns[task]
        wanted = names_in(expected) or [Text(each.name) for each in columns]
        chosen = {key: column_of(columns, key) for key in wanted}
        items = [exp.alias_(column(each.name), f"c{n}", quoted=True) for n, each in enumerate(chosen.values())]
        query = exp.select(*items).from_(temp_table(self._result.datasets[task]))
        self._compare(f"dataset {task}", expected, query, {key: each.type for key, each in chosen.items()})

    def _check_records(self, name: Text, expected: ExpectedRows) -> None:
        found = object_of(self._workspace, name)
        touched = [write.staging for write in self._result.writes if write.object.lower() == found.lower()]
        query, types = read_records(self._workspace, self._tenant, found, names_in(expected) or [Text("Gsid")], touched)
        self._compare(f"records of {found}", expected, query, types)

    def _check_tenant(self, name: Text, expected: ExpectedRows) -> None:
        found = object_of(self._workspace, name)
        query, types = read_records(self._workspace, self._tenant, found, names_in(expected) or [Text("Gsid")])
        self._compare(f"all records of {found}", expected, query, types)

    def _check_outbox(self, name: Text, expected: ExpectedRows) -> None:
        wanted = outbox_names(expected) or [Text("row")]
        types: dict[str, DataType] = {key: DataType(Kind.NUMBER if key == "row" else Kind.STRING) for key in wanted}
        items = [exp.alias_(column(str(key)), f"c{n}", quoted=True) for n, key in enumerate(wanted)]
        own = column("run").eq(exp.Literal.string(self._result.report.run_id))
        query = exp.select(*items).from_(self._tenant.internal(OUTBOX_TABLE)).where(own)
        self._compare(f"the {name}", expected, query, types)

    def _compare(self, subject: str, expected: ExpectedRows, query: exp.Select, types: Mapping[str, DataType]) -> None:
        if expected.rows is not None:
            found = self._count(query)
            if found != expected.rows:
                self._facts.append(Fact(f"{subject}: rows", expected.rows, found))
        if expected.exact is None and expected.contains is None:
            return
        names = [*_names_for_ids(expected, types), *not_numbers(expected, types)]
        if names:
            self._problems.extend(names)
            return
        actual = self._fetched(query, types)
        if len(actual) > _FETCHED_AT_MOST:
            self._problems.append(self._too_many(subject, expected, self._count(query)))
            return
        close = {key: Decimal(str(far)) for key in types if (far := expected.tolerance_of(key))}
        wanted = [
            {str(key): self._forms.expected(value, types[key]) for key, value in row.items()} for row in expected.named
        ]
        asked = Asked(contains=expected.contains is not None, close=close)
        difference = compare_rows(subject, wanted, actual, asked)
        if difference:
            self._rows.append(difference)

    def _fetched(self, query: exp.Select, types: Mapping[str, DataType]) -> list[Row]:
        rows = self._tenant.statements.rows(spell(query.limit(_FETCHED_AT_MOST + 1)))
        return [
            {
                str(key): self._forms.actual(value, type_)
                for (key, type_), value in zip(types.items(), row, strict=False)
            }
            for row in rows
        ]

    def _count(self, query: exp.Select) -> int:
        count = exp.select(exp.Count(this=exp.Star())).from_(query.subquery("rows"))
        return int(self._tenant.statements.rows(spell(count))[0][0])

    def _too_many(self, subject: str, expected: ExpectedRows, found: int) -> Problem:
        message = f"{subject}: {found:,} rows are too many to be compared one by one"
        hint = f"at most {_FETCHED_AT_MOST:,} are; expect `rows`, a dataset that is smaller, or snapshot: true"
        return Problem("GS-TEST-ROWS", message, expected.place, hint=hint)


def _names_for_ids(expected: ExpectedRows, types: Mapping[str, DataType]) -> list[Problem]:
    """A problem for each lookup that is expected to hold a name: it holds a GSID, and no name ever equals that."""
    found: dict[str, Problem] = {}
    for row in expected.named:
        for key, value in row.items():
            if types[key].kind is Kind.LOOKUP and isinstance(value, str) and not _GSID.fullmatch(value):
                message = f"{key} is a lookup: it holds the GSID of a record, not its name"
                hint = (
                    f"write {key}.Name for a field of a record, or expect a column of the dataset that holds the name"
                )
                place = getattr(value, "place", None) or getattr(key, "place", None)
                found.setdefault(str(key), Problem("GS-TYPE", message, place, value=str(value), hint=hint))
    return list(found.values())
