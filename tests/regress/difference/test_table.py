"""The comparison of two tables against a plain dictionary model, and what it says in special cases."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlglot import exp

from gsrules.errors import InputError
from gsrules.regress.difference.columns import Table
from gsrules.regress.difference.model import TableDifference
from gsrules.regress.difference.table import Limits, compare_tables
from gsrules.tenant.names import temp_table

SHAPE = {"Id": "VARCHAR", "Part": "BIGINT", "Tier": "VARCHAR", "Arr": "DECIMAL(38,9)", "Live": "BOOLEAN"}
ALL = Limits(rows=1000, transitions=1000, samples=1000)


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def filled(con: duckdb.DuckDBPyConnection, name: str, shape: dict[str, str], rows: Sequence[Sequence[Any]]) -> Table:
    columns = ", ".join(f'"{column}" {kind}' for column, kind in shape.items())
    con.execute(f"CREATE OR REPLACE TEMP TABLE {name} ({columns})")
    if rows:
        marks = ", ".join("?" for _ in shape)
        values = ", ".join(f"({marks})" for _ in rows)
        con.execute(f"INSERT INTO {name} VALUES {values}", [value for row in rows for value in row])
    return Table(exp.select("*").from_(temp_table(name)))


def compared(
    con: duckdb.DuckDBPyConnection,
    before: Sequence[Sequence[Any]],
    after: Sequence[Sequence[Any]],
    shape: dict[str, str] = SHAPE,
    after_shape: dict[str, str] | None = None,
    **options: Any,
) -> TableDifference:
    sides = filled(con, "side_b", shape, before), filled(con, "side_a", after_shape or shape, after)
    options.setdefault("limits", ALL)
    return compare_tables(con, "t", *sides, **options)


ids = st.sampled_from(["a", "b", "c", "A", "", None])
tiers = st.sampled_from(["Gold", "gold", "Silver", "", None])
amounts = st.sampled_from([None, *map(Decimal, ("0", "1", "-2.5", "1000000000000", "0.000000001"))])
rows = st.tuples(ids, st.sampled_from([1, 2, None]), tiers, amounts, st.sampled_from([True, False, None]))
tables = st.lists(rows, max_size=12)
once = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def ordered(key: Sequence[Any]) -> tuple[Any, ...]:
    return tuple((part is None, part if part is not None else 0) for part in key)


def checked_against_a_dictionary(
    found: TableDifference, before: Sequence[Any], after: Sequence[Any], width: int
) -> None:
    """`width` columns are the key; keys that a side has twice are compared as multisets of whole rows."""
    sides: tuple[dict[Any, list[Any]], dict[Any, list[Any]]] = ({}, {})
    for side, given_rows in zip(sides, (before, after), strict=True):
        for row in given_rows:
            side.setdefault(row[:width], []).append(row)
    old, now = sides
    twins = {key for key in {*old, *now} if len(old.get(key, ())) > 1 or len(now.get(key, ())) > 1}
    changed = {
        key: {i for i in range(width, 5) if old[key][0][i] != now[key][0][i]}
        for key in old.keys() & now.keys() - twins
        if old[key] != now[key]
    }
    more = Counter(row for key in twins for row in now.get(key, ()))
    less = Counter(row for key in twins for row in old.get(key, ()))
    new_twins, gone_twins = more - less, less - more
    new = set(now.keys() - old.keys() - twins)
    gone = set(old.keys() - now.keys() - twins)
    assert (found.before, found.after) == (len(before), len(after))
    assert found.changed == len(changed)
    assert found.new == len(new) + new_twins.total()
    assert found.gone == len(gone) + gone_twins.total()
    assert found.same + found.changed + found.gone == len(before)
    assert found.same + found.changed + found.new == len(after)
    names = list(SHAPE)
    shown = {row.key: {names.index(cell.column) for cell in row.cells} for row in found.changed_rows}
    assert shown == changed
    assert [row.key for row in found.changed_rows] == sorted(changed, key=ordered)
    for row in found.changed_rows:
        for cell in row.cells:
            i = names.index(cell.column)
            assert (cell.before, cell.after) == (old[row.key][0][i], now[row.key][0][i])
    assert Counter(row.key for row in found.new_rows for _ in range(row.rows)) == Counter(new) + Counter(
        row[:width] for row in new_twins.elements()
    )
    assert {each.side: (each.keys, each.rows) for each in found.duplicates} == {
        name: (sum(len(r) > 1 for r in side.values()), sum(len(r) for r in side.values() if len(r) > 1))
        for name, side in (("before", old), ("after", now))
        if any(len(r) > 1 for r in side.values())
    }
    for change in found.changes:
        i = names.index(change.column)
        turns = Counter((old[key][0][i], now[key][0][i]) for key, columns in changed.items() if i in columns)
        assert {(turn.before, turn.after): turn.rows for turn in change.transitions} == turns
        assert change.changed == turns.total()
        assert change.different == len(turns)
        assert [turn.rows for turn in change.transitions] == sorted(turns.values(), reverse=True)
    assert {change.column for change in found.changes} == {names[i] for columns in changed.values() for i in columns}


@once
@given(before=tables, after=tables)
def test_one_key_column_agrees_with_a_dictionary(
    con: duckdb.DuckDBPyConnection, before: list[Any], after: list[Any]
) -> None:
    checked_against_a_dictionary(compared(con, before, after, key=["Id"]), before, after, 1)


@once
@given(before=tables, after=tables)
def test_two_key_columns_agree_with_a_dictionary(
    con: duckdb.DuckDBPyConnection, before: list[Any], after: list[Any]
) -> None:
    checked_against_a_dictionary(compared(con, before, after, key=["id", "part"]), before, after, 2)


@once
@given(before=tables, after=tables)
def test_rows_without_a_key_are_a_multiset(con: duckdb.DuckDBPyConnection, before: list[Any], after: list[Any]) -> None:
    doubled_before, doubled_after = [*before, ("z", 1, None, None, None)] * 2, [*after, ("z", 1, None, None, None)] * 2
    found = compared(con, doubled_before, doubled_after)
    if found.key.columns:
        return
    less, more = Counter(doubled_before), Counter(doubled_after)
    assert found.key.source == "none"
    assert (found.new, found.gone, found.changed) == ((more - less).total(), (less - more).total(), 0)
    assert Counter({tuple(row.values.values()): row.rows for row in found.new_rows}) == more - less
    assert Counter({tuple(row.values.values()): row.rows for row in found.gone_rows}) == less - more


@once
@given(rows=tables, seed=st.randoms(use_true_random=False))
def test_the_order_of_rows_makes_no_difference(con: duckdb.DuckDBPyConnection, rows: list[Any], seed: Any) -> None:
    shuffled = rows[:]
    seed.shuffle(shuffled)
    assert not compared(con, rows, shuffled)
    assert not compared(con, rows, shuffled, key=["Id"])


def test_the_smallest_unique_set_of_columns_is_the_key_and_ids_come_first(con: duckdb.DuckDBPyConnection) -> None:
    shape = {"Name": "VARCHAR", "Account ID": "VARCHAR", "Logins": "BIGINT"}
    rows = [("x", "1", 5), ("y", "2", 6)]
    assert compared(con, rows, rows, shape).key.columns == ("Account ID",)
    twice = [("x", "1", 5), ("y", "1", 6)]
    assert compared(con, twice, twice, shape).key.columns == ("Name",)
    pairs = [("x", "1", 5), ("x", "2", 6), ("y", "1", 7)]
    found = compared(con, pairs, pairs, shape)
    assert found.key.columns == ("Account ID", "Name")
    assert found.key.source == "found"


def test_a_measure_is_no_key_while_names_will_do(con: duckdb.DuckDBPyConnection) -> None:
    shape = {"Logins": "BIGINT", "Region": "VARCHAR", "Month": "DATE"}
    rows = [(1, "EU", dt.date(2026, 1, 1)), (2, "EU", dt.date(2026, 2, 1)), (3, "US", dt.date(2026, 1, 1))]
    assert compared(con, rows, rows, shape).key.columns == ("Region", "Month")


def test_a_hint_is_the_key_also_when_a_change_made_its_rows_several(con: duckdb.DuckDBPyConnection) -> None:
    shape = {"Gsid": "VARCHAR", "Ticket": "VARCHAR"}
    found = compared(con, [("1", "a"), ("2", "b")], [("1", "a"), ("1", "c"), ("2", "b")], shape, hints=[["Gsid"]])
    assert found.key.as_json() == {"columns": ["Gsid"], "source": "rule"}
    assert (found.same, found.new, found.gone, found.changed) == (2, 1, 0, 0)
    assert found.duplicates[0].as_json() == {"side": "after", "keys": 1, "rows": 2, "samples": ["1"]}


def test_a_hint_that_was_never_unique_is_no_key(con: duckdb.DuckDBPyConnection) -> None:
    shape = {"Region": "VARCHAR", "Gsid": "VARCHAR"}
    rows = [("EU", "1"), ("EU", "2")]
    assert compared(con, rows, rows, shape, hints=[["Region"], ["Missing"]]).key.columns == ("Gsid",)


def test_columns_added_removed_and_retyped_are_told(con: duckdb.DuckDBPyConnection) -> None:
    before = {"Id": "VARCHAR", "Old": "VARCHAR", "Score": "BIGINT", "Kept": "BIGINT"}
    after = {"Id": "VARCHAR", "Score": "VARCHAR", "Kept": "DECIMAL(38,9)", "New": "DATE"}
    found = compared(con, [("1", "x", 12, 7)], [("1", "12", 7, None)], before, after, key=["Id"])
    assert found
    assert [each.name for each in found.removed] == ["Old"]
    assert [(each.name, each.type) for each in found.added] == [("New", "date")]
    assert [(each.name, each.before, each.after) for each in found.retyped] == [("Score", "number", "text")]
    assert (found.same, found.changed) == (1, 0)


def test_columns_are_matched_regardless_of_letter_case(con: duckdb.DuckDBPyConnection) -> None:
    found = compared(con, [("1",)], [("1",)], {"ID": "VARCHAR"}, {"Id": "VARCHAR"})
    assert not found


def test_numbers_move_up_and_down_and_from_null(con: duckdb.DuckDBPyConnection) -> None:
    shape = {"Id": "VARCHAR", "Score": "DECIMAL(38,9)"}
    before = [(str(n), Decimal(n)) for n in range(1, 6)] + [("6", None), ("7", Decimal(7))]
    after = [(str(n), Decimal(n) + 10) for n in range(1, 5)] + [("5", Decimal("2.5")), ("6", Decimal(1)), ("7", None)]
    found = compared(con, before, after, shape, limits=Limits(transitions=2))
    [score] = found.changes
    assert (score.changed, score.different, len(score.transitions)) == (7, 7, 2)
    assert score.movement is not None
    assert score.movement.as_json() == {
        "up": 4, "down": 1, "from_null": 1, "to_null": 1, "least": -2.5, "greatest": 10,
    }  # fmt: skip


def test_lists_are_compared_as_sets_of_labels(con: duckdb.DuckDBPyConnection) -> None:
    shape = {"Id": "VARCHAR", "Tags": "VARCHAR[]"}
    found = compared(con, [("1", ["x", "y"]), ("2", ["x"])], [("1", ["y", "x"]), ("2", None)], shape)
    assert (found.same, found.changed) == (1, 1)
    assert found.changed_rows[0].cells[0].as_json() == {"column": "Tags", "before": "x", "after": None}


def test_dates_times_and_empty_texts_keep_their_types(con: duckdb.DuckDBPyConnection) -> None:
    shape = {"Id": "VARCHAR", "Day": "DATE", "At": "TIMESTAMP", "Note": "VARCHAR"}
    before = [("1", dt.date(2026, 1, 31), dt.datetime(2026, 1, 31, 10), "")]
    after = [("1", None, dt.datetime(2026, 1, 31, 10, 0, 0, 500000), None)]
    cells = {
        cell.column: (cell.before, cell.after) for cell in compared(con, before, after, shape).changed_rows[0].cells
    }
    assert cells == {
        "Day": (dt.date(2026, 1, 31), None),
        "At": (dt.datetime(2026, 1, 31, 10), dt.datetime(2026, 1, 31, 10, 0, 0, 500000)),
        "Note": ("", None),
    }


def test_samples_are_capped_and_say_how_many_are_hidden(con: duckdb.DuckDBPyConnection) -> None:
    shape = {"Id": "BIGINT", "Value": "BIGINT"}
    before = [(n, n % 2) for n in range(50)]
    after = [(n, 2) for n in range(20, 60)]
    found = compared(con, before, after, shape, limits=Limits(rows=5, samples=2))
    assert (found.changed, found.gone, found.new) == (30, 20, 10)
    assert [row.key[0] for row in found.gone_rows] == [0, 1, 2, 3, 4]
    assert found.hidden == 60 - 15
    assert found.changes[0].transitions[0].samples == ("20", "22")


def test_tables_without_a_common_column_share_no_row(con: duckdb.DuckDBPyConnection) -> None:
    found = compared(con, [("1",), ("2",)], [("1",)], {"A": "VARCHAR"}, {"B": "VARCHAR"})
    assert (found.same, found.new, found.gone) == (0, 1, 2)


def test_empty_tables_are_equal_and_everything_is_new_against_nothing(con: duckdb.DuckDBPyConnection) -> None:
    assert not compared(con, [], [])
    found = compared(con, [], [("a", 1, "Gold", None, None)])
    assert (found.before, found.after, found.new) == (0, 1, 1)


def test_an_unknown_key_is_refused_with_the_nearest_column(con: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(InputError) as refused:
        compared(con, [], [], key=["Tir"])
    assert refused.value.problems[0].nearest == "Tier"


def test_no_temporary_table_stays_behind(con: duckdb.DuckDBPyConnection) -> None:
    compared(con, [("a", 1, None, None, None)] * 2, [], key=["Id"])
    left = con.execute("SELECT table_name FROM duckdb_tables() WHERE table_name LIKE 'gs_%'").fetchall()
    assert left == []
