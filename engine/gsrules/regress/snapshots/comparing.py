"""Holds what a test did against its kept snapshot: facts and keyed rows, as for any other expectation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from gsrules.errors import GsrulesError
from gsrules.regress.compare import Asked, Row, RowDifference, compare_rows
from gsrules.regress.outcome import Fact, SnapshotOutcome
from gsrules.regress.snapshots.keeping import file_text
from gsrules.regress.snapshots.taking import Taken
from gsrules.spec.load import load_snapshot
from gsrules.spec.snapshot import SnapshotAction, SnapshotFile, SnapshotFileRead, SnapshotRun

_ABSENT: Final = "—"
"""Stands for a field that one side did not touch at all; null is ∅."""
_SIDES: Final = ("before", "after")


def compare(path: Path, test: str, runs: Sequence[Taken]) -> SnapshotOutcome:
    """The outcome of a snapshot: `same`, `missing`, `differs` or `broken`."""
    taken = file_text(test, runs)
    if not path.exists():
        return SnapshotOutcome(path, "missing", taken)
    try:
        if path.read_bytes() == taken.encode():
            return SnapshotOutcome(path, "same", taken)
        kept = load_snapshot(path)
    except GsrulesError as error:
        return SnapshotOutcome(path, "broken", taken, problems=error.problems)
    now = SnapshotFile.model_validate({"test": test, "runs": list(runs)})
    facts, rows = list(_facts(kept, now)), [each for pair in _pairs(kept, now) for each in _rows(*pair)]
    if not facts and not rows:
        return SnapshotOutcome(path, "same", taken)
    return SnapshotOutcome(path, "differs", taken, tuple(facts), tuple(rows), tuple(_notes(kept, now)))


def _pairs(kept: SnapshotFile, now: SnapshotFile) -> Iterator[tuple[str, SnapshotRun, SnapshotRun]]:
    for number, (old, new) in enumerate(zip(kept.runs, now.runs, strict=False), start=1):
        steps = len(kept.runs) > 1 or len(now.runs) > 1
        yield (f"{new.step or old.step or f'step {number}'} · " if steps else ""), old, new


def _facts(kept: SnapshotFile, now: SnapshotFile) -> Iterator[Fact]:
    if len(kept.runs) != len(now.runs):
        yield Fact("runs", len(kept.runs), len(now.runs))
    for head, old, new in _pairs(kept, now):
        if old.rule != new.rule:
            yield Fact(f"{head}rule", str(old.rule), str(new.rule))
        if old.status != new.status:
            yield Fact(f"{head}status", old.status, new.status)
        if old.problems != new.problems:
            yield Fact(f"{head}problems", ", ".join(old.problems) or None, ", ".join(new.problems) or None)
        yield from _differing(f"{head}rows of ", old.tasks, new.tasks)
        yield from _differing(f"{head}records written to ", _flat(old.written), _flat(new.written))
        for name, action in new.actions.items():
            if name in old.actions:
                yield from _differing(f"{head}{name}: ", old.actions[name].counts, action.counts, missing=0)


def _flat(written: Mapping[Any, Mapping[Any, int]]) -> dict[str, int]:
    return {f"{name} ({kind})": count for name, kinds in written.items() for kind, count in kinds.items()}


def _differing(head: str, old: Mapping[Any, int], new: Mapping[Any, int], missing: int | None = None) -> Iterator[Fact]:
    for name in dict.fromkeys((*old, *new)):
        before, after = old.get(name, missing), new.get(name, missing)
        if before != after:
            yield Fact(f"{head}{name}", before, after)


def _rows(head: str, old: SnapshotRun, new: SnapshotRun) -> Iterator[RowDifference]:
    none = SnapshotAction()
    for name in dict.fromkeys((*old.actions, *new.actions)):
        expected = [_row(effect) for effect in old.actions.get(name, none).effects]
        actual = [_row(effect) for effect in new.actions.get(name, none).effects]
        columns = dict.fromkeys(column for row in (*expected, *actual) for column in row)
        difference = compare_rows(
            f"{head}effects of {name}",
            _filled(expected, columns),
            _filled(actual, columns),
            Asked(key=("key",), figures=True),
        )
        if difference:
            yield difference


def _row(effect: Mapping[str, Any]) -> Row:
    """An effect as one flat row: the values after under the fields' names, those before beside them."""
    row: dict[str, Any] = {str(name): _cell(value) for name, value in effect.items() if name not in _SIDES}
    row |= {f"{name} before": _cell(value) for name, value in effect.get("before", {}).items()}
    return row | {str(name): _cell(value) for name, value in effect.get("after", {}).items()}


def _filled(rows: Sequence[Row], columns: Mapping[str, None]) -> list[Row]:
    return [{column: row.get(column, _ABSENT) for column in columns} for row in rows]


def _cell(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_cell(item) for item in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Decimal(str(value))
    return str(value) if isinstance(value, str) else value


def _notes(kept: SnapshotFile, now: SnapshotFile) -> Iterator[str]:
    """What is not the same about the inputs: often the reason."""
    for head, old, new in _pairs(kept, now):
        before, after = old.inputs, new.inputs
        if before.rule_date != after.rule_date:
            yield f"{head}the rule date was {before.rule_date}, now it is {after.rule_date}"
        if before.params != after.params:
            yield f"{head}the params were {_listed(before.params)}, now they are {_listed(after.params)}"
        for name in dict.fromkeys((*before.records, *after.records)):
            was, is_now = before.records.get(name, 0), after.records.get(name, 0)
            if was != is_now:
                yield f"{head}{name} held {was:,} records before the run, now {is_now:,}"
        for name in dict.fromkeys((*before.files, *after.files)):
            if _content(before.files.get(name)) != _content(after.files.get(name)):
                yield f"{head}{name} {_turned(name in before.files, name in after.files)}"


def _content(file: SnapshotFileRead | None) -> object:
    return (file.rows, str(file.sha256)) if file is not None else None


def _turned(was_there: bool, is_there: bool) -> str:
    if was_there and is_there:
        return "has another content"
    return "was read then, but not now" if was_there else "is read now, but was not then"


def _listed(params: Mapping[Any, Any]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in params.items()) or "none"
