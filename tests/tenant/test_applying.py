"""Writes applied set-based equal a dictionary of records, whichever strategy writes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gsrules.catalogue import Catalogue
from gsrules.project import Project
from gsrules.tenant import Tenant, applying
from gsrules.tenant.applying import choose_strategy
from gsrules.tenant.changes import Write
from tests.tenant.support import Place, rows, stage

ODD = "Se\"lect'; --😀"
FIELDS = ("Name", ODD, "Size__gc")

texts = st.none() | st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
record = st.fixed_dictionaries({"Name": texts, ODD: texts, "Size__gc": st.none() | st.integers(-(10**6), 10**6)})
flags = st.none() | st.booleans()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    root: Path = tmp_path_factory.mktemp("applying")
    place = Place(root)
    (root / "rules").mkdir()
    name = ODD.replace('"', '\\"')
    place.write(
        "datasets/objects/thing__gc.yml",
        f'object: thing__gc\nfields:\n  Name: string\n  "{name}": string\n  Size__gc: number\n',
    )
    return place.project


@pytest.fixture(scope="module")
def catalogue(project: Project) -> Catalogue:
    return Catalogue.load(project)


@pytest.fixture(scope="module")
def tenant(project: Project, catalogue: Catalogue) -> Tenant:
    return Tenant.open(None, catalogue, project, "live")


def staged(tenant: Tenant, gsids: list[str], records: list[dict[str, Any]], marks: list[dict[str, Any]]) -> str:
    columns: dict[str, tuple[str, list[Any]]] = {"Gsid": ("VARCHAR", gsids)}
    for field in FIELDS:
        kind = "BIGINT" if field == "Size__gc" else "VARCHAR"
        columns[field] = (kind, [r[field] for r in records])
        columns["__flag " + field] = ("BOOLEAN", [m.get(field) for m in marks])
    return stage(tenant, "staged", columns)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    starting=st.lists(record, max_size=8),
    changes=st.lists(
        st.tuples(st.integers(0, 11), record, st.fixed_dictionaries(dict.fromkeys(FIELDS, flags))), max_size=8
    ),
    strategy=st.sampled_from(["in_place", "rewrite"]),
    flagged=st.booleans(),
)
def test_inserts_and_updates_equal_a_dictionary(
    tenant: Tenant,
    starting: list[dict[str, Any]],
    changes: list[tuple[int, dict[str, Any], dict[str, Any]]],
    strategy: str,
    flagged: bool,
) -> None:
    model: dict[str, dict[str, Any]] = {}
    tenant.begin()
    try:
        gsids = [f"{n:036d}" for n in range(len(starting))]
        write = Write("thing__gc", "insert", staged(tenant, gsids, starting, [{}] * len(starting)), FIELDS)
        assert tenant.apply(write) == len(starting)
        model.update(zip(gsids, (dict(r) for r in starting), strict=True))
        unique = {f"{n:036d}": (change, marks) for n, change, marks in changes}
        for key, (change, marks) in unique.items():
            if key in model:
                model[key] |= {f: change[f] for f in FIELDS if not flagged or marks[f]}
        table = staged(tenant, list(unique), [c for c, _ in unique.values()], [m for _, m in unique.values()])
        update = Write("thing__gc", "update", table, FIELDS, {f: "__flag " + f for f in FIELDS} if flagged else {})
        definition, target = tenant.catalogue.objects["thing__gc"], tenant.table("thing__gc")
        hits = len(set(unique) & set(model))
        if strategy == "rewrite":
            assert applying.rewrite(tenant.statements, definition, target, target, update) == hits
        else:
            assert applying.update(tenant.statements, definition, target, update) == hits
        found = {row["Gsid"]: {f: row[f] for f in FIELDS} for row in rows(tenant, "thing__gc")}
        assert found == model
        assert [row["gs_sequence"] for row in rows(tenant, "thing__gc")] == list(range(1, len(starting) + 1))
    finally:
        tenant.rollback()


@pytest.mark.parametrize(
    ("stored", "written", "fields", "columns", "strategy"),
    [
        (60_000, 60_000, 20, 20, "in_place"),
        (1_000_000, 100_000, 20, 20, "in_place"),
        (1_000_000, 1_000_000, 4, 20, "in_place"),
        (1_000_000, 1_000_000, 15, 20, "rewrite"),
        (200_000, 100_000, 20, 20, "rewrite"),
    ],
)
def test_big_tables_are_written_anew_when_most_cells_change(
    stored: int, written: int, fields: int, columns: int, strategy: str
) -> None:
    assert choose_strategy(stored, written, fields, columns) == strategy


def test_insertion_numbers_follow_the_staging_order(tenant: Tenant) -> None:
    tenant.begin()
    columns = {"Gsid": ("VARCHAR", ["c", "a", "b"]), "Name": ("VARCHAR", ["3", "1", "2"]), "__n": ("BIGINT", [1, 2, 3])}
    tenant.apply(Write("thing__gc", "insert", stage(tenant, "ordered", columns), ("Name",)))
    assert [row["Gsid"] for row in rows(tenant, "thing__gc")] == ["c", "a", "b"]
    del columns["__n"]
    columns["Gsid"] = ("VARCHAR", ["z", "x", "y"])
    tenant.apply(Write("thing__gc", "insert", stage(tenant, "unordered", columns), ("Name",)))
    assert [row["Gsid"] for row in rows(tenant, "thing__gc")][3:] == ["x", "y", "z"]
    tenant.rollback()


def test_deleted_records_are_gone(tenant: Tenant) -> None:
    tenant.begin()
    columns = {"Gsid": ("VARCHAR", ["a", "b"]), "Name": ("VARCHAR", ["1", "2"])}
    tenant.apply(Write("thing__gc", "insert", stage(tenant, "two", columns), ("Name",)))
    gone = stage(tenant, "gone", {"Gsid": ("VARCHAR", ["a", "q"])})
    assert tenant.apply(Write("thing__gc", "delete", gone, ())) == 1
    assert [row["Gsid"] for row in rows(tenant, "thing__gc")] == ["b"]
    tenant.rollback()


def test_ten_thousand_characters_survive_both_ways_of_writing(tenant: Tenant) -> None:
    value = "é'\";😀\n" * 1700
    tenant.begin()
    columns = {"Gsid": ("VARCHAR", ["a"]), ODD: ("VARCHAR", [value])}
    tenant.apply(Write("thing__gc", "insert", stage(tenant, "long", columns), (ODD,)))
    definition, target = tenant.catalogue.objects["thing__gc"], tenant.table("thing__gc")
    columns = {"Gsid": ("VARCHAR", ["a"]), "Name": ("VARCHAR", [value])}
    change = Write("thing__gc", "update", stage(tenant, "l2", columns), ("Name",))
    applying.rewrite(tenant.statements, definition, target, target, change)
    (row,) = rows(tenant, "thing__gc")
    assert (row[ODD], row["Name"]) == (value, value)
    tenant.rollback()


def test_an_update_without_fields_changes_nothing_and_counts_the_records(tenant: Tenant) -> None:
    tenant.begin()
    columns = {"Gsid": ("VARCHAR", ["a", "b"]), "Name": ("VARCHAR", ["1", "2"])}
    tenant.apply(Write("thing__gc", "insert", stage(tenant, "two", columns), ("Name",)))
    only = stage(tenant, "few", {"Gsid": ("VARCHAR", ["a", "q"])})
    assert tenant.apply(Write("thing__gc", "update", only, ())) == 1
    tenant.rollback()
