"""What a recorded test expects: status, datasets of actions, counts, records written, row errors and skips."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any, Final

from sqlglot import exp

from gsrules.actions.ctas.decision import CTA
from gsrules.catalogue import ObjectDef
from gsrules.catalogue.datatypes import DataType, Family
from gsrules.dataclass import dataclass
from gsrules.regress.record.book import plain
from gsrules.regress.record.gather import results_of
from gsrules.regress.values import Forms
from gsrules.run.engine import RunResult
from gsrules.run.records import read_records
from gsrules.run.report import ActionReport
from gsrules.run.workspace import Workspace
from gsrules.tenant import Tenant
from gsrules.tenant.names import GSID, column, run, select_from, temp_table

_MOST_ROWS: Final = 200
_LEFT_OUT: Final = frozenset(("OriginalDueDate", "EntityType", "TotalTaskCount", "ClosedTaskCount", "IsImportant"))
"""What follows from the other fields of a CTA, or is always the same."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Expectation:
    """The `expect` of a test, ready to be written."""

    status: str
    tasks: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    actions: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    records: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    errors: Sequence[Row] = ()
    skips: Sequence[Row] = ()


def expectation_of(workspace: Workspace, result: RunResult, tenant: Tenant) -> Expectation:
    """What the finished run came to."""
    report = result.report
    read = _Reader(workspace, result, tenant)
    return Expectation(
        report.status,
        read.tasks(),
        {action.id: _counts(action) for action in report.actions},
        read.records(),
        [_group(action, group) for action in report.actions for group in action.errors],
        [_group(action, group) for action in report.actions for group in action.skips],
    )


def _counts(action: ActionReport) -> dict[str, int]:
    counts = action.counts
    return {"received": counts.received, "matched": counts.matched, **counts.of_outcomes()}


def _group(action: ActionReport, group: Any) -> Row:
    return {"code": group.code, "action": action.id, "rows": group.rows}


class _Reader:
    def __init__(self, workspace: Workspace, result: RunResult, tenant: Tenant) -> None:
        self._workspace = workspace
        self._catalogue = workspace.catalogue
        self._result = result
        self._tenant = tenant
        self._forms = Forms(workspace.catalogue, workspace.project.profile)

    def tasks(self) -> dict[str, list[Row]]:
        """The rows of the datasets that actions work on, without GSIDs: those of a test are its own."""
        trace = self._result.trace
        assert trace is not None
        found: dict[str, list[Row]] = {}
        for task in results_of(trace.bound.plan, trace.bound.actions):
            columns = [each for each in self._result.columns[task] if each.type.family is not Family.ID]
            if task in found or not columns:
                continue
            rows = select_from(temp_table(self._result.datasets[task]), *(column(each.name) for each in columns))
            types = {each.name: each.type for each in columns}
            found[task] = self._fetched(rows.order_by(column("__row"), copy=False), types)
        return {task: rows for task, rows in found.items() if len(rows) <= _MOST_ROWS}

    def records(self) -> dict[str, list[Row]]:
        """The records that the run created or changed, with the fields that it wrote."""
        writes: dict[str, dict[str, None]] = {}
        tables: dict[str, list[str]] = {}
        for write in self._result.writes:
            writes.setdefault(write.object, {}).update(dict.fromkeys(write.fields))
            tables.setdefault(write.object, []).append(write.staging)
        found: dict[str, list[Row]] = {}
        for name, fields in writes.items():
            definition = self._catalogue.object(name)
            assert definition is not None
            paths = list(self._paths(definition, fields))
            query, types = read_records(self._workspace, self._tenant, name, paths, tables[name])
            rows = self._fetched(query.order_by(exp.Literal.number(1), copy=False), types)
            filled = [path for path in paths if any(row[path] is not None for row in rows)]
            if rows and len(rows) <= _MOST_ROWS:
                found[name] = [{path: row[path] for path in filled} for row in rows]
        return found

    def _paths(self, definition: ObjectDef, fields: Mapping[str, None]) -> Iterator[str]:
        """The fields that were written, by which people tell records apart first; lookups by a name of their target."""
        for name, each in definition.fields.items():
            tells = each.name_field or (definition.name == CTA and name == "CompanyId")
            written = name in fields and not (each.system or each.audit or name == GSID or name in _LEFT_OUT)
            if not (tells or written):
                continue
            if each.type.target is None:
                yield name
                continue
            told = self._catalogue.objects[each.type.target].name_field
            if told is not None:
                yield f"{name}.{'Email' if each.type.target == 'gsuser' else told.name}"

    def _fetched(self, query: exp.Select, types: Mapping[str, DataType]) -> list[Row]:
        rows = run(self._tenant.con, query.limit(_MOST_ROWS + 1)).fetchall()
        return [
            {
                key: self._shown(self._forms.actual(value, type_))
                for (key, type_), value in zip(types.items(), row, strict=False)
            }
            for row in rows
        ]

    def _shown(self, value: Any) -> Any:
        """Instants are in UTC; a test reads texts without a zone in the tenant's."""
        shown = plain(value)
        in_utc = self._workspace.project.profile["tenant.timezone"] == "UTC"
        return f"{shown}Z" if isinstance(value, dt.datetime) and not in_utc else shown
