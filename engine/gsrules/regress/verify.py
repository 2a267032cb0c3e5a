"""Holds what a run gave against what a test expects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlglot import exp

from gsrules.catalogue.datatypes import DataType
from gsrules.errors import GsrulesError, InputError, Problem, nearest
from gsrules.plan.nodes import Column
from gsrules.regress.compare import Row, RowDifference, compare_rows
from gsrules.regress.outcome import Fact
from gsrules.regress.values import Forms
from gsrules.run.engine import RunResult
from gsrules.run.records import read_records
from gsrules.run.workspace import Workspace
from gsrules.spec import Text
from gsrules.spec.rule_tests import Expect, TestCase
from gsrules.tenant import Tenant

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
                self._check_counts(name, counts)
            for name, rows in (self._expect.tasks or {}).items():
                self._check_task(name, rows)
            for name, rows in (self._expect.records or {}).items():
                self._check_records(name, rows)
        return tuple(self._facts), tuple(self._rows), tuple(self._problems)

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
        actions = {action.id.lower(): action for action in self._result.report.actions}
        action = actions.get(name.lower())
        if action is None:
            known = [each.id for each in self._result.report.actions]
            self._unknown("action", name, known)
            return
        shown = action.as_json()
        for count, expected in counts.items():
            if not isinstance(shown.get(str(count)), int):
                self._unknown("count", count, [key for key, value in shown.items() if isinstance(value, int)])
            elif shown[str(count)] != expected:
                self._facts.append(Fact(f"{action.id}: {count}", expected, shown[str(count)]))

    def _check_task(self, name: Any, expected: Sequence[Row]) -> None:
        columns = next((c for task, c in self._result.columns.items() if task.lower() == name.lower()), None)
        if columns is None:
            self._unknown("dataset", name, list(self._result.columns))
            return
        task = next(task for task in self._result.columns if task.lower() == name.lower())
        wanted = dict.fromkeys(key for row in expected for key in row) or [column.name for column in columns]
        try:
            chosen = {key: _column(columns, key) for key in wanted}
        except InputError as error:
            self._problems.extend(error.problems)
            return
        query = exp.select(*(_quoted(column.name) for column in chosen.values())).from_(
            exp.Table(this=exp.to_identifier(self._result.datasets[task], quoted=True))
        )
        types = {key: column.type for key, column in chosen.items()}
        self._compare(f"dataset {task}", expected, self._fetched(query, types), types)

    def _check_records(self, name: Any, expected: Sequence[Row]) -> None:
        found = self._workspace.catalogue.object(name)
        if found is None:
            self._unknown("object", name, list(self._workspace.catalogue.objects))
            return
        touched = [write.staging for write in self._result.writes if write.object.lower() == found.name.lower()]
        paths = list(dict.fromkeys(key for row in expected for key in row)) or [Text("Gsid")]
        try:
            query, types = read_records(self._workspace, self._tenant, found.name, paths, touched)
        except GsrulesError as error:
            self._problems.extend(error.problems)
            return
        self._compare(f"records of {found.name}", expected, self._fetched(query, types), types)

    def _fetched(self, query: exp.Select, types: Mapping[str, DataType]) -> list[Row]:
        rows = self._tenant.con.execute(query.limit(_FETCHED_AT_MOST).sql("duckdb")).fetchall()
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

    def _unknown(self, what: str, name: Any, known: Sequence[str]) -> None:
        self._problems.append(
            Problem(
                "GS-NAME",
                f"there is no {what} '{name}' (INVALID_FIELD)",
                getattr(name, "place", None),
                value=str(name),
                nearest=nearest(name, known),
                hint=f"known: {', '.join(known[:20])}" if known else "",
            )
        )


def _quoted(name: str) -> exp.Column:
    return exp.column(exp.to_identifier(name, quoted=True))


def _column(columns: Sequence[Column], name: Any) -> Column:
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
