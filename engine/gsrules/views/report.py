"""The report of runs on the terminal, and as JSON text."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from gsrules.run.artifacts import file_name
from gsrules.run.report import ActionReport, RunReport
from gsrules.views.behaviours import behaviour_lines
from gsrules.views.paint import Painter
from gsrules.views.problems import as_text

_STATUS_STYLE = {"SUCCESS": "bold green", "PARTIAL_SUCCESS": "bold yellow", "FAILURE": "bold red"}
_OUTCOMES = {
    "created": "green",
    "updated": "green",
    "closed": "green",
    "unchanged": "dim",
    "skipped": "yellow",
    "failed": "bold red",
}
_REQUESTS = {
    "api_call": ("API call", "API calls"),
    "salesforce_write": ("write to Salesforce", "writes to Salesforce"),
    "lead_sync": ("write of a lead", "writes of leads"),
    "opportunity_sync": ("write of an opportunity", "writes of opportunities"),
    "notification": ("notification", "notifications"),
}


def as_json_text(reports: Sequence[RunReport]) -> str:
    """One object for one run, a list for several."""
    shown = [report.as_json() for report in reports]
    return json.dumps(shown[0] if len(shown) == 1 else shown, indent=2, ensure_ascii=False)


def show(reports: Sequence[RunReport]) -> None:
    """Prints each run: its datasets with their rows, its actions with their outcomes, and what went wrong."""
    painter = Painter.of(sys.stdout)
    for position, report in enumerate(reports):
        if position:
            print()
        for line in _lines(painter, report):
            print(line)


def show_demo(folder: Path, reports: Sequence[RunReport], page: Path) -> None:
    """The reports of the demo, and where it lies for a closer look."""
    show(reports)
    print(f"\nAll of it as a page, for your browser: {page}")
    print(f"The project, its tenant and the rows of every step: {folder}")
    print(f'Look around: gsrules query --project {folder} "SELECT Name, DueDate FROM call_to_action LIMIT 5"')


def _lines(painter: Painter, report: RunReport) -> Iterator[str]:
    paint = painter.paint
    yield "".join(
        (
            paint(report.status, _STATUS_STYLE[report.status]),
            f"  {paint(report.name, 'bold')}",
            paint(f"  {report.rule}  rule date {report.rule_date}", "dim"),
            paint("  dry run, nothing kept" if report.mode == "dry_run" else "", "cyan"),
            paint(f"  {report.duration_ms / 1000:.2f} s", "dim"),
        )
    )
    if report.tasks:
        yield from painter.columns(("dataset", "task", "rows", "files"), _tasks(report), right=frozenset({2}))
    if report.actions:
        header = ("action", "from", "rows", "matched", "outcome")
        yield from painter.columns(header, _actions(painter, report), right=frozenset({2, 3}))
    for action in report.actions:
        yield from _groups(painter, action, named=len(report.actions) > 1)
    for line in (*_files(report), *_exports(report), *_outbox(report)):
        yield paint(f"  {line}", "dim")
    for text in as_text(report.warnings).splitlines():
        yield paint(f"  {text}", "yellow")
    for text in as_text(report.problems).splitlines():
        yield f"  {text}"
    yield from behaviour_lines(painter, report)
    if report.artifacts:
        what = "every row and its outcome" if report.actions else "the report"
        yield paint(f"  {what}: {report.artifacts}", "dim")
        if report.has_written:
            yield paint(f"  takes it back: gsrules undo {report.run_id}", "dim")


def _tasks(report: RunReport) -> list[tuple[str, ...]]:
    shown: list[tuple[str, ...]] = []
    for task in report.tasks:
        files = task.files[0] if len(task.files) == 1 else f"{len(task.files)} files" if task.files else ""
        shown.append((task.task, task.type, "–" if task.rows is None else f"{task.rows:,}", files))
    return shown


def _files(report: RunReport) -> Iterator[str]:
    """Where the cells that did not fit are kept, and where the files that were read are now."""
    for task in report.tasks:
        if task.rejects and report.artifacts:
            cells = f"{task.rejects:,} cell{'' if task.rejects == 1 else 's'}"
            yield f"{cells} of {task.task} read as null: {report.artifacts}/rejects/{file_name(task.task)}.parquet"
        if task.archived:
            more = f" and {len(task.archived) - 1:,} more" if len(task.archived) > 1 else ""
            yield f"archived: {task.archived[0]}{more}"


def _exports(report: RunReport) -> Iterator[str]:
    """The files that were exported, or would be."""
    for action in report.actions:
        for export in action.exports:
            size = f"{_rows(export.rows)}, {export.bytes:,} bytes"
            did = "exported" if export.written else "would export" if report.mode == "dry_run" else "not exported"
            yield f"{did}: {export.bucket}/{export.key}  {size}"


def _outbox(report: RunReport) -> Iterator[str]:
    """What went to the outbox, or would, and what was delivered."""
    did = "would go to the outbox" if report.mode == "dry_run" else "in the outbox"
    for action in report.actions:
        sent = "" if action.delivered else "; nothing was sent"
        for kind, count in action.outbox.items():
            one, many = _REQUESTS[kind]
            yield f"{did}: {count:,} {one if count == 1 else many} of {action.id}{sent}"
        for answer, count in action.delivered.items():
            word = f"status {answer}" if answer.isdigit() else answer
            yield f"delivered: {count:,} of {action.id}, {word}"
    if report.notified:
        yield f"{did}: a notification to {', '.join(report.notified)}; nothing was sent"


def _actions(painter: Painter, report: RunReport) -> list[tuple[str, ...]]:
    kept_back = any(problem.code == "GS-GUARD" for problem in report.problems) and report.mode != "dry_run"
    shown: list[tuple[str, ...]] = []
    for action in report.actions:
        counts = action.counts
        outcome = ", ".join(
            painter.paint(f"{getattr(counts, name):,} {name}", style)
            for name, style in _OUTCOMES.items()
            if getattr(counts, name)
        )
        outcome = f"not applied: {outcome}" if kept_back and outcome else outcome
        shown.append((action.id, action.from_, f"{counts.received:,}", f"{counts.matched:,}", outcome or "nothing"))
    return shown


def _groups(painter: Painter, action: ActionReport, *, named: bool) -> Iterator[str]:
    """The codes of an action's rows: failed ones, skipped ones, warnings; under its title where there are several."""
    groups = [
        ("failed", "red", action.errors),
        ("skipped", "yellow", action.skips),
        ("warning", "yellow", action.warnings),
    ]
    if named and any(found for _, _, found in groups):
        yield painter.paint(f"  {action.id}", "bold")
    if action.counts.filtered_null:
        rows = _rows(action.counts.filtered_null)
        yield painter.paint(f"  {rows} did not match only because a value was null", "dim")
    skipped = {group.code for group in action.skips}
    for what, style, found in groups:
        for group in found:
            if what == "warning" and group.code in skipped:
                continue
            line = f"  {what} {painter.paint(group.code, style)}  {_rows(group.rows)}"
            if group.example:
                line += f", for example: {group.example}" if group.rows else f": {group.example}"
            yield line


def _rows(count: int) -> str:
    return f"{count:,} row{'' if count == 1 else 's'}"
