from __future__ import annotations

from gsrules.tenant.instance import connect, connect_ahead


def test_a_connection_begun_ahead_is_given_to_the_first_who_asks() -> None:
    connect_ahead()
    with connect() as first, connect() as second:
        first.execute("CREATE TABLE mine AS SELECT 1 AS one")
        assert second.execute("SELECT count(*) FROM duckdb_tables()").fetchall() == [(0,)]
        for con in (first, second):
            assert con.execute("SELECT current_setting('TimeZone')").fetchall() == [("UTC",)]


def test_an_instance_with_threads_of_its_own_is_not_the_one_begun_ahead() -> None:
    connect_ahead()
    with connect(threads=1) as single:
        assert single.execute("SELECT current_setting('threads')").fetchall() == [(1,)]
    connect().close()


def test_two_parts_that_begin_with_the_same_joins_read_their_own_tables() -> None:
    with connect() as con:
        con.execute("create table a(num int, tags varchar[], b varchar)")
        con.execute("create table b(id varchar, num int, day date, next varchar)")
        con.execute("insert into a values (10, ['x', 'y'], '3')")
        con.execute("insert into b values ('1', 7, '2024-02-29', '2'), ('3', -1, '2023-12-31', '1')")
        start = "from a left join b b1 on a.b = b1.id left join b b2 on b1.next = b2.id"
        found = con.execute(f"""
            with far as materialized (select b3.num, tags, b2.day {start} left join b b3 on b2.next = b3.id),
                 near as materialized (select b2.day, a.num, tags {start})
            select * from (select day, num, tags from near union all select day, num, tags from far) order by all
        """)
        assert [num for _, num, _ in found.fetchall()] == [10, None]


def test_nothing_but_results_is_printed_however_long_a_statement_takes() -> None:
    with connect() as con:
        assert con.execute("SELECT current_setting('enable_progress_bar')").fetchall() == [(False,)]
