"""What differs between two computed graphs, in words."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from tests.conformance.expectation import Row, plain
from tests.conformance.random_graphs.computed import Both, Computed
from tests.conformance.random_graphs.graph import Graph

NEAR = Decimal("1.5e-9")
SHARE = Decimal("1e-13")


def disagreement(both: Both, graph: Graph) -> str:
    """An empty text where both sides give the same; else what differs, beginning with its kind and a colon."""
    try:
        wanted = both.oracle(graph)
    except Exception as error:
        return f"oracle crashed: {type(error).__name__}: {error}"
    try:
        found = both.engine(graph)
    except Exception as error:
        return f"engine crashed: {type(error).__name__}: {str(error)[:600]}"
    if "the expression is too large" in found.why or "GS-NOT-YET" in found.why:
        return ""
    if wanted.status != found.status:
        return f"{wanted.status} against {found.status}: oracle {wanted.why}; engine {found.why}"
    return _rows_differ(graph, wanted, found)


def _rows_differ(graph: Graph, wanted: Computed, found: Computed) -> str:
    if sorted(wanted.tasks) != sorted(found.tasks):
        return f"tasks: oracle {sorted(wanted.tasks)}, engine {sorted(found.tasks)}"
    for name, rows in wanted.tasks.items():
        loose = {column for column, kind in graph.kinds[name].items() if kind == "result"}
        by_id = {column for column, kind in graph.kinds[name].items() if kind.split()[0] in ("pick", "multi")}
        ordered = wanted.ordered and not by_id and not loose
        if why := differ(rows, found.tasks[name], loose, ordered):
            return f"rows: task {name}: {why}"
    return ""


def differ(wanted: Sequence[Row], found: Sequence[Row], loose: set[str], ordered: bool) -> str:
    """How two lists of rows differ; numbers of `loose` columns may differ in the last digit."""
    if len(wanted) != len(found):
        return f"{len(wanted)} rows from the oracle, {len(found)} from the engine"
    if wanted and list(wanted[0]) != list(found[0]):
        return f"columns: oracle {list(wanted[0])}, engine {list(found[0])}"
    names = list(wanted[0]) if wanted else []
    left, right = _listed(wanted, names, loose, ordered), _listed(found, names, loose, ordered)
    for a, b in zip(left, right, strict=True):
        for name in names:
            if not same(a[name], b[name], name in loose):
                return f"column {name}: oracle {a[name]!r}, engine {b[name]!r}, in the row {b}"
    return ""


def _listed(rows: Sequence[Row], names: list[str], loose: set[str], ordered: bool) -> list[dict[str, Any]]:
    listed = [{name: plain(row[name]) for name in names} for row in rows]
    if ordered:
        return listed
    exact = [name for name in names if name not in loose]
    rough = [name for name in names if name in loose]

    def key(row: dict[str, Any]) -> tuple[Any, ...]:
        return (repr([row[name] for name in exact]),
                tuple((row[n] is None, Decimal(0) if row[n] is None else round(row[n], 7)) for n in rough))  # fmt: skip

    return sorted(listed, key=key)


def same(a: Any, b: Any, loose: bool) -> bool:
    if loose and isinstance(a, Decimal) and isinstance(b, Decimal):
        return abs(a - b) <= max(NEAR, SHARE * abs(a))
    return bool(a == b)
