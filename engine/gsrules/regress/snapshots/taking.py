"""Takes a snapshot of one run: inputs, counts, and what each action did with every row, in a stable order."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from sqlglot import exp

from gsrules.actions.traits import effect_field
from gsrules.regress.snapshots.references import References
from gsrules.run.engine import RunResult
from gsrules.run.workspace import Workspace
from gsrules.tenant import Tenant
from gsrules.tenant.names import column, run, temp_table

_HASH_LENGTH: Final = 12
_MOST_DIGITS: Final = 15
_READ: Final = ("outcome", "codes", "key", "object", "gsid", "warnings", "before", "after")

Taken = dict[str, Any]
"""A run as it stands in the file: texts, numbers, true, false, null, lists and mappings of them."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What is known of a run before it begins."""

    step: str
    rule_date: dt.date
    params: Mapping[str, Any]
    records: Mapping[str, int]


def take(workspace: Workspace, inputs: Inputs, result: RunResult, tenant: Tenant) -> Taken:
    """The run as a snapshot keeps it; to be called while the run's tables are there."""
    report = result.report
    effects = _Effects(tenant)
    taken: Taken = {"step": inputs.step} if inputs.step else {}
    taken |= {"rule": report.rule, "inputs": _inputs(workspace, inputs, result), "status": report.status}
    if report.problems:
        taken["problems"] = [problem.code for problem in report.problems]
    taken["tasks"] = {task.task: task.rows for task in report.tasks if task.rows is not None}
    taken["written"] = _written(result, tenant)
    taken["actions"] = {
        action.id: {"counts": _counts(action.as_json()), "effects": effects.of(result.effects[action.id])}
        for action in report.actions
    }
    return {name: part for name, part in taken.items() if part not in ({}, [])}


def _inputs(workspace: Workspace, inputs: Inputs, result: RunResult) -> Taken:
    noted: Taken = {"rule_date": inputs.rule_date.isoformat()}
    if inputs.params:
        noted["params"] = {name: plain(value) for name, value in sorted(inputs.params.items())}
    records = {name: count for name, count in inputs.records.items() if count}
    if records:
        noted["records"] = records
    files: Taken = {}
    for task in result.report.tasks:
        rows = {"rows": task.rows} if len(task.files) == 1 and task.rows is not None else {}
        files |= {file: rows | {"sha256": _hash(workspace, file)} for file in task.files}
    return noted | ({"files": dict(sorted(files.items()))} if files else {})


def _hash(workspace: Workspace, file: str) -> str:
    bucket, _, key = file.partition("/")
    settings = workspace.project.buckets.get(bucket)
    if settings is None or settings.path is None:
        return ""
    with (workspace.project.root / settings.path / key).open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()[:_HASH_LENGTH]


def _counts(shown: Mapping[str, Any]) -> Taken:
    return {name: value for name, value in shown.items() if isinstance(value, int) and value}


def _written(result: RunResult, tenant: Tenant) -> Taken:
    """Records by object and kind of write; what an action writes beside its own rows, such as tasks, shows here."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for write in result.writes:
        count = exp.select(exp.Count(this=exp.Star())).from_(temp_table(write.staging))
        row = run(tenant.con, count).fetchone()
        if row and row[0]:
            found[write.object][write.kind] = found[write.object].get(write.kind, 0) + int(row[0])
    return {name: dict(sorted(kinds.items())) for name, kinds in sorted(found.items())}


class _Effects:
    """Reads effects tables; what records are called is looked up once for all of a table."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._names = References(tenant)

    def of(self, table: str) -> list[Taken]:
        """The effects of one action, sorted by what they say."""
        query = exp.select(*(column(name) for name in _READ)).from_(temp_table(table))
        rows = [dict(zip(_READ, row, strict=True)) for row in run(self._tenant.con, query).fetchall()]
        self._learn(rows)
        return sorted((self._effect(row) for row in rows), key=_order)

    def _learn(self, rows: Sequence[Mapping[str, Any]]) -> None:
        wanted: dict[str, set[str]] = defaultdict(set)
        for row in rows:
            if row["object"] and row["gsid"]:
                wanted[row["object"]].add(row["gsid"])
            for side in (row["before"], row["after"]):
                for name, value in (side or {}).items():
                    target = self._target(row["object"], name)
                    if target is not None and isinstance(value, str):
                        wanted[target].add(value)
        self._names.learn(wanted)
        self._names.learn_texts(row["key"] or "" for row in rows)

    def _effect(self, row: Mapping[str, Any]) -> Taken:
        likely = self._likely(row)
        effect: Taken = {"key": self._names.in_text(row["key"] or "", likely), "outcome": row["outcome"]}
        codes = row["codes"] or []
        if codes:
            effect["code"] = codes[0] if len(codes) == 1 else list(codes)
        if row["warnings"]:
            effect["warnings"] = list(row["warnings"])
        record = self._names.of(row["object"], row["gsid"]) if row["object"] and row["gsid"] else None
        if record is not None and "(" in record and record != effect["key"]:
            effect["record"] = record  # a mere number would turn with every record that comes before it
        before, after = self._sides(row, likely)
        return effect | ({"before": before} if before else {}) | ({"after": after} if after else {})

    def _likely(self, row: Mapping[str, Any]) -> list[str]:
        """The objects that a GSID in the row's texts may belong to: custom objects share their numbers."""
        names: list[str] = []
        for side in (row["after"], row["before"]):
            names.extend(found for name in side or {} if (found := self._target(row["object"], name)) is not None)
        return list(dict.fromkeys((*names, *([row["object"]] if row["object"] else []))))

    def _sides(self, row: Mapping[str, Any], likely: Sequence[str]) -> tuple[Taken, Taken]:
        """The fields that a record got, or those that changed."""
        before, after = row["before"] or {}, row["after"] or {}
        if before and after:
            names = [name for name in after if after[name] != before.get(name)]
        else:
            names = [name for name, value in (before | after).items() if value is not None]
        made = (
            {name: self._value(self._target(row["object"], name), side[name], likely) for name in names if name in side}
            for side in (before, after)
        )
        return next(made), next(made)

    def _value(self, target: str | None, value: Any, likely: Sequence[str]) -> Any:
        if isinstance(value, list):
            return sorted(str(self._value(target, item, likely)) for item in value)
        if not isinstance(value, str):
            return plain(value)
        called = self._names.of(target, value) if target is not None else None
        return called or self._names.in_text(value, likely)

    def _target(self, object_: str | None, name: str) -> str | None:
        found = effect_field(self._tenant.catalogue, object_, name)
        return found.type.target if found is not None else None


def _order(effect: Taken) -> tuple[str, ...]:
    return (effect["key"], effect["outcome"], str(effect.get("code")), repr(effect))


def plain(value: Any) -> Any:
    """A value as YAML knows it; a number with more digits than a float keeps is a text."""
    if isinstance(value, Decimal):
        short = value.normalize()
        if len(short.as_tuple().digits) > _MOST_DIGITS:
            return format(short, "f")
        return int(short) if short == short.to_integral_value() else float(short)
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ", timespec="milliseconds" if value.microsecond else "seconds")
    if isinstance(value, dt.date):
        return value.isoformat()
    return value if isinstance(value, str | int | float | bool | None) else str(value)
