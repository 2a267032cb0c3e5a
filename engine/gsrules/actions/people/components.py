"""Connected components, set-based: rows that share a key directly or through other rows (actions.md §5.4).

Every round hooks roots onto the least label next to them and shortens all paths, so that the rounds grow with the
logarithm of the longest chain, not with the rows; what has no edges needs none.
"""

from __future__ import annotations

from functools import partial

from sqlglot import exp

from gsrules.actions.changes.staging import Scratch, column, fragment, named, relation, select, sub


def components(scratch: Scratch, edges: str) -> str:
    """A table with `id` and `label` for every node of `edges`: the nodes of one component share the label.

    `edges` is a table with the whole numbers `u` and `v`, each edge in both directions.
    """

    def start() -> exp.Select:
        nodes = select(named(column("u"), "id"), named(column("u"), "label")).from_(relation(edges), copy=False)
        return nodes.distinct(copy=False)

    labels = scratch.table("links0", start)
    before, now, rounds = None, _sum(scratch, labels), 0
    while now != before:
        rounds += 1
        labels = scratch.table(f"links{rounds}", partial(_hooked, edges, labels))
        before, now = now, _sum(scratch, labels)
    return labels


def _sum(scratch: Scratch, labels: str) -> str | None:
    """Labels only ever fall: while any does, so does their sum."""

    def query() -> exp.Select:
        return select(fragment("CAST(SUM(:l) AS VARCHAR)", l=column("label"))).from_(relation(labels), copy=False)

    found: str | None = scratch.row(f"sum of {labels}", query)[0]
    return found


def _hooked(edges: str, labels: str) -> exp.Select:
    """One round: a node, and its root, take the least of the labels of the roots of its neighbours."""
    on = exp.EQ(this=column("id", "b"), expression=column("label", "a"))
    roots = select(column("id", "a"), named(column("label", "a"), "root"), named(column("label", "b"), "least"))
    roots = roots.from_(relation(labels, "a"), copy=False).join(relation(labels, "b"), on=on, copy=False)
    beside = exp.EQ(this=column("id", "n"), expression=column("v", "e"))
    own = exp.EQ(this=column("id", "r"), expression=column("u", "e"))
    near = select(column("u", "e"), column("root", "r"), column("least", "n")).from_(relation(edges, "e"), copy=False)
    near = near.join(sub(roots.copy(), "n"), on=beside, copy=False).join(sub(roots.copy(), "r"), on=own, copy=False)
    ids = fragment("UNNEST([:u, :r])", u=column("u"), r=column("root"))
    hooks = select(named(ids, "id"), column("least")).from_(sub(near, "n"), copy=False)
    shortened = select(column("id"), column("least")).from_(sub(roots, "r"), copy=False)
    every = exp.Union(this=shortened, expression=hooks, distinct=False)
    least = named(fragment("MIN(:l)", l=column("least")), "label")
    return select(column("id"), least).from_(sub(every, "m"), copy=False).group_by(column("id"), copy=False)
