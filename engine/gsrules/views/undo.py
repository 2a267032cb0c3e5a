"""What an undo did, on the terminal and as JSON text."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from gsrules.run.undo.refusals import CODES
from gsrules.run.undo.report import UndoReport
from gsrules.views.paint import Painter, one_line

_DID = {
    "restored": "cyan",
    "removed": "yellow",
    "reopened": "green",
    "put_back": "green",
    "refused": "bold red",
}

_EXAMPLES = 2
"""Of each code; --format json tells more of them, --rows all."""


def as_json_text(report: UndoReport, rows: Sequence[dict[str, Any]] | None = None) -> str:
    """The report; with the rows, if they were asked for."""
    shown = report.as_json() | ({"rows": list(rows)} if rows is not None else {})
    return json.dumps(shown, indent=2, ensure_ascii=False, default=str)


def show(report: UndoReport) -> None:
    """Prints what became of the records, by object, and why some were refused."""
    painter = Painter.of(sys.stdout)
    for line in _lines(painter, report):
        print(line)


def _lines(painter: Painter, report: UndoReport) -> Iterator[str]:
    paint = painter.paint
    yield paint(_title(report), "bold") + paint(f"  {report.rule}  rule date {report.rule_date}", "dim")
    if report.objects:
        header = ("object", *(name.replace("_", " ") for name in _DID))
        rows = [
            (
                each.object,
                *(
                    paint(f"{getattr(each, name):,}", style if getattr(each, name) else "dim")
                    for name, style in _DID.items()
                ),
            )
            for each in report.objects
        ]
        yield from painter.columns(header, rows, right=frozenset(range(1, len(header))))
    elif not report.outbox:
        yield "  the run had written nothing"
    if report.outbox:
        did = "would remove" if report.mode == "dry_run" else "removed"
        yield f"  {did} {_count(report.outbox, 'entry', 'entries')} of the outbox"
    for code, count in report.refusals.items():
        yield f"  refused {paint(code, 'red')}  {_count(count, 'record', 'records')}: {CODES[code]}"
        shown = [each for each in report.examples if each.code == code][:_EXAMPLES]
        for each in shown:
            yield one_line(f"    {each.object} {each.name or each.gsid}: {each.sentence}")
        if count > len(shown) > 0:
            yield f"    … {count - len(shown):,} more"
    for note in report.notes:
        yield paint(f"  {note}", "yellow")
    yield from _next(report)


def _title(report: UndoReport) -> str:
    if report.status == "FAILURE":
        return f"{report.undone} cannot be undone; nothing was changed"
    some = "partly " if report.status == "PARTIAL_SUCCESS" else ""
    if report.mode == "dry_run":
        return f"{report.undone} would be {some}undone; nothing was changed"
    return f"{report.undone} is {some}undone by {report.undo_id}"


def _next(report: UndoReport) -> Iterator[str]:
    if report.status == "FAILURE":
        later = list(dict.fromkeys(each.run for each in report.examples if each.run))
        if later:
            yield f"  undo the later runs first: {', '.join(sorted(later, reverse=True)[:5])}"
        some = any(report.total(name) for name in _DID if name != "refused")
        yield (
            "  or take back what can be: --partial; --rows shows every record"
            if some
            else "  --rows shows every record"
        )


def _count(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"
