"""actions.md §5.4: rows that write into one record; rows that hang together."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import duckdb
import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from gsrules.actions.changes.staging import Scratch, column, scratch_prefix, spelled
from gsrules.actions.people.components import components
from gsrules.actions.people.folding import Slot, fold
from gsrules.tenant.statements import Statements


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as made:
        yield made


def test_values_are_carried_on_from_row_to_row(con: duckdb.DuckDBPyConnection) -> None:
    # Row, record, whether it creates it, the value; the stored value of A is 's'; only rows with a value write.
    con.execute(
        "CREATE OR REPLACE TEMP TABLE lines AS SELECT * FROM (VALUES (1, 'A', false, 'x'), (2, 'B', true, NULL),"
        " (3, 'A', false, NULL), (4, 'A', false, 'y'), (5, 'B', false, 'z')) t(row, gsid, makes, v)"
    )
    source = sqlglot.parse_one("SELECT *, CASE WHEN gsid = 'A' THEN 's' END AS \"s:V\" FROM lines", dialect="duckdb")
    assert isinstance(source, exp.Query)
    written = sqlglot.parse_one("NOT v IS NULL", dialect="duckdb")
    made = sqlglot.parse_one("COALESCE(v, 'default')", dialect="duckdb")
    query = fold(source, [Slot("V", column("v"), made, written)])
    found = con.execute(f'SELECT "b:V", "a:V" FROM ({spelled(query)}) ORDER BY row').fetchall()
    assert found == [("s", "x"), (None, "default"), ("x", "x"), ("x", "y"), ("default", "z")]


def test_what_is_appended_begins_anew_after_a_null(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        "CREATE OR REPLACE TEMP TABLE lines AS SELECT *, ['s'] AS \"s:V\" FROM (VALUES (1, 'A', false, ['x', 's']),"
        " (2, 'A', false, ['y']), (3, 'A', false, NULL), (4, 'A', false, ['z'])) t(row, gsid, makes, v)"
    )
    source = sqlglot.parse_one("SELECT * FROM lines", dialect="duckdb")
    assert isinstance(source, exp.Query)
    query = fold(source, [Slot("V", column("v"), column("v"), listed=True, appends=True)])
    found = con.execute(f'SELECT LIST_SORT("a:V") FROM ({spelled(query)}) ORDER BY row').fetchall()
    assert found == [(["s", "x"],), (["s", "x", "y"],), (None,), (["z"],)]


def joined(edges: list[tuple[int, int]]) -> set[frozenset[int]]:
    groups = {node: {node} for edge in edges for node in edge}
    for a, b in edges:
        together = groups[a] | groups[b]
        for node in together:
            groups[node] = together
    return {frozenset(group) for group in groups.values()}


def found_by(con: duckdb.DuckDBPyConnection, edges: list[tuple[int, int]]) -> tuple[set[frozenset[int]], int]:
    con.execute("CREATE OR REPLACE TEMP TABLE edges (u BIGINT, v BIGINT)")
    ends = [[a for a, _ in edges], [b for _, b in edges]]
    for sides in (ends, ends[::-1]):
        con.execute("INSERT INTO edges SELECT UNNEST(CAST(? AS BIGINT[])), UNNEST(CAST(? AS BIGINT[]))", sides)
    scratch = Scratch(Statements(con), scratch_prefix(), {})
    labels = components(scratch, "edges")
    rows = con.execute(f'SELECT LIST(id) FROM "{labels}" GROUP BY label').fetchall()
    return {frozenset(ids) for (ids,) in rows}, int(labels.rpartition("links")[2])


@settings(max_examples=30, deadline=None)
@given(edges=st.lists(st.tuples(st.integers(1, 12), st.integers(1, 12)), max_size=14))
def test_components_are_those_of_the_graph(con: duckdb.DuckDBPyConnection, edges: list[tuple[int, int]]) -> None:
    assert found_by(con, edges)[0] == joined(edges)


@pytest.mark.parametrize("order", [1, 7919])
def test_the_rounds_grow_with_the_logarithm_of_a_chain(con: duckdb.DuckDBPyConnection, order: int) -> None:
    size = 3000
    names = [1 + (i * order) % size for i in range(size)]
    groups, rounds = found_by(con, list(pairwise(names)))
    assert groups == {frozenset(names)}
    assert rounds < 30
