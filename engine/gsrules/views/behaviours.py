"""The undocumented behaviours on which a run depended, in a few lines."""

from __future__ import annotations

from collections.abc import Iterator

from gsrules.run.behaviours.model import Behaviour
from gsrules.run.report import RunReport
from gsrules.views.paint import Painter, one_line

_SHOWN = 5


def behaviour_lines(painter: Painter, report: RunReport) -> Iterator[str]:
    """What to verify on the tenant, the most rows first; keys that project or rule set count as decided."""
    open_ones = [each for each in report.behaviours if each.set_in == "default"]
    counted = sorted((each for each in open_ones if each.rows is not None), key=lambda each: -(each.rows or 0))
    uncounted = sorted({each.key for each in open_ones if each.rows is None})
    if counted:
        yield painter.paint("  this result rests on behaviour that is not documented; verify on the tenant:", "cyan")
    for each in counted[:_SHOWN]:
        yield f"    {painter.paint(each.key, 'bold')}  {one_line(_spot(each))}: {one_line(each.what)}"
    if len(counted) > _SHOWN:
        yield painter.paint(f"    and {len(counted) - _SHOWN} more: --format json", "dim")
    if uncounted:
        yield painter.paint(f"  not counted, for they read many rows: {', '.join(uncounted)}", "dim")
        yield painter.paint("  --behaviours exact counts them, however long it takes", "dim")
    if open_ones:
        key = (counted[0].key if counted else uncounted[0]) if open_ones else ""
        yield painter.paint(
            f"  more: gsrules profile {key}; a key that is set below [profile] is not told again", "dim"
        )


def _spot(each: Behaviour) -> str:
    return each.action or each.task
