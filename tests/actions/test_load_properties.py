"""Random upserts against a plain model of actions.md §4."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.actions.support import World, world
from tests.actions.test_loads import KV, load

KEYS = st.sampled_from([None, "a", "A", "b", "B", "c", "'", ""])
VALUES = st.sampled_from([None, "1", "2", "x" * 51, ""])
ROWS = st.lists(st.tuples(KEYS, VALUES), max_size=12)


def modelled(
    records: list[list[str | None]], batch: list[tuple[str | None, str | None]], fold: bool, first: bool
) -> list[str]:
    """Applies a batch to the records as §4 says; the outcomes."""

    def key(value: str | None) -> str | None:
        return value.lower() if fold and value is not None else value

    good = [i for i, (k, v) in enumerate(batch) if k is not None and (v is None or len(v) <= 50)]
    winners: dict[str | None, int] = {}
    for i in good:
        if not first or key(batch[i][0]) not in winners:
            winners[key(batch[i][0])] = i
    outcomes = ["failed"] * len(batch)
    created: list[list[str | None]] = []
    for i in good:
        k, v = batch[i]
        if winners[key(k)] != i:
            outcomes[i] = "skipped"
            continue
        found = [record for record in records if key(record[0]) == key(k) and record[0] is not None]
        outcomes[i] = "unchanged" if found else "created"
        if not found:
            created.append([k, v])
        for record in found:
            if record != [k, v]:
                record[:] = [k, v]
                outcomes[i] = "updated"
    records += created
    return outcomes


@pytest.fixture(scope="module", params=[(False, False), (True, False), (False, True)])
def made(request: pytest.FixtureRequest) -> tuple[World, bool, bool]:
    fold, first = request.param
    case = "insensitive" if fold else "sensitive"
    keep = "first" if first else "last"
    with (
        tempfile.TemporaryDirectory() as folder,
        world(Path(folder) / "w", load__identifier_case=case, load__duplicate_keys=keep) as found,
    ):
        yield found, fold, first


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(ROWS, min_size=1, max_size=3))
def test_upserts_do_what_the_model_does(
    made: tuple[World, bool, bool], batches: list[list[tuple[str | None, str | None]]]
) -> None:
    found, fold, first = made
    found.tenant.con.execute(f"DELETE FROM {found.tenant.table('plain__gc').sql('duckdb')}")
    records: list[list[str | None]] = []
    for batch in batches:
        found.dataset(KV, batch)
        done = found.act(load())
        assert done.outcomes == modelled(records, batch, fold, first)
        stored = [[r["K__gc"], r["V__gc"]] for r in found.records("plain__gc")]
        assert stored == records
        counts = done.changes.counts
        assert (
            counts.matched
            == len(batch)
            == sum((counts.created, counts.updated, counts.unchanged, counts.skipped, counts.failed))
        )
