"""What the tests of the tenant share: projects, rows, staging tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlglot import exp

from gsrules.catalogue import Catalogue
from gsrules.project import Project
from gsrules.tenant import Tenant, TenantMode
from gsrules.tenant.changes import Write


@dataclass(frozen=True)
class Place:
    """A project folder with its catalogue."""

    root: Path

    @property
    def project(self) -> Project:
        return Project.find(self.root, self.root)

    @property
    def store(self) -> Path:
        return self.project.store

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def open(self, mode: TenantMode = "live") -> Tenant:
        return Tenant.open(self.store, Catalogue.load(self.project), self.project, mode)

    def memory(self) -> Tenant:
        return Tenant.open(None, Catalogue.load(self.project), self.project, "live")


Rows = list[dict[str, Any]]


def rows(tenant: Tenant, name: str, *columns: str) -> Rows:
    """The records of an object in insertion order."""
    items = [exp.to_identifier(column, quoted=True) for column in columns] or ["*"]
    select = exp.select(*items).from_(tenant.table(name)).order_by("gs_sequence")
    cursor = tenant.con.execute(select.sql("duckdb"))
    names = [entry[0] for entry in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def stage(tenant: Tenant, name: str, columns: Mapping[str, tuple[str, list[Any]]]) -> str:
    """Makes a staging table of typed columns."""
    items = [
        exp.alias_(
            exp.Anonymous(this="unnest", expressions=[exp.cast(exp.Placeholder(), f"{kind}[]", dialect="duckdb")]),
            exp.to_identifier(column, quoted=True),
        )
        for column, (kind, _) in columns.items()
    ]
    text = exp.select(*items).sql("duckdb")
    tenant.con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {text}", [values for _, values in columns.values()])
    return name


def insert(tenant: Tenant, name: str, columns: Mapping[str, tuple[str, list[Any]]]) -> list[str]:
    """Inserts records with new GSIDs through `apply`; gives the GSIDs."""
    count = len(next(iter(columns.values()))[1])
    first = tenant.allocate(name, count)
    made = exp.select(tenant.gsid(name, exp.column("n"))).from_(
        f"range({first}, {first + count}) AS r(n)", dialect="duckdb"
    )
    gsids = [row[0] for row in tenant.con.execute(made.sql("duckdb")).fetchall()]
    staged = stage(tenant, "staged_insert", {"Gsid": ("VARCHAR", gsids), **columns})
    assert tenant.apply(Write(name, "insert", staged, tuple(columns))) == count
    return gsids
