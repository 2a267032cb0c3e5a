"""Places the nodes of a graph in layers: by longest path, ordered by barycentre, straightened by least squares.

Works along a main axis (from layer to layer) and a cross axis (within a layer); the drawing decides which of them
is horizontal. A graph of a rule has tens of nodes, so nothing here needs to be clever about time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

_SWEEPS = 8
_BEND = 16.0  # room of an edge that passes through a layer


@dataclass(frozen=True, slots=True)
class Layout:
    """The layers of nodes and bends, and the centre of each on the cross axis.

    `routes` gives, for each edge in order, the places that it passes: its ends, and a bend in every layer between.
    """

    layers: tuple[tuple[str, ...], ...]
    centre: Mapping[str, float]
    layer_of: Mapping[str, int]
    routes: tuple[tuple[str, ...], ...]


@dataclass(slots=True)
class _Work:
    layers: list[list[str]]
    before: dict[str, list[str]] = field(default_factory=dict)
    after: dict[str, list[str]] = field(default_factory=dict)


def place(nodes: Mapping[str, float], edges: Sequence[tuple[str, str]], gap: float) -> Layout:
    """A layout of `nodes` (key → extent on the cross axis), at least `gap` apart. The edges must not form a circle."""
    layer_of = _layers(list(nodes), edges)
    work = _Work([[] for _ in range(max(layer_of.values(), default=-1) + 1)])
    for node in nodes:
        work.layers[layer_of[node]].append(node)
    routes = tuple(_route(number, edge, layer_of, work) for number, edge in enumerate(edges))
    for route in routes:
        for near, far in pairwise(route):
            work.after.setdefault(near, []).append(far)
            work.before.setdefault(far, []).append(near)
    _order(work)
    extent = {each: nodes.get(each, _BEND) for layer in work.layers for each in layer}
    return Layout(tuple(map(tuple, work.layers)), _straighten(work, extent, gap), layer_of, routes)


def _layers(nodes: Sequence[str], edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    """The longest path to each node, then each node moved as near as it can be to what reads it."""
    parents: dict[str, list[str]] = {node: [] for node in nodes}
    children: dict[str, list[str]] = {node: [] for node in nodes}
    for source, target in edges:
        parents[target].append(source)
        children[source].append(target)
    found: dict[str, int] = {}
    pending = [node for node in nodes if not parents[node]]
    waiting = {node: len(parents[node]) for node in nodes}
    while pending:
        node = pending.pop(0)
        found[node] = max((found[parent] + 1 for parent in parents[node]), default=0)
        for child in children[node]:
            waiting[child] -= 1
            if not waiting[child]:
                pending.append(child)
    for node in sorted(found, key=lambda each: -found[each]):
        if children[node]:
            found[node] = min(found[child] for child in children[node]) - 1
    return found


def _route(number: int, edge: tuple[str, str], layer_of: Mapping[str, int], work: _Work) -> tuple[str, ...]:
    source, target = edge
    bends = []
    for layer in range(layer_of[source] + 1, layer_of[target]):
        bend = f"bend {number} {layer}"
        work.layers[layer].append(bend)
        bends.append(bend)
    return (source, *bends, target)


def _order(work: _Work) -> None:
    """Orders every layer by the middle of its neighbours, to and fro, and keeps the order with the fewest crossings."""
    best, fewest = [list(layer) for layer in work.layers], _crossings(work)
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 0
        beside = work.before if forward else work.after
        chosen = work.layers if forward else list(reversed(work.layers))
        for fixed, free in pairwise(chosen):
            at = {each: position for position, each in enumerate(fixed)}
            middle = {
                each: _mean([at[other] for other in beside.get(each, ()) if other in at], position)
                for position, each in enumerate(free)
            }
            free.sort(key=middle.__getitem__)
        crossings = _crossings(work)
        if crossings < fewest:
            best, fewest = [list(layer) for layer in work.layers], crossings
    work.layers[:] = best


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _crossings(work: _Work) -> int:
    total = 0
    for near, far in pairwise(work.layers):
        at = {each: position for position, each in enumerate(far)}
        ends = [(n, at[other]) for n, each in enumerate(near) for other in work.after.get(each, ())]
        total += sum((a[0] - b[0]) * (a[1] - b[1]) < 0 for position, a in enumerate(ends) for b in ends[position + 1 :])
    return total


def _straighten(work: _Work, extent: Mapping[str, float], gap: float) -> dict[str, float]:
    """Moves every place towards the middle of its neighbours, as far as the room in its layer allows."""
    centre: dict[str, float] = {}
    for layer in work.layers:
        centre |= _spread(layer, [0.0] * len(layer), extent, gap)
    for sweep in range(2 * _SWEEPS):
        layers: Iterable[list[str]] = work.layers if sweep % 2 == 0 else reversed(work.layers)
        for layer in layers:
            near = {each: work.before.get(each, []) + work.after.get(each, []) for each in layer}
            wanted = [_mean([centre[other] for other in near[each]], centre[each]) for each in layer]
            centre |= _spread(layer, wanted, extent, gap)
    least = min((centre[each] - extent[each] / 2 for each in centre), default=0.0)
    return {each: position - least for each, position in centre.items()}


def _spread(layer: Sequence[str], wanted: Sequence[float], extent: Mapping[str, float], gap: float) -> dict[str, float]:
    """The centres nearest to those `wanted` (least squares) that keep the order and the gaps of a layer."""
    offsets = [0.0]
    for left, right in pairwise(layer):
        offsets.append(offsets[-1] + (extent[left] + extent[right]) / 2 + gap)
    blocks: list[tuple[float, int]] = []
    for want, offset in zip(wanted, offsets, strict=False):
        block = (want - offset, 1)
        while blocks and blocks[-1][0] > block[0]:
            value, size = blocks.pop()
            block = ((value * size + block[0] * block[1]) / (size + block[1]), size + block[1])
        blocks.append(block)
    settled = [value for value, size in blocks for _ in range(size)]
    return {each: value + offset for each, value, offset in zip(layer, settled, offsets, strict=False)}
