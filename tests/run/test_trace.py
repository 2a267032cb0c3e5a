"""The trace of a run: rows of parts, followed to what they were made of and to what was made of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from sqlglot import exp, parse_one

from gsrules.run.engine import RunOptions, run_rule
from gsrules.run.trace import Trace
from gsrules.run.workspace import Workspace


@pytest.fixture
def trace(workspace: Workspace) -> Iterator[Trace]:
    with workspace.tenant("dry_run", workspace.project.root / "s.duckdb") as tenant:
        options = RunOptions(rule_date=date(2026, 11, 23), mode="dry_run", trace=True)
        found = run_rule(workspace, "usage", options, tenant).trace
        assert found is not None
        yield found


def rows(trace: Trace, query: exp.Query | str) -> list[tuple[object, ...]]:
    text = query if isinstance(query, str) else query.sql("duckdb")
    return sorted(trace.tenant.con.execute(text).fetchall(), key=repr)


def chosen(trace: Trace, part: str, condition: str) -> exp.Query:
    query = parse_one(f'SELECT __row AS "row" FROM "{trace.table(part)}" WHERE {condition}', dialect="duckdb")
    assert isinstance(query, exp.Query)
    return query


def seen(trace: Trace, part: str, found: dict[str, exp.Select], column: str) -> list[object]:
    known = found[part].sql("duckdb")
    table = trace.table(part)
    return [value for (value,) in rows(trace, f'SELECT "{column}" FROM "{table}" WHERE __row IN ({known})')]


def test_a_row_of_a_dataset_is_followed_up_to_its_sources(trace: Trace) -> None:
    found = trace.ancestors({"Joined": chosen(trace, "Joined", "Name = 'Alpha'")})
    assert seen(trace, "Usage file", found, "Logins") == [12, 8]
    assert seen(trace, "Companies ▸ 1 records", found, "Name") == ["Alpha"]


def test_a_row_of_a_file_is_followed_down_to_the_datasets(trace: Trace) -> None:
    found = trace.descendants({"Usage file": chosen(trace, "Usage file", "\"Account ID\" = 'B-1'")})
    assert seen(trace, "Joined", found, "Name") == ["Beta"]
    lost = trace.descendants({"Usage file": chosen(trace, "Usage file", "\"Account ID\" = 'X-9'")})
    assert seen(trace, "By account", lost, "Logins") == [1]
    assert rows(trace, lost["Joined"]) == []


def test_rows_of_a_file_know_their_number_in_it(trace: Trace) -> None:
    lines = trace.lines("Usage file").sql("duckdb")
    table = trace.table("Usage file")
    found = rows(trace, f'SELECT l.line, f.Logins FROM ({lines}) l JOIN "{table}" f ON f.__row = l."row"')
    assert found == [(1, 12), (2, 40), (3, 8), (4, 1)]


def test_groups_are_linked_to_all_their_rows(trace: Trace) -> None:
    links = trace.links("By account").sql("duckdb")
    table = trace.table("By account")
    found = rows(
        trace,
        f'SELECT g."Account ID", count(*) FROM ({links}) l JOIN "{table}" g ON g.__row = l.child GROUP BY 1',
    )
    assert found == [("A-1", 2), ("B-1", 1), ("X-9", 1)]


def test_dropping_a_trace_leaves_the_datasets(trace: Trace) -> None:
    kept = {trace.table(name) for name in trace.datasets}
    trace.descendants({"Usage file": chosen(trace, "Usage file", "true")})
    trace.drop()
    left = rows(trace, "SELECT table_name FROM duckdb_tables() WHERE temporary AND starts_with(table_name, 'gs_t')")
    assert {name for (name,) in left} == kept
