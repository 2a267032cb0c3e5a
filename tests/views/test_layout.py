"""The layout of graphs: layers, order, room."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from gsrules.views.pages.drawing import wrapped
from gsrules.views.pages.layout import Layout, place

GAP = 18.0


def laid(nodes: str, *edges: str) -> Layout:
    return place(dict.fromkeys(nodes, 40.0), [(edge[0], edge[1]) for edge in edges], GAP)


def test_a_node_stands_one_layer_before_what_reads_it() -> None:
    layout = laid("abcde", "ab", "bc", "dc", "ce")
    assert layout.layer_of == {"a": 0, "b": 1, "d": 1, "c": 2, "e": 3}


def test_a_long_edge_bends_through_every_layer_between() -> None:
    layout = laid("abcd", "ab", "bc", "ac", "ad")
    assert layout.layer_of == {"a": 0, "b": 1, "c": 2, "d": 1}
    assert [len(route) for route in layout.routes] == [2, 2, 3, 2]
    assert layout.routes[2][1] in layout.layers[1]


def test_a_chain_is_straight() -> None:
    layout = laid("abcd", "ab", "bc", "cd")
    assert len({layout.centre[node] for node in "abcd"}) == 1


def test_edges_do_not_cross_where_they_need_not() -> None:
    layout = laid("abcd", "ad", "bc")
    first, second = layout.layers
    assert [{"a": "d", "b": "c"}[node] for node in first] == list(second)


def test_what_joins_two_stands_between_them() -> None:
    layout = laid("abc", "ac", "bc")
    assert layout.centre["c"] == (layout.centre["a"] + layout.centre["b"]) / 2


def test_nothing_is_fine() -> None:
    assert place({}, [], GAP).layers == ()


@given(st.integers(1, 14), st.data())
def test_nodes_of_a_layer_never_overlap_and_every_edge_goes_forward(size: int, data: st.DataObject) -> None:
    names = [f"n{n}" for n in range(size)]
    extents = {name: data.draw(st.floats(20, 150)) for name in names}
    pairs = [(a, b) for n, a in enumerate(names) for b in names[n + 1 :]]
    edges = data.draw(st.lists(st.sampled_from(pairs), unique=True, max_size=20)) if pairs else []
    layout = place(extents, edges, GAP)
    assert sorted(node for layer in layout.layers for node in layer if node in extents) == sorted(names)
    for source, target in edges:
        assert layout.layer_of[source] < layout.layer_of[target]
    for layer in layout.layers:
        for left, right in pairwise(layer):
            room = (extents.get(left, 16.0) + extents.get(right, 16.0)) / 2 + GAP
            assert layout.centre[right] - layout.centre[left] >= room - 1e-6
    assert all(layout.centre[name] >= extents[name] / 2 - 1e-6 for name in names)


def test_a_title_is_broken_at_spaces_and_cut_after_two_lines() -> None:
    assert wrapped("Write the day's usage", 16.5, 2) == ("Write the day's", "usage")
    assert wrapped("usage-2026-11-22.csv", 16.5, 2) == ("usage-2026-11-", "22.csv")
    lines = wrapped("one title of many words that nobody would ever write into a box", 16.5, 2)
    assert len(lines) == 2
    assert lines[1].endswith("…")


@given(st.text(max_size=60))
def test_a_title_always_fits(title: str) -> None:
    lines = wrapped(title, 16.5, 2)
    assert 1 <= len(lines) <= 2
    assert all(len(line) <= 34 for line in lines)
