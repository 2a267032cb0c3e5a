"""Draws a rule's graph: boxes, curves and the row counts on them as numbers that a template writes as SVG."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

from gsrules.run.graph import GraphNode, RuleGraph
from gsrules.views.pages.layout import Layout, place
from gsrules.views.pages.words import compact, kind_title

Direction = Literal["across", "down"]
_Spot = tuple[float, float, float]  # the middle of a number, and its width

_WIDTH: Final = 172.0
_GAP_ACROSS, _GAP_DOWN = 50.0, 46.0  # between layers: the row counts stand there
_APART: Final = 18.0  # between the nodes of a layer
_MARGIN: Final = 10.0
_LINE: Final = 16.0
_TITLE_UNITS: Final = 16.5  # how many average letters fit into a box
_READABLE: Final = 1320.0  # wider drawings would be scaled down too far to be read


@dataclass(frozen=True, slots=True)
class Badge:
    """A short text at the corner of a box; `tone` is one of good, fair, bad, changed."""

    text: str
    tone: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Box:
    """A node as drawn; `lines` hold its title, `counts` pairs of outcome and text.

    `unreached`: a task of a run that did not come so far.
    """

    node: GraphNode
    x: float
    y: float
    width: float
    height: float
    lines: tuple[str, ...]
    kind: str
    counts: tuple[tuple[str, str], ...]
    badge: Badge | None
    unreached: bool

    @property
    def described(self) -> str:
        """All that the box says, in words."""
        rows = self.node.rows
        what = "matched" if self.node.group == "action" else f"row{'' if rows == 1 else 's'}"
        parts = [f"{self.kind}: {self.node.title}", f"{rows:,} {what}" if rows is not None else ""]
        parts += [f"{count:,} {outcome}" for outcome, count in self.node.outcomes.items()]
        return ", ".join(part for part in (*parts, self.badge.title if self.badge else "") if part)


@dataclass(frozen=True, slots=True)
class Curve:
    """An edge as drawn: its path, and where its row count stands."""

    path: str
    text: str
    title: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """A whole graph in one direction."""

    direction: Direction
    width: float
    height: float
    boxes: tuple[Box, ...]
    curves: tuple[Curve, ...]


@dataclass(frozen=True, slots=True)
class Drawings:
    """The graph for wide pages, and from top to bottom for narrow ones; only the latter if it is long."""

    across: Drawing | None
    down: Drawing


def draw(graph: RuleGraph, badges: Mapping[str, Badge] | None = None) -> Drawings | None:
    """The drawings of a graph; None where there is nothing to draw. `badges` are by the key of the node."""
    if not graph.nodes:
        return None
    across = _drawing(graph, badges or {}, "across")
    return Drawings(across if across.width <= _READABLE else None, _drawing(graph, badges or {}, "down"))


def _drawing(graph: RuleGraph, badges: Mapping[str, Badge], direction: Direction) -> Drawing:
    lines = {node.key: wrapped(node.title, _TITLE_UNITS, 2) for node in graph.nodes}
    heights = {node.key: _height(node, lines[node.key]) for node in graph.nodes}
    extents = heights if direction == "across" else dict.fromkeys(heights, _WIDTH)
    layout = place(extents, [(edge.source, edge.target) for edge in graph.edges], _APART)
    starts = _starts(layout, heights, direction)
    ran = any(node.rows is not None for node in graph.nodes)
    boxes = []
    for node in graph.nodes:
        centre, start = layout.centre[node.key], starts[layout.layer_of[node.key]]
        x, y = (start, centre - heights[node.key] / 2) if direction == "across" else (centre - _WIDTH / 2, start)
        counts = tuple((outcome, f"{count:,} {outcome}") for outcome, count in node.outcomes.items())
        boxes.append(
            Box(
                node=node,
                x=x + _MARGIN,
                y=y + _MARGIN,
                width=_WIDTH,
                height=heights[node.key],
                lines=lines[node.key],
                kind=kind_title(node.kind),
                counts=counts,
                badge=badges.get(node.key),
                unreached=ran and node.group == "task" and node.rows is None,
            )
        )
    at = {box.node.key: box for box in boxes}
    taken: list[_Spot] = []
    curves = [
        _curve(route, edge.rows, layout, starts, at, direction, taken)
        for edge, route in zip(graph.edges, layout.routes, strict=True)
    ]
    width = max(box.x + box.width for box in boxes) + _MARGIN
    height = max(box.y + box.height for box in boxes) + _MARGIN
    return Drawing(direction, width, height, tuple(boxes), tuple(curves))


def _height(node: GraphNode, lines: Sequence[str]) -> float:
    rows = 1 if node.rows is not None else 0
    return 18 + _LINE * (len(lines) + 1 + (rows if node.group != "source" else 0) + len(node.outcomes))


def _starts(layout: Layout, heights: Mapping[str, float], direction: Direction) -> list[float]:
    """Where each layer begins on the main axis."""
    starts, at = [], 0.0
    for layer in layout.layers:
        starts.append(at)
        if direction == "across":
            at += _WIDTH + _GAP_ACROSS
        else:
            at += max((heights[each] for each in layer if each in heights), default=_LINE) + _GAP_DOWN
    return starts


def _curve(
    route: Sequence[str],
    rows: int | None,
    layout: Layout,
    starts: Sequence[float],
    boxes: Mapping[str, Box],
    direction: Direction,
    taken: list[_Spot],
) -> Curve:
    """A smooth line through the bends of a route; its number stands in the gap after the first node."""
    first, last = boxes[route[0]], boxes[route[-1]]
    across = direction == "across"
    points = [(first.x + first.width, first.y + first.height / 2) if across else _foot(first)]
    layer = layout.layer_of[route[0]]
    for bend in route[1:-1]:
        layer += 1
        main, cross = starts[layer] + _MARGIN, layout.centre[bend] + _MARGIN
        thick = _WIDTH if across else max(b.height for b in boxes.values() if layout.layer_of[b.node.key] == layer)
        points += [(main, cross), (main + thick, cross)] if across else [(cross, main), (cross, main + thick)]
    points.append((last.x, last.y + last.height / 2) if across else (last.x + last.width / 2, last.y))
    path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for (x1, y1), (x2, y2) in pairwise(points):
        mx, my = (x1 + x2) / 2, (y1 + y2) / 2
        path += (
            f" C{mx:.1f} {y1:.1f} {mx:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
            if across
            else (f" C{x1:.1f} {my:.1f} {x2:.1f} {my:.1f} {x2:.1f} {y2:.1f}")
        )
    text = compact(rows) if rows is not None else ""
    title = f"{rows:,} row{'' if rows == 1 else 's'} from {first.node.title}" if rows is not None else ""
    x, y = _free_spot(points[0], points[1], across, 7.5 * len(text) + 6, taken) if text else points[0]
    return Curve(path, text, title, x, y + 4)


def _free_spot(
    start: tuple[float, float], end: tuple[float, float], across: bool, width: float, taken: list[_Spot]
) -> tuple[float, float]:
    """A place on the first bend of a curve, near its middle, where no other number stands yet."""
    spots = []
    for t in (0.5, 0.38, 0.62, 0.28, 0.72):
        # the control points lie half way on the main axis, so there the way is nearly even, and an S across it
        bent = 3 * (1 - t) * t * t + t**3
        even = 1.5 * (1 - t) * (1 - t) * t + 1.5 * (1 - t) * t * t + t**3
        along, aside = (even, bent) if across else (bent, even)
        spot = (start[0] + (end[0] - start[0]) * along, start[1] + (end[1] - start[1]) * aside)
        spots.append(spot)
        if not any(abs(spot[0] - x) < (width + w) / 2 and abs(spot[1] - y) < _LINE for x, y, w in taken):
            break
    else:
        spot = spots[0]
    taken.append((*spot, width))
    return spot


def _foot(box: Box) -> tuple[float, float]:
    return box.x + box.width / 2, box.y + box.height


def wrapped(text: str, units: float, most: int) -> tuple[str, ...]:
    """The text in at most `most` lines of `units` average letters, at spaces and slashes where it can be."""
    lines: list[str] = []
    rest = " ".join(text.split()) or "?"
    while rest and len(lines) < most:
        if _units(rest) <= units:
            lines.append(rest)
            return tuple(lines)
        fitting = next(n for n in range(len(rest), 0, -1) if n == 1 or _units(rest[:n]) <= units)
        if len(lines) == most - 1:
            lines.append(rest[: max(1, fitting - 1)].rstrip() + "…")
            break
        breaks = [n + 1 for n, letter in enumerate(rest[: fitting + 1]) if letter in " /-_,"]
        cut = breaks[-1] if breaks and breaks[-1] > fitting // 3 else fitting
        lines.append(rest[: min(cut, fitting + 1)].rstrip())
        rest = rest[min(cut, fitting + 1) :].lstrip()
    return tuple(lines)


_WIDTHS: Final = dict.fromkeys("iljtfI.,:;'|! ", 0.55) | dict.fromkeys("MWmw@%", 1.5) | {"_": 0.75}


def _units(text: str) -> float:
    """The width of a text in average letters; there is nobody to measure it."""
    return sum(_WIDTHS.get(letter) or _other_width(letter) for letter in text)


def _other_width(letter: str) -> float:
    if unicodedata.combining(letter):
        return 0.0
    if unicodedata.east_asian_width(letter) in "WF":
        return 1.9
    return 1.25 if letter.isupper() else 1.0
