"""The report of runs on the terminal, and as JSON text."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gsrules.run.report import ActionReport, RunReport
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


def as_json_text(reports: Sequence[RunReport]) -> str:
    """One object for one run, a list for several."""
    shown = [report.as_json() for report in reports]
    return json.dumps(shown[0] if len(shown) == 1 else shown, indent=2, ensure_ascii=False)


def show(reports: Sequence[RunReport]) -> None:
    """Prints each run: its datasets with their rows, its actions with their outcomes, and what went wrong."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    for position, report in enumerate(reports):
        if position:
            console.print()
        _show_one(console, report)


def show_demo(folder: Path, reports: Sequence[RunReport]) -> None:
    """The reports of the demo, and where it lies for a closer look."""
    show(reports)
    console = Console(highlight=False, soft_wrap=True)
    console.print()
    console.print(Text(f"The project, its tenant and the rows of every step: {folder}"))
    console.print(
        Text(f'Look around: gsrules query --project {folder} "SELECT Name, DueDate FROM call_to_action LIMIT 5"')
    )


def _show_one(console: Console, report: RunReport) -> None:
    title = Text.assemble(
        (report.status, _STATUS_STYLE[report.status]),
        ("  "),
        (report.name, "bold"),
        (f"  {report.rule}  rule date {report.rule_date}", "dim"),
        ("  dry run, nothing kept" if report.mode == "dry_run" else "", "cyan"),
        (f"  {report.duration_ms / 1000:.2f} s", "dim"),
    )
    console.print(title)
    if report.tasks:
        console.print(_tasks(report))
    if report.actions:
        console.print(_actions(report.actions))
    for action in report.actions:
        _show_groups(console, action, named=len(report.actions) > 1)
    for text in as_text(report.warnings).splitlines():
        console.print(Text(f"  {text}"), style="yellow")
    for text in as_text(report.problems).splitlines():
        console.print(Text(f"  {text}"))
    if report.artifacts:
        what = "every row and its outcome" if report.actions else "the report"
        console.print(Text(f"  {what}: {report.artifacts}", "dim"), soft_wrap=True)


def _tasks(report: RunReport) -> Table:
    grid = Table(box=None, padding=(0, 2), header_style="dim")
    for name in ("dataset", "task"):
        grid.add_column(name)
    grid.add_column("rows", justify="right")
    grid.add_column("files", overflow="fold")
    for task in report.tasks:
        files = task.files[0] if len(task.files) == 1 else f"{len(task.files)} files" if task.files else ""
        rows = "–" if task.rows is None else f"{task.rows:,}"
        grid.add_row(Text(task.task), Text(task.type), rows, Text(files))
    return grid


def _actions(actions: Sequence[ActionReport]) -> Table:
    grid = Table(box=None, padding=(0, 2), header_style="dim")
    for name in ("action", "from"):
        grid.add_column(name)
    for name in ("rows", "matched"):
        grid.add_column(name, justify="right")
    grid.add_column("outcome", overflow="fold")
    for action in actions:
        counts = action.counts
        outcome = Text(", ").join(
            Text(f"{getattr(counts, name):,} {name}", style)
            for name, style in _OUTCOMES.items()
            if getattr(counts, name)
        )
        grid.add_row(
            Text(action.id),
            Text(action.from_),
            f"{counts.received:,}",
            f"{counts.matched:,}",
            outcome or Text("nothing"),
        )
    return grid


def _show_groups(console: Console, action: ActionReport, *, named: bool) -> None:
    """The codes of an action's rows: failed ones, skipped ones, warnings; under its title where there are several."""
    groups = [
        ("failed", "red", action.errors),
        ("skipped", "yellow", action.skips),
        ("warning", "yellow", action.warnings),
    ]
    if named and any(found for _, _, found in groups):
        console.print(Text(f"  {action.id}", "bold"))
    if action.counts.filtered_null:
        rows = _rows(action.counts.filtered_null)
        console.print(Text(f"  {rows} did not match only because a value was null", "dim"))
    skipped = {group.code for group in action.skips}
    for what, style, found in groups:
        for group in found:
            if what == "warning" and group.code in skipped:
                continue
            line = Text.assemble(f"  {what} ", (group.code, style), f"  {_rows(group.rows)}")
            if group.example:
                line.append(f", for example: {group.example}" if group.rows else f": {group.example}")
            console.print(line, soft_wrap=True)


def _rows(count: int) -> str:
    return f"{count:,} row{'' if count == 1 else 's'}"
