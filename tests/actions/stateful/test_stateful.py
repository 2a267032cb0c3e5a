"""Random plays of live runs, dry runs, undos and seeds: the engine against a plain Python model of the tenant.

`GSRULES_PLAYS=200 python -m pytest -n 0 tests/actions/stateful` plays longer, and other plays each time.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from tests.actions.stateful.sides import FIRST_DAY, PROJECT, Done, Sides, reverted
from tests.oracle.tenant import Tenant as Model

pytestmark = pytest.mark.once
RULES = sorted(path.stem for path in (PROJECT / "rules").glob("*.yml"))
PLAYS = int(os.environ.get("GSRULES_PLAYS", "7"))
ROW = st.fixed_dictionaries({
    "Key": st.sampled_from(["A", "B", "C", "D", "a", ""]),
    "Text": st.sampled_from(["Drop", "drop", "A name that is too long", ""]),
    "Amount": st.sampled_from(["1", "-2", "50", "99.5", "101", ""]),
    "Day": st.sampled_from(["2026-11-01", "2026-12-01", ""]),
    "Tier": st.sampled_from(["Gold", "gold", "Silver", "Bronze", ""]),
    "Mail": st.sampled_from(["cem@example.com", "CEM@example.com", "new@example.com", "ada@example.com", ""]),
})  # fmt: skip
ROWS = st.lists(ROW, max_size=6)
DAYS = st.integers(min_value=0, max_value=30)
FOLDER = tempfile.TemporaryDirectory(prefix="gsrules-plays-")
NUMBERS = iter(range(10**9))


class Plays(RuleBasedStateMachine):
    """Every rule here is one step that both sides take."""

    def __init__(self) -> None:
        super().__init__()
        home = Path(FOLDER.name)
        self.folder = home / str(next(NUMBERS))
        self.folder.mkdir()
        self.sides = Sides(self.folder, home / "fresh.duckdb")
        self.done: list[Done] = []

    @initialize()
    def begins(self) -> None:
        with self.sides.workspace.tenant("live", self.sides.store) as tenant:
            self.sides.compare(tenant)

    @rule(name=st.sampled_from(RULES), rows=ROWS, days=DAYS)
    def runs(self, name: str, rows: list[dict[str, str]], days: int) -> None:
        self.sides.write_rows(rows)
        self.done.append(self.sides.live(name, FIRST_DAY + dt.timedelta(days=days)))

    @rule(name=st.sampled_from(RULES), rows=ROWS, days=DAYS)
    def runs_dry(self, name: str, rows: list[dict[str, str]], days: int) -> None:
        self.sides.write_rows(rows)
        self.sides.dry(name, FIRST_DAY + dt.timedelta(days=days))

    @precondition(lambda self: self.done)
    @rule()
    def undoes_the_last_run(self) -> None:
        done = self.done.pop()
        assert self.sides.undo(done.run_id) == "SUCCESS"
        if done.alone:
            assert self.sides.dump() == done.stored, "the store is not what it was"
        self.take_back(done)

    @precondition(lambda self: len(self.done) > 1)
    @rule(data=st.data())
    def undoes_an_earlier_run(self, data: st.DataObject) -> None:
        place = data.draw(st.integers(min_value=0, max_value=len(self.done) - 2))
        done = self.done[place]
        later = {one for each in self.done[place + 1 :] for one in each.objects()}
        status = self.sides.undo(done.run_id)
        assert status == "SUCCESS" or done.objects() & later or refers(self.sides.model, done)
        if status == "SUCCESS":
            del self.done[place]
            done.alone = False
            self.others_came()
            self.take_back(done)

    @rule(name=st.sampled_from(["D", "E"]), email=st.sampled_from(["cem@example.com", "mia@example.com"]))
    def seeds(self, name: str, email: str) -> None:
        self.sides.seed({"company": [{"Name": f"Seed {name}", "ExternalId": name, "Csm.Email": email}]})
        self.others_came()

    def others_came(self) -> None:
        """Something else than a run: taking the runs before back gives no store that was noted."""
        for each in self.done:
            each.alone = False

    def take_back(self, done: Done) -> None:
        reverted(self.sides.model, done)
        self.sides.model.counters = dict(done.counters) if done.alone else {}
        with self.sides.workspace.tenant("live", self.sides.store) as tenant:
            self.sides.compare(tenant)

    def teardown(self) -> None:
        shutil.rmtree(self.folder)


def refers(model: Model, done: Done) -> bool:
    """Whether a record that the run did not make names one that it made."""
    new = {gsid for records in done.changed.values() for gsid, fields in records.items() if fields is None}
    others = [r for one in model.objects.values() for r in one.records if r["Gsid"] not in new]
    return any(value in new for record in others for value in record.values() if isinstance(value, str))


def test_engine_and_model_stay_alike_in_random_plays() -> None:
    run_state_machine_as_test(
        Plays,
        settings=settings(
            max_examples=PLAYS,
            stateful_step_count=10,
            deadline=None,
            derandomize="GSRULES_PLAYS" not in os.environ,
            database=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )
