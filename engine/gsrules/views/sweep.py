"""A sweep as text: how many records each value hits, then who is at the margin."""

from __future__ import annotations

from collections.abc import Iterator

from gsrules.regress.sweep import ActionSweep, Margin, SweepReport
from gsrules.tenant.changes import OUTCOMES, Counts
from gsrules.views.paint import one_line

_BAR = 24


def sweep_text(report: SweepReport, shown: int) -> str:
    """All values of all actions; of each margin the first `shown` records."""
    values = f"{len(report.values)} values of {report.param}, now {report.current}"
    how = "from one run" if report.runs == 1 else f"from {report.runs} runs: {report.reason}"
    lines = [f"{report.rule}  rule date {report.rule_date}  {values}, {how}"]
    for action in report.actions:
        lines += ["", *_action(report, action, shown)]
    return "\n".join(lines)


def _action(report: SweepReport, action: ActionSweep, shown: int) -> Iterator[str]:
    yield f"{action.id}  {action.action}"
    if not action.moves:
        yield f"  every value hits the same records: {_same(action.points[0].counts)}"
        return
    outcomes = [name for name in OUTCOMES if any(getattr(point.counts, name) for point in action.points)]
    most = max(point.counts.matched for point in action.points)
    width = max([len(report.param), *(len(point.value) for point in action.points)]) + 2
    yield f"  {report.param:>{width}}" + f"{'matched':>10}" + "".join(f"{name:>11}" for name in outcomes)
    for point in action.points:
        counts = point.counts
        mark = "← now" if point.value == report.current else ""
        figures = f"{counts.matched:>10,}" + "".join(f"{getattr(counts, name):>11,}" for name in outcomes)
        bar = "▇" * (round(counts.matched / most * _BAR) if most else 0)
        yield f"  {point.value:>{width}}{figures}  {bar} {mark}".rstrip()
    yield "  at the margin"
    for margin in action.margins:
        yield from _margin(margin, shown)


def _same(counts: Counts) -> str:
    parts = [f"{getattr(counts, name):,} {name}" for name in ("matched", *OUTCOMES) if getattr(counts, name)]
    return ", ".join(parts) or "nothing matched"


def _margin(margin: Margin, shown: int) -> Iterator[str]:
    step = f"{margin.before} → {margin.after}"
    if not (margin.enter or margin.leave):
        yield f"    {step}  nobody"
        return
    moves = [f"{n:,} {word}" for n, word in ((margin.enter, "enter"), (margin.leave, "leave")) if n]
    yield f"    {step}  {', '.join(moves)}"
    for row in margin.rows[:shown]:
        sign = "+" if row.change == "enters" else "-"
        decides = "  ".join(f"{text} {'∅' if value is None else value}" for text, value in row.decides.items())
        yield one_line(f"      {sign} {row.name}  {decides}".rstrip())
    hidden = margin.enter + margin.leave - min(shown, len(margin.rows))
    if hidden > 0:
        yield f"      … {hidden:,} more; --limit shows more"
