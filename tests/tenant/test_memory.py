"""Tenants in memory: each sees only what it wrote itself."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.tenant.support import Place, rows

COMPANY = [{"Name": "Acme"}]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    (tmp_path / "gsrules.toml").write_text("", encoding="utf-8")
    return Place(tmp_path)


def test_tenants_open_at_once_do_not_see_each_other(place: Place) -> None:
    with place.memory() as one, place.memory() as other:
        one.seed_rows("company", COMPANY)
        one.con.execute("CREATE TEMP TABLE mine AS SELECT 1")
        assert rows(one, "company", "Name") == COMPANY
        assert rows(other, "company", "Name") == []
        with pytest.raises(duckdb.CatalogException):
            other.con.execute("FROM mine")


def test_a_tenant_starts_empty_after_another_was_closed(place: Place) -> None:
    gsids = []
    for _ in range(2):
        with place.memory() as tenant:
            assert tenant.con.execute("SELECT count(*) FROM duckdb_tables()").fetchone() == (0,)
            tenant.seed_rows("company", COMPANY)
            gsids += [row["Gsid"] for row in rows(tenant, "company", "Gsid")]
    assert gsids[0] == gsids[1]


def test_an_open_transaction_is_forgotten_with_its_tenant(place: Place) -> None:
    tenant = place.memory()
    tenant.begin()
    tenant.seed_rows("company", COMPANY)
    tenant.close()
    with place.memory() as fresh:
        assert rows(fresh, "company", "Name") == []


def test_closing_twice_leaves_the_tenant_that_came_after_alone(place: Place) -> None:
    first = place.memory()
    first.close()
    with place.memory() as second:
        second.seed_rows("company", COMPANY)
        first.close()
        assert rows(second, "company", "Name") == COMPANY


def test_tables_without_a_database_are_the_tenants_own(place: Place) -> None:
    with place.memory() as tenant:
        tenant.seed_rows("company", COMPANY)
        assert tenant.con.execute('SELECT "Name" FROM company').fetchall() == [("Acme",)]
