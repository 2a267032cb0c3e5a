"""The branches of a run: they can be counted, and those of one condition, merge or union add up."""

from __future__ import annotations

from collections import defaultdict

from sqlglot import exp

from gsrules.regress.branches import Branch, TracedTables, branches_of, count_of
from gsrules.run.engine import RunResult
from gsrules.tenant.names import run, select_from


def counted(result: RunResult) -> dict[Branch, int]:
    """All branches with their rows, each part in one statement."""
    assert result.trace is not None
    parts: dict[str, list[Branch]] = defaultdict(list)
    for branch in branches_of(result.trace.bound, result.trace.unfolded):
        parts[branch.part].append(branch)
    found: dict[Branch, int] = {}
    for part, branches in parts.items():
        row = run(result.trace.tenant.con, count_of(branches, part, TracedTables(result))).fetchone() or ()
        found |= dict(zip(branches, row, strict=True))
    return found


def rows(result: RunResult, part: str) -> int:
    assert result.trace is not None
    (count,) = run(
        result.trace.tenant.con, select_from(result.trace.rows(part), exp.Count(this=exp.Star()))
    ).fetchone() or (0,)
    return int(count)


def check_branches(result: RunResult) -> None:
    """Holds the branches against each other, the rows of their parts and the counts of the report."""
    found = counted(result)
    assert len({branch.id for branch in found}) == len(found)
    groups: dict[tuple[str, str, str, str, str], dict[str, int]] = defaultdict(dict)
    for branch, count in found.items():
        groups[(branch.owner, branch.name, branch.kind, branch.text, branch.part)][branch.side] = count
        if branch.kind == "join" and branch.counted is False:
            assert count == 0, branch.id
    for (_, _, kind, text, part), sides in groups.items():
        if kind in ("condition", "filter", "criteria", "group") or (
            kind == "lookup" and "found" in sides and "▸" in part
        ):
            # A condition without a null has none: else the sides would not add up.
            assert sum(sides.values()) == rows(result, part), (part, text, sides)
    for action in result.report.actions:
        own = {branch: n for branch, n in found.items() if branch.kind == "outcome" and branch.name == action.id}
        shown = action.as_json()
        assert all(n == shown[branch.text] for branch, n in own.items() if branch.side == "reached")
        # One branch a code: another code may have skipped the other rows.
        assert all(n <= shown[branch.text] for branch, n in own.items() if branch.side != "reached")
