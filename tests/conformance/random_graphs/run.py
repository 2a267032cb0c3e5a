"""Many seeds: ten graphs a world."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from tests.conformance.random_graphs.compare import disagreement
from tests.conformance.random_graphs.computed import Both
from tests.conformance.random_graphs.graph import Graph, Maker
from tests.conformance.random_graphs.world import World, make_world

GRAPHS_A_WORLD = 10


def made(seed: int) -> tuple[World, Graph]:
    world = make_world(seed // GRAPHS_A_WORLD)
    return world, Maker(world, seed).make()


def disagreements(both: Both, seeds: Iterable[int], size: int = 2) -> Iterator[tuple[int, World, Graph, str]]:
    """Every seed whose graph, of up to `size` tasks over its sources, the two sides compute differently."""
    for number, group in groupby(seeds, lambda seed: seed // GRAPHS_A_WORLD):
        world = make_world(number)
        with both.world(world):
            for seed in group:
                graph = Maker(world, seed, size).make()
                if why := disagreement(both, graph):
                    yield seed, world, graph, why
