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
