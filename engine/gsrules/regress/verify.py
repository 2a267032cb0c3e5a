"""Holds what a run gave against what a test expects."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlglot import exp

from gsrules.catalogue.datatypes import DataType
from gsrules.errors import GsrulesError, Problem
from gsrules.regress.compare import Row, RowDifference, compare_rows
from gsrules.regress.outcome import Fact
from gsrules.regress.values import Forms
from gsrules.run.engine import RunResult
from gsrules.run.records import read_records
from gsrules.run.tested_names import check_count, column_of, keys_of, named, object_of
from gsrules.run.workspace import Workspace
from gsrules.spec import Text
from gsrules.spec.rule_tests import Expect, TestCase
from gsrules.tenant import Tenant
from gsrules.tenant.names import column, run, temp_table

_FETCHED_AT_MOST = 10_000

Verdict = tuple[tuple[Fact, ...], tuple[RowDifference, ...], tuple[Problem, ...]]


def verify(workspace: Workspace, test: TestCase, result: RunResult, tenant: Tenant) -> Verdict:
    """What differs: single facts, rows, and what is wrong with the test itself or made the run fail."""
    expect = test.expect or Expect()
    forms = Forms(workspace.catalogue, workspace.project.profile)
    checks = _Checks(workspace, expect, result, tenant, forms)
    return checks.run()


class _Checks:
    """One test's comparisons; problems of one do not keep the others from being made."""

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
        self._check_status()
        if self._expect.errors is not None:
            self._check_errors(self._expect.errors)
        if not self._result.report.problems:
            for name, counts in (self._expect.actions or {}).items():
                self._noting(lambda name=name, counts=counts: self._check_counts(name, counts))  # type: ignore[misc]
            for name, rows in (self._expect.tasks or {}).items():
                self._noting(lambda name=name, rows=rows: self._check_task(name, rows))  # type: ignore[misc]
            for name, rows in (self._expect.records or {}).items():
                self._noting(lambda name=name, rows=rows: self._check_records(name, rows))  # type: ignore[misc]
        return tuple(self._facts), tuple(self._rows), tuple(self._problems)

    def _noting(self, check: Callable[[], None]) -> None:
        try:
            check()
        except GsrulesError as error:
            self._problems.extend(error.problems)

    def _check_status(self) -> None:
        report, expected = self._result.report, self._expect.status
        if expected is not None and report.status != expected:
            self._facts.append(Fact("status", expected, report.status))
        if report.problems and expected != "FAILURE":
            self._problems.extend(report.problems)

    def _check_errors(self, expected: Sequence[Any]) -> None:
        """Codes of row errors and of what made the run fail; a mapping may also give action and rows."""
        report = self._result.report
        actual = [
            {"code": group.code, "action": action.id, "rows": group.rows}
            for action in report.actions
            for group in action.errors
        ]
        actual += [{"code": problem.code, "action": None, "rows": 1} for problem in report.problems]
        wanted = [{"code": str(row)} if isinstance(row, str) else dict(row) for row in expected]
        shown = actual if not wanted else [{k: row[k] for k in ("code", "action", "rows")} for row in actual]
        difference = compare_rows("errors", wanted, shown)
        if difference:
            self._rows.append(difference)

    def _check_counts(self, name: Any, counts: Mapping[Any, int]) -> None:
        actions = {action.id: action for action in self._result.report.actions}
        action = actions[named("action", name, list(actions))]
        shown = action.as_json()
        for count, expected in counts.items():
            check_count(count)
            if shown[str(count)] != expected:
                self._facts.append(Fact(f"{action.id}: {count}", expected, shown[str(count)]))

    def _check_task(self, name: Any, expected: Sequence[Row]) -> None:
        task = named("dataset", name, list(self._result.columns))
        columns = self._result.columns[task]
        wanted = keys_of(expected) or [each.name for each in columns]
        chosen = {key: column_of(columns, key) for key in wanted}
        shown = (column(each.name) for each in chosen.values())
        query = exp.select(*shown).from_(temp_table(self._result.datasets[task]))
        types = {key: each.type for key, each in chosen.items()}
        self._compare(f"dataset {task}", expected, self._fetched(query, types), types)

    def _check_records(self, name: Any, expected: Sequence[Row]) -> None:
        found = object_of(self._workspace, name)
        touched = [write.staging for write in self._result.writes if write.object.lower() == found.lower()]
        paths = keys_of(expected) or [Text("Gsid")]
        query, types = read_records(self._workspace, self._tenant, found, paths, touched)
        self._compare(f"records of {found}", expected, self._fetched(query, types), types)

    def _fetched(self, query: exp.Select, types: Mapping[str, DataType]) -> list[Row]:
        rows = run(self._tenant.con, query.limit(_FETCHED_AT_MOST)).fetchall()
        return [
            {key: self._forms.actual(value, type_) for (key, type_), value in zip(types.items(), row, strict=False)}
            for row in rows
        ]

    def _compare(
        self, subject: str, expected: Sequence[Row], actual: Sequence[Row], types: Mapping[str, DataType]
    ) -> None:
        wanted = [{str(key): self._forms.expected(value, types[key]) for key, value in row.items()} for row in expected]
        difference = compare_rows(subject, wanted, actual)
        if difference:
            self._rows.append(difference)
